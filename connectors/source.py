"""What a source file may say, and where its data lies in this installation. The protocol every kind of source follows."""

import ast
import importlib.util
import re
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import pyarrow as pa
from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from connectors.patience import Patience
from core.errors import ConfigError, FatalError
from core.identifiers import mask
from core.settings import Settings
from core.specs import Spec, load_spec, load_specs
from core.unexpected import words

ColumnType = Literal["text", "integer", "number", "boolean", "timestamp", "date", "json"]
KINDS = ("files", "sql", "http")
OWN_KEYS = {  # keys that belong to one kind only: a key of another kind would do nothing, in silence
    "files": {"pattern", "format", "encoding", "delimiter", "quote", "missing", "decimal"},
    "sql": {"table", "query", "deletes"},
    "http": {"path", "records", "paginate", "auth", "cursor_param", "params", "headers"},
}
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
MOST_NEW_COLUMNS = 100  # in one pull; a header with more is data, and would become columns without end
NAME = re.compile(r"^[a-z][a-z0-9_]{0,58}$")
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
    identifier: Literal["email", "phone"] | None = None
    time_zone: str | None = None  # local time without an offset is read in this zone
    format: str | None = None  # of a date or timestamp that is not ISO: a strptime pattern, or one of FORMATS

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
        if self.time_zone and self.type != "timestamp":
            raise ValueError("time_zone belongs to a timestamp")
        if self.format is not None and (fault := _format_fault(self.format, self.type)):
            raise ValueError(f"format {self.format!r} {fault}")
        return self


def _format_fault(pattern: str, kind: str) -> str:
    """What keeps a `format` from saying which day or instant a text is; empty where nothing does."""
    if kind not in ("date", "timestamp"):
        return "belongs to a date or a timestamp"
    if pattern in FORMATS:
        return "" if kind == "timestamp" else "belongs to a timestamp"
    if "%" not in pattern:
        return f"is none of {', '.join(FORMATS)}, and no strptime pattern"
    if "%" in KNOWN_DIRECTIVES.sub("", pattern):
        return "holds a directive that is not read here; %z stands at the end, %Z is not read"
    read = {directive.lstrip("-") for directive in re.findall("%(-?.)", pattern)}
    if not read & {"y", "Y", "G"}:
        return "has no year"
    if ("I" in read) != ("p" in read):
        return "has an hour of twelve (%I) without %p, or %p without %I: 03:00 would be either; %H is the hour of 24"
    return "has an offset, which belongs to a timestamp" if kind == "date" and pattern.endswith("%z") else ""


def _short_column(given: Any) -> Any:
    return {"type": given} if isinstance(given, str) else given


class Volume(Spec):
    """How many rows a day may bring, as a share of the same weekday's mean over the last weeks. Outside: a warning."""

    min_share: float = Field(0.2, ge=0)
    max_share: float = Field(5, gt=0)
    weeks: int = Field(4, ge=1, le=52)


class Expectation(Spec):
    """Any further Great Expectations expectation, by its snake_case name."""

    type: str
    kwargs: dict[str, Any] = Field({})


class Auth(Spec):
    """How an API knows us. `secret` names the environment variable; the secret itself is never in a file."""

    type: Literal["bearer", "api_key", "basic"]
    secret: str
    user: str = ""  # basic: the user name
    name: str = "Authorization"  # api_key: header or query parameter
    location: Literal["header", "query"] = "header"


class Paginate(Spec):
    """How an API goes on to its next page."""

    type: Literal["single", "page", "offset", "cursor", "link_header", "next_url"] = "single"
    param: str = ""  # page, offset or cursor parameter; the usual name when left out
    size_param: str = "limit"  # offset: the page size's parameter
    size: int = Field(100, ge=1)
    first_page: int = Field(1, ge=0)
    next: str = "next"  # cursor, next_url: JSON path of the next cursor or address
    total: str | None = None  # page, offset: JSON path of the total, where the API gives one
    most_pages: int = Field(10_000, ge=1)  # of one pull; more is an API that never ends, or a number to raise


class Table(Spec):
    """One table of a source: how to read it, and its contract."""

    kind: Literal["files", "sql", "http"]
    columns: dict[str, Annotated[Column, BeforeValidator(_short_column)]] = Field(min_length=1)
    key: list[str] = Field([])
    cursor: str | None = None
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
    missing: Literal["ok", "error"] = "error"
    # sql
    table: str | None = None
    query: str | None = None
    deletes: Literal["none", "snapshot"] = "none"
    # http
    path: str | None = None
    records: str = "$"
    paginate: Paginate = Paginate()
    auth: Auth | None = None
    cursor_param: str | None = None
    params: dict[str, str | int | float | bool] = Field({})
    headers: dict[str, str] = Field({})

    @field_validator("columns")
    @classmethod
    def plain_names(cls, columns: dict[str, Column]) -> dict[str, Column]:
        wrong = [name for name in columns if not NAME.match(name) or name.endswith("__normalised") or name in SQL_WORDS]
        if wrong:
            raise ValueError(
                f"not usable as column names: {', '.join(wrong)} (snake_case, at most 59 letters, no __normalised, no word of SQL; "
                "give another name with `from`)"
            )
        return columns

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, name: str | None) -> str | None:
        if name and not is_of_text(name):
            raise ValueError(f"no encoding {name!r}")
        return name

    @model_validator(mode="after")
    def whole(self) -> "Table":
        foreign = {k for kind, keys in OWN_KEYS.items() if kind != self.kind for k in keys & self.model_fields_set}
        faults = [f"{key} does not belong to kind {self.kind}" for key in sorted(foreign)]
        faults += [f"key names {name}, which is no column" for name in self.key if name not in self.columns]
        if self.cursor and self.cursor not in self.columns:
            faults.append(f"cursor names {self.cursor}, which is no column")
        if self.kind == "files" and not self.pattern:
            faults.append("kind files needs a pattern")
        if self.kind == "sql" and bool(self.table) == bool(self.query):
            faults.append("kind sql needs either table or query")
        if self.deletes == "snapshot" and not self.key:
            faults.append("deletes: snapshot needs a key")
        if self.kind == "http" and self.path is None:
            faults.append("kind http needs a path")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def forgets_late_rows(self) -> bool:
        """Whether it reads from its cursor on and nobody has said how late a row may be committed."""
        reads_on = self.kind == "sql" or bool(self.cursor_param)
        return bool(self.cursor) and reads_on and "late_days" not in self.model_fields_set

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
    defaults: Defaults = Defaults()
    tables: dict[str, Table] = Field(min_length=1)

    @field_validator("tables")
    @classmethod
    def plain_names(cls, tables: dict[str, Table]) -> dict[str, Table]:
        wrong = [name for name in tables if not NAME.match(name) or "__" in name]
        if wrong:
            raise ValueError(f"not usable as table names: {', '.join(wrong)} (snake_case, no double underscore)")
        return tables


@dataclass(frozen=True)
class Place:
    """Where one source's data lies here, and whether it is on."""

    path: str
    url: str = field(repr=False)
    on: bool
    chosen: bool  # the settings name it, so its absence is a fault and not "switched off"


@dataclass(frozen=True)
class Request:
    """What a kind needs to know to read one table."""

    settings: Settings
    source: str
    name: str
    table: Table
    place: Place
    first_day: date
    day: date
    since: str | None = None  # the high-water mark of the last pull before first_day
    seen: dict[str, str] = field(default_factory=dict)  # file -> fingerprint of its last pull
    dated: dict[str, date] = field(default_factory=dict)  # file -> the newest day for which it was pulled
    known: frozenset[str] = frozenset()  # the columns that raw has
    again: tuple[tuple[str, ...], ...] | None = None  # sql: the rows of these keys, as texts; empty: all rows
    patience: Patience = field(default_factory=Patience)
    holds_a_no: bool = False  # it feeds consents or messages: whom it does not name would be reached
    looking: bool = False  # at what nobody has declared yet

    @property
    def where(self) -> str:
        return f"{self.source}.{self.name}"

    @property
    def waits(self) -> bool:
        """Whether reading it may wait for others: for a network, or for a database's lock."""
        return self.table.kind != "files" or "://" in self.place.path.removeprefix("file://")

    def refuse_strangers(self, names: Iterable[str]) -> None:
        """Look at a header before the rows are. Raises FatalError where most of it is data: each would become a column."""
        declared = {c.source or n for n, c in self.table.columns.items()}
        strangers = [n for n in names if n not in declared]
        if len(strangers) > MOST_NEW_COLUMNS + len(self.known):
            raise FatalError(
                f"{len(strangers)} undeclared columns, such as {short(strangers[0])}: is the first line a header, are keys data? "
                f"At most {MOST_NEW_COLUMNS} may be new. Nothing was kept."
            )


@dataclass
class Reading:
    """One table being read. The lists fill while `batches` is drawn; look at them afterwards.

    Every batch has the source's columns as c0, c1, … and `_file, _line, _day, _error, _raw`. `_error` says why a line could not
    be taken apart; its columns are then NULL and `_raw` holds its text. `form` json: c0 is one JSON object a row, and the
    header names the top-level keys that occur.
    """

    batches: Iterator["Batch"]
    files: dict[str, tuple[str | None, date]] = field(default_factory=dict)  # file -> (fingerprint, day)
    detected: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    keys: Iterator[pa.RecordBatch] | None = None  # deletes: snapshot; key columns as text
    at: str = ""  # the file, or the page, that is being read: for errors


@dataclass(frozen=True)
class Batch:
    header: tuple[str, ...]
    data: pa.RecordBatch
    form: Literal["columns", "json"] = "columns"


class Kind(Protocol):
    """A module in connectors/kinds/. It reads; it never writes, judges or retries a table."""

    def read(self, request: Request) -> Reading: ...


def is_of_text(encoding: str) -> bool:
    """Whether it is known and makes text of bytes: `zlib` and `rot13` are codecs, too."""
    try:
        b"x".decode(encoding, "replace")  # of nothing Python makes a text by any name
    except (LookupError, ValueError):
        return False
    return True


def short(name: str) -> str:
    """A header's word, as a message may hold it: what stands in a header may be anything, somebody's name too."""
    return mask(name) or "''"


def find_sources(settings: Settings) -> dict[str, Source]:
    """Every source file of the project by its stem. Raises ConfigError with the mistakes of all files."""
    folder = settings.root / "connectors" / "sources"
    paths = [p for p in folder.glob("*") if p.suffix in (".yml", ".py") and not p.stem.startswith("_")]
    twice = {p.stem for p in paths if sum(q.stem == p.stem for q in paths) > 1}
    if twice:
        raise ConfigError(
            *(f"connectors/sources: {stem} stands as .yml and as .py; keep one." for stem in sorted(twice))
        )
    return load_specs(paths, lambda path: _load(path, settings.root))


def _load(path: Path, root: Path) -> Source:
    if not NAME.match(path.stem) or "__" in path.stem:
        raise ConfigError(f"{path.relative_to(root)}: a source's file name is snake_case without a double underscore.")
    if path.suffix == ".yml":
        return load_spec(path, Source, root, name=path.stem)
    module_spec = importlib.util.spec_from_file_location(f"fairlead_source_{path.stem}", path)
    if module_spec is None or module_spec.loader is None:
        raise ConfigError(f"{path.relative_to(root)}: not importable.")
    module = importlib.util.module_from_spec(module_spec)
    try:
        module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{path.relative_to(root)}:{_line_of(error, path)}: {words(error)}") from error
    found = getattr(module, "SOURCE", None)
    if isinstance(found, dict):
        try:
            found = Source.model_validate({**found, "name": path.stem})
        except ValidationError as error:
            line = _line_of_source(path)
            raise ConfigError(
                *(
                    f"{path.relative_to(root)}:{line}: SOURCE: {'.'.join(map(str, e['loc']))}: {e['msg']}"
                    for e in error.errors()
                )
            ) from None
    if not isinstance(found, Source):
        raise ConfigError(f"{path.relative_to(root)}: expose SOURCE, a connectors.source.Source.")
    return found


def _line_of(error: BaseException, path: Path) -> int:
    """The last line of the file itself that was run, or the one that is no Python."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    steps = traceback.extract_tb(error.__traceback__)
    return next((step.lineno or 1 for step in reversed(steps) if step.filename == str(path)), 1)


def _line_of_source(path: Path) -> int:
    """The line where SOURCE is given its value."""
    for statement in ast.parse(path.read_bytes()).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
        if any(isinstance(target, ast.Name) and target.id == "SOURCE" for target in targets):
            return statement.lineno
    return 1


def place_of(settings: Settings, source: Source) -> Place:
    """Fill the settings into the source's defaults and say whether it is on."""
    ours = settings.sources.get(source.name)
    path = _filled((ours.path if ours else "") or source.defaults.path, settings)
    url = _filled((ours.url if ours else "") or source.defaults.url, settings)
    chosen = bool(ours and (ours.path or ours.url or ours.enabled))
    explicit = ours.enabled if ours else None
    there = bool(path or url) if chosen else _leads_somewhere(path) or _leads_somewhere(url)
    return Place(path, url, on=there if explicit is None else explicit, chosen=chosen)


def _filled(text: str, settings: Settings) -> str:
    return text.replace("{home}", str(settings.home)).replace("{root}", str(settings.root))


def _leads_somewhere(place: str) -> bool:
    local = place.removeprefix("sqlite:///").removeprefix("file://")
    return bool(place) and ("://" in local or Path(local).exists())
