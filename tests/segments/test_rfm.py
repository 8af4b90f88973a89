"""RFM over hand-made orders: equal values have equal scores, more never scores less, and names mean what they say."""

import itertools
import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from core.build import build, target_path
from core.settings import Settings, load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
D = date(2026, 3, 28)
RFM = [
    "champions", "loyal", "potential_loyalists", "new_customers", "promising", "needs_attention", "about_to_sleep",
     "at_risk",
    "cannot_lose_them", "hibernating", "lost",
]  # fmt: skip
ORDERS = pa.schema({
    "person_id": pa.string(), "ordered_at": pa.timestamp("us"), "ordered_on": pa.date32(), "status": pa.string(),
    "is_sale": pa.bool_(), "is_return": pa.bool_(), "revenue": pa.decimal128(18, 2),
})  # fmt: skip
LINES = pa.schema({**{f.name: f.type for f in ORDERS}, "category": pa.string()})
OF_DAY = """{{ config(schema='intermediate') }}
select
    person_id,
    {{ day() }} as as_of_day,
    count(*) as lifetime_orders,
    sum(revenue) as lifetime_revenue,
    {{ dbt.datediff('max(ordered_on)', day(), 'day') }} as days_since_last_order
from {{ ref('orders') }}
group by person_id
"""
PROFILED = """{{ config(schema='intermediate') }}
select bought.*, of_day.lifetime_orders, of_day.lifetime_revenue, of_day.days_since_last_order
from {{ ref('int_orders__people') }} as bought
inner join {{ ref('int_features__orders') }} as of_day on bought.person_id = of_day.person_id
"""
Buyer = tuple[int, int, float]  # orders, days since the last one, money of each


def order(person: str, ago: int, money: float, hour: int = 12) -> dict[str, Any]:
    at = datetime(2026, 3, 28, hour) - timedelta(days=ago)
    return {
        "person_id": person, "ordered_at": at, "ordered_on": at.date(), "status": "completed", "is_sale": True,
        "is_return": False, "revenue": Decimal(f"{money:.2f}"),
    }  # fmt: skip


def land(settings: Settings, buyers: list[Buyer]) -> None:
    rows = [
        order(f"p{n}", ago + 10 * back, money, hour=n % 24)
        for n, (orders, ago, money) in enumerate(buyers)
        for back in range(orders)
    ]
    with connect(settings, writer="raw") as db:
        table = pa.Table.from_pylist(rows, schema=ORDERS)
        db.load("raw.orders", table, mode="replace")
        db.load("raw.order_lines", LINES.empty_table(), mode="replace")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The real scores, bounds and segments, built once of a shop in which 940 of 1,000 bought once."""
    root = tmp_path_factory.mktemp("rfm")
    copy, real = root / "dbt_project", ROOT / "dbt_project"
    shutil.copytree(real / "macros", copy / "macros")
    segments = [f"models/marts/segments/segment__{name}.{end}" for name in RFM for end in ("sql", "yml")]
    for file in ("dbt_project.yml", "profiles.yml", "models/intermediate/people/int_orders__people.sql",
                 "models/marts/measurement/rfm_bounds.sql", "models/marts/measurement/rfm_bounds.yml",
                  *segments):  # fmt: skip
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(real / file, copy / file)
    (copy / "models/int_people__profiled.sql").write_text(PROFILED)
    (copy / "models/int_features__orders.sql").write_text(OF_DAY)
    (copy / "models/profiles.sql").write_text("select * from {{ ref('int_people__profiled') }}\n")
    for table in ("orders", "order_lines"):
        (copy / f"models/{table}.sql").write_text(f"{{{{ config(materialized='view') }}}}\nselect * from raw.{table}\n")
    settings = load_settings(root=root, home=tmp_path_factory.mktemp("home"))
    rng = np.random.default_rng(1)
    land(settings, [(1 if n < 940 else 2 if n < 990 else 3, int(rng.integers(0, 300)), 20.0) for n in range(1000)])
    result = build(settings, D)
    assert result.ok, result.failed
    return settings


def rows(settings: Settings, sql: str) -> list[dict[str, Any]]:
    with connect(settings) as db:
        return db.query(sql).to_pylist()


def members(settings: Settings, segment: str) -> list[dict[str, Any]]:
    return rows(settings, f"select * from marts.segment__{segment}")


def test_where_nearly_all_bought_once_every_champion_has_a_second_order(shop):
    champions = members(shop, "champions")
    assert champions and all(row["lifetime_orders"] >= 2 for row in champions)
    for segment in ("loyal", "potential_loyalists", "needs_attention", "at_risk", "cannot_lose_them"):
        assert all(row["lifetime_orders"] >= 2 for row in members(shop, segment)), segment
    for segment in ("new_customers", "promising"):
        assert members(shop, segment) and all(row["lifetime_orders"] == 1 for row in members(shop, segment)), segment


def test_everybody_with_a_sale_is_in_exactly_one_segment_of_the_eleven(shop):
    homes = [row["person_id"] for segment in RFM for row in members(shop, segment)]
    assert len(homes) == len(set(homes)) == 1000


def test_the_bounds_say_what_each_score_stands_for_and_which_scores_nobody_has(shop):
    bounds = {(row["measure"], row["score"]): row for row in rows(shop, "select * from marts.rfm_bounds")}
    assert len(bounds) == 15
    frequency = [(bounds["frequency", s]["lowest"], bounds["frequency", s]["people"]) for s in range(1, 6)]
    assert frequency == [(1, 940), (None, 0), (None, 0), (None, 0), (2, 60)]
    assert bounds["monetary", 1]["highest"] == 20 and bounds["monetary", 5]["lowest"] == 40
    days = [bounds["recency", s] for s in range(5, 0, -1)]
    assert days[0]["lowest"] == 0 and all(a["highest"] < b["lowest"] for a, b in itertools.pairwise(days))


def worlds() -> list[list[Buyer]]:
    """Shops of few and of many buyers, with few and with many different values, and some at the edge."""
    made: list[list[Buyer]] = [[(1, 3, 5.0)], [(1, 0, 9.0)] * 7, [(2, 5, 9.0)] * 9, [(1, 9, 1.0), (4, 0, 2.0)]]
    for seed in range(60):
        rng = np.random.default_rng(seed)
        size, kinds = int(rng.integers(1, 80)), int(rng.integers(1, 12))
        orders = np.minimum(rng.geometric(rng.uniform(0.2, 0.98), size), 9)
        ago, money = rng.integers(0, kinds, size), rng.integers(-1, kinds, size)
        made.append([(int(o), int(a), float(m)) for o, a, m in zip(orders, ago, money, strict=True)])
    return made


def test_equal_values_have_equal_scores_and_more_never_scores_less(shop):
    folder = target_path(shop) / "compiled/fairlead/models/intermediate/people/int_orders__people.sql"
    sql = f"""select scored.*, lifetime_orders, lifetime_revenue, -days_since_last_order as recency
        from ({folder.read_text()}) as scored
        inner join intermediate.int_features__orders as of_day on scored.person_id = of_day.person_id"""
    try:
        for buyers in worlds():
            land(shop, buyers)
            scored = rows(shop, sql)
            assert len(scored) == len(buyers)
            for value, score in (("recency", "rfm_recency"), ("lifetime_orders", "rfm_frequency"),
                                 ("lifetime_revenue", "rfm_monetary")):  # fmt: skip
                by_value: dict[Any, set[int]] = {}
                for row in scored:
                    by_value.setdefault(row[value], set()).add(row[score])
                assert all(len(scores) == 1 for scores in by_value.values()), (value, by_value)
                in_order = [next(iter(by_value[known])) for known in sorted(by_value)]
                assert in_order == sorted(in_order) and in_order[0] >= 1 and in_order[-1] <= 5
            assert all((row["rfm_frequency"] == 1) == (row["lifetime_orders"] == 1) for row in scored)
            newest = max(row["recency"] for row in scored)
            assert all(row["rfm_recency"] == 5 for row in scored if row["recency"] == newest)
    finally:
        land(shop, [(1, 0, 1.0)])


def test_without_ties_each_score_has_a_fifth(shop):
    sql = (target_path(shop) / "compiled/fairlead/models/intermediate/people/int_orders__people.sql").read_text()
    land(shop, [(1, n, float(n + 1)) for n in range(100)])
    scored = rows(shop, sql)
    for score in ("rfm_recency", "rfm_monetary"):
        assert np.bincount([row[score] for row in scored]).tolist() == [0, 20, 20, 20, 20, 20]
