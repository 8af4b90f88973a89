"""Governance: where a column comes from and who receives it (lineage), and what every column is (dictionary)."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.answer import Result, answer
from cli.options import Json
from cli.shown import govern as pages
from cli.shown.layout import facts
from core.settings import Settings

if TYPE_CHECKING:
    from insight.governance.catalogue import Rooms

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="TABLE.COLUMN, a column of profiles, or CHANNEL.FIELD, SYNC.FIELD.")
]


def lineage(name: Name, as_json: Json = False) -> None:
    """Where a column or a channel's field comes from, step by step, and who receives it."""

    def work(settings: Settings) -> Result:
        import insight.governance.lineage

        return insight.governance.lineage.lineage(settings, name, rooms())

    answer(work, as_json, pages.lineage, reads=True)


def dictionary(as_json: Json = False) -> None:
    """Write the data dictionary into the home: every column, what it is, where from, who receives it; HTML and JSON."""

    def work(settings: Settings) -> Result:
        import insight.governance.dictionary

        return insight.governance.dictionary.write(settings, rooms())

    answer(work, as_json, facts)


def rooms() -> "Rooms":
    """What each room tells of itself, for `insight`, which imports none."""
    import activation.receivers
    import connectors.declared_columns
    import ml.reads
    from insight.governance.catalogue import Rooms

    return Rooms(
        receivers=activation.receivers.receivers,
        models=ml.reads.columns_read,
        sources=connectors.declared_columns.declared_columns,
    )
