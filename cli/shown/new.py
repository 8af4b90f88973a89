"""The page of every `new` command: what was written."""

from rich.console import Console

from cli.shown.layout import Result, cell, escape


def written(console: Console, result: Result) -> None:
    for path in result.get("files", []):
        console.print(f"wrote {escape(str(path))}")
    for key, value in result.items():
        if key not in ("files", "ok"):
            console.print(f"{key}: {cell(value)}")
