"""Identity against a warehouse: written whole or not at all, the same day twice the same."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from core.settings import Settings, load_settings
from core.warehouse import connect
from people import jobs, tables
from people.cleansing.tables import CLEANED
from people.traits import TRAITS

DAY = date(2026, 6, 1)


@pytest.fixture
def project(tmp_path: Path) -> Settings:
    return load_settings(root=tmp_path, home=tmp_path / "home")


def test_ensure_makes_every_table_that_dbt_reads_and_keeps_what_is_in_them(project: Settings, dump):
    jobs.ensure(project)
    with connect(project, writer="identity") as db:
        assert all(db.exists(table.name) for table in tables.IDENTITY)
        db.execute("insert into identity.issued (person_id) values ('p_1')")
    before = dump(project, "identity.issued")
    jobs.ensure(project)
    assert dump(project, "identity.issued") == before and before


def test_resolve_writes_identity_and_the_same_day_twice_changes_nothing(project: Settings, dump):
    identifiers = pa.table({
        "record_id": ["1", "1", "2"], "identifier": ["email:a", "phone:1", "phone:1"],
        "kind": ["email", "phone", "phone"],
        "first_seen_day": [DAY] * 3})  # fmt: skip
    with connect(project, writer="intermediate") as db:
        db.load("intermediate.int_people__identifiers", identifiers, "create")
    first = jobs.resolve(project, DAY)
    assert {k: first[k] for k in ("day", "ok", "records", "people", "merged", "split")} == {
        "day": "2026-06-01",
        "ok": True,
        "records": 2,
        "people": 1,
        "merged": 0,
        "split": 0,
    }
    state = [dump(project, table) for table in ("identity.people", "identity.person_identifiers", "identity.issued")]
    jobs.resolve(project, DAY)
    assert [
        dump(project, table) for table in ("identity.people", "identity.person_identifiers", "identity.issued")
    ] == state


def test_a_resolve_that_dies_while_writing_leaves_yesterdays_identity(project: Settings, dump, monkeypatch):
    identifiers = pa.table({"record_id": ["1"], "identifier": ["email:a"], "kind": ["email"], "first_seen_day": [DAY]})
    with connect(project, writer="intermediate") as db:
        db.load("intermediate.int_people__identifiers", identifiers, "create")
    jobs.resolve(project, DAY)
    before = dump(project, "identity.people")
    with connect(project, writer="intermediate") as db:
        db.execute("update intermediate.int_people__identifiers set identifier = 'email:b'")
    load = type(db).load

    def die(self, table, *rest):  # type: ignore[no-untyped-def]
        if table == "identity.links":
            raise KeyboardInterrupt
        return load(self, table, *rest)

    monkeypatch.setattr(type(db), "load", die)
    monkeypatch.setattr(jobs, "ensure", lambda settings: None)
    with pytest.raises(KeyboardInterrupt):
        jobs.resolve(project, DAY + timedelta(days=1))
    assert dump(project, "identity.people") == before


def test_names_are_compared_as_they_were_cleaned(project: Settings):
    """A company's name in a person's name, and a placeholder, contradict nobody at the same address."""
    identifiers = pa.table({
        "record_id": ["ann", "firm", "test"], "identifier": ["email:a"] * 3, "kind": ["email"] * 3,
        "first_seen_day": [DAY] * 3})  # fmt: skip
    stated = [{"record_id": "ann", "first_name": "Ann", "last_name": "Smith"},
              {"record_id": "firm", "first_name": "Acme", "last_name": "Ltd"},
              {"record_id": "test", "first_name": "Test", "last_name": None}]  # fmt: skip
    cleaned = [row | {"first_name": None, "last_name": None} for row in stated[1:]]
    schema = pa.schema({"full_name": "string", "company": "string"} | {f.name: f.type for f in TRAITS})
    with connect(project, writer="intermediate") as db:
        db.load("intermediate.int_people__identifiers", identifiers, "create")
        db.load("intermediate.int_people__records", pa.Table.from_pylist(stated, schema=schema), "create")
    assert jobs.resolve(project, DAY)["people"] == 3
    with connect(project, writer="identity") as db:
        db.load("identity.cleaned_records", pa.Table.from_pylist(cleaned, schema=CLEANED), "replace")
        full = db.query(f"select record_id, full_name from ({tables.compared_records(db)}) as r").to_pylist()
    assert {row["record_id"]: row["full_name"] for row in full} == {"ann": None, "firm": None, "test": None}
    assert jobs.resolve(project, DAY)["people"] == 1
