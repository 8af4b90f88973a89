"""The contract at the door: a Great Expectations suite for each table, checked in the warehouse on what has just arrived.

Row by row faults come back as SQL that names the rows, so no row passes through Python. Great Expectations takes ten seconds to
import: it is loaded when the first table has rows to check, once a process, and never talks to the network.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any

from connectors.source import Column, Table
from core.errors import ConfigError, FatalError
from core.settings import Settings
from core.warehouse import Warehouse

_numbers = count(1)  # Great Expectations wants every data source to have a name of its own


@dataclass(frozen=True)
class Check:
    """One expectation with the words a person needs when it fails."""

    type: str
    kwargs: dict[str, Any]
    reason: str
    column: str | None = None


@dataclass(frozen=True)
class Fault:
    """A failed row by row check: `sql` selects `_n` of the rows."""

    column: str | None
    reason: str
    sql: str


def suite_of(table: Table) -> list[Check]:
    """What a table's file promises of each row, as Great Expectations. Order matters: a row's first fault is its reason."""
    checks = [Check("expect_column_values_to_be_null", {"column": "_bad_reason"}, "", "_bad_column")]
    for name, column in table.columns.items():
        checks += _column_checks(name, column, required=column.required or name in table.key)
    for extra in table.expectations:
        shown = ", ".join(f"{k}={v!r}" for k, v in extra.kwargs.items() if k != "column")
        checks.append(Check(extra.type, extra.kwargs, f"{extra.type}({shown})", extra.kwargs.get("column")))
    return checks


def _column_checks(name: str, column: Column, required: bool) -> Iterator[Check]:
    if required:
        yield Check("expect_column_values_to_not_be_null", {"column": name}, "required, but empty", name)
    if column.min is not None or column.max is not None:
        low, high = _instant(column.min, column), _instant(column.max, column)
        span = f"not between {low if low is not None else '…'} and {high if high is not None else '…'}"
        yield Check(
            "expect_column_values_to_be_between", {"column": name, "min_value": low, "max_value": high}, span, name
        )
    if column.values is not None:
        known = ", ".join(map(str, column.values))
        values = list(map(str, column.values)) if column.type == "text" else column.values
        yield Check(
            "expect_column_values_to_be_in_set", {"column": name, "value_set": values}, f"not one of {known}", name
        )


def _instant(limit: Any, column: Column) -> Any:
    if column.type == "timestamp" and isinstance(limit, date) and not isinstance(limit, datetime):
        return datetime(limit.year, limit.month, limit.day)
    return limit


def row_faults(db: Warehouse, incoming: str, checks: list[Check]) -> list[Fault]:
    """Check `raw.<incoming>`; the row by row faults, in the suite's order.

    Raises FatalError when an expectation about the table as a whole fails, ConfigError when one cannot be run at all.
    """
    gx = _great_expectations()
    with _asset(db, incoming, None) as batch:
        suite = gx.ExpectationSuite(f"suite_{next(_numbers)}", expectations=[_expectation(c) for c in checks])
        results = batch.validate(suite, result_format={"result_format": "BOOLEAN_ONLY"}).results
        failed = {_identity(r.expectation_config.type, r.expectation_config.kwargs) for r in results if not r.success}
        broken = [r for r in results if _exception(r)]
        if broken:
            raise ConfigError(
                f"{incoming}: expectation {broken[0].expectation_config.type} cannot be run: {_exception(broken[0])}"
            )
        faults = []
        for check in checks:
            kwargs = _expectation(check).configuration.kwargs
            if _identity(check.type, kwargs) not in failed:
                continue
            sql = _failing_rows(batch, check, kwargs)
            if sql is None:
                raise FatalError(
                    f"{incoming}: {check.reason} does not hold for the table as a whole. Look at the source, then pull again."
                )
            faults.append(Fault(check.column, check.reason, sql))
        return faults


def _identity(kind: str, kwargs: dict[str, Any]) -> str:
    return kind + repr(sorted((k, repr(v)) for k, v in kwargs.items() if k != "batch_id"))


def _exception(result: Any) -> str:
    """What went wrong inside Great Expectations, in one line; empty when nothing did."""
    info = result.exception_info or {}
    nested = info.values() if "raised_exception" not in info else [info]
    messages = [str(i.get("exception_message")) for i in nested if isinstance(i, dict) and i.get("raised_exception")]
    return messages[0].splitlines()[0][:300] if messages else ""


def _expectation(check: Check) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    try:
        return ExpectationConfiguration(type=check.type, kwargs=check.kwargs).to_domain_obj()
    except Exception as error:
        raise ConfigError(
            f"expectation {check.type}: {str(error).splitlines()[0]}. See Great Expectations' gallery for its name."
        ) from None


def _failing_rows(batch: Any, check: Check, kwargs: dict[str, Any]) -> str | None:
    """The SQL that selects the rows behind a failed expectation; None where it is not about rows."""
    from great_expectations.expectations.registry import get_expectation_impl
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    metric = getattr(get_expectation_impl(check.type), "map_metric", None)
    if metric is None:
        return None
    domain_keys = {
        "column",
        "column_A",
        "column_B",
        "column_list",
        "row_condition",
        "condition_parser",
        "ignore_row_if",
    }
    domain = {k: v for k, v in kwargs.items() if k in domain_keys}
    values = {k: v for k, v in kwargs.items() if k not in domain_keys and k not in ("mostly", "batch_id")}
    values["result_format"] = {"result_format": "COMPLETE", "unexpected_index_column_names": ["_n"]}
    wanted = MetricConfiguration(f"{metric}.unexpected_index_query", {"batch_id": batch.id, **domain}, values)
    found, _ = MetricsCalculator(batch.data.execution_engine).compute_metrics([wanted])
    return str(found[wanted.id]).rstrip().rstrip(";")


def warnings_of(db: Warehouse, settings: Settings, raw: str, table: Table, day: date) -> list[str]:
    """Freshness and volume of the landed table, as of `day`. They warn: a late or thin day is a day all the same."""
    out = []
    timed = next(
        (n for n in [table.cursor, *table.columns] if n and table.columns[n].type in ("timestamp", "date")), None
    )
    if table.freshness_days is not None and timed:
        oldest = settings.end_of_day(day - timedelta(days=table.freshness_days + 1))
        query = f'select max("{timed}") as newest from raw."{raw}" where _day <= date \'{day}\''
        check = Check(
            "expect_column_values_to_be_between", {"column": "newest", "min_value": oldest, "max_value": None}, ""
        )
        if not _holds(db, query, check):
            out.append(f"stale: the newest {timed} is older than {table.freshness_days} day(s) before {day}")
    if table.volume is not None:
        before = ", ".join(f"date '{day - timedelta(weeks=w)}'" for w in range(1, table.volume.weeks + 1))
        past = db.query(f'select count(*) as n from raw."{raw}" where _day in ({before}) group by _day')[
            "n"
        ].to_pylist()
        if len(past) >= 2:  # one earlier day says nothing about what is usual
            usual = sum(past) / len(past)
            low, high = usual * table.volume.min_share, usual * table.volume.max_share
            query = f"select count(*) as n from raw.\"{raw}\" where _day = date '{day}'"
            if not _holds(
                db,
                query,
                Check("expect_column_values_to_be_between", {"column": "n", "min_value": low, "max_value": high}, ""),
            ):
                now = db.query(query)["n"][0].as_py()
                out.append(f"volume: {now} rows on {day}, where {low:.0f} to {high:.0f} are usual for this weekday")
    return out


def _holds(db: Warehouse, query: str, check: Check) -> bool:
    _great_expectations()
    with _asset(db, None, query) as batch:
        return bool(batch.validate(_expectation(check), result_format={"result_format": "BOOLEAN_ONLY"}).success)


@contextmanager
def _asset(db: Warehouse, table: str | None, query: str | None) -> Iterator[Any]:
    """A Great Expectations batch over a table of `raw`, or over a query."""
    context, name = _context(), f"warehouse_{next(_numbers)}"
    url, kwargs = _connection(db)
    source = context.data_sources.add_sql(name, connection_string=url, create_temp_table=False, kwargs=kwargs)
    try:
        asset = (
            source.add_table_asset("t", table_name=table, schema_name="raw")
            if table
            else source.add_query_asset("q", query=query)
        )
        yield asset.add_batch_definition_whole_table("all").get_batch()
    finally:
        if source.get_engine():
            source.get_engine().dispose()
        context.data_sources.delete(name)


def _connection(db: Warehouse) -> tuple[str, dict[str, Any]]:
    """A SQLAlchemy address of the warehouse. DuckDB lets no second connection in, so there it is the one that is open."""
    if db.engine_name != "duckdb":
        return db.sqlalchemy().url.render_as_string(hide_password=False), {}
    from duckdb_engine import ConnectionWrapper, CursorWrapper

    connection = db.engine.connection  # type: ignore[attr-defined]

    class Wrapper(ConnectionWrapper):
        """Gives each statement a cursor of its own: a commit would otherwise discard the rows not yet fetched."""

        def cursor(self) -> Any:
            own = connection.cursor()
            own.execute("set schema = 'raw'")  # duckdb-engine's reflection does not look into schemas
            return CursorWrapper(own, self)

    return "duckdb:///:memory:", {"creator": lambda: Wrapper(connection.cursor())}


@lru_cache(maxsize=1)
def _great_expectations() -> Any:
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    import great_expectations as gx

    return gx


@lru_cache(maxsize=1)
def _context() -> Any:
    context = _great_expectations().get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context
