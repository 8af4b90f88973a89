"""Stripe: on from the last id, what is new by its time, what changed and was deleted by events."""

from datetime import date

import pytest
from support.sources.stripe import LIMIT, Api

NEXT_DAY = date(2026, 3, 3)


def test_a_second_night_brings_what_is_new_and_what_has_changed(choices):
    account = choices(Api())
    first = {name: entry["rows_landed"] for name, entry in account.pull().items()}
    assert first == {"customers": 3, "subscriptions": 3, "changes": 0, "charges": 8, "refunds": 2}
    account.vendor.night()
    second = {name: entry["rows_landed"] for name, entry in account.pull(NEXT_DAY).items()}
    assert second == {"customers": 1, "subscriptions": 0, "changes": 4, "charges": 1, "refunds": 1}
    assert not any(entry["rows_landed"] for entry in account.pull(NEXT_DAY).values())


def test_each_page_goes_on_behind_the_last_id_of_the_one_before(choices):
    account = choices(Api())
    account.pull()
    pages = account.vendor.asked("/charges")
    newest_first = [row["id"] for row in account.vendor._newest_first("charges")]
    assert [page.get("starting_after") for page in pages] == [None, *newest_first[1:7:2]]


def test_a_card_and_what_the_staff_wrote_are_not_kept(choices):
    account = choices(Api())
    account.pull()
    kept = "".join(str(account.raw(table)) for table in ("customers", "charges"))
    assert "4242" not in kept and "of the staff" not in kept and "1 Rue" not in kept


def test_its_limit_is_waited_out_and_a_wrong_key_told(choices, monkeypatch):
    account = choices(Api())
    account.vendor.busy = [LIMIT]
    assert account.pull()["customers"]["rows_landed"] == 3
    monkeypatch.setenv("FAIRLEAD_STRIPE_KEY", "rk_live_of-another")
    entry = account.try_pull(NEXT_DAY)["charges"]
    assert entry["error_kind"] == "ConfigError" and "rk_live" not in str(entry)


@pytest.mark.parametrize(
    ("amount", "currency", "money"),
    [(4150, "eur", "41.50"), (5000, "JPY", "5000.00"), (12345, "kwd", "12.35"), (1, "usd", "0.01"),
     (100, "isk", "1.00"), (100, "ugx", "1.00"), (7, "clp", "7.00")],
)  # fmt: skip
def test_the_smallest_unit_of_a_currency_is_what_stripe_counts_it_in(amount, currency, money):
    import duckdb
    from jinja2 import Environment
    from support.shop import ROOT

    text = (ROOT / "dbt_project/macros/json.sql").read_text()
    macro = text[text.index("{% macro minor_units") : text.index("{%- endmacro", text.index("{% macro minor_units"))]
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals["money"] = lambda expression: f"cast({expression} as numeric(18, 2))"
    module = environment.from_string(macro + "{%- endmacro %}").module
    sql = module.minor_units(str(amount), f"'{currency}'")
    assert str(duckdb.sql(f"select {sql}").fetchone()[0]) == money
