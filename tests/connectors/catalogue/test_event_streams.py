"""Events from files, tables, a bucket and a topic: each lands once, under its own day, and goes on where it ended."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from support import servers
from support.sources import google_analytics_export, kafka_events, s3_events, snowplow, snowplow_files

from connectors.catalogue.choose import new_from_connector, source_of
from connectors.places import secrets
from core.errors import ConfigError

DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)
STREAMS = {
    m.__name__.rsplit(".")[-1]: m for m in (google_analytics_export, kafka_events, s3_events, snowplow, snowplow_files)
}
ROWS = {"google_analytics_export": 5, "kafka_events": 4, "s3_events": 5, "snowplow": 5, "snowplow_files": 5}


@pytest.fixture(params=list(STREAMS))
def stream(request: Any, choices: Any) -> Any:
    return choices(STREAMS[request.param].Api())


def more_of(api: Any) -> None:
    """One event of the next day."""
    if api.connector == "kafka_events":
        api.cluster.send("events", s3_events.event(9, "page", "2026-03-02T09:00:00Z"), partition=3)
    elif api.connector == "snowplow":
        api.add(
            snowplow.event(9, "page_view", collector_tstamp="2026-03-02 09:00:00", derived_tstamp="2026-03-02 09:00:00")
        )
    elif api.connector == "snowplow_files":
        later = {"collector_tstamp": "2026-03-02 09:00:00", "derived_tstamp": "2026-03-02 09:00:00"}
        api.write("2026/03/02/09/run-2.gz", snowplow_files.line(snowplow.event(9, "page_view", **later)))
    elif api.connector == "s3_events":
        api.write("segment-logs/AbC/2/part-0.gz", s3_events.event(9, "page", "2026-03-02T09:00:00Z"))
    else:
        api.write("events_20260302.jsonl.gz", google_analytics_export.event("page_view", 86_400))


def test_events_land_once_and_under_their_own_day(stream):
    entry = stream.pull(NEXT)["events"]
    assert (entry["rows_in"], entry["rows_landed"], entry["rows_rejected"]) == (ROWS[stream.name],) * 2 + (0,)
    assert {row["_day"] for row in stream.raw("events")} == {DAY}
    again = stream.pull(NEXT)["events"]
    assert again["rows_landed"] == again["rows_rejected"] == 0


def test_a_later_pull_lands_what_came_since(stream):
    stream.pull(DAY)
    more_of(stream.vendor)
    entry = stream.pull(NEXT)["events"]
    assert entry["rows_landed"] == 1 and len(stream.raw("events")) == ROWS[stream.name] + 1
    assert next(row["_day"] for row in stream.raw("events", order="_day desc")) == NEXT


def test_a_place_that_is_not_there_is_told(stream):
    sources = stream.project.settings_given["sources"]
    sources[stream.name] |= {"path": "/nowhere/at/all", "url": "sqlite:////nowhere/at.all"}
    if stream.name == "kafka_events":
        sources[stream.name]["url"] = "kafka+ssl://"
    entry = stream.try_pull(DAY)["events"]
    assert entry["error_kind"] in ("ConfigError", "RetryableError") and entry["error"]


def test_a_broken_line_of_snowplow_is_refused_alone(choices):
    chosen = choices(snowplow_files.Api())
    good = [snowplow_files.line(snowplow.event(n % 10, "page_view", event_id=f"x{n}")) for n in range(60)]
    chosen.vendor.write("2026/03/01/10/run.gz", *good, "a\tline\tcut\tshort")
    entry = chosen.pull(DAY)["events"]
    assert (entry["rows_landed"], entry["rows_rejected"]) == (65, 1)
    json_value = next(r["unstruct_event"] for r in chosen.raw("events") if r["unstruct_event"])
    assert json.loads(json_value) == {"a": '"x"'}


def test_snowplows_fields_stand_in_the_order_of_its_own_sdk():
    """The places in the fake are written down apart from the connector; both must say the same."""
    header = source_of("s", "snowplow_files").tables["events"].header
    assert len(header) == snowplow_files.FIELDS
    assert {name: header.index(name) for name in snowplow_files.PLACES} == snowplow_files.PLACES


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with servers.s3() as address:
        for name, value in {
            "AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield boto3.resource("s3").Bucket("drop")


def test_events_of_a_bucket_land_and_new_objects_alone_are_read(choices, bucket):
    chosen = choices(s3_events.Api())
    chosen.project.settings_given["sources"]["s3_events"]["path"] = "s3://drop/segment-logs"

    def put(key: str, *events: Any) -> None:
        body = gzip.compress("".join(json.dumps(e) + "\n" for e in events).encode())
        bucket.put_object(Key=f"segment-logs/{key}", Body=body)

    put("AbC/1772323200000/a.gz", *s3_events.EVENTS[:2])
    put("AbC/1772326800000/deep/b.gz", *s3_events.EVENTS[2:])
    bucket.put_object(Key="segment-logs/readme.txt", Body=b"no events")
    assert chosen.pull(DAY)["events"]["rows_landed"] == 4
    put("AbC/1772400000000/c.gz", s3_events.event(9, "page", "2026-03-02T09:00:00Z"))
    entry = chosen.pull(NEXT)["events"]
    assert (entry["rows_in"], entry["rows_landed"]) == (1, 1)
    assert chosen.raw("events", "_origin", "_day desc")[0]["_origin"] == "AbC/1772400000000/c.gz"


SEEDS = Path(__file__).parents[4] / "shared/data/fivetran_seeds/dbt_ad_reporting/integration_tests/seeds"
REPORTS = {  # platform -> its seed, and its own words for day, campaign, spend, clicks and impressions
    "google_ads": ("google_ads_campaign_stats_data", "date", "id", "cost_micros / 1000000.0", "clicks", "impressions"),
    "linkedin_ads": ("linkedin_ad_analytics_by_campaign_data", "day", "campaign_id", "cost_in_local_currency", "clicks",
                     "impressions"),
    "microsoft_ads": ("microsoft_ads_campaign_performance_daily_report_data", "date", "campaign_id", "spend", "clicks",
                      "impressions"),
    "reddit_ads": ("reddit_ads_campaign_report_data", "date", "campaign_id", "spend / 1000000.0", "clicks",
                   "impressions"),
}  # fmt: skip


@pytest.mark.skipif(not SEEDS.exists(), reason="../shared/data/fivetran_seeds is not there")
def test_the_report_of_fivetrans_own_test_rows_gives_the_sums_of_its_platforms(choices):
    """The seeds are the platforms' tables, before the package unites them: what it does to campaigns is done here."""
    import duckdb
    from support.sources import ad_reporting

    chosen = choices(ad_reporting.Api())
    chosen.vendor.run("delete from ad_reporting__campaign_report")
    sums = {}
    for platform, (seed, day, campaign, spend, clicks, impressions) in REPORTS.items():
        rows = duckdb.sql(
            f"select cast({day} as date)::text, {campaign}::text, sum({spend})::double, sum({clicks})::bigint,"
            f" sum({impressions})::bigint from read_csv('{SEEDS / seed}.csv') group by 1, 2"
        ).fetchall()
        sums[platform] = (len(rows), round(sum(r[2] or 0 for r in rows), 2), sum(r[4] or 0 for r in rows))
        with sqlite3.connect(chosen.vendor.file) as db:
            db.executemany(
                "insert into ad_reporting__campaign_report values ('', ?, ?, 'A', 'A', ?, ?, ?, ?, ?, 0, 0)",
                [(r[0], platform, r[1], "name", r[3], r[4], r[2]) for r in rows],
            )
        db.close()
    assert sum(count for count, *_ in sums.values()) == 518
    chosen.pull(NEXT)
    landed = chosen.project.rows(
        "select platform, count(*) as n, round(sum(spend), 2) as spend, sum(impressions) as impressions"
        " from raw.ad_reporting__campaign_report group by 1"
    )
    assert {r["platform"]: (r["n"], r["spend"], int(r["impressions"])) for r in landed} == sums


SHOP = """
select {{ id_ref('my_shop_customer', 'id') }} as person_ref from {{ source('raw', 'my_shop__people') }}
"""


@pytest.mark.parametrize(
    "connector", ["google_analytics_export", "kafka_events", "s3_events", "snowplow", "snowplow_files"]
)
def test_events_take_the_numbers_of_a_shop_that_is_named(project, connector):
    project.source(name="my_shop")
    staging = project.root / "dbt_project/models/staging/my_shop"
    staging.mkdir(parents=True)
    (staging / "stg_my_shop__people.sql").write_text(SHOP)
    files = new_from_connector(project.settings, "web", connector, shop="my_shop")["files"]
    text = "".join((project.root / file).read_text() for file in files if "stg_web__events" in file)
    assert "id_ref('my_shop_customer'," in text and "native_key('my_shop'," in text
    assert "native_key('web'," in text or "'web:' ||" in text, "an event's own key is its own"
    with pytest.raises(ConfigError, match=r"no source 'your_shop'\. Sources: my_shop, web"):
        new_from_connector(project.settings, "other", connector, shop="your_shop")
    with pytest.raises(ConfigError, match="Leave it out"):
        new_from_connector(project.settings, "other", "meta_ads", shop="my_shop")


def test_what_a_source_still_wants_stands_in_the_example_of_the_environment(project):
    for connector in ("kafka_events", "meta_ads", "snowplow"):
        new_from_connector(project.settings, f"my_{connector}", connector)
    wanted = dict(secrets(project.settings))
    assert list(wanted) == [
        "FAIRLEAD_SOURCES__MY_KAFKA_EVENTS__URL", "FAIRLEAD_MY_META_ADS_TOKEN",
        "FAIRLEAD_SOURCES__MY_META_ADS__ACCOUNT", "FAIRLEAD_SOURCES__MY_SNOWPLOW__URL",
    ]  # fmt: skip
    assert "brokers" in wanted["FAIRLEAD_SOURCES__MY_KAFKA_EVENTS__URL"]
