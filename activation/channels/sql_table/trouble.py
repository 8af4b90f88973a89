"""A database's failures. SQLAlchemy's texts hold statements and are never shown; the driver's first line is."""

import contextlib
import socket
from collections.abc import Iterator

from sqlalchemy import URL, exc

from activation.channel import BatchRejected, MaybeSent, NotSent
from core.errors import FatalError

PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
PROBE_SECONDS = 5.0
WORDS = 200  # characters of a driver's text that are kept


@contextlib.contextmanager
def connecting(url: URL | None = None) -> Iterator[None]:
    """Nothing has been sent whatever goes wrong here.

    Drivers raise one class for a server that is away and one that says no, without a code: whether it listens decides.
    """
    try:
        yield
    except exc.DBAPIError as error:
        mend = "Check the URL's user, password and database."
        if url is not None and _listens(url):
            raise FatalError(f"sql_table: the database does not let us in. {mend}") from None
        raise NotSent(f"sql_table: no connection ({type(error.orig).__name__})") from None
    except (exc.ArgumentError, exc.NoSuchModuleError, ImportError, ValueError) as error:
        raise FatalError(
            f"sql_table: the URL cannot be used ({type(error).__name__}). Is its driver installed?"
        ) from None


@contextlib.contextmanager
def trouble() -> Iterator[None]:
    """Undone, or known by its batch's key: so all goes again but bad content and lasting trouble."""
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


def _listens(url: URL) -> bool:
    """Whether there is a server at all; a file has none, and so is never away."""
    if not url.host:
        return True
    port = url.port or PORTS.get(url.get_backend_name())
    if port is None:
        return False
    try:
        socket.create_connection((url.host, port), PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def words(error: exc.StatementError) -> str:
    lines = str(error.orig).strip().splitlines()
    return (lines[0] if lines else type(error.orig).__name__)[:WORDS]
