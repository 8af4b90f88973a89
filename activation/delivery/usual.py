"""What the loop asks of any open channel. A channel has only what is particular to it; the usual is here.

Usual is a channel with an `access` (vendor/access.py) and one `http` client (vendor/http.py): what is not set is read
from the first, the vendor's rate from the second, which is closed at the end. A channel made otherwise has the
methods below, or nothing.
"""

from typing import Any, Protocol, runtime_checkable

from activation.channel import Channel, Quota


@runtime_checkable
class MayBeUnset(Protocol):
    """A channel that something may be missing for besides what its `access` says."""

    @property
    def not_configured(self) -> str:
        """What is missing in this installation, in words; '' when it can be used."""


@runtime_checkable
class TellsQuota(Protocol):
    """A channel whose vendor tells its rate otherwise than to the client `http`."""

    def quota(self) -> Quota | None:
        """What is left of the vendor's rate, by its last answer; None where it does not say."""


@runtime_checkable
class Closes(Protocol):
    """A channel that holds more than the client `http`, or something else."""

    def close(self) -> None: ...


def missing(channel: Channel) -> str:
    """What must still be set before this channel can be used, in words; '' when it can be used."""
    if isinstance(channel, MayBeUnset):
        return channel.not_configured
    access = getattr(channel, "access", None)
    return "" if access is None else str(access.missing)


def quota(channel: Channel) -> Quota | None:
    if isinstance(channel, TellsQuota):
        return channel.quota()
    http = _client(channel)
    return None if http is None else http.quota


def close(channel: Channel) -> None:
    if isinstance(channel, Closes):
        channel.close()
    elif (http := _client(channel)) is not None:
        http.close()


def _client(channel: Channel) -> Any:
    """The channel's Http where it has been made: asking for it must not make one."""
    return vars(channel).get("http") if hasattr(channel, "__dict__") else None
