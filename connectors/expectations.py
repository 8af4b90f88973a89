"""The further expectations that a table's file declares, checked by Great Expectations in the warehouse.

Great Expectations takes seconds to import: only a table that declares some loads it, when rows arrive, and it never
talks to the network.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors.landing.classify import Fault
from connectors.source import Expectation
from core.errors import ConfigError, FatalError
from core.warehouse import Warehouse

BATCH = "incoming"  # Great Expectations' name for what is being checked
DOMAIN_KEYS = {"column", "column_A", "column_B", "column_list", "row_condition", "condition_parser", "ignore_row_if"}


def faults_of(db: Warehouse, incoming: str, expectations: list[Expectation]) -> list[Fault]:
    """The row by row faults of `raw.<incoming>`, in the file's order.

    Raises FatalError when an expectation about the table as a whole fails, ConfigError when one cannot be run at all.
    """
    with _engine(db, incoming) as engine:
        results = zip(expectations, _validated(engine, expectations), strict=True)
        failed = [(expectation, result) for expectation, result in results if not result.success]
        return [_fault(engine, incoming, expectation, result) for expectation, result in failed]


def _fault(engine: Any, incoming: str, expectation: Expectation, result: Any) -> Fault:
    if trouble := _exception(result):
        raise ConfigError(f"{incoming}: expectation {expectation.type} cannot be run: {trouble}")
    arguments = ", ".join(f"{k}={v!r}" for k, v in expectation.kwargs.items() if k != "column")
    reason = f"{expectation.type}({arguments})"
    sql = _failing_rows(engine, incoming, expectation)
    if sql is None:
        raise FatalError(
            f"{incoming}: {reason} does not hold for the whole table. Look at the source, then pull again."
        )
    return Fault(expectation.kwargs.get("column"), reason, sql)


def _validated(engine: Any, expectations: list[Expectation]) -> list[Any]:
    """One result for each check, in the same order: Great Expectations returns them in an order of its own."""
    from great_expectations.validator.metrics_calculator import MetricsCalculator
    from great_expectations.validator.validator import Validator

    validator = Validator(execution_engine=engine, interactive_evaluation=False)
    validator._metrics_calculator = MetricsCalculator(engine, show_progress_bars=False)
    configurations = [_configuration(expectation) for expectation in expectations]
    for number, configuration in enumerate(configurations):
        configuration.meta = {"number": number}
    results: list[Any] = validator.graph_validate(
        configurations, runtime_configuration={"result_format": {"result_format": "BOOLEAN_ONLY"}}
    )
    by_number = {result.expectation_config.meta["number"]: result for result in results}
    return [by_number[number] for number in range(len(expectations))]


def _exception(result: Any) -> str:
    """What went wrong inside Great Expectations, in one line; empty when nothing did."""
    info = result.exception_info or {}
    nested = info.values() if "raised_exception" not in info else [info]
    messages = [str(i.get("exception_message")) for i in nested if isinstance(i, dict) and i.get("raised_exception")]
    return messages[0].splitlines()[0][:300] if messages else ""


def _configuration(expectation: Expectation) -> Any:
    import great_expectations.expectations.core  # noqa: F401 - registers the expectations
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    configuration = ExpectationConfiguration(type=expectation.type, kwargs=expectation.kwargs)
    try:
        configuration.to_domain_obj()
    except Exception as error:
        raise ConfigError(
            f"expectation {expectation.type}: {str(error).splitlines()[0]}. "
            "See Great Expectations' gallery for its name."
        ) from None
    return configuration


def _failing_rows(engine: Any, incoming: str, expectation: Expectation) -> str | None:
    """The SQL that selects the rows behind a failed expectation; None where it is not about rows.

    Great Expectations' own query for them leaves some limits as parameters, so its condition is written out here.
    """
    import sqlalchemy as sa
    from great_expectations.expectations.registry import get_expectation_impl
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator
    from sqlalchemy.dialects import postgresql

    metric = getattr(get_expectation_impl(expectation.type), "map_metric", None)
    if metric is None:
        return None
    domain = {k: v for k, v in expectation.kwargs.items() if k in DOMAIN_KEYS}
    values = {k: v for k, v in expectation.kwargs.items() if k not in DOMAIN_KEYS and k != "mostly"}
    by_join = "unique" in metric  # its rows are found by a join, which only the whole query holds
    if by_join:
        values["result_format"] = {"result_format": "COMPLETE", "unexpected_index_column_names": ["_n"]}
    rows_metric = MetricConfiguration(
        f"{metric}.{'unexpected_index_query' if by_join else 'condition'}", {"batch_id": BATCH, **domain}, values
    )
    metrics, aborted = MetricsCalculator(engine, show_progress_bars=False).compute_metrics([rows_metric])
    if rows_metric.id not in metrics:
        raise ConfigError(
            f"expectation {expectation.type} does not say which rows fail, on this engine: {next(iter(aborted), '')}"
        )
    if by_join:
        return str(metrics[rows_metric.id]).rstrip().rstrip(";")
    query: Any = (
        sa.select(sa.column("_n")).select_from(sa.table(incoming, schema="raw")).where(metrics[rows_metric.id][0])
    )
    speech = postgresql.dialect(paramstyle="named")  # DuckDB's too; `named` keeps a percent sign in a value single
    return str(query.compile(dialect=speech, compile_kwargs={"literal_binds": True}))


@contextmanager
def _engine(db: Warehouse, table: str) -> Iterator[Any]:
    """Great Expectations' engine on the open warehouse, with a table of `raw` as its batch.

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
        rows = SqlAlchemyBatchData(engine, schema_name="raw", table_name=table, create_temp_table=False)
        engine.load_batch_data(BATCH, rows)
        yield engine
    finally:
        sql.dispose()
