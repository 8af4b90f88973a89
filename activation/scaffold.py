"""`fairlead new sync` and `fairlead new channel`: files that run as they are written."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from activation import exposures
from activation.catalogue import find_channel
from activation.channel import About
from activation.sync import load_syncs
from activation.sync_rules import find_sources
from core.errors import ConfigError
from core.governance.sensitive import Sensitive
from core.project.files import folder_of, found, placed
from core.project.texts import text_of
from core.scaffold import checked_name, write_new
from core.settings import Settings

USUAL_OF_FEED = (
    "occurred_at",
    "email",
    "phone",
    "value",
    "currency",
)  # of a channel that takes whatever fields there are
USUAL = {"email": "email", "phone": "phone", "first_name": "first_name"}  # field: column of marts.profiles


def new_sync(settings: Settings, name: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`<segment>__<channel>` or `<feed>__<channel>`; both must exist. Paused until somebody has read its plan.

    options   of the channel, where it needs some. Raises ConfigError with what is missing, and leaves no file behind.
    """
    source, _, channel = name.partition("__")
    if not channel:
        raise ConfigError(f"{name!r} does not say what goes where. Write SEGMENT__CHANNEL, e.g. champions__csv_outbox.")
    segments, feeds = find_sources(settings, "segment"), find_sources(settings, "feed")
    if checked_name(source) not in segments + feeds:
        raise ConfigError(
            f"No segment or feed {source!r}. Segments: {', '.join(segments)}. Feeds: {', '.join(feeds) or 'none'}. "
            f"`fairlead new segment {source}` makes one."
        )
    about, option_values = find_channel(settings, checked_name(channel)).ABOUT, options or {}
    text = (
        _sync_text(name, source, channel, about, option_values)
        if source in segments
        else _feed_text(settings, name, source, channel, about, option_values)
    )
    file = f"activation/syncs/{name}.yml"
    written, path = write_new(settings, {file: text}), placed(settings, file)
    try:
        load_syncs(settings, [name])
        updated = exposures.write(settings)
        return written | ({"updated": updated} if updated else {})
    except ConfigError as error:
        path.unlink()
        mend = f"Give what is missing with --option KEY=VALUE; docs/channels/{channel}.md has an example."
        raise ConfigError(*(m for m in error.mistakes if path.name in m), mend) from None


def _sync_text(name: str, segment: str, channel: str, about: About, options: Mapping[str, Any]) -> str:
    mode = next(m for m in ("mirror", "add_only", "append") if m in about.modes)
    columns = {f: c for f, c in USUAL.items() if about.fields is None or f in about.fields} or {"email": "email"}
    by_phone = about.identifiers[:1] == ("phone",)
    contact = about.contacts[0]
    fields = {f: c for f, c in columns.items() if f != ("email" if by_phone else "phone") or f in about.identifiers}
    options_line = f"options: {json.dumps(dict(options), default=str)}\n" if options else ""
    return f"""description: Say what this audience is for, in a marketer's words
segment: {segment}
channel: {channel}
contact_channel: {contact}      # which consent decides: {_choices(about)}
purpose: marketing
mode: {mode}                # {" | ".join(sorted(about.modes))}: docs/how_to/add_a_sync.md
fields: {{{", ".join(f"{f}: {c}" for f, c in fields.items())}}}    # field at the channel: column of marts.profiles
{options_line}holdout_share: 0.1          # kept back at random, stably, to measure what the sync is worth
cap: {{touches: 4, days: 7}}
max_change_share: 0.3       # a push that would change more than this is refused
paused: "new: read fairlead plan {name} --day D, then take this line out"
"""


def _choices(about: About) -> str:
    """The consents that the channel may need, for the comment."""
    none = " (say why under `basis`)" if about.contacts[-1] == "none" and about.contacts[0] != "none" else ""
    return " | ".join(about.contacts) + none


def _feed_text(settings: Settings, name: str, feed: str, channel: str, about: About, options: Mapping[str, Any]) -> str:
    """Raises ConfigError where the channel takes no events."""
    if "append" not in about.modes:
        raise ConfigError(f"{about.title} takes no events, and {feed} is a feed of events.")
    columns = _columns(settings, feed)
    contact = "ads" if "ads" in about.contacts else about.contacts[0]
    feed_fields = [f for f in (USUAL_OF_FEED if about.fields is None else about.fields) if f in columns] or columns[:1]
    options_line = f"options: {json.dumps(dict(options), default=str)}\n" if options else ""
    return f"""description: Say what these events are for, in a marketer's words
feed: {feed}
channel: {channel}
contact_channel: {contact}            # which consent decides: {_choices(about)}
purpose: marketing
mode: append                    # every event once: docs/how_to/add_a_feed.md
fields: {{{", ".join(f"{f}: {f}" for f in feed_fields)}}}    # field at the channel: column of marts.feed__{feed}
{options_line}max_age_days: 7                 # older events are not sent
paused: "new: read fairlead plan {name} --day D, then take this line out"
"""


def _columns(settings: Settings, feed: str) -> list[str]:
    """The columns by which somebody is known or something is said, of the feed's YAML twin; [] where it has none."""
    twin = found(settings, "feeds")[f"feed__{feed}"][0].with_suffix(".yml")
    content = yaml.safe_load(text_of(twin)) if twin.is_file() else {}
    columns = [
        c["name"] for m in content.get("models", []) for c in m.get("columns", []) if m["name"] == f"feed__{feed}"
    ]
    unwritten = {"event_id", "person_id", *Sensitive(settings).of(f"feed__{feed}")}
    return [c for c in columns if c not in unwritten] or ["occurred_at"]


def new_channel(settings: Settings, name: str) -> dict[str, Any]:
    """A channel that posts its changes as JSON, to be fitted to the vendor's shape; its page and its fake."""
    checked_name(name)
    parts = ["activation/channels/{}.py"]
    if not folder_of(settings):  # a company's folder has no tests and no docs of ours
        parts += ["docs/channels/{}.md", "tests/support/fakes/{}.py"]
    files = {}
    for pattern in parts:
        source = settings.root / pattern.format("webhook")
        if source.is_file():  # an installation of its own has no tests and no docs of ours
            text = text_of(source)
            files[pattern.format(name)] = (
                text.replace("webhook", name).replace("WEBHOOK", name.upper()).replace("Webhook", _title(name))
            )
    return write_new(settings, files)


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
