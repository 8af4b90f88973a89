"""The one loop that delivers: claim a window, send its batches, write the answers, again.

The warehouse is open only between windows, never while the network is waited for. Whatever kills this process, the ledger
then holds as `sending` just those rows whose fate is unknown, and the next run settles them by the channel's rule.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from activation import answers, diff, ledger
from activation.batches import claims, cut
from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, ChangeBatch, Channel
from activation.plan import SyncPlan, make_plan
from activation.send import NOT_SENT, Delivery, Pace, Retry, deliver
from activation.sync import Sync
from core.errors import FairleadError
from core.settings import Settings
from core.warehouse import Warehouse, connect, hold

WINDOW_ROWS = 50_000  # claimed at once on an idempotent channel: keeps memory flat, and the warehouse seldom opened
WINDOW_SECONDS = 10  # …but no more than a rate-limited channel takes in this time, so that consent is never older
FLUSH_SECONDS = 5  # answers are written at least so often while a window is under way

Tell = Callable[[str, int, int], None]  # sync, rows done, rows in all: for a progress bar


@dataclass
class Push:
    """One sync's push: what does not change from window to window, and the counts."""

    settings: Settings
    sync: Sync
    channel: Channel
    day: date
    retry: Retry
    pace: Pace
    tell: Tell
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("attempted", ACCEPTED, REJECTED, IN_DOUBT, "skipped"), 0)
    )
    stop: str = ""
    unrecorded: list[pa.Table] = field(default_factory=list)

    def run(self, overrides: Mapping[str, str]) -> dict[str, Any]:
        """Settle, plan, send. The sync's JSON object; a refusal and a dead channel are outcomes, not exceptions."""
        began = time.monotonic()
        with hold(self.settings, f"push.{self.sync.name}"):
            plan = self._open(overrides)
            tripped = [g for g in plan.guards if g.tripped and g.guard not in overrides]
            if tripped:
                self.stop = "; ".join(f"{g.guard}: {g.detail}" for g in tripped)
                outcome = "refused"
                self._close(outcome)
            else:
                outcome = self._send(plan.changes)
        return {
            "sync": self.sync.name, "channel": self.sync.channel, "state": "ready", "outcome": outcome, **self.counts,
            "seconds": round(time.monotonic() - began, 3), "error": self.stop or None, "guards": [g.to_json() for g in tripped],
            "overridden": {g.guard: overrides[g.guard] for g in plan.guards if g.tripped and g.guard in overrides},
        }  # fmt: skip

    def _open(self, overrides: Mapping[str, str]) -> SyncPlan:
        """Settle what a dead run left, keep the list of changes (keys only, nothing personal), and judge it."""
        with self._warehouse() as db:
            arrived, lost = self._look_up(ledger.unsettled_keys(db, self.sync.name))
            with db.transaction():
                ledger.settle(db, self.sync.name, self.channel.in_doubt, arrived, lost)
                diff.find_changed(db, self.sync)
                ledger.keep_pending(db, self.sync.name, diff.changes(self.sync, self.channel.in_doubt))
                plan = make_plan(db, self.sync, self.channel, self.day, ledger.PENDING)
                ledger.open_run(db, self.run_id, self.sync, self.day)
                for guard in (g for g in plan.guards if g.tripped and g.guard in overrides):
                    ledger.log_override(db, self.run_id, self.sync.name, guard.guard, overrides[guard.guard])
        return plan

    def _look_up(self, keys: list[str]) -> tuple[list[str], list[str]]:
        known = {key: self.channel.look_up(key) for key in keys}
        return [k for k, v in known.items() if v is True], [k for k, v in known.items() if v is False]

    def _send(self, total: int) -> str:
        outcome = "failed"
        try:
            position, rows = 0, self._window_rows()
            while position < total and not self.stop:
                self._window(position, position + rows)
                position = min(position + rows, total)
                self.tell(self.sync.name, position, total)
            outcome = "done"
        except FairleadError as error:
            self.stop = str(error)
        finally:
            outcome = self._close(outcome, total)
        return outcome

    def _window_rows(self) -> int:
        limits, size = self.channel.limits, self.channel.limits.batch_size
        if self.channel.in_doubt == "message":
            return size  # what is claimed and not sent when we die is lost to a message channel: one batch at most
        taken = limits.requests_per_minute and int(limits.requests_per_minute * WINDOW_SECONDS / 60) * size
        return max(size, min(WINDOW_ROWS, taken or WINDOW_ROWS) // size * size)

    def _window(self, start: int, end: int) -> None:
        """Write the last window's answers, claim the next rows, and with the warehouse closed send them batch by batch."""
        with self._warehouse() as db:
            self._record(db)
            found = db.query(diff.window(db, self.sync), [self.sync.name, start, end])
            rows = found.filter(pc.not_equal(found["op"], "skip")).combine_chunks()
            self.counts["skipped"] += len(found) - len(rows)
            batches = cut(rows, self.sync, self.channel, self.day, self.run_id)
            if batches:
                ledger.claim(db, self.sync.name, self.run_id, claims(rows, batches))
        self._send_window(batches)

    def _send_window(self, batches: list[tuple[ChangeBatch, pa.Table]]) -> None:
        written, rule, sent = time.monotonic(), self.channel.in_doubt, 0
        try:
            for batch, hashes in batches:
                told = answers.of(batch, hashes, self._deliver(batch), rule)
                self.unrecorded, sent = [*self.unrecorded, told], sent + 1
                if time.monotonic() - written > FLUSH_SECONDS:
                    with self._warehouse() as db:
                        self._record(db)
                    written = time.monotonic()
        except BaseException as interrupt:
            self.stop = f"cut off by {type(interrupt).__name__}"
            for at, (batch, hashes) in enumerate(batches[sent:]):  # the first may have left, the others never did
                status = NOT_SENT if at else IN_DOUBT
                self.unrecorded.append(
                    answers.of(batch, hashes, Delivery.all(len(batch), status, self.stop, not at), rule)
                )
            raise

    def _deliver(self, batch: ChangeBatch) -> Delivery:
        """Once the channel has failed for good, the rest of the window goes back unsent."""
        if self.stop:
            return Delivery.all(len(batch), NOT_SENT, self.stop, False)
        delivery = deliver(self.channel, batch, self.retry, self.pace)
        self.stop = delivery.stop
        return delivery

    def _record(self, db: Warehouse) -> None:
        """Write the answers that are not yet written, and count them: what is counted stands in the ledger."""
        if not self.unrecorded:
            return
        told, self.unrecorded = pa.concat_tables(self.unrecorded), []
        ledger.record(db, self.sync.name, told)
        found = {s["values"]: s["counts"] for s in pc.value_counts(told["status"].combine_chunks()).to_pylist()}
        self.counts[ACCEPTED] += found.get("delivered", 0) + found.get("removed", 0)
        self.counts[REJECTED] += found.get(REJECTED, 0)
        self.counts[IN_DOUBT] += found.get(IN_DOUBT, 0)
        self.counts["skipped"] += found.get(NOT_SENT, 0)
        self.counts["attempted"] += len(told) - found.get(NOT_SENT, 0)

    def _close(self, outcome: str, total: int = 0) -> str:
        """Write what is left to write; `done` becomes what the counts say it was."""
        with self._warehouse() as db:
            self._record(db)
            count = self.counts
            count["skipped"] = max(count["skipped"], total - count["attempted"])
            if outcome == "done" and (self.stop or 0 < count["attempted"] == count[REJECTED]):
                outcome = "failed"
            elif outcome == "done" and count[REJECTED] + count[IN_DOUBT]:
                outcome = "partial"
            ledger.close_run(db, self.run_id, self.sync.name, outcome, count, self.stop or None)
        return outcome

    def _warehouse(self) -> Any:
        return connect(self.settings, writer="activation")
