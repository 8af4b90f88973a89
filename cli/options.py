"""The options and arguments that several commands take, and those of `push`, which takes many."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from cli.answer import parse_day

Names = Annotated[list[str] | None, typer.Argument(show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Exactly one JSON object on standard output.")]
Day = Annotated[
    date, typer.Option("--day", parser=parse_day, metavar="D", help="A date in the project's time zone; as of its end.")
]
Later = Annotated[
    str | None,
    typer.Option(
        "--future-day", metavar="REASON", help="The day has not begun, and that is meant; logged in ops.runs."
    ),
]
Override = Annotated[
    list[str] | None, typer.Option("--override", metavar='GUARD="REASON"', help="Pass one guard this once; logged.")
]

FromPlan = Annotated[Path | None, typer.Option("--plan", help="A saved plan; refused when the world has moved.")]
Only = Annotated[
    str, typer.Option(help="One person_id: a test of one row; of a feed, the person's events, or one event_id.")
]
Resend = Annotated[bool, typer.Option(help="Send everybody again (full resync; or after a changed mapping).")]
Rebaseline = Annotated[bool, typer.Option(help="Take the present payloads as delivered; send only what is new.")]
Withdrawals = Annotated[bool, typer.Option(help="Only take out who has withdrawn; needs no audience of the day.")]
Orphans = Annotated[
    bool, typer.Option("--orphans", help="Only take out who has withdrawn, of syncs whose file is gone.")
]
Wait = Annotated[bool, typer.Option(help="Wait for the vendors' jobs; else `fairlead collect` asks later.")]


def print_version(is_asked_for: bool) -> None:
    """The version of the installed package, and nothing else."""
    if not is_asked_for:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        typer.echo(version("fairlead"))
    except PackageNotFoundError:
        typer.echo("fairlead is not installed, and only what is installed has a version: `make install`.", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=print_version, is_eager=True, help="Show the version and exit.")
]


def parse_overrides(texts: list[str] | None) -> dict[str, str]:
    """Guard -> reason."""
    pairs = [text.partition("=") for text in texts or []]
    if any(not guard or not reason.strip() for guard, _, reason in pairs):
        raise typer.BadParameter('--override takes GUARD="REASON"; the reason is logged.')
    return {guard: reason.strip() for guard, _, reason in pairs}


def refuse_both(first: object, second: object, mend: str) -> None:
    """Refuse two wishes that contradict each other."""
    if first and second:
        raise typer.BadParameter(mend)
