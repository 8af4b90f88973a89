"""A wrong mapping shows before anybody is written to: `check` over a small shop whose staging is right, then wrong."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from core.errors import ConfigError
from core.settings import Settings, load_settings
from core.warehouse import connect
from insight.reconciliation.check import check
from insight.reconciliation.doubts_of_rows import of_joins
from insight.reconciliation.scope import RawTable

DAY, AT = date(2026, 3, 2), datetime(2026, 3, 2, 4)
ORDERS_SQL = """-- total as revenue: only a comment
with orders as (
    {{ newest_version(source('raw', 'shop__orders'), ['id']) }}
)

select
    {{ native_key('shop', 'id') }} as order_key,
    {{ id_ref('shop', 'customer') }} as person_ref,
    placed_at as ordered_at,
    'completed' as status,
    {{ money('total') }} as revenue
from orders
"""
TYPES = {
    "id": "text", "customer": "text", "placed_at": "timestamp", "total": "number", "freight": "number",
    "order_status": "text",
}  # fmt: skip
TABLES = [RawTable("shop", "orders", TYPES, ["id"]), RawTable("shop", "customers", {"id": "text"}, ["id"])]
World = Callable[..., dict[str, Any]]


def orders(count: int = 12) -> list[dict[str, Any]]:
    """Order 0 came twice: its first version has another total."""
    rows = [
        {"id": f"o{n}", "customer": f"c{n % 6}", "placed_at": datetime(2026, 1 + n % 2, 5), "total": 10.0 + n,
         "freight": 2.0, "order_status": "paid" if n % 3 else "void", "_pulled_at": AT, "_row_key": f"r{n}"}
        for n in range(count)
    ]  # fmt: skip
    older = rows[0] | {"total": 99.0, "_row_key": "older", "_pulled_at": datetime(2026, 3, 1, 4), "_line": 9}
    return [{"_day": DAY, "_origin": "o.csv", "_line": 1, "_source": "shop"} | row for row in [*rows, older]]


def staged_orders(**changed: Any) -> list[dict[str, Any]]:
    right = [
        {"order_key": f"shop:{row['id']}", "person_ref": f"id:shop:{row['customer']}", "ordered_at": row["placed_at"],
         "status": "completed", "is_return": False, "currency": "EUR", "revenue": row["total"]}
        for row in orders()[:-1]
    ]  # fmt: skip
    return [row | {name: value(row) if callable(value) else value for name, value in changed.items()} for row in right]


def people(count: int = 12) -> list[dict[str, Any]]:
    return [
        {"record_id": f"shop:c{n}", "person_ref": f"id:shop:c{n}", "email": f"c{n}@example.com", "phone": None}
        for n in range(count)
    ]


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """world(orders=…, people=…, person_of=…): the object of a check over staging as given."""
    warehouse = {"engine": request.param}
    if request.param == "postgres":
        warehouse["url"] = request.getfixturevalue("postgres")
    folder = tmp_path / "dbt_project/models/staging/shop"
    folder.mkdir(parents=True)
    (folder / "stg_shop__orders.sql").write_text(ORDERS_SQL)
    (folder / "stg_shop__people.sql").write_text("select id as person_ref from {{ source('raw', 'shop__customers') }}")
    marts = tmp_path / "dbt_project/models/marts/customers"
    marts.mkdir(parents=True)
    accepted = {"accepted_values": {"arguments": {"values": ["completed", "cancelled"]}}}
    columns = [{"name": "status", "data_tests": [accepted]}]
    (marts / "_all.yml").write_text(json.dumps({"models": [{"name": "orders", "columns": columns}]}))
    settings = load_settings(root=tmp_path, home=tmp_path / "home", warehouse=warehouse)

    def make(**given: Any) -> dict[str, Any]:
        write(settings, **given)
        return check(settings, "shop", given.get("declared", TABLES))

    return make


def write(settings: Settings, **given: Any) -> None:
    records, staged = given.get("people", people()), given.get("orders", staged_orders())
    person_of = given.get("person_of", lambda ref: f"p_{ref}")
    refs = {r["person_ref"] for r in records if r["person_ref"]} | given.get("refs", set())
    refs |= {o["person_ref"] for o in staged if o["person_ref"]} if given.get("orders_make_people", True) else set()
    matched = [{"record_id": r["record_id"], "person_id": person_of(r["person_ref"])} for r in records]
    pulls = {"source": "shop", "table_name": "orders", "file": "o.csv", "rows_in": 13, "rows_landed": 13,
             "rows_rejected": 1 if given.get("refused") == "still" else 0, "day": DAY}  # fmt: skip
    reject = {
        "reject_id": "bad",
        "source": "shop",
        "table_name": "orders",
        "column_name": "total",
        "reason": "not a number",
    }
    allowed = {"channel": "email", "purpose": "marketing", "reason": given.get("reason", "no_consent")}
    place = {"_source": "shop", "_day": DAY}
    tables = {
        "raw.shop__orders": given.get("raw", orders()),
        "raw.shop__customers": [{"id": r["record_id"], "_day": DAY, "_pulled_at": AT, "_line": 1, "_row_key": "r",
                                 "_origin": "c.csv"} for r in records],
        "raw.pulls": [pulls | {"pulled_at": given.get("pulled_at", AT)}],
        "raw.rejects": [reject] if given.get("refused") else [reject | {"source": "other"}],
        "staging.stg_shop__orders": staged,
        "staging.stg_shop__people": records,
        "intermediate.int_orders__unioned": [row | place for row in staged],
        "intermediate.int_people__unioned": [row | place for row in records],
        "intermediate.int_people__matched": matched,
        "identity.person_identifiers": [{"identifier": ref, "person_id": person_of(ref)} for ref in sorted(refs)],
        "marts.contactability": [m | allowed for m in matched],
        "ops.runs": [{"step": "build", "day": DAY, "outcome": "ok", "finished_at": datetime(2026, 3, 2, 5)}],
    }  # fmt: skip
    tables |= given.get("more", {})
    with connect(settings, writer="raw") as db:  # an earlier test's
        db.execute("drop table if exists raw.shop__orders__refused")
    text = {"person_ref", "phone", "currency", "email", "status", "revenue"}
    for table, rows in tables.items():
        data = pa.Table.from_pylist(rows)
        kinds = [
            pa.float64() if f.name == "revenue" else pa.string() if f.name in text else f.type for f in data.schema
        ]
        data = data.cast(pa.schema([pa.field(f.name, kind) for f, kind in zip(data.schema, kinds, strict=True)]))
        with connect(settings, writer=table.partition(".")[0]) as db:
            db.execute(f"drop table if exists {table}")
            db.load(table, data, mode="create")


def weights(answer: dict[str, Any]) -> dict[str, str]:
    """Of each subject the heaviest."""
    return {doubt["about"]: doubt["weight"] for doubt in reversed(answer["doubts"])}


def doubt(answer: dict[str, Any], about: str) -> dict[str, Any]:
    return next(d for d in answer["doubts"] if d["about"] == about)


def test_a_right_mapping_adds_up_to_the_sources_own_sums(world: World) -> None:
    answer = world()
    assert answer["ok"]
    assert [(r["month"], r["orders"], r["source"], r["staged"]) for r in answer["revenue"]] == [
        ("2026-01", 6, 90.0, 90.0), ("2026-02", 6, 96.0, 96.0),
    ]  # fmt: skip
    table = answer["tables"][0]
    assert (table["source_rows"], table["raw"], table["living"], table["staging"]["stg_shop__orders"]) == (
        13, 13, 12, 12,
    )  # fmt: skip
    assert {(j["to"], j["share"]) for j in answer["joins"]} == {("person", 1.0), ("people", 1.0)}
    assert answer["people"]["records_a_person"] == 1.0


def test_each_entry_of_the_contract_is_there(world: World) -> None:
    assert {"source", "ok", "tables", "joins", "revenue", "nulls", "doubts"} <= world().keys()


def test_a_column_that_says_more_than_the_assumed_status_is_named(world: World) -> None:
    found = doubt(world(), "orders.status")
    assert "order_status says: paid 8, void 4" in found["detail"]
    assert (found["file"], found["line"]) == ("dbt_project/models/staging/shop/stg_shop__orders.sql", 10)


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"orders": staged_orders(revenue=None)}, "orders.revenue"),
        ({"orders": staged_orders(person_ref=None)}, "orders.person_ref"),
        ({"orders": staged_orders(person_ref=lambda o: o["person_ref"].replace("id:shop", "id:web"))},
         "orders.person_ref"),
        ({"orders": staged_orders(status="void")}, "orders.status"),
        ({"orders": staged_orders(order_key="shop:o1")}, "orders.order_key"),
        ({"person_of": lambda _: "p_one"}, "people.person_ref"),
        ({"people": [p | {"person_ref": None, "email": None} for p in people()]}, "people.person_ref"),
    ],
    ids=["revenue NULL", "nobody named", "two namespaces", "no sale", "one key", "one person", "no identifier"],
)  # fmt: skip
def test_what_is_surely_wrong_ends_with_ok_false(world: World, changed: dict[str, Any], about: str) -> None:
    answer = world(**changed)
    assert not answer["ok"]
    assert weights(answer)[about] == "wrong"
    assert answer["doubts"][0]["weight"] == "wrong"
    assert doubt(answer, about)["line"] and doubt(answer, about)["mend"]


def test_an_order_that_makes_its_own_person_is_no_match(world: World) -> None:
    """Two namespaces of one id: identity knows each order's person, and none of them has a record."""
    answer = world(orders=staged_orders(person_ref=lambda o: o["person_ref"].replace("id:shop", "id:web")))
    assert {j["to"]: j["matched"] for j in answer["joins"]} == {"person": 12, "people": 0}
    detail = doubt(answer, "orders.person_ref")["detail"]
    assert "id:web" in detail and "id:shop" in detail


@pytest.mark.parametrize("factor", [-1, 2, 0.5])
def test_another_column_or_sign_differs_from_the_sources_sum(world: World, factor: float) -> None:
    answer = world(orders=staged_orders(revenue=lambda o: o["revenue"] * factor))
    found = doubt(answer, "orders.revenue")
    assert found["weight"] == "doubtful"
    assert "186.00" in found["detail"] and "shop__orders.freight 24.00" in found["detail"]
    assert answer["revenue"][0]["difference"] == round(90 * factor - 90, 2)


def test_cents_are_told_as_cents(world: World) -> None:
    answer = world(orders=staged_orders(revenue=lambda o: o["revenue"] / 100))
    assert "hundredth" in doubt(answer, "orders.revenue")["detail"]


def test_cancelled_orders_and_those_without_currency_stand_beside(world: World) -> None:
    cancelled = staged_orders(status=lambda o: "cancelled" if o["order_key"] == "shop:o2" else "completed")
    answer = world(orders=[row | {"currency": None} if n == 1 else row for n, row in enumerate(cancelled)])
    months = {row["month"]: row for row in answer["revenue"]}
    assert (months["2026-01"]["cancelled"], months["2026-01"]["sales"]) == (12.0, 78.0)
    assert months["2026-02"]["without_currency"] == 11.0
    assert weights(answer)["orders.currency"] == "to_confirm"


def test_rows_that_share_a_key_and_say_other_things_are_told(world: World) -> None:
    rows = orders()
    answer = world(raw=[*rows, rows[1] | {"total": 1.0, "_row_key": "other"}])
    assert answer["tables"][0]["lost_to_key"] == 1
    assert weights(answer)["shop__orders"] == "doubtful"


def test_equal_lines_under_one_key_lose_nothing(world: World) -> None:
    rows = orders()
    assert world(raw=[*rows, rows[1] | {"_row_key": "again", "_line": 7}])["tables"][0]["lost_to_key"] == 0


def test_rows_that_were_refused_and_are_put_right_are_no_doubt_any_more(world: World) -> None:
    answer = world(refused="mended")
    assert (answer["tables"][0]["refused"], answer["tables"][0]["mended"]) == (0, 1)
    assert not any("were refused" in d["detail"] for d in answer["doubts"])


def test_refused_rows_of_a_database_are_counted_until_they_are_mended(world: World) -> None:
    tables = [RawTable("shop", "orders", TYPES, ["id"], is_files=False), TABLES[1]]
    assert world(refused="still", declared=tables)["tables"][0]["refused"] == 1
    twin = [{"_row_key": "bad", "_mended_day": DAY}]
    answer = world(refused="still", declared=tables, more={"raw.shop__orders__refused": twin})
    assert (answer["tables"][0]["refused"], answer["tables"][0]["mended"]) == (0, 1)


@pytest.mark.parametrize(("others", "weight"), [((), "to_confirm"), (("products",), "doubtful")])
def test_lines_that_match_no_product_are_a_doubt_where_the_source_has_products(others, weight) -> None:
    model = SimpleNamespace(file="stg.sql", line_of=lambda column: 1)
    scope: Any = SimpleNamespace(entities=dict.fromkeys(("order_lines", *others), model))
    row = {"entity": "order_lines", "column": "product_key", "to": "products", "rows": 4, "named": 4, "matched": 0}
    assert [doubt.weight for doubt in of_joins(scope, {"joins": [row]})] == [weight]


def test_words_that_no_mart_knows_are_listed(world: World) -> None:
    odd = staged_orders(status=lambda o: "completed" if o["order_key"] < "shop:o5" else "payé")
    assert "payé (42%)" in doubt(world(orders=odd), "orders.status")["detail"]


def test_refused_rows_a_newer_pull_and_nobody_to_write_to_are_told(world: World) -> None:
    answer = world(refused="still", pulled_at=datetime(2026, 3, 2, 6))
    assert answer["ok"]
    assert "total: not a number" in doubt(answer, "shop__orders")["detail"]
    assert "pulled after the last build" in doubt(answer, "shop")["detail"]
    assert "no_consent 12" in doubt(answer, "consents")["detail"]


def test_a_table_without_rows_and_without_staging_is_no_failure(world: World) -> None:
    answer = world(people=people(1)[:1], orders=staged_orders()[:1])
    assert answer["ok"]
    assert answer["revenue"][0]["orders"] == 1


def test_before_any_pull_or_build_it_says_what_to_do(tmp_path: Path) -> None:
    settings = load_settings(root=tmp_path, home=tmp_path)
    with pytest.raises(ConfigError, match="fairlead pull shop"):
        check(settings, "shop", TABLES)
    with connect(settings, writer="raw") as db:
        db.load("raw.shop__orders", pa.Table.from_pylist(orders()), mode="create")
    with pytest.raises(ConfigError, match="fairlead resolve"):
        check(settings, "shop", TABLES)
