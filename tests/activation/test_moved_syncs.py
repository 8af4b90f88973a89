"""A sync whose file names another list, table or folder: its people are at the old one, and consent is kept there."""

import sqlite3

import pytest

from activation.catalogue import channel_folders, channel_paths, find_channel
from activation.channel import MESSAGE_MODES
from activation.delivery.route import Wish
from activation.orphans import MOVED

PEOPLE = {p: (f"{p}@example.com", p, 1.0) for p in "abc"}
# Options that say how something is written, or how fast, and not where.
ELSEWHERE = {
    "spreadsheet_safe", "event_name", "default_country", "event_source", "subscription_id", "legal_basis",
    "legal_basis_explanation", "create_new_fields", "subscribe", "external_id", "metric", "status", "new_status",
    "skip_merge_validation", "dnc_channel", "action_source", "test_event_code", "format", "gzip", "member_status",
    "api", "create_table", "retention_in_days", "batch_size", "requests_per_minute", "timeout_seconds", "body_bytes",
    "concurrency",
}  # fmt: skip


@pytest.fixture
def table(project, monkeypatch, tmp_path):
    """(what stands in a table, give the sync another table)"""
    monkeypatch.setenv("FAIRLEAD_SQL_TABLE_URL", f"sqlite:///{tmp_path}/shop.db")
    name = project.write_sync("sql_table", options="{table: old}")
    path = project.settings.root / f"activation/syncs/{name}.yml"

    def rows(of):
        with sqlite3.connect(tmp_path / "shop.db") as db:
            there = db.execute("select name from sqlite_master where name = ?", [of]).fetchone()
            return {key for (key,) in db.execute(f"select person_id from {of}")} if there else None

    def edit(old, new):
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    project.build(PEOPLE)
    project.push()
    assert rows("old") == set("abc")
    edit("table: old", "table: new")
    return rows, edit


@pytest.mark.parametrize("asked", [Wish(), Wish(withdrawals_only=True), Wish(resend=True)])
def test_who_withdraws_is_taken_out_of_the_old_place_and_nothing_else_is_sent(project, table, asked):
    rows, edit = table
    (planned,) = project.plan()["syncs"]
    assert "another table" in next(g["detail"] for g in planned["guards"] if g["guard"] == MOVED)
    project.build(PEOPLE | {"d": ("d@example.com", "d", 1.0)}, withdrawn={"a"})
    for _ in range(2):
        pushed = project.push(wish=asked)
        (sent,) = pushed["syncs"]
        assert not pushed["ok"] and (sent["outcome"], sent["error"][:5]) == ("failed", "FL212")
        assert rows("old") == set("bc") and rows("new") is None
    edit("table: new", "table: old")
    assert project.push()["ok"] and rows("old") == set("bcd")


def test_who_was_put_into_a_list_is_taken_out_of_it_also_where_it_is_to_be_one_of_events(project):
    name = project.write_sync("csv_outbox")
    project.build(PEOPLE)
    project.push()
    project.write_sync("csv_outbox", mode="append")
    project.build(PEOPLE, withdrawn={"a"})
    (sent,) = project.push()["syncs"]
    assert sent["outcome"] == "failed" and "another mode: who withdraws is taken out" in sent["error"]
    assert {p for p, row in project.ledger(name).items() if row["delivered_hash"]} == set("bc")


def test_the_way_to_another_place_is_to_retire_the_old_one(project, table):
    rows, edit = table
    edit("table: new", "table: old")
    edit("purpose:", "retired: true\npurpose:")
    project.build(PEOPLE)
    assert project.push()["ok"] and rows("old") == set()
    edit("retired: true\n", "")
    edit("table: old", "table: new")
    project.build(PEOPLE)
    assert project.push()["ok"] and (rows("old"), rows("new")) == (set(), set("abc"))


def test_whoever_says_so_goes_on_at_the_new_place_and_it_is_kept_that_they_did(project, table):
    rows, _edit = table
    sure = {MOVED: "the old table was dropped"}
    assert project.push(wish=Wish(resend=True), overrides=sure)["syncs"][0]["overridden"] == sure
    assert rows("new") == set("abc")
    assert project.query("select guard, reason from activation.overrides") == [
        {"guard": MOVED, "reason": "the old table was dropped"}
    ]
    assert project.push()["ok"], "it is the sync's place from now on"


def test_every_option_of_a_channel_that_takes_back_says_where_or_is_known_not_to(project):
    for name in channel_paths(channel_folders(project.settings)):
        file = find_channel(project.settings, name)
        if file.ABOUT.takes_back and not file.ABOUT.modes <= MESSAGE_MODES:
            options = set(file.Options.model_fields)
            assert set(file.ABOUT.place) <= options, name
            assert options - set(file.ABOUT.place) <= ELSEWHERE, f"{name}: where, or how? ABOUT.place, or here"
