"""A tiny warehouse by hand: raw tables as connectors/sources/*.yml declare them, identity by plain union-find."""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from core.build import BuildResult, build
from core.settings import Settings
from core.tables import ensure
from core.warehouse import connect
from people.cleansing import tables as cleansing
from people.cleansing.jobs import cleanse
from people.groups import schemas as groups

ROOT = Path(__file__).resolve().parents[2]
ARROW = {
    "text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
     "timestamp": pa.timestamp("us"),
    "date": pa.date32(), "json": pa.string(),
}  # fmt: skip
MECHANICS = pa.schema({
    "_source": pa.string(), "_origin": pa.string(), "_line": pa.int64(), "_pulled_at": pa.timestamp("us"),
     "_row_key": pa.string(),
    "_day": pa.date32(),
})  # fmt: skip
IDENTITY = {
    "people": {"person_id": pa.string(), "first_seen_day": pa.date32(), "records": pa.int64(),
     "identifiers": pa.int64()},
    "person_identifiers": {"identifier": pa.string(), "person_id": pa.string(), "kind": pa.string(),
     "first_seen_day": pa.date32()},
    "links": {"record_id": pa.string(), "identifier": pa.string()},
    "merges": {
        "merged_person_id": pa.string(), "person_id": pa.string(), "merged_day": pa.date32(), "because": pa.string(),
        "merged_into": pa.string(),
    },
    "record_people": {"record_id": pa.string(), "person_id": pa.string()},
    "shared_identifiers": {"identifier": pa.string(), "person_id": pa.string(), "is_owner": pa.bool_(),
     "first_seen_day": pa.date32()},
    "identifier_validity": {"identifier": pa.string(), "person_id": pa.string(), "from_day": pa.date32(),
     "until_day": pa.date32()},
    "overrides": {**{name: pa.string() for name in ("override_id", "person_id", "record_id", "field",
     "value", "verdict", "reason", "decided_by")}, "decided_at": pa.timestamp("us")},
    "former_identifiers": {"person_id": pa.string(), "split_from": pa.string(), "split_day": pa.date32(),
     "identifier": pa.string(), "until_day": pa.date32()},
    **{table: {field.name: field.type for field in schema} for table, schema in (
        ("households", groups.HOUSEHOLDS), ("household_people", groups.HOUSEHOLD_PEOPLE),
        ("accounts", groups.ACCOUNTS), ("account_keys", groups.ACCOUNT_KEYS),
        ("account_people", groups.ACCOUNT_PEOPLE), ("account_ancestors", groups.ANCESTORS),
    )},
}  # fmt: skip
SCORE = {
    "person_id": pa.string(), "as_of_day": pa.date32(), "score": pa.float64(), "decile": pa.int64(),
     "version": pa.string(),
    "scored_at": pa.timestamp("us"),
}  # fmt: skip
# The foundation builds by itself: the rooms that other engines feed are left out of the copy.
FOREIGN = ("features", "segments", "activation", "measurement", "groups", "enrichment")


def raw_schemas() -> dict[str, tuple[str, pa.Schema, dict[str, str]]]:
    """Raw table -> its source, its Arrow schema, and {normalised twin: column}."""
    found = {}
    for path in sorted((ROOT / "connectors/sources").glob("*.yml")):
        if path.stem not in ("sample_shop", "segment_events", "sendgrid_events", "online_retail"):
            continue
        for table, spec in yaml.safe_load(path.read_text())["tables"].items():
            fields, twins = [], {}
            for name, column in spec["columns"].items():
                column = {"type": column} if isinstance(column, str) else column
                fields.append(pa.field(name, ARROW[column["type"]]))
                if "identifier" in column:
                    twins[f"{name}__normalised"] = name
                    fields.append(pa.field(f"{name}__normalised", pa.string()))
            found[f"{path.stem}__{table}"] = (path.stem, pa.schema([*fields, *MECHANICS]), twins)
    return found


@dataclass
class House:
    """A warehouse in a directory of its own, and dbt to build it."""

    settings: Settings
    lines: int = 0

    def empty(self) -> None:
        """Every table that dbt reads, without rows."""
        with connect(self.settings, writer="raw") as db:
            for table, (_, schema, _) in raw_schemas().items():
                db.load(f"raw.{table}", schema.empty_table(), mode="create")
        with connect(self.settings, writer="identity") as db:
            for table, columns in IDENTITY.items():
                db.load(f"identity.{table}", pa.schema(columns).empty_table(), mode="create")
            ensure(db, *cleansing.TABLES)
        with connect(self.settings, writer="scores") as db:
            db.load(
                "scores.models", pa.schema({"model": pa.string(), "version": pa.string()}).empty_table(), mode="create"
            )
            for model in sorted(p.stem for p in (ROOT / "models").glob("*.yml")):
                db.load(f"scores.{model}", pa.schema(SCORE).empty_table(), mode="create")

    def land(self, table: str, day: date, rows: Iterable[dict[str, Any]]) -> None:
        """Rows into raw.<table>, pulled for `day`."""
        source, schema, twins = raw_schemas()[table]
        filled = []
        for row in rows:
            self.lines += 1
            unknown = set(row) - set(schema.names)
            assert not unknown, f"{table} has no column {unknown}"
            twin = {name: row[column].strip().lower() for name, column in twins.items() if row.get(column)}
            row_id = hashlib.md5(f"{table}:{self.lines}".encode()).hexdigest()
            mechanics = {
                "_source": source, "_origin": f"{table}-{day}", "_line": self.lines, "_row_key": row_id, "_day": day,
                "_pulled_at": datetime(2026, 1, 1) + timedelta(seconds=self.lines),
            }  # fmt: skip
            filled.append({**twin, **row, **mechanics})
        with connect(self.settings, writer="raw") as db:
            db.load(f"raw.{table}", pa.Table.from_pylist(filled, schema=schema))

    def build(self, day: date, stage: str = "all", select: str | None = None) -> BuildResult:
        result = build(self.settings, day, stage, select)
        assert result.ok, result.failed
        return result

    def resolve(self, day: date) -> None:
        """What `fairlead resolve` does, small: records that share one are one person, named after the first."""
        self.build(day, "identity")
        cleanse(self.settings, day)
        found = self.rows(
            "select record_id, identifier, kind, first_seen_day from intermediate.int_people__identifiers "
            "order by first_seen_day, record_id, identifier"  # the first to name one says since when it is known
        )
        parent: dict[str, str] = {}

        def root(name: str) -> str:
            while parent.setdefault(name, name) != name:
                name = parent[name]
            return name

        for row in found:
            parent[root("record " + row["record_id"])] = root(row["identifier"])
        groups: dict[str, dict[str, dict[str, Any]]] = {}
        for row in found:
            groups.setdefault(root(row["identifier"]), {}).setdefault(row["identifier"], row)
        known = [g for g in groups.values() if any(r["kind"] in ("email", "phone", "id") for r in g.values())]
        people = {"p_" + hashlib.md5(min(g).encode()).hexdigest()[:12]: g for g in known}
        firsts = {p: min(r["first_seen_day"] for r in g.values()) for p, g in people.items()}
        with connect(self.settings, writer="identity") as db:
            db.load("identity.people", pa.Table.from_pylist(
                [{"person_id": p, "first_seen_day": firsts[p], "records": 1, "identifiers": len(g)} for p,
                 g in people.items()],
                schema=pa.schema(IDENTITY["people"])), mode="replace")  # fmt: skip
            db.load("identity.person_identifiers", pa.Table.from_pylist(
                [{"identifier": i, "person_id": p, "kind": r["kind"], "first_seen_day": r["first_seen_day"]}
                 for p, g in people.items() for i, r in g.items()],
                schema=pa.schema(IDENTITY["person_identifiers"])), mode="replace")  # fmt: skip

    def night(self, day: date) -> None:
        """Resolve, build, and build what hangs on scores; nobody scores."""
        self.resolve(day)
        self.build(day, "before-scores")
        self.build(day, "after-scores")

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with connect(self.settings) as db:
            return db.query(sql).to_pylist()

    def one(self, sql: str) -> Any:
        return next(iter(self.rows(sql)[0].values()))

    def person(self, identifier: str) -> str | None:
        found = self.rows(f"select person_id from identity.person_identifiers where identifier = '{identifier}'")
        return found[0]["person_id"] if found else None


def foundation(root: Path) -> Path:
    """A copy of the project with this room's models alone."""
    shutil.copytree(
        ROOT / "dbt_project", root / "dbt_project", ignore=shutil.ignore_patterns(*FOREIGN, "target", "logs",
         "contactability*"),
        dirs_exist_ok=True,
    )  # fmt: skip
    part = "dbt_project/models/intermediate/features"  # day D of what profiles count
    shutil.copytree(ROOT / part, root / part, dirs_exist_ok=True)
    (root / "people").mkdir(exist_ok=True)
    shutil.copy(ROOT / "people/golden_record.yml", root / "people")
    (root / "models").mkdir(exist_ok=True)
    for spec in (ROOT / "models").glob("*.yml"):
        shutil.copy(spec, root / "models")
    return root


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def with_features(root: Path) -> Path:
    """The foundation and the features that are built on it."""
    foundation(root)
    part = "dbt_project/models/marts/features"
    shutil.copytree(ROOT / part, root / part)
    return root
