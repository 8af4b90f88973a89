"""What is known of a column's making."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["identity", "transformation", "aggregation", "model", "choice"]
STRENGTH: tuple[Kind, ...] = ("identity", "transformation", "aggregation", "model", "choice")
ROWS = "*"  # as a column: how many rows there are


class Origin(NamedTuple):
    """A column that a value is made of.

    kind   identity: the very value, under whatever name; choice: it decides which value is taken (a CASE's condition,
           a window's order), and is itself in none
    """

    table: str  # schema.table
    column: str
    kind: Kind


@dataclass(frozen=True)
class Statement:
    """columns   column -> its origins, sorted; of a constant there is none
    deciding     (table, column) that filters, joins or groups the rows, without being in a value
    """

    columns: dict[str, list[Origin]]
    deciding: list[tuple[str, str]]

    @property
    def tables(self) -> set[str]:
        """The tables that it reads."""
        origins = {origin.table for several in self.columns.values() for origin in several}
        return origins | {table for table, _ in self.deciding}
