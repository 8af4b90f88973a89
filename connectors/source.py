"""What a source file may say."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from connectors.column import NAME, SQL_WORDS, Column, short_column
from connectors.kinds.api.spec import (
    Auth,
    Busy,
    CursorFormat,
    Enrichment,
    ForEach,
    Paginate,
    asks_from_a_mark,
    enrichment_faults,
    for_each_faults,
    http_faults,
)
from core.extras.spec import Entity, ExtraColumn, OwnEvent
from core.specs import Spec

KINDS = ("files", "sql", "http", "kafka")
OWN_KEYS = {  # keys that belong to one kind only: a key of another kind would do nothing, in silence
    "files": {"pattern", "format", "encoding", "delimiter", "quote", "missing", "decimal", "thousands", "header",
              "header_line", "undeclared"},
    "sql": {"table", "query", "deletes"},
    "http": {"path", "method", "body", "records", "paginate", "auth", "cursor_param", "cursor_value", "cursor_format",
             "since_first", "for_each", "busy_when", "params", "headers", "secret_headers", "undeclared", "deletes",
             "empty_with", "cut_at"},
    "kafka": {"topic", "auth", "mechanism", "tls", "undeclared"},
}  # fmt: skip

# Which raw types an extra column takes its values from as they are; a text is cast in staging, where it can be cleaned.
HOLDS: dict[str, set[str]] = {
    "text": {"text", "integer", "number", "boolean", "timestamp", "date", "json"}, "integer": {"integer"},
    "number": {"integer", "number"}, "money": {"integer", "number"}, "boolean": {"boolean"},
    "timestamp": {"timestamp", "date"}, "date": {"date"},
}  # fmt: skip


class Volume(Spec):
    """How many rows a day may bring, as a share of the same weekday's mean over the last weeks. Outside: a warning."""

    min_share: float = Field(0.2, ge=0)
    max_share: float = Field(5, gt=0)
    weeks: int = Field(4, ge=1, le=52)


class Expectation(Spec):
    """Any further Great Expectations expectation, by its snake_case name."""

    type: str
    kwargs: dict[str, Any] = Field({})


class Tls(Spec):
    """Files by which brokers and we know each other; each may begin with {home}, {folder} or {root}."""

    ca: str = ""  # who vouches for the brokers, where it is none of those that the machine trusts
    certificate: str = ""  # ours, where the brokers ask for one
    key: str = ""  # of our certificate
    password: str = ""  # the environment variable that holds the key's password

    @model_validator(mode="after")
    def whole(self) -> "Tls":
        if bool(self.certificate) != bool(self.key) or (self.password and not self.key):
            raise ValueError("tls: certificate and key go together, and password with them")
        return self


class Table(Spec):
    """One table of a source: how to read it, and its contract."""

    kind: Literal["files", "sql", "http", "kafka"]
    columns: dict[str, Annotated[Column, BeforeValidator(short_column)]] = Field(min_length=1)
    key: list[str] = Field([])
    cursor: str | None = None
    day: str | None = None  # the column whose instant dates a row, where the table shows more than one day
    late_days: int = Field(0, ge=0)
    max_reject_share: float = Field(0.02, ge=0, le=1)
    expectations: list[Expectation] = Field([])
    freshness_days: int | None = Field(None, ge=0)
    volume: Volume | None = None
    nulls: list[str] = Field([])  # texts that mean "nothing", beside the empty one
    # files
    pattern: str | None = None
    format: Literal["csv", "tsv", "jsonl", "parquet"] | None = None
    encoding: str | None = None
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    quote: str = Field('"', min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal[",", "lakh"] | None = None  # beside a decimal point: 1,234,567.50, and India's 12,34,567.50
    missing: Literal["ok", "error"] = "error"
    header_line: int = Field(1, ge=1, le=100)  # the line that holds the names, of files with a title above them
    header: list[str] = Field([])  # the names of all columns in their order, of files without a first line of names
    # sql
    table: str | None = None
    query: str | None = None
    deletes: Literal["none", "snapshot"] = "none"
    # http
    path: str | None = None
    records: str = "$"
    cut_at: int | None = Field(None, ge=1)  # the most records that one answer has; so many are perhaps not all
    empty_with: str | None = None  # JSON path of what an answer without `records` holds where there are none
    paginate: Paginate = Paginate()
    auth: Auth | None = None
    method: Literal["GET", "POST"] = "GET"
    body: dict[str, Any] = Field({})
    cursor_param: str | None = None  # where the mark is written; body.<dotted path> in the body
    cursor_value: str = "{since}"  # how
    cursor_format: CursorFormat = "iso_z"
    since_first: str | None = None  # the mark before there is one; without it the parameter is left out
    for_each: ForEach | None = None
    busy_when: list[Busy] = Field([])
    params: dict[str, str | int | float | bool | list[str]] = Field({})
    headers: dict[str, str] = Field({})
    undeclared: Literal["land", "leave"] = "land"  # keys that no column takes: a column each, or not kept at all
    secret_headers: dict[str, str] = Field({})  # header -> the environment variable that holds it
    # kafka
    topic: str | None = None
    mechanism: Literal["plain", "scram_sha_256", "scram_sha_512"] = "plain"
    tls: Tls | None = None

    @field_validator("columns")
    @classmethod
    def plain_names(cls, columns: dict[str, Column]) -> dict[str, Column]:
        wrong = [name for name in columns if not NAME.match(name) or name.endswith("__normalised") or name in SQL_WORDS]
        if wrong:
            raise ValueError(
                f"not usable as column names: {', '.join(wrong)} (snake_case, at most 59 letters, no __normalised, no "
                "word of SQL; give another name with `from`)"
            )
        return columns

    @field_validator("since_first", mode="before")
    @classmethod
    def as_text(cls, value: Any) -> Any:
        """YAML reads a day without quotes as a date."""
        return value.isoformat() if isinstance(value, date) else value

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, name: str | None) -> str | None:
        if name and not is_of_text(name):
            raise ValueError(f"no encoding {name!r}")
        return name

    @model_validator(mode="after")
    def whole(self) -> "Table":
        foreign = (set().union(*OWN_KEYS.values()) - OWN_KEYS[self.kind]) & self.model_fields_set
        faults = [f"{key} does not belong to kind {self.kind}" for key in sorted(foreign)]
        faults += [f"key names {name}, which is no column" for name in self.key if name not in self.columns]
        if self.cursor and self.cursor not in self.columns:
            faults.append(f"cursor names {self.cursor}, which is no column")
        faults += self._day_faults()
        faults += [f"columns.{n}: {fault}" for n, c in self.columns.items() for fault in c.country_faults(self.columns)]
        if self.header and self.header_line > 1:
            faults.append("header is for files without a line of names, and header_line says where it stands")
        if self.thousands and self.decimal == ",":
            faults.append("thousands are parted by a comma only beside a decimal point")
        unnamed = {c.source or n for n, c in self.columns.items()} - set(self.header) if self.header else set()
        faults += [f"header has no {name}, which a column is read from" for name in sorted(unnamed)]
        if self.kind == "files" and not self.pattern:
            faults.append("kind files needs a pattern")
        if self.kind == "sql" and bool(self.table) == bool(self.query):
            faults.append("kind sql needs either table or query")
        if self.deletes == "snapshot" and not self.key:
            faults.append("deletes: snapshot needs a key")
        faults += http_faults(self)
        if self.kind == "kafka" and not self.topic:
            faults.append("kind kafka needs a topic")
        if self.kind == "kafka" and self.auth and self.auth.type != "basic":
            faults.append("kind kafka signs in with auth: {type: basic, user, secret}, or not at all")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _day_faults(self) -> list[str]:
        if self.day is None:
            return []
        if self.day not in self.columns:
            return [f"day names {self.day}, which is no column"]
        kind = self.columns[self.day].type
        faults = [] if kind in ("timestamp", "date") else [f"day names {self.day}, which is {kind}: it dates rows"]
        return faults + (["day does not go with {day} in the pattern: the file's name dates its rows"] * self.by_day)

    @property
    def forgets_late_rows(self) -> bool:
        """Whether it reads from its cursor on and nobody has said how late a row may be committed."""
        reads_on = self.kind == "sql" or asks_from_a_mark(self)
        return bool(self.cursor) and reads_on and "late_days" not in self.model_fields_set

    @property
    def secrets(self) -> list[str]:
        """The environment variables that hold what an API wants to know."""
        key = [self.tls.password] if self.tls and self.tls.password else []
        return [*(self.auth.variables if self.auth else []), *self.secret_headers.values(), *key]

    @property
    def lands_undeclared(self) -> bool:
        """Whether a column that nobody declared becomes one; of a declared `header` we know what the others are."""
        return self.undeclared == "land" and not self.header

    @property
    def by_day(self) -> bool:
        return self.kind == "files" and "{day}" in (self.pattern or "")


class Defaults(Spec):
    """Where the data lies when the settings say nothing; `{home}` and `{root}` are filled in."""

    path: str = ""
    url: str = ""


class Source(Spec):
    """One file under connectors/sources/."""

    name: str
    description: str
    feedback: bool = False  # it brings back what channels report: `pull --feedback`, hourly
    enrichment: Enrichment | None = None  # it only adds to what people say of themselves, and never outranks it
    defaults: Defaults = Defaults()
    tables: dict[str, Table] = Field(min_length=1)
    extra: dict[Entity, dict[str, ExtraColumn]] = Field({})  # columns of a company's own, that no entity has
    events: dict[str, OwnEvent] = Field({})  # event names of a company's own, that are counted

    @field_validator("extra")
    @classmethod
    def plain_extras(cls, extra: dict[str, dict[str, ExtraColumn]]) -> dict[str, dict[str, ExtraColumn]]:
        columns = {name: column for of_entity in extra.values() for name, column in of_entity.items()}
        names = {*columns, *(one.called(name) for name, column in columns.items() for one in column.aggregate)}
        _check_names(names, "column names")
        return extra

    @field_validator("events")
    @classmethod
    def plain_events(cls, events: dict[str, OwnEvent]) -> dict[str, OwnEvent]:
        _check_names(set(events), "event names")
        return events

    @model_validator(mode="after")
    def extras_exist(self) -> "Source":
        """Each `from` is a raw column whose values the extra column can hold."""
        faults = []
        for entity, columns in self.extra.items():
            for name, column in columns.items():
                raw_types = {t.columns[column.source].type for t in self.tables.values() if column.source in t.columns}
                if column.source and not raw_types:
                    faults.append(f"extra.{entity}.{name}: from: no table declares a column {column.source}")
                elif column.source and not raw_types & HOLDS[column.type]:
                    kinds = ", ".join(sorted(raw_types))
                    faults.append(f"extra.{entity}.{name}: {column.source} is {kinds}, which makes no {column.type}")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @model_validator(mode="after")
    def parents_exist(self) -> "Source":
        if faults := for_each_faults(self.tables) + enrichment_faults(self):
            raise ValueError("; ".join(faults))
        return self

    @field_validator("tables")
    @classmethod
    def plain_names(cls, tables: dict[str, Table]) -> dict[str, Table]:
        wrong = [name for name in tables if not NAME.match(name) or "__" in name]
        if wrong:
            raise ValueError(f"not usable as table names: {', '.join(wrong)} (snake_case, no double underscore)")
        return tables


def _check_names(names: set[str], what: str) -> None:
    wrong = sorted(name for name in names if not NAME.match(name) or "__" in name or name in SQL_WORDS)
    if wrong:
        raise ValueError(
            f"not usable as {what}: {', '.join(wrong)} (snake_case, at most 59 letters, no double underscore, no word "
            "of "
            "SQL)"
        )


def is_of_text(encoding: str) -> bool:
    """Whether it is known and makes text of bytes: `zlib` and `rot13` are codecs, too."""
    try:
        b"x".decode(encoding, "replace")  # of nothing Python makes a text by any name
    except (LookupError, ValueError):
        return False
    return True
