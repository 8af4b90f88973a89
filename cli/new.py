"""`fairlead new`: the files of a new source, segment, model, channel or sync."""

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.prompt import Prompt

from cli.answer import Result, answer
from cli.options import Json
from cli.shown import new as pages
from core.errors import ConfigError
from core.settings import Settings
from core.specs import read_value

app = typer.Typer(no_args_is_help=True, help="Write the files of a new source, segment, model, channel or sync.")


def write(work: Callable[[Settings], Result], as_json: bool) -> None:
    """A project's own files, which are for all who work on it."""
    answer(work, as_json, pages.written, private=False)


@app.command("source")
def new_source(
    name: str,
    data: Annotated[str, typer.Option("--from", help="A file, a pattern, a folder or a database URL.")] = "",
    connector: Annotated[str, typer.Option(help="A vendor's API that is known: docs/sources/README.md.")] = "",
    shop: Annotated[
        str, typer.Option(help="With --connector: the source whose customer numbers its events have.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Write all files as they are proposed.")] = False,
    ask: Annotated[bool, typer.Option("--ask", help="One question for each doubt, then write.")] = False,
    confirmed_by: Annotated[
        str | None, typer.Option(help="Who has read the forms on which people agreed: from then on a yes counts.")
    ] = None,
    schema: Annotated[list[str] | None, typer.Option(help="Of a database: look into this schema alone.")] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Of a database: look at these tables or views alone; * stands for any.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look at the data and say what it means; with --yes or --ask write the source file and its stg_ models.

    With --connector write those of a known API, under this name.
    """
    from connectors.catalogue.choose import new_from_connector
    from connectors.understand import scaffold
    from connectors.understand.looking.databases import Wanted

    if bool(data) == bool(connector):
        raise typer.BadParameter("give either --from PATH or --connector NAME.")
    if shop and not connector:
        raise typer.BadParameter("--shop goes with --connector.")
    if connector:
        if ask:
            raise typer.BadParameter("--ask goes with --from: a connector's files are known.")
        write(lambda s: new_from_connector(s, name, connector, shop, confirmed_by), as_json)
        return
    if ask and (as_json or not sys.stdin.isatty()):
        raise typer.BadParameter("--ask needs a terminal and no --json; --yes writes without questions.")
    answer(
        lambda s: scaffold.new_source(
            s, name, data, write=yes or ask, ask=_ask if ask else None, confirmed_by=confirmed_by,
            wanted=Wanted(tuple(schema or ()), tuple(table or ())),
        ),
        as_json, pages.understood, private=False,
    )  # fmt: skip


def _ask(doubts: list[Any]) -> dict[str, str]:
    """One question a doubt; Enter takes what was assumed. Only other answers are given back."""
    answers: dict[str, str] = {}
    terminal = Console(stderr=True, markup=False)
    for doubt in doubts:
        typer.echo(f"\n{doubt.table}: {doubt.text}", err=True)
        for choice, meaning in doubt.choices.items():
            typer.echo(f"  {choice}: {meaning}", err=True)
        chosen = Prompt.ask("which", console=terminal, choices=list(doubt.choices), default=doubt.default)
        if chosen != doubt.default:
            answers[doubt.name] = chosen
    return answers


@app.command("segment")
def new_segment(name: str, as_json: Json = False) -> None:
    """A segment's SQL file and its YAML twin."""
    from core import scaffold

    write(lambda s: scaffold.new_segment(s, name), as_json)


@app.command("model")
def new_model(name: str, as_json: Json = False) -> None:
    """A predictive model's YAML and the label it learns from."""
    from ml import scaffold

    write(lambda s: scaffold.new_model(s, name), as_json)


@app.command("channel")
def new_channel(name: str, as_json: Json = False) -> None:
    """A channel's one file, to be fitted to the vendor's shape."""
    from activation import scaffold

    write(lambda s: scaffold.new_channel(s, name), as_json)


@app.command("sync")
def new_sync(
    name: str,
    option: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, an option that the channel needs.")] = None,
    as_json: Json = False,
) -> None:
    """A sync's YAML, SEGMENT__CHANNEL or FEED__CHANNEL; paused until its plan was read."""
    from activation import scaffold

    write(lambda s: scaffold.new_sync(s, name, parse_options(option or [])), as_json)


def parse_options(texts: list[str]) -> dict[str, Any]:
    """KEY=VALUE as a sync's file would hold them. Raises ConfigError, which names no value: it may be somebody's."""
    pairs = [text.partition("=") for text in texts]
    if any(not key.strip() or not equals for key, equals, _ in pairs):
        raise ConfigError("--option takes KEY=VALUE.")
    options = {key.strip(): read_value(value, f"--option {key.strip()}") for key, _, value in pairs}
    for key, value in options.items():
        try:
            json.dumps(value, default=str)
        except (TypeError, ValueError):
            raise ConfigError(f"--option {key}: what stands before a colon is a word.") from None
    return options
