"""The pages of `run`, `summary` and `rewind`."""

from typing import Any

from rich.console import Console

from cli.shown.delivery import orphans
from cli.shown.layout import Result, escape, table, without_empty

STEPS = {"step": "step", "ok": "ok", "seconds": "s", "error": "error"}
REWOUND = {"table": "table", "rows": "rows", "what": "what becomes of them"}
SOURCES = {
    "source": "source", "rows_in": "rows", "landed": "landed", "rejected": "rejected", "unchanged": "unchanged",
}  # fmt: skip
REJECTS = {"source": "source", "table_name": "table", "reason": "reason", "rows": "rows"}
SEGMENTS = {
    "segment": "segment", "people": "people", "entered": "entered", "left_it": "left", "why_empty": "why it is empty",
}  # fmt: skip
MODELS = {
    "model": "model", "figure": "measure", "value": "model's", "rule": "rule of thumb's", "verdict": "said",
}  # fmt: skip
CHANNELS = {
    "sync": "sync", "added": "added", "updated": "updated", "removed": "removed", "rejected": "rejected",
    "skipped": "skipped", "said": "said",
}  # fmt: skip
CONSENTS = {"source": "source", "kind": "kind", "statements": "statements"}
HELD_BACK = {"reason": "why", "people": "people", "syncs": "syncs"}


def run(console: Console, result: Result) -> None:
    outcome = "done" if result["ok"] else "FAILED"
    table(console, f"The night of {result['day']}: {outcome} in {result['seconds']} s", result["steps"], STEPS)


def rewind(console: Console, result: Result) -> None:
    verb = "Taken back" if result["applied"] else "Would be taken back"
    table(console, f"{verb}: what lies after {result['day']}", result["parts"], REWOUND)
    if not result["parts"]:
        console.print(f"Nothing lies after {result['day']}.")
    elif not result["applied"]:
        console.print(f"Nothing was changed. `fairlead rewind --day {result['day']} --apply` does it.")
    else:
        console.print("Now run the night: what is built from these tables stands as it was until then.")


def summary(console: Console, result: Result) -> None:
    console.print(f"\n[bold]The night of {result['day']}[/bold]\n")
    table(console, "What came in", result["sources"], SOURCES)
    table(console, "What was refused, and why", result["rejects"], REJECTS)
    if result["people"]:
        people_counts(console, result["people"])
    segments = result["segments"]
    table(console, "Segments", segments, without_empty(SEGMENTS, segments, "why_empty"))
    models = [model | {"verdict": verdict(model)} for model in result["models"]]
    table(console, "Predictive models", models, MODELS)
    table(console, "Channels", result["channels"], CHANNELS)
    doubts = [row for row in result["consents"] if row["kind"] != "stated"]
    table(console, "Statements of consent in doubt", doubts, CONSENTS)
    table(console, "Held back", result["held_back"], HELD_BACK)
    for place in result.get("emptied", []):
        console.print(escape(place["detail"]), soft_wrap=True)
    orphans(console, result)
    for line in result["ahead"]:
        console.print(f"[bold]Ahead[/bold]  {escape(line)}", soft_wrap=True)
    console.print("[bold]Three things to try next[/bold]")
    for number, line in enumerate(result["next_steps"], 1):
        console.print(f"  {number}. {escape(line)}", soft_wrap=True)


def people_counts(console: Console, people: dict[str, Any]) -> None:
    console.print(
        f"[bold]People[/bold]  {people['people']:,}: {people['customers']:,} customers, {people['leads']:,} leads"
        f" (in {people['records'] or 0:,} records of people, with {people.get('identifiers') or 0:,} identifiers)\n"
    )


def verdict(model: dict[str, Any]) -> Any:
    """In use, or why not."""
    if model["promoted"]:
        return "in use"
    reasons = model["reasons"] or []
    return "; ".join(reasons) if isinstance(reasons, list) else reasons
