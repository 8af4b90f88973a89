"""The pages of `query` and `doctor`."""

from rich.console import Console

from cli.shown.layout import Result, escape, table


def query(console: Console, result: Result) -> None:
    rows = [dict(zip(result["columns"], row, strict=True)) for row in result["rows"]]
    table(console, "", rows, {column: column for column in result["columns"]})
    console.print(f"{len(rows):,} rows")


def doctor(console: Console, result: Result) -> None:
    for check in result["checks"]:
        mark = "ok   " if check["ok"] else "FAULT"
        console.print(f"{mark}  {escape(check['check']):<22} {escape(check['detail'])}", soft_wrap=True)
        if not check["ok"]:
            console.print(f"       mend: {escape(check['mend'])}", soft_wrap=True)
