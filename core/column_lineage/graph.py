"""All models of the project: which column is made of which, kept in the home and read again where SQL has changed."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.build import target_path
from core.column_lineage.origin import Origin, Statement
from core.errors import FatalError
from core.project.files import DBT_KINDS, KINDS, folder_of
from core.settings import Settings
from core.warehouse import connect

FILE = "dbt/column_lineage.json"
VERSION = 3  # of what is kept: another reads all models anew
DAY = re.compile(r"'\d{4}-\d{2}-\d{2}'")  # the day that is built changes no column's origin
SCHEMAS = ("staging", "intermediate", "marts")  # by the folder under models/, as dbt_project.yml says
TWIN = "__normalised"  # of a raw column that is an identifier: what the connectors make of it
NOT_BUILT = "Nothing is built yet. Run `fairlead build --day D`."
COLUMNS = """select table_schema, table_name, column_name, lower(data_type) as data_type
    from information_schema.columns where table_schema not in ('information_schema', 'pg_catalog')
    order by table_schema, table_name, ordinal_position"""


@dataclass(frozen=True)
class Model:
    """statement   None where its SQL could not be taken apart: `fault` says why"""

    name: str
    table: str  # schema.table
    path: str  # of its SQL, as dbt calls it: models/marts/customers/orders.sql
    digest: str
    statement: Statement | None
    fault: str = ""


@dataclass(frozen=True)
class Graph:
    """models   schema.table -> Model; tables   schema.table -> columns, of all that is in the warehouse"""

    models: Mapping[str, Model]
    tables: Mapping[str, list[str]]

    def origins(self, table: str, column: str) -> list[Origin]:
        """What a column is made of, one step back. [] of a constant and of a table that no model writes."""
        bare = column.removesuffix(TWIN)
        if table.startswith("raw.") and bare != column and bare in self.tables.get(table, ()):
            return [Origin(table, bare, "transformation")]
        model = self.models.get(table)
        return model.statement.columns.get(column, []) if model and model.statement else []

    @cached_property
    def uses(self) -> Mapping[tuple[str, str], list[Origin]]:
        """(table, column) -> the columns that are made of it, one step on."""
        result: dict[tuple[str, str], list[Origin]] = defaultdict(list)
        for model in self.models.values():
            for column, origins in (model.statement.columns if model.statement else {}).items():
                for origin in origins:
                    result[origin.table, origin.column].append(Origin(model.table, column, origin.kind))
        for table, columns in self.tables.items():
            for twin in (c for c in columns if table.startswith("raw.") and c.endswith(TWIN)):
                result[table, twin.removesuffix(TWIN)].append(Origin(table, twin, "transformation"))
        return result

    @cached_property
    def decided(self) -> Mapping[tuple[str, str], list[str]]:
        """(table, column) -> the tables whose rows it filters, joins or groups."""
        result: dict[tuple[str, str], list[str]] = defaultdict(list)
        for model in self.models.values():
            for column in model.statement.deciding if model.statement else ():
                result[column].append(model.table)
        return result

    def with_models(self, written: Iterable[Model]) -> "Graph":
        """Beside dbt's models tables that another room writes of them: scores."""
        return Graph({**self.models, **{model.table: model for model in written}}, self.tables)


def load_graph(settings: Settings, is_built_anew: bool = False) -> Graph:
    """As dbt last compiled it. Raises FatalError where nothing is built yet.

    is_built_anew   look whether tables have other columns by now, too
    """
    compiled = dict(_compiled(settings))
    if not compiled:
        raise FatalError(NOT_BUILT)
    kept = _read(settings)
    digests = {name: _digest(sql) for name, (_, sql) in compiled.items()}
    if kept and not is_built_anew and {m.name: m.digest for m in kept.models.values()} == digests:
        return kept
    return _refreshed(settings, compiled, digests, kept)


def _refreshed(
    settings: Settings, compiled: dict[str, tuple[Path, str]], digests: dict[str, str], kept: Graph | None
) -> Graph:
    """What has changed is read anew: a model's own SQL, or the columns of a table in the warehouse."""
    tables = {table: list(columns) for table, columns in read_types(settings).items()}
    changed = {t for t in tables if not kept or kept.tables.get(t) != tables[t]}
    before = {m.name: m for m in kept.models.values()} if kept else {}
    models = {}
    for name, (path, sql) in compiled.items():
        model = before.get(name)
        if model is None or model.digest != digests[name] or model.fault or _reads_any(model, changed):
            model = _model(settings, name, path, sql, digests[name], tables)
        models[model.table] = model
    graph = Graph(models, tables)
    _write(settings, graph)
    return graph


def read_types(settings: Settings) -> dict[str, dict[str, str]]:
    """schema.table -> column -> its type in the warehouse, as it stands now."""
    with connect(settings) as db:
        rows = db.query(COLUMNS).to_pylist()
    tables: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        tables[f"{row['table_schema']}.{row['table_name']}"][row["column_name"]] = row["data_type"]
    return dict(tables)


def _reads_any(model: Model, tables: set[str]) -> bool:
    return model.table in tables or bool(model.statement and model.statement.tables & tables)


def _model(settings: Settings, name: str, path: Path, sql: str, digest: str, tables: Mapping[str, list[str]]) -> Model:
    from core.column_lineage.statement import analyse  # sqlglot's optimizer: only where SQL has changed

    table = f"{path.parts[1]}.{name}"
    fault, statement = "", None
    try:
        found = analyse(sql, settings.warehouse.engine, tables)
        columns = {
            column: [o for o in origins if o.table != table] for column, origins in found.columns.items()
        }  # what it remembers of itself comes from nowhere else
        statement = Statement(columns, [pair for pair in found.deciding if pair[0] != table])
    except Exception as error:  # whatever somebody's SQL does to the reader: the other models are known all the same
        fault = f"its SQL could not be taken apart ({type(error).__name__})"
    return Model(name, table, str(path), digest, statement, fault)


def _compiled(settings: Settings) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Each model's SQL of the last build, if the model still has a file."""
    own, folder = folder_of(settings), target_path(settings) / "compiled/fairlead"
    places = [settings.root / "dbt_project/models", *([own / KINDS[kind].own for kind in DBT_KINDS] if own else [])]
    standing = {path.stem for place in places for path in place.rglob("*.sql")}
    for path in sorted((folder / "models").rglob("*.sql")):
        place = path.relative_to(folder)
        is_model = place.parts[1] in SCHEMAS and not any(part.endswith((".yml", ".yaml")) for part in place.parts)
        if is_model and path.stem in standing:  # the others are tests of a YAML file
            yield path.stem, (place, path.read_text(encoding="utf-8"))


def _digest(sql: str) -> str:
    return hashlib.sha256(DAY.sub("''", sql).encode()).hexdigest()[:16]


def _write(settings: Settings, graph: Graph) -> None:
    models = [
        {
            "name": m.name, "table": m.table, "path": m.path, "digest": m.digest, "fault": m.fault,
            "columns": m.statement.columns if m.statement else None,
            "deciding": m.statement.deciding if m.statement else [],
        }
        for m in graph.models.values()
    ]  # fmt: skip
    path = settings.home / FILE
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps({"version": VERSION, "tables": graph.tables, "models": models}))
    scratch.replace(path)


def _read(settings: Settings) -> Graph | None:
    """None where there is none, or another version of us wrote it, or it is damaged."""
    try:
        content = json.loads((settings.home / FILE).read_text())
        if content["version"] != VERSION:
            return None
        models = [_model_of(one) for one in content["models"]]
        return Graph({model.table: model for model in models}, content["tables"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _model_of(content: dict[str, Any]) -> Model:
    columns, statement = content["columns"], None
    if columns is not None:
        found = {name: [Origin(*origin) for origin in origins] for name, origins in columns.items()}
        statement = Statement(found, [(table, column) for table, column in content["deciding"]])
    return Model(content["name"], content["table"], content["path"], content["digest"], statement, content["fault"])
