"""Who is in each segment and who just is not: hand-written people on both sides of every boundary, one night."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
import yaml

D = date(2026, 3, 28)  # the day before Europe's clocks change
NOON = datetime(2026, 3, 28, 12)
SEGMENTS = Path(__file__).resolve().parents[2] / "dbt_project/models/marts/segments"
RFM = [
    "champions", "loyal", "potential_loyalists", "new_customers", "promising",
    "needs_attention", "about_to_sleep", "at_risk",
    "cannot_lose_them", "hibernating", "lost",
]  # fmt: skip
LAPSING = {"lifetime_orders": 3, "churn_90d_decile": 1, "days_since_last_order": 30}
LEAD = {"lifecycle": "lead", "lead_status": "working"}
SUBSCRIBED = {"subscription_status": "active"}
LEAVING = {"churn_90d_decile": 2, "rfm_monetary": 4}
TRADE = {"is_trade": True}


def days(count: int) -> date:
    return D + timedelta(days=count)


# segment -> {person: what is known of them}; a name that begins with "in" must be in it, "out" must not
PEOPLE: dict[str, dict[str, dict]] = {
    "lapsing_loyal": {
        "in": LAPSING, "in_last_day": LAPSING | {"days_since_last_order": 180},
        "out_two_orders": LAPSING | {"lifetime_orders": 2}, "out_second_decile": LAPSING | {"churn_90d_decile": 2},
        "out_too_soon": LAPSING | {"days_since_last_order": 29},
        "out_too_late": LAPSING | {"days_since_last_order": 181},
        "out_not_scored": LAPSING | {"churn_90d_decile": None},
    },
    "cart_abandoners": {
        "in": {"last_cart_at": NOON}, "in_third_day": {"last_cart_at": datetime(2026, 3, 26, 0, 0)},
        "in_ordered_before": {"last_cart_at": NOON, "last_order_at": NOON - timedelta(hours=1)},
        "out_ordered_after": {"last_cart_at": NOON, "last_order_at": NOON + timedelta(hours=1)},
        "out_ordered_with_it": {"last_cart_at": NOON, "last_order_at": NOON},
        "out_fourth_day": {"last_cart_at": datetime(2026, 3, 25, 23, 59)}, "out_no_cart": {"last_order_at": NOON},
        "out_clock_ahead": {"last_cart_at": datetime(2026, 3, 29, 0, 0)},
    },
    "hot_leads": {
        "in_first_decile": LEAD | {"lead_conversion_30d_decile": 1},
        "in_second_decile": LEAD | {"lead_conversion_30d_decile": 2},
        "in_rule_deal": LEAD | {"open_deal_amount": Decimal(1)},
        "in_rule_interest": LEAD | {"sessions_30d": 3, "webinars_attended_180d": 1},
        "in_no_status": {"lifecycle": "lead", "lead_conversion_30d_decile": 1},
        "out_third_decile": LEAD | {"lead_conversion_30d_decile": 3},
        "out_scored_low_with_a_deal": LEAD | {"lead_conversion_30d_decile": 3, "open_deal_amount": Decimal(1)},
        "out_two_sessions": LEAD | {"sessions_30d": 2, "webinars_attended_180d": 1},
        "out_no_webinar": LEAD | {"sessions_30d": 9}, "out_nothing_known": LEAD,
        "out_converted": LEAD | {"lead_conversion_30d_decile": 1, "lead_status": "converted"},
        "out_disqualified": LEAD | {"lead_conversion_30d_decile": 1, "lead_status": "disqualified"},
        "out_customer": {"lifecycle": "customer", "lead_conversion_30d_decile": 1},
    },
    "renewal_due": {
        "in_today": SUBSCRIBED | {"renews_on": D}, "in_thirtieth_day": SUBSCRIBED | {"renews_on": days(30)},
        "out_later": SUBSCRIBED | {"renews_on": days(31)}, "out_yesterday": SUBSCRIBED | {"renews_on": days(-1)},
        "out_cancelled": {"subscription_status": "cancelled", "renews_on": D}, "out_unknown": SUBSCRIBED,
    },
    "loyalty_near": {
        "in_silver": {"loyalty_points": 299}, "in_silver_just": {"loyalty_points": 250},
        "in_gold_just": {"loyalty_points": 800},
        "out_silver": {"loyalty_points": 249}, "out_is_silver": {"loyalty_points": 300},
        "out_gold": {"loyalty_points": 799},
        "out_is_gold": {"loyalty_points": 900}, "out_no_card": {},
    },
    "engaged_non_buyers": {
        "in_visits": {"sessions_30d": 3}, "in_clicks": {"messages_clicked_90d": 2},
        "out_little": {"sessions_30d": 2, "messages_clicked_90d": 1},
        "out_buyer": {"sessions_30d": 3, "lifetime_orders": 1},
    },
    "unhappy_customers": {
        "in_detractor": {"lifetime_orders": 1, "last_nps": 6},
        "in_ticket": {"lifetime_orders": 1, "open_tickets": 1, "last_nps": 10},
        "out_passive": {"lifetime_orders": 1, "last_nps": 7}, "out_silent": {"lifetime_orders": 1},
        "out_no_customer": {"open_tickets": 1, "last_nps": 0},
    },
    "likely_to_leave_valuable": {
        "in_paid_much": LEAVING, "in_will_pay": {"churn_90d_decile": 1, "value_180d_decile": 3},
        "out_stays": LEAVING | {"churn_90d_decile": 3},
        "out_paid_little": LEAVING | {"rfm_monetary": 3, "value_180d_decile": 4},
        "out_not_scored": LEAVING | {"churn_90d_decile": None},
    },
    "birthday_soon": {
        "in_today": {"birth_date": date(1980, 3, 28)}, "in_seventh_day": {"birth_date": date(1980, 4, 4)},
        "out_eighth_day": {"birth_date": date(1980, 4, 5)},
        "out_yesterday": {"birth_date": date(1980, 3, 27)}, "out_unknown": {},
        "out_not_born": {"birth_date": date(2027, 3, 28)},
    },
    "trade_warming_up": {
        "in_doubled": TRADE | {"account_key": "doubled"}, "in_silent_colleague": TRADE | {"account_key": "doubled"},
        "in_new": TRADE | {"account_key": "new"}, "out_same": TRADE | {"account_key": "same"},
        "out_few": TRADE | {"account_key": "few"},
        "out_consumer": {"account_key": None}, "out_quiet": TRADE | {"account_key": "quiet"},
    },
    "back_in_stock": {
        "in_asked": {}, "in_asked_again": {}, "in_bought_before": {}, "in_returned_only": {}, "out_sold_out": {},
        "out_bought_since": {}, "out_old_wish": {}, "out_other_event": {},
    },
}  # fmt: skip
# trade: (person, events in the 14 days up to D, events in the 14 before)
ACTIVITY = [("in_doubled", 6, 3), ("in_new", 5, 0), ("out_same", 5, 3), ("out_few", 4, 0), ("out_consumer", 9, 0)]


def asked(person: str, product_key: str = "lamp", ago: int = 5, event: str = "back_in_stock_requested") -> dict:
    at = NOON - timedelta(days=ago)
    return {
        "person_id": f"back_in_stock.{person}",
        "event": event,
        "product_key": product_key,
        "occurred_at": at,
        "occurred_on": at.date(),
    }


def looked(person: str, ago: int) -> dict:
    at = NOON - timedelta(days=ago)
    return {
        "person_id": f"trade_warming_up.{person}",
        "event": "page_viewed",
        "occurred_at": at,
        "occurred_on": at.date(),
    }


def bought(person: str, ago: int, is_sale: bool = True) -> dict:
    at = NOON - timedelta(days=ago)
    return {"person_id": f"back_in_stock.{person}", "product_key": "lamp", "is_sale": is_sale, "ordered_at": at}


@pytest.fixture(scope="module")
def built(full_town):
    people = [
        {"person_id": f"{segment}.{name}", **known}
        for segment, named in PEOPLE.items()
        for name, known in named.items()
    ]
    cells = product(range(1, 6), repeat=3)
    people += [
        {"person_id": f"rfm.{r}{f}{m}", "rfm_recency": r, "rfm_frequency": f, "rfm_monetary": m, "lifetime_orders": 1}
        for r, f, m in cells
    ]
    full_town.has("profiles", people)
    events = [looked(person, ago) for person, now, _ in ACTIVITY for ago in [0, *[13] * (now - 1)]]
    events += [looked(person, ago) for person, _, before in ACTIVITY for ago in [14, *[27] * (before - 1)][:before]]
    events += [
        asked("in_asked", ago=89), asked("in_asked_again", ago=9), asked("in_asked_again", "rug", ago=1),
        asked("in_asked_again", "mug", ago=3),
        asked("in_bought_before"), asked("in_returned_only"), asked("out_sold_out", "rug"), asked("out_bought_since"),
        asked("out_old_wish", ago=90), asked("out_other_event", event="product_viewed"),
    ]  # fmt: skip
    full_town.has("events", events)
    full_town.has("products", [{"product_key": k, "is_in_stock": k != "rug"} for k in ("lamp", "rug", "mug")])
    full_town.has(
        "order_lines",
        [bought("in_bought_before", 6), bought("in_returned_only", 1, is_sale=False), bought("out_bought_since", 4)],
    )
    full_town.night(D)
    return full_town


@pytest.mark.parametrize("segment", sorted(PEOPLE))
def test_everybody_on_the_right_side_of_the_boundary_is_in_and_nobody_else_of_theirs(built, segment):
    theirs = {person.split(".")[1] for person in built.members(segment) if person.startswith(f"{segment}.")}
    assert theirs == {name for name in PEOPLE[segment] if name.startswith("in")}


def test_each_of_the_125_rfm_cells_is_in_exactly_one_of_the_eleven_segments(built):
    homes: dict[str, list[str]] = {}
    for segment in RFM:
        for person in built.members(segment):
            homes.setdefault(person, []).append(segment)
    assert set(homes) == {f"rfm.{r}{f}{m}" for r, f, m in product(range(1, 6), repeat=3)}  # money alone is no home
    assert all(len(found) == 1 for found in homes.values()), {p: f for p, f in homes.items() if len(f) > 1}
    corners = {
        "rfm.555": "champions",
        "rfm.155": "cannot_lose_them",
        "rfm.111": "lost",
        "rfm.511": "new_customers",
        "rfm.333": "needs_attention",
    }
    assert {cell: homes[cell][0] for cell in corners} == corners


def test_the_newest_wish_that_can_be_fulfilled_is_the_one_shown(built):
    shown = built.rows(
        "select product_key from marts.segment__back_in_stock where person_id = 'back_in_stock.in_asked_again'"
    )
    assert shown == [("mug",)]


def test_membership_holds_each_member_once_with_the_values_that_decided(built):
    for segment in PEOPLE:
        assert {row[1] for row in built.history() if row[0] == segment} == built.members(segment)
    (why,) = built.rows(
        "select decided_by from marts.segment_membership"
        " where person_id = 'lapsing_loyal.in' and segment = 'lapsing_loyal'"
    )
    assert why == ("lifetime_orders=3; churn_90d_decile=1; days_since_last_order=30",)


def test_a_leap_day_birthday_is_kept_on_the_28th_and_new_year_is_no_wall(built):
    people = [("leap", date(1992, 2, 29)), ("january", date(1990, 1, 3)), ("february", date(1990, 2, 28))]
    built.has("profiles", [{"person_id": person, "birth_date": born} for person, born in people])
    built.night(date(2026, 12, 28))
    assert built.rows("select person_id, birthday_on from marts.segment__birthday_soon") == [
        ("january", date(2027, 1, 3))
    ]
    built.night(date(2027, 2, 27))
    assert built.members("birthday_soon") == {"leap", "february"}


def test_every_segment_has_a_twin_that_says_owner_purpose_and_when_to_look_again():
    for sql in sorted(SEGMENTS.glob("segment__*.sql")):
        (model,) = yaml.safe_load(sql.with_suffix(".yml").read_text())["models"]
        assert model["name"] == sql.stem and "Grain person_id" in model["description"]
        assert {"owner", "purpose", "review_by"} <= set(model["config"]["meta"]), sql.stem
        (key,) = (column for column in model["columns"] if column["name"] == "person_id")
        assert {"unique", "not_null"} <= set(key["data_tests"])
