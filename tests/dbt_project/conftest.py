"""The small shop's two nights, and warehouses to build it in."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.house import House, at, foundation

from core.build import dbt
from core.settings import load_settings

FIRST, SECOND = date(2026, 11, 19), date(2026, 11, 20)


def land_first_day(house: House) -> None:
    """A shop with Ann (shop account, CRM lead, loyalty card, device), Bob, a guest, and a family's tablet."""
    old, new = at("2026-03-01 10:00"), at("2026-11-18 09:00")
    house.land("sample_shop__customers", FIRST, [
        {"customer_id": "c1", "email": " Ann@Example.com ", "phone": "+442071838750", "first_name": "Ann",
         "country": "GB",
         "loyalty_card": "L1", "loyalty_points": 480, "created_at": old, "updated_at": old},
        {"customer_id": "c2", "email": "bob@example.com", "first_name": "Bob", "created_at": old, "updated_at": old},
    ])  # fmt: skip
    house.land("sample_shop__leads", FIRST, [
        {"lead_id": "l1", "email": "ann@example.com", "first_name": "Anne", "last_name": "Other", "status": "Working",
         "lead_source": "Fair", "account_id": "a1", "created_at": new, "updated_at": new},
        {"lead_id": "l2", "email": "carl@acme.example", "first_name": "Carl", "status": "new", "created_at": new,
         "updated_at": new},
    ])  # fmt: skip
    house.land("sample_shop__accounts", FIRST, [{"account_id": "a1", "name": "Acme", "domain": "ACME.example",
     "annual_revenue": 1e6,
                                                 "created_at": old, "updated_at": old}])  # fmt: skip
    house.land("sample_shop__deals", FIRST, [{"deal_id": "d1", "lead_id": "l1", "account_id": "a1", "status": "open",
     "amount": 1200.505,
                                              "currency": "GBP", "created_at": new, "updated_at": new},
                                             {"deal_id": "d2", "lead_id": "l2", "name": "Lamps", "status": "won",
                                              "amount": 300,
                                              "currency": "GBP", "created_at": old, "closed_at": new,
                                               "updated_at": new},
                                             {"deal_id": "d3", "lead_id": "l2", "status": "lost", "closed_at": new,
                                              "updated_at": new}])  # fmt: skip
    house.land("sample_shop__products", FIRST, [
        {"product_id": "p1", "name": "Lamp", "category": "light", "price": 9.99, "stock_quantity": 3,
         "updated_at": old},
        {"product_id": "p2", "name": "Rug", "category": "floor", "price": 80.0, "stock_quantity": 0, "updated_at": old},
    ])  # fmt: skip
    order = {"currency": "GBP", "channel": "web", "status": "completed"}
    house.land("sample_shop__orders", FIRST, [
        {**order, "order_id": "o1", "customer_id": "c1", "ordered_at": at("2026-10-01 12:00"), "total": 29.97,
         "updated_at": old},
        {**order, "order_id": "o2", "customer_id": "c2", "ordered_at": at("2026-11-10 12:00"), "total": 80,
         "updated_at": old},
        {**order, "order_id": "o3", "guest_email": "Guest@example.com", "customer_id": "", "total": 9.99,
         "updated_at": old,
         "ordered_at": at("2026-11-11 12:00"), "channel": "app"},
    ])  # fmt: skip
    line = {"unit_price": 9.99, "product_id": "p1", "updated_at": old}
    house.land("sample_shop__order_lines", FIRST, [
        {**line, "line_id": "1", "order_id": "o1", "quantity": 3}, {**line, "line_id": "2", "order_id": "o3",
         "quantity": 1},
        {**line, "line_id": "3", "order_id": "o2", "quantity": 1, "product_id": "p2", "unit_price": 80},
    ])  # fmt: skip
    till = {
        "receipt_no": "7",
        "store": "Leeds",
        "sold_at": at("2026-11-19 16:00"),
        "unit_price": 9.99,
        "product_id": "p1",
    }
    house.land("sample_shop__till_lines", FIRST, [
        {**till, "line_no": 1, "quantity": 2, "loyalty_card": "L1"}, {**till, "line_no": 2, "quantity": -1,
         "loyalty_card": "L1"},
        {**till, "line_no": 1, "quantity": 1, "store": "York"},
        {**till, "line_no": 1, "quantity": 1, "store": "Hull", "loyalty_card": "L9", "email": "zoe@example.com",
         "customer_name": "Zoe Zed"},
    ])  # fmt: skip
    track = {"type": "track", "received_at": at("2026-11-19 10:00"), "library_name": "analytics.js", "session_id": "s1"}
    house.land("segment_events__events", FIRST, [
        {**track, "message_id": "m1", "anonymous_id": "dev1", "event": "Product Viewed", "product_id": "p1",
         "occurred_at": at("2026-11-18 23:30")},
        {**track, "message_id": "m1", "anonymous_id": "dev1", "event": "Product Viewed", "product_id": "p1",
         "occurred_at": at("2026-11-18 23:30")},
        {**track, "message_id": "m2", "anonymous_id": "dev1", "type": "identify", "user_id": "c1",
         "occurred_at": at("2026-11-19 08:00")},
        {**track, "message_id": "m3", "anonymous_id": "tablet", "user_id": "c1", "event": "product_added",
         "occurred_at": at("2026-11-19 08:01")},
        {**track, "message_id": "m4", "anonymous_id": "tablet", "user_id": "c2", "type": "page",
         "occurred_at": at("2026-11-19 08:02")},
        {**track, "message_id": "m5", "anonymous_id": "tablet", "type": "page", "occurred_at": at("2026-11-19 08:03")},
        {**track, "message_id": "m6", "anonymous_id": "stranger", "type": "page", "occurred_at": at("2026-11-19 08:04"),
         "utm_medium": "CPC", "utm_source": "search", "utm_campaign": "autumn"},
    ])  # fmt: skip
    mail = {"sg_message_id": "x1", "email": "ann@example.com", "campaign": "autumn"}
    house.land("sendgrid_events__events", FIRST, [
        {**mail, "sg_event_id": "e1", "event": "processed", "occurred_at": at("2026-11-19 07:00:00")},
        {**mail, "sg_event_id": "e2", "event": "delivered", "occurred_at": at("2026-11-19 07:00:10")},
        {**mail, "sg_event_id": "e3", "event": "click", "url": "https://a", "occurred_at": at("2026-11-19 07:00:12")},
        {**mail, "sg_event_id": "e4", "event": "click", "url": "https://a", "occurred_at": at("2026-11-19 07:05:00")},
        {**mail, "sg_event_id": "e5", "event": "click", "url": "https://b", "occurred_at": at("2026-11-19 07:05:00")},
        {**mail, "sg_event_id": "e6", "event": "open", "user_agent": "Barracuda Scanner",
         "occurred_at": at("2026-11-19 07:30:00")},
        {**mail, "sg_event_id": "e7", "event": "open", "user_agent": "Mail/16",
         "occurred_at": at("2026-11-19 19:30:00")},
        {**mail, "sg_event_id": "e11", "event": "open", "user_agent": "Mozilla/5.0",
         "occurred_at": at("2026-11-19 08:30:00")},
            {**mail, "sg_event_id": "e8", "event": "deferred", "occurred_at": at("2026-11-19 07:00:01")},
        {**mail, "sg_event_id": "e9", "event": "bounce", "type": "blocked", "email": "bob@example.com",
         "sg_message_id": "x2",
         "occurred_at": at("2026-11-19 07:00:20")},
    ])  # fmt: skip
    said = {"channel": "email", "purpose": "marketing", "status": "granted", "occurred_at": old}
    house.land("sample_shop__consents", FIRST, [
        {**said, "consent_id": "k1", "email": "ann@example.com"}, {**said, "consent_id": "k2",
         "email": "only@consent.example"},
    ])  # fmt: skip
    land_voices(house)
    invoice = {"country": "France", "invoiced_at": at("2026-11-01 10:00"), "unit_price": 2.55, "description": "Holder"}
    house.land("online_retail__lines", FIRST, [
        {**invoice, "invoice_no": "536365", "stock_code": "85123A", "quantity": 6, "customer_id": "17850.0"},
        {**invoice, "invoice_no": "536365", "stock_code": "85123A", "quantity": 6, "customer_id": "17850.0"},
        {**invoice, "invoice_no": "C536366", "stock_code": "85123A", "quantity": -1, "customer_id": "17850.0"},
        {**invoice, "invoice_no": "536367", "stock_code": "85123A", "quantity": 1},
        {**invoice, "invoice_no": "536368", "stock_code": "85123A", "quantity": -20, "unit_price": 0.0},
        {**invoice, "invoice_no": "A536369", "stock_code": "B", "quantity": 1, "unit_price": -11.062},
    ])  # fmt: skip


def land_voices(house: House) -> None:
    """What people said: ads, tickets, a survey, a webinar, a mention, a subscription."""
    then = at("2026-11-12 12:00")
    house.land(
        "sample_shop__ads",
        FIRST,
        [{"spend_day": FIRST, "platform": "Search", "campaign_id": "1", "cost": 5.255, "currency": "GBP"}],
    )
    house.land(
        "sample_shop__tickets",
        FIRST,
        [{"ticket_id": "t1", "email": "bob@example.com", "status": "open", "created_at": then}],
    )
    house.land("sample_shop__survey_answers", FIRST, [
        {"answer_id": "q1", "email": "ann@example.com", "survey": "NPS", "score": 9, "answered_at": then}])  # fmt: skip
    house.land("sample_shop__registrations", FIRST, [
        {"registration_id": "w1", "email": "ann@example.com", "webinar": "Light", "registered_at": then,
         "attended": True}])  # fmt: skip
    house.land(
        "sample_shop__mentions",
        FIRST,
        [{"post_id": "b1", "network": "Mastodon", "handle": "@Who", "text": "nice", "posted_at": then}],
    )
    house.land("sample_shop__subscriptions", FIRST, [
        {"subscription_id": "u1", "customer_id": "c1", "plan": "gold", "status": "active", "price": 5,
         "currency": "GBP",
         "started_at": then, "renews_at": at("2026-12-31 23:30"), "updated_at": then}])  # fmt: skip


def land_second_day(house: House) -> None:
    """Bob changes his name, a return, a late order, duplicates of yesterday's events, the stranger signs in as Carl."""
    new = at("2026-11-20 08:00")
    house.land("sample_shop__customers", SECOND, [
        {"customer_id": "c2", "email": "bob@example.com", "first_name": "\u00a0Robert\t",
         "created_at": at("2026-03-01 10:00"), "updated_at": new},
    ])  # fmt: skip
    house.land("sample_shop__returns", SECOND, [
        {"return_id": "r1", "order_id": "o1", "customer_id": "c1", "returned_at": new, "amount": 9.99,
         "currency": "GBP", "updated_at": new},
        {"return_id": "r2", "order_id": "o3", "returned_at": new, "amount": 1, "currency": "GBP", "updated_at": new},
    ])  # fmt: skip
    track = {"type": "track", "received_at": new, "library_name": "analytics-ios", "session_id": "s2"}
    house.land("segment_events__events", SECOND, [
        {**track, "message_id": "m1", "anonymous_id": "dev1", "event": "Product Viewed",
         "occurred_at": at("2026-11-18 23:30")},
        {**track, "message_id": "m7", "anonymous_id": "stranger", "type": "identify",
         "traits_email": "carl@acme.example",
         "occurred_at": new},
        {**track, "message_id": "m8", "anonymous_id": "dev1", "event": "product_added",
         "occurred_at": at("2026-11-19 22:00")},
    ])  # fmt: skip
    house.land("sample_shop__tickets", SECOND, [
        {"ticket_id": "t1", "email": "bob@example.com", "status": "closed", "created_at": at("2026-11-12 12:00"),
         "closed_at": new},
    ])  # fmt: skip
    house.land("sendgrid_events__events", SECOND, [
        {"sg_event_id": "e10", "sg_message_id": "x1", "email": "ann@example.com", "event": "unsubscribe",
         "occurred_at": new},
    ])  # fmt: skip


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return foundation(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def new_house(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., House]:
    """Makes warehouses of their own; dbt's parsed manifest is handed from the first on, parsing takes longest."""
    parsed = tmp_path_factory.mktemp("parsed") / "partial_parse.msgpack"

    def make(**given: Any) -> House:
        house = House(load_settings(root=project, home=tmp_path_factory.mktemp("home"), **given))
        target = house.settings.home / "dbt" / "target"
        target.mkdir(parents=True)
        if not parsed.exists():
            dbt(house.settings, FIRST, ["parse"])
            shutil.copy(target / parsed.name, parsed)
        shutil.copy(parsed, target)
        house.empty()
        return house

    return make


@pytest.fixture
def house(new_house: Callable[..., House]) -> House:
    return new_house()


def two_nights(house: House) -> None:
    """The small shop's two nights; of the first only what the second must add to."""
    land_first_day(house)
    house.resolve(FIRST)
    land_second_day(house)
    house.night(SECOND)


@pytest.fixture(scope="session")
def land_everything() -> Callable[[House], None]:
    return two_nights


@pytest.fixture(scope="session")
def shop(new_house: Callable[..., House]) -> House:
    """The small shop after two nights; tests only read it."""
    house = new_house()
    two_nights(house)
    return house
