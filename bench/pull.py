"""A pull of a million rows by format, contract and all, against DuckDB reading the same file into a table of the same
types.

The bound does none of what a pull is for: no line numbers, no row ids, no contract, no refusals, no check against what
is there. Great Expectations is imported before the clock starts (`import_seconds`): a night pays that once.
"""

import csv
import gzip
import importlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors import pull
from core.settings import Settings, load_settings

DAY = date(2026, 3, 2)
ROWS = 1_000_000
COLUMNS = """
      id: {type: integer, required: true}
      customer: {type: text, required: true}
      email: {type: text, identifier: email}
      seen_at: {type: timestamp, required: true}
      amount: {type: number, min: 0}
      status: {type: text, values: [open, paid, sent]}
"""
TYPES = {
    "id": "bigint",
    "customer": "varchar",
    "email": "varchar",
    "seen_at": "timestamp",
    "amount": "double",
    "status": "varchar",
}
READERS = {
    "csv": "read_csv('{file}', columns={types}, header=true)",
    "csv.gz": "read_csv('{file}', columns={types}, header=true)",
    "jsonl": "read_json('{file}', columns={types}, format='newline_delimited')",
    "parquet": "read_parquet('{file}')",
}


def run(scale: float = 1.0) -> dict[str, Any]:
    """Rows a second by format, of a first pull, of a second that changes nothing, and of DuckDB alone; ratio of
    seconds.
    """
    rows = max(int(ROWS * scale), 1000)
    import_seconds = _timed(lambda: importlib.import_module("great_expectations"))
    with tempfile.TemporaryDirectory(prefix="bench-pull-") as folder:
        root = Path(folder)
        table = _table(rows)
        figures = {form: _measure(root, form, table) for form in (*READERS, "sqlite")}
    return {"rows": rows, "import_seconds": round(import_seconds, 1), **figures}


def _measure(root: Path, form: str, table: pa.Table) -> dict[str, Any]:
    home = root / form.replace(".", "_")
    (home / "in").mkdir(parents=True)
    file = home / "in" / f"{DAY}.{form}"
    _write(file, form, table)
    settings = _project(home, form)
    first = _timed(lambda: _pull(settings, table.num_rows, "rows_landed"))
    second_pull = _timed(lambda: _pull(settings, table.num_rows, "rows_unchanged"))
    figures = {
        "rows_per_second": round(table.num_rows / first),
        "again_rows_per_second": round(table.num_rows / second_pull),
    }
    if form in READERS:
        bound = _timed(lambda: _bound(home / "bound.duckdb", READERS[form].format(file=file, types=TYPES), settings))
        figures |= {"duckdb_rows_per_second": round(table.num_rows / bound)}
        return {**figures, "ratio": round(first / bound, 1)}
    return figures


def _pull(settings: Settings, rows: int, count: str) -> None:
    result = pull.pull(settings, DAY)
    assert result["ok"] and result["sources"][0][count] == rows, result


def _bound(path: Path, reader: str, settings: Settings) -> None:
    with duckdb.connect(str(path), config={"threads": settings.warehouse.threads}) as engine:
        engine.execute(f"create table t as select * from {reader}")


def _project(home: Path, form: str) -> Settings:
    sources = home / "connectors" / "sources"
    sources.mkdir(parents=True)
    kind = (
        f'kind: files\n    pattern: "{{day}}.{form}"'
        if form != "sqlite"
        else "kind: sql\n    table: t\n    cursor: seen_at\n    key: [id]"
    )
    place = 'path: "{home}/in"' if form != "sqlite" else f'url: "sqlite:///{{home}}/in/{DAY}.sqlite"'
    (sources / "bench.yml").write_text(
        f"description: bench\ndefaults: {{{place}}}\ntables:\n  rows:\n    {kind}\n    columns:{COLUMNS}"
    )
    return load_settings(root=home, home=home)


def _table(rows: int) -> pa.Table:
    begin = datetime(2025, 1, 1)
    return pa.table({
        "id": pa.array(range(rows), pa.int64()),
        "customer": [f"C{i % 50_000:06}" for i in range(rows)],
        "email": [f"customer{i % 50_000}@example.com" for i in range(rows)],
        "seen_at": pa.array([begin + timedelta(seconds=i * 31 % 31_000_000) for i in range(rows)], pa.timestamp("us")),
        "amount": [round(i * 0.37 % 500, 2) for i in range(rows)],
        "status": [("open", "paid", "sent")[i % 3] for i in range(rows)],
    })  # fmt: skip


def _write(file: Path, form: str, table: pa.Table) -> None:
    if form == "parquet":
        pq.write_table(table, file)
        return
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    if form == "sqlite":
        with sqlite3.connect(file) as shop:
            shop.execute(
                "create table t (id integer primary key, customer text, email text, seen_at text, amount real, status"
                " text)"
            )
            shop.executemany("insert into t values (?, ?, ?, ?, ?, ?)", ((*r[:3], str(r[3]), *r[4:]) for r in rows))
        shop.close()
        return
    with gzip.open(file, "wt", compresslevel=1) if form.endswith(".gz") else file.open("w", newline="") as sink:
        if form == "jsonl":
            sink.writelines(json.dumps(dict(zip(table.column_names, r, strict=True)), default=str) + "\n" for r in rows)
        else:
            writer = csv.writer(sink)
            writer.writerow(table.column_names)
            writer.writerows(rows)


def _timed(work: Callable[[], Any]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
