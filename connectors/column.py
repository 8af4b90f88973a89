"""One column of a source's table: its type, its limits, how it is written."""

import re
from datetime import date, datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from core.specs import Spec

ColumnType = Literal["text", "integer", "number", "boolean", "timestamp", "date", "json"]
# What DuckDB or PostgreSQL take for SQL where a column's name stands alone, as it does in staging models.
SQL_WORDS = frozenset(
    """all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast
    check cmax cmin collate collation column concurrently constraint create cross ctid current_catalog
    current_date current_role current_schema current_time current_timestamp current_user default deferrable desc
    describe distinct do else end except false fetch for foreign freeze from full glob grant group having ilike
    in initially inner intersect into is isnull join lambda lateral leading left like limit localtime
    localtimestamp natural not notnull null offset on only or order outer overlaps pivot pivot_longer
    pivot_wider placing positional primary qualify references returning right select semi session_user show
    similar some summarize symmetric table tableoid tablesample then to trailing true union unique unpack
    unpivot user using variadic verbose when where window with xmax xmin""".split()  # noqa: SIM905 - readable as words
)
NAME = re.compile(r"^[a-z][a-z0-9_]{0,58}$")
PARTS = "year_month_day"  # of a date: an object of three numbers, {"year": 2026, "month": 3, "day": 1}
FORMATS = ("epoch_seconds", "epoch_milliseconds", "epoch_microseconds", "iso_to_microseconds")
KNOWN_DIRECTIVES = re.compile(r"%(-?[dmyHIMSj]|[aAbBYpgfnUWuwGV%]|z$)")  # no %Z: names of zones mean many things


class Column(Spec):
    """One raw column: where it comes from and what it must be."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    type: ColumnType
    source: str | None = Field(None, alias="from")
    required: bool = False
    min: int | float | date | datetime | None = None
    max: int | float | date | datetime | None = None
    values: list[str | int | float] | None = None
    identifier: Literal["email", "phone", "id"] | None = None
    namespace: str | None = None  # of an id: what numbers it, equal in all sources that have the same one
    country: str | None = None  # of a phone: the column with its person's country, for numbers without a country code
    time_zone: str | None = None  # local time without an offset is read in this zone
    unit: str | None = Field(None, min_length=1, max_length=8)  # that a number bears before or behind it: €
    accounting: bool = False  # (1,234.50) and 1,234.50- are negative
    words: dict[str, str] | None = None  # texts in a value -> what is read for them: {오후: PM}, {٣: "3"}
    format: str | None = None  # of a date or timestamp that is not ISO: a strptime pattern, one of FORMATS, or PARTS

    @field_validator("time_zone")
    @classmethod
    def known_zone(cls, name: str | None) -> str | None:
        from zoneinfo import ZoneInfo

        try:
            ZoneInfo(name) if name else None
        except Exception as error:
            raise ValueError(f"no time zone {name!r}; use an IANA name such as Europe/London") from error
        return name

    @model_validator(mode="after")
    def sensible(self) -> "Column":
        if (self.min is not None or self.max is not None) and self.type not in (
            "integer",
            "number",
            "date",
            "timestamp",
        ):
            raise ValueError(f"min and max need a type with an order, not {self.type}")
        if self.identifier and self.type != "text":
            raise ValueError("an identifier is text")
        if (self.identifier == "id") != (self.namespace is not None):
            raise ValueError("identifier: id and namespace belong together: {identifier: id, namespace: national_id}")
        if self.namespace is not None and not NAME.match(self.namespace):
            raise ValueError(f"namespace {self.namespace!r}: small letters, digits and underscores")
        if self.country and self.identifier != "phone":
            raise ValueError("country belongs to an identifier of kind phone")
        if self.time_zone and self.type != "timestamp":
            raise ValueError("time_zone belongs to a timestamp")
        if self.unit is not None and (
            self.type not in ("integer", "number") or re.search(r"[\d,+-]|^[.\s]|\s$", self.unit)
        ):
            raise ValueError("unit is what a number bears beside its digits, such as € or kg, and belongs to a number")
        if self.accounting and self.type not in ("integer", "number"):
            raise ValueError("accounting belongs to a number")
        if self.words is not None and "" in self.words:
            raise ValueError("none of words is empty")
        if self.words is not None and self.type not in ("integer", "number") and "%" not in (self.format or ""):
            raise ValueError("words belong to a number, or to a date or timestamp whose format is a pattern")
        if self.format is not None and (fault := _format_fault(self.format, self.type)):
            raise ValueError(f"format {self.format!r} {fault}")
        return self

    def country_faults(self, columns: "dict[str, Column]") -> list[str]:
        """What is wrong with the column that a number's country is read from."""
        return [f"country names {self.country}, which is no column"] if self.country not in (None, *columns) else []


def _format_fault(pattern: str, kind: str) -> str:
    """What keeps a `format` from saying which day or instant a text is; empty where nothing does."""
    if kind not in ("date", "timestamp"):
        return "belongs to a date or a timestamp"
    if pattern == PARTS:
        return "" if kind == "date" else "belongs to a date"
    if pattern in FORMATS:
        return "" if kind == "timestamp" else "belongs to a timestamp"
    if "%" not in pattern:
        return f"is none of {', '.join((*FORMATS, PARTS))}, and no strptime pattern"
    if "%" in KNOWN_DIRECTIVES.sub("", pattern):
        return "holds a directive that is not read here; %z stands at the end, %Z is not read"
    read = {directive.lstrip("-") for directive in re.findall("%(-?.)", pattern)}
    if not read & {"y", "Y", "G"}:
        return "has no year"
    if ("I" in read) != ("p" in read):
        return "has an hour of twelve (%I) without %p, or %p without %I: 03:00 would be either; %H is the hour of 24"
    return "has an offset, which belongs to a timestamp" if kind == "date" and pattern.endswith("%z") else ""


def short_column(declaration: Any) -> Any:
    return {"type": declaration} if isinstance(declaration, str) else declaration
