"""The page of `preview`."""

from rich.console import Console

from cli.shown.layout import Result, escape, table

OVERLAP = {"segment": "also in", "people": "people"}
LEAVES = {"person_id": "person", "decided_by": "was in it because"}
SYNCS = {
    "sync": "sync", "mode": "mode", "audience": "audience", "adds": "adds", "removes": "removes",
    "unchanged": "unchanged", "held": "held back",
}  # fmt: skip


def preview(console: Console, result: Result) -> None:
    console.print(
        f"[bold]{escape(result['segment'])}[/bold] as of {result['day']}: {result['people']:,} people, "
        f"{result['before']:,} in the last build; {result['entering']:,} come and {result['leaving']:,} go"
    )
    for count, words in ((result["without_person"], "without a person_id"), (result["repeated"], "of one person more")):
        if count:
            console.print(f"[bold]{count:,} rows {words}[/bold]: a build fails on them")
    if result["empty_because"]:
        console.print(escape(result["empty_because"]), soft_wrap=True)
    console.print()
    table(console, "Some who come", result["enters"], {name: name for row in result["enters"][:1] for name in row})
    table(console, "Some who go", result["leaves"], LEAVES)
    table(console, "Of these people", result["overlap"], OVERLAP)
    held = [{**row, "held": ", ".join(f"{n:,} {r}" for r, n in row["held_back"].items())} for row in result["syncs"]]
    table(console, "What a push of each sync would do", held, SYNCS)
    if result["unbuilt_syncs"]:
        names = escape(", ".join(result["unbuilt_syncs"]))
        after = f"`fairlead build --day {result['day']} --stage after-scores`"
        console.print(f"Written since the last build, and not counted: {names}. After {after} they are.")
        console.print()
    console.print(f"{result['seconds']} s; nothing was built or sent", style="dim")
