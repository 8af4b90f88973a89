"""Every extra column and own event that the source files declare, with its place, and what is wrong among them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.extras.ours import Ours
from core.extras.spec import MOMENTS, WITHOUT_AGGREGATE, Declarations, ExtraColumn, OwnEvent
from core.project.files import base, found, placed, shown
from core.project.texts import text_of
from core.settings import Settings
from core.specs import line_of, load_spec

MENTIONS = re.compile(r"\b(extra|events)\b")  # a file without either word is not read
MUST_AGREE = ("type", "data_class", "known_at")  # of one column that two sources declare


@dataclass(frozen=True)
class Declared:
    """One column (loc: extra, entity, column) or one event (loc: events, name)."""

    source: str
    path: Path
    settings: Settings
    loc: tuple[str, ...]
    spec: ExtraColumn | OwnEvent

    @property
    def file(self) -> str:
        return shown(self.settings, self.path)

    @property
    def place(self) -> str:
        return f"{self.file}:{line_of(self.path, *self.loc)}"

    @property
    def entity(self) -> str:
        return self.loc[1] if isinstance(self.spec, ExtraColumn) else "events"

    @property
    def name(self) -> str:
        return self.loc[-1]

    def fault(self, text: str) -> str:
        return f"{self.place}: {'.'.join(self.loc)}: {text}"


def find_declared(settings: Settings) -> list[Declared]:
    """In the order of the files. Raises ConfigError with the mistakes of all of them."""
    declared, mistakes = _read(settings)
    if mistakes:
        raise ConfigError(*mistakes)
    return declared


def readable(settings: Settings) -> list[Declared]:
    """As find_declared, of the files that can be read."""
    return _read(settings)[0]


def _read(settings: Settings) -> tuple[list[Declared], list[str]]:
    declared: list[Declared] = []
    mistakes: list[str] = []
    for path in (path for paths in found(settings, "sources").values() for path in paths if path.suffix == ".yml"):
        try:
            if not MENTIONS.search(text_of(path, "replace", shown(settings, path))):
                continue
            declared += _of_file(path, settings, load_spec(path, Declarations, base(settings, path)))
        except ConfigError as error:
            mistakes += error.mistakes
    return declared, mistakes


def _of_file(path: Path, settings: Settings, content: Declarations) -> Iterator[Declared]:
    for entity, columns in content.extra.items():
        for name, column in columns.items():
            yield Declared(path.stem, path, settings, ("extra", entity, name), column)
    for name, event in content.events.items():
        yield Declared(path.stem, path, settings, ("events", name), event)


def faults(declared: list[Declared], ours: Ours) -> Iterator[str]:
    """What one file alone does not show, each with file and line."""
    firsts: dict[tuple[str, ...], Declared] = {}
    staging = found(declared[0].settings, "staging") if declared else {}
    for one in declared:
        if not isinstance(one.spec, ExtraColumn):
            continue
        first = firsts.setdefault(one.loc, one)
        if ours.taken(one.entity, one.name):
            yield one.fault(f"{one.entity} has a column of that name; give another.")
        model = f"stg_{one.source}__{one.entity}"
        if model not in staging:
            place = placed(one.settings, f"dbt_project/models/staging/{one.source}/{model}.sql")
            yield one.fault(f"no staging model gives it; write {shown(one.settings, place)}.")
        if one.spec.aggregate and one.entity in WITHOUT_AGGREGATE:
            yield one.fault(f"{one.entity} takes no aggregate: {WITHOUT_AGGREGATE[one.entity]}.")
        if one.spec.known_at and one.entity in WITHOUT_AGGREGATE:
            yield one.fault(f"{one.entity} takes no known_at: it is asked by aggregates alone.")
        for key in MUST_AGREE:
            here, there = getattr(one.spec, key), getattr(first.spec, key)
            if here != there:
                yield one.fault(f"{key} is {here} here and {there} at {first.place}; one name means one thing.")
        yield from _unknown_moment(one, one.spec, declared, ours)


def _unknown_moment(one: Declared, column: ExtraColumn, declared: list[Declared], ours: Ours) -> Iterator[str]:
    siblings = {d.name for d in declared if d.entity == one.entity and getattr(d.spec, "type", None) in MOMENTS}
    moments = sorted(siblings | ours.moments(one.entity))
    if column.known_at and column.known_at not in moments:
        yield one.fault(
            f"known_at: {one.entity} has no day or instant {column.known_at!r}. It has: {', '.join(moments)}."
        )


def plain(value: Any) -> Any:
    """As JSON can hold it: dates as text."""
    return value.isoformat() if hasattr(value, "isoformat") else value
