"""Tables that a room declares are made once, kept, and brought up to a later version, on both engines alike."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.settings import Settings, load_settings
from core.tables import Table, ensure
from core.warehouse import connect

EARLIER = Table("identity.pairs", pa.schema({"id": "string", "survivor": "string"}))
LATER = Table(
    "identity.pairs",
    pa.schema({
        "id": "string", "survivor": "string", "next": "string", "note": "string", "rows": "int64", "share": "float64",
        "kept": "bool", "day": "date32", "at": "timestamp[us]", "digest": pa.uuid(), "quick": "uint64",
    }),
    backfill={"next": "survivor"},
)  # fmt: skip


@pytest.fixture(params=["duckdb", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    engine: dict[str, Any] = {"engine": request.param}
    if request.param == "postgres":
        engine["url"] = request.getfixturevalue("postgres")
    settings = load_settings(home=tmp_path, warehouse=engine)
    with connect(settings, writer="identity") as db:
        db.execute("drop table if exists identity.pairs")
    return settings


def test_a_table_is_made_empty_and_keeps_what_comes_to_stand_in_it(settings: Settings) -> None:
    with connect(settings, writer="identity") as db:
        ensure(db, EARLIER)
        db.execute("insert into identity.pairs values ('a', 'b')")
        ensure(db, EARLIER)
        assert db.query("select * from identity.pairs").to_pylist() == [{"id": "a", "survivor": "b"}]


def test_an_earlier_versions_table_gets_the_new_columns_filled_where_that_is_said(settings: Settings) -> None:
    with connect(settings, writer="identity") as db:
        ensure(db, EARLIER)
        db.execute("insert into identity.pairs values ('a', 'b')")
        ensure(db, LATER)
        ensure(db, LATER)
        row = db.query("select * from identity.pairs").to_pylist()[0]
        assert list(row) == LATER.columns.names
        assert row == dict.fromkeys(LATER.columns.names) | {"id": "a", "survivor": "b", "next": "b"}


def test_a_column_has_the_same_type_however_it_came_into_the_table(settings: Settings) -> None:
    with connect(settings, writer="identity") as db:
        ensure(db, LATER)
        columns = db.columns("identity.pairs")
        db.execute("drop table identity.pairs")
        ensure(db, EARLIER)
        ensure(db, LATER)
        assert db.columns("identity.pairs") == columns
        assert columns["quick"] == db.row_hash_type and columns["digest"] == "uuid"


def test_a_column_that_has_another_name_by_now_keeps_what_stands_in_it(settings: Settings) -> None:
    renamed = Table("identity.pairs", pa.schema({"key": "string", "survivor": "string"}), renamed={"key": "id"})
    with connect(settings, writer="identity") as db:
        ensure(db, EARLIER)
        db.execute("insert into identity.pairs values ('a', 'b')")
        ensure(db, renamed)
        ensure(db, renamed)
        assert db.query("select * from identity.pairs").to_pylist() == [{"key": "a", "survivor": "b"}]
