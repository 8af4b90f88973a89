"""Which syncs take part, why the others do not, and the channel of one that does, opened."""

import contextlib
import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from activation.catalogue import find_channel
from activation.channel import MESSAGE_MODES, Channel
from activation.delivery import usual
from activation.sync import Sync
from core.errors import ConfigError, FairleadError
from core.project.files import found
from core.settings import ChannelSettings, Settings, SourceSettings
from core.unexpected import place

log = logging.getLogger("fairlead.activation")


def why_off(settings: Settings, sync: Sync) -> str:
    """Why this sync takes no part, which is no fault; '' when it does."""
    if not sync.enabled:
        return "switched off in its file"
    return why_without_source(settings, sync) or why_closed(settings, sync)


def why_without_source(settings: Settings, sync: Sync) -> str:
    """Why the source that it belongs to is out of use; '' where it is in use, or the sync belongs to none."""
    name = sync.needs_source
    if name and name not in found(settings, "sources"):
        return f"its source {name} is not there"
    if name and settings.sources.get(name, SourceSettings()).enabled is False:
        return f"its source {name} is switched off"
    return ""


def why_paused(sync: Sync) -> str:
    """Why nobody is added, changed or taken out for leaving. Who withdraws goes all the same."""
    return f"paused: {sync.paused}" if sync.paused else ""


@dataclass(frozen=True)
class Participation:
    """Who takes part: each sync is ready, off, or has a fault, which is nobody else's."""

    off: dict[str, str]  # of each sync why it takes no part, which is no fault; '' when it does, or should
    faults: dict[str, str]  # of those that should, and whose channel cannot be opened, why it cannot

    def ready(self, syncs: Mapping[str, Sync]) -> list[Sync]:
        return [sync for name, sync in syncs.items() if not self.off[name] and name not in self.faults]


def participation(settings: Settings, syncs: Mapping[str, Sync]) -> Participation:
    """Asks each channel for itself: what one raises ends nothing."""
    part = Participation(dict.fromkeys(syncs, ""), {})
    for name, sync in syncs.items():
        try:
            part.off[name] = why_off(settings, sync)
        except Exception as error:  # a channel's file is anybody's code
            part.faults[name] = fault(sync, error)
    return part


def fault(sync: Sync, error: Exception) -> str:
    """What to tell of an error of one sync. Of what nobody foresaw only kind and place are told, for its text may
    hold a record; the log has the way to it.
    """
    if isinstance(error, FairleadError):
        return str(error)
    log.error("%s", "".join(traceback.format_tb(error.__traceback__)))
    return f"FL107 {sync.name}: failed with {type(error).__name__} ({place(error)})."


def closed_ones(settings: Settings, syncs: Mapping[str, Sync]) -> dict[str, str]:
    """Why each channel that cannot be used cannot be, by sync; a mistake in what is switched off holds up nobody."""
    reasons: dict[str, str] = {}
    for name, sync in syncs.items():
        try:
            why = why_closed(settings, sync)
        except Exception as error:
            why = f"without its channel: {fault(sync, error)}"
        if why:
            reasons[name] = why
    return reasons


def why_closed(settings: Settings, sync: Sync) -> str:
    """Why its channel cannot be used; '' when it can."""
    if not settings.channels.get(sync.channel, ChannelSettings()).enabled:
        return f"channel {sync.channel} switched off in fairlead.toml"
    with opened(settings, sync) as channel:
        lacking = usual.missing(channel)
        return f"not configured: {lacking}" if lacking else ""


def credential_expires(settings: Settings, sync: Sync) -> date | None:
    return settings.channels.get(sync.channel, ChannelSettings()).credential_expires


@contextlib.contextmanager
def opened(settings: Settings, sync: Sync) -> Iterator[Channel]:
    settings.channels.get(sync.channel, ChannelSettings()).check("FL411")
    file = find_channel(settings, sync.channel)
    channel: Channel = file.open_channel(settings, file.Options.model_validate(sync.options_for(file.Options)))
    try:
        if channel.in_doubt == "message" and sync.mode not in MESSAGE_MODES:
            raise ConfigError(
                f"{sync.file}: mode: what goes to {sync.channel} with these options cannot be sent "
                f"twice or taken back, so only {' or '.join(sorted(MESSAGE_MODES))} will do."
            )
        yield channel
    finally:
        usual.close(channel)
