"""What every page is made of: a table, a cell, an object's keys and values, and text that is safe on a terminal."""

import re
from typing import Any

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table

# What moves a terminal's cursor, changes its title or turns a line around: C0 but tab and line end, DEL, C1, signs of
# direction.
INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NEVER_WRAPPED = ("sync", "source", "table", "model", "segment", "step")  # names that are typed again

Result = dict[str, Any]
Rows = list[dict[str, Any]]


def escape(text: str) -> str:
    """Text as it may go to a terminal: data steers neither it nor our own markup."""
    return escape_markup(visible(text))


def visible(text: str) -> str:
    return INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", text)


def table(console: Console, title: str, rows: Rows, columns: dict[str, str], right: tuple[str, ...] = ()) -> None:
    """One table; `columns` is key -> heading. Numbers and the columns in `right` stand right, with thousands; what is
    missing is an en dash.
    """
    if not rows:
        return
    grid = Table(
        title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2)
    )
    for key, heading in columns.items():
        numeric = key in right or any(isinstance(row.get(key), int | float) for row in rows)
        grid.add_column(
            escape(heading), justify="right" if numeric else "left", overflow="fold", no_wrap=key in NEVER_WRAPPED
        )
    for row in rows:
        grid.add_row(*(cell(row.get(key)) for key in columns))
    console.print(grid)
    console.print()


def without_empty(columns: dict[str, str], rows: Rows, *optional: str) -> dict[str, str]:
    """The columns without those optional ones that no row has a value for."""
    empty = [key for key in optional if not any(row.get(key) for row in rows)]
    return {key: heading for key, heading in columns.items() if key not in empty}


def cell(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, dict):
        return escape(", ".join(f"{k} {cell(v)}" for k, v in value.items())) or "–"
    if isinstance(value, list | tuple):
        return escape("; ".join(str(v) for v in value)) or "–"
    return escape(str(value))


def facts(console: Console, result: Result) -> None:
    """An object with no rows worth a table: key and value, line by line."""
    for key, value in result.items():
        console.print(f"[bold]{escape(str(key)):<16}[/bold] {cell(value)}")
