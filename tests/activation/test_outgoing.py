"""What goes out in a run is settled when it begins, kept while it runs, and written down alike whoever stood there before."""

import uuid
from itertools import product

import pyarrow as pa
import pytest

from activation import ledger
from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED
from activation.payload import EXITED, UNKNOWN
from activation.push import Push
from core.warehouse import connect

NAME = "loyal__dummy"
PEOPLE = {f"p{i:02}": (f"p{i}@example.com", "P", float(i)) for i in range(12)}
SPARE = "select table_name from information_schema.tables where table_name like 'outgoing%'"


def answers() -> pa.Table:
    """Each combination that `answers.of` may give for a person who does not stand in the ledger, and some that it may not."""
    hashes = (None, str(uuid.UUID(int=7)), UNKNOWN, EXITED)
    statuses = ("delivered", "removed", REJECTED, IN_DOUBT, SKIPPED, ACCEPTED)
    cases = list(product(statuses, hashes, (True, False), (None, '{"email":"a"}'), (None, '{"email":"a","n":1}')))
    columns = dict(
        zip(("status", "delivered_hash", "keeps", "address", "payload"), zip(*cases, strict=True), strict=True)
    )
    count = len(cases)
    return pa.table({
        "person_id": [f"p{i}" for i in range(count)], **{name: list(values) for name, values in columns.items()},
        "op": ["add"] * count, "reason": ["entered"] * count, "error": pa.array(["why", None] * (count // 2), pa.string()),
        "fields": pa.nulls(count, pa.string()), "payload_hash": [str(uuid.UUID(int=7))] * count, "idempotency_key": ["k"] * count,
        "quick_hash": pa.array([5] * count, pa.uint64()), "remote_id": pa.array(["r", None] * (count // 2), pa.string()),
    })  # fmt: skip


def test_people_new_to_the_ledger_are_written_as_they_would_be_beside_others(dummy):
    dummy.build(PEOPLE)
    columns = f"{ledger.COLUMNS.replace('updated_at, ', '')}"
    written = []
    for first in (True, False):
        with connect(dummy.settings, writer="activation") as db:
            ledger.create_tables(db)
            db.execute("delete from activation.delivered")
            ledger.record(db, NAME, "run", answers(), ["k"], first)
            written.append(db.query(f"select {columns} from activation.delivered order by person_id").to_pylist())
    assert written[0] == written[1] and len(written[0]) == len(answers())
    assert len({str(row) for row in written[0]}) > 50, "the cases differ in more than their key"


def test_a_profile_rebuilt_in_mid_run_changes_the_next_run_and_not_this_one(dummy, helpers, monkeypatch):
    dummy.build(PEOPLE)
    real, seen = Push._claim, []

    def claim(push, start, end):
        seen.append(start)
        if len(seen) == 2:
            with connect(dummy.settings, writer="marts") as db:
                db.execute("update marts.profiles set email = 'new-' || email")
                db.execute("delete from marts.profiles where person_id = 'p11'")
        return real(push, start, end)

    monkeypatch.setattr(Push, "_claim", claim)
    monkeypatch.setattr(Push, "_window_rows", lambda push: 4)
    assert dummy.push()["syncs"][0]["accepted"] == 12 and len(seen) == 3
    assert {row["email"] for row in helpers.told(dummy)["people"].values()} == {p[0] for p in PEOPLE.values()}
    monkeypatch.undo()
    assert dummy.push(overrides={"max_change_share": "seen"})["syncs"][0]["accepted"] == 12
    there = helpers.told(dummy)["people"]
    assert {row["email"] for row in there.values()} == {f"new-{p[0]}" for k, p in PEOPLE.items() if k != "p11"}


def test_the_rows_of_a_run_are_gone_when_it_ends_and_those_of_a_killed_one_when_the_next_begins(dummy, monkeypatch):
    dummy.build(PEOPLE)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Push, "_send", killed)
    with pytest.raises(KeyboardInterrupt):
        dummy.push()
    assert len(dummy.query(SPARE)) == 1
    monkeypatch.undo()
    assert dummy.push()["syncs"][0]["accepted"] == 12
    assert dummy.query(SPARE) == []
