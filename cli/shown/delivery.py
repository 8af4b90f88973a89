"""The pages of `plan`, `push`, `retry` and `collect`."""

from typing import Any

from rich.console import Console

from cli.shown.layout import Result, cell, escape, table, without_empty

PLAN = {
    "sync": "sync", "channel": "channel", "audience": "audience", "adds": "add", "updates": "update",
    "removes": "remove", "unchanged": "unchanged", "waiting": "under way", "held_back": "held back",
    "api_calls": "calls", "minutes": "min", "cost": "cost", "error": "said",
}  # fmt: skip
PUSH = {
    "sync": "sync", "channel": "channel", "outcome": "outcome", "attempted": "attempted", "accepted": "accepted",
    "rejected": "rejected", "in_doubt": "in doubt", "skipped": "skipped", "waiting": "under way", "seconds": "s",
    "error": "said",
}  # fmt: skip
COLLECTED = {
    "sync": "sync", "channel": "channel", "delivered": "delivered", "removed": "removed", "rejected": "rejected",
    "in_doubt": "in doubt", "waiting": "under way", "error": "said",
}  # fmt: skip


def plan(console: Console, result: Result) -> None:
    syncs = result["syncs"]
    columns = without_empty(PLAN, syncs, "waiting", "cost", "error")
    table(console, f"Plan for {result['day']} (nothing is sent)", syncs, columns)
    for sync in syncs:
        planned_sync(console, sync)
    orphans(console, result)
    if result.get("saved"):
        console.print(f"Saved: fairlead push --plan {escape(result['saved'])} --day {result['day']}")


def planned_sync(console: Console, sync: dict[str, Any]) -> None:
    """What a sync's row in the table has no room for."""
    name = sync["sync"]
    if sync.get("mapping_change"):
        console.print(f"{name}: the mapping has changed: {cell(sync['mapping_change'])}")
    if sync.get("damage"):
        console.print(escape(sync["damage"]), soft_wrap=True)
    if sync.get("fields_changed"):
        console.print(f"{name}: fields that updates change: {cell(sync['fields_changed'])}")
    for person in sync.get("sample", []):
        fields = "; ".join(f"{f}: {cell(v['from'])} → {cell(v['to'])}" for f, v in person["fields"].items())
        console.print(f"  {person['op']} {escape(person['record_key'])} ({person['reason']}): {fields}")
    for guard in sync.get("guards", []):
        if guard["tripped"]:
            console.print(f"[bold]{name}: guard {guard['guard']} trips[/bold]: {escape(str(guard['detail']))}")


def push(console: Console, result: Result) -> None:
    syncs = result["syncs"]
    table(console, f"Pushed for {result['day']}", syncs, without_empty(PUSH, syncs, "waiting", "error"))
    for sync in syncs:
        if sync.get("place"):
            console.print(f"{sync['sync']}: {escape(sync['place'])}", soft_wrap=True)
        if sync.get("damage"):
            console.print(escape(sync["damage"]), soft_wrap=True)
    orphans(console, result)


def orphans(console: Console, result: Result) -> None:
    """Syncs without a file, or without the use of their channel, whose people are still there."""
    for mistake in result.get("mistakes", []):
        console.print(escape(mistake), soft_wrap=True)
    for row in result.get("orphans", []):
        channel = row.get("channel") or "their channel"
        mend = row.get("mend") or "`fairlead plan` says the mend"
        fault = f"has no file, and {row['people']:,} people are still on {channel}"
        if row.get("why"):
            removals = f"{row['withdrawn'] or 0:,} of its {row['people']:,} people on {channel}"
            under_way = f", {row['under_way']:,} are under way" if row.get("under_way") else ""
            fault = f"is {row['why']}, and {removals} have withdrawn{under_way}"
        console.print(f"[bold]{escape(row['sync'])}[/bold] {escape(fault)}: {escape(mend)}.", soft_wrap=True)


def collected(console: Console, result: Result) -> None:
    table(console, "Vendors' jobs", result["syncs"], without_empty(COLLECTED, result["syncs"], "error"))
    console.print(f"{result['waiting']:,} people are still under way." if result["waiting"] else "No job is under way.")
