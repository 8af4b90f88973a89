"""What PostgreSQL's errors mean for whoever waits: by SQLSTATE, never by their words.

The codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from typing import Any

from core.engines.statements import WriteRefusedError
from core.errors import FairleadError, FatalError, RetryableError

# Lost, undone for a rival, too many clients, a lock not had, an operator's doing: later the same may go through.
PASSES = ("08", "40", "53300", "55P03", "57")
STOPS = ("53", "58", "XX")  # disk or memory, the system, a damaged file
READ_ONLY = "25006"  # a write in a transaction that only reads


def translated(error: Exception, is_lost: bool) -> FairleadError | None:
    """The error as one of ours; None where it is the statement's own.

    is_lost   the error has no SQLSTATE, and the server does not answer any more
    """
    state = sqlstate(error)
    if is_lost or state.startswith(PASSES):
        return RetryableError(
            f"PostgreSQL was lost or busy: {first_line(error)}. What was not committed is undone; run the step again."
        )
    if state.startswith(STOPS):
        return FatalError(
            f"The warehouse stopped: {first_line(error)}. Look at the server's log, its disk and its memory; "
            "a damaged table comes back from a backup."
        )
    if state == READ_ONLY:
        return WriteRefusedError(f"This connection writes to nothing and may not: {first_line(error)}.")
    return None


def sqlstate(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or ""


def raise_lost(context: Any) -> None:
    """SQLAlchemy's `handle_error`. psycopg2 knows a code for every answer of the server, and none where no answer
    came.
    """
    state = getattr(context.original_exception, "pgcode", None) or ""
    if context.is_disconnect or state.startswith(PASSES):
        raise RetryableError(
            "PostgreSQL was lost or busy. What was not committed is undone; run the step again."
        ) from None


def first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
