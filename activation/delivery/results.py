"""What became of the rows of a batch, in one form whoever says it: the channel, its error, its silence."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from activation.channel import (
    ACCEPTED,
    IN_DOUBT,
    REJECTED,
    SKIPPED,
    BatchRejected,
    CallFailed,
    MaybeSent,
    Results,
)
from activation.delivery.outcomes import Stop
from core.errors import FairleadError, FatalError
from core.settings import without_secrets

NOT_SENT = "not_sent"  # beside the channel's four: we never got to it, or the channel surely did nothing
WAITING = "waiting"  # a job of the vendor's has it; a later `collect` will tell


@dataclass(frozen=True)
class Delivery:
    """What became of a batch, row by row; `stop` says why the sync must not go on."""

    statuses: pa.Array
    errors: pa.Array
    doubtful: pa.Array  # bool: some try of this row ended without an answer, so an earlier state cannot be relied on
    remote_ids: pa.Array  # string: what the channel calls the record, where it said so
    stop: Stop | None = None
    tries: int = 1  # calls of the channel's push that it took

    @classmethod
    def all(cls, rows: int, status: str, error: str, doubtful: bool, stop: Stop | None = None) -> "Delivery":
        errors = pa.repeat(pa.scalar(error or None, pa.string()), rows)
        return cls(pa.repeat(status, rows), errors, pa.repeat(doubtful, rows), pa.nulls(rows, pa.string()), stop)

    def then(self, other: "Delivery") -> "Delivery":
        def joined(name: str) -> pa.Array:
            return pa.concat_arrays([getattr(self, name), getattr(other, name)])

        return Delivery(
            joined("statuses"), joined("errors"), joined("doubtful"), joined("remote_ids"), self.stop or other.stop,
            self.tries + other.tries,
        )  # fmt: skip


def numbered(error: Exception) -> str:
    """The error's text under a number of docs/reference/errors.md: its own, else that of the error's kind."""
    text = without_secrets(str(error))
    if isinstance(error, FairleadError | BatchRejected) and error.code:
        return text
    if isinstance(error, CallFailed):
        return f"{'FL114' if isinstance(error, MaybeSent) else 'FL113'} {text}"
    return f"FL112 {text}" if isinstance(error, FatalError | BatchRejected) else text


def as_delivery(results: Results, maybe_sent: bool = False) -> Delivery:
    rows = len(results.statuses)
    remote = results.remote_ids if results.remote_ids is not None else pa.nulls(rows, pa.string())
    return Delivery(results.statuses, results.errors, pa.repeat(pa.scalar(maybe_sent), rows), remote)


def conforming(results: Results, rows: int) -> Results:
    """Exactly one result a change: a channel that loses or invents one has said nothing that can be relied on."""
    statuses, errors = pa.array(results.statuses, pa.string()), pa.array(results.errors, pa.string())
    is_status = pc.is_in(statuses, pa.array([ACCEPTED, REJECTED, IN_DOUBT, SKIPPED]))
    remote = results.remote_ids
    if {len(statuses), len(errors), rows if remote is None else len(remote)} != {rows} or pc.all(
        is_status
    ).as_py() is False:
        raise TypeError(f"{len(statuses)} results for {rows} changes")
    mute = pc.and_(pc.not_equal(statuses, ACCEPTED), pc.is_null(errors))
    return Results(statuses, pc.if_else(mute, "FL308 the channel gave no reason", errors), remote)
