"""Feeds: what has happened is said once, to whom it may be said, and never taken back."""

import csv
import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from support.feeds import Feed, Visit

from activation import jobs
from activation.delivery.payload import plain
from activation.delivery.route import Wish
from activation.ledger import runs
from activation.planning import diff, saved
from activation.sync import load_syncs
from core.errors import ConfigError
from core.warehouse import connect

NAME = "visits__dummy"
NEXT_DAY = date(2026, 1, 16)
A, B, C = Visit("ann", 1.0), Visit("bob", 2.0), Visit("ann", 3.0)


@pytest.fixture
def feed(project, helpers):
    """The dummy channel, which takes back whatever it is asked to, and one sync of a feed to it."""
    (project.settings.root / "activation/channels/dummy.py").write_text(helpers.DUMMY)
    made = Feed(project)
    made.write_sync()
    return made


@pytest.fixture
def sent(feed, helpers):
    """What the channel was told, in order."""
    return lambda: helpers.told(feed.project)["sent"]


def push(feed, **asked):
    return feed.project.push(NAME, **asked)["syncs"][0]


def test_each_event_is_sent_once_and_only_new_ones_later(feed, sent, helpers):
    feed.build({"e1": A, "e2": B, "e3": C})
    planned = feed.project.plan()["syncs"][0]
    assert (planned["audience"], planned["adds"], planned["updates"], planned["removes"]) == (3, 3, 0, 0)
    assert push(feed)["accepted"] == 3
    assert helpers.told(feed.project)["people"]["e3"] == {
        "at": "2026-01-15T09:00:00Z",
        "email": "ann@example.com",
        "value": 3.0,
    }
    assert push(feed)["attempted"] == 0
    feed.build({"e1": A, "e2": B, "e3": C, "e4": A}, day=NEXT_DAY)
    assert push(feed, day=NEXT_DAY)["accepted"] == 1
    assert sorted(sent()) == ["e1", "e2", "e3", "e4"]
    assert {e: r["status"] for e, r in feed.project.ledger(NAME).items()} == dict.fromkeys(
        ["e1", "e2", "e3", "e4"], "delivered"
    )


def test_what_has_changed_grown_old_vanished_or_lost_its_consent_changes_nothing(feed, sent):
    feed.build({"e1": A, "e2": B, "e3": C, "e4": A})
    push(feed)
    later = {"e1": Visit("ann", 99.0), "e2": B.held_back("too_old"), "e3": C.held_back("withdrawn"), "e5": B}
    feed.build(later, day=NEXT_DAY, withdrawn={"ann"})
    planned = feed.project.plan(day=NEXT_DAY)["syncs"][0]
    assert (planned["adds"], planned["updates"], planned["removes"]) == (1, 0, 0)
    assert push(feed, day=NEXT_DAY)["accepted"] == 1
    assert sent() == ["e1", "e2", "e3", "e4", "e5"]
    assert all(r["delivered_hash"] for r in feed.project.ledger(NAME).values()), "what was sent stays as sent"
    assert not any(r["payload"] for r in feed.project.ledger(NAME).values()), "nothing personal is kept without need"


def test_a_quiet_day_with_nothing_to_send_is_no_fault(feed):
    feed.build({"e1": A, "e2": B})
    push(feed)
    feed.build({"e1": A.held_back("too_old")}, day=NEXT_DAY)
    pushed = push(feed, day=NEXT_DAY)
    assert (pushed["outcome"], pushed["attempted"]) == ("done", 0)


def test_an_event_that_comes_late_is_sent_when_it_comes(feed, sent):
    feed.build({"e1": A})
    push(feed)
    feed.build({"e1": A, "e0": Visit("bob", at=datetime(2026, 1, 10))}, day=NEXT_DAY)
    assert push(feed, day=NEXT_DAY)["accepted"] == 1
    assert sent() == ["e1", "e0"]


def test_what_is_held_back_is_not_sent_and_the_plan_counts_it_by_reason(feed, sent):
    feed.build(
        {"e1": A, "e2": B.held_back("no_consent"), "e3": C.held_back("too_old"), "e4": Visit(None, reason="no_person")}
    )
    planned = feed.project.plan()["syncs"][0]
    assert (planned["audience"], planned["held_back"]) == (1, {"no_consent": 1, "no_person": 1, "too_old": 1})
    push(feed)
    assert sent() == ["e1"]


def test_the_unsent_events_of_who_withdraws_after_the_build_are_not_sent(feed, sent):
    feed.build({"e1": A, "e2": B, "e3": C}, withdrawn={"ann"})
    planned = feed.project.plan()["syncs"][0]
    assert (planned["audience"], planned["adds"], planned["held_back"]) == (1, 1, {"withdrawn": 2})
    push(feed)
    assert sent() == ["e2"]


@pytest.mark.parametrize("words", [[], ["maybe"] * 4])
def test_who_withdraws_while_the_push_runs_has_nothing_sent_and_nothing_taken_back(
    feed, sent, helpers, monkeypatch, words
):
    """Of an event in doubt too, of which something may be there."""
    feed.build({"e1": A})
    helpers.script(feed.project, *words)
    if words:
        assert push(feed)["in_doubt"] == 1
    opened = runs.open_run

    def withdrawing(db, *about):
        with connect(feed.project.settings, writer="marts") as other:
            other.execute("insert into marts.consent_withdrawals values ('ann', 'email', 'marketing')")
        opened(db, *about)

    monkeypatch.setattr(runs, "open_run", withdrawing)
    pushed = push(feed)
    assert (pushed["attempted"], pushed["skipped"]) == (0, 1)
    assert sent() == []


def test_an_event_in_doubt_goes_again_as_what_it_was(feed, sent, helpers):
    feed.build({"e1": A, "e2": B})
    helpers.script(feed.project, *["maybe acts"] * 4)
    assert push(feed)["in_doubt"] == 2
    planned = feed.project.plan()["syncs"][0]
    assert (planned["adds"], planned["updates"]) == (2, 0), "not an update: nothing is to be changed there"
    assert push(feed)["accepted"] == 2
    assert push(feed)["attempted"] == 0
    assert len(sent()) == 2 * 4 + 2
    ops = feed.project.query("select distinct op, reason from activation.changelog order by reason")
    assert ops == [{"op": "add", "reason": "entered"}, {"op": "add", "reason": "in_doubt"}]


def test_an_event_in_doubt_that_may_not_be_sent_any_more_is_left_alone(feed, sent, helpers):
    feed.build({"e1": A, "e2": B})
    helpers.script(feed.project, *["maybe"] * 4)
    push(feed)
    feed.build({"e1": A.held_back("too_old"), "e2": B, "e3": Visit("cat")}, withdrawn={"bob"})
    assert push(feed)["accepted"] == 1
    assert sent() == ["e3"]


def test_a_message_in_doubt_is_taken_as_sent(feed, sent, helpers):
    feed.write_sync(options="{rule: message}")
    feed.build({"e1": A})
    helpers.script(feed.project, "maybe acts")
    assert push(feed)["in_doubt"] == 1
    assert push(feed)["attempted"] == 0
    assert sent() == ["e1"]


def test_a_refused_event_comes_back_alone_and_retry_sends_no_other(feed, sent):
    feed.write_sync(options="{poison: [e2]}")
    feed.build({"e1": A, "e2": B})
    assert push(feed)["rejected"] == 1
    assert (push(feed)["attempted"], sent()) == (1, ["e1"])
    feed.write_sync()
    feed.build({"e1": A, "e2": B, "e3": C})
    assert push(feed, wish=Wish(rejected_only=True))["accepted"] == 1
    assert sent() == ["e1", "e2"]


@pytest.mark.parametrize(("only", "expected"), [("ann", ["e1", "e3"]), ("e2", ["e2"]), ("nobody", [])])
def test_only_means_a_persons_events_or_one_event(feed, sent, only, expected):
    feed.build({"e1": A, "e2": B, "e3": C})
    push(feed, wish=Wish(only=only))
    assert sorted(sent()) == expected
    push(feed, wish=Wish(only=only, resend=True))
    assert sorted(sent()) == sorted(expected * 2)
    push(feed)
    assert sorted(sent()) == sorted(expected * 2 + [e for e in ("e1", "e2", "e3") if e not in expected])


def test_a_resend_sends_what_is_still_wanted_and_leaves_nothing_older_in_doubt(feed, sent):
    feed.build({"e1": A, "e2": B, "e3": Visit("cat")})
    push(feed)
    feed.build({"e1": A.held_back("too_old"), "e2": B, "e3": Visit("cat")}, withdrawn={"cat"})
    assert push(feed, wish=Wish(resend=True))["accepted"] == 1
    assert sent() == ["e1", "e2", "e3", "e2"]
    assert {str(r["delivered_hash"])[:8] for r in feed.project.ledger(NAME).values()} & {"00000000"} == set()


@pytest.mark.parametrize("asked", [Wish(), Wish(rebaseline=True)])
def test_a_changed_mapping_is_for_the_events_to_come_and_nothing_is_to_be_chosen(feed, sent, asked):
    feed.build({"e1": A})
    push(feed)
    path = feed.project.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text().replace("value: value", "amount: value"))
    feed.build({"e1": A, "e2": B})
    assert push(feed, wish=asked)["accepted"] == 1
    assert sent() == ["e1", "e2"]
    assert feed.project.query("select count(*) as n from activation.changelog where reason = 'rebaselined'") == [
        {"n": 0}
    ]


def test_a_plan_in_detail_is_masked_and_a_saved_one_is_refused_when_an_event_has_changed(feed, sent, tmp_path):
    feed.build({"e1": A, "e2": B})
    file = tmp_path / "plan.json"
    made = jobs.plan(feed.project.settings, feed.project.day, detail=True)
    saved.write(file, made)
    assert "@example.com" not in json.dumps(made)
    assert {s["record_key"] for s in made["syncs"][0]["sample"]} == {"e1", "e2"}
    feed.build({"e1": Visit("ann", 5.0), "e2": B})
    assert "plan_moved" in push(feed, digests=saved.read(file, feed.project.day))["error"]
    feed.build({"e1": A, "e2": B})
    assert push(feed, digests=saved.read(file, feed.project.day))["accepted"] == 2


def test_a_file_of_events_names_its_key_and_can_name_the_person(project):
    feed = Feed(project)
    feed.write_sync("csv_outbox", options="{}")
    path = project.settings.root / "activation/syncs/visits__csv_outbox.yml"
    path.write_text(path.read_text().replace("{at: occurred_at,", "{at: occurred_at, person: person_id,"))
    feed.build({"e1": A, "e2": B})
    assert project.push()["ok"]
    with (project.settings.home / "outbox/visits__csv_outbox/2026-01-15.csv").open() as lines:
        rows = {r["event_id"]: (r["op"], r["person"], r["value"]) for r in csv.DictReader(lines)}
    assert rows == {"e1": ("add", "ann", "1"), "e2": ("add", "bob", "2")}


@pytest.mark.parametrize(
    "kind", [pa.decimal128(18, 2), pa.decimal128(38, 2), pa.decimal128(18, 0), pa.decimal128(12, 4)]
)
def test_an_amount_is_said_as_it_stands(kind):
    """22.90 was sent as 22.900000000000002."""
    amounts = [None, *(Decimal(cents).scaleb(-min(2, kind.scale)) for cents in range(-3_000, 3_000))]
    told = plain(pa.table({"value": pa.array(amounts, kind)}))["value"]
    assert told.to_pylist() == [None if a is None else float(a) for a in amounts]


def test_a_segment_in_mode_append_is_one_event_a_person_and_takes_nobody_out(dummy, helpers):
    people = {p: (f"{p}@example.com", p, 1.0) for p in "abc"}
    dummy.write_sync("dummy", mode="append")
    dummy.build(people)
    dummy.push()
    dummy.build({"b": people["b"]} | {"d": ("d@example.com", "d", 1.0)}, profiles=people, withdrawn={"a"})
    assert dummy.push()["syncs"][0]["accepted"] == 1
    told = helpers.told(dummy)
    assert told["sent"] == ["a", "b", "c", "d"] and set(told["people"]) == set("abcd")


@pytest.mark.parametrize("takes_back", [True, False])
@pytest.mark.parametrize("more", ["", "contact_channel: none\nbasis: a list inside the house\n"])
def test_no_change_of_a_feed_takes_anything_back(feed, takes_back, more):
    path = feed.project.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text().replace("contact_channel: email\n", more) if more else path.read_text())
    sql = diff.changes(load_syncs(feed.project.settings)[NAME], takes_back)
    assert "then 'add'" in sql
    assert not any(f"then '{op}'" in sql for op in ("remove", "exit", "update"))


def test_another_age_or_feed_wants_a_new_build(feed):
    feed.build({"e1": A})
    feed.write_sync(more="max_age_days: 30\n")
    assert "unbuilt_day" in push(feed)["error"]
    feed.build({"e1": A})
    assert push(feed)["accepted"] == 1


def test_a_column_that_the_feed_does_not_have_and_a_feed_that_is_not_built_are_said(feed):
    with pytest.raises(ConfigError, match=r"FL410 Not built yet: marts.feed_audiences, marts.feed__visits"):
        feed.project.plan()
    path = feed.project.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text().replace("value: value", "value: valeu"))
    feed.build({"e1": A})
    with pytest.raises(ConfigError, match=r"fields.value: marts.feed__visits has no column 'valeu'. Columns: event_id"):
        feed.project.plan()


def test_an_event_with_an_address_that_has_said_no_is_not_sent_and_a_push_of_an_earlier_build_is_refused(feed):
    feed.write_sync()
    feed.build({"e1": Visit("ann"), "e2": Visit("bob")})
    feed.project.stop_addresses("email:ann@example.com")
    plan = feed.project.plan()["syncs"][0]
    assert (plan["adds"], plan["held_back"]) == (1, {"withdrawn": 1})
    with connect(feed.project.settings, writer="marts") as db:
        db.execute("drop table marts.address_withdrawals")
    refused = feed.project.push()["syncs"][0]
    assert refused["outcome"] == "refused" and "FL206" in refused["error"]
    feed.project.stop_addresses("email:ann@example.com")
    assert feed.project.push()["syncs"][0]["accepted"] == 1
