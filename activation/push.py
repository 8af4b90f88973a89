"""The one loop that delivers: claim a window, send its batches, write the answers, again.

The warehouse is open only in short turns, never while the network is waited for; while one window is on its way the next is
claimed. Whatever kills this process, the ledger then holds as claimed just those rows whose fate is unknown, and the next run
settles them (settle.py).
"""

import logging
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from activation import diff, marks, orphans
from activation.channel import IN_DOUBT, REJECTED, SKIPPED, ChangeBatch, HasFiles, Holds, LooksUp
from activation.delivery import answers, outgoing
from activation.delivery.batches import Piece, claims, cut, kept
from activation.delivery.feedback import keep_figures
from activation.delivery.journal import Journal
from activation.delivery.outcomes import Outcome, Pushed, Stop, StopKind
from activation.delivery.route import Route
from activation.delivery.send import NOT_SENT, WAITING, Delivery, Sender, numbered
from activation.delivery.settle import settle
from activation.delivery.tally import Answer, Tally
from activation.delivery.turn import turn
from activation.guards import GUARDS, Guard
from activation.ledger import delivered, runs
from activation.marks import BEGUN, ENDED, Doubt, Marks, Seen, State
from activation.places import look
from activation.plan import NO_DOUBT, SyncPlan, make_plan
from core.clock import now
from core.errors import FairleadError, RetryableError
from core.warehouse import Warehouse, hold

# Claimed at once on an idempotent channel: keeps memory flat, and the warehouse seldom opened. DuckDB's row group: rows that come
# in whole ones are written once, while half a row group is written again at every checkpoint (a third of the ledger's time).
WINDOW_ROWS = 122_880
MANY = 10  # batches in a window: then one that is not full costs less than is won
WINDOW_SECONDS = 10  # …but no more than a rate-limited channel takes in this time, so that consent is never older
FLUSH_SECONDS = (
    5  # answers are written, and a cancellation is looked for, at least so often while a window is under way
)
log = logging.getLogger("fairlead.activation")


class _Refused(Exception):  # noqa: N818
    """Takes the transaction back in which a refused push was prepared."""


@dataclass
class Push:
    """One sync's push: what does not change from window to window, and the counts."""

    route: Route
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    stop: Stop | None = None  # why nothing new is begun
    place: str = ""  # what is wrong with what was delivered before, where somebody has emptied or damaged its place
    first: bool = False  # the ledger knew nobody of this sync when the run began
    began: float = field(default_factory=time.monotonic)
    seen: Seen = field(default_factory=lambda: Seen(""))
    doubt: Doubt = field(default_factory=Doubt)

    def __post_init__(self) -> None:
        self.journal = Journal(self.route.settings.home, self.route.sync.name)
        self.marks = Marks(self.route.settings.home, self.route.sync.name, self.route.channel)
        self.unread: Stop | None = None  # why a mark could not be read; failed: the channel does not answer
        self.overlooks = ""  # whom a push of withdrawals could not find
        self.tally = Tally(self.route.sync.name, self.run_id)

    def run(self) -> Pushed:
        """Settle, plan, send. A refusal and a dead channel are outcomes, not exceptions."""
        with hold(self.route.settings, f"push.{self.route.sync.name}"):
            self._look()
            try:
                settled = settle(
                    self._warehouse,
                    self.route.sync.name,
                    self.route.channel,
                    self.journal,
                    self.route.memory,
                    self._why,
                )
            except FairleadError as error:
                return self._unsettled(error)
            self.seen = self._look_for_marks()
            plan = self._open()
            tripped = self._trips(plan, self.route.wish.withdrawals_only)
            if tripped or self._is_blind(plan):
                outcome = self._refused(tripped)
            else:
                outcome = self._send(plan.changes, self.route.wish.withdrawals_only)
                if outcome != "failed":
                    keep_figures(self._warehouse, self.route.sync.name, self.run_id, self.route.channel)
        overridden = {
            g.guard: self.route.wish.overrides[g.guard]
            for g in plan.guards
            if g.tripped and g.guard in self.route.wish.overrides
        }
        return self._pushed(outcome, settled, tripped, overridden)

    def _pushed(
        self,
        outcome: Outcome,
        settled: Mapping[str, int],
        refusing: Sequence[Guard] = (),
        overridden: Mapping[str, str] | None = None,
    ) -> Pushed:
        return Pushed(
            self.route.sync.name, self.route.sync.channel, self.run_id, outcome, self.tally.counts, settled,
            time.monotonic() - self.began, self.stop, self.place, refusing, overridden or {},
        )  # fmt: skip

    def _look(self) -> None:
        """Said, and not refused: what else is to be sent does not depend on it."""
        if isinstance(self.route.channel, Holds | HasFiles):
            with self._warehouse() as db:
                held = delivered.held_count(db, self.route.sync.name)
            self.place = look(self.route.channel, self.route.sync, held)
            if self.place:
                log.warning(self.place)

    def _unsettled(self, error: FairleadError) -> Pushed:
        """What an earlier run left could not be asked: nothing new is begun, and the run says why."""
        self.stop = self.stop or Stop("failed", numbered(error))
        nothing: dict[str, Any] = {"held_back": {}, **dict.fromkeys(("audience", "adds", "updates", "removes"))}
        with self._warehouse() as db:
            runs.open_run(db, self.run_id, self.route.sync, self.route.day, nothing, whole=False)
        return self._pushed(self._close(self.stop.kind, 0), {})

    def _refused(self, tripped: list[Guard]) -> Outcome:
        """Nothing is added or changed. Who has withdrawn is taken out all the same: that rests on no audience of today."""
        words = [f"{GUARDS[g.guard]} {g.guard}: {g.detail}" for g in tripped]
        kind: StopKind = self.unread.kind if self.unread else "refused"
        why = "; ".join([*words, self.unread.text] if self.unread else words)
        total = 0
        if not self.route.wish.withdrawals_only:
            with self._warehouse() as db, db.transaction():
                self._list_withdrawn(db)
                withdrawn = make_plan(
                    db,
                    self.route.sync,
                    self.route.channel,
                    self.route.day,
                    delivered.PENDING,
                    replace(self.route.wish, withdrawals_only=True),
                )
                total = 0 if self._trips(withdrawn, withdrawals_only=True) else withdrawn.changes
                if total:
                    outgoing.keep(db, self.route.sync)
        if total and self._send(total, withdrawals_only=True) != "failed":
            why += f"; {self.tally.counts['accepted']} who withdrew were taken out, and nothing else was sent"
        self.stop = Stop(kind, f"{why}; {self.stop}" if self.stop else why)
        return self._close(kind, total)

    def _is_blind(self, plan: SyncPlan) -> bool:
        """Whether a mark that cannot be read stands in the way: it may tell of a run that the ledger has lost."""
        if self.unread is None or self.route.wish.withdrawals_only:
            return False
        return self.unread.kind == "refused" or plan.changes > 0

    def _trips(self, plan: SyncPlan, withdrawals_only: bool) -> list[Guard]:
        """The guards that refuse. A withdrawal needs neither today's audience nor the mapping: only too many of them are asked about."""
        judged = [g for g in plan.guards if g.guard == "max_change_share"] if withdrawals_only else plan.guards
        return [g for g in judged if g.tripped and g.guard not in self.route.wish.overrides]

    def _list_withdrawn(self, db: Warehouse) -> None:
        diff.find_withdrawn(db, self.route.sync, self.route.wish.only)
        outgoing.keep_pending(db, self.route.sync.name, diff.withdrawals(self.route.sync, self.route.about.takes_back))

    def _look_for_marks(self) -> Seen:
        """A channel that does not answer is no fault of a run that has nothing to send; nor is a mark that nobody can read one of
        whoever withdraws, or of the channel's other syncs."""
        try:
            return self.marks.seen()
        except FairleadError as error:
            self.unread = Stop("failed" if isinstance(error, RetryableError) else "refused", numbered(error))
        try:
            return replace(Marks(self.route.settings.home, self.route.sync.name).seen(), there=None)
        except FairleadError:
            return Seen("")

    def _open(self) -> SyncPlan:
        """Keep the list of changes (keys only, nothing personal), and judge it.

        A refused push leaves the ledger as it was: a --resend that nobody got must not wait there for the next push.
        """
        whole = not (self.route.wish.only or self.route.wish.rejected_only or self.route.wish.withdrawals_only)
        with self._warehouse() as db:
            try:
                with db.transaction():
                    plan = self._listed(db)
                    if self._trips(plan, self.route.wish.withdrawals_only) or self._is_blind(plan):
                        raise _Refused
                    runs.open_run(db, self.run_id, self.route.sync, self.route.day, plan.to_json(), whole)
                    orphans.keep(db, self.route.sync, self.route.about.takes_back)
                    for guard in (g for g in plan.guards if g.tripped and g.guard in self.route.wish.overrides):
                        reason = self.route.wish.overrides[guard.guard]
                        runs.log_override(db, self.run_id, self.route.sync.name, guard.guard, reason)
                    outgoing.keep(db, self.route.sync)
            except _Refused:
                runs.open_run(db, self.run_id, self.route.sync, self.route.day, plan.to_json(), whole)
        return plan

    def _listed(self, db: Warehouse) -> SyncPlan:
        wish, name = self.route.wish, self.route.sync.name
        runs.forget_cancels(db, [name], of_runs=True)  # we hold the sync, so no run of it is under way
        self.doubt = marks.doubt(db, self.route.sync.mode, self.seen)
        if wish.rebaseline:
            diff.rebaseline(db, self.route.sync, self.run_id, wish.only)
            self._take_as_sent(db)
        if wish.resend:
            diff.doubt_all(db, self.route.sync, wish.only)
        doubt = NO_DOUBT if wish.withdrawals_only else self.doubt
        if wish.withdrawals_only:
            if diff.lacks_stopped_addresses(db, self.route.sync):
                self.overlooks = f"marts.address_withdrawals is not built; run `fairlead build --day {self.route.day}`"
            self._list_withdrawn(db)
        else:
            self._list_changes(db)
        route = self.route
        return make_plan(
            db, route.sync, route.channel, route.day, delivered.PENDING, wish, route.credential_expires, doubt=doubt
        )  # fmt: skip

    def _list_changes(self, db: Warehouse) -> None:
        route, name = self.route, self.route.sync.name
        self.first = not len(db.query("select 1 as one from activation.delivered where sync = $1 limit 1", [name]))
        diff.find_changed(db, route.sync, route.wish.only, route.wish.rejected_only)
        again = route.channel.in_doubt == "idempotent"
        outgoing.keep_pending(db, name, diff.changes(route.sync, route.about.takes_back, again))

    def _take_as_sent(self, db: Warehouse) -> None:
        """What a run that this ledger has lost may have sent, where nothing may be sent twice."""
        mark, feed = self.doubt.mark, bool(self.route.sync.feed)
        if mark is None or not (feed or self.route.channel.in_doubt == "message"):
            return
        until = self.route.settings.end_of_day(mark.day) if feed else None
        diff.take_as_sent(db, self.route.sync, self.run_id, until)

    def _send(self, total: int, withdrawals_only: bool = False) -> Outcome:
        """Who withdraws is taken out whatever the marks say, and then a mark that is in doubt or cannot be read stays for somebody to judge."""
        outcome: Outcome = "failed"
        marking = not (self.unread or (withdrawals_only and self.doubt))
        try:
            if total and marking:
                self._mark(BEGUN)
            if self.route.channel.in_doubt == "message" and total:
                self.journal.start()
            with ThreadPoolExecutor(self.route.channel.limits.concurrency, f"push.{self.route.sync.name}") as pool:
                self._windows(pool, total)
            outcome = "done"
        except FairleadError as error:
            self.stop = self.stop or Stop("failed", str(error))
        finally:
            outcome = self._close(outcome, total)
        self.journal.finish()
        if marking and (total or self.doubt or not self.seen.here):
            self._mark_the_end()
        return outcome

    def _mark(self, state: State) -> None:
        with self._warehouse() as db:
            mark = marks.make(
                db, self.route.sync.name, self.route.sync.mode, self.run_id, self.route.day, self.seen, state
            )
        self.marks.write(mark)

    def _mark_the_end(self) -> None:
        """The channel has the mark of the beginning, by which this run is known: no reason to fail one that has sent."""
        try:
            self._mark(ENDED)
        except FairleadError as error:
            log.warning(
                "FL312 %s: the mark at the channel is still that of the beginning (%s)",
                self.route.sync.name,
                type(error).__name__,
            )

    def _windows(self, pool: ThreadPoolExecutor, total: int) -> None:
        """Send window after window; the next is claimed while one is under way, but sent only when that one is done."""
        size, position = self._window_rows(), 0
        ahead = self._claim(0, size) if total else []
        while position < total and not self.stop:
            removals = {pool.submit(self._deliver, piece): piece for piece in ahead if piece.batch.removes}
            rest, under_way = [piece for piece in ahead if not piece.batch.removes], removals
            position, ahead = min(position + size, total), []
            try:
                if removals and rest:  # an address that one person leaves and another takes must not be taken out last
                    self._gather(removals)
                under_way = {pool.submit(self._deliver, piece): piece for piece in rest} or removals
                if position < total and self.route.channel.in_doubt == "idempotent":
                    ahead = self._claim(position, position + size)
                self._gather(under_way)
            except BaseException as interrupt:
                self._interrupted(under_way, ahead, interrupt)
                raise
            if position < total and self.route.channel.in_doubt == "message" and not self.stop:
                ahead = self._claim(position, position + size)
            self.route.request.tell(self.route.sync.name, position, total)
        self.tally.keys += [piece.batch.idempotency_key for piece in ahead]  # claimed ahead, and never begun

    def _window_rows(self) -> int:
        """A message channel's claim is narrowed by its journal; a slow one's by what it takes in WINDOW_SECONDS."""
        limits, size = self.route.channel.limits, self.route.channel.limits.batch_size
        taken = limits.requests_per_minute and int(limits.requests_per_minute * WINDOW_SECONDS / 60) * size
        if self.route.channel.in_doubt == "message":
            slow = int(WINDOW_SECONDS / limits.seconds_per_call) * limits.concurrency * size
            taken = min(taken or slow, slow)
        most = min(WINDOW_ROWS, taken or WINDOW_ROWS)
        return max(size, most if size * MANY <= most else most // size * size)

    def _claim(self, start: int, end: int) -> list[Piece]:
        """Write the answers there are, then read and claim the next rows: removals never share a window with what follows them."""
        with self._warehouse() as db:
            self.tally.write(db, self.first)
            self._look_for_cancel(db)
            window = db.query(
                outgoing.window(self.route.sync, self.route.about.takes_back), [self.route.sync.name, start, end]
            )
            skipped = pc.equal(window["op"], "skip")
            delivered.forget_positions(db, self.route.sync.name, window["position"].filter(skipped))
            gone = pc.sum(skipped).as_py() or 0
            self.tally.counts[SKIPPED] += gone
            if gone:
                log.info("FL306 %d people of %s withdrew before they were sent", gone, self.route.sync.name)
            pieces = cut(window, self.route.sync, self.route.channel, self.route.day, self.run_id)
            del window
            if not pieces:
                return []
            row_by_row = [self._must_be_known(p) for p in pieces]
            new = [p for p, by_row in zip(pieces, row_by_row, strict=True) if not by_row]
            rows = [kept(p) for p, by_row in zip(pieces, row_by_row, strict=True) if by_row]
            if new:
                delivered.claim(db, self.route.sync.name, self.run_id, claims(new))
            if rows:
                delivered.keep_rows(db, self.route.sync.name, self.run_id, pa.concat_tables(rows))
        return pieces

    def _must_be_known(self, piece: Piece) -> bool:
        """Whether a restart must know what went out, and not only to whom: by it these people are found, or the batch is.

        A few words are enough where nothing was there before, and the channel knows people by person_id or takes no message back.
        """
        by_address = bool(self.route.about.identifiers) and self.route.channel.in_doubt == "idempotent"
        return (
            by_address
            or isinstance(self.route.channel, LooksUp)
            or pc.any(pc.not_equal(piece.rows["op"], "add")).as_py()
        )

    def _gather(self, under_way: dict[Future[Answer], Piece]) -> None:
        """Take the answers as they come, and write them every few seconds; what has been taken is under way no more."""
        written, waiting = time.monotonic(), set(under_way)
        while waiting:
            done, waiting = wait(waiting, FLUSH_SECONDS, FIRST_COMPLETED)
            for future in done:
                self._keep(future, under_way.pop(future))
            if waiting and time.monotonic() - written > FLUSH_SECONDS:
                with self._warehouse() as db:
                    self.tally.write(db, self.first)
                    self._look_for_cancel(db)
                written = time.monotonic()

    def _keep(self, answered: Future[Answer], piece: Piece) -> None:
        self.tally.keep(answered.result(), piece.batch.idempotency_key)

    def _interrupted(self, under_way: dict[Future[Answer], Piece], ahead: list[Piece], error: BaseException) -> None:
        """Ctrl-C twice, or the warehouse is gone: nothing new is begun, and what had its answer is kept."""
        self.stop = self.stop or Stop("failed", f"FL115 cut off by {type(error).__name__}")
        wait(under_way)  # those that have not begun see `stop` and give up at once
        for future, piece in under_way.items():
            if not future.cancelled() and not future.exception():
                self._keep(future, piece)
        self.tally.keys += [piece.batch.idempotency_key for piece in ahead]

    def _deliver(self, piece: Piece) -> Answer:
        """In a thread of the pool: send one batch, and say what the ledger is to write."""
        batch, began = piece.batch, time.monotonic()
        if why := self._why():  # once the channel has failed for good, the rest goes back unsent
            delivery = Delivery.all(len(batch), NOT_SENT, why, False)
        else:
            delivery = self._journalled(piece)
            self.stop = self.stop or delivery.stop
            counts = pc.value_counts(delivery.statuses).to_pylist()
            self.tally.calls.append({
                "idempotency_key": batch.idempotency_key, "rows": len(batch), "tries": delivery.tries, "called_at": now(),
                "seconds": round(time.monotonic() - began, 4),
                "status": ", ".join(f"{s['counts']} {s['values']}" for s in counts),
            })  # fmt: skip
        return Answer(answers.of(piece.remembered, delivery, self.route.channel.in_doubt, self.route.memory), delivery)

    def _journalled(self, piece: Piece) -> Delivery:
        sender = Sender(
            self.route.channel,
            self.route.request.retry,
            self.route.pace,
            lambda part, job: self._keep_job(piece, part, job),
            self._why,
        )
        if self.route.channel.in_doubt != "message":
            return sender.deliver(piece.batch)
        self.journal.begin(piece.batch.idempotency_key)
        delivery = sender.deliver(piece.batch)
        self.journal.end(piece.batch.idempotency_key, delivery.statuses.to_pylist(), [None] * len(piece.batch))
        return delivery

    def _keep_job(self, piece: Piece, part: ChangeBatch, job: str) -> None:
        with self._warehouse() as db:
            delivered.keep_rows(db, self.route.sync.name, self.run_id, kept(piece, job, part.keys))

    def _look_for_cancel(self, db: Warehouse) -> None:
        reason = runs.cancelled(db, self.route.sync.name, self.run_id)
        if reason is not None and not self.stop:
            self.stop = Stop("cancelled", f"FL111 cancelled: {reason}")
        self._why()

    def _why(self) -> str:
        """Why nothing new is to be begun; '' while it may be."""
        if self.stop is None and (why := self.route.request.stopped()):
            self.stop = Stop("cancelled", why)
        return self.stop.text if self.stop else ""

    def _close(self, outcome: Outcome, total: int) -> Outcome:
        """Write what is left to write; `done` becomes what the counts say it was."""
        count = self.tally.counts
        with self._warehouse() as db:
            self.tally.write(db, self.first)
            count[SKIPPED] = max(count[SKIPPED], total - count["attempted"] - count[WAITING])
            if outcome == "done":
                outcome = self._outcome()
            outgoing.drop(db, self.route.sync.name)
            runs.close_run(db, self.run_id, self.route.sync.name, outcome, count, self.stop.text if self.stop else None)
        return outcome

    def _outcome(self) -> Outcome:
        count = self.tally.counts
        if self.stop:
            return self.stop.kind
        if 0 < count["attempted"] == count[REJECTED]:
            return "failed"
        if count[WAITING]:
            self.stop = Stop("waiting", "FL109 the vendor's job is not done; `fairlead collect` asks for it")
            return "waiting"
        if self.overlooks:  # whoever withdrew was taken out all the same, but of the addresses nobody knows
            self.stop = Stop("refused", f"FL206 unbuilt_day: {self.overlooks}")
            return "refused"
        return "partial" if count[REJECTED] + count[IN_DOUBT] else "done"

    @contextmanager
    def _warehouse(self) -> Iterator[Warehouse]:
        with turn(self.route.settings, self._why) as db:
            yield db
