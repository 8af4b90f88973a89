"""The loop that sends: claim a window of rows, send its batches, write the answers, again.

While one window is on its way the next is claimed. Whatever kills this process, the ledger then holds as claimed just
those rows whose fate is unknown, and the next run settles them (settle.py).
"""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import ACCEPTED, SKIPPED, ChangeBatch, LooksUp
from activation.delivery import answers, outgoing
from activation.delivery.batches import Piece, claims, cut, restart_rows
from activation.delivery.outcomes import Stop
from activation.delivery.progress import Progress
from activation.delivery.results import NOT_SENT, Delivery
from activation.delivery.send import Sender
from activation.delivery.tally import Answer
from activation.delivery.withdrawn import noes
from activation.ledger import delivered
from activation.written import pieces as written
from activation.written.pieces import WrittenPiece
from core.clock import now
from core.warehouse import Warehouse

# Claimed at once on an idempotent channel: keeps memory flat, and the warehouse seldom opened. DuckDB's row group:
# rows that come in whole ones are written once, while half a row group is written again at every checkpoint (a third
# of the ledger's time).
WINDOW_ROWS = 122_880
MANY = 10  # batches in a window: then one that is not full costs less than is won
WINDOW_SECONDS = 10  # …but no more than a rate-limited channel takes in this time, so that consent is never older
FLUSH_SECONDS = (
    5  # answers are written, and a cancellation is looked for, at least so often while a window is under way
)
AnyPiece = Piece | WrittenPiece
log = logging.getLogger("fairlead.activation")


@dataclass
class Windows:
    """The rows of one run, window after window."""

    progress: Progress

    def __post_init__(self) -> None:
        self.route = self.progress.route

    def send(self, pool: ThreadPoolExecutor, total: int) -> None:
        """Send window after window; the next is claimed while one is under way, but sent only when that one is done."""
        position = 0
        ahead = self._claim(0, self._end(0)) if total else []
        while position < total and not self.progress.stop:
            removals = {pool.submit(self._deliver, piece): piece for piece in ahead if piece.batch.removes}
            rest, under_way = [piece for piece in ahead if not piece.batch.removes], removals
            position, ahead = min(self._end(position), total), []
            try:
                if removals and rest:  # an address that one person leaves and another takes must not be taken out last
                    self._gather(removals)
                under_way = {pool.submit(self._deliver, piece): piece for piece in rest} or removals
                if position < total and self.route.channel.in_doubt == "idempotent":
                    ahead = self._claim(position, self._end(position))
                self._gather(under_way)
            except BaseException as interrupt:
                self._interrupted(under_way, ahead, interrupt)
                raise
            if position < total and self.route.channel.in_doubt == "message" and not self.progress.stop:
                ahead = self._claim(position, self._end(position))
            self.route.request.tell(self.route.sync.name, position, total)
        self._never_begun(ahead)

    def _never_begun(self, ahead: Sequence[AnyPiece]) -> None:
        """They were claimed, and the claims are let go of."""
        self.progress.tally.waiting.keys += [piece.batch.idempotency_key for piece in ahead]

    def _end(self, start: int) -> int:
        """Of the window that begins after position `start`: rows that are written share none with others."""
        end, by_row = start + self._window_rows(), self.progress.by_row
        return min(end, by_row) if start < by_row else end

    def _window_rows(self) -> int:
        """A message channel's claim is narrowed by its journal; a slow one's by what it takes in WINDOW_SECONDS."""
        limits, size = self.route.channel.limits, self.route.channel.limits.batch_size
        capacity = limits.requests_per_minute and int(limits.requests_per_minute * WINDOW_SECONDS / 60) * size
        if self.route.channel.in_doubt == "message":
            slow = int(WINDOW_SECONDS / limits.seconds_per_call) * limits.concurrency * size
            capacity = min(capacity or slow, slow)
        most = min(WINDOW_ROWS, capacity or WINDOW_ROWS)
        return max(size, most if size * MANY <= most else most // size * size)

    def _claim(self, start: int, end: int) -> Sequence[AnyPiece]:
        """Write the answers there are, then claim the next rows: removals share no window with what follows them."""
        with self.progress.warehouse() as db:
            self.progress.write_answers(db)
            self.progress.look_for_cancel(db)
            if start >= self.progress.by_row:
                return self._claim_written(db, start, end)
            return self._claim_by_row(db, start, end)

    def _claim_written(self, db: Warehouse, start: int, end: int) -> list[WrittenPiece]:
        run_id, opened = self.progress.run_id, self.progress.warehouse
        new, skipped = written.claim(db, self.route, run_id, (start, end), opened)
        self._skip(skipped)
        if new:
            delivered.claim(db, self.route.sync.name, run_id, written.claims(new))
        return new

    def _claim_by_row(self, db: Warehouse, start: int, end: int) -> list[Piece]:
        window = db.query(
            outgoing.window(self.route.sync, self.route.about.takes_back, noes(db)), [self.route.sync.name, start, end]
        )
        skipped = pc.equal(window["op"], "skip")
        delivered.forget_positions(db, self.route.sync.name, window["position"].filter(skipped))
        self._skip(pc.sum(skipped).as_py() or 0)
        pieces = cut(window, self.route.sync, self.route.channel, self.route.day, self.progress.run_id)
        del window
        row_by_row = [self._must_be_known(p) for p in pieces]
        new = [p for p, by_row in zip(pieces, row_by_row, strict=True) if not by_row]
        rows = [restart_rows(p) for p, by_row in zip(pieces, row_by_row, strict=True) if by_row]
        if new:
            delivered.claim(db, self.route.sync.name, self.progress.run_id, claims(new))
        if rows:
            delivered.keep_rows(db, self.route.sync.name, self.progress.run_id, pa.concat_tables(rows))
        return pieces

    def _skip(self, count: int) -> None:
        self.progress.tally.counts[SKIPPED] += count
        if count:
            log.info("FL306 %d people of %s withdrew before they were sent", count, self.route.sync.name)

    def _must_be_known(self, piece: Piece) -> bool:
        """Whether a restart must know what went out, and not only to whom: people or the batch are found by it.

        A few words are enough where nothing was there, and the channel knows people by person_id or takes none back.
        """
        by_address = bool(self.route.about.identifiers) and self.route.channel.in_doubt == "idempotent"
        return (
            by_address
            or isinstance(self.route.channel, LooksUp)
            or pc.any(pc.not_equal(piece.rows["op"], "add")).as_py()
        )

    def _gather(self, under_way: dict[Future[Answer], AnyPiece]) -> None:
        """Take the answers as they come, and write them every few seconds; what has been taken is under way no more."""
        written, waiting = time.monotonic(), set(under_way)
        while waiting:
            finished_futures, waiting = wait(waiting, FLUSH_SECONDS, FIRST_COMPLETED)
            for future in finished_futures:
                self._keep(future, under_way.pop(future))
            if waiting and time.monotonic() - written > FLUSH_SECONDS:
                with self.progress.warehouse() as db:
                    self.progress.write_answers(db)
                    self.progress.look_for_cancel(db)
                written = time.monotonic()

    def _keep(self, answered: Future[Answer], piece: AnyPiece) -> None:
        self.progress.tally.keep(answered.result(), piece)

    def _interrupted(
        self, under_way: dict[Future[Answer], AnyPiece], ahead: Sequence[AnyPiece], error: BaseException
    ) -> None:
        """Ctrl-C twice, or the warehouse is gone: nothing new is begun, and what had its answer is kept."""
        self.progress.stop = self.progress.stop or Stop("failed", f"FL115 cut off by {type(error).__name__}")
        wait(under_way)  # those that have not begun see `stop` and give up at once
        for future, piece in under_way.items():
            if not future.cancelled() and not future.exception():
                self._keep(future, piece)
        self._never_begun(ahead)

    def _deliver(self, piece: AnyPiece) -> Answer:
        """In a thread of the pool: send one batch, and say what the ledger is to write."""
        batch, began = piece.batch, time.monotonic()
        if why := self.progress.why():  # once the channel has failed for good, the rest goes back unsent
            delivery = Delivery.all(len(batch), NOT_SENT, why, False)
        else:
            delivery = self._journalled(piece)
            self.progress.stop = self.progress.stop or delivery.stop
            counts = pc.value_counts(delivery.statuses).to_pylist()
            self.progress.tally.waiting.calls.append({
                "idempotency_key": batch.idempotency_key, "rows": len(batch),
                "tries": delivery.tries, "called_at": now(),
                "seconds": round(time.monotonic() - began, 4),
                "status": ", ".join(f"{s['counts']} {s['values']}" for s in counts),
            })  # fmt: skip
        return self._answer(piece, delivery)

    def _answer(self, piece: AnyPiece, delivery: Delivery) -> Answer:
        """What is out row by row is written so; of a written batch only what was not simply accepted."""
        of, rule, memory = answers.of, self.route.channel.in_doubt, self.route.memory
        if isinstance(piece, Piece):
            return Answer(delivery, of(piece.remembered, delivery, rule, memory))
        if pc.all(pc.equal(delivery.statuses, ACCEPTED)).as_py() and delivery.remote_ids.null_count == len(piece.batch):
            return Answer(delivery, None)
        return Answer(delivery, lambda db: of(piece.by_row(db).remembered, delivery, rule, memory))

    def _journalled(self, piece: AnyPiece) -> Delivery:
        sender = Sender(
            self.route.channel,
            self.route.request.retry,
            self.route.pace,
            lambda part, job: self._keep_job(piece, part, job),
            self.progress.why,
            lambda parts: self._keep_parts(piece, parts),
        )
        if self.route.channel.in_doubt != "message" or isinstance(piece, WrittenPiece):
            return sender.deliver(piece.batch)
        self.progress.journal.begin(piece.batch.idempotency_key)
        delivery = sender.deliver(piece.batch)
        self.progress.journal.end(piece.batch.idempotency_key, delivery.statuses.to_pylist(), [None] * len(piece.batch))
        return delivery

    def _keep_parts(self, piece: AnyPiece, parts: list[ChangeBatch]) -> None:
        """A channel that can be asked for a batch knows each part by its own key, and no more by that of the whole."""
        if isinstance(piece, WrittenPiece) or not isinstance(self.route.channel, LooksUp):
            return
        rows = [restart_rows(piece, keys=part.keys, of_part=part.idempotency_key) for part in parts]
        with self.progress.warehouse() as db:
            delivered.keep_rows(db, self.route.sync.name, self.progress.run_id, pa.concat_tables(rows))

    def _keep_job(self, piece: AnyPiece, part: ChangeBatch, job: str) -> None:
        assert isinstance(piece, Piece)
        with self.progress.warehouse() as db:
            delivered.keep_rows(db, self.route.sync.name, self.progress.run_id, restart_rows(piece, job, part.keys))
