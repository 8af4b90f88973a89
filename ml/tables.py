"""The tables that ml writes, and the plain SQL by which it reads and writes them through a warehouse it is handed."""

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pyarrow as pa

from core.errors import ConfigError
from core.tables import Table
from core.warehouse import Warehouse
from ml.spec import ModelSpec

MODELS = pa.schema({
    "model": "string", "version": "string", "trained_day": "date32", "promoted": "bool", "champion": "bool",
    "reasons": "string", "metrics": "string", "baseline": "string", "card_path": "string",
})  # fmt: skip
SCORES = pa.schema({
    "person_id": "string", "as_of_day": "date32", "score": "float64", "decile": "int64", "version": "string",
    "scored_at": pa.timestamp("us"), "reasons": "string",
})  # fmt: skip
VERSIONS = Table("scores.models", MODELS)  # one row a model and day of training
KEY = ("person_id", "as_of_day")
NUMERIC = ("double", "float", "real", "integer", "bigint", "smallint", "numeric", "decimal", "boolean", "hugeint")


def scores_of(model: str) -> Table:
    """One row a person and day."""
    return Table(f"scores.{model}", SCORES)


def feature_columns(db: Warehouse, spec: ModelSpec, spec_file: str) -> tuple[list[str], dict[str, str]]:
    """(the model's columns in the table's order, all columns of the feature table with their types).

    Raises ConfigError, with every mistake, when the spec asks for what the warehouse has not.
    """
    table = f"marts.{spec.features.table}"
    column_types = db.columns(table)
    absent = [name for name in (table, f"marts.{spec.label}") if not db.exists(name)]
    if absent:
        mend = "Add it to dbt_project/models/marts/features/ and run `fairlead build`."
        raise ConfigError(*(f"{spec_file}: no table {name}. {mend}" for name in absent))
    mistakes = [
        f"{spec_file}: {key}: {table} has no column {name!r}."
        for key, names in _named_columns(spec).items()
        for name in names
        if name not in column_types
    ]
    if not spec.features.columns:
        features = [name for name in column_types if name not in {*KEY, *spec.features.all_except}]
    else:
        features = [name for name in spec.features.columns if name in column_types]
    mistakes += [
        f"{spec_file}: {name} is {column_types[name]}, but features are numbers."
        for name in features
        if not column_types[name].startswith(NUMERIC)
    ]
    if mistakes:
        raise ConfigError(*mistakes)
    return features, column_types


def _named_columns(spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """The columns of the feature table that a spec names, by the place where it names them."""
    return {
        "features.columns": spec.features.columns,
        "features.all_except": spec.features.all_except,
        "fairness.by": spec.fairness.by,
        "baseline.rank_by": tuple(name.removeprefix("-") for name in spec.baseline.rank_by),
    }


def training_rows(db: Warehouse, spec: ModelSpec, names: list[str], day: date) -> pa.Table:
    """Labelled rows whose horizon ended by `day`, in a fixed order; past max_rows a stable sample of people."""
    until = day - timedelta(days=spec.horizon_days)
    joined = (
        f"from marts.{spec.label} l join (select * from marts.{spec.features.table} where ({spec.eligible})) f"
        " on f.person_id = l.person_id and f.as_of_day = l.as_of_day where l.label is not null and l.as_of_day <= $1"
    )
    rows = db.query(f"select count(*) as n {joined}", [until])["n"][0].as_py()
    below = f"{min(int(65536 * spec.max_rows / max(rows, 1)), 65535):04x}"
    sample = f" and substr(md5(f.person_id), 1, 4) < '{below}'" if rows > spec.max_rows else ""
    column_list = ", ".join(f'f."{name}"' for name in names)
    return db.query(
        f"select f.person_id, f.as_of_day, l.label, {column_list} {joined}{sample} order by f.as_of_day, f.person_id",
        [until],
    )


def rows_to_score(db: Warehouse, spec: ModelSpec, names: list[str], day: date) -> Iterator[pa.RecordBatch]:
    """The day's eligible people in batches: person_id and the model's columns."""
    column_list = ", ".join(f'"{name}"' for name in names)
    sql = f"select person_id, {column_list} from marts.{spec.features.table} where as_of_day = $1 and ({spec.eligible})"
    yield from db.stream(sql, [day])


def champion(db: Warehouse, model: str, day: date, before: bool = False) -> dict[str, str] | None:
    """The newest promoted version trained by `day` (`before`: on an earlier day): what was known at its end."""
    versions = db.query(
        "select version, card_path from scores.models where model = $1 and promoted and"
        f" trained_day {'<' if before else '<='} $2 order by trained_day desc limit 1",
        [model, day],
    )
    return versions.to_pylist()[0] if versions.num_rows else None


def write_model(db: Warehouse, row: dict[str, object]) -> None:
    """One row a model and day of training; the newest promoted one is marked champion."""
    full = {**row, "champion": False, "metrics": json.dumps(row["metrics"]), "baseline": json.dumps(row["baseline"])}
    with db.transaction():
        db.execute(
            "delete from scores.models where model = $1 and trained_day = $2", [row["model"], row["trained_day"]]
        )
        db.load("scores.models", pa.Table.from_pylist([full], schema=MODELS))
        mark_champion(db, str(row["model"]))


def mark_champion(db: Warehouse, model: str) -> None:
    """The newest promoted version, and no other."""
    db.execute(
        "update scores.models set champion = promoted and trained_day = (select max(m.trained_day) from scores.models m"
        " where m.model = $1 and m.promoted) where model = $2",
        [model, model],
    )


def write_scores(db: Warehouse, model: str, day: date, rows: pa.Table) -> bool:
    """Replace the day's rows in one transaction; False, and nothing written, when they are there already."""
    table, value_columns = f"scores.{model}", [name for name in SCORES.names if name != "scored_at"]
    existing = db.query(
        f"select {', '.join(value_columns)} from {table} where as_of_day = $1 order by person_id", [day]
    )
    if existing.cast(rows.select(value_columns).schema).equals(rows.select(value_columns).sort_by("person_id")):
        return False
    with db.transaction():
        db.execute(f"delete from {table} where as_of_day = $1", [day])
        db.load(table, rows)
    return True
