"""A number passes from one customer to another: orders and yeses stay with whoever had it, on both engines."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from cli.data import build_stage, resolve_people
from connectors.pull import pull
from core.settings import Settings, load_settings
from core.warehouse import connect

ROOT, FIRST = Path(__file__).resolve().parents[2], date(2026, 3, 1)
SOURCE = """
description: a shop that knows who ordered by the number they called from
defaults: {path: "{home}/in"}
tables:
  customers:
    kind: files
    pattern: customers-{day}.csv
    key: [nr]
    cursor: changed
    columns: {nr: text, first: text, last: text, phone: {type: text, identifier: phone}, changed: timestamp}
  calls:
    kind: files
    pattern: calls.csv
    key: [nr]
    columns: {nr: text, phone: {type: text, identifier: phone}, called_at: timestamp}
"""
PEOPLE = """select 'shop:' || nr as record_id, {{ id_ref('shop', 'nr') }} as person_ref, phone__normalised as phone,
    first as first_name, last as last_name, changed as created_at, changed as updated_at, _source, _day
from ({{ newest_version(source('raw', 'shop__customers'), ['nr'], 'changed') }}) as c"""
ORDERS = """select 'shop:' || nr as order_key, {{ phone_ref('phone__normalised') }} as person_ref,
    called_at as ordered_at, 'phone' as channel, 'GBP' as currency, {{ money('1') }} as revenue,
    {{ money('0') }} as discount, 'completed' as status, false as is_return, _source, _day
from {{ source('raw', 'shop__calls') }} where _day <= {{ day() }}"""
CONSENTS = """select 'shop:' || nr as consent_key, {{ phone_ref('phone__normalised') }} as person_ref, 'sms' as channel,
    'marketing' as purpose, 'granted' as status, called_at as occurred_at, _source, _day
from {{ source('raw', 'shop__calls') }} where _day <= {{ day() }}"""
NUMBER = "07400 123456"
BUILT = "+orders +consents +int_consents__standing"


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    ours = shutil.ignore_patterns("sample_shop", "online_retail", "segment_events", "sendgrid_events", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", tmp_path / "dbt_project", ignore=ours)
    for folder in ("connectors/sources", "dbt_project/models/staging/shop"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "connectors/sources/shop.yml").write_text(SOURCE)
    staging = tmp_path / "dbt_project/models/staging/shop"
    for entity, sql in (("people", PEOPLE), ("orders", ORDERS), ("consents", CONSENTS)):
        (staging / f"stg_shop__{entity}.sql").write_text(sql + "\n")
    raw = [{"name": "raw", "schema": "raw", "tables": [{"name": "shop__customers"}, {"name": "shop__calls"}]}]
    (staging / "_shop.yml").write_text(yaml.safe_dump({"sources": raw}))
    warehouse = {"engine": request.param}
    if request.param == "postgres":
        warehouse["url"] = request.getfixturevalue("postgres")
    return load_settings(root=tmp_path, home=tmp_path / "home", warehouse=warehouse)


def night(settings: Settings, number: int, customers: list[str], calls: list[str]) -> dict:
    day = FIRST + timedelta(days=number)
    folder = settings.home / "in"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{row},{day}T08:00:00" for row in customers]
    (folder / f"customers-{day}.csv").write_text("\n".join(["nr,first,last,phone,changed", *rows]) + "\n")
    (folder / "calls.csv").write_text("\n".join(["nr,phone,called_at", *calls]) + "\n")
    pull(settings, day)
    result = resolve_people(settings, day)
    assert result["ok"], result
    return result


def test_an_order_by_a_number_is_whose_the_number_was_and_so_is_a_yes(shop: Settings):
    calls = [f"1,{NUMBER},2026-03-01T10:00:00"]
    night(shop, 0, [f"1,Ann,Smith,{NUMBER}", "2,Bob,Jones,07400 123457"], calls)
    night(shop, 1, ["1,Ann,Smith,07400 123458", "2,Bob,Jones,07400 123457"], calls)
    night(shop, 2, ["1,Ann,Smith,07400 123458", f"2,Bob,Jones,{NUMBER}"], calls)
    night(shop, 3, ["1,Ann,Smith,07400 123458", f"2,Bob,Jones,{NUMBER}"], [*calls, f"2,{NUMBER},2026-03-04T10:00:00"])
    built = build_stage(shop, FIRST + timedelta(days=3), select=BUILT)
    assert built["ok"], built["failures"]
    with connect(shop) as db:
        ids = db.query("select identifier, person_id from identity.person_identifiers where kind = 'id'").to_pylist()
        whose = {row["identifier"]: row["person_id"] for row in ids}
        orders = db.query("select order_key, person_id from marts.orders order by 1")["person_id"].to_pylist()
        spans = db.query(
            "select person_id, from_day, until_day from identity.identifier_validity where identifier = $1"
            " order by coalesce(from_day, date '1900-01-01')", ["phone:+447400123456"]
        )  # fmt: skip
        given = db.query("select person_id, granted_at from intermediate.int_consents__standing where channel = 'sms'")
        held = db.query("select count(*) as n from intermediate.int_people__records")["n"][0].as_py()
    ann, bob = whose["id:shop:1"], whose["id:shop:2"]
    assert orders == [ann, bob] and held == 2
    passed = FIRST + timedelta(days=2)
    assert [tuple(row.values()) for row in spans.to_pylist()] == [(ann, None, passed), (bob, passed, None)]
    assert [(r["person_id"], r["granted_at"].day) for r in given.to_pylist()] == [(bob, 4)], "Ann's yes is not Bob's"
