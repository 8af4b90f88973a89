"""What one check looks at: a source's declared tables, its staging models, the warehouse as its last build left it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from core.settings import Settings
from core.warehouse import Warehouse
from insight.reconciliation.mapping import StagingModel

Row = dict[str, Any]
SLICED = {"events": "int_events__distinct", "messages": "int_messages__distinct"}  # each key once, kept as a table


@dataclass(frozen=True)
class RawTable:
    """One table of a source as its file declares it."""

    source: str
    name: str
    types: dict[str, str]  # column -> text, integer, number, boolean, timestamp, date, json
    key: list[str] = field(default_factory=list)
    cursor: str | None = None
    is_files: bool = True

    @property
    def raw(self) -> str:
        return f"{self.source}__{self.name}"

    @property
    def relation(self) -> str:
        return f'raw."{self.raw}"'


@dataclass(frozen=True)
class Scope:
    db: Warehouse
    settings: Settings
    source: str
    day: date
    built_at: datetime | None  # when the last build of the day ended; None: not by us
    tables: list[RawTable]
    models: list[StagingModel]

    def rows(self, sql: str, params: list[Any] | None = None) -> list[Row]:
        return list(self.db.query(sql, params or []).to_pylist())

    def columns(self, relation: str) -> dict[str, str]:
        return self.db.columns(relation)

    @cached_property
    def entities(self) -> dict[str, StagingModel]:
        """Entity -> the staging model that gives it, of those that the warehouse has."""
        return {m.entity: m for m in self.models if self.columns(self.entity(m.entity)) and self.columns(m.relation)}

    def entity(self, name: str) -> str:
        """The relation that holds all sources' rows of an entity."""
        return f"intermediate.{SLICED.get(name, f'int_{name}__unioned')}"

    def entity_columns(self, name: str) -> list[str]:
        """The entity's own columns, its key first."""
        return [c for c in self.columns(f"intermediate.int_{name}__unioned") if c not in ("_source", "_day")]

    def newest(self, table: RawTable) -> str:
        """SQL for the living newest version of each key by the end of the day, or every row where no key is declared:
        written here once more, so that it does not lean on the macro that it is to be held against.
        """
        of_the_day = f"_day <= date '{self.day}'"
        if not table.key:
            return f"(select * from {table.relation} where {of_the_day}) as newest"
        keys = ", ".join(f'"{k}"' for k in table.key)
        cursor = f'"{table.cursor}" desc nulls last, ' if table.cursor else ""
        living = " and not coalesce(_is_deleted, false)" if "_is_deleted" in self.columns(f"raw.{table.raw}") else ""
        deleted = "case when _is_deleted then 0 else 1 end, " if living else ""
        return f"""(select * from (
            select *, row_number() over (partition by {keys} order by {deleted}{cursor}_day desc, _pulled_at desc,
                _line desc nulls last, _row_key desc) as nth
            from {table.relation} where {of_the_day}) as versions
            where nth = 1{living}) as newest"""

    def month(self, instant: str) -> str:
        """SQL for the month of an instant on the project's clock, as 2026-03."""
        zone = self.settings.project.time_zone
        local = f"(cast({instant} as timestamp) at time zone 'UTC' at time zone '{zone}')"
        return f"substr(cast(cast({local} as date) as varchar), 1, 7)"


def share(part: Any, whole: Any) -> float | None:
    """Rounded to four digits; None of nothing."""
    return round(float(part) / float(whole), 4) if whole else None
