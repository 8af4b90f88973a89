"""What stands in lists of JSON is read alike by both engines, and what is none of it is NULL: it ends no model."""

import json
import shutil
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from support import sail
from support.little_project import DAY, Project
from support.shop import ROOT

from core.build import build

WHOLES = {"7": 7, 7: 7, "+7": 7, "-12": -12, "7.0": 7, "7.": 7, "7.5": None, "9" * 30: None, "": None, "seven": None}
AMOUNTS = {"7": 7.0, 7.25: 7.25, "-7,5": -7.5, "1.5e3": 1500.0, "1e999": None, "1.2.3": None, "€ 7": None, "": None}
MOMENTS = {
    "2026-03-29T10:00:00": datetime(2026, 3, 29, 10), "2026-03-29 10:00": datetime(2026, 3, 29, 10),
    "2026-03-29T10:00:00Z": datetime(2026, 3, 29, 10),
    "2026-03-29T10:00:00.250+02:00": datetime(2026, 3, 29, 8, 0, 0, 250000),
    "2026-03-29T10:00:00-0530": datetime(2026, 3, 29, 15, 30), "2026-13-29T10:00:00": None,
    "2026-02-30T10:00:00": None, "": None,
    "2024-02-29T23:59:59Z": datetime(2024, 2, 29, 23, 59, 59), "2023-02-29T10:00:00Z": None,
    "2026-03-29T24:00:00": None,
    "0000-00-00 00:00:00": None, "2026-03-29": None, "soon": None,
}  # fmt: skip
DATES = {"2026-03-29": date(2026, 3, 29), "2026-02-30": None, "1900-02-29": None, "2000-02-29": date(2000, 2, 29),
         "2026-03-29T10:00": None, "0000-00-00": None, "29.03.2026": None}  # fmt: skip
FLAGS = {True: True, "yes": True, "0": False, "no": False, "perhaps": None}
READ = {"whole": WHOLES, "amount": AMOUNTS, "moment": MOMENTS, "date": DATES, "flag": FLAGS}
NO_LISTS = ['{"a": 1}', "7", "[]", "null", '"text"']


def literal(value: Any) -> str:
    return "'" + json.dumps(value, ensure_ascii=False).replace("'", "''") + "'"


def model() -> str:
    """One row a macro and value, out of a list; and rows that hold no list."""
    lists = [(name, [{"at": {"v": value}, "n": n} for n, value in enumerate(values)]) for name, values in READ.items()]
    rows = [f"select '{name}' as kind, {literal(items)} as doc" for name, items in lists]
    rows += [f"select 'none' as kind, '{text}' as doc" for text in NO_LISTS]
    rows += ["select 'none' as kind, cast(null as {{ type_of('text') }}) as doc"]
    read = ", ".join(
        f"case when docs.kind = '{name}' then {{{{ json_{name}('item', ['at', 'v']) }}}} end as read_{name}"
        for name in READ
    )
    return (
        "{{ config(materialized='table') }}\n"
        f"with docs as ({' union all '.join(rows)})\nselect docs.kind, {{{{ json_whole('item', ['n']) }}}} as n, {read}"
        "\nfrom docs {{ each_item('docs.doc', 'item') }}\n"
    )


def built_on_sail(project: Project) -> list[dict[str, Any]]:
    """A timestamp of Spark is an instant: it is read in UTC here."""
    folder, sources = project.root / "sail", project.root / "nothing.duckdb"
    duckdb.connect(str(sources)).close()
    with sail.nights(project.home, folder, project.root) as on_sail:
        on_sail.build(sail.Night(str(DAY), str(DAY), str(sources), ("build", "--select", "probe")))
        answer = on_sail.answers()[str(DAY)]
    assert answer["nodes"] and not answer["not_well"], answer
    probe = f"read_parquet('{folder}/{DAY}/staging.probe/*.parquet')"
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        read = f"select * replace (cast(read_moment as timestamp) as read_moment) from {probe} order by kind, n"
        return db.execute(read).to_arrow_table().to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("engine", ["duckdb", "sail", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_list_s_items_are_typed_alike_and_never_end_a_model(tmp_path, engine, request):
    project = Project(tmp_path)
    if engine == "postgres":
        project.settings_given = {"warehouse": {"engine": engine, "url": request.getfixturevalue("postgres")}}
    ours = shutil.ignore_patterns("models", "tests", "target", "logs")
    shutil.copytree(ROOT / "dbt_project", project.root / "dbt_project", ignore=ours)
    (project.root / "dbt_project/models/staging").mkdir(parents=True)
    (project.root / "dbt_project/models/staging/probe.sql").write_text(model())
    if engine == "sail":
        rows = built_on_sail(project)
    else:
        result = build(project.settings, DAY, select="probe")
        assert result.ok, result.failed
        rows = project.rows("select * from staging.probe order by kind, n")
    found = {name: [row[f"read_{name}"] for row in rows if row["kind"] == name] for name in READ}
    assert found == {name: list(values.values()) for name, values in READ.items()}
    assert not [row for row in rows if row["kind"] == "none"]
