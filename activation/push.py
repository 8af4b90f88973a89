"""The one loop that delivers: claim a window, send its batches, write the answers, again.

The warehouse is open only between windows, never while the network is waited for. Whatever kills this process, the ledger
then says `sending` for just those rows whose fate is unknown, and the next run settles them by the channel's rule.
"""

import hashlib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from activation import answers, diff, ledger
from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, ChangeBatch, Channel
from activation.payload import plain
from activation.plan import SyncPlan, make_plan
from activation.send import NOT_SENT, Delivery, Pace, Retry, deliver
from activation.sync import Sync
from core.errors import FairleadError
from core.settings import Settings
from core.warehouse import connect

WINDOW_ROWS = 20_000  # claimed at once on an idempotent channel: keeps memory flat, and the warehouse seldom opened
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

    def run(self, overrides: Mapping[str, str]) -> dict[str, Any]:
        """Settle, plan, send. The sync's JSON object; a refusal and a dead channel are outcomes, not exceptions."""
        began = time.monotonic()
        with ledger.only_push_of(self.settings, self.sync.name):
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
                ledger.keep_pending(db, self.sync.name, diff.changes(self.sync, self.channel.in_doubt, db.engine_name))
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
            self.counts["skipped"] += total - self.counts["attempted"] - self.counts["skipped"]
            failed = self.stop or (self.counts["attempted"] and self.counts[REJECTED] == self.counts["attempted"])
            outcome = "failed" if failed else "partial" if self.counts[REJECTED] + self.counts[IN_DOUBT] else "done"
        except FairleadError as error:
            self.stop = str(error)
        finally:
            self._close(outcome)
        return outcome

    def _window_rows(self) -> int:
        limits, size = self.channel.limits, self.channel.limits.batch_size
        if self.channel.in_doubt == "message":
            return size  # what is claimed and not sent when we die is lost to a message channel: one batch at most
        taken = limits.requests_per_minute and int(limits.requests_per_minute * WINDOW_SECONDS / 60) * size
        return max(size, min(WINDOW_ROWS, taken or WINDOW_ROWS) // size * size)

    def _window(self, start: int, end: int) -> None:
        """Claim rows, send them batch by batch, write the answers as they come; also when we are interrupted."""
        with self._warehouse() as db:
            found = db.query(diff.window(self.sync, db.engine_name), [self.sync.name, start, end])
            rows = found.filter(pc.not_equal(found["op"], "skip")).combine_chunks()
            self.counts["skipped"] += len(found) - len(rows)
            batches = self._batches(rows)
            if batches:
                ledger.claim(db, self.sync.name, self.run_id, _claims(rows, batches))
        self._send_window(batches)

    def _send_window(self, batches: list[tuple[ChangeBatch, pa.Table]]) -> None:
        answered: list[pa.Table] = []
        recorded, flushed_at, rule = 0, time.monotonic(), self.channel.in_doubt
        try:
            for batch, hashes in batches:
                answered.append(answers.of(batch, hashes, self._deliver(batch), rule))
                if time.monotonic() - flushed_at > FLUSH_SECONDS:
                    self._record(answered[recorded:])
                    recorded, flushed_at = len(answered), time.monotonic()
        except BaseException as interrupt:
            self.stop = f"cut off by {type(interrupt).__name__}"
            under_way = len(answered)
            for at in range(under_way, len(batches)):  # the first of these may have left, the others never did
                status = IN_DOUBT if at == under_way else NOT_SENT
                answered.append(
                    answers.of(
                        *batches[at], Delivery.all(len(batches[at][0]), status, self.stop, status == IN_DOUBT), rule
                    )
                )
            raise
        finally:
            self._record(answered[recorded:])

    def _deliver(self, batch: ChangeBatch) -> Delivery:
        """Once the channel has failed for good, the rest of the window goes back unsent."""
        if self.stop:
            return Delivery.all(len(batch), NOT_SENT, self.stop, False)
        delivery = deliver(self.channel, batch, self.retry, self.pace)
        self.stop = delivery.stop
        return delivery

    def _batches(self, rows: pa.Table) -> list[tuple[ChangeBatch, pa.Table]]:
        """The window cut to the channel's size, each batch with the hashes that its acceptance will be remembered by."""
        fields = plain(pa.table({name: rows[f"f{i}"] for i, name in enumerate(self.sync.fields)}))
        if not self.channel.removal_needs_fields:
            removed = pc.equal(rows["op"], "remove")
            fields = pa.table(
                {n: pc.if_else(removed, pa.scalar(None, fields[n].type), fields[n]) for n in fields.column_names}
            )
        size, cut = self.channel.limits.batch_size, []
        for at in range(0, len(rows), size):
            piece = rows.slice(at, size)
            batch = ChangeBatch(
                sync=self.sync.name, day=self.day, run_id=self.run_id, idempotency_key=self._key(piece),
                keys=_array(piece["person_id"]), ops=_array(piece["op"]), fields=fields.slice(at, size),
            )  # fmt: skip
            cut.append((batch, piece.select(["payload_hash", "quick_hash"])))
        return cut

    def _key(self, rows: pa.Table) -> str:
        """The run is in it: the same payload, sent, replaced and sent again, must not look like a repetition."""
        digest = hashlib.sha256(self.run_id.encode())
        for column in ("person_id", "op", "payload_hash"):
            digest.update("\0".join(v or "" for v in rows[column].to_pylist()).encode() + b"\1")
        return f"{self.sync.name}.{self.day}.{digest.hexdigest()[:32]}"

    def _record(self, answered: list[pa.Table]) -> None:
        if not answered:
            return
        told = pa.concat_tables(answered)
        with self._warehouse() as db:
            ledger.record(db, self.sync.name, told)
        found = {s["values"]: s["counts"] for s in pc.value_counts(told["status"].combine_chunks()).to_pylist()}
        self.counts[ACCEPTED] += found.get("delivered", 0) + found.get("removed", 0)
        self.counts[REJECTED] += found.get(REJECTED, 0)
        self.counts[IN_DOUBT] += found.get(IN_DOUBT, 0)
        self.counts["skipped"] += found.get(NOT_SENT, 0)
        self.counts["attempted"] += len(told) - found.get(NOT_SENT, 0)

    def _close(self, outcome: str) -> None:
        with self._warehouse() as db:
            ledger.close_run(db, self.run_id, self.sync.name, outcome, self.counts, self.stop or None)

    def _warehouse(self) -> Any:
        return connect(self.settings, writer="activation")


def _claims(rows: pa.Table, batches: list[tuple[ChangeBatch, pa.Table]]) -> pa.Table:
    keys = pa.concat_arrays([pa.repeat(pa.scalar(b.idempotency_key), len(b)) for b, _ in batches])
    return rows.select(["person_id", "op", "payload_hash", "quick_hash"]).append_column("idempotency_key", keys)


def _array(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return (whole.chunk(0) if isinstance(whole, pa.ChunkedArray) and whole.num_chunks else whole).cast(pa.string())
