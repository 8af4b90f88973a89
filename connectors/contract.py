"""The contract at the door: a Great Expectations suite for each table, checked in the warehouse on new arrivals.

Row by row faults come back as SQL that names the rows, so no row passes through Python. Great Expectations takes ten
seconds to import: it is loaded when the first table has rows to check, once a process, and never talks to the network.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from connectors.column import Column
from connectors.source import Table
from core.errors import ConfigError, FatalError
from core.settings import Settings
from core.warehouse import Warehouse

BATCH = "incoming"  # Great Expectations' name for what is being checked
DOMAIN_KEYS = {"column", "column_A", "column_B", "column_list", "row_condition", "condition_parser", "ignore_row_if"}


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
    """What a table's file promises of each row, as Great Expectations.

    Order matters: a row's first fault is its reason.
    """
    checks = [Check("expect_column_values_to_be_null", {"column": "_bad_reason"}, "", "_bad_column")]
    for name, column in table.columns.items():
        checks += _column_checks(name, column, required=column.required or name in table.key)
    for extra in table.expectations:
        arguments = ", ".join(f"{k}={v!r}" for k, v in extra.kwargs.items() if k != "column")
        checks.append(Check(extra.type, extra.kwargs, f"{extra.type}({arguments})", extra.kwargs.get("column")))
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
        value_list = ", ".join(map(str, column.values))
        values = list(map(str, column.values)) if column.type == "text" else column.values
        yield Check(
            "expect_column_values_to_be_in_set", {"column": name, "value_set": values}, f"not one of {value_list}", name
        )


def _instant(limit: Any, column: Column) -> Any:
    if column.type == "timestamp" and isinstance(limit, date) and not isinstance(limit, datetime):
        return datetime(limit.year, limit.month, limit.day)
    return limit


def row_faults(db: Warehouse, incoming: str, checks: list[Check]) -> list[Fault]:
    """Check `raw.<incoming>`; the row by row faults, in the suite's order.

    Raises FatalError when an expectation about the table as a whole fails, ConfigError when one cannot be run at all.
    """
    with _engine(db, incoming, None) as engine:
        results = _validated(engine, checks)
        faults = []
        for check, result in zip(checks, results, strict=True):
            if result.success:
                continue
            if trouble := _exception(result):
                raise ConfigError(f"{incoming}: expectation {check.type} cannot be run: {trouble}")
            sql = _failing_rows(engine, incoming, check)
            if sql is None:
                raise FatalError(
                    f"{incoming}: {check.reason} does not hold for the whole table. Look at the source, then pull "
                    "again."
                )
            faults.append(Fault(check.column, check.reason, sql))
        return faults


def _validated(engine: Any, checks: list[Check]) -> list[Any]:
    """One result for each check, in the same order: Great Expectations returns them in an order of its own."""
    from great_expectations.validator.metrics_calculator import MetricsCalculator
    from great_expectations.validator.validator import Validator

    validator = Validator(execution_engine=engine, interactive_evaluation=False)
    validator._metrics_calculator = MetricsCalculator(engine, show_progress_bars=False)
    configurations = [_configuration(check) for check in checks]
    for number, configuration in enumerate(configurations):
        configuration.meta = {"number": number}
    results: list[Any] = validator.graph_validate(
        configurations, runtime_configuration={"result_format": {"result_format": "BOOLEAN_ONLY"}}
    )
    by_number = {result.expectation_config.meta["number"]: result for result in results}
    return [by_number[number] for number in range(len(checks))]


def _exception(result: Any) -> str:
    """What went wrong inside Great Expectations, in one line; empty when nothing did."""
    info = result.exception_info or {}
    nested = info.values() if "raised_exception" not in info else [info]
    messages = [str(i.get("exception_message")) for i in nested if isinstance(i, dict) and i.get("raised_exception")]
    return messages[0].splitlines()[0][:300] if messages else ""


def _configuration(check: Check) -> Any:
    import great_expectations.expectations.core  # noqa: F401 - registers the expectations
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configuration = ExpectationConfiguration(type=check.type, kwargs=check.kwargs)
    try:
        configuration.to_domain_obj()
    except Exception as error:
        raise ConfigError(
            f"expectation {check.type}: {str(error).splitlines()[0]}. See Great Expectations' gallery for its name."
        ) from None
    return configuration


def _failing_rows(engine: Any, incoming: str, check: Check) -> str | None:
    """The SQL that selects the rows behind a failed expectation; None where it is not about rows.

    Great Expectations' own query for them leaves some limits as parameters, so its condition is written out here.
    """
    import sqlalchemy as sa
    from great_expectations.expectations.registry import get_expectation_impl
    from great_expectations.validator.metrics_calculator import MetricsCalculator
    from sqlalchemy.dialects import postgresql

    metric = getattr(get_expectation_impl(check.type), "map_metric", None)
    if metric is None:
        return None
    by_join = "unique" in metric  # its rows are found by a join, which only the whole query holds
    rows_metric = _rows_metric(check, metric, by_join)
    metrics, aborted = MetricsCalculator(engine, show_progress_bars=False).compute_metrics([rows_metric])
    if rows_metric.id not in metrics:
        raise ConfigError(
            f"expectation {check.type} does not say which rows fail, on this engine: {next(iter(aborted), '')}"
        )
    if by_join:
        return str(metrics[rows_metric.id]).rstrip().rstrip(";")
    query: Any = (
        sa.select(sa.column("_n")).select_from(sa.table(incoming, schema="raw")).where(metrics[rows_metric.id][0])
    )
    speech = postgresql.dialect(paramstyle="named")  # DuckDB's too; `named` keeps a percent sign in a value single
    return str(query.compile(dialect=speech, compile_kwargs={"literal_binds": True}))


def _rows_metric(check: Check, metric: str, by_join: bool) -> Any:
    """The metric that holds the condition of a row's failure, or, with a join, the query of the failed rows."""
    from great_expectations.validator.metric_configuration import MetricConfiguration

    domain = {k: v for k, v in check.kwargs.items() if k in DOMAIN_KEYS}
    values = {k: v for k, v in check.kwargs.items() if k not in DOMAIN_KEYS and k != "mostly"}
    if by_join:
        values["result_format"] = {"result_format": "COMPLETE", "unexpected_index_column_names": ["_n"]}
    part = "unexpected_index_query" if by_join else "condition"
    return MetricConfiguration(f"{metric}.{part}", {"batch_id": BATCH, **domain}, values)


def warnings_of(db: Warehouse, settings: Settings, raw: str, table: Table, day: date) -> list[str]:
    """Freshness and volume of the landed table, as of `day`. They warn: a late or thin day is a day all the same."""
    return [*_freshness(db, settings, raw, table, day), *_volume(db, raw, table, day)]


def _freshness(db: Warehouse, settings: Settings, raw: str, table: Table, day: date) -> Iterator[str]:
    dated = [n for kind in ("timestamp", "date") for n, c in table.columns.items() if c.type == kind]
    time_column = table.cursor if table.cursor in dated else next(iter(dated), None)
    if table.freshness_days is None or not time_column:
        return
    oldest = settings.end_of_day(day - timedelta(days=table.freshness_days + 1))
    query = f'select max("{time_column}") as newest from raw."{raw}" where _day <= date \'{day}\''
    if not _holds(db, query, _between("newest", oldest, None)):
        yield f"stale: the newest {time_column} is older than {table.freshness_days} day(s) before {day}"


def _volume(db: Warehouse, raw: str, table: Table, day: date) -> Iterator[str]:
    if table.volume is None:
        return
    earlier_days = ", ".join(f"date '{day - timedelta(weeks=w)}'" for w in range(1, table.volume.weeks + 1))
    past = db.query(f'select count(*) as n from raw."{raw}" where _day in ({earlier_days}) group by _day')["n"]
    if len(past) < 2:  # one earlier day says nothing about what is usual
        return
    usual = sum(past.to_pylist()) / len(past)
    low, high = usual * table.volume.min_share, usual * table.volume.max_share
    query = f"select count(*) as n from raw.\"{raw}\" where _day = date '{day}'"
    if not _holds(db, query, _between("n", low, high)):
        rows = db.query(query)["n"][0].as_py()
        yield f"volume: {rows} rows on {day}, where {low:.0f} to {high:.0f} are usual for this weekday"


def _between(column: str, low: datetime | float, high: float | None) -> Check:
    limits = {"column": column, "min_value": low, "max_value": high}
    return Check("expect_column_values_to_be_between", limits, "")


def _holds(db: Warehouse, query: str, check: Check) -> bool:
    with _engine(db, None, query) as engine:
        return bool(_validated(engine, [check])[0].success)


@contextmanager
def _engine(db: Warehouse, table: str | None, query: str | None) -> Iterator[Any]:
    """Great Expectations' engine on the open warehouse, with a table of `raw` or a query as its batch.

    No context: nothing to store.
    """
    logging.getLogger("great_expectations").setLevel(
        logging.CRITICAL
    )  # failures are results here; it would log their tracebacks
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData

    sql = db.sqlalchemy(schema="raw")
    engine = SqlAlchemyExecutionEngine(engine=sql)
    try:
        place: dict[str, Any] = {"schema_name": "raw", "table_name": table} if table else {"query": query}
        engine.load_batch_data(BATCH, SqlAlchemyBatchData(execution_engine=engine, create_temp_table=False, **place))
        yield engine
    finally:
        sql.dispose()
