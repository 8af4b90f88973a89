"""What every connector of an advertising platform promises: each day once, whatever the pages; days that are restated
read again; limits and wrong credentials told.
"""

from datetime import date
from typing import Any

import pytest
from support.descriptions.description import Description
from support.sources import google_ads, google_analytics, linkedin_ads, meta_ads
from support.sources.google import error
from support.sources.server import Answer

DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)
PLATFORMS = {  # connector -> the fake, its table, the day's column, the cost's column, a limit's answer
    "google_ads": (google_ads, "campaign_days", "segments_date", "metrics_cost_micros",
                   error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")),
    "google_analytics": (google_analytics, "cost_days", "date", "advertiser_ad_cost",
                         error(429, "RESOURCE_EXHAUSTED", "Exhausted property tokens per hour.")),
    "meta_ads": (meta_ads, "campaign_days", "date_start", "spend", meta_ads.error(17, "User request limit reached")),
    "linkedin_ads": (linkedin_ads, "campaign_days", "date_range_start", "cost_in_local_currency",
                     Answer(429, {"status": 429, "code": "TOO_MANY_REQUESTS"})),
}  # fmt: skip


@pytest.fixture(params=list(PLATFORMS))
def platform(request: Any, choices: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("connectors.patience.Patience.pause", lambda *_: None)
    module, table, day_name, cost_name, limit = PLATFORMS[request.param]
    chosen = choices(module.Api())
    chosen.table, chosen.day_name, chosen.cost_name, chosen.limit = table, day_name, cost_name, limit
    chosen.costs = lambda: chosen.raw(table, f"{day_name} as spend_day, {cost_name} as cost, _day", order="1, 2")
    return chosen


def add(api: Any, day: date, cost: int) -> dict[str, Any]:
    """A further day's row of a campaign that is known."""
    if api.connector == "google_ads":
        return api.day(day.isoformat(), cost * 1_000_000)
    if api.connector == "google_analytics":
        return api.day(f"{day:%Y%m%d}", "google", "cpc", "7001", "Brand", advertiserAdCost=cost)
    if api.connector == "linkedin_ads":
        return api.day((day.year, day.month, day.day), str(cost))
    return api.day(day.isoformat(), str(cost))


COST_KEYS = {"google_ads": "cost_micros", "google_analytics": "advertiserAdCost", "meta_ads": "spend",
             "linkedin_ads": "costInLocalCurrency"}  # fmt: skip


def test_every_page_lands_once_and_a_second_pull_changes_nothing(platform):
    first = platform.pull(DAY)
    assert all(entry["rows_landed"] == entry["rows_in"] > 0 for entry in first.values())
    assert first[platform.table]["rows_in"] == {"linkedin_ads": 3, "google_analytics": 4}.get(platform.name, 4)
    assert first[platform.table]["columns_added"] == []
    again = platform.pull(DAY)
    assert all(entry["rows_landed"] == entry["rows_rejected"] == 0 for entry in again.values())
    assert platform.vendor.violations == []


def test_each_row_stands_under_its_own_day(platform):
    platform.pull(NEXT)
    assert all(row["_day"] == row["spend_day"] for row in platform.costs())


def test_a_later_pull_asks_for_the_late_days_alone(platform):
    platform.pull(DAY)
    platform.vendor.requests.clear()
    add(platform.vendor, NEXT, 5)
    assert platform.pull(NEXT)[platform.table]["rows_landed"] == 1
    late_days = {"google_ads": 30, "meta_ads": 28, "linkedin_ads": 30, "google_analytics": 14}[platform.name]
    since = date.fromordinal(DAY.toordinal() - late_days)
    written = (
        f"(year:{since.year},month:{since.month},day:{since.day})" if platform.name == "linkedin_ads" else str(since)
    )
    asked = [r.raw_query + r.body.decode() for r in platform.vendor.requests if "token" not in r.path]
    assert any(written in text.replace("%22", '"') for text in asked), asked


def test_a_day_that_is_restated_lands_as_a_new_version_of_its_row(platform):
    platform.pull(DAY)
    row = platform.vendor.days[0] if hasattr(platform.vendor, "days") else platform.vendor.rows[0]
    before = platform.costs()
    old = row[COST_KEYS[platform.name]]
    row[COST_KEYS[platform.name]] = type(old)("99") if isinstance(old, str) else 99_000_000
    entry = platform.pull(NEXT)[platform.table]
    assert (entry["rows_landed"], entry["rows_unchanged"]) == (1, len(before) - 1)
    versions = [r for r in platform.costs() if r["spend_day"] == before[0]["spend_day"]]
    assert len(versions) == 2 and versions[1]["cost"] >= 99 and {r["_day"] for r in versions} == {
        before[0]["spend_day"], NEXT
    }, "what was known on its own day stays known"  # fmt: skip


def test_a_limit_is_waited_out_or_told_as_one(platform):
    platform.vendor.busy = [platform.limit, platform.limit]
    platform.pull(DAY)
    platform.vendor.busy = [platform.limit] * 50
    entry = platform.try_pull(NEXT)[platform.table]
    assert entry["error_kind"] == "RetryableError" and str(platform.limit.status) in entry["error"]


def test_a_credential_that_is_refused_is_told_and_not_shown(platform, monkeypatch):
    if platform.name.startswith("google"):
        platform.vendor.knows = lambda request: False
    else:
        monkeypatch.setenv(f"FAIRLEAD_{platform.name.upper()}_TOKEN", "hush-hush-123")
    entries = platform.try_pull(DAY)
    assert all(e["error_kind"] == "ConfigError" and "hush" not in e["error"] for e in entries.values())
    assert platform.project.rows(f"select * from raw.{platform.name}__{platform.table}") == []


def test_an_account_that_is_not_set_is_asked_for_by_its_setting(platform):
    del platform.project.settings_given["sources"][platform.name]["account"]
    entry = platform.try_pull(DAY)[platform.table]
    assert entry["error_kind"] == "ConfigError"
    assert f"FAIRLEAD_SOURCES__{platform.name.upper()}__ACCOUNT" in entry["error"]


def test_an_account_without_a_single_row_is_an_empty_table_and_no_error(platform):
    rows = platform.vendor.days if hasattr(platform.vendor, "days") else platform.vendor.rows
    rows.clear()
    assert platform.pull(DAY)[platform.table]["rows_in"] == 0


def test_two_accounts_of_one_platform_stand_side_by_side(platform, choices):
    other = choices(type(platform.vendor)(), "second")
    add(other.vendor, date(2026, 2, 20), 77)
    platform.pull(DAY)
    other.pull(DAY)
    assert len(other.raw(platform.table, order="1")) == len(platform.costs()) + 1


def test_a_first_pull_reaches_back_as_far_as_the_file_says(platform):
    add(platform.vendor, date(2020, 1, 1), 5)
    platform.pull(DAY)
    assert min(row["spend_day"] for row in platform.costs()) >= date(2026, 2, 27)


@pytest.mark.parametrize("code", [4, 17, 613, 80000])
def test_metas_limits_come_with_400_and_are_no_mistake_of_the_settings(choices, monkeypatch, code):
    monkeypatch.setattr("connectors.patience.Patience.pause", lambda *_: None)
    chosen = choices(meta_ads.Api())
    chosen.vendor.busy = [meta_ads.error(code, "limit")] * 50
    assert chosen.try_pull(DAY)["campaign_days"]["error_kind"] == "RetryableError"
    chosen.vendor.busy = [meta_ads.error(100, "Invalid parameter")]
    assert chosen.try_pull(DAY)["campaign_days"]["error_kind"] == "ConfigError"


def test_a_refused_developer_token_is_an_error_of_its_own(choices, monkeypatch):
    chosen = choices(google_ads.Api())
    monkeypatch.setenv("FAIRLEAD_GOOGLE_ADS_DEVELOPER_TOKEN", "another")
    entry = chosen.try_pull(DAY)["campaign_days"]
    assert entry["error_kind"] == "ConfigError" and "401" in entry["error"] and "another" not in entry["error"]


def test_an_answer_of_linkedins_most_rows_is_perhaps_cut_and_lands_nothing(choices):
    chosen = choices(linkedin_ads.Api())
    file = chosen.project.root / "connectors/sources/linkedin_ads.yml"
    file.write_text(file.read_text().replace("cut_at: 15000", "cut_at: 3"))
    entry = chosen.try_pull(DAY)["campaign_days"]
    assert entry["error_kind"] == "FatalError" and "others may be missing" in entry["error"]
    assert chosen.raw("campaign_days", order="1") == []


@pytest.mark.skipif(Description.load("google/analyticsdata") is None, reason="../shared/specs/google is not there")
def test_what_google_analytics_is_asked_is_what_its_discovery_document_allows(choices):
    chosen = choices(google_analytics.Api())
    chosen.pull(DAY)
    description = Description.load("google/analyticsdata")
    asked = [r for r in chosen.vendor.requests if r.path != "/token"]
    assert len(asked) >= 4
    faults = {f for r in asked for f in description.check(r.method, r.path, {}, None, r.body, "application/json")}
    # int64 is a text in the document; Google's JSON takes a number as well (protobuf.dev, JSON mapping)
    assert faults <= {"body /offset: not of type string", "body /limit: not of type string"}
