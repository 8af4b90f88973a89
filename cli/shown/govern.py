"""The pages of `lineage` and `dictionary`."""

from rich.console import Console

from cli.shown.layout import Result, Rows, escape, table

DONE = {
    "identity": "as it is", "transformation": "computed", "aggregation": "of several rows", "model": "through a model",
    "choice": "chooses the value",
}  # fmt: skip
MOST = 6  # origins of one step that are written out


def lineage(console: Console, result: Result) -> None:
    for field in result["fields"]:
        console.print(f"[bold]{escape(field['channel'])}.{escape(field['field'])}[/bold] of {escape(field['sync'])}")
    for column in result["columns"]:
        _column(console, column)


def _column(console: Console, column: Result) -> None:
    console.print(f"\n[bold]{escape(column['column'])}[/bold]  {escape(column['description'])}")
    if column["data_class"]:
        words = [f"{key} {column[key]}" for key in ("data_class", "owner", "purpose", "retention")]
        console.print(escape(", ".join(words)))
    console.print()
    _steps(console, column["steps"])
    values = [row for row in column["sources"] if row["kind"] != "choice"] or column["sources"]
    sources = [{**row, "done": DONE[row["kind"]], "place": _place(row)} for row in values]
    table(console, "comes from", sources, {"column": "column", "done": "value", "place": "read from"})
    chosen = [row["column"] for row in column["sources"] if row not in values]
    _list(console, "chosen by", chosen)
    table(console, "receives it", [{**row, "done": DONE[row["kind"]]} for row in column["receivers"]], {
        "sync": "sync", "channel": "channel", "field": "field", "done": "value", "templates": "templates",
    })  # fmt: skip
    uses = [{**row, "done": DONE[row["kind"]]} for row in column["uses"] if row["kind"] not in ("choice", "model")]
    table(console, "goes into", uses, {"column": "column", "done": "value"})
    _list(console, "chooses values of", [row["column"] for row in column["uses"] if row["kind"] == "choice"])
    _list(console, "decides the rows of", column["decides"])
    _list(console, "learnt from by", column["models"])


def _list(console: Console, title: str, names: list[str]) -> None:
    if names:
        console.print(f"[bold]{title}[/bold]  {escape(_some(names))}\n", soft_wrap=True)


def _steps(console: Console, steps: Rows) -> None:
    """Of the way of the value itself; what chooses it, and what a model learnt from, stands in --json."""
    for step in (step for step in steps if step["kind"] not in ("choice", "model")):
        origins = [one["column"] for one in step["made_of"] if one["kind"] != "choice"]
        words = _some(origins) or step["fault"] or ("a choice of constants" if step["made_of"] else "a constant")
        console.print(f"{escape(step['column'])} = {escape(words)}", soft_wrap=True)
    if steps:
        console.print()


def _some(names: list[str]) -> str:
    more = f", … and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(dict.fromkeys(names[:MOST])) + more


def _place(row: Result) -> str:
    if row.get("file"):
        return f"{row['file']}: {row['place']}, {row['from']}"
    return str(row["writer"])
