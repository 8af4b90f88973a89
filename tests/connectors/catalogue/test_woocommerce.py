"""WooCommerce: pages by their number, orders by what has changed, customers and refunds whole, the bin."""

from datetime import date

import pytest
from support.sources.woocommerce import LIMIT, Api

NEXT_DAY = date(2026, 3, 3)


def test_a_second_night_asks_for_what_has_changed(choices):
    shop = choices(Api())
    first = {name: entry["rows_landed"] for name, entry in shop.pull().items()}
    assert first == {
        "customers": 3, "orders": 5, "trashed_orders": 0, "refunds": 1, "products": 2, "trashed_products": 0,
    }  # fmt: skip
    shop.vendor.night()
    second = shop.pull(NEXT_DAY)
    assert {name: entry["rows_landed"] for name, entry in second.items()} == {
        "customers": 1, "orders": 2, "trashed_orders": 1, "refunds": 1, "products": 0, "trashed_products": 1,
    }  # fmt: skip
    assert (second["customers"]["rows_deleted"], second["refunds"]["rows_deleted"]) == (1, 1)
    asked = shop.vendor.asked("/orders")[-1]
    changed = [a for a in shop.vendor.asked("/orders") if "modified_after" in a]
    assert "modified_after" not in asked  # the bin is read whole
    assert all(a["modified_after"].endswith("00") and a["dates_are_gmt"] == "true" for a in changed) and changed
    assert not any(entry["rows_landed"] for entry in shop.pull(NEXT_DAY).values())


def test_no_page_is_asked_for_beyond_the_last(choices):
    shop = choices(Api())
    shop.pull()
    assert [asked["page"] for asked in shop.vendor.asked("/customers")] == ["1", "2"]


def test_an_order_that_comes_back_from_the_bin_is_one_again(choices):
    shop = choices(Api())
    shop.vendor.change(shop.vendor.guest, status="trash")
    shop.pull()
    assert len(shop.raw("trashed_orders")) == 1
    shop.vendor.change(shop.vendor.guest, status="completed")
    shop.pull(NEXT_DAY)
    orders = shop.raw("orders", "id, modified_at")
    (binned,) = shop.raw("trashed_orders", "id, modified_at")
    assert max(o["modified_at"] for o in orders if o["id"] == binned["id"]) > binned["modified_at"]


def test_its_limit_is_waited_out_and_a_wrong_key_told(choices, monkeypatch):
    shop = choices(Api())
    shop.vendor.busy = [LIMIT]
    assert shop.pull()["orders"]["rows_landed"] == 5
    monkeypatch.setenv("FAIRLEAD_WOOCOMMERCE_SECRET", "cs_of-another-shop")
    entry = shop.try_pull(NEXT_DAY)["orders"]
    assert entry["error_kind"] == "ConfigError" and "cs_of" not in str(entry)


@pytest.mark.parametrize("table", ["refunds"])
def test_a_shop_before_version_9_is_told_what_it_lacks(choices, table):
    shop = choices(Api())
    del shop.vendor.tables[table]
    entries = shop.try_pull()
    assert "404" in entries[table]["error"] and entries["orders"]["rows_landed"] == 5
