"""From a kind's batches into the incoming table: typed on the way, every row counted, undeclared columns noticed.

One thread cuts the file, one types its rows, the engine takes them in: each a few batches ahead of the next.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Any, TypeVar

import pyarrow as pa

from connectors import header
from connectors.ahead import Shared, ahead
from connectors.column import Column
from connectors.landing.tables import SAME_TYPE, Landing, add_column
from connectors.reading import NO_CLOCK, Batch, Reading, Request
from connectors.source import Table
from connectors.values.projection import Shape, numbered, project
from core.warehouse import Warehouse

T = TypeVar("T")
SLICE_BYTES = 32 << 20
JSON_TYPISTS = 2  # taking JSON apart is most of its pull; of cells, cutting, typing and taking in are about equal
DUE = "_due"  # beside a snapshot's keys: whether the row belongs to the day or an earlier one


def load(request: Request, landing: Landing, reading: Reading, result: dict[str, Any]) -> tuple[int, list[str]]:
    """Stream everything into the incoming table; the rows read and the undeclared columns among them."""
    stream_errors, row_count, missing_columns, as_json = _StreamErrors(), 0, set(), False
    existing = landing.db.columns(f"raw.{landing.raw}")
    extras: dict[str, str] = {}
    empty = Shape(request.table, {}).schema().empty_table()
    landing.db.load(f"{landing.scratch}.{landing.incoming}", empty, mode="create")

    def count(batches: Iterator[Batch]) -> Iterator[Batch]:
        nonlocal row_count
        for batch in batches:
            for data in _slices(batch.data):
                row_count += data.num_rows
                yield replace(batch, data=data)

    declared = {c.source or n for n, c in request.table.columns.items()}
    with ahead(reading.batches) as batches:
        for (names, form, _), group in groupby(stream_errors(batches), lambda b: (b.header, b.form, b.data.schema)):
            as_json = form == "json"
            if not as_json:
                missing_columns |= declared - set(names)
            request.refuse_strangers({*extras.values(), *names})
            strangers = [n for n in names if as_json or n not in declared] if request.table.lands_undeclared else []
            raw_names = header.raw_names(request.table, strangers)
            _add_columns(landing, extras, raw_names)
            typing = _Typing(request, Shape(request.table, raw_names), row_count, JSON_TYPISTS if as_json else 1)
            typing.load(landing, count(group), stream_errors)
    landable = _report_columns(request.table, extras, missing_columns, existing, result)
    if as_json:
        header.judge_keys(request, landing, [extras[n] for n in result["columns_added"]], reading.warnings)
    return row_count, landable


@dataclass(frozen=True)
class _Typing:
    """Batches of one header on their way into the incoming table, numbered from `first_number`."""

    request: Request
    shape: Shape
    first_number: int
    typists: int  # threads

    def load(self, landing: Landing, batches: Iterator[Batch], stream_errors: "_StreamErrors") -> None:
        shared, country = Shared(batches), self.request.settings.project.default_country
        typists = [project(shared, self.request.source, self.shape, country) for _ in range(self.typists)]
        with ahead(*typists) as typed_batches:
            numbered_batches = numbered(typed_batches, self.first_number)
            stream_errors.load(landing.db, f"{landing.scratch}.{landing.incoming}", self.shape, numbered_batches)


def _add_columns(landing: Landing, extras: dict[str, str], raw_names: dict[str, str]) -> None:
    """Undeclared columns that no batch had before join the incoming table, and `extras`."""
    for name in [n for n in raw_names if n not in extras]:
        add_column(landing.db, landing.incoming, name, schema=landing.scratch)
    extras |= raw_names


def drop_rows_ahead(request: Request, landing: Landing) -> int:
    """Rows of a database whose cursor lies behind the day, by its declared type: they land on their own; how many.

    The source's own bound is wider, or there is none, where it sorts the column in another way.
    """
    cursor = request.table.cursor
    if request.table.kind != "sql" or not cursor or request.table.columns[cursor].type not in ("timestamp", "date"):
        return 0
    known = f' and _row_key not in (select _row_key from raw."{landing.raw}")' if request.is_anew else ""
    return landing.db.execute(
        f"delete from {landing.arrived}"
        f" where \"{cursor}\" >= timestamp '{request.end}' and \"{cursor}\" < timestamp '{NO_CLOCK[1]}'{known}"
    )


def _slices(data: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Wide rows in fewer at a time: the step that types them has little memory."""
    rows = max(1, int(data.num_rows * SLICE_BYTES / max(data.nbytes, SLICE_BYTES)))
    yield from (data.slice(start, rows) for start in range(0, data.num_rows, rows))


def _report_columns(
    table: Table, extras: dict[str, str], missing_columns: set[str], existing: dict[str, str], result: dict[str, Any]
) -> list[str]:
    """Say which columns are new and which have vanished; the undeclared ones that can land."""
    unfit = [n for n in extras if n in existing and existing[n] not in SAME_TYPE[pa.string()]]
    new_columns = [n for n in extras if n not in existing]
    result["columns_added"] = new_columns
    result["columns_missing"] = sorted(missing_columns)
    if unfit:
        result["columns_left_out"] = unfit
    return [n for n in extras if n not in unfit]


def load_keys(request: Request, landing: Landing, reading: Reading, result: dict[str, Any]) -> bool:
    """The key snapshot into a table of its own; False where none is wanted, or where it is empty."""
    if reading.keys is None:
        return False
    columns = {k: request.table.columns[k] for k in request.table.key} | {DUE: Column(type="boolean")}
    table = request.table.model_copy(update={"columns": columns})
    shape, stream_errors, name = Shape(table, {}), _StreamErrors(), landing.part("keys").replace('"', "")
    header = tuple(column.source or name for name, column in columns.items())
    landing.db.load(name, shape.schema().empty_table(), mode="create")
    batches = (Batch(header, b) for b in stream_errors(reading.keys))
    first = next(batches, None)
    if first is None:
        reading.warnings.append("the source lists no keys at all: no row was marked as deleted")
        return False
    typed_batches = project(chain([first], batches), request.source, shape, request.settings.project.default_country)
    stream_errors.load(landing.db, name, shape, numbered(typed_batches, 0))
    return True


@contextmanager
def unpacked(landing: Landing) -> Iterator[None]:
    """What stays in the file for a minute is not worth compressing: that took most of the time of loading."""
    db = landing.db
    if db.engine_name != "duckdb" or landing.scratch == "temp":
        yield
        return
    db.execute("set force_compression = 'uncompressed'")
    try:
        yield
    finally:
        db.execute("set force_compression = 'auto'")


class _StreamErrors:
    """Errors from inside an Arrow stream lose their type on the way through an engine; this brings them back."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __call__(self, items: Iterator[T]) -> Iterator[T]:
        try:
            yield from items
        except BaseException as error:
            self.error = self.error or error
            raise

    def load(self, db: Warehouse, table: str, shape: Shape, typed_batches: Iterator[pa.RecordBatch]) -> None:
        try:
            db.load(table, pa.RecordBatchReader.from_batches(shape.schema(), self(typed_batches)))
        except Exception:
            if self.error is not None:
                raise self.error from None
            raise
