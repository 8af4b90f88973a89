"""What the engine writes goes out as what Arrow would write, and the ledger has of it what it has of any row."""

import json
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from activation import jobs
from activation.delivery.payload import plain
from activation.delivery.windows import Windows
from activation.vendor.json_rows import json_rows
from activation.written import pieces
from core.warehouse import connect

NAME = "loyal__webhook"
PEOPLE = {f"p{i}": (f"p{i}@example.com", f"First-{i}", i / 4) for i in range(9)}
AMOUNT, MOMENT = pa.decimal128(15, 2), pa.timestamp("us")
HOSTILE = {
    "text": ['a"b\\c', "\x00\x1f\x7f\n", "é\u2028😀", "", None, "{}", "'"],
    "double": pa.array([22.9, 1e20, 1e-7, float("nan"), float("inf"), None, 100.0], pa.float64()),
    "single": pa.array([0.1, 1e30, -0.0, float("nan"), 2.5, None, 3.0], pa.float32()),
    "whole": pa.array([2**53 + 1, -1, 0, None, 1, 2, 3], pa.int64()),
    "small": pa.array([1, -1, 0, None, 1, 2, 3], pa.int8()),
    "truth": pa.array([True, False, None, True, True, True, False]),
    "day": pa.array([date(2026, 2, 28), date(1, 1, 1), date(9999, 12, 31), None] * 2, pa.date32())[:7],
    "moment": pa.array([datetime(2026, 2, 28, 1, 2, 3, 999_999), None] * 3 + [datetime(1970, 1, 1)], MOMENT),
    "amount": pa.array([None, *map(Decimal, ("22.90", "-0.01", "1234567890123.45", "0", "7", "8.01"))], AMOUNT),
    'odd "name"\'s': ["x"] * 7,
}  # fmt: skip


@pytest.fixture
def rows_of_all_types(project):
    with connect(project.settings, writer="marts") as db:
        db.load("marts.odd", pa.table(HOSTILE), mode="create")
    return project


def test_the_engine_writes_every_value_as_arrow_does(rows_of_all_types):
    with connect(rows_of_all_types.settings) as db:
        types, quoted = db.columns("marts.odd"), {name: f'p."{name.replace(chr(34), chr(34) * 2)}"' for name in HOSTILE}
        sql = db.json_object({name: (quoted[name], types[name]) for name in HOSTILE})
        written = db.query(f"select {sql} as text from marts.odd as p")["text"].to_pylist()
        rows = plain(db.query("select * from marts.odd"))
    by_arrow = json_rows(rows).to_pylist()
    assert [json.loads(text) for text in written] == [json.loads(text) for text in by_arrow]


@pytest.mark.parametrize("kind", ["decimal(38,2)", "hugeint", "timestamp with time zone", "blob", "integer[]", ""])
def test_a_type_of_which_that_is_not_certain_goes_row_by_row(project, kind):
    with connect(project.settings, writer="marts") as db:
        assert db.json_object({"field": ("p.field", kind)}) is None


def ledger_and_log(project):
    other = {"run_id", "idempotency_key", "updated_at", "logged_at"}
    tables = (
        "select * from activation.delivered order by record_key",
        "select * from activation.changelog order by record_key, logged_at",
    )
    rows = [[{k: v for k, v in row.items() if k not in other} for row in project.query(sql)] for sql in tables]
    return [[r | {"payload": r.get("payload") and json.loads(r["payload"])} for r in table] for table in rows]


def test_the_ledger_has_of_written_rows_what_it_has_of_any(hooked, receiver, monkeypatch):
    """Additions, changes, removals, refusals, people who were refused before: the same both ways."""
    left = []
    for by_row in (False, True):
        if by_row:
            monkeypatch.setattr("activation.push.payload_of", lambda db, route: None)
        with connect(hooked.settings, writer="activation") as db:
            for table in ("delivered", "changelog", "runs") if db.exists("activation.runs") else ():
                db.execute(f"delete from activation.{table}")
        receiver.people, receiver.poison = {}, {"p3"}
        hooked.build({k: v for k, v in PEOPLE.items() if k < "p5"}, profiles=PEOPLE)
        hooked.push(overrides={"unknown_run": "a test", "unknown_denominator": "a test"})
        receiver.poison = {"p7"}
        hooked.build(
            {k: (v[0], "New", v[2]) if k == "p1" else v for k, v in PEOPLE.items() if k != "p0"}, profiles=PEOPLE
        )
        pushed = hooked.push()["syncs"][0]
        assert (pushed["attempted"], pushed["accepted"], pushed["rejected"]) == (7, 6, 1)
        left.append((ledger_and_log(hooked), dict(receiver.people)))
    assert left[0] == left[1]
    assert left[0][1].keys() == PEOPLE.keys() - {"p0", "p7"}


def test_additions_are_written_by_the_engine_and_their_columns_are_never_read(hooked, receiver, monkeypatch):
    monkeypatch.setattr(pieces, "_by_row", lambda *_, **__: pytest.fail("nothing had to be read row by row"))
    hooked.build(PEOPLE)
    assert hooked.push()["syncs"][0]["accepted"] == len(PEOPLE)
    assert receiver.people == {k: {"email": v[0], "first_name": v[1], "value": v[2]} for k, v in PEOPLE.items()}


def test_who_withdraws_or_is_gone_before_a_window_is_sent_is_left_out(hooked, receiver, monkeypatch):
    hooked.build(PEOPLE)
    real, starts = Windows._claim, []

    def claim(windows, start, end):
        starts.append(start)
        if len(starts) == 2:
            hooked.withdraw({"p7"})
            with connect(hooked.settings, writer="marts") as db:
                db.execute("delete from marts.profiles where person_id = 'p8'")
        return real(windows, start, end)

    monkeypatch.setattr(Windows, "_claim", claim)
    monkeypatch.setattr(Windows, "_window_rows", lambda windows: 2)
    pushed = hooked.push()["syncs"][0]
    sent = [c["key"] for r in receiver.requests for c in r["changes"]]
    assert len(starts) == 5 and sorted(sent) == sorted(PEOPLE.keys() - {"p7", "p8"})
    assert (pushed["accepted"], pushed["skipped"]) == (7, 2)
    assert hooked.ledger(NAME).keys() == set(sent)


def test_a_batch_that_is_refused_whole_is_read_row_by_row_and_cut(hooked, receiver):
    def refusing(state, content):
        return (422, {}, b"no") if any(c["key"] == "p4" for c in content["changes"]) else state.act(content["changes"])

    hooked.write_sync("webhook", options="{batch_size: 8}")
    hooked.build(PEOPLE)
    receiver.script = [refusing] * 40
    pushed = hooked.push()["syncs"][0]
    assert (pushed["accepted"], pushed["rejected"]) == (8, 1)
    assert receiver.people.keys() == PEOPLE.keys() - {"p4"}
    assert hooked.query("select record_key from activation.dead_letters") == [{"record_key": "p4"}]
    assert not jobs.push(hooked.settings, hooked.day)["syncs"][0]["accepted"]
