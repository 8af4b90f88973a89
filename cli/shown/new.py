"""The pages of the `new` commands: what was written, and what a source was understood to be."""

from rich.console import Console

from cli.shown.layout import Result, cell, escape, table


def written(console: Console, result: Result) -> None:
    for path in result.get("files", []):
        console.print(f"wrote {escape(str(path))}")
    for key, value in result.items():
        if key not in ("files", "ok"):
            console.print(f"{key}: {cell(value)}")


def understood(console: Console, result: Result) -> None:
    """What each table was taken for and why, keys and joins, what came of the trial, doubts by weight."""
    tables = [
        {**t, "taken_for": t["taken_for"] or ["nothing: a skeleton"], "why": t["because"],
         "looked_at": f"{t['rows']:,}{'' if t['is_whole'] else ' first'}"}
        for t in result["tables"]
    ]  # fmt: skip
    table(
        console,
        "Tables",
        tables,
        {"table": "table", "looked_at": "rows", "taken_for": "taken for", "key": "key", "why": "why"},
    )
    for one in result["tables"]:
        rows = [{**c, "placed": c["placed"]} for c in one["columns"]]
        rows += [{**c, "placed": ["not placed"]} for c in one["not_placed"]]
        table(console, one["table"], rows, {"column": "column", "type": "type", "placed": "is", "samples": "such as"})
    _measured(console, result)
    table(console, "Doubts", result["doubts"], {"weight": "weight", "table": "table", "doubt": "doubt", "mend": "mend"})
    for path in result["files"]:
        console.print(f"wrote {escape(str(path))}")
    console.print(cell(result["next"]))


def _measured(console: Console, result: Result) -> None:
    """What joins, and what came of the trial."""
    joins = [{**j, "share": f"{j['share']:.1%}", "count": f"{j['found']:,} of {j['of']:,}"} for j in result["joins"]]
    table(console, "Joins", joins, {"from": "values of", "to": "found in", "count": "values", "share": "share"})
    counts = [
        {"entity": e, **c, **({"sales": f"{c['sales']:,.2f}"} if c.get("sales") is not None else {})}
        for e, c in result["trial"].get("counts", {}).items()
    ]
    headings = ["entity", "rows", "with_person", "people", "completed", "sales"]
    table(console, "Built on a copy", counts, {key: key.replace("_", " ") for key in headings})
    failures = result["trial"]["failures"]
    table(console, "Failed on the copy", failures, {"model": "model", "fault": "fault", "mend": "mend"})
