"""Known truth: what the marts must say about a shop of a handful of people, after two nights."""

from datetime import date, datetime
from decimal import Decimal


def profile(shop, identifier):
    return shop.rows(f"select * from marts.profiles where person_id = '{shop.person(identifier)}'")[0]


def test_one_human_under_four_records_is_one_profile(shop):
    same = {
        shop.person(i) for i in ("id:shop:c1", "id:crm:l1", "id:loyalty:L1", "email:ann@example.com", "device:dev1")
    }
    assert len(same) == 1 and None not in same


def test_a_familys_tablet_joins_nobody_and_its_anonymous_events_stay_nobodys(shop):
    assert shop.person("id:shop:c1") != shop.person("id:shop:c2")
    assert shop.person("device:tablet") is None
    assert shop.one("select person_id from marts.events where event_key = 'segment_events:m5'") is None


def test_the_golden_record_takes_the_newest_value_and_keeps_what_only_an_older_one_knows(shop):
    ann = profile(shop, "email:ann@example.com")
    assert (ann["first_name"], ann["last_name"], ann["country"]) == ("Anne", "Other", "GB")
    assert (ann["lifecycle"], ann["lead_status"], ann["is_trade"]) == ("customer", "working", True)
    assert profile(shop, "id:shop:c2")["first_name"] == "Robert"


def test_somebody_known_by_a_consent_or_a_guest_order_alone_has_a_profile_with_the_address(shop):
    assert profile(shop, "email:only@consent.example")["email"] == "only@consent.example"
    guest = profile(shop, "email:guest@example.com")
    assert (guest["lifecycle"], guest["lifetime_orders"], guest["email"]) == ("customer", 1, "guest@example.com")


def test_returns_and_receipts_are_counted_apart_and_revenue_is_net(shop):
    ann = profile(shop, "email:ann@example.com")
    assert (ann["lifetime_orders"], ann["lifetime_returns"]) == (2, 1)  # a web order, a receipt; a return
    assert ann["lifetime_revenue"] == Decimal("29.97")  # 29.97 + 2 x 9.99 - 9.99 at the till - 9.99 returned
    assert ann["average_order_value"] == Decimal("19.98")
    assert (ann["days_since_last_order"], ann["favourite_category"]) == (1, "light")


def test_a_guests_return_is_the_guests_by_way_of_the_order(shop):
    returned = shop.rows(
        "select person_id, channel, revenue from marts.orders where order_key = 'sample_shop:return:r2'"
    )
    assert returned == [
        {"person_id": shop.person("email:guest@example.com"), "channel": "app", "revenue": Decimal("-1.00")}
    ]


def test_the_same_receipt_number_in_two_stores_is_two_orders(shop):
    assert shop.one("select count(*) from marts.orders where channel = 'store'") == 3


def test_credit_notes_are_returns_and_adjustments_are_cancelled_and_nobodys(shop):
    kinds = {r["order_key"].split(":")[1]: (r["status"], r["is_return"], r["is_sale"]) for r in shop.rows(
        "select order_key, status, is_return, is_sale from marts.orders where _source = 'online_retail'")}  # fmt: skip
    assert kinds == {
        "536365": ("completed", False, True), "C536366": ("completed", True, False), "536367": ("completed", False,
         True),
        "536368": ("cancelled", False, False), "A536369": ("cancelled", False, False),
    }  # fmt: skip
    assert shop.person("id:online_retail:17850") is not None
    assert shop.one("select person_id from marts.orders where order_key = 'online_retail:536367'") is None


def test_lines_add_up_to_the_raw_file_whatever_became_of_the_order(shop):
    raw = shop.one(
        "select cast(sum(cast(quantity * unit_price as numeric(18, 4))) as numeric(18, 2)) from "
        "raw.online_retail__lines"
    )
    assert shop.one("select sum(revenue) from marts.order_lines where _source = 'online_retail'") == raw
    assert shop.one("select count(*) from marts.order_lines where _source = 'online_retail'") == 6


def test_an_event_delivered_three_times_counts_once_on_the_day_it_first_came(shop):
    rows = shop.rows("select _day, occurred_on, occurred_hour from marts.events where event_key = 'segment_events:m1'")
    assert rows == [{"_day": date(2026, 11, 19), "occurred_on": date(2026, 11, 18), "occurred_hour": 23}]


def test_yesterdays_anonymous_events_become_his_when_the_stranger_signs_in_today(shop):
    carl = shop.person("id:crm:l2")
    owners = shop.rows("select person_id from marts.events where device_ref = 'device:stranger'")
    assert [r["person_id"] for r in owners] == [carl, carl]
    assert shop.one("select person_id from marts.touches where kind = 'ad_click'") == carl


def test_clicks_of_scanners_are_marked_and_the_humans_open_stays(shop):
    machines = {r["message_event_key"].split(":")[1] for r in shop.rows(
        "select message_event_key from marts.messages where is_machine")}  # fmt: skip
    assert machines == {"e3", "e4", "e5", "e6", "e11"}
    ann = profile(shop, "email:ann@example.com")
    assert (ann["messages_sent_90d"], ann["messages_opened_90d"], ann["messages_clicked_90d"]) == (1, 1, 0)
    assert ann["best_hour"] == 19


def test_a_touch_tells_what_became_of_the_message(shop):
    touch = shop.rows("select * from marts.touches where message_key = 'sendgrid_events:x1'")[0]
    assert touch["touched_on"] == date(2026, 11, 19) and touch["is_delivered"] and touch["is_unsubscribed"]
    assert touch["clicked_at"] is None and touch["opened_at"].hour == 19
    assert shop.one("select is_hard_bounce from marts.messages where event = 'bounced'") is False


def test_relations_say_how_somebody_stands_with_us(shop):
    ann, bob = profile(shop, "email:ann@example.com"), profile(shop, "id:shop:c2")
    assert (ann["last_nps"], ann["webinars_attended_180d"], ann["subscription_status"]) == (9, 1, "active")
    assert ann["renews_on"] == date(2026, 12, 31) and ann["open_deal_amount"] == Decimal("1200.51")
    assert bob["open_tickets"] == 0  # closed today


def test_quintiles_cover_everybody_with_a_sale_and_nobody_else(shop):
    rows = shop.rows("select lifetime_orders, rfm_recency, rfm_frequency, rfm_monetary from marts.profiles")
    buyers = [r for r in rows if r["lifetime_orders"] > 0]
    assert len(buyers) == 5  # ann, bob, the guest, zoe, 17850
    assert sorted(r["rfm_monetary"] for r in buyers) == [1, 2, 3, 4, 5]
    assert all(r["rfm_recency"] is None for r in rows if r["lifetime_orders"] == 0)


def test_purchases_are_the_sales_alone_each_with_its_buyers_newest_identifiers(shop):
    events = {r["event_id"]: r for r in shop.rows("select * from marts.feed__purchases")}
    sales = {r["order_key"] for r in shop.rows("select order_key from marts.orders where is_sale")}
    assert set(events) == sales and "sample_shop:return:r1" not in events and "online_retail:C536366" not in events
    first = events["sample_shop:o1"]
    assert (first["value"], first["currency"], first["sold_through"]) == (Decimal("29.97"), "GBP", "web")
    assert (first["person_id"], first["email"], first["first_name"]) == (
        shop.person("id:shop:c1"), "ann@example.com", "Anne",
    )  # fmt: skip
    assert events["sample_shop:o3"]["email"] == "guest@example.com"
    nobodys = events["online_retail:536367"]
    assert (nobodys["person_id"], nobodys["email"], nobodys["country"]) == (None, None, "France")


def test_a_deal_that_was_won_is_an_event_of_the_lead_and_no_other_deal_is(shop):
    rows = shop.rows("select event_id, person_id, occurred_at, value, deal_name, email from marts.feed__won_deals")
    assert [tuple(r.values()) for r in rows] == [
        ("sample_shop:d2", shop.person("id:crm:l2"), datetime(2026, 11, 18, 9), Decimal("300.00"), "Lamps",
         "carl@acme.example"),
    ]  # fmt: skip


def test_a_record_says_what_it_is_compared_by_with_its_accounts_name_and_no_providers_domain(shop):
    rows = shop.rows("select * from intermediate.int_people__records order by record_id")
    by_id = {row["record_id"]: row for row in rows}
    lead = by_id["sample_shop:lead:l1"]
    assert (lead["first_name"], lead["full_name"], lead["company"]) == ("Anne", "Anne Other", "Acme")
    assert by_id["sample_shop:lead:l2"]["work_domain"] == "acme.example"
    assert by_id["sample_shop:customer:c1"]["strong_id"] == "id:loyalty:L1"
    assert len(by_id) == len(rows) > 5
