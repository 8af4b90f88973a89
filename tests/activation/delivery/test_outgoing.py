"""What goes out is settled when a run begins, kept while it runs, and written down alike for everybody."""

import uuid
from itertools import product

import pyarrow as pa
import pytest

from activation import jobs
from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED
from activation.delivery.payload import EXITED, UNKNOWN
from activation.delivery.windows import Windows
from activation.ledger import delivered
from activation.ledger.tables import create_tables
from activation.push import Push
from core.warehouse import connect, hold

NAME = "loyal__dummy"
PEOPLE = {f"p{i:02}": (f"p{i}@example.com", "P", float(i)) for i in range(12)}
SPARE = "select table_name from information_schema.tables where table_name like 'outgoing%'"


def answers() -> pa.Table:
    """Each combination that `answers.of` may give for a person not in the ledger, and some that it may not."""
    hashes = (None, str(uuid.UUID(int=7)), UNKNOWN, EXITED)
    statuses = ("delivered", "removed", REJECTED, IN_DOUBT, SKIPPED, ACCEPTED)
    cases = list(product(statuses, hashes, (True, False), (None, '{"email":"a"}'), (None, '{"email":"a","n":1}')))
    columns = dict(
        zip(("status", "delivered_hash", "keeps", "address", "payload"), zip(*cases, strict=True), strict=True)
    )
    count = len(cases)
    return pa.table({
        "record_key": [f"p{i}" for i in range(count)], **{name: list(values) for name, values in columns.items()},
        "op": ["add"] * count, "reason": ["entered"] * count,
        "error": pa.array(["why", None] * (count // 2), pa.string()),
        "fields": pa.nulls(count, pa.string()), "stood": pa.nulls(count, pa.string()),
        "payload_hash": [str(uuid.UUID(int=7))] * count, "idempotency_key": ["k"] * count,
        "quick_hash": pa.array([None if case[1] == UNKNOWN else 5 for case in cases], pa.uint64()),
        "remote_id": pa.array(["r", None] * (count // 2), pa.string()),
    })  # fmt: skip


def test_people_new_to_the_ledger_are_written_as_they_would_be_beside_others(dummy):
    dummy.build(PEOPLE)
    columns = f"{delivered.COLUMNS.replace('updated_at, ', '')}"
    written = []
    for first in (True, False):
        with connect(dummy.settings, writer="activation") as db:
            create_tables(db)
            db.execute("delete from activation.delivered")
            delivered.record(db, NAME, "run", answers(), ["k"], first)
            written.append(db.query(f"select {columns} from activation.delivered order by record_key").to_pylist())
    assert written[0] == written[1] and len(written[0]) == len(answers())
    assert len({str(row) for row in written[0]}) > 50, "the cases differ in more than their key"


def test_a_profile_changed_in_mid_run_waits_for_the_next_and_a_deleted_one_is_not_sent(dummy, helpers, monkeypatch):
    dummy.build(PEOPLE)
    real, seen = Windows._claim, []

    def claim(windows, start, end):
        seen.append(start)
        if len(seen) == 2:
            with connect(dummy.settings, writer="marts") as db:
                db.execute("update marts.profiles set email = 'new-' || email")
                db.execute("delete from marts.profiles where person_id = 'p11'")
        return real(windows, start, end)

    monkeypatch.setattr(Windows, "_claim", claim)
    monkeypatch.setattr(Windows, "_window_rows", lambda windows: 4)
    first = dummy.push()["syncs"][0]
    assert (first["accepted"], first["skipped"], len(seen)) == (11, 1, 3)
    old = {k: p[0] for k, p in PEOPLE.items() if k != "p11"}
    assert {k: row["email"] for k, row in helpers.told(dummy)["people"].items()} == old
    monkeypatch.undo()
    assert dummy.push()["syncs"][0]["accepted"] == 11
    assert {k: row["email"] for k, row in helpers.told(dummy)["people"].items()} == {
        k: f"new-{v}" for k, v in old.items()
    }


@pytest.fixture
def cut_off(dummy, monkeypatch):
    """A push that ended as if it had been killed after it had begun."""
    dummy.build(PEOPLE)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Push, "_send", killed)
        dummy.push()
    assert len(dummy.query(SPARE)) == 1
    return dummy


def test_the_rows_of_a_run_are_gone_when_it_ends_and_those_of_a_killed_one_when_the_next_begins(cut_off):
    assert cut_off.push()["syncs"][0]["accepted"] == 12
    assert cut_off.query(SPARE) == []


def test_the_next_night_drops_what_a_killed_push_has_left_whatever_became_of_its_sync(cut_off):
    (cut_off.settings.root / f"activation/syncs/{NAME}.yml").unlink()
    with hold(cut_off.settings, f"push.{NAME}"):
        jobs.register(cut_off.settings)
        assert len(cut_off.query(SPARE)) == 1, "another push is at it"
    jobs.register(cut_off.settings)
    assert cut_off.query(SPARE) == []
