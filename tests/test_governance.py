"""Governance of the sample shop after its nights: what each column is, where it comes from and who receives it."""

import json
from collections import Counter

import duckdb
import pytest

from cli.govern import rooms
from core.column_lineage.graph import load_graph, read_types
from core.governance.complete import complete_marts
from core.governance.faults import find_faults
from core.settings import load_settings
from insight.governance.catalogue import built_marts, load_catalogue
from insight.governance.flow import dotted, upstream

LEAVES = {"raw", "identity", "scores", "activation", "ops", "staging"}  # staging: seeds
TRUTH = {  # what a person finds who reads the SQL from the mart back to the sources
    "marts.profiles.email": {
        "identity.person_identifiers.identifier", "raw.sample_shop__customers.email", "raw.sample_shop__leads.email",
        "raw.sample_shop__registrations.email", "raw.sample_shop__till_lines.email",
        "raw.segment_events__events.traits_email",
    },
    "marts.profiles.gender": {"raw.sample_shop__customers.gender"},
    "marts.products.price": {"raw.sample_shop__products.price", "raw.online_retail__lines.unit_price"},
    "marts.tickets.subject": {"raw.sample_shop__tickets.subject"},
    "marts.orders.coupon": {"raw.sample_shop__orders.coupon"},
    "marts.segment_membership.left_day": set(),
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(shop):
    return load_settings(home=shop.home)


@pytest.fixture(scope="module")
def graph(settings):
    return load_graph(settings)


@pytest.fixture(scope="module")
def marts(settings):
    types = read_types(settings)
    return complete_marts(settings, built_marts({table: list(columns) for table, columns in types.items()}))


def values(graph, *column):
    return {dotted(end) for end, kind in upstream(graph, [column])[1].items() if kind != "choice"}


def test_every_column_that_is_built_says_what_it_is(graph, marts):
    built = built_marts(graph.tables)
    assert len(built) > 40 and find_faults(marts, built) == []


def test_the_sql_gives_each_table_s_columns_and_every_origin_exists(graph):
    assert not [(m.name, m.fault) for m in graph.models.values() if m.fault]
    for model in graph.models.values():
        assert list(model.statement.columns) == graph.tables[model.table], model.name
        for column, origins in model.statement.columns.items():
            absent = [o for o in origins if o.column not in (*graph.tables.get(o.table, ()), "*")]
            assert not absent, (model.table, column, absent)


def test_every_mart_column_ends_in_a_source_and_never_in_a_model(graph):
    ends = Counter()
    for table, columns in built_marts(graph.tables).items():
        for column in columns:
            for table_of_end, _ in upstream(graph, [(f"marts.{table}", column)])[1]:
                assert table_of_end not in graph.models, (table, column)
                ends[table_of_end.partition(".")[0]] += 1
    assert set(ends) <= LEAVES and ends["raw"] > 1000 and ends["scores"] >= 6


@pytest.mark.parametrize("column", TRUTH)
def test_a_column_comes_from_where_its_sql_says(graph, column):
    table, _, name = column.rpartition(".")
    found = values(graph, table, name)
    assert TRUTH[column] <= found and {end for end in found - TRUTH[column] if end.startswith("raw.")} == set()


def test_what_holds_a_birth_date_or_a_gender_is_declared_sensitive(graph, marts):
    secret = {"raw.sample_shop__customers.birth_date", "raw.sample_shop__customers.gender"}
    columns = [(mart, c) for mart in marts.values() for c in mart.columns.values()]
    holding = [(m.name, c) for m, c in columns if values(graph, f"marts.{m.name}", c.name) & secret]
    assert {name for name, _ in holding} >= {"profiles", "segment__birthday_soon", "features__person"}
    assert not [(name, c.name, c.data_class) for name, c in holding if c.data_class != "sensitive"]


def test_a_score_comes_from_the_features_of_its_model(settings):
    catalogue = load_catalogue(settings, rooms())
    steps, _ = upstream(catalogue.graph, [("marts.profiles", "churn_90d")])
    made_of = {step["column"]: [one["column"] for one in step["made_of"]] for step in steps}
    features = made_of["scores.churn_90d.score"]
    assert "marts.features__person.orders_90d" in features and "marts.features__person.age_years" not in features


def test_lineage_tells_where_from_and_who_receives(shop):
    (column,) = shop.fairlead("lineage", "raw.sample_shop__customers.email")["columns"]
    assert {(r["channel"], r["field"]) for r in column["receivers"]} >= {("csv_outbox", "email"), ("webhook", "email")}
    assert "marts.profiles.email" in {use["column"] for use in column["uses"]}
    answer = shop.fairlead("lineage", "csv_outbox.score")
    assert [field["sync"] for field in answer["fields"]] == ["hot_leads__csv_outbox"]
    assert answer["columns"][0]["column"] == "marts.profiles.lead_conversion_30d"
    (column,) = shop.fairlead("lineage", "birth_date")["columns"]
    assert (column["data_class"], column["receivers"]) == ("sensitive", [])
    files = {(one.get("file"), one.get("from")) for one in column["sources"] if one["kind"] != "choice"}
    assert ("connectors/sources/sample_shop.yml", "birth_date") in files
    written = {one["column"] for one in column["sources"]}
    assert {"identity.overrides.value", "identity.cleaned_records.birth_date"} <= written
    assert "marts.segment__birthday_soon" in column["decides"]
    (column,) = shop.fairlead("lineage", "profiles.churn_90d_decile")["columns"]
    assert "marts.segment__lapsing_loyal" in column["decides"]
    (column,) = shop.fairlead("lineage", "order_lines.quantity")["columns"]
    assert set(column["models"]) == {"churn_90d", "lead_conversion_30d", "value_180d"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("profles.emal", "Nearest: profiles.email"),
        ("created_at", "created_at is a column of"),
        ("", "No column and no channel field"),
        ("profiles.email'; drop table x", "No column and no channel field"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_what_is_near(shop, name, words):
    assert words in shop.fairlead("lineage", name, ok=False)["error"]


def test_before_a_build_the_mend_is_told(tmp_path):
    from support.shop import Shop

    answer = Shop(tmp_path / "home").fairlead("lineage", "profiles.email", ok=False)
    assert answer["error"] == "Nothing is built yet. Run `fairlead build --day D`."


def test_the_dictionary_has_every_column_with_its_owner_and_who_receives_it(shop, tmp_path):
    home = shop.copied(tmp_path / "home")
    answer = home.fairlead("dictionary")
    assert answer["undescribed"] == 0 and answer["tables"] > 40
    dictionary = json.loads((home.home / "dictionary/dictionary.json").read_text())
    assert dictionary["faults"] == []
    columns = {(t["table"], c["column"]): c for t in dictionary["tables"] for c in t["columns"]}
    assert all(c[key] for c in columns.values() for key in ("type", "data_class", "owner", "purpose", "retention"))
    email = columns["marts.profiles", "email"]
    assert "raw.sample_shop__customers.email" in email["sources"]
    assert {"sync": "champions__csv_outbox", "channel": "csv_outbox", "field": "email", "kind": "identity"} in email[
        "receivers"
    ]
    page = (home.home / "dictionary/dictionary.html").read_text()
    assert "marts.profiles" in page and "http" not in page, "it needs no network"


def test_the_doctor_tells_rows_older_than_their_retention(shop, tmp_path):
    home = shop.copied(tmp_path / "home")
    checks = {c["check"]: c for c in home.fairlead("doctor", ok=None)["checks"]}
    assert checks["governance"]["ok"] and checks["retention"]["ok"], checks["governance"]
    with duckdb.connect(str(home.home / "warehouse.duckdb")) as db:
        db.execute("update marts.touches set touched_on = date '2019-01-01' where touch_key = (select min(touch_key)"
                   " from marts.touches)")  # fmt: skip
        db.execute("alter table marts.orders add column seller text")
    checks = {c["check"]: c for c in home.fairlead("doctor", ok=False)["checks"]}
    assert "marts.touches: 1 rows are older than 1095 days by touched_on" in checks["retention"]["detail"]
    assert "orders.seller is not described" in checks["governance"]["detail"]


def test_each_build_leaves_an_event_that_openlineage_accepts_and_tells_columns_once(shop, shared):
    from support.descriptions.description import Schema

    lines = [line for path in sorted((shop.home / "lineage").glob("*.jsonl")) for line in path.read_text().splitlines()]
    events = [json.loads(line) for line in lines]
    assert not [fault for event in events for fault in Schema.load("openlineage").check(event)]
    builds = [e for e in events if e["producer"].endswith("/dbt")]
    assert {e["job"]["name"] for e in builds} == {"build.identity", "build.before-scores", "build.after-scores"}
    told = Counter(o["name"] for e in builds for o in e["outputs"] if "columnLineage" in o.get("facets", {}))
    assert told["marts.profiles"] == 1 and told["marts.segment__champions"] == 1
    (push,) = [e for e in events if e["job"]["name"] == "push.champions__csv_outbox"][:1]
    (origin,) = push["outputs"][0]["facets"]["columnLineage"]["fields"]["email"]["inputFields"]
    assert (origin["name"], origin["field"]) == ("marts.profiles", "email")
