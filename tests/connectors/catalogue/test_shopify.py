"""Shopify: whole pages by the Link header, changes alone in the second night, limits waited out, a wrong token told."""

from datetime import date

from support.sources.shopify import LIMIT, Api

NEXT_DAY = date(2026, 3, 3)


def test_a_second_night_asks_for_what_has_changed(choices):
    shop = choices(Api())
    first = shop.pull()
    assert {name: entry["rows_landed"] for name, entry in first.items()} == {
        "customers": 4, "customer_ids": 4, "orders": 6, "products": 2, "deletions": 0,
    }  # fmt: skip
    assert not any(entry["columns_added"] for entry in first.values())
    shop.vendor.night()
    second = shop.pull(NEXT_DAY)
    landed = {name: entry["rows_landed"] for name, entry in second.items()}
    assert landed == {"customers": 1, "customer_ids": 0, "orders": 3, "products": 1, "deletions": 2}
    assert second["customer_ids"]["rows_deleted"] == 1
    since = [asked["updated_at_min"] for asked in shop.vendor.asked("/orders.json") if "updated_at_min" in asked]
    assert len(since) == 1 and since[0] < "2026-02-20"  # a day before the newest, and once: pages keep their question
    assert {k: v["rows_landed"] for k, v in shop.pull(NEXT_DAY).items()} == dict.fromkeys(landed, 0)


def test_nothing_that_nobody_declared_is_kept(choices):
    shop = choices(Api())
    shop.pull()
    kept = "".join(str(shop.raw(table)) for table in ("customers", "orders", "products"))
    assert "192.0.2.7" not in kept and "note of the shop" not in kept


def test_its_limit_is_waited_out(choices):
    shop = choices(Api())
    shop.vendor.busy = [LIMIT]
    assert shop.pull()["customers"]["rows_landed"] == 4


def test_a_wrong_token_is_told_and_lands_nothing(choices, monkeypatch):
    shop = choices(Api())
    monkeypatch.setenv("FAIRLEAD_SHOPIFY_TOKEN", "shpat_of-another-shop")
    entry = shop.try_pull()["orders"]
    assert entry["error_kind"] == "ConfigError" and "401" in entry["error"] and "shpat" not in entry["error"]
    assert shop.raw("orders") == []


def test_a_shop_without_anything_lands_nothing_and_deletes_nobody(choices):
    shop = choices(Api())
    shop.pull()
    for rows in shop.vendor.tables.values():
        rows.clear()
    entries = shop.pull(NEXT_DAY)
    assert any("no keys at all" in warning for warning in entries["customer_ids"]["warnings"])
    assert not shop.project.rows("select 1 from raw.shopify__customer_ids where _deleted")
