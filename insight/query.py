"""`fairlead query`: a read-only look into the warehouse."""

from typing import Any

from core.engines.statements import WriteRefusedError
from core.errors import ConfigError, FairleadError
from core.settings import Settings
from core.warehouse import connect


def query(settings: Settings, sql: str) -> dict[str, Any]:
    """{columns, rows} of one read.

    Raises ConfigError on anything that writes or that the engine does not understand.
    """
    if sql != sql.encode(errors="replace").decode():
        raise ConfigError("The query is no UTF-8: a sign in it is half of one. Type it again.")
    with connect(settings) as db:
        try:
            table = db.look(sql)
        except WriteRefusedError as error:
            raise ConfigError(f"Not run: {error}") from None
        except FairleadError:
            raise  # a lost server or a damaged file is no fault of the words
        except Exception as error:  # the engine's own syntax and catalog errors: two families, one mend
            raise ConfigError(f"The query was not understood: {str(error).splitlines()[0]}") from None
    values = [_values(column) for column in table.columns]
    return {"columns": table.column_names, "rows": [list(row) for row in zip(*values, strict=True)]}


def _values(column: Any) -> list[Any]:
    """A column's values; a day that Python's calendar does not reach (`infinity`) as Arrow writes it."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        return list(column.cast("string").to_pylist())
