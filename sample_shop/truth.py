"""What really happened, for tests only: nothing the shop's own systems know is decided by reading it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_AT_ONCE = 250_000  # memory stays flat, row groups stay large


class Truth:
    """Parquet files in one folder, filled table by table while the days go by."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)
        self._tables: dict[str, list[pa.Table]] = {}
        self._rows: dict[str, int] = {}
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, table: str, columns: dict[str, Any]) -> None:
        """Columns of one length; a plain value stands for a whole column of it."""
        count = max(len(c) for c in columns.values() if not isinstance(c, str | int))
        full = {name: pa.repeat(c, count) if isinstance(c, str | int) else c for name, c in columns.items()}
        self._tables.setdefault(table, []).append(pa.table(full))
        self._rows[table] = self._rows.get(table, 0) + count
        if self._rows[table] >= ROWS_AT_ONCE:
            self._flush(table)

    def records(self, table: str, keys: pa.Array, humans: Any) -> None:
        """Whose record it is: `key` is the table's own, `human_id` the place in `humans`."""
        if len(keys):
            self.add("who_is_who", {"table": table, "key": keys, "human_id": humans})

    def identifiers(self, kind: str, values: pa.Array, humans: Any) -> None:
        """An address or number, as it was written, of a human. May repeat."""
        if len(values):
            self.add("identifiers", {"kind": kind, "value": values, "human_id": humans})

    def shared(self, kind: str, values: pa.Array, humans: Any, why: str) -> None:
        """An address or number that is not this human's alone, and why."""
        if len(values):
            self.add("shared", {"kind": kind, "value": values, "human_id": humans, "why": why})

    def close(self) -> None:
        for table, tables in self._tables.items():
            if tables:
                self._flush(table)
        for writer in self._writers.values():
            writer.close()

    def _flush(self, table: str) -> None:
        rows = pa.concat_tables(self._tables[table]).combine_chunks()
        self._tables[table], self._rows[table] = [], 0
        if table not in self._writers:
            self._writers[table] = pq.ParquetWriter(self._folder / f"{table}.parquet", rows.schema)
        if rows.num_rows:
            self._writers[table].write_table(rows)
