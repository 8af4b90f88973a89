"""Tables and queries of PostgreSQL, MySQL, MariaDB, SQLite; every value comes as text and is typed by us."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from connectors.header import judge
from connectors.kinds.database import Database, database_of
from connectors.kinds.rows import place_rows
from connectors.reading import Batch, Reading, Request
from core.errors import FatalError

DOUBTFUL_SECONDS = 2 * 3600  # of local time around a clock change
NO_CLOCK = ("1970-01-02", "9999-01-01")  # before and from here on an instant is none: 0000-00-00, -infinity, infinity
TEXT = {"postgresql": "text", "mysql": "char", "mariadb": "char", "sqlite": "text"}


def read(request: Request) -> Reading:
    table = request.table
    database = database_of(request)
    relation = f"({table.query}) as q" if table.query else _quoted(str(table.table), database)
    names = database.columns(relation)
    request.refuse_strangers(names)
    warnings: list[str] = []
    judge(request, list(names), warnings)
    due, low = _bounds(request, names, database)
    query = f"select {_texts(names, database)} from {relation}"
    if request.late_keys is not None:
        return Reading(
            _batches(
                database.stream(query + _late_rows(request, names, database, due), request.patience),
                tuple(names),
                request,
            )
        )
    conditions = " and ".join(f"({condition})" for condition in (due, low) if condition)
    where = f" where {conditions}" if conditions else ""
    reading = Reading(
        _batches(database.stream(query + where, request.patience), tuple(names), request), warnings=warnings
    )
    if table.deletes == "snapshot":
        keys = {name: names[name] for name in (_source_of(request, k, names) for k in table.key)}
        mark = f"case when {due or '1 = 1'} then '1' else '0' end as {_quoted(f'c{len(keys)}', database)}"
        listing = database.stream(f"select {_texts(keys, database)}, {mark} from {relation}", request.patience)
        reading.keys = (b.data for b in _batches(listing, (*keys, "due"), request))
    return reading


def _bounds(request: Request, names: dict[str, bool], database: Database) -> tuple[str, str]:
    """What belongs to the day or an earlier one, and what is not older than the high-water mark less the late days.

    A row whose cursor is nothing, or what no clock shows, is in both: it is landed or refused, and never left out in
    silence.
    """
    table = request.table
    if not table.cursor:
        return "", ""
    column = table.columns[table.cursor]
    source = _source_of(request, table.cursor, names)
    name = _quoted(source, database, whole=True)
    if column.type not in ("timestamp", "date"):
        return "", f"{name} > {_number(request.since)} or {name} is null" if request.since else ""
    column_name = name
    if database.system == "sqlite":
        # instants are numbers or texts of any shape there; one that is neither gives NULL and comes along
        name = f"case when typeof({name}) = 'text' then datetime({name}) else datetime({name}, 'unixepoch') end"
    always = f"{name} is null or {name} < '{NO_CLOCK[0]}' or {name} >= '{NO_CLOCK[1]}'"
    if names[source]:  # MySQL's instants, which reach to 2038
        always = f"{column_name} is null or {column_name} < '{NO_CLOCK[0]}'"

    def bound(sign: str, moment: datetime) -> str:
        if names[source]:
            return f"({_mysql_bound(name, sign, moment)}) or {always}"
        return f"{name} {sign} '{_local(moment, column.time_zone).isoformat(' ')}' or {always}"

    low = ""
    if request.since:
        moment = datetime.fromisoformat(request.since) - timedelta(days=table.late_days)
        low = bound(">=", moment.replace(microsecond=0))
    return bound("<", request.settings.end_of_day(request.day)), low


def _late_rows(request: Request, names: dict[str, bool], database: Database, due: str) -> str:
    """Rows that a snapshot showed and no pull ever got: by their keys, or all."""
    columns = [_quoted(_source_of(request, k, names), database, whole=True) for k in request.table.key]
    texts = [f"cast({column} as {TEXT[database.system]})" for column in columns]
    key_condition = " or ".join(
        "("
        + " and ".join(f"{text} = {_literal(value, database)}" for text, value in zip(texts, key, strict=True))
        + ")"
        for key in request.late_keys or ()
    )
    conditions = [f"({condition})" for condition in (due, key_condition) if condition]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _mysql_bound(name: str, sign: str, moment: datetime) -> str:
    """An instant against a UTC one: exactly, and before that widely in the session's zone, as an index can be asked."""
    second = int(moment.replace(tzinfo=UTC).timestamp())
    wide = second + (DOUBTFUL_SECONDS if sign == "<" else -DOUBTFUL_SECONDS)
    return f"{name} {sign} from_unixtime({wide}) and unix_timestamp({name}) {sign} {second}"


def _local(moment: datetime, zone: str | None) -> datetime:
    """A UTC instant as the source writes it."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) if zone else moment


def _number(mark: str | None) -> str:
    try:
        return str(int(str(mark)))
    except ValueError:
        return "'" + str(mark).replace("'", "''") + "'"


def _literal(text: str, database: Database) -> str:
    if database.mysql:  # where a backslash is a sign of its own
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def _source_of(request: Request, column: str, names: dict[str, bool]) -> str:
    source_column = request.table.columns[column].source or column
    if source_column not in names:
        raise FatalError(
            f"{request.source}.{request.name}: the source has no column {source_column} any more, and it is the key or "
            "cursor."
        )
    return source_column


def _texts(names: dict[str, bool], database: Database) -> str:
    """Each column as text."""
    quoted = {name: _quoted(name, database, whole=True) for name in names}
    values = [
        f"date_add('1970-01-01', interval unix_timestamp({quoted[n]}) second)" if instant else quoted[n]
        for n, instant in names.items()
    ]
    cells = [f"cast({value} as {TEXT[database.system]})" for value in values]
    if database.system == "sqlite":
        cells = [_sqlite_text(value, cell) for value, cell in zip(values, cells, strict=True)]
    return ", ".join(f"{cell} as {_quoted(f'c{i}', database)}" for i, cell in enumerate(cells))


def _sqlite_text(value: str, cell: str) -> str:
    """SQLite writes a real with 15 digits; with 17 where those are another number."""
    is_changed = f"typeof({value}) = 'real' and cast({cell} as real) <> {value}"
    return f"case when {is_changed} then printf('%!.17g', {value}) else {cell} end"


def _quoted(name: str, database: Database, whole: bool = False) -> str:
    mark = "`" if database.mysql else '"'
    parts = [name] if whole else name.split(".")
    return ".".join(mark + part.replace(mark, mark * 2) + mark for part in parts)


def _batches(stream: Iterator[pa.RecordBatch], names: tuple[str, ...], request: Request) -> Iterator[Batch]:
    line = 1
    for batch in stream:
        request.patience.alive()
        count = batch.num_rows
        if count:
            lines = np.arange(line, line + count)
            line += count
            columns = [c.cast(pa.string()) for c in batch.columns]
            nothing = pa.nulls(count, pa.string())
            yield Batch(names, place_rows(columns, lines, "", request.day, nothing, nothing))
