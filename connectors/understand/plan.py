"""What is to be written, and what is in doubt: the models of a source before they are SQL."""

from dataclasses import dataclass, field
from typing import Any

from connectors.understand.entities import ENTITIES
from connectors.understand.joins import Join
from connectors.understand.looking.proposal import Proposal

HEAVY, MEDIUM, LIGHT = 3, 2, 1
WEIGHTS = {HEAVY: "heavy", MEDIUM: "medium", LIGHT: "light"}


@dataclass
class Doubt:
    """One thing that the data does not tell for sure, what was assumed, and how it is mended."""

    weight: int
    table: str
    text: str
    mend: str = ""
    column: str = ""
    topic: str = ""  # by which an answer finds it again; '' where nothing can be chosen
    choices: dict[str, str] = field(default_factory=dict)  # answer -> what it means
    default: str = ""

    @property
    def name(self) -> str:
        return ":".join(part for part in (self.topic, self.table, self.column) if part)

    def as_dict(self) -> dict[str, Any]:
        told = {"weight": WEIGHTS[self.weight], "table": self.table, "column": self.column or None, "doubt": self.text,
                "mend": self.mend}  # fmt: skip
        asked = {"name": self.name, "choices": self.choices, "assumed": self.default} if self.choices else {}
        return told | asked


@dataclass
class Joined:
    """A table that a model joins: columns of it, under names of its own; or a sum over its rows."""

    name: str  # of the CTE; its columns are <name>__<column>
    table: str
    on: str  # the expression of the joining side
    key: str  # the joined table's column
    columns: list[str] = field(default_factory=list)
    sums: dict[str, str] = field(default_factory=dict)  # <name>__<this> -> the expression that is summed
    as_text: bool = False  # the two sides are of other types


@dataclass
class Part:
    """One table as one entity: a select of the staging model."""

    table: str
    entity: str
    columns: dict[str, str] = field(default_factory=dict)  # entity column -> SQL
    placed: dict[str, str] = field(default_factory=dict)  # raw column -> entity column
    person: list[str] = field(default_factory=list)  # expressions, the first that is not NULL is whose it is
    joined: list[Joined] = field(default_factory=list)
    assumed: dict[str, str] = field(default_factory=dict)  # entity column -> SQL
    where: list[str] = field(default_factory=list)
    group_by: str = ""  # a raw column: one row for each of its values
    newest_of: str = ""  # a raw column: the newest row of each of its values
    newest_by: str = ""  # the raw column that tells which is newest
    confirm: bool = False
    because: str = ""
    known_as: str = ""  # the exporter, where one is known by its tables
    person_columns: dict[str, str] = field(default_factory=dict)  # raw column -> namespace, by an exporter's word

    @property
    def is_of_returns(self) -> bool:
        """Whether its rows are refunds, beside the orders that they are of."""
        return self.entity == "orders" and self.columns.get("is_return") == "true"

    @property
    def is_made(self) -> bool:
        """Whether its rows are made of several of the table's: orders of their lines."""
        return bool(self.group_by or self.newest_of)

    def join(self, name: str) -> Joined | None:
        return next((joined for joined in self.joined if joined.name == name), None)


def key_column(proposal: Proposal, part: Part) -> str | None:
    """The one column that is a row's number: the table's key, else what was taken for the entity's where it is one."""
    table, role = proposal[part.table], next(iter(ENTITIES[part.entity]))
    if part.group_by:
        return part.group_by
    if len(table.key) == 1:
        return table.key[0]
    return next((c for c, r in part.placed.items() if r == role and table.facts[c].is_unique), None)


@dataclass
class Understanding:
    """All that a look came to."""

    parts: list[Part] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    nouns: dict[str, str] = field(default_factory=dict)  # table -> what it is by its name, where it is no entity's
    namespaces: dict[str, list[str]] = field(default_factory=dict)  # id:<namespace> -> columns

    def of(self, entity: str) -> list[Part]:
        return [part for part in self.parts if part.entity == entity]

    def takes_extras(self, part: Part) -> bool:
        """Whether an entity's extra columns are this table's: it alone feeds it, but for refunds."""
        others = [p for p in self.of(part.entity) if p is not part]
        return not part.is_made and not part.is_of_returns and all(p.is_of_returns for p in others)

    def part(self, table: str, entity: str) -> Part | None:
        return next((p for p in self.parts if p.table == table and p.entity == entity), None)

    def entities(self) -> list[str]:
        return list(dict.fromkeys(part.entity for part in self.parts))
