"""A warehouse that came back from a backup, or two homes on one place, are noticed before anything is sent."""

import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from support.feeds import Feed, Visit

from activation import checks
from activation.delivery.route import Wish
from core.settings import load_settings
from core.warehouse import connect

NAME, DAY_2, DAY_3 = "loyal__object_store", date(2026, 1, 16), date(2026, 1, 17)
PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abcd"}


@pytest.fixture
def store(project, tmp_path):
    """A sync to a place outside the home."""
    project.write_sync("object_store", options=f"{{url: 'file://{tmp_path}/store', format: jsonl}}")
    project.build(PEOPLE)
    return project


def told(pushed: dict) -> dict:
    return pushed["syncs"][0]


def back_up(project, folder: Path) -> Path:
    shutil.copytree(project.settings.home, folder)
    return folder


def restore(project, folder: Path, only: str = "*") -> None:
    """The whole home as it was, or what of it `only` names."""
    for path in folder.glob(only):
        there = project.settings.home / path.name
        if path.is_dir():
            shutil.rmtree(there, ignore_errors=True)
            shutil.copytree(path, there)
        else:
            shutil.copy(path, there)


def later(project, day: date, people: dict) -> dict:
    project.build(people, day=day)
    return told(project.push(day=day))


@pytest.mark.parametrize("lost", ["warehouse.duckdb", "*"], ids=["the warehouse alone", "the whole home"])
def test_a_ledger_from_before_the_last_push_refuses_and_resend_makes_it_whole(store, tmp_path, lost):
    assert told(store.push())["outcome"] == "done"
    backup = back_up(store, tmp_path / "backup")
    assert later(store, DAY_2, {**PEOPLE, "e": ("e@example.com", "E", 1.0)})["accepted"] == 1
    restore(store, backup, lost)
    refused = later(store, DAY_3, {**PEOPLE, "f": ("f@example.com", "F", 1.0)})
    assert refused["outcome"] == "refused" and refused["attempted"] == 0
    assert refused["error"].startswith("FL210 unknown_run: this ledger does not know run ")
    assert "of 2026-01-16, which left 5 people there" in refused["error"] and "--resend" in refused["error"]
    assert told(store.push(day=DAY_3))["outcome"] == "refused", "and again, until somebody says what is meant"
    assert told(store.push(day=DAY_3, wish=Wish(resend=True)))["accepted"] == 5
    assert told(store.push(day=DAY_3))["outcome"] == "done"


def test_the_plan_and_the_doctor_say_it_before_the_push_and_an_override_is_logged(store, tmp_path):
    store.push()
    backup = back_up(store, tmp_path / "backup")
    later(store, DAY_2, {"a": PEOPLE["a"], "e": ("e@example.com", "E", 1.0)})
    restore(store, backup, "warehouse.duckdb")
    store.build(PEOPLE, day=DAY_3)
    tripped = [g["guard"] for g in told(store.plan(day=DAY_3))["guards"] if g["tripped"]]
    assert tripped == ["unknown_run"]
    (found,) = [c for c in checks.check(store.settings) if c["check"] == f"mark {NAME}"]
    assert not found["ok"] and "does not know run" in found["detail"] and found["mend"]
    passed = told(store.push(day=DAY_3, overrides={"unknown_run": "the backup of Friday is what we have"}))
    assert (passed["outcome"], list(passed["overridden"])) == ("done", ["unknown_run"])
    assert store.query("select guard from activation.overrides") == [{"guard": "unknown_run"}]
    assert told(store.push(day=DAY_3))["outcome"] == "done"
    assert [c["ok"] for c in checks.check(store.settings) if c["check"] == f"mark {NAME}"] == [True]


def test_a_warehouse_made_anew_has_lost_its_evidence_and_the_mark_has_not(store):
    store.push()
    store.settings.duckdb_path.unlink()
    store.build(PEOPLE, day=DAY_2)
    refused = told(store.push(day=DAY_2))
    assert {"unknown_run", "unknown_denominator"} <= {g["guard"] for g in refused["guards"]}
    assert "the last push left 4" in refused["error"]


def test_a_backup_that_lacks_nothing_of_what_was_sent_is_no_fault(store, tmp_path):
    store.push()
    store.push(day=store.day)
    with connect(store.settings, writer="activation") as db:
        db.execute("delete from activation.runs")
    assert told(store.push())["outcome"] == "done"


def test_another_home_that_pushes_to_the_same_place_is_named_and_refused(store, tmp_path):
    store.push()
    other = replace(store, settings=load_settings(root=store.settings.root, home=tmp_path / "other"))
    other.build(PEOPLE)
    refused = told(other.push())
    assert refused["outcome"] == "refused" and refused["error"].startswith("FL211 other_home: installation ")
    assert told(other.push(overrides={"other_home": "the old host is gone"}))["outcome"] == "done"
    store.build({**PEOPLE, "e": ("e@example.com", "E", 1.0)}, day=DAY_2)
    assert "FL211" in told(store.push(day=DAY_2))["error"], "and now the first is the other"


def test_a_push_that_was_cut_off_is_known_to_its_own_ledger(store, monkeypatch):
    def cut_off(push, total, withdrawals_only):
        push._mark("begun")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("activation.push.Push._send", cut_off)
        with pytest.raises(KeyboardInterrupt):
            store.push()
    assert told(store.push())["accepted"] == 4


def test_a_restored_feed_takes_what_may_have_gone_as_sent_and_sends_only_what_happened_since(project, tmp_path):
    feed = Feed(project)
    name = feed.write_sync("object_store", f"{{url: 'file://{tmp_path}/store', format: jsonl}}")
    visits = {"e1": Visit("a")}
    feed.build(visits)
    assert told(project.push(name))["accepted"] == 1
    backup = back_up(project, tmp_path / "backup")
    visits["e2"] = Visit("b", at=datetime(2026, 1, 16, 9))
    feed.build(visits, DAY_2)
    assert told(project.push(name, day=DAY_2))["accepted"] == 1
    restore(project, backup)
    visits["e3"] = Visit("c", at=datetime(2026, 1, 17, 9))
    feed.build(visits, DAY_3)
    refused = told(project.push(name, day=DAY_3))
    assert "FL210" in refused["error"] and "--rebaseline" in refused["error"]
    assert "FL210" in told(project.push(name, day=DAY_3, wish=Wish(resend=True)))["error"]
    assert told(project.push(name, day=DAY_3, wish=Wish(rebaseline=True)))["accepted"] == 1
    sent = [line for path in (tmp_path / "store").rglob("*.jsonl") for line in path.read_text().splitlines()]
    assert sorted(line.split('"event_id":"')[1][:2] for line in sent) == ["e1", "e2", "e3"], "each event once"
    assert told(project.push(name, day=DAY_3))["attempted"] == 0


HOSTILE = {
    "wrong types": b'{"sync": "x", "installation": "x", "run_id": 5, "day": 5, "people": "x", "digest": "",'
    b' "state": "ended"}',
    "nulls": b'{"sync":null,"installation":null,"run_id":null,"day":null,"people":null,"digest":null,"state":null}',
    "no text": b"\xff\xfe",
    "nothing": b"",
}


@pytest.mark.parametrize(
    ("where", "content", "asked"),
    [("home", "wrong types", Wish()), ("home", "no text", Wish(withdrawals_only=True)), ("home", "nothing", Wish()),
     ("channel", "nulls", Wish()), ("channel", "no text", Wish(withdrawals_only=True))],
)  # fmt: skip
def test_a_mark_that_nobody_can_read_is_named_with_its_mend_and_holds_up_no_withdrawal(
    store, tmp_path, content, where, asked
):
    content = HOSTILE[content]
    store.push()
    home, there = store.settings.home / "marks" / f"{NAME}.json", tmp_path / "store" / NAME / "_mark.json"
    path = home if where == "home" else there
    path.write_bytes(content)
    store.build({"a": PEOPLE["a"], "e": ("e@example.com", "E", 1.0)}, withdrawn={"b"}, day=DAY_2)
    (found,) = [c for c in checks.check(store.settings) if c["check"] == f"mark {NAME}"]
    assert not found["ok"] and found["detail"].startswith("FL121 ") and "take it away" in found["detail"]
    if where == "home":
        assert [g["guard"] for g in told(store.plan(day=DAY_2))["guards"] if g["tripped"]] == ["unread_mark"]
    refused = told(store.push(day=DAY_2, wish=asked))
    assert (refused["outcome"], refused["accepted"]) == ("done" if asked.withdrawals_only else "refused", 1), refused[
        "error"
    ]
    assert asked.withdrawals_only or refused["error"].startswith("FL121 ")
    assert store.ledger(NAME)["b"]["status"] == "removed" and "e" not in store.ledger(NAME)
    assert path.read_bytes() == content, "it is for somebody to look at"
    path.unlink()
    assert told(store.push(day=DAY_2))["outcome"] == "done"


def test_a_mark_that_nobody_can_read_holds_up_no_other_sync_of_its_channel(store, tmp_path):
    other = store.write_sync(
        "object_store", options=f"{{url: 'file://{tmp_path}/store', format: jsonl}}", name=f"{NAME}__z"
    )
    store.build(PEOPLE)
    store.push()
    (tmp_path / "store" / NAME / "_mark.json").write_bytes(b"")
    store.build({p: PEOPLE[p] for p in "acd"}, withdrawn={"b"}, day=DAY_2)
    pushed = {p["sync"]: (p["outcome"], p["accepted"]) for p in store.push(day=DAY_2)["syncs"]}
    assert pushed == {NAME: ("refused", 1), other: ("done", 1)}
    (store.settings.home / "marks" / f"{NAME}.json").write_bytes(b"")
    planned = {p["sync"]: [g["guard"] for g in p["guards"] if g["tripped"]] for p in store.plan(day=DAY_2)["syncs"]}
    assert planned == {NAME: ["unread_mark"], other: []}


def test_a_name_of_the_home_that_is_damaged_is_named_too(store):
    store.push()
    (store.settings.home / "marks" / "installation").write_bytes(b"\xff")
    assert told(store.push())["error"].startswith("FL121 marks/installation")


def test_who_withdraws_under_a_ledger_from_before_leaves_the_doubt_where_it_was(store, tmp_path):
    store.push()
    backup = back_up(store, tmp_path / "backup")
    later(store, DAY_2, {**PEOPLE, "e": ("e@example.com", "E", 1.0)})
    restore(store, backup)
    store.build({p: PEOPLE[p] for p in "acd"}, withdrawn={"b"}, day=DAY_3)
    for asked in (Wish(), Wish(withdrawals_only=True), Wish()):
        said = told(store.push(day=DAY_3, wish=asked))
        assert asked.withdrawals_only or "FL210" in said["error"], "nobody has said yet what is meant"
    (found,) = [c for c in checks.check(store.settings) if c["check"] == f"mark {NAME}"]
    assert not found["ok"]
