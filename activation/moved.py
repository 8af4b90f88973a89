"""A sync whose file names another place (a list, a table, a folder) than the one where its people are. To the ledger
they would be people of the new one: who withdraws would stay at the old one for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from activation import orphans
from activation.catalogue import find_channel
from activation.sync import Sync
from core.settings import Settings
from core.warehouse import Warehouse

GUARD = "place_changed"


@dataclass(frozen=True)
class Move:
    """What is to be told, and the sync as its last push had it, by which who withdraws is taken out."""

    text: str
    before: Sync


def find_moves(settings: Settings, db: Warehouse, syncs: Mapping[str, Sync]) -> dict[str, Move]:
    """By the name of the sync."""
    moves: dict[str, Move] = {}
    for row in orphans.on_channels(db):
        sync, before = syncs.get(row["sync"]), orphans.read(row["file"])
        if sync and before and (names := _changed(settings, sync, before)):
            people = f"{int(row['people'])} people were delivered under another {', '.join(names)}"
            moves[sync.name] = Move(f"{people}: who withdraws is taken out there, and nothing else is sent", before)
    return moves


def _changed(settings: Settings, sync: Sync, before: Sync) -> list[str]:
    """The options of the place that are others now; none where the channel, or what the file said, is understood no
    more, which is told by whoever opens it.
    """
    try:
        file: Any = find_channel(settings, sync.channel)
        now, then = (file.Options.model_validate(one.options_for(file.Options)) for one in (sync, before))
    except Exception:
        return []
    return [name for name in file.ABOUT.place if getattr(now, name) != getattr(then, name)]
