"""Plan and push against the outbox: what goes out is what was wanted, once."""

import csv
import json
from datetime import date, timedelta

import pytest
from support.feeds import Feed, Visit

from activation import checks, jobs
from activation.delivery.route import Wish
from activation.planning import saved
from core.errors import ConfigError
from core.warehouse import hold

ANN, BOB, CAT = ("ann@example.com", "Ann", 1.5), ("bob@example.com", "Bob", 2.0), ("cat@example.com", None, None)
NAME = "loyal__csv_outbox"
DAY = date(2026, 1, 15)


def outbox(project, file="2026-01-15.csv"):
    with (project.settings.home / "outbox" / NAME / file).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_the_first_push_delivers_everybody_and_the_second_nobody(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB, "c": CAT})
    planned = project.plan()["syncs"][0]
    assert (planned["audience"], planned["adds"], planned["api_calls"]) == (3, 3, 1)
    first = project.push()
    assert first["ok"] and first["syncs"][0]["accepted"] == 3
    assert {r["person_id"]: r["email"] for r in outbox(project)} == {"a": ANN[0], "b": BOB[0], "c": CAT[0]}
    again = project.plan()["syncs"][0]
    assert (again["adds"], again["updates"], again["removes"], again["unchanged"]) == (0, 0, 0, 3)
    assert project.push()["syncs"][0]["attempted"] == 0
    assert len(outbox(project)) == 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CAT, ("cat@example.com", "Cat", None)),
        (("c@x.com", "Cat", 1.0), ("c@x.com", None, 1.0)),
        (("c@x.com", "", 1.0), ("c@x.com", None, 1.0)),
        (("c@x.com", "ab", None), ("c@x.coma", "b", None)),
        (("c@x.com", None, 1.0), ("c@x.com", "-1:", 1.0)),
    ],
)
def test_a_value_that_appears_vanishes_or_moves_between_fields_is_an_update(project, before, after):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "c": before})
    project.push()
    project.build({"a": ANN, "c": after})
    planned = project.plan()["syncs"][0]
    assert (planned["updates"], planned["unchanged"]) == (1, 1)


def test_a_column_that_is_not_mapped_is_no_change(project):
    project.write_sync("csv_outbox")
    path = project.settings.root / "activation/syncs/loyal__csv_outbox.yml"
    path.write_text(path.read_text().replace(", value: value_180d", ""))
    project.build({"a": ANN})
    project.push()
    project.build({"a": (ANN[0], ANN[1], 99.0)})
    assert project.plan()["syncs"][0]["unchanged"] == 1


def test_a_changed_mapping_updates_everybody_and_the_plan_says_so(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    project.push()
    path = project.settings.root / "activation/syncs/loyal__csv_outbox.yml"
    path.write_text(path.read_text().replace("first_name: first_name", "given_name: first_name"))
    planned = project.plan()["syncs"][0]
    assert planned["updates"] == 2
    assert planned["mapping_change"] == {"added": ["given_name"], "dropped": ["first_name"]}


def test_a_mirror_removes_who_left_and_only_whom_it_delivered(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB}, excluded={"b": "no_consent"})
    project.push()
    project.build({"c": CAT}, profiles={"a": ANN, "b": BOB})
    pushed = project.push(overrides={"max_change_share": "the list was rebuilt"})["syncs"][0]
    assert pushed["accepted"] == 2
    assert [(r["op"], r["person_id"]) for r in outbox(project)][1:] == [("remove", "a"), ("add", "c")]


def test_an_upsert_keeps_who_left_the_segment_but_not_who_withdrew(project):
    project.write_sync("csv_outbox", mode="upsert")
    project.build({"a": ANN, "b": BOB, "c": CAT})
    project.push()
    project.build({"c": CAT}, profiles={"a": ANN, "b": BOB}, withdrawn={"b"})
    assert project.plan()["syncs"][0]["removes"] == 1
    project.push()
    assert {p for p, r in project.ledger(NAME).items() if r["delivered_hash"]} == {"a", "c"}
    project.build({"a": ANN, "c": CAT}, excluded={"c": "unsubscribed"}, profiles={"b": BOB}, withdrawn={"b"})
    project.push()
    assert {p for p, r in project.ledger(NAME).items() if r["delivered_hash"]} == {"a"}


def test_nobody_without_consent_reaches_the_channel_even_when_it_is_withdrawn_after_the_build(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB, "c": CAT}, excluded={"b": "no_consent"})
    project.withdraw({"c"})
    planned = project.plan()["syncs"][0]
    assert planned["held_back"] == {"no_consent": 1, "withdrawn": 1}
    project.push()
    assert [r["person_id"] for r in outbox(project)] == ["a"]


def test_who_withdraws_between_plan_and_window_is_skipped_or_removed(project, monkeypatch):
    from activation.push import Push

    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    project.push()
    project.build({"a": ("new@example.com", "Ann", 1.0), "b": BOB, "c": CAT})
    opened = Push._open

    def then_withdraw(push):
        plan = opened(push)
        project.withdraw({"a", "c"})
        return plan

    monkeypatch.setattr(Push, "_open", then_withdraw)
    pushed = project.push()["syncs"][0]
    assert (pushed["accepted"], pushed["skipped"]) == (1, 1)
    assert [(r["op"], r["person_id"]) for r in outbox(project)][2:] == [("remove", "a")]


def test_an_empty_upstream_does_not_empty_the_audience(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    project.push()
    project.build({})
    tripped = {g["guard"] for g in project.plan()["syncs"][0]["guards"] if g["tripped"]}
    assert tripped == {"empty_upstream", "max_change_share"} - ({"max_change_share"})
    refused = project.push()
    assert not refused["ok"] and refused["syncs"][0]["outcome"] == "refused" and refused["syncs"][0]["attempted"] == 0
    assert {p for p, r in project.ledger(NAME).items() if r["delivered_hash"]} == {"a", "b"}


def test_a_removal_share_above_the_limit_is_refused_until_overridden_by_name_with_a_reason(project):
    project.write_sync("csv_outbox", share=0.3)
    project.build({"a": ANN, "b": BOB, "c": CAT})
    project.push()
    project.build({"a": ANN})
    assert project.push()["syncs"][0]["outcome"] == "refused"
    assert project.push(overrides={"empty_upstream": "wrong guard"})["syncs"][0]["outcome"] == "refused"
    assert project.push(overrides={"max_change_share": "spring clean"})["syncs"][0]["accepted"] == 2
    logged = project.query("select guard, reason from activation.overrides")
    assert logged == [{"guard": "max_change_share", "reason": "spring clean"}]


def test_an_override_without_a_reason_or_of_no_guard_is_refused_both_at_once(project):
    with pytest.raises(ConfigError) as refused:
        project.push(overrides={"max_change_share": " ", "all": "because"})
    assert len(refused.value.mistakes) == 2


def test_an_older_day_and_a_day_not_built_are_refused(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    project.push()
    yesterday = project.day - timedelta(days=1)
    tripped = {g["guard"] for g in project.plan(day=yesterday)["syncs"][0]["guards"] if g["tripped"]}
    assert tripped == {"stale_day", "unbuilt_day"}
    assert project.push(day=yesterday)["syncs"][0]["outcome"] == "refused"


def test_a_consent_rule_edited_after_the_build_is_refused(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    path = project.settings.root / "activation/syncs/loyal__csv_outbox.yml"
    path.write_text(path.read_text().replace("contact_channel: email", "contact_channel: sms"))
    assert [g["guard"] for g in project.plan()["syncs"][0]["guards"] if g["tripped"]] == ["unbuilt_day"]


def test_a_lost_ledger_is_an_unknown_denominator(project):
    from core.warehouse import connect

    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    project.push()
    with connect(project.settings, writer="activation") as db:
        db.execute("delete from activation.delivered")
    assert [g["guard"] for g in project.plan()["syncs"][0]["guards"] if g["tripped"]] == ["unknown_denominator"]


def test_a_plan_writes_nothing(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    before = project.query("select count(*) as n from activation.delivered") + project.query(
        "select count(*) as n from activation.runs"
    )
    project.plan()
    after = project.query("select count(*) as n from activation.delivered") + project.query(
        "select count(*) as n from activation.runs"
    )
    assert before == after
    assert not (project.settings.home / "outbox").exists()


def test_the_same_day_again_appends_and_the_manifest_matches_the_file(project):
    import hashlib

    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    project.push()
    project.build({"a": ANN, "b": BOB})
    project.push()
    folder = project.settings.home / "outbox" / NAME
    content = (folder / "2026-01-15.csv").read_bytes()
    manifest = json.loads((folder / "2026-01-15.manifest.json").read_text())
    assert (manifest["rows"], manifest["bytes"], manifest["sha256"]) == (
        2,
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    assert [r["person_id"] for r in outbox(project)] == ["a", "b"]


def test_a_second_push_of_a_sync_at_the_same_time_is_refused(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    with hold(project.settings, f"push.{NAME}"):
        pushed = project.push()
    assert not pushed["ok"] and "another process" in pushed["syncs"][0]["error"]
    assert project.push()["ok"]


def test_a_day_later_goes_to_a_file_of_its_own(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    project.push()
    project.build({"a": ANN, "b": BOB}, day=date(2026, 1, 16))
    project.push(day=date(2026, 1, 16))
    assert [r["person_id"] for r in outbox(project, "2026-01-16.csv")] == ["b"]


def test_a_retired_sync_takes_everybody_out_and_one_without_its_file_is_told(project):
    project.write_sync("csv_outbox", mode="upsert", share=0.1)
    project.build({"a": ANN, "b": BOB, "c": CAT})
    project.push()
    path = project.settings.root / f"activation/syncs/{NAME}.yml"
    text = path.read_text()
    path.unlink()
    project.write_sync("csv_outbox", name="loyal__csv_outbox__other")
    assert [(o["sync"], o["people"]) for o in project.plan()["orphans"]] == [(NAME, 3)]
    path.write_text(text + "retired: true\n")
    planned = project.plan(NAME)["syncs"][0]
    assert (planned["removes"], planned["audience"], planned["held_back"]) == (3, 0, {"retired": 3})
    assert project.push(NAME)["syncs"][0]["accepted"] == 3
    assert project.push(NAME)["syncs"][0]["attempted"] == 0
    assert project.plan()["orphans"] == []


def test_who_withdraws_is_taken_out_of_a_sync_whose_file_is_gone_and_the_rest_is_told_every_night(project):
    project.write_sync("csv_outbox", share=0.1)
    project.write_sync("csv_outbox", name="loyal__csv_outbox__other")
    project.build({"a": ANN, "b": BOB, "c": CAT})
    project.push()
    (project.settings.root / f"activation/syncs/{NAME}.yml").unlink()
    told = [(NAME, "csv_outbox", 3, 0)]

    def orphans(answer: dict) -> list[tuple]:
        return [(o["sync"], o["channel"], o["people"], o["withdrawn"]) for o in answer["orphans"]]

    assert orphans(project.push()) == orphans(project.plan()) == told
    assert orphans(project.push("loyal__csv_outbox__other")) == told, "a push of one sync says it too"
    project.build({"a": ANN, "c": CAT}, withdrawn={"b"}, day=date(2026, 1, 16))
    pushed = project.push(day=date(2026, 1, 16))
    outcomes = {p["sync"]: (p["outcome"], p["accepted"]) for p in pushed["syncs"]}
    assert outcomes[NAME] == ("done", 1), "the withdrawal, and nobody else: neither who left nor who stays"
    assert [(r["op"], r["person_id"]) for r in outbox(project, "2026-01-16.csv")] == [("remove", "b")]
    assert orphans(project.plan(day=date(2026, 1, 16))) == [(NAME, "csv_outbox", 2, 0)]
    (found,) = [c for c in checks.check(project.settings) if c["check"] == f"orphaned sync {NAME}"]
    assert not found["ok"] and "2 people" in found["detail"] and "retired: true" in found["mend"]
    project.withdraw({"b", "c"})
    alone = project.push(day=date(2026, 1, 16), only_orphans=True)
    assert [(p["sync"], p["accepted"]) for p in alone["syncs"]] == [(NAME, 1)], "what the night's own task asks"
    nobody = project.push(day=date(2026, 1, 16), only_orphans=True)
    assert (nobody["syncs"], nobody["exit_code"]) == ([], jobs.ALL_OFF)


def test_messages_and_events_that_went_out_make_no_orphan(project, receiver):
    feed = Feed(project)
    name = feed.write_sync("csv_outbox", "{}")
    feed.build({"e1": Visit("a")})
    project.push(name)
    (project.settings.root / f"activation/syncs/{name}.yml").unlink()
    project.write_sync("csv_outbox")
    project.build({"a": ANN})
    assert project.push()["orphans"] == []


def test_a_resend_that_a_guard_refused_is_not_waiting_for_the_next_push(project):
    project.write_sync("csv_outbox", share=0.1)
    project.build({"a": ANN, "b": BOB, "c": CAT})
    project.push()
    project.build({"c": CAT}, profiles={"a": ANN, "b": BOB})
    assert project.push(wish=Wish(resend=True))["syncs"][0]["outcome"] == "refused"
    project.build({"a": ANN, "b": BOB, "c": CAT})
    assert project.push()["syncs"][0]["attempted"] == 0


@pytest.mark.parametrize(("choice", "sent"), [("resend", 2), ("rebaseline", 0)])
def test_a_changed_mapping_waits_for_somebody_to_choose(project, choice, sent):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    project.push()
    path = project.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text().replace("first_name: first_name", "given_name: first_name"))
    assert project.push(wish=Wish(only="a"))["syncs"][0]["accepted"] == 1, "one row may be tried"
    refused = project.push()["syncs"][0]
    assert refused["outcome"] == "refused" and "mapping_changed" in refused["error"]
    assert project.push(wish=Wish(**{choice: True}))["syncs"][0]["accepted"] == sent
    assert project.push()["syncs"][0]["attempted"] == 0
    project.build({"a": ("ann@example.com", "Anna", 1.5), "b": BOB})
    assert project.push()["syncs"][0]["accepted"] == 1


def test_one_person_can_be_sent_again_and_nobody_else_is(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    project.push()
    assert project.push(wish=Wish(only="a", resend=True))["syncs"][0]["accepted"] == 1
    assert project.push()["syncs"][0]["attempted"] == 0


def test_a_saved_plan_is_applied_only_while_the_world_is_as_it_was(project, tmp_path):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    file = tmp_path / "plan.json"
    saved.write(file, jobs.plan(project.settings, project.day, detail=True))
    assert "ann@example.com" not in file.read_text()
    project.build({"a": ANN, "b": ("bob@example.com", "Robert", 2.0)})
    refused = project.push(digests=saved.read(file, project.day))["syncs"][0]
    assert refused["outcome"] == "refused" and "plan_moved" in refused["error"]
    project.build({"a": ANN, "b": BOB})
    assert project.push(digests=saved.read(file, project.day))["syncs"][0]["accepted"] == 2
    with pytest.raises(ConfigError, match="a plan of 2026-01-15"):
        saved.read(file, date(2026, 1, 16))


def test_a_plan_in_detail_shows_masked_people_and_what_changes_from_what(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    project.push()
    project.build({"a": ("ann@example.com", "Anna", 1.5), "c": CAT}, profiles={"b": BOB})
    planned = jobs.plan(project.settings, project.day, detail=True)["syncs"][0]
    assert planned["fields_changed"] == {"first_name": 1}
    update = next(p for p in planned["sample"] if p["op"] == "update")
    assert update["fields"] == {"first_name": {"from": "A…n (3)", "to": "A…a (4)"}}
    assert {(p["op"], p["record_key"], p["reason"]) for p in planned["sample"]} == {
        ("add", "c", "entered"), ("update", "a", "changed"), ("remove", "b", "left_segment"),
    }  # fmt: skip


def test_who_leaves_can_stay_with_a_field_set_but_not_without_consent(project):
    project.write_sync("csv_outbox")
    path = project.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text() + "on_exit: {set: {first_name: gone}}\n")
    project.build({"a": ANN, "b": BOB, "c": CAT})
    project.push()
    project.build({"b": BOB}, profiles={"a": ANN, "c": CAT}, withdrawn={"c"})
    assert project.push()["syncs"][0]["accepted"] == 2
    last = {r["person_id"]: (r["op"], r["first_name"]) for r in outbox(project)[3:]}
    assert last == {"a": ("update", "gone"), "c": ("remove", "")}
    assert project.push()["syncs"][0]["attempted"] == 0
    there = {p: str(r["delivered_hash"])[:4] for p, r in project.ledger(NAME).items() if r["delivered_hash"]}
    assert set(there) == {"a", "b"} and there["a"] == "eeee", "who stayed behind is ours, but no member"


def test_a_removal_says_what_was_delivered_whatever_the_profile_says_now(project):
    project.write_sync("csv_outbox")
    project.build({"a": ANN, "b": BOB})
    project.push()
    project.build({"b": BOB}, profiles={"a": ("new@example.com", "Anna", 9.0)})
    project.push()
    assert outbox(project)[-1]["email"] == "ann@example.com"


def test_a_paused_sync_is_planned_and_not_pushed(project):
    project.write_sync("csv_outbox")
    path = project.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text() + "paused: the copy is being checked\n")
    project.build({"a": ANN})
    assert project.plan()["syncs"][0]["adds"] == 1
    pushed = project.push()
    assert pushed["ok"] and pushed["syncs"][0]["state"] == "paused: the copy is being checked"


def test_an_audience_far_from_its_usual_size_is_asked_about(project):
    project.write_sync("csv_outbox")
    people = {f"p{i}": (f"p{i}@example.com", "P", 1.0) for i in range(100)}
    for n in range(5):
        day = DAY + timedelta(days=n)
        project.build(people, day=day)
        project.push(day=day)
    day = DAY + timedelta(days=6)
    project.build(
        {f"q{i}": (f"q{i}@example.com", "Q", 1.0) for i in range(100)}
        | people
        | {f"r{i}": ("r@example.com", "R", 1.0) for i in range(60)},
        day=day,
    )
    refused = project.push(day=day)["syncs"][0]
    assert refused["outcome"] == "refused" and "unusual_size" in refused["error"]
