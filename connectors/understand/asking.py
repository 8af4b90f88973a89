"""Doubts about single columns, and what answers to them change: the order of day and month, zones, JSON, types."""

import re
from typing import Any

from connectors.understand.looking.proposal import TableProposal
from connectors.understand.plan import HEAVY, LIGHT, MEDIUM, Doubt

OFFSET = re.compile(r"(Z|[+-]\d{2}(:?\d{2})?)$")
DAY = re.compile(r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})( \d{1,2}:\d{2}(:\d{2})?)?")
AS_TEXT = "text"


def answer_columns(mapper: Any) -> None:
    """What was answered about formats and zones, as the source file declares it."""
    for table in mapper.proposal.tables:
        for column, declared in table.columns.items():
            pattern = mapper.answers.get(f"format:{table.name}:{column}")
            if pattern and pattern != AS_TEXT:
                declared |= {"type": "timestamp" if "%H" in pattern else "date", "format": pattern}
        zone = mapper.answers.get(f"time_zone:{table.name}", _assumed_zone(mapper, table))
        for column in _without_zone(table) if zone != "UTC" else []:
            table.columns[column]["time_zone"] = zone


def ask_of_columns(mapper: Any) -> None:
    """Add the doubts about columns."""
    for table in mapper.proposal.tables:
        for column in table.of_type("json"):
            is_unfolded = any(t.list_of == (table.name, column) for t in mapper.proposal.tables)
            if not is_unfolded and any(v[:1] == "[" for v in table.facts[column].texts[:50]):
                mapper.plan.doubts.append(Doubt(
                    LIGHT, table.name, f"{column} holds lists: rows of their own, not unfolded",
                    "Deliver them as a table, or unfold them in staging", column,
                ))  # fmt: skip
        for column in table.columns:
            _ask_of_type(mapper, table, column)
        _ask_of_zone(mapper, table)


def _ask_of_type(mapper: Any, table: TableProposal, column: str) -> None:
    note = next((n for n in table.notes if n.startswith(f"{table.source_of(column)}: ")), "")
    if "day or month" in note:
        choices = _orders_of_day(table.facts[column].texts) | {AS_TEXT: "leave it as text"}
        mapper.plan.doubts.append(Doubt(
            HEAVY, table.name, f"{column}: day or month first? It is kept as text and placed nowhere",
            "Declare a type and a format in the source file, or answer with --ask", column, "format", choices, AS_TEXT,
        ))  # fmt: skip
    elif any(words in note for words in ("refuses", "kept as text", "no one known", "thousands", "decimal commas")):
        mapper.plan.doubts.append(Doubt(
            HEAVY if "refuses" in note else MEDIUM, table.name, note, "Mend it in the source file", column
        ))  # fmt: skip


def _orders_of_day(texts: list[str]) -> dict[str, str]:
    found = next((m for t in texts if (m := DAY.fullmatch(t))), None)
    if found is None:
        return {}
    mark = found[2]
    clock = "" if not found[5] else " %H:%M:%S" if found[6] else " %H:%M"
    return {mark.join(("%d", "%m", "%Y")) + clock: "day first", mark.join(("%m", "%d", "%Y")) + clock: "month first"}


def _without_zone(table: TableProposal) -> list[str]:
    """Columns of instants that do not say their zone."""
    return [
        c for c in table.of_type("timestamp")
        if not str(table.columns[c].get("format", "")).startswith("epoch") and table.facts[c].texts
        and not any(OFFSET.search(v.strip()) for v in table.facts[c].texts[:50] if ":" in v)
    ]  # fmt: skip


def _assumed_zone(mapper: Any, table: TableProposal) -> str:
    """Local time where instants are written as people write them, 31.12.2026 10:15; machines write UTC as ISO 8601."""
    formats = [str(table.columns[c].get("format", "")) for c in _without_zone(table)]
    is_local = bool(formats) and all("%d" in f and f[:2] != "%Y" for f in formats)
    return str(mapper.settings.project.time_zone) if is_local else "UTC"


def _ask_of_zone(mapper: Any, table: TableProposal) -> None:
    placed = {c for part in mapper.plan.parts if part.table == table.name for c in part.placed}
    columns, zone = [c for c in _without_zone(table) if c in placed], mapper.settings.project.time_zone
    if columns and zone != "UTC":
        assumed = _assumed_zone(mapper, table)
        mapper.plan.doubts.append(Doubt(
            LIGHT, table.name, f"{', '.join(columns[:6])}: no zone is written; read as {assumed}",
            f"Declare another time_zone in the source file, such as {zone}", "", "time_zone",
            {"UTC": "as it stands", zone: "the project's local time"}, assumed,
        ))  # fmt: skip
