"""One batch out, one result a change back: pace, retries, jobs, and splitting until bad rows stand alone."""

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential_jitter,
)

from activation.channel import (
    IN_DOUBT,
    REJECTED,
    SKIPPED,
    BatchRejected,
    CallFailed,
    ChangeBatch,
    Channel,
    Finds,
    MaybeSent,
    NotSent,
    Results,
    Submitted,
    TakesJobs,
)
from activation.delivery import usual
from activation.delivery.batches import part, some_rows
from activation.delivery.outcomes import Stop
from activation.delivery.pace import LONGEST_WAIT_SECONDS, Pace
from activation.delivery.results import NOT_SENT, WAITING, Delivery, as_delivery, conforming, numbered
from activation.vendor import patience
from activation.vendor.patience import GRACE_SECONDS, Patience, Stopped
from activation.written.batch import TakesWritten, WrittenBatch
from core.errors import FairleadError, FatalError

Batch = ChangeBatch | WrittenBatch
NOT_DONE = "FL109 the vendor's job is not done"
LONGEST_QUESTION_SECONDS = 600.0  # an outcome may be a file of megabytes
log = logging.getLogger("fairlead.activation")


@dataclass(frozen=True)
class Retry:
    """How long a channel in trouble is tried: about a minute and a half, then its rows wait for the next run."""

    attempts: int = 6
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    # A channel that asks for more has its sync ended, and is asked at the next run.
    longest_retry_after_seconds: float = LONGEST_WAIT_SECONDS
    longest_batch_seconds: float = 1800.0  # all tries of one batch and the waits between; no further try begins later
    # A vendor's job that takes longer is left to it; `fairlead collect` or the next push asks for it. 0: do not wait.
    job_seconds: float = 3600.0
    job_poll_seconds: float = 2.0  # the first wait; doubles up to longest_wait_seconds
    sleep: Callable[[float], None] = patience.pause


@dataclass
class Sender:
    """A channel and how it is treated; `keep_job` writes down a vendor's job before it is waited for, `keep_parts`
    into which parts a refused batch was cut before any of them goes out.

    stopped   why an end is wanted, '' while nobody wants one: what is under way has a few seconds to get its answer,
              nothing new is begun, and a vendor's job is stopped there too, and then asked for what it did
    """

    channel: Channel
    retry: Retry
    pace: Pace
    keep_job: Callable[[ChangeBatch, str], None] = lambda batch, job: None
    stopped: Callable[[], str] = lambda: ""
    keep_parts: Callable[[list[ChangeBatch]], None] = lambda parts: None

    def deliver(self, batch: Batch) -> Delivery:
        """Send until every row has its result or the channel must be left alone; raises nothing but an interrupt."""
        tries = _Tries(self, batch)
        with patience.under(Patience(self.stopped)):
            delivery = self._delivered(batch, tries)
        return replace(delivery, tries=max(delivery.tries, tries.count))

    def _delivered(self, batch: Batch, tries: "_Tries") -> Delivery:
        try:
            outcome = _retrying(self.channel, self.retry)(tries.once)
            if isinstance(outcome, Submitted):
                assert isinstance(batch, ChangeBatch)
                return self._job(batch, outcome.job, tries.maybe_sent)
        except BatchRejected as error:
            if len(batch) == 1:
                return Delivery.all(1, REJECTED, str(error), tries.maybe_sent)
            return self._halves(batch, tries.maybe_sent)
        except (CallFailed, FatalError) as error:
            status = IN_DOUBT if tries.maybe_sent else NOT_SENT
            return Delivery.all(
                len(batch), status, numbered(error), tries.maybe_sent, stop=Stop("failed", numbered(error))
            )
        except Exception as error:  # a fault in the channel's file: its text may hold a record, so its type is told
            return self._fault(batch, error)
        return as_delivery(outcome, tries.maybe_sent)

    def _job(self, batch: ChangeBatch, job: str, maybe_sent: bool) -> Delivery:
        """Wait for the vendor's job; what ends the wait early leaves it under way, for `collect` to ask again."""
        self.keep_job(batch, job)
        assert isinstance(self.channel, TakesJobs)
        waited, wait = 0.0, self.retry.job_poll_seconds
        while waited < self.retry.job_seconds:
            self.retry.sleep(min(wait, self.retry.longest_wait_seconds))
            if self.stopped():
                return self._stopped_job(batch, job, maybe_sent)
            waited, wait = waited + wait, min(wait * 2, self.retry.longest_wait_seconds)
            if (delivery := self._ask_job(batch, job, maybe_sent)) is not None:
                return delivery
        return Delivery.all(len(batch), WAITING, NOT_DONE, maybe_sent)

    def _ask_job(self, batch: ChangeBatch, job: str, maybe_sent: bool) -> Delivery | None:
        """What became of the job; None while the vendor is at it, or cannot be asked now."""
        assert isinstance(self.channel, TakesJobs)
        try:
            results = ask(self.channel, job, batch.keys)
        except CallFailed as error:
            log.info("%s; the job is asked again", error)
            return None
        except (FatalError, BatchRejected) as error:  # a refused question must not send the batch again
            return Delivery.all(len(batch), WAITING, numbered(error), maybe_sent, stop=Stop("failed", numbered(error)))
        return None if results is None else as_delivery(conforming(results, len(batch)), maybe_sent)

    def _stopped_job(self, batch: ChangeBatch, job: str, maybe_sent: bool) -> Delivery:
        """Stop the job there, and ask for as long as the grace what it did; later `collect` asks."""
        assert isinstance(self.channel, TakesJobs)
        why, channel = self.stopped(), self.channel
        with patience.under(Patience()):  # an end is wanted, and these two calls are part of it
            try:
                patience.bounded(lambda: channel.cancel(job), GRACE_SECONDS, batch.sync)
                delivery = patience.bounded(lambda: self._ask_job(batch, job, maybe_sent), GRACE_SECONDS, batch.sync)
            except (FairleadError, BatchRejected) as error:
                log.warning("%s: the vendor's job could not be stopped: %s", batch.sync, numbered(error))
                delivery = None
        return delivery or Delivery.all(len(batch), WAITING, NOT_DONE, maybe_sent, stop=Stop("cancelled", why))

    def _halves(self, batch: Batch, maybe_sent: bool) -> Delivery:
        if isinstance(batch, WrittenBatch):
            try:
                batch = batch.load()
            except FairleadError as error:
                status, stop = IN_DOUBT if maybe_sent else NOT_SENT, Stop("failed", numbered(error))
                return Delivery.all(len(batch), status, stop.text, maybe_sent, stop=stop)
        middle = len(batch) // 2
        start, rest = part(batch, 0, middle), part(batch, middle, len(batch) - middle)
        self.keep_parts([start, rest])
        first = self.deliver(start)
        second = Delivery.all(len(rest), NOT_SENT, first.stop.text, False) if first.stop else self.deliver(rest)
        both = first.then(second)
        unsent = pc.and_(
            pc.equal(both.statuses, NOT_SENT), maybe_sent
        )  # an earlier try of the whole batch may have acted
        statuses = pc.if_else(unsent, IN_DOUBT, both.statuses)
        return replace(both, doubtful=pc.or_(both.doubtful, maybe_sent), statuses=statuses)

    def _fault(self, batch: Batch, error: Exception) -> Delivery:
        log.error("%s", "".join(traceback.format_tb(error.__traceback__)))  # lines of code, no values
        text = (
            f"FL107 {batch.sync}: the channel failed with {type(error).__name__}. "
            "Mend activation/channels, then push again."
        )
        return Delivery.all(len(batch), IN_DOUBT, text, True, stop=Stop("failed", text))


def deliver(channel: Channel, batch: Batch, retry: Retry, pace: Pace) -> Delivery:
    """One batch through a Sender of its own."""
    return Sender(channel, retry, pace).deliver(batch)


@dataclass
class _Tries:
    sender: Sender
    batch: Batch
    maybe_sent: bool = False
    count: int = 0

    def once(self) -> Results | Submitted:
        channel, pace = self.sender.channel, self.sender.pace
        pace.wait()
        self.count += 1
        try:
            outcome = patience.bounded(
                lambda: _push(channel, self.batch), channel.limits.longest_call_seconds, self.batch.sync
            )
        except MaybeSent:
            self.maybe_sent = True
            raise
        except NotSent as error:
            pace.block(error.retry_after_seconds or 0.0)
            raise
        finally:
            pace.learn(usual.quota(channel))
        return outcome if isinstance(outcome, Submitted) else conforming(outcome, len(self.batch))


def _push(channel: Channel, batch: Batch) -> Results | Submitted:
    """Look before writing where the sync asks for it and the channel cannot do so by itself."""
    if isinstance(batch, WrittenBatch):
        assert isinstance(channel, TakesWritten)
        return channel.push_written(batch)
    fields = tuple(f for f, policy in batch.policies.items() if policy == "set_if_empty")
    if batch.removes or not isinstance(channel, Finds) or not (fields or batch.mode in ("create_only", "update_only")):
        return channel.push(batch)
    existing = channel.find(batch, fields)
    unwanted = {"create_only": existing.present, "update_only": pc.invert(existing.present)}.get(batch.mode)
    if existing.fields is not None:
        batch = _without_filled(batch, existing.fields)
    if unwanted is None or not pc.any(unwanted).as_py():
        return channel.push(batch)
    reason = (
        "FL304 is there already, and the sync only creates"
        if batch.mode == "create_only"
        else "FL305 is not there, and the sync only updates"
    )
    return _push_some(channel, batch, pc.invert(unwanted), reason)


def _without_filled(batch: ChangeBatch, existing: pa.Table) -> ChangeBatch:
    """NULL where the vendor has a value already: a NULL of policy set_if_empty is never sent."""
    fields = batch.fields
    for name in existing.column_names:
        at = fields.column_names.index(name)
        empty = pc.is_null(existing[name])
        fields = fields.set_column(at, name, pc.if_else(empty, fields[name], pa.scalar(None, fields[name].type)))
    return replace(batch, fields=fields)


def _push_some(channel: Channel, batch: ChangeBatch, mask: pa.Array, reason: str) -> Results:
    """The rows where `mask` is true go; the others are skipped, with the reason.

    A job is refused here: its rows would not fit the batch.
    """
    at = pc.indices_nonzero(mask)
    outcome = channel.push(some_rows(batch, at)) if len(at) else Results.accepted(0)
    if isinstance(outcome, Submitted):
        raise FatalError(f"{batch.sync}: the channel works in jobs and cannot also look first.")
    outcome = conforming(outcome, len(at))
    of_batch = pc.subtract(pc.cumulative_sum(pc.cast(mask, pa.int64())), 1)  # its place among those that go
    place = pc.if_else(mask, of_batch, pa.scalar(None, pa.int64()))
    statuses, errors = outcome.statuses.take(place), outcome.errors.take(place)
    remote = None if outcome.remote_ids is None else outcome.remote_ids.take(place)
    return Results(pc.if_else(mask, statuses, SKIPPED), pc.if_else(mask, errors, reason), remote)


def ask(channel: TakesJobs, job: str, keys: pa.Array) -> Results | None:
    """What became of a job; a vendor that does not answer is not waited for."""
    return patience.bounded(lambda: channel.collect(job, keys), LONGEST_QUESTION_SECONDS, "the vendor's job")


def _retrying(channel: Channel, retry: Retry) -> Retrying:
    backoff = wait_exponential_jitter(
        multiplier=retry.first_wait_seconds, max=retry.longest_wait_seconds, jitter=retry.first_wait_seconds
    )

    def again(error: BaseException) -> bool:
        if not isinstance(error, CallFailed) or (isinstance(error, MaybeSent) and channel.in_doubt == "message"):
            return False
        if isinstance(error, Stopped) or patience.current().stopped():
            return False
        return (error.retry_after_seconds or 0) <= retry.longest_retry_after_seconds

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        retry_after = error.retry_after_seconds if isinstance(error, CallFailed) else None
        seconds = max(0.0, retry_after) if retry_after is not None else backoff(state)
        log.info("%s; try %d of %d in %.1f s", error, state.attempt_number + 1, retry.attempts, seconds)
        return seconds

    return Retrying(
        stop=stop_after_attempt(retry.attempts) | stop_after_delay(retry.longest_batch_seconds),
        wait=wait,
        retry=retry_if_exception(again),
        sleep=retry.sleep,
        reraise=True,
    )
