"""The pages of `plan --against`: for a terminal, and as Markdown."""

from rich.console import Console

from cli.shown.layout import Result, escape, table


def compared(console: Console, result: Result) -> None:
    for what in ("segment", "sync"):
        columns = {what: what, "before": "before", "after": "after", "adds": "added", "removes": "removed"}
        table(console, f"Every {what} that changes against {result['against']}", result[f"{what}s"], columns)
    if not result["segments"] and not result["syncs"]:
        console.print(f"No segment and no audience changes against {escape(result['against'])}.")


def markdown(console: Console, result: Result) -> None:
    """For a pull request's comment."""
    lines = [f"### Audiences on {result['day']}, against `{result['against']}`", ""]
    for what in ("segment", "sync"):
        rows = result[f"{what}s"]
        lines += [f"| {what} | before | after | change |", "|---|--:|--:|--:|"] if rows else []
        lines += [
            f"| `{r[what]}` | {r['before']:,} | {r['after']:,} | +{r['adds']:,} / −{r['removes']:,} |" for r in rows
        ]
        lines += [""] if rows else []
    if not result["segments"] and not result["syncs"]:
        lines.append("No segment and no audience changes.")
    console.print("\n".join(lines), soft_wrap=True, markup=False)
