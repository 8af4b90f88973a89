"""Every connector of the folder: chosen, pulled from its vendor's fake, again after a night of changes, and built once;
each entity then holds what the vendor has.
"""

import importlib
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.little_project import Project
from support.sources.chosen import DAY, Choices, Chosen

from connectors.catalogue.choose import FOLDER, connectors
from connectors.pull import ensure
from core.build import build
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[3]
NEXT_DAY = date(2026, 3, 3)
SECOND = "second_shop"  # of a connector that is chosen twice


def vendor_of(connector: str) -> Any:
    return importlib.import_module(f"support.sources.{connector}").Api()


@pytest.fixture(scope="module", params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def built(request, tmp_path_factory) -> Iterator[dict[str, Chosen]]:
    """Name -> its source; every connector once, and one of them twice."""
    project = Project(tmp_path_factory.mktemp("catalogue"))
    if request.param == "postgres":
        project.settings_given = {"warehouse": {"engine": "postgres", "url": request.getfixturevalue("postgres")}}
    ours = shutil.ignore_patterns("sample_shop", "online_retail", "segment_events", "sendgrid_events", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", project.root / "dbt_project", ignore=ours)
    (project.root / "dbt_project/models/staging").mkdir(exist_ok=True)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as monkeypatch:
        choices = Choices(project, monkeypatch, stack)
        chosen = {name: choices(vendor_of(name)) for name in connectors()}
        chosen[SECOND] = choices(vendor_of("shopify"), SECOND)
        for source in chosen.values():
            source.pull(DAY)
            source.vendor.night()
        for source in chosen.values():
            source.pull(NEXT_DAY)
        ensure(project.settings)
        entities = {entity for source in chosen.values() for entity in source.vendor.expected()}
        unions = " ".join(f"+int_{entity}__unioned" for entity in sorted(entities))
        result = build(project.settings, NEXT_DAY, select=f"path:models/staging {unions}")
        assert result.ok, result.failed
        yield chosen


def plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def rows_of(source: Chosen, entity: str) -> list[dict[str, Any]]:
    with connect(source.project.settings) as db:
        table = db.query(f"select * from intermediate.int_{entity}__unioned where _source = '{source.name}'")
    return [{k: plain(v) for k, v in row.items()} for row in table.to_pylist()]


def missing(wanted: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The wanted rows that no row of its own answers."""
    left, unanswered = list(rows), []
    for row in wanted:
        match = next((r for r in left if all(r[k] == v for k, v in row.items())), None)
        if match is None:
            unanswered.append(row)
        else:
            left.remove(match)
    return unanswered


@pytest.mark.parametrize("connector", connectors())
def test_each_entity_holds_what_the_vendor_has(built, connector):
    source = built[connector]
    for entity, wanted in source.vendor.expected().items():
        rows = rows_of(source, entity)
        if isinstance(wanted, int):
            assert len(rows) == wanted, entity
            continue
        assert not missing(wanted, rows), (entity, rows)
        assert len(rows) == len(wanted), (entity, rows)


def test_two_sources_of_one_connector_keep_to_themselves(built):
    for entity, wanted in built["shopify"].vendor.expected().items():
        rows = rows_of(built[SECOND], entity)
        assert len(rows) == len(wanted), entity
        assert all(str(next(iter(row.values()))).startswith(f"{SECOND}:") for row in rows), entity
        assert not any("id:shopify:" in str(row) for row in rows), entity


def test_a_staging_model_gives_every_instant_as_one_without_a_zone(built):
    for source in built.values():
        for entity in source.vendor.expected():
            for row in rows_of(source, entity)[:50]:
                zoned = [k for k, v in row.items() if isinstance(v, datetime) and v.tzinfo]
                assert not zoned, (source.name, entity, zoned)


def test_without_a_name_that_answers_for_it_a_no_counts_and_a_yes_does_not(tmp_path: Path) -> None:
    project = Project(tmp_path)
    ours = shutil.ignore_patterns("sample_shop", "online_retail", "segment_events", "sendgrid_events", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", project.root / "dbt_project", ignore=ours)
    (project.root / "dbt_project/models/staging").mkdir(exist_ok=True)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as monkeypatch:
        choices = Choices(project, monkeypatch, stack)
        names = [name for name in connectors() if (FOLDER / name / "staging/consents.sql").is_file()]
        for name in names:
            choices(vendor_of(name), is_confirmed=False).pull(DAY)
        ensure(project.settings)
        models = " ".join(f"stg_{name}__consents" for name in names)
        result = build(project.settings, DAY, select=models)
        assert result.ok, result.failed
    with connect(project.settings) as db:
        for name in names:
            statuses = db.query(f"select distinct status from staging.stg_{name}__consents")["status"].to_pylist()
            assert statuses == ["withdrawn"], name
