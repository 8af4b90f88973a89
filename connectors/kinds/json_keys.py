"""Which top-level keys JSON rows hold that nobody declared: a new field must be seen, not dropped.

And which stand twice.
"""

import re

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading import Batch, short
from connectors.source import Table
from connectors.values.json_text import TOO_DEEP, TWICE, json_path, refused, steps_of
from core.errors import FatalError

MOST_NEW_KEYS = 100  # more undeclared keys than this are data used as keys, and would become columns without end
MOST_DEPTH = 250_000  # a text nested a million deep takes the engine all of its memory
KEPT_CHARACTERS = 10_000  # of a text that is nested deeper
STRING = re.compile(rb'"(?:\\.|[^"\\])*"')
# The cases keep the engine from looking into text that is no JSON, which it would otherwise do in any order it likes.
KEYS = """
    select {keys}
    from (select case when json_type(valid) = 'OBJECT' then valid end as object
        from (select case when json_valid(c0) then c0 end as valid from rows))"""


class KeyWatch:
    """Turns rows of JSON text into batches whose header names the undeclared keys met so far.

    A row with a key that stands twice on a declared path is refused: of two values, readers take one or the other.
    """

    def __init__(self, table: Table) -> None:
        paths = [steps_of(c.source or name) for name, c in table.columns.items()]
        self.declared = {str(path[0]) for path in paths}
        self.extras: tuple[str, ...] = ()
        self._lands = table.lands_undeclared
        parents = sorted({tuple(path[:size]) for path in paths for size in range(1, len(path))}, key=str)
        lists = ", ".join(["json_keys(object)", *(f"json_keys(object, {json_path(parent)})" for parent in parents)])
        self._each, self._distinct = KEYS.format(keys=lists), KEYS.format(keys=f"distinct {lists}")
        self._engine = duckdb.connect(config={"threads": 1})

    def batch(self, data: pa.RecordBatch) -> Batch:
        data = _without_deep(data)
        key_lists = self._lists(data, self._distinct)
        keys = {k for top, *_ in key_lists for k in top or ()}
        new = sorted(k for k in keys if k and k not in self.declared and k not in self.extras) if self._lands else []
        if len(self.extras) + len(new) > MOST_NEW_KEYS:
            raise FatalError(
                f"more than {MOST_NEW_KEYS} undeclared keys, such as {short(new[0])}: keys that are data? Declare the "
                "parent as json."
            )
        self.extras += tuple(new)
        if any(map(_has_repeated_key, key_lists)):
            data = refused(
                data, [TWICE if _has_repeated_key(lists) else None for lists in self._lists(data, self._each)]
            )
        return Batch(self.extras, data, "json")

    def _lists(self, data: pa.RecordBatch, sql: str) -> list[tuple[list[str] | None, ...]]:
        return self._engine.from_arrow(pa.table({"c0": data.column("c0")})).query("rows", sql).fetchall()


def _has_repeated_key(lists: tuple[list[str] | None, ...]) -> bool:
    return any(len(set(keys)) < len(keys) for keys in lists if keys)


def _without_deep(data: pa.RecordBatch) -> pa.RecordBatch:
    """Refuse rows that are nested so deep that the engine, which reads them all at once, would end the table."""
    texts = data.column("c0")
    bracket_counts = pc.add(pc.count_substring(texts, "["), pc.count_substring(texts, "{"))
    doubtful = pc.indices_nonzero(pc.fill_null(pc.greater(bracket_counts, MOST_DEPTH), False)).to_pylist()
    deep = {row for row in doubtful if _depth(texts[row].as_py()) > MOST_DEPTH}
    if not deep:
        return data
    is_deep = pa.array([row in deep for row in range(len(texts))])
    nothing = pa.scalar(None, pa.string())
    cut = pc.if_else(is_deep, pc.utf8_slice_codeunits(texts, 0, KEPT_CHARACTERS), texts)
    data = refused(data.set_column(0, "c0", cut), pc.if_else(is_deep, TOO_DEEP, nothing))
    return data.set_column(0, "c0", pc.if_else(is_deep, nothing, cut))


def _depth(text: str) -> int:
    signs = np.frombuffer(STRING.sub(b"", text.encode()), np.uint8)
    steps = np.isin(signs, list(b"[{")).astype(np.int64) - np.isin(signs, list(b"]}"))
    return int(steps.cumsum().max(initial=0))
