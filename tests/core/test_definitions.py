"""A definition of features that changes under its old name is told until the days are computed again."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from core.extras import definitions
from core.settings import Settings, load_settings
from core.warehouse import connect
from insight.feature_gaps import check, gap_notices

ROOT = Path(__file__).resolve().parents[2]
STAGING = "select id as order_key, paid as revenue from {{ source('raw', 'yard__rows') }}\n"
SOURCE = """
description: A yard
tables:
  rows: {kind: files, pattern: x.csv, columns: {id: text, heft: integer, paid: number}}
extra:
  orders:
    heft: {type: integer, class: ordinary, meaning: m, from: heft, aggregate: [%s]}
"""


@pytest.fixture
def yard(tmp_path: Path) -> Settings:
    """A project whose features were built, as it stands."""
    ours = shutil.ignore_patterns("staging", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", tmp_path / "dbt_project", ignore=ours)
    settings = load_settings(root=tmp_path, home=tmp_path / "home")
    write(settings, "connectors/sources/yard.yml", SOURCE % "{how: mean, as: heft_mean}")
    write(settings, "dbt_project/models/staging/yard/stg_yard__orders.sql", STAGING)
    with connect(settings, writer="marts") as db:
        db.load("marts.features__person", pa.table({"person_id": ["a"]}), mode="create")
    definitions.record(settings, "all", None, full=False)
    assert notices(settings) == []
    return settings


def write(settings: Settings, path: str, text: str) -> None:
    (settings.root / path).parent.mkdir(parents=True, exist_ok=True)
    (settings.root / path).write_text(text)


def notices(settings: Settings) -> list[str]:
    from datetime import date

    return gap_notices(settings, date(2026, 3, 29))


def test_another_definition_under_the_same_name_is_told_until_all_is_computed_again(yard: Settings) -> None:
    write(yard, "connectors/sources/yard.yml", SOURCE % "{how: mean, days: 30, as: heft_mean}")
    (told,) = notices(yard)
    assert "other definitions of heft_mean." in told and "fairlead build --day 2026-03-29 --full" in told
    definitions.record(yard, "all", None, full=False)
    assert notices(yard) == [told], "a night's build keeps the days, and so says it again"
    assert not check(yard)[0]["ok"] and "heft_mean" in check(yard)[0]["detail"]
    definitions.record(yard, "before-scores", None, full=True)
    assert notices(yard) == [] and check(yard)[0]["ok"]


def test_a_staging_model_that_means_another_thing_is_told_and_its_words_are_not(yard: Settings) -> None:
    path = "dbt_project/models/staging/yard/stg_yard__orders.sql"
    write(yard, path, f"-- what was paid\n{STAGING.replace(' from', chr(10) + 'from')}")
    assert notices(yard) == []
    write(yard, path, STAGING.replace("paid as", "paid / 100 as"))
    (told,) = notices(yard)
    assert "stg_yard__orders" in told


def test_a_column_that_comes_computes_all_days_anew_and_so_nothing_is_told(yard: Settings) -> None:
    write(yard, "connectors/sources/yard.yml", SOURCE % "{how: mean, as: heft_mean}, sum")
    write(yard, "dbt_project/models/staging/yard/stg_yard__orders.sql", STAGING.replace("paid as", "paid / 100 as"))
    assert notices(yard) == []
    definitions.record(yard, "all", None, full=False)
    assert notices(yard) == []


def test_a_part_of_a_build_remembers_nothing(yard: Settings) -> None:
    before = definitions.recorded(yard)
    write(yard, "dbt_project/models/staging/yard/stg_yard__orders.sql", STAGING.replace("paid as", "paid / 100 as"))
    for stage, select in (("identity", None), ("after-scores", None), ("all", "profiles")):
        definitions.record(yard, stage, select, full=True)
    assert definitions.recorded(yard) == before
