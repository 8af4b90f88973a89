"""`fairlead new sync` and `fairlead new channel`: files that run as they are written."""

from typing import Any

from activation.channel import channel_folders, find_channels
from core.errors import ConfigError
from core.scaffold import checked_name, write_new
from core.settings import Settings


def new_sync(settings: Settings, name: str) -> dict[str, Any]:
    """`<segment>__<channel>`; both must exist. Disabled until somebody has read its plan."""
    segment, _, channel = name.partition("__")
    if not channel:
        raise ConfigError(f"{name!r} does not say what goes where. Write SEGMENT__CHANNEL, e.g. champions__csv_outbox.")
    folder = settings.root / "dbt_project/models/marts/segments"
    segments = sorted(p.stem.removeprefix("segment__") for p in folder.glob("segment__*.sql"))
    if checked_name(segment) not in segments:
        raise ConfigError(
            f"No segment {segment!r}. Segments: {', '.join(segments)}. `fairlead new segment {segment}` makes one."
        )
    channels = find_channels(channel_folders(settings))
    if checked_name(channel) not in channels:
        raise ConfigError(
            f"No channel {channel!r}. Channels: {', '.join(channels)}. `fairlead new channel {channel}` makes one."
        )
    text = f"""description: Say what this audience is for, in a marketer's words
segment: {segment}
channel: {channel}
contact_channel: email          # which consent decides: email | sms | push | ads | mail | none (nobody is contacted by it)
purpose: marketing
mode: mirror                    # mirror: who leaves the audience is removed there; upsert: nobody is removed
fields: {{email: email, first_name: first_name}}    # field at the channel: column of marts.profiles
holdout_share: 0.1              # kept back at random, stably, to measure what the sync is worth
cap: {{touches: 4, days: 7}}
max_change_share: 0.3           # a push that would change more than this is refused
enabled: false                  # read `fairlead plan {name} --day D` first, then take this line out
"""
    return write_new(settings.root, {f"activation/syncs/{name}.yml": text})


def new_channel(settings: Settings, name: str) -> dict[str, Any]:
    """A channel that posts its changes as JSON: to be fitted to the vendor's own shape."""
    source = (settings.root / "activation/channels/webhook.py").read_text(encoding="utf-8")
    text = source.replace("webhook", checked_name(name))
    return write_new(settings.root, {f"activation/channels/{name}.py": text})
