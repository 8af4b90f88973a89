"""Whether what was delivered still lies where it was put: a table or an outbox that somebody emptied looks to the ledger like a full one."""

from activation import patience
from activation.channel import BatchRejected, Channel, Holds
from activation.sync import Sync
from core.errors import FairleadError

LOOK_SECONDS = 15.0  # a look costs one question; a place that does not answer is the push's to tell


def emptied(channel: Channel, sync: Sync, delivered: int) -> str:
    """What is wrong and how to make it whole again, in words; '' where all is there, or the place cannot tell.

    delivered   people of ours there, by the ledger
    """
    if not delivered or not isinstance(channel, Holds):
        return ""
    held = channel.held
    try:
        rows = patience.bounded(lambda: held(sync.name), LOOK_SECONDS, sync.channel)
    except (FairleadError, BatchRejected):
        return ""
    if rows is None or rows >= delivered:
        return ""
    return (
        f"FL311 {sync.name}: {rows} rows of it lie at {sync.channel}, and {delivered} were delivered by the ledger: somebody has "
        f"emptied the place. `fairlead push {sync.name} --day D --resend` makes it whole again."
    )
