"""The rows that were looked at, as texts, in an engine of their own: facts of whole columns are asked of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from connectors.reading import Batch, Reading
from connectors.values.json_text import LISTED, teach

MOST_ROWS, MOST_RECORDS = 1_000_000, 200_000  # of a table; of one whose rows are JSON, which Python takes apart
SAMPLE = 5_000  # values of a column by which its type is guessed; the whole column is then tried
FEW = 60  # different values of a column that are listed


@dataclass
class Facts:
    """What is true of one column, over all rows that were looked at."""

    rows: int
    filled: int
    distinct: int
    texts: list[str] = field(default_factory=list)  # up to SAMPLE of its values
    common: list[tuple[str, int]] = field(default_factory=list)  # each value and its rows, where they are FEW
    shortest: int = 0  # letters
    longest: int = 0

    @property
    def is_unique(self) -> bool:
        return 0 < self.rows == self.filled == self.distinct


class Scratch:
    """One table of texts a table that was looked at; closed with the look."""

    def __init__(self, folder: Path) -> None:
        config = {"threads": 2, "memory_limit": "1GB", "temp_directory": str(folder / "spill")}
        self.engine = duckdb.connect(str(folder / "look.duckdb"), config=config)  # type: ignore[arg-type]
        self.engine.execute("set TimeZone = 'UTC'")
        teach(self.engine)
        self.columns: dict[str, list[str]] = {}  # table -> its columns as its source calls them; c0, c1, … here
        self.is_whole: dict[str, bool] = {}
        self._numbers: dict[str, int] = {}  # also of tables that were dropped again

    def close(self) -> None:
        self.engine.close()

    def drop(self, name: str) -> None:
        """Forget a table that could not be read; another one may have its name."""
        self.columns.pop(name, None)
        if name in self._numbers:
            number = self._numbers.pop(name)
            self._numbers[f"{name} (dropped {number})"] = number

    def table(self, name: str) -> str:
        return f"t{self._numbers[name]}"

    def cell(self, name: str, source: str) -> str:
        return f"c{self.columns[name].index(source)}"

    def fill(self, name: str, reading: Reading) -> int:
        """All rows of a table, up to a limit; how many."""
        self.columns[name], self.is_whole[name] = [], True
        self._numbers[name] = len(self._numbers)
        table = self.table(name)
        self.engine.execute(f"create table {table} (_origin text, _line bigint)")
        rows = 0
        for batch in reading.batches:
            header, data = _records(batch) if batch.form == "json" else (batch.header, _cells(batch))
            most = MOST_RECORDS if batch.form == "json" else MOST_ROWS
            if rows + data.num_rows > most:
                data, self.is_whole[name] = data.slice(0, most - rows), False
            self._insert(name, table, header, data)
            rows += data.num_rows
            if not self.is_whole[name]:
                break
        return rows

    def keep(self, name: str, header: tuple[str, ...], data: pa.Table) -> None:
        """A table made of what was read: texts under their names."""
        self.columns[name], self.is_whole[name] = [], True
        self._numbers[name] = len(self._numbers)
        table = self.table(name)
        self.engine.execute(f"create table {table} (_origin text, _line bigint)")
        places = [pa.nulls(data.num_rows, pa.string()), pa.array(range(1, data.num_rows + 1), pa.int64())]
        names = [*(f"v{i}" for i in range(len(header))), "_origin", "_line"]
        numbered = pa.table([*data.columns, *places], names=names)
        self._insert(name, table, header, numbered)

    def name_columns(self, name: str, sources: list[str]) -> None:
        """The columns of a table without rows."""
        for source in sources:
            self.engine.execute(f"alter table {self.table(name)} add column c{len(self.columns[name])} text")
            self.columns[name].append(source)

    def _insert(self, name: str, table: str, header: tuple[str, ...], data: pa.Table) -> None:
        known = self.columns[name]
        self.name_columns(name, [source for source in header if source not in known])
        if not data.num_rows:
            return
        self.engine.register("arriving", data)
        targets = ", ".join(f"c{known.index(source)}" for source in header)
        values = ", ".join(f"nullif(trim(v{i}), '')" for i in range(len(header)))
        comma = ", " if header else ""
        self.engine.execute(
            f"insert into {table} (_origin, _line{comma}{targets}) select _origin, _line{comma}{values} from arriving"
        )
        self.engine.unregister("arriving")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.engine.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def facts(self, name: str) -> dict[str, Facts]:
        """Source column -> its facts, in the table's order."""
        table, sources = self.table(name), self.columns[name]
        if not sources:
            return {}
        asked = ", ".join(
            f"count(c{i}), count(distinct c{i}), min(length(c{i})), max(length(c{i}))" for i in range(len(sources))
        )
        numbers = self.rows(f"select count(*), {asked} from {table}")[0]
        found = {}
        for i, source in enumerate(sources):
            filled, distinct, shortest, longest = numbers[1 + 4 * i : 5 + 4 * i]
            found[source] = Facts(numbers[0], filled, distinct, self._texts(table, f"c{i}", distinct), [],
                                  shortest or 0, longest or 0)  # fmt: skip
            if 0 < distinct <= FEW:
                counted = f"select c{i}, count(*) from {table} where c{i} is not null group by 1 order by 2 desc, 1"
                found[source].common = [(value, count) for value, count in self.rows(counted)]
        return found

    def _texts(self, table: str, cell: str, distinct: int) -> list[str]:
        """The first values, and as many others from everywhere: what stands at the end may look otherwise."""
        if distinct == 0:
            return []
        if distinct <= SAMPLE:
            return [v for (v,) in self.rows(f"select distinct {cell} from {table} where {cell} is not null order by 1")]
        different = f"select distinct {cell}, hash({cell}) as h from {table} where {cell} is not null"
        spread = f"{different} order by h, 1 limit {SAMPLE}"
        return [row[0] for row in self.rows(spread)]

    def examples(self, name: str, source: str, most: int = 3) -> list[str]:
        cell = self.cell(name, source)
        counted = f"select {cell}, count(*) from {self.table(name)} where {cell} is not null group by 1"
        return [row[0] for row in self.rows(f"{counted} order by 2 desc, 1 limit {most}")]


def _cells(batch: Batch) -> pa.Table:
    """The rows that could be taken apart, as v0, v1, … with their places."""
    data = batch.data.filter(pa.compute.is_null(batch.data.column("_error")))
    names = [f"v{i}" for i in range(len(batch.header))]
    columns = [data.column(f"c{i}").cast(pa.string()) for i in range(len(names))]
    return pa.table([*columns, data.column("_origin"), data.column("_line")], names=[*names, "_origin", "_line"])


def _records(batch: Batch) -> tuple[tuple[str, ...], pa.Table]:
    """Rows of JSON, flat: leaves by dotted path; a list stays one JSON value."""
    data = batch.data.filter(pa.compute.is_null(batch.data.column("_error")))
    flat, places = [], []
    for text, file, line in zip(*(data.column(c).to_pylist() for c in ("c0", "_origin", "_line")), strict=True):
        try:
            record = json.loads(text)
            leaves = {key: as_text(value) for key, value in paths_of(record, "")} if isinstance(record, dict) else None
        except (ValueError, RecursionError):  # no JSON, or nested so deeply that nobody reads it
            continue
        if leaves is not None:
            flat.append(leaves)
            places.append((file, line))
    header = tuple(dict.fromkeys(key for record in flat for key in record))
    columns = [pa.array([record.get(key) for record in flat], pa.string()) for key in header]
    columns += [pa.array([p[0] for p in places], pa.string()), pa.array([p[1] for p in places], pa.int64())]
    return header, pa.table(columns, names=[*(f"v{i}" for i in range(len(header))), "_origin", "_line"])


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if value else None
    return json.dumps(value)


def paths_of(record: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict) and value and "." not in key and prefix.count(".") < 3:
            yield from paths_of(value, f"{prefix}{key}.")
        elif "." not in key and key not in ("", "*") and not LISTED.fullmatch(key):  # no path leads to those
            yield prefix + key, value
