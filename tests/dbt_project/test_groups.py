"""Sums of households and accounts, as dbt builds them: each person, order and deal once, up a hierarchy too."""

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import people.jobs
from activation import jobs
from connectors import pull
from core.build import build
from core.settings import Settings, WarehouseSettings, load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
D, AT = date(2026, 1, 15), datetime(2026, 1, 10)
T, N, M, B, TS, DAY = pa.string(), pa.int64(), pa.decimal128(18, 2), pa.bool_(), pa.timestamp("us"), pa.date32()
# person: household, whether its head, account, lifecycle
PEOPLE = {
    "ann": ("h_1", True, "a_top", "customer"), "bob": ("h_1", False, "a_low", "lead"),
    "cat": ("h_2", True, None, "contact"), "dan": (None, None, "a_low", "customer"),
}  # fmt: skip
PROFILE = {
    "person_id": T, "household_id": T, "lifecycle": T, "sessions_30d": N, "messages_opened_90d": N,
    "messages_clicked_90d": N, "last_seen_at": TS, "country": T, "region": T, "city": T, "postal_code": T,
    "lifetime_orders": N, "lifetime_revenue": M, "orders_365d": N, "revenue_365d": M, "last_order_at": TS,
}  # fmt: skip
BOUGHT = {"ann": (2, 10, 1, 5, AT), "bob": (1, 7, 1, 7, AT)}
ORDER = {"order_key": T, "person_id": T, "account_key": T, "is_sale": B, "revenue": M, "ordered_on": DAY,
         "ordered_at": TS, "status": T}  # fmt: skip
DEAL = {"deal_key": T, "person_id": T, "account_key": T, "status": T, "amount": M, "created_on": DAY,
        "created_at": TS, "updated_at": TS}  # fmt: skip
ACCOUNT = {"account_id": T, "account_key": T, "name": T, "domain": T, "parent_account_id": T, "top_account_id": T,
           "depth": N}  # fmt: skip


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def built(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "dbt_project", root / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    for folder in ("connectors/sources", "activation/syncs", "models"):
        (root / folder).mkdir(parents=True)
    (root / "dbt_project/models/marts/activation/_exposures.yml").unlink()
    warehouse = WarehouseSettings()
    if request.param == "postgres":
        warehouse = WarehouseSettings(engine="postgres", url=request.getfixturevalue("postgres"))
    (tmp_path / "home").mkdir()
    settings = load_settings(root=root, home=tmp_path / "home", warehouse=warehouse)
    pull.ensure(settings)
    people.jobs.ensure(settings)
    jobs.register(settings)
    fill(settings)
    result = build(settings, D, select="households account_profiles")
    assert result.ok, result.failed
    yield settings


def fill(settings: Settings) -> None:
    tables: dict[str, tuple[dict[str, Any], list[tuple]]] = {
        "identity.households": ({"household_id": T, "head_person_id": T, "since_day": DAY},
                                [("h_1", "ann", D), ("h_2", "cat", D)]),
        "identity.household_people": ({"household_id": T, "person_id": T, "is_head": B},
                                      [(h, p, head) for p, (h, head, *_) in PEOPLE.items() if h]),
        "identity.accounts": (ACCOUNT, [("a_top", "k1", "Acme", "acme.com", None, "a_top", 0),
                                        ("a_low", "k2", None, None, "a_top", "a_top", 1)]),
        "identity.account_keys": ({"account_key": T, "account_id": T}, [("k1", "a_top"), ("k2", "a_low")]),
        "identity.account_people": ({"person_id": T, "account_id": T},
                                    [(p, a) for p, (_, _, a, _) in PEOPLE.items() if a]),
        "identity.account_ancestors": ({"account_id": T, "ancestor_id": T, "distance": N},
                                       [("a_top", "a_top", 0), ("a_low", "a_low", 0), ("a_low", "a_top", 1)]),
        "intermediate.int_people__profiled": (PROFILE, [
            (p, x[0], x[3], 1, 2, 1, AT, "GB", None, p, None, *BOUGHT.get(p, (0, 0, 0, 0, None)))
            for p, x in PEOPLE.items()]),
        "marts.contactability": ({"person_id": T, "channel": T, "purpose": T, "allowed": B, "reason": T}, [
            ("ann", "email", "marketing", True, "allowed"), ("bob", "email", "marketing", False, "withdrawn"),
            ("bob", "mail", "marketing", True, "allowed"), ("cat", "email", "profiling", True, "allowed")]),
        "marts.accounts": ({"account_key": T, "industry": T, "employees": N, "country": T, "owner": T},
                           [("k1", "steel", 9, "GB", "eve")]),
        "marts.orders": (ORDER, [("o1", "ann", None, True, 10, D, AT, "completed"),
                                 ("o2", "bob", "k1", True, 7, D, AT, "completed"),
                                 ("o3", "cat", None, True, 99, D, AT, "completed"),
                                 ("o4", "dan", "gone", True, 3, D, AT, "cancelled")]),
        "marts.deals": (DEAL, [("d1", "bob", None, "open", 100, D, AT, None), ("d2", None, "k2", "won", 50, D, AT, AT),
                               ("d3", "cat", None, "open", 7, D, AT, None)]),
    }  # fmt: skip
    for name, (kinds, values) in tables.items():
        columns = [pa.array([row[i] for row in values], kind) for i, kind in enumerate(kinds.values())]
        with connect(settings, writer=name.split(".")[0]) as db:
            db.load(name, pa.table(columns, list(kinds)), "append" if db.exists(name) else "create")


def rows(settings: Settings, sql: str) -> list[dict[str, Any]]:
    with connect(settings) as db:
        return db.query(sql).to_pylist()


def test_sums_of_households_and_accounts_count_everything_once(built: Settings) -> None:
    home, single = rows(built, "select * from marts.households order by household_id")
    assert {k: home[k] for k in ("head_person_id", "city", "people", "customers", "lifetime_orders", "opted_out",
                                 "may_email", "may_mail")} == {
        "head_person_id": "ann", "city": "ann", "people": 2, "customers": 1, "lifetime_orders": 3, "opted_out": 1,
        "may_email": 1, "may_mail": 1}  # fmt: skip
    assert (float(home["lifetime_revenue"]), single["people"], single["may_email"]) == (17, 1, 0)
    low, top = rows(built, "select * from marts.account_profiles order by account_id")
    assert {k: top[k] for k in ("people", "total_people", "total_customers", "accounts_below", "industry",
                                "lifetime_orders", "total_lifetime_orders", "open_deals", "total_open_deals")} == {
        "people": 1, "total_people": 3, "total_customers": 2, "accounts_below": 1, "industry": "steel",
        "lifetime_orders": 2, "total_lifetime_orders": 2, "open_deals": 0, "total_open_deals": 1}  # fmt: skip
    assert (low["people"], low["open_deals"], low["won_deals"], low["lifetime_orders"]) == (2, 1, 1, 0)
    assert [float(top[f"total_{k}"]) for k in ("lifetime_revenue", "open_deal_amount", "won_deal_amount")] == [
        17,
        100,
        50,
    ]
    assert low["parent_account_id"] == low["top_account_id"] == "a_top" and low["last_activity_at"] == AT
