"""What is missing or wrong in the governance of the marts, each with its file, line and mend."""

from collections.abc import Iterable, Iterator, Mapping

from core.governance.classes import DATA_CLASSES, RETENTIONS
from core.governance.declared import Column, Mart

CLASSES = ", ".join(DATA_CLASSES)


def find_faults(marts: Mapping[str, Mart], built: Mapping[str, Iterable[str]]) -> list[str]:
    """built   mart -> the columns that it has in the warehouse; of one that is not built its file alone is judged"""
    silent = [
        f"marts.{name}: no YAML describes it. Add a .yml beside its SQL with owner, purpose, retention and a"
        " data_class for each column."
        for name in built
        if name not in marts
    ]
    return silent + [fault for mart in marts.values() for fault in _of_mart(mart, built.get(mart.name, ()))]


def _of_mart(mart: Mart, built: Iterable[str]) -> Iterator[str]:
    where = f"{mart.place}: {mart.name}"
    for key in ("owner", "purpose"):
        if not getattr(mart, key):
            yield f"{where} has no {key}. Write it under config.meta."
    if not mart.retention.is_known:
        yield f"{where}: retention {mart.retention.text!r}. Write one of {RETENTIONS} under config.meta."
    elif mart.retention.days and not mart.retention_by:
        yield f"{where}: retention of {mart.retention.text} counted from what? Write retention_by: <date column>."
    elif mart.retention.days and mart.retention_by not in mart.columns:
        columns = ", ".join(mart.columns)
        yield f"{where} has no column {mart.retention_by}, which retention_by names. Columns: {columns}."
    for column in mart.columns.values():
        yield from _of_column(column, f"{column.place}: {mart.name}.{column.name}", mart)
    for name in built:
        if name not in mart.columns:
            yield (
                f"{mart.place}: {mart.name}.{name} is not described. Add"
                f" {{name: {name}, config: {{meta: {{data_class: …}}}}}} under `columns`; the classes are {CLASSES}."
            )


def _of_column(column: Column, where: str, mart: Mart) -> Iterator[str]:
    if not column.data_class:
        yield f"{where} has no data_class. Write config: {{meta: {{data_class: …}}}}: {CLASSES}."
    elif column.data_class not in DATA_CLASSES:
        yield f"{where}: no data class {column.data_class!r}. Write one of {CLASSES}."
    if not column.retention.is_known and column.retention != mart.retention:
        yield f"{where}: retention {column.retention.text!r}. Write one of {RETENTIONS}."
