"""The pages of `pull` and `build`."""

from rich.console import Console

from cli.shown.layout import Result, cell, escape, table

PULL = {
    "source": "source", "table": "table", "rows_in": "in", "rows_landed": "landed", "rows_rejected": "rejected",
    "rows_unchanged": "unchanged", "seconds": "s",
}  # fmt: skip


def pull(console: Console, result: Result) -> None:
    table(console, f"Pulled for {result['day']}", result.get("sources", []), PULL)
    for row in result.get("sources", []):
        for key in ("error", "read_anew", "warnings", "columns_added", "days"):
            if row.get(key):
                console.print(f"{row['source']}.{row.get('table', '')}: {key.replace('_', ' ')}: {cell(row[key])}")
    for line in result.get("notices", []):
        console.print(escape(line))
    if "stopped" in result:
        console.print(escape(result["stopped"]))


def build(console: Console, result: Result) -> None:
    console.print(
        f"Built {result['models']} models and ran {result['tests']} tests for {result['day']} in {result['seconds']} s:"
        f" {result['failed']} failed, {result['warned']} warned."
    )
    for line in result["failures"] + result["warnings"] + result.get("notices", []):
        console.print(f"  {escape(line)}")


def upgrade(console: Console, result: Result) -> None:
    table(console, "The warehouse's own tables", result["changes"], {"table": "table", "change": "change"})
    if not result["changes"]:
        console.print("The warehouse's own tables are those of this version.")
    elif result["applied"]:
        console.print(f"Done. As it was it stands in {escape(result['backup'])}.")
    else:
        console.print("Nothing is changed yet: `fairlead upgrade --apply` does it, and keeps a copy.")
