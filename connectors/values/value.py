"""One value of a row, in SQL: how it is picked, how it is read, and what is said where it cannot be."""

from dataclasses import dataclass

import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.values.reasons import reason_sql
from connectors.values.texts import given_sql
from connectors.values.typed import typed_sql

MOST_SHOWN = 200  # characters of a refused value


@dataclass(frozen=True)
class Value:
    """One column on its way into the incoming table.

    expression    SQL over what arrived · arrived_type  the type that it has there
    column        None where nobody declared it: then it lands as text
    """

    name: str
    expression: str
    arrived_type: pa.DataType
    column: Column | None
    table: Table

    @property
    def quoted(self) -> str:
        return quoted(self.name)

    @property
    def original(self) -> str:
        """The column that holds the value as it came."""
        return quoted(f"_v_{self.name}")

    @property
    def pick(self) -> str:
        return f"{self.expression} as {self.original}"

    @property
    def typed(self) -> str:
        if self.column is None:
            return f"nullif({self.original}, '') as {self.quoted}"
        return f"{typed_sql(self.original, self.column, self.arrived_type, self.table)} as {self.quoted}"

    @property
    def can_fail(self) -> bool:
        return self.column is not None and self.column.type != "text"

    @property
    def failed(self) -> str:
        """Whether it was there and could not be read."""
        return f"{self.quoted} is null and {given_sql(self.original, self.arrived_type, self.table)}"

    @property
    def excerpt(self) -> str:
        return f"left({self.original}::varchar, {MOST_SHOWN})"

    @property
    def reason(self) -> str:
        assert self.column is not None, "an undeclared value is text, which cannot fail"
        return reason_sql(self.original, self.column, self.arrived_type, self.table)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
