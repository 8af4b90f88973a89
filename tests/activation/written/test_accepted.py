"""What was accepted is a range until the ledger takes its rows in: in one statement, and after a kill all the same."""

import pyarrow as pa
import pytest

from activation import jobs, under_way
from activation.delivery import outgoing, tally
from activation.delivery.tally import Tally
from activation.delivery.windows import Windows
from activation.ledger import accepted, delivered
from activation.ledger.tables import is_current
from activation.planning import additions
from activation.sync import load_syncs
from core.warehouse import connect

NAME = "loyal__webhook"
PEOPLE = {f"p{i}": (f"p{i}@example.com", f"First-{i}", i / 4) for i in range(9)}


class Killed(BaseException):
    pass


@pytest.fixture
def cut_off(hooked, receiver, monkeypatch):
    """A push of nine people that was killed when all were accepted, and before the ledger had taken any of them in."""

    def dies(tally, db, first, ended):
        if ended:
            raise Killed

    hooked.build(PEOPLE)
    with monkeypatch.context() as patch:
        patch.setattr(Tally, "fold", dies)
        with pytest.raises(Killed):
            hooked.push()
    return hooked


@pytest.mark.parametrize("writes", [jobs.register, under_way.collect])
def test_a_killed_push_is_taken_in_by_whatever_writes_next_and_nobody_is_sent_again(cut_off, receiver, writes):
    noted = cut_off.query("select * from activation.accepted")
    assert noted and not cut_off.ledger(NAME), "it was cut off with everything still to take in"
    writes(cut_off.settings)
    ledger = cut_off.ledger(NAME)
    assert {key for key, row in ledger.items() if row["status"] == "delivered"} == receiver.people.keys() == set(ledger)
    assert not cut_off.query("select * from activation.accepted")
    newest = max(row["accepted_at"] for row in noted)
    assert {row["updated_at"] for row in ledger.values()} == {newest}, "that is when they were, and not when we looked"
    before = len(receiver.requests)
    assert cut_off.push()["syncs"][0]["outcome"] == "done" and receiver.people.keys() == PEOPLE.keys()
    again = [c["key"] for r in receiver.requests[before:] for c in r["changes"]]
    assert not set(again) & set(ledger), "who was taken in is not sent again"


def test_a_ledger_of_an_earlier_version_is_asked_for_jobs_all_the_same(hooked):
    hooked.build(PEOPLE)
    hooked.push()
    with connect(hooked.settings, writer="activation") as db:
        db.execute("drop table activation.accepted")
        assert not is_current(db), "who only reads asks for a build"
    assert under_way.collect(hooked.settings)["ok"]


def test_whoever_plans_meanwhile_counts_them_as_there(cut_off):
    with connect(cut_off.settings) as db:
        noted = cut_off.query("select sum(last_position - first_position + 1) as n from activation.accepted")[0]["n"]
        assert delivered.delivered_count(db, NAME) >= noted > 0


def test_where_the_rows_are_gone_they_are_in_doubt_and_sent_again(cut_off, receiver):
    with connect(cut_off.settings, writer="activation") as db:
        db.execute(f"drop table {outgoing.table(NAME)}")
    before = len(receiver.requests)
    pushed = cut_off.push()["syncs"][0]
    assert (pushed["outcome"], pushed["accepted"]) == ("done", len(PEOPLE))
    assert cut_off.ledger(NAME).keys() == PEOPLE.keys() and len(receiver.requests) > before


def test_each_row_has_the_key_of_the_batch_in_which_it_went_out(hooked, receiver, monkeypatch):
    """Refused, doubted and skipped rows between them; taken in at each turn, and all at the end."""
    monkeypatch.setattr(Windows, "_window_rows", lambda windows: 4)
    for seconds in (0.0, 60.0):
        monkeypatch.setattr(tally, "FOLD_SECONDS", seconds)
        with connect(hooked.settings, writer="activation") as db:
            for table in ("delivered", "changelog", "runs") if db.exists("activation.runs") else ():
                db.execute(f"delete from activation.{table}")
        receiver.people, receiver.poison, start = {}, {"p4"}, len(receiver.requests)
        hooked.build(PEOPLE)
        hooked.push(overrides={"unknown_run": "a test", "unknown_denominator": "a test"})
        keys = {
            change["key"]: request["idempotency_key"].partition("~")[0]
            for request in receiver.requests[start:] for change in request["changes"]
        }  # fmt: skip
        assert {key: row["idempotency_key"] for key, row in hooked.ledger(NAME).items()} == keys
        assert [r["record_key"] for r in hooked.query("select record_key from activation.dead_letters")] == ["p4"]
        assert not hooked.query("select * from activation.pending"), "nothing is out, and the list is needed no more"


def test_many_batches_are_told_apart_by_few_comparisons(hooked):
    spans = [{"first_position": 3 * i, "last_position": 3 * i + 1, "idempotency_key": f"k{i}"} for i in range(1, 400)]
    with connect(hooked.settings) as db, db.given("rows", pa.table({"position": pa.array(range(1_300), pa.int64())})):
        rows = db.query(f"select position, {accepted._key_of(spans)} as k from rows order by position").to_pylist()
    expected = {3 * i + j: f"k{i}" for i in range(1, 400) for j in (0, 1)}
    assert {row["position"]: row["k"] for row in rows} == {p: expected.get(p) for p in range(1_300)}


@pytest.mark.parametrize("mode", ["mirror", "append", "upsert"])
def test_of_nobody_delivered_the_short_way_says_what_the_long_one_does(hooked, mode):
    hooked.write_sync("webhook", mode=mode)
    hooked.build(PEOPLE, excluded={"p1": "holdout"}, withdrawn={"p2"})
    with connect(hooked.settings, writer="marts") as db:
        db.execute("delete from marts.profiles where person_id = 'p4'")
    said = []
    with connect(hooked.settings, writer="activation") as db:
        (sync,) = load_syncs(hooked.settings).values()
        assert additions.nobody_is_there(db, NAME)
        for first in (True, False):
            sql = additions.changes(db, sync, first, "", False, True, True)
            said.append(db.query(f"select * from ({sql}) as c order by record_key", [NAME]).to_pylist())
    assert said[0] == said[1] and {row["record_key"] for row in said[0]} == {"p0", "p3", "p5", "p6", "p7", "p8"}
