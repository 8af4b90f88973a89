"""One sync's push: settle what an earlier run has left, plan, let the guards judge, send, close.

The warehouse is open only in short turns, never while the network is waited for. Sending: delivery/windows.py.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from activation import orphans
from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED, HasFiles, HasPlace, Holds
from activation.delivery import outgoing
from activation.delivery.feedback import keep_figures
from activation.delivery.outcomes import Outcome, Pushed, Stop, StopKind
from activation.delivery.progress import Progress
from activation.delivery.results import WAITING, numbered
from activation.delivery.route import Route
from activation.delivery.settle import settle
from activation.delivery.windows import Windows
from activation.delivery.withdrawn import knows_addresses
from activation.ledger import baseline, delivered, marks, runs
from activation.ledger.marks import BEGUN, ENDED, Doubt, LastMarks, Marks, State
from activation.places import look
from activation.planning import additions, diff
from activation.planning.guards import GUARDS, Guard
from activation.planning.plan import NO_DOUBT, SyncPlan, make_plan
from activation.written.pieces import payload_of
from core.errors import FairleadError, RetryableError
from core.warehouse import Warehouse, hold

log = logging.getLogger("fairlead.activation")


class _Refused(Exception):  # noqa: N818
    """Takes the transaction back in which a refused push was prepared."""


@dataclass
class Push:
    """One sync's push, from what an earlier one has left to the mark of its end."""

    route: Route
    damage: str = ""  # what is wrong with what was delivered before, where somebody has emptied or damaged its place
    last_marks: LastMarks = field(default_factory=lambda: LastMarks(""))
    doubt: Doubt = field(default_factory=Doubt)

    def __post_init__(self) -> None:
        self.progress = Progress(self.route)
        self.marks = Marks(self.route.settings.home, self.route.sync.name, self.route.channel)
        self.unread: Stop | None = None  # why a mark could not be read; failed: the channel does not answer
        self.overlooks = ""  # whom a push of withdrawals could not find

    def run(self) -> Pushed:
        """Settle, plan, send. A refusal and a dead channel are outcomes, not exceptions."""
        with hold(self.route.settings, f"push.{self.route.sync.name}"):
            self._look()
            try:
                settled = settle(
                    self.progress.warehouse,
                    self.route.sync.name,
                    self.route.channel,
                    self.progress.journal,
                    self.route.memory,
                    self.progress.why,
                )
            except FairleadError as error:
                return self._unsettled(error)
            self.last_marks = self._look_for_marks()
            plan = self._open()
            tripped = self._trips(plan, self.route.wish.withdrawals_only)
            if tripped or self._is_blind(plan):
                outcome = self._refused(tripped)
            else:
                outcome = self._send(plan.changes, self.route.wish.withdrawals_only)
                if outcome != "failed":
                    keep_figures(
                        self.progress.warehouse, self.route.sync.name, self.progress.run_id, self.route.channel
                    )
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
            self.route.sync.name, self.route.sync.channel, self.progress.run_id,
            outcome, self.progress.tally.counts, settled,
            time.monotonic() - self.progress.began, self.progress.stop, self._place(), self.damage, refusing,
            overridden or {},
        )  # fmt: skip

    def _place(self) -> str:
        channel, is_there = self.route.channel, self.progress.tally.counts[ACCEPTED] > 0
        return channel.place(self.route.sync.name, self.route.day) if is_there and isinstance(channel, HasPlace) else ""

    def _look(self) -> None:
        """Said, and not refused: what else is to be sent does not depend on it."""
        if isinstance(self.route.channel, Holds | HasFiles):
            with self.progress.warehouse() as db:
                held = delivered.held_count(db, self.route.sync.name)
            self.damage = look(self.route.channel, self.route.sync, held)
            if self.damage:
                log.warning(self.damage)

    def _unsettled(self, error: FairleadError) -> Pushed:
        """What an earlier run left could not be asked: nothing new is begun, and the run says why."""
        self.progress.stop = self.progress.stop or Stop("failed", numbered(error))
        nothing: dict[str, Any] = {"held_back": {}, **dict.fromkeys(("audience", "adds", "updates", "removes"))}
        with self.progress.warehouse() as db:
            runs.open_run(db, self.progress.run_id, self.route.sync, self.route.day, nothing, whole=False)
        return self._pushed(self._close(self.progress.stop.kind, 0), {})

    def _refused(self, tripped: list[Guard]) -> Outcome:
        """Nothing is added or changed. Who has withdrawn is taken out all the same: no audience is needed for that."""
        words = [f"{GUARDS[g.guard]} {g.guard}: {g.detail}" for g in tripped]
        kind: StopKind = self.unread.kind if self.unread else "refused"
        why = "; ".join([*words, self.unread.text] if self.unread else words)
        total = 0
        if not self.route.wish.withdrawals_only:
            with self.progress.warehouse() as db, db.transaction():
                self._list_withdrawn(db)
                route, wish = self.route, replace(self.route.wish, withdrawals_only=True)
                withdrawn = make_plan(db, route.sync, route.channel, route.day, delivered.PENDING, wish)
                total = 0 if self._trips(withdrawn, withdrawals_only=True) else withdrawn.changes
                if total:
                    self.progress.by_row = outgoing.keep(db, self.route.sync)
        if total and self._send(total, withdrawals_only=True) != "failed":
            why += f"; {self.progress.tally.counts['accepted']} who withdrew were taken out, and nothing else was sent"
        self.progress.stop = Stop(kind, f"{why}; {self.progress.stop}" if self.progress.stop else why)
        return self._close(kind, total)

    def _is_blind(self, plan: SyncPlan) -> bool:
        """Whether a mark that cannot be read stands in the way: it may tell of a run that the ledger has lost."""
        if self.unread is None or self.route.wish.withdrawals_only:
            return False
        return self.unread.kind == "refused" or plan.changes > 0

    def _trips(self, plan: SyncPlan, withdrawals_only: bool) -> list[Guard]:
        """The guards that refuse. Of a withdrawal only too many are asked about, no audience and no mapping."""
        judged = [g for g in plan.guards if g.guard == "max_change_share"] if withdrawals_only else plan.guards
        return [g for g in judged if g.tripped and g.guard not in self.route.wish.overrides]

    def _list_withdrawn(self, db: Warehouse) -> None:
        diff.find_withdrawn(db, self.route.sync, self.route.wish.only)
        outgoing.keep_pending(db, self.route.sync.name, diff.withdrawals(self.route.sync, self.route.about.takes_back))

    def _look_for_marks(self) -> LastMarks:
        """A channel that does not answer is no fault of a run that has nothing to send; nor is a mark that nobody can
        read one of whoever withdraws, or of the channel's other syncs."""
        try:
            return self.marks.read()
        except FairleadError as error:
            self.unread = Stop("failed" if isinstance(error, RetryableError) else "refused", numbered(error))
        try:
            return replace(Marks(self.route.settings.home, self.route.sync.name).read(), at_channel=None)
        except FairleadError:
            return LastMarks("")

    def _open(self) -> SyncPlan:
        """Keep the list of changes (keys only, nothing personal), and judge it.

        A refused push leaves the ledger as it was: a --resend that nobody got must not wait there for the next push.
        """
        whole = not (self.route.wish.only or self.route.wish.rejected_only or self.route.wish.withdrawals_only)
        with self.progress.warehouse() as db:
            try:
                with db.transaction():
                    plan = self._listed(db)
                    if self._trips(plan, self.route.wish.withdrawals_only) or self._is_blind(plan):
                        raise _Refused
                    runs.open_run(db, self.progress.run_id, self.route.sync, self.route.day, plan.to_json(), whole)
                    orphans.keep(db, self.route.sync, self.route.about.takes_back)
                    for guard in (g for g in plan.guards if g.tripped and g.guard in self.route.wish.overrides):
                        reason = self.route.wish.overrides[guard.guard]
                        runs.log_override(db, self.progress.run_id, self.route.sync.name, guard.guard, reason)
                    self.progress.by_row = outgoing.keep(db, self.route.sync, payload_of(db, self.route))
            except _Refused:
                runs.open_run(db, self.progress.run_id, self.route.sync, self.route.day, plan.to_json(), whole)
        return plan

    def _listed(self, db: Warehouse) -> SyncPlan:
        wish, name = self.route.wish, self.route.sync.name
        self.route.sync.look_for_addresses(knows_addresses(db))
        runs.forget_cancels(db, [name], of_runs=True)  # we hold the sync, so no run of it is under way
        self.doubt = marks.doubt(db, self.route.sync.mode, self.last_marks)
        if wish.rebaseline:
            baseline.rebaseline(db, self.route.sync, self.progress.run_id, wish.only)
            self._take_as_sent(db)
        if wish.resend:
            baseline.doubt_all(db, self.route.sync, wish.only)
        doubt = NO_DOUBT if wish.withdrawals_only else self.doubt
        if wish.withdrawals_only:
            if diff.lacks_stopped_addresses(db, self.route.sync):
                self.overlooks = f"marts.address_withdrawals is not built; run `fairlead build --day {self.route.day}`"
            self._list_withdrawn(db)
        else:
            self._list_changes(db)
        route = self.route
        plan = make_plan(
            db, route.sync, route.channel, route.day, delivered.PENDING, wish, route.credential_expires, doubt=doubt
        )  # fmt: skip
        plan.guards.extend([Guard(orphans.MOVED, True, wish.moved)] * bool(wish.moved))
        return plan

    def _list_changes(self, db: Warehouse) -> None:
        route, wish = self.route, self.route.wish
        self.progress.first = first = additions.nobody_is_there(db, route.sync.name)
        again = route.channel.in_doubt == "idempotent"
        changes = additions.changes(db, route.sync, first, wish.only, wish.rejected_only, route.about.takes_back, again)
        outgoing.keep_pending(db, route.sync.name, changes, first)

    def _take_as_sent(self, db: Warehouse) -> None:
        """What a run that this ledger has lost may have sent, where nothing may be sent twice."""
        mark, feed = self.doubt.mark, bool(self.route.sync.feed)
        if mark is None or not (feed or self.route.channel.in_doubt == "message"):
            return
        until = self.route.settings.end_of_day(mark.day) if feed else None
        baseline.take_as_sent(db, self.route.sync, self.progress.run_id, until)

    def _send(self, total: int, withdrawals_only: bool = False) -> Outcome:
        """Who withdraws is taken out whatever the marks say; a mark in doubt then stays for somebody to judge."""
        outcome: Outcome = "failed"
        marking = not (self.unread or (withdrawals_only and self.doubt))
        try:
            if total and marking:
                self._mark(BEGUN)
            if self.route.channel.in_doubt == "message" and total:
                self.progress.journal.start()
            with ThreadPoolExecutor(self.route.channel.limits.concurrency, f"push.{self.route.sync.name}") as pool:
                Windows(self.progress).send(pool, total)
            outcome = "done"
        except FairleadError as error:
            self.progress.stop = self.progress.stop or Stop("failed", str(error))
        finally:
            outcome = self._close(outcome, total)
        self.progress.journal.finish()
        if marking and (total or self.doubt or not self.last_marks.at_home):
            self._mark_the_end()
        return outcome

    def _mark(self, state: State) -> None:
        route, run_id = self.route, self.progress.run_id
        with self.progress.warehouse() as db:
            mark = marks.make(db, route.sync.name, route.sync.mode, run_id, route.day, self.last_marks, state)
        self.marks.write(mark)

    def _mark_the_end(self) -> None:
        """The channel has the mark of the beginning, by which this run is known: it has sent, and does not fail."""
        try:
            self._mark(ENDED)
        except FairleadError as error:
            words = "FL312 %s: the mark at the channel is still that of the beginning (%s)"
            log.warning(words, self.route.sync.name, type(error).__name__)

    def _close(self, outcome: Outcome, total: int) -> Outcome:
        """Write what is left to write; `done` becomes what the counts say it was."""
        count = self.progress.tally.counts
        with self.progress.warehouse() as db:
            self.progress.write_answers(db, ended=True)
            count[SKIPPED] = max(count[SKIPPED], total - count["attempted"] - count[WAITING])
            if outcome == "done":
                outcome = self._outcome()
            outgoing.close(db, self.route.sync.name)
            runs.close_run(
                db,
                self.progress.run_id,
                self.route.sync.name,
                outcome,
                count,
                self.progress.stop.text if self.progress.stop else None,
            )
        return outcome

    def _outcome(self) -> Outcome:
        count = self.progress.tally.counts
        if self.progress.stop:
            return self.progress.stop.kind
        if 0 < count["attempted"] == count[REJECTED]:
            return "failed"
        if count[WAITING]:
            self.progress.stop = Stop("waiting", "FL109 the vendor's job is not done; `fairlead collect` asks for it")
            return "waiting"
        if self.overlooks:  # whoever withdrew was taken out all the same, but of the addresses nobody knows
            self.progress.stop = Stop("refused", f"FL206 unbuilt_day: {self.overlooks}")
            return "refused"
        return "partial" if count[REJECTED] + count[IN_DOUBT] else "done"
