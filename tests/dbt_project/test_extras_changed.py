"""Extra columns of every entity, and declarations that come, change and go after a warehouse was built."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from support.house import MECHANICS, House, with_features

from core.build import dbt
from core.settings import load_settings
from core.warehouse import SCHEMAS, connect

DAY = date(2026, 11, 20)
# entity -> (its key, the instant by which its rows are a person's)
ENTITIES = {
    "people": ("record_id", "updated_at"), "accounts": ("account_key", ""), "orders": ("order_key", "ordered_at"),
    "order_lines": ("order_line_key", ""), "products": ("product_key", ""), "events": ("event_key", "occurred_at"),
    "messages": ("message_event_key", "occurred_at"), "consents": ("consent_key", "occurred_at"),
    "ad_spend": ("ad_spend_key", ""), "deals": ("deal_key", "created_at"), "subscriptions": ("subscription_key",
     "started_at"),
    "tickets": ("ticket_key", "created_at"), "survey_answers": ("answer_key", "answered_at"),
    "registrations": ("registration_key", "registered_at"), "social_posts": ("post_key", "posted_at"),
}  # fmt: skip
MORE = {
    "orders": "'completed' as status, false as is_return, 5 as revenue,", "order_lines": "'k' as order_key,",
    "events": "'parcel_lost' as event,", "messages": "'m' as message_key, 'sent' as event, 'email' as channel,",
    "ad_spend": "_day as spend_day, 'search' as platform, 'c' as campaign_id, 1 as cost, 'EUR' as currency,",
    "consents": "'email' as channel, 'marketing' as purpose, 'granted' as status,",
}  # fmt: skip
OF_NO_PERSON = ("people", "accounts", "products", "ad_spend")
Make = Callable[..., House]


def staging(entity: str, given: str) -> str:
    key, instant = ENTITIES[entity]
    refers = entity not in ("accounts", "order_lines", "products", "ad_spend")
    who = "'id:yard:ann' as person_ref," if refers else ""
    when = f"cast('2026-11-10 12:00:00' as timestamp) as {instant}," if instant else ""
    return (
        f"select 'k' as {key}, {who} {when} {MORE.get(entity, '')} {given} _source, _day from "
        f"{{{{ source('raw', 'yard__rows') }}}}"
        " where _day <= {{ day() }}\n"
    )


def declare(root: Path, kind: str, entities: list[str], more: str = "") -> None:
    """`heft`, of every entity in the list, with its sum where there is a person."""
    lines = [
        "description: A yard",
        "tables:",
        "  rows: {kind: files, pattern: x, columns: {heft: integer}}",
        *["extra:"][: len(entities)],
    ]
    for entity in entities:
        how = "" if entity in OF_NO_PERSON else f", aggregate: [{{how: last, as: {entity}_heft}}]"
        lines += [f"  {entity}:", f"    heft: {{type: {kind}, class: ordinary, meaning: m, from: heft{how}}}"]
    path = root / "connectors/sources/yard.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, more]) + "\n")


@pytest.fixture
def new_yard(tmp_path: Path) -> Make:
    """A project whose source `yard` gives a row of each entity, all of them of one person."""
    root = with_features(tmp_path / "project")
    folder = root / "dbt_project/models/staging/yard"
    folder.mkdir()
    for entity in ENTITIES:
        (folder / f"stg_yard__{entity}.sql").write_text(staging(entity, f"{{{{ extra_columns('yard', '{entity}') }}}}"))
    (folder / "_yard.yml").write_text("sources: [{name: raw, schema: raw, tables: [{name: yard__rows}]}]\n")

    def make(**given: Any) -> House:
        house = House(load_settings(root=root, home=tmp_path / "home", **given))
        house.empty()
        row = {"heft": 7, "_source": "yard", "_day": DAY}
        with connect(house.settings, writer="raw") as db:
            table = pa.Table.from_pylist([row], schema=pa.schema([("heft", pa.int64()), *MECHANICS]))
            db.load("raw.yard__rows", table, mode="create")
        return house

    return make


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def yard(request: pytest.FixtureRequest, new_yard: Make) -> House:
    if request.param == "duckdb":
        return new_yard()
    url = request.getfixturevalue("postgres")
    with psycopg2.connect(url) as connection:  # the file's tests share a database, and each begins without a table
        for schema in (*SCHEMAS, "staging", "intermediate", "marts"):
            connection.cursor().execute(f"drop schema if exists {schema} cascade")
    return new_yard(warehouse={"engine": "postgres", "url": url})


def test_every_entity_takes_a_column_which_comes_and_goes_with_its_declaration(yard):
    root = yard.settings.root
    declare(root, "integer", [])
    yard.resolve(DAY)
    yard.build(DAY, "before-scores")
    declare(root, "integer", list(ENTITIES), "events:\n  parcel_lost: {count: [30], meaning: A parcel was lost}")
    yard.resolve(DAY)
    yard.build(DAY, "before-scores")
    marts = {entity: "profiles" if entity == "people" else entity for entity in ENTITIES}
    hefts = {m: yard.one(f"select max(heft) from marts.{m}") for m in marts.values() if m != "profiles"}
    assert hefts == dict.fromkeys(hefts, 7), "also of slices that were built before"
    profile = yard.rows("select * from intermediate.int_people__profiled")
    of_person = [name for name in ENTITIES if name not in OF_NO_PERSON]
    assert len(profile) == 1 and profile[0]["heft"] == 7 and profile[0]["parcel_lost_30d"] == 1
    assert {name: profile[0][f"{name}_heft"] for name in of_person} == dict.fromkeys(of_person, 7)
    features = yard.rows(f"select * from marts.features__person where as_of_day = cast('{DAY}' as date)")
    assert {name: features[0][f"{name}_heft"] for name in of_person} == dict.fromkeys(of_person, 7.0)
    declare(root, "integer", ["orders"])
    yard.resolve(DAY)
    yard.build(DAY, "before-scores")
    profile = yard.rows("select * from intermediate.int_people__profiled")[0]
    assert profile["orders_heft"] == 7 and not profile.keys() & {"heft", "events_heft", "parcel_lost_30d"}
    assert "heft" not in yard.rows("select * from marts.events")[0]


def test_a_column_of_events_may_change_its_type(yard):
    root = yard.settings.root
    declare(root, "integer", ["events", "messages"])
    yard.resolve(DAY)
    yard.build(DAY, "before-scores")
    declare(root, "text", ["events", "messages"])
    yard.resolve(DAY)
    yard.build(DAY, "before-scores")
    assert yard.one("select heft from marts.events") == "7" == yard.one("select heft from marts.messages")


def test_staging_that_gives_what_nobody_declared_or_not_what_is_declared_is_told_where(new_yard):
    house = new_yard()
    root = house.settings.root
    model = root / "dbt_project/models/staging/yard/stg_yard__tickets.sql"
    words = ["build", "--select", "+int_tickets__unioned", "--exclude-resource-type", "test"]
    declare(root, "integer", ["tickets"])
    model.write_text(staging("tickets", ""))
    output = " ".join(dbt(house.settings, DAY, words).stdout.split())
    assert "stg_yard__tickets must give heft, which connectors/sources/yard.yml:6 declares" in output
    assert "{{ extra_columns('yard', 'tickets') }} here" in output
    declare(root, "integer", [])
    model.write_text(staging("tickets", "heft,"))
    output = " ".join(dbt(house.settings, DAY, words).stdout.split())
    assert "stg_yard__tickets: tickets has no column heft" in output
    assert "Declare one of your own under `extra:` in connectors/sources/yard.yml." in output
