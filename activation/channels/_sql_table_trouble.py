"""A database's failures in the loop's own words. SQLAlchemy's own texts hold statements and are never shown; the driver's first line is."""

import contextlib
import re
from collections.abc import Iterator

from sqlalchemy import exc

from activation.channel import BatchRejected, MaybeSent, NotSent
from core.errors import FatalError

# Drivers raise one class for a server that is away and for one that says no; only the words differ.
REFUSED = re.compile(
    r"authentication|access denied|does not exist|unknown database|password|no such access mode|permission", re.I
)
WORDS = 200  # characters of a driver's text that are kept


@contextlib.contextmanager
def connecting() -> Iterator[None]:
    """Nothing has been sent whatever goes wrong here."""
    try:
        yield
    except exc.DBAPIError as error:
        if REFUSED.search(str(error.orig)):
            raise FatalError(
                "sql_table: the database does not let us in. Check the URL's user, password and database."
            ) from None
        raise NotSent(f"sql_table: no connection ({type(error.orig).__name__})") from None
    except (exc.ArgumentError, exc.NoSuchModuleError, ImportError, ValueError) as error:
        raise FatalError(
            f"sql_table: the URL cannot be used ({type(error).__name__}). Is its driver installed?"
        ) from None


@contextlib.contextmanager
def trouble() -> Iterator[None]:
    """What the transaction did is undone, or it is known by its batch's key: all but bad content and lasting trouble goes again."""
    try:
        yield
    except (exc.DataError, exc.IntegrityError) as error:
        raise BatchRejected(words(error)) from None
    except exc.DBAPIError as error:
        if isinstance(error, exc.ProgrammingError | exc.NotSupportedError) and not error.connection_invalidated:
            raise FatalError(f"sql_table: {words(error)}. Check the table and the rights on it.") from None
        raise MaybeSent(f"sql_table: {type(error.orig).__name__}") from None
    except exc.StatementError as error:  # a value that the driver cannot even write down
        raise BatchRejected(words(error)) from None
    except ValueError as error:  # psycopg2's way to refuse a NUL
        raise BatchRejected(str(error)[:WORDS]) from None


def words(error: exc.StatementError) -> str:
    lines = str(error.orig).strip().splitlines()
    return (lines[0] if lines else type(error.orig).__name__)[:WORDS]
