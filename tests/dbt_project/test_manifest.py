"""What must hold of every model in the project, whoever wrote it: read from dbt's own manifest of the real project."""

import json
import re
import subprocess
import sys
from datetime import date

import pytest
import yaml

from core.build import STAGES, dbt, scan, target_path
from core.settings import load_settings


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    parsed = dbt(settings, date(2026, 11, 20), ["parse"])
    assert parsed.returncode == 0, parsed.stdout[-2000:]
    found = json.loads((target_path(settings) / "manifest.json").read_text())
    found["root"] = settings.root
    return found


def models(manifest, under=""):
    return {
        n["name"]: n
        for n in manifest["nodes"].values()
        if n["resource_type"] == "model" and n["path"].startswith(under)
    }


def ancestors(manifest, name):
    seen, queue = set(), [name]
    while queue:
        for parent in manifest["parent_map"].get(queue.pop(), []):
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
    return seen


def test_no_feature_and_no_label_is_built_on_a_score(manifest):
    built = [n for name, n in models(manifest).items() if name.startswith(("features__", "labels__"))]
    assert built
    for node in built:
        tainted = {
            a
            for a in ancestors(manifest, node["unique_id"])
            if a.startswith("source.fairlead.scores.") or a.endswith(".profiles")
        }
        assert not tainted, (node["name"], tainted)


def test_every_model_says_its_grain(manifest):
    silent = [name for name, node in models(manifest).items() if "grain" not in node["description"].lower()]
    assert not [n for n in silent if not n.startswith("segment__")], silent


def test_every_mart_of_customers_has_an_enforced_contract_but_profiles_whose_core_has_one(manifest):
    loose = {name for name, n in models(manifest, "marts/customers").items() if not n["contract"]["enforced"]}
    assert loose == {"profiles"}
    assert models(manifest)["int_people__profiled"]["contract"]["enforced"]


def test_every_feed_has_a_contract_its_three_columns_and_a_key_and_is_built_with_the_audiences(manifest):
    feeds = models(manifest, "marts/feeds")
    assert (
        set(feeds)
        == {f"feed__{name}" for name in scan(load_settings(root=manifest["root"]))["feeds"]}
        >= {"feed__purchases"}
    )
    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    unique = {
        t["attached_node"] for t in tests if t["test_metadata"]["name"] == "unique" and t["column_name"] == "event_id"
    }
    for name, node in feeds.items():
        kept = {
            c for c, column in node["columns"].items() if any(k["type"] == "not_null" for k in column["constraints"])
        }
        assert node["contract"]["enforced"] and "person_id" in node["columns"], name
        assert kept >= {"event_id", "occurred_at"} and node["unique_id"] in unique, name
    audiences = manifest["parent_map"]["model.fairlead.feed_audiences"]
    assert {node["unique_id"] for node in feeds.values()} <= set(audiences)


def test_a_feed_that_reads_no_score_is_built_after_the_scores_all_the_same(house):
    """`build --stage after-scores` after an edit must not send what the feed said before it."""
    path = house.settings.root / "dbt_project/models/marts/feeds/feed__plain.sql"
    path.write_text("select order_key as event_id, person_id, ordered_at as occurred_at from {{ ref('orders') }}\n")
    try:
        listed = {
            stage: {
                json.loads(line)["info"]["msg"]
                for line in dbt(
                    house.settings, date(2026, 11, 20), ["ls", *STAGES[stage], "--resource-type", "model"]
                ).stdout.splitlines()
            }
            for stage in ("before-scores", "after-scores")
        }
    finally:
        path.unlink()
    assert "fairlead.marts.feeds.feed__plain" in listed["after-scores"]
    assert "fairlead.marts.feeds.feed__plain" not in listed["before-scores"]
    assert "fairlead.marts.customers.orders" in listed["before-scores"]


def test_every_mart_has_all_columns_of_its_entity_as_the_entity_file_names_them(manifest):
    entities = (manifest["root"] / "dbt_project/macros/entities.sql").read_text()
    blocks = re.findall(r"'(\w+)': \{\n(.*?)\n        \}", entities, re.DOTALL)
    contracts = {name: set(re.findall(r"'(\w+)':", body)) for name, body in blocks}
    assert len(contracts) == 15
    marts = models(manifest, "marts/customers")
    for name, columns in contracts.items():
        if name != "people":
            assert columns | {"_source", "_day"} <= set(marts[name]["columns"]), name


def test_the_entity_file_and_the_written_contract_say_the_same(manifest):
    written = (manifest["root"] / "docs/reference/contracts.md").read_text()
    entities = (manifest["root"] / "dbt_project/macros/entities.sql").read_text()
    letters = {"t": "t", "i": "i", "n": "n", "f": "f", "b": "b", "ts": "ts", "d": "d"}
    for name, body in re.findall(r"'(\w+)': \{\n(.*?)\n        \}", entities, re.DOTALL):
        coded = dict(re.findall(r"'(\w+)': (\w+)", body))
        row = next(line for line in written.splitlines() if line.startswith(f"| {name} |"))
        columns = re.sub(r"\([^)]*\)", "", row.split("|")[3])
        said = dict(re.findall(r"(\w+) (ts|t|i|n|f|b|d)\b", columns))
        assert coded == {c: letters[t] for c, t in said.items()}, name


def test_every_staging_model_is_found_by_its_name_and_read_by_its_union(manifest):
    staged = models(manifest, "staging")
    entities = scan(load_settings(root=manifest["root"]))["entities"]
    assert {f"stg_{source}__{entity}" for entity, sources in entities.items() for source in sources} == set(staged)
    for entity, sources in entities.items():
        union = manifest["parent_map"][f"model.fairlead.int_{entity}__unioned"]
        assert set(union) == {f"model.fairlead.stg_{source}__{entity}" for source in sources}


def test_only_staging_reads_raw_and_only_through_the_day(manifest):
    for name, node in models(manifest).items():
        if any(p.startswith("source.fairlead.raw.") for p in node["depends_on"]["nodes"]):
            assert node["path"].startswith("staging/"), name
            assert re.search(r"_day <= \{\{ day\(\) \}\}|newest_version\(", node["raw_code"]), name


def test_no_model_speaks_an_engines_dialect(manifest):
    dialect = re.compile(
        r"::|\bqualify\b|\barg_max\b|\bdate_trunc\(|\bdate_diff\(|\bdatediff\(|\bstrftime\(|\bto_char\(|\blist\(|\bstring_agg\(|\binterval\b"
        r"|\bilike\b|\bfilter \(|\bdistinct on\b|\bfirst\(|\bmode\(|\bunnest\(|\blateral\b|\bnow\(\)|current_date"
        r"|current_timestamp|\bmd5\(",
        re.IGNORECASE,
    )
    for name, node in models(manifest).items():
        sql = re.sub(r"--[^\n]*", "", re.sub(r"\{[{%#].*?[}%#]\}", "", node["raw_code"], flags=re.DOTALL))
        assert not dialect.search(sql), (name, dialect.search(sql))


def test_every_raw_table_of_a_declared_source_is_declared_to_dbt_as_well(manifest):
    declared = {s["name"] for s in manifest["sources"].values() if s["source_name"] == "raw"}
    staged = {p.parent.name for p in (manifest["root"] / "dbt_project/models/staging").glob("*/*.sql")}
    for source in staged:
        tables = yaml.safe_load((manifest["root"] / f"connectors/sources/{source}.yml").read_text())["tables"]
        assert {f"{source}__{t}" for t in tables} <= declared, source


def test_a_staging_model_with_a_column_its_entity_does_not_know_stops_the_build(house):
    path = house.settings.root / "dbt_project/models/staging/sendgrid_events/stg_sendgrid_events__tickets.sql"
    path.write_text("select 'x' as ticket_key, 'y' as e_mail, cast('2026-01-01' as date) as _day\n")
    try:
        finished = dbt(house.settings, date(2026, 11, 20), ["build", "--select", "+int_tickets__unioned"])
    finally:
        path.unlink()
    assert finished.returncode == 1
    assert re.search(r"tickets has no column e_mail.*Known columns: ticket_key", finished.stdout, re.DOTALL)


def test_the_day_is_never_defaulted(house):
    code = "from dbt.cli.main import cli; cli()"
    project = str(house.settings.root / "dbt_project")
    words = ["compile", "--select", "stg_sample_shop__products", "--project-dir", project, "--profiles-dir", project]
    environment = {
        "PATH": "/usr/bin:/bin",
        "FAIRLEAD_TIME_ZONE": "UTC",
        "FAIRLEAD_HOME": str(house.settings.home),
        "HOME": "/tmp",
    }
    places = ["--target-path", str(house.settings.home / "t"), "--log-path", str(house.settings.home / "l")]
    finished = subprocess.run(
        [sys.executable, "-c", code, *words, *places], env=environment, capture_output=True, text=True, cwd=project
    )
    assert finished.returncode != 0 and "FAIRLEAD_DAY" in finished.stdout


def test_nothing_is_set_by_session_that_duckdb_refuses_to_change_after_a_spill() -> None:
    """dbt-duckdb sets `settings` again for each model; after a spill that failed every night larger than its memory."""
    outputs = yaml.safe_load((load_settings().root / "dbt_project/profiles.yml").read_text())["fairlead"]["outputs"]
    assert set(outputs["duckdb"]["settings"]) == {"TimeZone"}
    assert {"temp_directory", "memory_limit", "threads"} <= set(outputs["duckdb"]["config_options"])


def test_dbt_knows_what_each_column_of_a_mart_is(manifest):
    marts = [node for node in models(manifest, "marts/").values() if node["name"] != "profiles"]
    assert marts
    assert all({"owner", "purpose", "retention"} <= set(node["config"]["meta"]) for node in marts)
    for node in [*marts, models(manifest)["int_people__profiled"]]:
        silent = [c["name"] for c in node["columns"].values() if "data_class" not in c["config"]["meta"]]
        assert not silent and node["columns"], (node["name"], silent)
