"""What a source's staging models say of themselves: which raw tables they read, and what a column is made of where."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.build import RAW_TABLE
from core.project.files import found, shown
from core.project.texts import text_of
from core.settings import Settings

COMMENTS = re.compile(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/", re.DOTALL)
WORD = re.compile(r"[A-Za-z_]\w*")
CLAUSE = re.compile(r"\b(select|distinct|on)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class StagingModel:
    """One models/staging/<source>/stg_<source>__<entity>.sql, as text."""

    path: Path
    file: str  # as a person opens it: from the project's folder on

    @property
    def entity(self) -> str:
        return self.path.stem.partition("__")[2]

    @property
    def relation(self) -> str:
        return f"staging.{self.path.stem}"

    @cached_property
    def text(self) -> str:
        """Without comments, each line where it was."""
        text = text_of(self.path, "replace")
        return COMMENTS.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), text)

    @cached_property
    def raw_tables(self) -> list[str]:
        return sorted(set(RAW_TABLE.findall(self.text)))

    def mentions(self, column: str) -> bool:
        return re.search(rf"\b{re.escape(column)}\b", self.text) is not None

    def line_of(self, column: str) -> int:
        """Where the column is given its name, the last time; else where its name stands; else the first line."""
        named = [*re.finditer(rf"\bas\s+{column}\b", self.text)] or [*re.finditer(rf"\b{column}\b", self.text)]
        return self.text.count("\n", 0, named[-1].start()) + 1 if named else 1

    def expressions_of(self, column: str) -> list[str]:
        """What stands before each `as <column>`, back to the comma or the `select` before it."""
        return [_before(self.text, match.start()) for match in re.finditer(rf"\bas\s+{column}\b", self.text)]


def models_of(settings: Settings, source: str) -> list[StagingModel]:
    """The staging models that read the source's raw tables, or are called after it."""
    paths = (path for several in found(settings, "staging").values() for path in several)
    models = [StagingModel(path, shown(settings, path)) for path in paths]
    own = f"stg_{source}__"
    return [
        model
        for model in models
        if model.path.stem.startswith(own) or any(raw.startswith(f"{source}__") for raw in model.raw_tables)
    ]


def words_in(expression: str, columns: Iterable[str]) -> list[str]:
    """The columns that an expression names, each once, in its order."""
    known = set(columns)
    return list(dict.fromkeys(word for word in WORD.findall(expression) if word in known))


def _before(text: str, end: int) -> str:
    depth = 0
    for place in range(end - 1, -1, -1):
        sign = text[place]
        depth += (sign in ")}") - (sign in "({")
        if depth < 0 or (depth == 0 and (sign == "," or CLAUSE.search(text, max(0, place - 9), place + 1))):
            return text[place + 1 : end].strip()
    return text[:end].strip()
