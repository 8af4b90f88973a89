"""`fairlead train identity`: what a person sees, and what is left in the home."""

import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from support import warm

from bench.people import identifiers_of
from core.settings import Settings, load_settings
from core.warehouse import connect
from people.linkage import LINKS, find_links, load_identity, newest
from people.linkage.jobs import IDENTIFIERS, RECORDS, check, comparison, explain, link, read_records

ROOT = Path(__file__).resolve().parents[3]
DAY = date(2026, 3, 29)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


def fairlead(home: Settings, *words: str):  # type: ignore[no-untyped-def]
    return warm.run("fairlead", list(words), {**os.environ, "FAIRLEAD_HOME": str(home.home)}, ROOT)


def test_without_a_model_a_night_links_nothing(home):
    assert link(home, DAY) == {}


def test_without_a_build_it_says_what_to_run_and_with_other_models_that_it_is_trained_alone(home):
    done = fairlead(home, "train", "identity", "--day", "2026-03-29")
    assert done.returncode == 2 and "Run `fairlead build --stage identity` first." in done.stderr
    done = fairlead(home, "train", "identity", "churn_90d", "--day", "2026-03-29")
    assert done.returncode == 2 and "identity is trained alone" in done.stderr


def test_a_model_is_trained_saved_with_its_card_and_found_from_its_day_on(home, world):
    with connect(home, writer="intermediate") as db:
        db.load(RECORDS, world.records.slice(0, 2500), "create")
        db.load(IDENTIFIERS, identifiers_of(world.records.slice(0, 2500)), "create")
    done = fairlead(home, "train", "identity", "--day", "2026-03-29", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    model = newest(home, DAY)
    assert model is not None and model.version == result["version"] and result["records"] == 2500
    assert model.limits == result["limits"] and min(model.limits.values()) >= 4, "a family is no crowd"
    assert model.card["seed"] == 7 and model.card["pairs_of_training_rules"]["email + first_name"] > 200
    assert not any("mia.soumer" in path.read_text(errors="ignore") for path in home.home.rglob("*.json"))
    linked = link(home, DAY)
    with connect(home, writer="intermediate") as db:
        db.execute(f"delete from {RECORDS} where record_id like 'r1%'")
    again = link(home, DAY)
    with connect(home) as db:
        kept = db.query("select * from identity.probable_links order by record_a, record_b").cast(LINKS)
    spec = load_identity(home)
    assert spec and kept.equals(find_links(read_records(home), spec, model, settings=home))
    assert linked["probable_links"] > again["probable_links"] == kept.num_rows > again["of_them_to_review"]
    explained = explain(home, DAY, "r0", "r2")
    assert explained["verdict"] == "apart" and explained["lines"][0].startswith("prior")
    late = link(home, DAY + timedelta(days=181))["notices"]
    assert "181 days old" in late[0] and "fairlead train identity" in late[0] and "notices" not in again
    assert check(home)[0]["detail"].startswith(("model 2026", "The model"))
    seen = comparison(home, "r0", "r2")
    assert seen and seen["parts"] == explained["parts"], "field by field"
    assert comparison(home, "r0", "r0") is comparison(home, "r0", "nobody") is comparison(home, None, "r0") is None
    with connect(home) as db:
        runs = db.query("select step, outcome from ops.runs").to_pylist()
    assert {"step": "train.identity", "outcome": "ok"} in runs
