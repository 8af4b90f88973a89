"""Tables and queries of PostgreSQL, MySQL, MariaDB, SQLite; every value comes as text and is typed by us."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from connectors.header import judge
from connectors.kinds.bounds import Bounds, bounds_of
from connectors.kinds.database import Database, Order, database_of
from connectors.kinds.rows import place_rows
from connectors.reading import Batch, Reading, Request
from core.errors import FatalError

TEXT = {"postgresql": "text", "mysql": "char", "mariadb": "char", "sqlite": "text"}


def read(request: Request) -> Reading:
    table = request.table
    database = database_of(request)
    relation = f"({table.query}) as q" if table.query else _quoted(str(table.table), database)
    columns = database.columns(relation)
    request.refuse_strangers(columns)
    warnings: list[str] = []
    judge(request, list(columns), warnings)
    bounds = _bounds(request, columns, database)
    query = f"select {_texts(request, columns, database)} from {relation}"
    if request.late_keys is not None:
        return Reading(
            _batches(
                database.stream(query + _late_rows(request, columns, database, bounds.due), request.patience),
                tuple(columns),
                request,
            )
        )
    conditions = " and ".join(f"({condition})" for condition in (bounds.due, bounds.low) if condition)
    where = f" where {conditions}" if conditions else ""
    if bounds.is_whole:
        warnings.append(
            f"{table.cursor} is the cursor, and the source does not sort it as what it says: the table is read whole "
            "each time. Cast it in a view or a `query`."
        )
    reading = Reading(
        _batches(database.stream(query + where, request.patience), tuple(columns), request), warnings=warnings
    )
    if table.deletes == "snapshot":
        keys = {name: columns[name] for name in (_source_of(request, k, columns) for k in table.key)}
        # of a table that is read whole no row is late: each was read now, or is ahead of its day
        due = "1 = 0" if bounds.is_whole else bounds.due or "1 = 1"
        mark = f"case when {due} then '1' else '0' end as {_quoted(f'c{len(keys)}', database)}"
        key_query = f"select {_texts(request, keys, database)}, {mark} from {relation}"
        listing = database.stream(key_query, request.patience)
        reading.keys = (b.data for b in _batches(listing, (*keys, "due"), request))
    return reading


def _bounds(request: Request, columns: dict[str, Order], database: Database) -> Bounds:
    if not request.table.cursor:
        return Bounds()
    source = _source_of(request, request.table.cursor, columns)
    return bounds_of(request, _quoted(source, database, whole=True), columns[source])


def _late_rows(request: Request, names: dict[str, Order], database: Database, due: str) -> str:
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


def _literal(text: str, database: Database) -> str:
    if database.mysql:  # where a backslash is a sign of its own
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def _source_of(request: Request, column: str, columns: dict[str, Order]) -> str:
    source_column = request.table.columns[column].source or column
    if source_column not in columns:
        raise FatalError(
            f"{request.source}.{request.name}: the source has no column {source_column} any more, and it is the key or "
            "cursor."
        )
    return source_column


def _texts(request: Request, columns: dict[str, Order], database: Database) -> str:
    """Each column as text."""
    quoted = {name: _quoted(name, database, whole=True) for name in columns}
    mysql_instants = {name for name, order in columns.items() if order is Order.MYSQL_INSTANT}
    values = [
        f"date_add('1970-01-01', interval unix_timestamp({quoted[n]}) second)" if n in mysql_instants else quoted[n]
        for n in columns
    ]
    cells = [f"cast({value} as {TEXT[database.system]})" for value in values]
    cells = [_mysql_text(quoted[n], cell, order) for (n, order), cell in zip(columns.items(), cells, strict=True)]
    if database.system == "sqlite":
        cells = [_sqlite_text(value, cell) for value, cell in zip(values, cells, strict=True)]
    # an instant is none of the local times for which a time_zone is declared
    local = {c.source or name for name, c in request.table.columns.items() if c.time_zone} & mysql_instants
    cells = [f"concat({cell}, 'Z')" if n in local else cell for n, cell in zip(columns, cells, strict=True)]
    return ", ".join(f"{cell} as {_quoted(f'c{i}', database)}" for i, cell in enumerate(cells))


def _mysql_text(value: str, cell: str, order: Order) -> str:
    """Bits as their number; of bytes those that are text stay so, others written as PostgreSQL does: \\x00ff.

    One value with a NUL, or that is no UTF-8, would make its whole row one that is refused.
    """
    if order is Order.MYSQL_BITS:
        return f"cast({value} + 0 as char)"
    if order is not Order.MYSQL_TEXT:
        return cell
    letters = f"convert({value} using utf8mb4)"
    is_text = f"locate(char(0), {value}) = 0 and convert({letters} using binary) = {value}"
    hexed = f"if({is_text}, {letters}, concat('\\\\x', lower(hex({value}))))"
    return f"if(collation({value}) = 'binary', {hexed}, {cell})"


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
