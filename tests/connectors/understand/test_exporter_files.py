"""The schemas of known exporters: what each file says fits the entities, holds together and is what vendors write."""

import csv
import json
import re
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import expressions

from connectors.understand.exporter import FOLDER, ExportedModel, ExportedTable, exporters, known_tables, load_exporter
from connectors.understand.looking.naming import column_name

FILES = sorted(path.stem for path in FOLDER.glob("*.yml"))
SEEDS = Path(__file__).resolve().parents[4] / "shared" / "data" / "fivetran_seeds"
CONTRACTS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "contracts.md"
ADDRESSES = {"email", "phone"}  # what a person may be known by beside a number
FLAGS = re.compile(
    r"^(is_|isdeleted|test$|livemode|archived|refunded|fivetran_|accepts_|unsubscribed_|hasopted|has_opted)"
)
MODELS = [
    (stem, name, entity)
    for stem in FILES
    for name, table in exporters()[stem].tables.items()
    for entity in table.models
]


def model_of(stem: str, name: str, entity: str) -> ExportedModel:
    return exporters()[stem].tables[name].models[entity]


def mapped(model: ExportedModel) -> set[str]:
    return {*model.columns.values(), *model.person.values(), *(words.column for words in model.map.values())}


def columns_of_where(model: ExportedModel) -> set[str]:
    parsed = sqlglot.parse_one(model.where, dialect="duckdb")
    return {column.name for column in parsed.find_all(expressions.Column)}


def allowed_words() -> dict[tuple[str, str], set[str]]:
    """(entity, column) -> the words that docs/reference/contracts.md lists for it."""
    rows = re.findall(r"^\| (\w+) \| \w+ \| (.+) \|$", CONTRACTS.read_text(), re.MULTILINE)
    return {
        (entity, column): set(words.split(", "))
        for entity, columns in rows
        for column, words in re.findall(r"(\w+) t \(([a-z_, ]+)\)", columns)
    }


def all_columns(table: ExportedTable) -> set[str]:
    return {*table.known_by, *table.ignored, *table.key, *(c for model in table.models.values() for c in mapped(model))}


@pytest.mark.parametrize("stem", FILES)
def test_a_file_loads_and_names_columns_as_raw_tables_do(stem: str) -> None:
    exporter = load_exporter(FOLDER / f"{stem}.yml")
    strange = {c for table in exporter.tables.values() for c in all_columns(table) if column_name(c) != c}
    assert not strange


@pytest.mark.parametrize("stem", FILES)
def test_a_column_is_mapped_or_ignored_and_not_both(stem: str) -> None:
    for name, table in exporters()[stem].tables.items():
        both = {c for model in table.models.values() for c in mapped(model)} & set(table.ignored)
        assert not both, f"{stem}: {name}"
        assert len(table.ignored) == len(set(table.ignored)), f"{stem}: {name}"


@pytest.mark.parametrize("stem", FILES)
def test_whoever_concerns_a_row_is_known_by_the_namespace_of_the_people(stem: str) -> None:
    models = [(entity, model) for table in exporters()[stem].tables.values() for entity, model in table.models.items()]
    own = {namespace for entity, model in models if entity == "people" for namespace in model.person}
    others = {namespace for entity, model in models if entity != "people" for namespace in model.person}
    assert others - own - ADDRESSES <= ({"user"} if stem == "ga4__bigquery" else set())  # whose people are elsewhere


@pytest.mark.parametrize("stem", FILES)
def test_what_a_table_needs_to_be_read_stands_in_each_of_its_kind(stem: str) -> None:
    """Its key and whatever `where` reads: a table without them could not be read by the model."""
    for name, table in exporters()[stem].tables.items():
        needed = {*table.key, *(c for m in table.models.values() if m.where for c in columns_of_where(m))}
        assert needed <= set(table.known_by), f"{stem}: {name}"
        assert not table.models or table.rows, f"{stem}: {name} says not what its rows are"


@pytest.mark.parametrize(("stem", "name", "entity"), [m for m in MODELS if model_of(*m).where])
def test_a_condition_runs_on_texts_and_on_flags_in_words_that_both_engines_know(stem, name, entity) -> None:
    model = model_of(stem, name, entity)
    for engine in ("duckdb", "postgres"):
        used = {
            type(part).__name__ for part in sqlglot.parse_one(model.where, dialect=engine).find_all(expressions.Func)
        }
        assert used <= {"Lower", "Coalesce", "Trim", "Nullif", "Cast", "And", "Or"}, engine
    for flag in ("varchar", "boolean"):
        columns = {c: flag if FLAGS.match(c) and "state" not in c else "varchar" for c in columns_of_where(model)}
        casts = ", ".join(f"cast(null as {kind}) as {column}" for column, kind in columns.items())
        duckdb.sql(f"select * from (select {casts}) as raw where {model.where}").fetchall()


@pytest.mark.parametrize(("stem", "name", "entity"), MODELS)
def test_the_words_that_a_model_gives_are_those_of_the_contract(stem: str, name: str, entity: str) -> None:
    model, words = model_of(stem, name, entity), allowed_words()
    assert len(words) > 10, "the pattern no longer matches the page"
    for column, allowed in ((c, w) for (e, c), w in words.items() if e == entity):
        given = {model.values[column]} if column in model.values else set()
        if column in model.map:
            given = {*model.map[column].to.values(), model.map[column].otherwise} - {None}
        assert given <= allowed, f"{stem}: {name}: {entity}.{column}"


@pytest.mark.parametrize(("stem", "name", "entity"), [m for m in MODELS if m[2] == "consents"])
def test_what_may_hold_a_yes_waits_for_a_person_and_a_no_alone_does_not(stem: str, name: str, entity: str) -> None:
    model = model_of(stem, name, entity)
    status = model.map.get("status")
    grants = "granted" in ({*status.to.values(), status.otherwise} if status else {model.values.get("status")})
    assert model.confirm == grants, f"{stem}: {name}"
    assert {"channel", "purpose"} <= model.values.keys()


@pytest.mark.parametrize(("stem", "name", "entity"), [m for m in MODELS if m[2] == "consents"])
def test_a_consent_is_never_dated_by_a_change_of_its_row(stem: str, name: str, entity: str) -> None:
    """A change of the address would make an old yes newer than the no that came after it."""
    when = model_of(stem, name, entity).columns.get("occurred_at")
    assert when is None or when not in {exporters()[stem].tables[name].cursor, "updated_at", "last_changed"}


@pytest.mark.parametrize(
    ("stem", "name"), [(stem, name) for stem in FILES for name in exporters()[stem].tables], ids=lambda part: part
)
def test_a_table_is_known_again_by_its_own_columns(stem: str, name: str) -> None:
    table = exporters()[stem].tables[name]
    for called in (table.names[0], f"acme_{table.names[-1]}", f"{table.names[0]}_data"):
        known = known_tables({called: all_columns(table)})
        assert known[called].exporter == stem
        assert known[called].table.models.keys() == table.models.keys()


HEADERS = {  # first lines as vendors write them, cut short
    ("shopify__csv", "orders_export"):
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Discount Code,Discount Amount,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Country,Cancelled at,Id,Source,"
        "Lineitem discount,Phone",
    ("shopify__csv", "customers_export"):
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,"
        "Default Address Province Code,Default Address Country Code,Default Address Zip,Phone,Accepts SMS Marketing,"
        "Total Spent,Total Orders,Tags",
    ("stripe__csv", "unified_payments"):
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Description,Status,"
        "Customer ID,Customer Email",
    ("mailchimp__csv", "subscribed"):
        '"Email Address","First Name","Last Name",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,'
        'TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS',
    ("hubspot__csv", "hubspot_crm_exports_all_contacts"):
        "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lifecycle Stage,Lead Status,Create Date",
    ("woocommerce__csv", "customers_report"):
        "Name,Username,Last Active,Sign Up,Email,Orders,Total Spend,AOV,Country / Region,City,Region,Postal Code",
    ("salesforce__data_loader", "contact"):
        "ID,LASTNAME,FIRSTNAME,EMAIL,ACCOUNTID,MAILINGCITY,REPORTSTOID,ISDELETED,LASTMODIFIEDDATE,"
        "HASOPTEDOUTOFEMAIL",
    ("salesforce__tables", "contact"):
        "Id,LastName,FirstName,Email,AccountId,MailingCity,ReportsToId,IsDeleted,LastModifiedDate",
    ("klaviyo__csv", "list"):
        "Email,Klaviyo ID,First Name,Last Name,City,State / Region,Country,Zip Code,Source,"
        "Email Marketing Consent,Profile Created On,Date Added",
    ("hubspot__airbyte", "contacts"):
        "id,archived,createdAt,updatedAt,properties.email,properties.firstname,properties.lastname,"
        "properties.hs_email_optout",
}  # fmt: skip


@pytest.mark.parametrize(("stem", "called"), HEADERS)
def test_what_a_vendor_writes_is_known(stem: str, called: str) -> None:
    columns = {column_name(name) for name in next(csv.reader([HEADERS[stem, called]]))}
    assert known_tables({called: columns})[called].exporter == stem


PAGES = {
    "from_shopify": "shopify__csv customers_export orders_export",
    "from_hubspot": "hubspot__csv contacts",
    "from_ga4": "ga4__bigquery ga4",
}


@pytest.mark.parametrize("page", PAGES)
def test_the_files_that_a_page_shows_are_known(page: str) -> None:
    """A folder of files that bear a day alone is called as the folder is."""
    text = (CONTRACTS.parents[1] / "how_to" / f"{page}.md").read_text()
    tables = {}
    for folder, stem, first in re.findall(r"```\w+ data/(\w+)/([\w-]+)\.\w+\n(.*)\n", text):
        paths = json.loads(first) if first.startswith("{") else first.split(",")
        tables[folder if stem[:2] == "20" else stem] = {column_name(path) for path in paths}
    known = known_tables(tables)
    stem, *names = PAGES[page].split()
    assert {name: known[name].exporter for name in known} == dict.fromkeys(names, stem)


def seed_columns() -> dict[str, set[str]]:
    """Table -> its columns, of the rows that Fivetran's own packages are tested with."""
    if not SEEDS.is_dir():
        pytest.skip(f"{SEEDS} is not there: the seeds of the connectors' packages are kept outside the project")
    tables = {}
    for path in SEEDS.rglob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as lines:
            tables[path.stem.removesuffix("_data").lower()] = {column_name(name) for name in next(csv.reader(lines))}
    return tables


TAKEN = {
    "shopify_customer": "people consents", "shopify_gql_customer": "people consents", "shopify_order": "orders",
    "shopify_gql_order": "orders", "shopify_order_line": "order_lines", "shopify_gql_order_line": "order_lines",
    "shopify_product": "products", "shopify_gql_product": "products", "shopify_abandoned_checkout": "events",
    "shopify_refund": "",
    "shopify_transaction": "", "contact": "people", "company": "accounts", "deal": "deals", "ticket": "tickets",
    "email_event": "messages", "google_ads_campaign_stats": "ad_spend", "facebook_ads_basic_ad": "ad_spend",
    "linkedin_ad_analytics_by_campaign": "ad_spend", "microsoft_ads_campaign_performance_daily_report": "ad_spend",
    "tiktok_campaign_report_hourly": "ad_spend", "pinterest_campaign_report": "ad_spend",
    "snapchat_campaign_hourly_report": "ad_spend", "twitter_campaign_report": "ad_spend",
    "reddit_ads_campaign_report": "ad_spend", "amazon_ads_campaign_level_report": "ad_spend",
    "apple_search_campaign_report": "ad_spend",
}  # fmt: skip


def test_the_tables_of_connectors_are_taken_for_what_they_are() -> None:
    known = known_tables(seed_columns())
    assert {name: " ".join(known[name].table.models) if name in known else None for name in TAKEN} == TAKEN
    assert {known[name].exporter.split("__")[1] for name in TAKEN} == {"fivetran"}


def test_no_other_table_of_the_connectors_is_taken_for_one() -> None:
    """Their tags, histories and stages feed nothing: what is taken and not listed above would be a mistake."""
    taken = {name for name, known in known_tables(seed_columns()).items() if known.table.models}
    assert taken == {name for name, models in TAKEN.items() if models}
