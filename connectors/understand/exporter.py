"""The schemas of well-known exporters as data: `exporters/<exporter>__<form>.yml`, and which tables are theirs."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from connectors.understand.entities import ENTITIES, ENTITY_COLUMNS
from core.errors import ConfigError
from core.specs import Spec, load_spec, load_specs

FOLDER = Path(__file__).with_name("exporters")
STEM = re.compile(r"^[a-z0-9]+(_[a-z0-9]+)*__[a-z0-9]+(_[a-z0-9]+)*$")
Constant = str | int | float | bool


class WordMap(Spec):
    """What a column's words mean: `to` holds them in small letters; `else` is what all others mean, NULL where none.

    `keep`: all others mean what they say.
    """

    column: str = Field(alias="from")
    to: dict[str, Constant]
    otherwise: Constant | None = Field(None, alias="else")
    keep: bool = False

    @field_validator("to")
    @classmethod
    def small_letters(cls, words: dict[str, Constant]) -> dict[str, Constant]:
        return {word.strip().lower(): meaning for word, meaning in words.items()}


class WordsOf(Spec):
    """Words of a column, in small letters."""

    column: str = Field(alias="from")
    words: list[str] = Field(min_length=1)


class ExportedModel(Spec):
    """One staging model that a table feeds: entity column -> raw column, words, constants."""

    columns: dict[str, str] = Field({})
    person: dict[str, str] = Field({})  # namespace of the id (or email, phone) -> column; the first that is not NULL
    values: dict[str, Constant] = Field({})
    map: dict[str, WordMap] = Field({})
    scale: dict[str, float] = Field({})  # 0.01: money in cents
    negative: WordsOf | None = None  # the words of a column under which amounts are taken off
    where: str = ""  # SQL on the raw columns, neutral for the engines
    confirm: bool = False  # grants nothing until a person has confirmed it


def entity_of(model: str) -> str:
    """A second model of an entity bears a word of its own: consents__sms."""
    return model.partition("__")[0]


class ExportedTable(Spec):
    """One table as the exporter writes it."""

    names: list[str] = Field(min_length=1)
    known_by: list[str] = Field(min_length=1)
    rows: str = ""
    key: list[str] = Field([])
    cursor: str | None = None
    models: dict[str, ExportedModel] = Field({})
    ignored: list[str] = Field([])

    @model_validator(mode="after")
    def known_words(self) -> "ExportedTable":
        named = {name: entity_of(name) for name in self.models}
        faults = [
            f"no entity {name!r}; entities: {', '.join(ENTITIES)}" for name in named if named[name] not in ENTITIES
        ]
        for name, model in self.models.items():
            entity = named[name]
            given = {*model.columns, *model.values, *model.map, *model.scale}
            strangers = sorted(given - set(ENTITY_COLUMNS.get(entity, given)))
            faults += [f"{entity} has no column {column}" for column in strangers]
            faults += [
                f"{entity}: scale names {c}, which no column feeds" for c in model.scale if c not in model.columns
            ]
            twice = sorted(set(model.map) & {*model.columns, *model.values})
            faults += [f"{entity}: {column} stands in map and in columns or values; keep one" for column in twice]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def is_called(self, table_name: str) -> bool:
        """Whether the last words of a table's name are one of its names: shopify_customer_data is a customer."""
        return any(
            re.search(rf"(^|_){re.escape(name)}(_data|_export|_table|_v\d+)?$", table_name) for name in self.names
        )

    def is_known_by(self, columns: set[str]) -> bool:
        return set(self.known_by) <= columns


class Exporter(Spec):
    """One exporter in one form of its tables."""

    name: str
    description: str
    tables: dict[str, ExportedTable] = Field(min_length=1)


class Known(Spec):
    """A table that an exporter is known to write."""

    exporter: str
    description: str
    table: ExportedTable


def load_exporter(path: Path) -> Exporter:
    """Raises ConfigError with every mistake of the file."""
    if not STEM.match(path.stem):
        raise ConfigError(f"{path.name}: an exporter's file is called <exporter>__<form>.yml.")
    return load_spec(path, Exporter, FOLDER, name=path.stem)


@cache
def exporters() -> dict[str, Exporter]:
    """Every exporter by its file's stem. Raises ConfigError with the mistakes of all files."""
    return load_specs(FOLDER.glob("*.yml"), load_exporter)


def known_tables(tables: dict[str, set[str]], known: dict[str, Exporter] | None = None) -> dict[str, Known]:
    """Table name -> what it is, of those that an exporter is known by; `tables` holds each one's columns in snake_case.

    Of two exporters that know a table, the one that knows more of all the tables is meant, then the closer one.
    """
    matches: list[tuple[str, Exporter, ExportedTable]] = [
        (name, exporter, table)
        for exporter in (exporters() if known is None else known).values()
        for table in exporter.tables.values()
        for name, columns in tables.items()
        if table.is_called(name) and table.is_known_by(columns)
    ]
    counts: dict[str, set[str]] = {}
    for name, exporter, _ in matches:
        counts.setdefault(exporter.name, set()).add(name)
    best: dict[str, tuple[Any, Known]] = {}
    for name, exporter, table in matches:
        columns = {c for model in table.models.values() for c in model.columns.values()} & tables[name]
        rank = (len(counts[exporter.name]), len(table.known_by), len(columns), exporter.name)
        if name not in best or rank > best[name][0]:
            best[name] = rank, Known(exporter=exporter.name, description=exporter.description, table=table)
    return {name: found for name, (_, found) in best.items()}
