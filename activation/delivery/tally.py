"""Answers that are not yet written, and the counts of those that are: what is counted stands in the ledger."""

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED
from activation.delivery.results import NOT_SENT, WAITING, Delivery
from activation.ledger import delivered, runs
from core.warehouse import Warehouse

COUNTS = ("attempted", ACCEPTED, REJECTED, IN_DOUBT, SKIPPED, WAITING)


@dataclass(frozen=True)
class Answer:
    """What became of one batch."""

    rows: pa.Table  # for delivered.record: those of the batch that have an answer
    delivery: Delivery


@dataclass
class Tally:
    """Of one push. tables: for delivered.record · keys: batches wholly answered · calls: rows for runs.log_calls"""

    sync: str
    run_id: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    tables: list[pa.Table] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, answer: Answer, key: str) -> None:
        for status, count in ((NOT_SENT, SKIPPED), (WAITING, WAITING)):
            self.counts[count] += pc.sum(pc.equal(answer.delivery.statuses, status)).as_py() or 0
        self.tables.append(answer.rows)
        self.keys.append(key)

    def write(self, db: Warehouse, first: bool) -> None:
        """Write and count what has come since the last time. What fails to be written is written the next time.

        first   nothing of this sync stood in the ledger when the run began
        """
        tables, keys, calls = self.tables, self.keys, self.calls
        self.tables, self.keys, self.calls = [], [], []
        table = (
            pa.concat_tables(tables).combine_chunks() if tables else None
        )  # many small chunks: many small row groups, written twice
        try:
            if table is None:
                delivered.release(db, self.sync, keys)
            else:
                delivered.record(db, self.sync, self.run_id, table, keys, first)
        except BaseException:
            self.tables, self.keys, self.calls = tables + self.tables, keys + self.keys, calls + self.calls
            raise
        runs.log_calls(db, self.sync, self.run_id, calls)
        if table is not None:
            self._count(table)

    def _count(self, table: pa.Table) -> None:
        counts = {s["values"]: s["counts"] for s in pc.value_counts(table["status"].combine_chunks()).to_pylist()}
        self.counts[ACCEPTED] += counts.get("delivered", 0) + counts.get("removed", 0)
        for status in (REJECTED, IN_DOUBT, SKIPPED):
            self.counts[status] += counts.get(status, 0)
        self.counts["attempted"] += len(table) - counts.get(SKIPPED, 0)
