"""Which top-level keys JSON rows hold that nobody declared: a new field must be seen, not dropped."""

import duckdb
import pyarrow as pa

from connectors.source import Batch, Table, short
from core.errors import FatalError

MOST_NEW_KEYS = 100  # more undeclared keys than this are data used as keys, and would become columns without end
# The cases keep the engine from looking into text that is no JSON, which it would otherwise do in any order it likes.
KEYS = """
    select distinct unnest(json_keys(object)) as k
    from (select case when json_type(valid) = 'OBJECT' then valid end as object
        from (select case when json_valid(c0) then c0 end as valid from rows))
    order by k"""


class KeyWatch:
    """Turns rows of JSON text into batches whose header names the undeclared keys met so far."""

    def __init__(self, table: Table) -> None:
        self.declared = {(c.source or name).split(".")[0] for name, c in table.columns.items()}
        self.declared |= {c.source or name for name, c in table.columns.items()}
        self.extras: tuple[str, ...] = ()
        self._engine = duckdb.connect(config={"threads": 1})

    def batch(self, data: pa.RecordBatch) -> Batch:
        rows = pa.table({"c0": data.column("c0")})
        found = self._engine.from_arrow(rows).query("rows", KEYS)
        new = [k for (k,) in found.fetchall() if k and k not in self.declared and k not in self.extras]
        if len(self.extras) + len(new) > MOST_NEW_KEYS:
            raise FatalError(
                f"more than {MOST_NEW_KEYS} undeclared keys, such as {short(new[0])}: keys that are data? Declare the parent as json."
            )
        self.extras += tuple(new)
        return Batch(self.extras, data, "json")
