"""Records of people by hand, and the golden record built of them: each with the rules of a file of its own."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from support.house import ARROW, IDENTITY, foundation, raw_schemas

import connectors.pull
import people.jobs
from core.build import build
from core.extras.ours import entities_of
from core.settings import Settings, load_settings
from core.warehouse import connect
from people.schemas import OVERRIDES

DAY = date(2026, 11, 20)
MODELS = (
    "int_people__matched int_people__verified int_people__ranked int_people__survivors int_people__overrides"
    " int_people__golden profile_conflicts profile_provenance"
)
EXTRA = """
description: A shop that asks whether an address was confirmed
tables:
  people: {kind: files, pattern: people.csv, key: [id], columns: {id: text, sure: boolean}}
extra:
  people:
    sure: {type: boolean, class: ordinary, from: sure, meaning: Whether they confirmed their birth date}
"""
STAGING = """-- What is confirmed of nobody yet.
select cast(null as text) as record_id, cast(null as boolean) as sure, cast(null as date) as _day where 1 = 0
"""
Row = dict[str, Any]


class GoldenWorld:
    def __init__(self, root: Path, home: Path, rules: str, **given: Any) -> None:
        foundation(root)
        (root / "connectors/sources").mkdir(parents=True)
        (root / "connectors/sources/asking.yml").write_text(EXTRA)
        staging = root / "dbt_project/models/staging/asking"
        staging.mkdir()
        (staging / "stg_asking__people.sql").write_text(STAGING)
        for name in ("shop", "crm", "fair"):
            text = EXTRA.partition("extra:")[0]
            (root / f"connectors/sources/{name}.yml").write_text(text)
        (root / "people/golden_record.yml").write_text(rules)
        self.settings: Settings = load_settings(root=root, home=home, **given)

    def fill(self, records: list[Row], messages: list[Row] = (), consents: list[Row] = (),
             overrides: list[Row] = (), identifiers: list[Row] = (), merges: list[Row] = ()) -> None:  # fmt: skip
        """records: a row of `people` with its person; the rest of a row is NULL."""
        columns = {**self._columns("people"), "sure": pa.bool_(), "_source": pa.string(), "_day": pa.date32()}
        people = [{"_day": DAY, "_source": "shop", **r, "record_id": r.get("record_id", f"r{n}")} for n, r in
                  enumerate(records)]  # fmt: skip
        known = {row["person_id"] for row in [*people, *identifiers]}
        with connect(self.settings, writer="intermediate") as db:
            self._load(db, "intermediate.int_people__unioned", people, pa.schema(columns))
            cleaned, columns = [{"is_enriched": False, **row} for row in people], {**columns, "is_enriched": pa.bool_()}
            self._load(db, "intermediate.int_people__cleaned", cleaned, pa.schema(columns))
            for name, rows in (("messages", messages), ("consents", consents), ("orders", ())):
                schema = pa.schema({**self._columns(name), "occurred_on": pa.date32()})
                table = "int_messages__distinct" if name == "messages" else f"int_{name}__unioned"
                self._load(db, f"intermediate.{table}", rows, schema)
        with connect(self.settings, writer="identity") as db:
            tables = {
                "people": [{"person_id": p, "first_seen_day": DAY} for p in known],
                "record_people": [{"record_id": r["record_id"], "person_id": r["person_id"]} for r in people],
                "person_identifiers": identifiers,
                "merges": merges,
            }
            for name, schema in {**IDENTITY, "overrides": OVERRIDES}.items():
                self._load(db, f"identity.{name}", tables.get(name, ()), pa.schema(schema))
            self._load(db, "identity.overrides", overrides, OVERRIDES)

    def build(self) -> "GoldenWorld":
        result = build(self.settings, DAY, select=MODELS)
        assert result.ok, result.failed
        return self

    def build_points(self) -> None:
        """And by what each is reached, of sources without a row."""
        connectors.pull.ensure(self.settings)
        people.jobs.ensure(self.settings)
        with connect(self.settings, writer="raw") as db:
            for name, (_, schema, _) in raw_schemas().items():
                self._load(db, f"raw.{name}", (), schema)
        with connect(self.settings, writer="intermediate") as db:
            self._load(
                db, "intermediate.int_events__visitors", (), pa.schema({"person_ref": "string", "device_ref": "string"})
            )
        points = "int_people__versions int_people__held int_people__contact_points"
        result = build(self.settings, DAY, select=f"{MODELS} {points}")
        assert result.ok, result.failed

    def points(self) -> list[Row]:
        return self.rows("select * from intermediate.int_people__contact_points")

    def person(self, person_id: str) -> Row:
        (row,) = self.rows(f"select * from intermediate.int_people__golden where person_id = '{person_id}'")
        return row

    def provenance(self, person_id: str) -> dict[str, Row]:
        rows = self.rows(f"select * from marts.profile_provenance where person_id = '{person_id}'")
        assert len(rows) == len({row["field"] for row in rows})
        return {row["field"]: row for row in rows}

    def rows(self, sql: str) -> list[Row]:
        with connect(self.settings) as db:
            return db.query(sql).to_pylist()

    def _columns(self, entity: str) -> dict[str, pa.DataType]:
        kinds = {**ARROW, "money": pa.float64()}
        return {name: kinds[kind] for name, kind in entities_of(self.settings)[entity].items()}

    @staticmethod
    def _load(db: Any, table: str, rows: Any, schema: pa.Schema) -> None:
        filled = [{name: row.get(name) for name in schema.names} for row in rows]
        db.load(table, pa.Table.from_pylist(filled, schema=schema), mode="replace" if db.exists(table) else "create")


def arrived(address: str, event: str, at: datetime, **more: Any) -> Row:
    return {"message_event_key": f"{address} {event} {at}", "email": address, "channel": "email", "event": event,
            "occurred_at": at, "occurred_on": at.date(), **more}  # fmt: skip
