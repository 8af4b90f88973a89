"""The same raw rows give the same marts on PostgreSQL, row for row: engine-neutral SQL as a fact."""

from decimal import Decimal
from typing import Any

import pytest

from core.column_lineage.graph import load_graph

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def twin(postgres, new_house, land_everything):
    """The small shop on PostgreSQL, the same rows, the same nights."""
    house = new_house(warehouse={"engine": "postgres", "url": postgres})
    land_everything(house)
    return house


def plain(value: Any) -> Any:
    """One value as both engines would have it: scale of decimals and kinds of integers aside."""
    if isinstance(value, Decimal):
        value = value.quantize(Decimal("0.01"))
        return int(value) if value == int(value) else value
    return round(value, 6) if isinstance(value, float) else value  # the last digits of a mean are its engine's own


def contents(house, table: str) -> list[str]:
    """A digest of a slice is its engine's own."""
    rows = house.rows(f"select * from {table}")
    return sorted(str(sorted((k, plain(v)) for k, v in row.items() if k != "_slice_content")) for row in rows)


def tables(house) -> list[str]:
    return [r["name"] for r in house.rows(
        "select table_schema || '.' || table_name as name from information_schema.tables "
        "where table_schema in ('marts', 'intermediate') order by 1")]  # fmt: skip


def test_every_mart_and_intermediate_holds_the_same_rows_on_both_engines(shop, twin):
    assert tables(twin) == tables(shop) and "marts.profiles" in tables(shop)
    different = {
        t: (contents(shop, t), contents(twin, t)) for t in tables(shop) if contents(shop, t) != contents(twin, t)
    }
    detail = {t: list(set(a) ^ set(b))[:4] for t, (a, b) in different.items()}
    assert not different, detail


def test_the_incremental_tables_are_rebuilt_by_slice_on_postgresql_too(twin):
    before = contents(twin, "intermediate.int_events__distinct")
    twin.build(
        max(r["_day"] for r in twin.rows("select max(_day) as _day from raw.segment_events__events")), "identity"
    )
    assert contents(twin, "intermediate.int_events__distinct") == before and before


def test_columns_come_from_the_same_columns_on_both_engines(shop, twin):
    ours, theirs = load_graph(shop.settings), load_graph(twin.settings)
    assert (
        not [(m.name, m.fault) for m in theirs.models.values() if m.fault]
        and ours.models.keys() == theirs.models.keys()
    )
    for table, model in theirs.models.items():
        assert list(model.statement.columns) == theirs.tables[table], table
        values = [
            {name: {o[:2] for o in origins if o.kind != "choice"} for name, origins in one.statement.columns.items()}
            for one in (ours.models[table], model)
        ]
        assert values[0] == values[1], table
