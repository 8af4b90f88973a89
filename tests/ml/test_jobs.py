"""Training and scoring against a warehouse of known truth: found again, judged, and never twice different."""

import json
import shutil
from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import ConfigError, FatalError
from core.settings import Settings
from core.warehouse import connect
from ml import card, jobs
from ml import score as scoring

DAY = date(2026, 6, 1)


def only(result: dict) -> dict:  # type: ignore[type-arg]
    (row,) = result["models"]
    return row


@pytest.fixture
def trained(project: Settings, fill_features) -> Settings:  # type: ignore[no-untyped-def]
    fill_features(project, DAY)
    assert only(jobs.train(project, DAY, []))["promoted"]
    return project


def test_a_known_rule_is_recovered_as_well_as_an_oracle_does(project, fill_features):
    fill_features(project, DAY)
    row = only(jobs.train(project, DAY, []))
    assert row["promoted"], row["reasons"]
    assert row["metrics"]["auc"] > 0.86 - 0.03  # the oracle, who knows each chance, reaches 0.86
    assert abs(row["baseline"]["auc"] - 0.5) < 0.08
    assert row["metrics"]["calibration_error"] < 0.1


def test_shuffled_labels_are_not_promoted_and_the_reason_is_said(project, fill_features):
    fill_features(project, DAY, signal=False)
    row = only(jobs.train(project, DAY, []))
    assert not row["promoted"]
    assert any("auc" in reason for reason in row["reasons"])
    answer = only(jobs.score(project, DAY, []))
    assert (answer["rows"], answer["version"]) == (0, None)
    assert "not scored" in answer["reason"] and "auc" in answer["reason"]


def test_everybody_eligible_is_scored_once_with_deciles_and_reasons(trained: Settings):
    answer = only(jobs.score(trained, DAY, []))
    with connect(trained) as db:
        rows = db.query("select * from scores.leaves").to_pylist()
        eligible = db.query(
            "select person_id from marts.features__person where as_of_day = $1 and is_customer = 1", [DAY]
        )
        x = dict(
            db.query("select person_id, x from marts.features__person where as_of_day = $1", [DAY]).to_pandas().values
        )
    assert answer["rows"] == len(rows) == 360
    assert {r["person_id"] for r in rows} == set(eligible["person_id"].to_pylist())
    sizes = np.bincount([r["decile"] for r in rows])
    assert sizes[0] == 0 and len(sizes) == 11 and all(30 <= size <= 42 for size in sizes[1:]), sizes
    by_decile = {d: np.mean([r["score"] for r in rows if r["decile"] == d]) for d in range(1, 11)}
    assert list(by_decile.values()) == sorted(by_decile.values(), reverse=True)
    highest = [r for r in rows if r["decile"] == 1]
    assert all(x[r["person_id"]] > 0.5 and r["reasons"].startswith("x ") and "raises" in r["reasons"] for r in highest)
    assert all(0 < r["score"] < 1 and r["version"] == answer["version"] for r in rows)


def test_the_same_day_twice_changes_nothing(trained: Settings, fill_features, dump):
    jobs.score(trained, DAY, [])
    before = dump(trained, "scores.leaves"), dump(trained, "scores.models")
    again = only(jobs.train(trained, DAY, ["leaves"]))
    assert again["promoted"]
    assert only(jobs.score(trained, DAY, []))["changed"] is False
    assert (dump(trained, "scores.leaves"), dump(trained, "scores.models")) == before


def test_a_model_read_back_from_text_and_json_scores_to_the_last_bit(trained: Settings):
    (folder,) = (trained.home / "artifacts/models/leaves").iterdir()
    assert {p.name for p in folder.iterdir()} == {"model.txt", "card.json"}
    first, second = card.load(folder), card.load(folder)
    card.save(second, folder.parent / "copy")
    third = card.load(folder.parent / "copy")
    features = np.random.default_rng(0).normal(size=(500, 2))
    features[::7, 0] = np.nan
    a, b = scoring.score(first, features), scoring.score(third, features)
    assert (a.score == b.score).all() and (a.raw == b.raw).all() and a.reasons.equals(b.reasons)


def test_the_card_says_what_was_asked_of_whom_from_what_and_how_well(trained: Settings):
    (folder,) = (trained.home / "artifacts/models/leaves").iterdir()
    said = json.loads((folder / "card.json").read_text())
    assert said["columns"] == ["x", "noise"], "neither the key, nor what is excluded"
    assert next(iter(said["importance"])) == "x"
    assert {
        "question",
        "decision_effect",
        "metrics",
        "baseline",
        "reasons",
        "fold",
        "fairness",
        "spec",
        "calibrator",
    } <= set(said)
    assert {row["group"] for row in said["fairness"]} == {"0.0", "1.0"}
    horizon = timedelta(days=30)
    assert date.fromisoformat(max(said["fold"]["train"])) + horizon <= date.fromisoformat(said["fold"]["test"][0])


def test_a_worse_challenger_leaves_the_champion_where_it_is(trained: Settings, fill_features):
    champion = only(jobs.score(trained, DAY, []))["version"]
    later = DAY + timedelta(days=7)
    fill_features(trained, later, signal=False)
    row = only(jobs.train(trained, later, []))
    assert not row["promoted"]
    assert only(jobs.score(trained, later, []))["version"] == champion
    with connect(trained) as db:
        assert db.query("select version from scores.models where champion")["version"].to_pylist() == [champion]


def test_a_past_day_is_scored_by_what_was_promoted_then(trained: Settings, fill_features):
    earlier = DAY - timedelta(days=1)
    answer = only(jobs.score(trained, earlier, []))
    assert answer["version"] is None and "no version was trained by" in answer["reason"]


def test_missing_only_leaves_a_model_alone_that_has_a_champion(trained: Settings):
    assert jobs.train(trained, DAY + timedelta(days=1), [], missing_only=True)["models"] == []


def test_missing_only_trains_a_model_anew_whose_column_is_gone(trained: Settings):
    with connect(trained, writer="marts") as db:
        db.execute("alter table marts.features__person rename column x to x_by_another_name")
    answer = only(jobs.train(trained, DAY + timedelta(days=1), [], missing_only=True))
    assert answer["promoted"], "score would refuse the champion, night after night"


@pytest.mark.parametrize("lost", ["all features", "all labels", "positives", "history"])
def test_too_little_to_learn_from_is_said_and_is_no_failure(project, fill_features, lost: str):
    fill_features(project, DAY)
    with connect(project, writer="marts") as db:
        db.execute({
            "all features": "delete from marts.features__person", "all labels": "delete from marts.labels__leaves",
            "positives": "update marts.labels__leaves set label = 0",
            "history": """delete from marts.labels__leaves
                where as_of_day < (select max(as_of_day) from marts.labels__leaves)""",
        }[lost])  # fmt: skip
    result = jobs.train(project, DAY, [])
    row = only(result)
    assert result["ok"] and not row["promoted"]
    assert row["reasons"][0].startswith("not trained, because")
    assert only(jobs.score(project, DAY, []))["rows"] == 0
    assert jobs.train(project, DAY, []) is not None, "and again"


def test_nine_who_stay_among_thousands_who_leave_teach_nothing_and_the_reason_is_said(project, fill_features):
    fill_features(project, DAY)
    with connect(project, writer="marts") as db:
        few = f"p_{7:016x}"
        db.execute("update marts.labels__leaves set label = case when person_id < $1 then 0 else 1 end", [few])
    row = only(jobs.train(project, DAY, []))
    assert not row["promoted"]
    assert "rarer class" in row["reasons"][0] or any("negative to test on" in reason for reason in row["reasons"])


def test_people_whom_the_score_cannot_tell_apart_have_no_deciles_and_the_answer_says_so(
    trained: Settings, fill_features
):
    with connect(trained, writer="marts") as db:
        db.execute("update marts.features__person set x = 0.3, noise = 0.1")
    answer = only(jobs.score(trained, DAY, []))
    assert answer["rows"] == 360 and "without deciles" in answer["reason"]
    with connect(trained) as db:
        assert db.query("select distinct decile from scores.leaves")["decile"].to_pylist() == [None]


def test_an_unknown_model_and_a_missing_column_are_said_with_the_mend(project, fill_features):
    fill_features(project, DAY)
    with pytest.raises(ConfigError, match=r"No model 'stays'\. Models: leaves\. Add models/stays\.yml"):
        jobs.train(project, DAY, ["stays"])
    path = project.root / "models" / "leaves.yml"
    path.write_text(path.read_text().replace("- noise", "- nois").replace("- is_female", "- is_femal"))
    with pytest.raises(ConfigError) as error:
        jobs.train(project, DAY, [])
    assert "no column 'nois'" in str(error.value) and "no column 'is_femal'" in str(error.value)


def test_a_lost_artifact_is_said_with_the_mend(trained: Settings):
    shutil.rmtree(trained.home / "artifacts")
    with pytest.raises(FatalError, match="Train it again: fairlead train leaves"):
        jobs.score(trained, DAY, [])


def test_ensure_makes_every_table_that_dbt_reads_and_keeps_what_is_in_them(trained: Settings, dump):
    before = dump(trained, "scores.models")
    jobs.ensure(trained)
    assert dump(trained, "scores.models") == before
    with connect(trained) as db:
        assert db.exists("scores.leaves")
