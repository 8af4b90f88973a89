"""Which syncs take part, why the others do not, and the channel of one that does, opened."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import date

from activation.catalogue import find_channel
from activation.channel import MESSAGE_MODES, Channel
from activation.delivery import usual
from activation.sync import Sync
from core.errors import ConfigError
from core.settings import ChannelSettings, Settings


def why_off(settings: Settings, sync: Sync) -> str:
    """Why this sync takes no part, which is no fault; '' when it does."""
    return "switched off in its file" if not sync.enabled else why_closed(settings, sync)


def why_at_rest(settings: Settings, sync: Sync) -> str:
    """Why nobody is added, changed or taken out for leaving: it takes no part, or is paused. Who withdraws goes all the same."""
    return why_off(settings, sync) or (f"paused: {sync.paused}" if sync.paused else "")


def closed_ones(settings: Settings, syncs: Mapping[str, Sync]) -> dict[str, str]:
    """Why each channel that cannot be used cannot be, by sync; a mistake in what is switched off holds up nobody."""
    reasons: dict[str, str] = {}
    for name, sync in syncs.items():
        try:
            why = why_closed(settings, sync)
        except ConfigError as error:
            why = str(error)
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
    file = find_channel(settings, sync.channel)
    channel: Channel = file.open_channel(settings, file.Options.model_validate(sync.options_for(file.Options)))
    try:
        if channel.in_doubt == "message" and sync.mode not in MESSAGE_MODES:
            raise ConfigError(
                f"activation/syncs/{sync.name}.yml: mode: what goes to {sync.channel} with these options cannot be sent "
                f"twice or taken back, so only {' or '.join(sorted(MESSAGE_MODES))} will do."
            )
        yield channel
    finally:
        usual.close(channel)
