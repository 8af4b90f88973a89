"""A segment without people says which of its own conditions nobody fulfils."""

from datetime import date, datetime

import pytest

import people.jobs
from core.warehouse import connect
from insight.emptiness import why_empty, why_no_rows
from insight.summary import summary

from .conftest import Town, make_project, make_town

D = date(2026, 3, 28)
ONCE = {"lifetime_orders": 1, "days_since_last_order": 3, "rfm_recency": 5, "rfm_frequency": 1, "rfm_monetary": 1}
REASONS = {
    "champions": "of 40 rows none has rfm_frequency >= 4",
    "lapsing_loyal": "of 40 rows none has lifetime_orders >= 3;"
    " none churn_90d_decile = 1 (churn_90d_decile is NULL for all);"
    " none days_since_last_order BETWEEN 30 AND 180",
    "loyal": "of 40 rows none has rfm_recency IN (3, 4); none rfm_frequency >= 4",
    "cart_abandoners": "last_cart_at is NULL for all",
    "hot_leads": "none has lifecycle = 'lead'",
    "back_in_stock": "events has no rows",
    "trade_warming_up": "events has no rows",
    "loyalty_near": "no row of one table fits one of the other",
    "birthday_soon": "none has NOT birth_date IS NULL",
    "renewal_due": "subscription_status is NULL for all",
}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    made = make_town(make_project(tmp_path_factory.mktemp("all"), "segment__*.*"), tmp_path_factory.mktemp("home"))
    made.has("profiles", [{"person_id": f"p{n}", **ONCE, "last_order_at": datetime(2026, 3, 25)} for n in range(40)])
    made.night(D)
    return made


@pytest.mark.parametrize("segment", REASONS)
def test_an_empty_segment_says_what_nobody_fulfils(town, segment):
    assert not town.members(segment)
    with connect(town.settings) as db:
        assert REASONS[segment] in why_empty(db, town.settings, segment)


def test_the_summary_lists_every_segment_and_the_reason_beside_those_without_people(town):
    people.jobs.ensure(town.settings)
    rows = {row["segment"]: row for row in summary(town.settings, D)["segments"]}
    assert rows["new_customers"]["people"] == 40 and "why_empty" not in rows["new_customers"]
    empty = {name: row["why_empty"] for name, row in rows.items() if not row["people"]}
    assert len(empty) == len(rows) - 1 >= 20 and all(empty.values()), empty


@pytest.mark.parametrize("sql", ["select 1 where", "select 1 as x where 1 = 0", "select a from nowhere where a = 1",
                                 "(select 1) union (select 2)"])  # fmt: skip
def test_sql_that_cannot_be_taken_apart_gives_no_reason_and_no_failure(town, sql):
    with connect(town.settings) as db:
        assert why_no_rows(db, "duckdb", sql) == ""
