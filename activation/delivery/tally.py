"""Answers that are not yet written, and the counts of those that are: what is counted stands in the ledger."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED
from activation.delivery import outgoing
from activation.delivery.results import NOT_SENT, WAITING, Delivery
from activation.ledger import accepted, delivered, runs
from activation.written.pieces import WrittenPiece, claims
from core.warehouse import Warehouse

FOLD_ROWS = 16 * 122_880  # row groups of DuckDB: what one statement writes needs no more memory for being large
FOLD_SECONDS = 60.0  # who reads the ledger while a slow channel is sent to waits no longer
COUNTS = ("attempted", ACCEPTED, REJECTED, IN_DOUBT, SKIPPED, WAITING)


@dataclass(frozen=True)
class Answer:
    """What became of one batch.

    rows   for delivered.record: those of the batch that have an answer, or how they are read when they are written;
           None: all rows of a written batch were accepted, and none of them has to be looked at
    """

    delivery: Delivery
    rows: pa.Table | Callable[[Warehouse], pa.Table] | None


@dataclass
class Answers:
    """Of some batches. rows: as in Answer · accepted: wholly so · keys: of all others that are wholly answered ·
    calls: rows for runs.log_calls"""

    rows: list[pa.Table | Callable[[Warehouse], pa.Table]] = field(default_factory=list)
    accepted: list[WrittenPiece] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Tally:
    """Of one push. keeps_payload: whether the ledger remembers what was sent"""

    sync: str
    run_id: str
    keeps_payload: bool = True
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    waiting: Answers = field(default_factory=Answers)
    noted: int = 0  # rows that were accepted, and that the ledger has still to take in
    folded_at: float = field(default_factory=time.monotonic)

    def keep(self, answer: Answer, piece: Any) -> None:
        """piece   the Piece or WrittenPiece that was answered"""
        for status, count in ((NOT_SENT, SKIPPED), (WAITING, WAITING)):
            self.counts[count] += pc.sum(pc.equal(answer.delivery.statuses, status)).as_py() or 0
        if answer.rows is None:
            self.waiting.accepted.append(piece)
        else:
            self.waiting.rows.append(answer.rows)
            self.waiting.keys.append(piece.batch.idempotency_key)

    def write(self, db: Warehouse, first: bool) -> None:
        """Write and count what has come since the last time. What fails to be written is written the next time.

        first   nothing of this sync stood in the ledger when the run began
        """
        taken, self.waiting = self.waiting, Answers()
        try:
            with db.transaction():
                table = self._rows(db, taken, first)
                if taken.accepted:
                    accepted.note(db, self.sync, self.run_id, claims(taken.accepted), self.keeps_payload)
        except BaseException:
            newer = self.waiting
            self.waiting = Answers(
                taken.rows + newer.rows, taken.accepted + newer.accepted, taken.keys + newer.keys,
                taken.calls + newer.calls,
            )  # fmt: skip
            raise
        runs.log_calls(db, self.sync, self.run_id, taken.calls)
        wholly = sum(len(piece.batch) for piece in taken.accepted)
        self.noted += wholly
        self._count(table, wholly)

    def _rows(self, db: Warehouse, taken: Answers, first: bool) -> pa.Table | None:
        tables = [rows if isinstance(rows, pa.Table) else rows(db) for rows in taken.rows]
        if not tables:
            delivered.release(db, self.sync, taken.keys)
            return None
        # many small chunks: many small row groups, written twice
        table = pa.concat_tables(tables).combine_chunks()
        delivered.record(db, self.sync, self.run_id, table, taken.keys, first)
        return table

    def fold(self, db: Warehouse, first: bool, ended: bool) -> None:
        """Have the ledger take in what is noted as accepted, where it is much, or has waited, or the run has ended."""
        if self.noted and (ended or self.noted >= FOLD_ROWS or time.monotonic() - self.folded_at > FOLD_SECONDS):
            accepted.fold(db, self.sync, outgoing.table(self.sync), first)
            self.noted, self.folded_at = 0, time.monotonic()

    def _count(self, table: pa.Table | None, accepted: int) -> None:
        """What is written. accepted   rows of written batches"""
        self.counts[ACCEPTED] += accepted
        self.counts["attempted"] += accepted
        if table is None:
            return
        counts = {s["values"]: s["counts"] for s in pc.value_counts(table["status"].combine_chunks()).to_pylist()}
        self.counts[ACCEPTED] += counts.get("delivered", 0) + counts.get("removed", 0)
        for status in (REJECTED, IN_DOUBT, SKIPPED):
            self.counts[status] += counts.get(status, 0)
        self.counts["attempted"] += len(table) - counts.get(SKIPPED, 0)
