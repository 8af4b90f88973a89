"""Whether what was delivered still lies where it was put: to the ledger an emptied place looks full."""

from collections.abc import Callable
from typing import TypeVar

from activation.channel import BatchRejected, Channel, HasFiles, Holds
from activation.sync import Sync
from activation.vendor import patience
from core.errors import FairleadError

LOOK_SECONDS = 15.0  # a look costs one question; a place that does not answer is the push's to tell
NAMED = 5  # files that are named one by one
T = TypeVar("T")


def look(channel: Channel, sync: Sync, delivered: int) -> str:
    """What is wrong and how to make it whole again, in words; '' where all is there, or the place cannot tell.

    delivered   people of ours there, by the ledger
    """
    return _emptied(channel, sync, delivered) or _damaged(channel, sync)


def _emptied(channel: Channel, sync: Sync, delivered: int) -> str:
    if not delivered or not isinstance(channel, Holds):
        return ""
    held = channel.held
    rows = _answer(lambda: held(sync.name), sync)
    if rows is None or rows >= delivered:
        return ""
    return (
        f"FL311 {sync.name}: {rows} rows of it lie at {sync.channel}, and {delivered} were delivered by the ledger: "
        "somebody has "
        f"emptied the place. `fairlead push {sync.name} --day D --resend` makes it whole again."
    )


def _damaged(channel: Channel, sync: Sync) -> str:
    if not isinstance(channel, HasFiles):
        return ""
    faults = channel.faults
    damages = _answer(lambda: faults(sync.name), sync)
    if not damages:
        return ""
    more = f"; and {len(damages) - NAMED} more" if len(damages) > NAMED else ""
    return (
        f"FL313 {sync.name}: {'; '.join(damages[:NAMED])}{more}. Nothing was written over. "
        "Bring the file back from a backup; or take "
        f"what is left of the pair away and `fairlead push {sync.name} --day D --resend`."
    )


def _answer(question: Callable[[], T], sync: Sync) -> T | None:
    try:
        return patience.bounded(question, LOOK_SECONDS, sync.channel)
    except (FairleadError, BatchRejected):
        return None
