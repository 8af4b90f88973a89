"""What is to be written, tried on a copy: its rows pulled, its models built, what the marts want looked for."""

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from connectors.pull import ensure, pull
from connectors.understand.entities import ENTITIES, WITHOUT_PERSON
from connectors.understand.looking.proposal import Proposal
from connectors.understand.plan import Understanding
from core.build import build
from core.clock import today
from core.errors import FairleadError
from core.home import scratch_folder
from core.project.files import folder_of
from core.project.texts import text_of
from core.settings import Settings, WarehouseSettings
from core.specs import LOADER
from core.warehouse import Warehouse, connect

MOST_ROWS = 1_000_000  # of a table, in the trial: as many as are looked at
BESIDE = {  # what a night builds and tests of an entity before anybody is known
    "events": ("int_events__distinct",), "messages": ("int_messages__distinct", "consent_quality"),
    "consents": ("consent_quality",),
}  # fmt: skip


def tried(
    settings: Settings, name: str, proposal: Proposal, plan: Understanding, files: dict[str, str]
) -> dict[str, Any]:
    """{tried, ok, failures, counts}: every failure names its staging model and the mend."""
    if not (settings.root / "dbt_project/dbt_project.yml").is_file():
        return {"tried": False, "ok": True, "failures": [], "counts": {}, "why": "the project has no dbt_project"}
    with scratch_folder(settings.home, "trial") as folder:
        try:
            return _trial(settings, folder, name, proposal, plan, files)
        except FairleadError as error:
            return {"tried": True, "ok": False, "failures": _unread(name, str(error), files), "counts": {}}


def _trial(
    settings: Settings, folder: Path, name: str, proposal: Proposal, plan: Understanding, files: dict[str, str]
) -> dict[str, Any]:
    copy = _copy(settings, folder, name, proposal, files)
    day = today(settings)
    pulled = pull(copy, day, [name])
    failures = [
        {"model": None, "fault": f"{e['table']}: {e['error']}", "mend": f"Mend connectors/sources/{name}.yml"}
        for e in pulled["sources"] if "error" in e
    ]  # fmt: skip
    refused = {e["table"]: e["rows_rejected"] for e in pulled["sources"] if e.get("rows_rejected")}
    ensure(copy)
    entities = plan.entities()
    tested = [f"int_{entity}__unioned" for entity in entities] + [m for e in entities for m in BESIDE.get(e, ())]
    built = build(copy, day, select=f"path:models/staging/{name} {' '.join(f'+{m}' for m in dict.fromkeys(tested))}")
    failures += [_failure(name, text) for text in built.failed]
    counts: dict[str, Any] = {}
    if not failures:
        with connect(copy) as db:
            for entity in plan.entities():
                failures += _lacks(settings, db, name, entity)
                counts[entity] = _counts(db, name, entity)
    return {"tried": True, "ok": not failures, "failures": failures, "counts": counts, "refused": refused}


def _copy(settings: Settings, folder: Path, name: str, proposal: Proposal, files: dict[str, str]) -> Settings:
    """The project's files and ours, the looked-at rows as files, and a warehouse of its own."""
    root = folder / "project"
    no_states = shutil.ignore_patterns("target", "logs", "*.duckdb")
    for part in ("dbt_project", "connectors/sources", "models"):
        if (settings.root / part).is_dir():
            shutil.copytree(settings.root / part, root / part, ignore=no_states)
    if own := folder_of(settings):  # a company's own, where Fairlead's would lie
        for part, place in (("sources", "connectors/sources"), ("staging", "dbt_project/models/staging")):
            if (own / part).is_dir():
                shutil.copytree(own / part, root / place, ignore=no_states, dirs_exist_ok=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    data = folder / "data"
    data.mkdir()
    tables = {table.name: _as_file(proposal, table.name, data) for table in proposal.landed}
    source = {"description": "A trial", "defaults": {"path": str(data)}, "tables": tables}
    (root / f"connectors/sources/{name}.yml").write_text(yaml.safe_dump(source, sort_keys=False), encoding="utf-8")
    warehouse = WarehouseSettings(threads=settings.warehouse.threads, memory_limit=settings.warehouse.memory_limit)
    changed = {"root": root, "home": folder / "home", "warehouse": warehouse, "sources": {},
               "project": settings.project.model_copy(update={"folder": ""})}  # fmt: skip
    return settings.model_copy(update=changed)


def _as_file(proposal: Proposal, table_name: str, folder: Path) -> dict[str, Any]:
    """A table's looked-at rows as a CSV file, and how a source file declares that."""
    table, scratch = proposal[table_name], proposal.scratch
    sources = scratch.columns[table_name]
    cells = ", ".join(
        f'{scratch.cell(table_name, table.source_of(c))} as "{c}"'
        for c in table.raw_columns
        if table.source_of(c) in sources
    )
    path = str(folder / f"{table_name}.csv").replace("'", "''")
    query = (
        f"select {cells or 'null as column_1'} from {scratch.table(table_name)}"
        f" order by _origin, _line limit {MOST_ROWS}"
    )
    scratch.engine.execute(f"copy ({query}) to '{path}' (header, delimiter ',', quote '\"', escape '\"')")
    kept = {
        k: v
        for k, v in table.spec().items()
        if k in ("key", "cursor", "decimal", "thousands", "nulls", "max_reject_share")
    }
    columns = {c: {k: v for k, v in declared.items() if k != "from"} for c, declared in table.raw_columns.items()}
    return {"kind": "files", "pattern": f"{table_name}.csv", "format": "csv", "encoding": "utf-8", "delimiter": ",",
            "missing": "ok", **kept, "columns": columns}  # fmt: skip


def _unread(name: str, text: str, files: dict[str, str]) -> list[dict[str, Any]]:
    """dbt names the first model that it cannot read, and then reads none at all: none of them was tried."""
    first = _failure(name, text)
    models = [Path(path).stem for path in files if path.endswith(".sql")]
    if first["model"] not in models:
        return [{"model": None, "fault": text, "mend": ""}]
    others = [{"model": m, "fault": f"not tried: {first['model']} cannot be read", "mend": ""} for m in models]
    return [first, *(failure for failure in others if failure["model"] != first["model"])]


def _failure(name: str, text: str) -> dict[str, Any]:
    """One failed node, by the staging model that it leads back to."""
    model = next(iter(re.findall(rf"stg_{name}__\w+?(?=[.\s:,)]|$)", text)), None)
    entity = next(iter(re.findall(r"int_(\w+)__unioned", text)), None)
    model = model or (f"stg_{name}__{entity}" if entity else None)
    return {
        "model": model,
        "fault": text,
        "mend": f"Edit dbt_project/models/staging/{name}/{model}.sql" if model else "",
    }


def _lacks(settings: Settings, db: Warehouse, name: str, entity: str) -> list[dict[str, Any]]:
    """What a mart would refuse: NULL in a column that it must have. A column that is not given is NULL everywhere."""
    model = f"stg_{name}__{entity}"
    given, found = db.columns(f"staging.{model}"), []
    for column in sorted(wanted_by_mart(settings.root, entity) & {*ENTITIES[entity], "_day"}):
        test = f"count(case when {column} is null then 1 end)" if column in given else "count(*)"
        empty = db.query(f"select {test} as n from staging.{model}")["n"][0].as_py()
        if empty:
            found.append({
                "model": model,
                "fault": f"{column} is NULL in {empty} rows, and the mart {entity} wants one in every row",
                "mend": f"Give {column} a column or a constant in dbt_project/models/staging/{name}/{model}.sql",
            })  # fmt: skip
    return found


def wanted_by_mart(root: Path, entity: str) -> set[str]:
    """Columns that the mart of an entity holds to be never NULL, by its contract."""
    return {
        c["name"] for c in _mart(root, entity).get("columns", [])
        if any(k.get("type") == "not_null" for k in c.get("constraints", []))
    }  # fmt: skip


def _mart(root: Path, entity: str) -> dict[str, Any]:
    """What is declared of the mart of an entity."""
    for path in (root / "dbt_project/models/marts/customers").glob("*.yml"):
        for model in (yaml.load(text_of(path), Loader=LOADER) or {}).get("models", []):
            if model["name"] == entity:
                return dict(model)
    return {}


def _counts(db: Warehouse, name: str, entity: str) -> dict[str, Any]:
    """Rows, and what tells a wrong mapping at a glance."""
    asked = {"rows": "count(*)"}
    given = db.columns(f"staging.stg_{name}__{entity}")
    if entity not in WITHOUT_PERSON:
        asked["with_person"] = "count(person_ref)"
        asked["people"] = "count(distinct person_ref)"
    if entity == "orders":
        asked["revenue"] = "cast(sum(revenue) as double)" if "revenue" in given else "null"
        asked["completed"] = "count(case when status = 'completed' then 1 end)"
        sold = "cast(sum(case when status = 'completed' then revenue end) as double)" if "revenue" in given else "null"
        asked["sales"] = sold
    if entity == "people" and "email" in given:
        asked["with_email"] = "count(email)"
    shown = ", ".join(f"{sql} as {word}" for word, sql in asked.items())
    return dict(db.query(f"select {shown} from staging.stg_{name}__{entity}").to_pylist()[0])
