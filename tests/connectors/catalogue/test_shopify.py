"""Shopify: whole pages by the Link header, changes alone in the second night, limits waited out, a wrong token told."""

import re
from datetime import date

from support.sources.shopify import LIMIT, Api

from connectors.again import again

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
    shop.pull()
    shop.vendor.busy = [shop.vendor.refusal, LIMIT]
    assert shop.pull(NEXT_DAY)["customers"]["rows_unchanged"] == 4


def test_an_api_that_breaks_off_within_a_list_lands_nothing_of_it_and_all_of_it_later(choices, monkeypatch):
    monkeypatch.setattr("connectors.kinds.http.ATTEMPTS", 1)
    shop = choices(Api())
    shop.vendor.breaks_at = "page0"
    entries = shop.try_pull()
    assert "500" in entries["customers"]["error"] and shop.raw("customers") == []
    assert entries["products"]["rows_landed"] == 2
    shop.vendor.breaks_at = None
    assert shop.pull()["customers"]["rows_landed"] == 4


def test_an_order_is_read_anew_with_the_day_it_had(choices):
    shop = choices(Api())
    shop.pull()
    shop.vendor.night()
    shop.pull(NEXT_DAY)
    before = shop.raw("orders", "id, _day, total_price", "id, _day")
    file = shop.project.root / "connectors/sources/shopify.yml"
    file.write_text(file.read_text().replace("total_price: {type: number", "total_price: {type: text"))
    (entry,) = again(shop.project.settings, "shopify.orders")["sources"]
    assert "error" not in entry and entry["read_anew"]["rows_known"] == 7  # all but the deleted one
    after = shop.raw("orders", "id, _day, total_price", "id, _day")
    assert [(r["id"], r["_day"]) for r in after] == [(r["id"], r["_day"]) for r in before]
    assert {type(r["total_price"]) for r in after if r["_day"] == NEXT_DAY} == {str}


def test_a_wrong_token_is_told_and_lands_nothing(choices, monkeypatch):
    shop = choices(Api())
    monkeypatch.setenv("FAIRLEAD_SHOPIFY_CLIENT_SECRET", "shpss_of-another-shop")
    entry = shop.try_pull()["orders"]
    assert entry["error_kind"] == "ConfigError" and "FAIRLEAD_SHOPIFY_CLIENT_SECRET" in entry["error"]
    assert "shpss" not in entry["error"] and shop.raw("orders") == []


def test_a_token_is_fetched_once_a_pull_and_again_where_it_ran_out(choices):
    shop = choices(Api())
    shop.pull()
    assert len(shop.vendor.asked("/access_token")) == 1
    shop.vendor.busy = [shop.vendor.refusal]
    shop.pull(NEXT_DAY)
    assert len(shop.vendor.asked("/access_token")) == 3


def test_the_token_of_an_older_app_goes_with_the_line_that_the_file_gives(choices, monkeypatch):
    shop = choices(Api())
    file = shop.project.root / "connectors/sources/shopify.yml"
    text = file.read_text()
    (line,) = re.findall(r"^# (\{type: api_key.*\})$", text, re.MULTILINE)
    file.write_text(re.sub(r"auth: &auth\n(      .*\n)+", f"auth: &auth {line}\n", text))
    monkeypatch.setenv("FAIRLEAD_SHOPIFY_TOKEN", shop.vendor.token)
    assert shop.pull()["orders"]["rows_landed"] == 6 and not shop.vendor.asked("/access_token")


def test_a_shop_without_anything_lands_nothing_and_deletes_nobody(choices):
    shop = choices(Api())
    shop.pull()
    for rows in shop.vendor.tables.values():
        rows.clear()
    entries = shop.pull(NEXT_DAY)
    assert any("no keys at all" in warning for warning in entries["customer_ids"]["warnings"])
    assert not shop.project.rows("select 1 from raw.shopify__customer_ids where _is_deleted")
