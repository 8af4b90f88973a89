"""A segment's own columns as a sync's fields; build and doctor tell of a field that cannot be had."""

import pyarrow as pa
import pytest

import core.build
from activation import checks
from activation.sync import Sync, load_syncs
from cli.data import build_stage
from core.build import BuildResult
from core.errors import ConfigError
from core.warehouse import connect

NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abc"}


def map_fields(project, fields: str) -> None:
    path = project.settings.root / f"activation/syncs/{NAME}.yml"
    lines = [f"fields: {fields}" if line.startswith("fields:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")


def write_segment(project, reasons: dict[str, str]) -> None:
    """marts.segment__loyal as dbt would have built it: person_id and why."""
    table = pa.table({"person_id": list(reasons), "reason": list(reasons.values())})
    with connect(project.settings, writer="marts") as db:
        db.load("marts.segment__loyal", table, mode="replace")


def test_a_segments_own_column_is_sent_and_sent_again_when_it_changes(dummy, helpers):
    map_fields(dummy, "{email: email, why: segment.reason}")
    write_segment(dummy, {"a": "first", "b": "second", "c": "third"})
    dummy.build(PEOPLE)
    assert dummy.push()["syncs"][0]["accepted"] == 3
    sent = helpers.told(dummy)["people"]
    assert sent["a"] == {"email": "a@example.com", "why": "first"} and sent["c"]["why"] == "third"
    write_segment(dummy, {"a": "first", "b": "other", "c": "third"})
    plan = dummy.plan()["syncs"][0]
    assert (plan["adds"], plan["updates"], plan["unchanged"]) == (0, 1, 2)
    assert dummy.push()["syncs"][0]["accepted"] == 1
    assert helpers.told(dummy)["people"]["b"]["why"] == "other"


def test_nobody_is_sent_with_an_address_or_a_number_that_has_said_no_however_it_is_spaced(dummy, helpers):
    map_fields(dummy, "{email: email, why: segment.reason}")
    no, yes = "phone:+447400123456", "+44 7400 123457"
    spelt = ["+447400123456", "+44 7400 123456", "+44 (0)7400-123456", "0044 7400.123456", "\u00a0+447400123456\n"]
    spelt += [" Ann@example.net\t", "ann@example.net\u00a0", yes]
    people = {f"p{n}": (f"p{n}@example.com", "P", 1.0) for n in range(len(spelt))}
    write_segment(dummy, dict(zip(people, spelt, strict=True)))
    dummy.stop_addresses(no, "email:ann@example.net")
    dummy.build(people)
    dummy.push()
    assert [person["why"] for person in helpers.told(dummy)["people"].values()] == [yes]


def test_a_person_whom_a_segment_names_twice_is_sent_once(dummy, helpers):
    map_fields(dummy, "{email: email, why: segment.reason}")
    write_segment(dummy, {"a": "x", "b": "y"})
    with connect(dummy.settings, writer="marts") as db:
        db.load("marts.segment__loyal", pa.table({"person_id": ["a"], "reason": ["x"]}))
    dummy.build(PEOPLE)
    assert dummy.push()["syncs"][0]["accepted"] == 3
    assert sorted(helpers.told(dummy)["sent"]) == ["a", "b", "c"]


def test_a_column_that_the_segment_has_not_is_told_by_plan_build_and_doctor(dummy, monkeypatch):
    map_fields(dummy, "{email: email, why: segment.raeson}")
    write_segment(dummy, {"a": "first"})
    dummy.build(PEOPLE)
    words = (
        "activation/syncs/loyal__dummy.yml: fields.why: marts.segment__loyal has no column 'raeson'. "
        "Columns: person_id, reason"
    )
    with pytest.raises(ConfigError, match="FL409"):
        dummy.plan()
    health = {c["check"]: c for c in checks.check(dummy.settings)}["fields of syncs"]
    assert not health["ok"] and words in health["detail"] and health["mend"]
    monkeypatch.setattr(core.build, "build", lambda *_: BuildResult(1, 0, [], [], 0.1))
    result = build_stage(dummy.settings, dummy.day)
    assert not result["ok"] and result["failed"] == 1 and words in result["failures"][0]
    outcomes = dummy.query("select outcome from ops.runs where step = 'build'")
    assert outcomes == [{"outcome": "failed"}]
    map_fields(dummy, "{email: email, why: segment.reason}")
    assert build_stage(dummy.settings, dummy.day)["ok"]
    assert {c["check"]: c for c in checks.check(dummy.settings)}["fields of syncs"]["ok"]


def test_the_stage_before_the_scores_does_not_ask_for_what_is_built_after_them(dummy, monkeypatch):
    map_fields(dummy, "{email: email, why: segment.raeson}")
    write_segment(dummy, {"a": "first"})
    dummy.build(PEOPLE)
    monkeypatch.setattr(core.build, "build", lambda *_: BuildResult(1, 0, [], [], 0.1))
    assert build_stage(dummy.settings, dummy.day, "before-scores")["ok"]


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("segment.email", "reached by the email of profiles"),
        ("segment.a b", "is no column name"),
        ("segment.", "is no column name"),
        ("segment.Reason", "is no column name"),
        ("other.reason", "is no column name"),
    ],
)
def test_a_column_that_no_segment_can_give_is_refused(column, words):
    given = {
        "name": "n",
        "description": "d",
        "segment": "s",
        "channel": "c",
        "contact_channel": "none",
        "mode": "mirror",
    }
    with pytest.raises(ValueError, match=words):
        Sync(**given, fields={"why": column})


def test_a_feed_has_no_segments_columns():
    with pytest.raises(ValueError, match="a feed has no segment"):
        Sync(name="n", description="d", feed="f", channel="c", contact_channel="none", mode="append",
             fields={"why": "segment.reason"})  # fmt: skip


def test_what_a_channel_knows_people_by_comes_from_profiles(project):
    project.write_sync("mailchimp")
    path = project.settings.root / "activation/syncs/loyal__mailchimp.yml"
    path.write_text(path.read_text().replace("email: email", "email: segment.mail"))
    with pytest.raises(ConfigError, match=r"FL403 .* knows people by email, which is a column of profiles"):
        load_syncs(project.settings)
