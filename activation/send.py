"""One batch out, one result a change back: pace, retries, and splitting a refused batch until the bad rows stand alone."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from activation.channel import (
    ACCEPTED,
    IN_DOUBT,
    REJECTED,
    BatchRejected,
    ChangeBatch,
    Channel,
    MaybeSent,
    NotSent,
    Results,
)
from core.errors import FatalError

NOT_SENT = "not_sent"  # beside the channel's three: we never got to it, or the channel surely did nothing
log = logging.getLogger("fairlead.activation")


@dataclass(frozen=True)
class Retry:
    """How long a channel in trouble is tried: about a minute and a half, then its rows wait for the next run."""

    attempts: int = 6
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 60.0
    longest_retry_after_seconds: float = (
        300.0  # a channel that asks for more has its sync ended, and is asked at the next run
    )
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Pace:
    """Evenly spaced calls under the channel's limit, shared by all syncs of a channel in one run."""

    requests_per_minute: float | None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    next_slot: float = field(default=0.0)

    def wait(self) -> None:
        if self.requests_per_minute is None:
            return
        now = self.clock()
        if self.next_slot > now:
            self.sleep(self.next_slot - now)
        self.next_slot = max(now, self.next_slot) + 60.0 / self.requests_per_minute


@dataclass(frozen=True)
class Delivery:
    """What became of a batch, row by row; `stop` says why the sync must not go on, '' when it may."""

    statuses: pa.Array
    errors: pa.Array
    doubtful: pa.Array  # bool: some try of this row ended without an answer, so an earlier state cannot be relied on
    stop: str = ""

    @classmethod
    def all(cls, rows: int, status: str, error: str, doubtful: bool, stop: str = "") -> "Delivery":
        return cls(pa.repeat(status, rows), pa.repeat(error, rows), pa.repeat(doubtful, rows), stop)

    def then(self, other: "Delivery") -> "Delivery":
        return Delivery(
            pa.concat_arrays([self.statuses, other.statuses]),
            pa.concat_arrays([self.errors, other.errors]),
            pa.concat_arrays([self.doubtful, other.doubtful]),
            self.stop or other.stop,
        )


def deliver(channel: Channel, batch: ChangeBatch, retry: Retry, pace: Pace) -> Delivery:
    """Send until every row has its result or the channel must be left alone; raises nothing but an interrupt."""
    tries = _Tries(channel, batch, pace)
    try:
        results = _retrying(channel, retry)(tries.once)
    except BatchRejected as error:
        if len(batch) == 1:
            return Delivery.all(1, REJECTED, str(error), tries.maybe_sent)
        return _halves(channel, batch, retry, pace, tries.maybe_sent)
    except (NotSent, FatalError) as error:
        status = IN_DOUBT if tries.maybe_sent else NOT_SENT
        return Delivery.all(len(batch), status, str(error), tries.maybe_sent, stop=str(error))
    except Exception as error:  # a fault in the channel's file: its text may hold a record, so only its type is told
        fault = (
            f"{batch.sync}: the channel failed with {type(error).__name__}. Mend activation/channels, then push again."
        )
        return Delivery.all(len(batch), IN_DOUBT, fault, True, stop=fault)
    return Delivery(results.statuses, results.errors, pa.repeat(pa.scalar(tries.maybe_sent), len(batch)))


@dataclass
class _Tries:
    channel: Channel
    batch: ChangeBatch
    pace: Pace
    maybe_sent: bool = False

    def once(self) -> Results:
        self.pace.wait()
        try:
            return _conforming(self.channel.push(self.batch), len(self.batch))
        except MaybeSent:
            self.maybe_sent = True
            raise


def _conforming(results: Results, rows: int) -> Results:
    """Exactly one result a change: a channel that loses or invents one has said nothing that can be relied on."""
    statuses, errors = pa.array(results.statuses, pa.string()), pa.array(results.errors, pa.string())
    known = pc.is_in(statuses, pa.array([ACCEPTED, REJECTED, IN_DOUBT]))
    if len(statuses) != rows or len(errors) != rows or pc.all(known).as_py() is False:
        raise TypeError(f"{len(statuses)} results for {rows} changes")
    mute = pc.and_(pc.not_equal(statuses, ACCEPTED), pc.is_null(errors))
    return Results(statuses, pc.if_else(mute, "the channel gave no reason", errors))


def _halves(channel: Channel, batch: ChangeBatch, retry: Retry, pace: Pace, maybe_sent: bool) -> Delivery:
    middle = len(batch) // 2
    first = deliver(channel, part(batch, 0, middle), retry, pace)
    rest = part(batch, middle, len(batch) - middle)
    second = Delivery.all(len(rest), NOT_SENT, first.stop, False) if first.stop else deliver(channel, rest, retry, pace)
    both = first.then(second)
    return replace(both, doubtful=pc.or_(both.doubtful, maybe_sent))


def part(batch: ChangeBatch, start: int, rows: int) -> ChangeBatch:
    """A run of the batch's rows under a key of its own, the same whenever the same batch is cut the same way."""
    return replace(
        batch, keys=batch.keys.slice(start, rows), ops=batch.ops.slice(start, rows), fields=batch.fields.slice(start, rows),
        idempotency_key=f"{batch.idempotency_key}-{start}+{rows}",
    )  # fmt: skip


def _retrying(channel: Channel, retry: Retry) -> Retrying:
    backoff = wait_exponential_jitter(
        multiplier=retry.first_wait_seconds, max=retry.longest_wait_seconds, jitter=retry.first_wait_seconds
    )

    def again(error: BaseException) -> bool:
        if not isinstance(error, NotSent) or (isinstance(error, MaybeSent) and channel.in_doubt == "message"):
            return False
        return (error.retry_after_seconds or 0) <= retry.longest_retry_after_seconds

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_seconds if isinstance(error, NotSent) else None
        seconds = asked if asked is not None else backoff(state)
        log.info("%s; try %d of %d in %.1f s", error, state.attempt_number + 1, retry.attempts, seconds)
        return seconds

    return Retrying(
        stop=stop_after_attempt(retry.attempts),
        wait=wait,
        retry=retry_if_exception(again),
        sleep=retry.sleep,
        reraise=True,
    )
