"""What a sync file must fit and does not show: its segment or feed, its channel, the consent it needs."""

import re
from typing import Any, get_args

from pydantic import ValidationError

from activation.catalogue import channel_folders, channel_paths, find_channel
from activation.channel import About, Contact, Mode, Policy
from core.errors import ConfigError
from core.project.files import found, placed, shown
from core.settings import Settings
from core.specs import Spec

FOR_PEOPLE = (
    "holdout_share",
    "holdout_per",
    "cap",
    "on_exit",
    "max_change_share",
    "retired",
)  # of a feed nobody enters, leaves or is held out
BASIS_OF_NONE = (
    'Name the consent, or write `basis: "…"`: why nobody is contacted by it, and on what ground their data goes there.'
)
UNASKED = ", or `message_class: transactional` with its `basis` for what may be sent unasked."
OF_AN_EVENT = (
    "a transactional message is about something that has happened: it comes from a feed, never from a segment."
)
BASIS_OF_MESSAGE = (
    'write `basis: "…"` beside it: on what ground this is sent to people who may have said no to marketing.'
)


def surroundings(stem: str, content: dict[str, Any], settings: Settings, spec: type[Spec]) -> list[tuple[str, str]]:
    """(key, what is wrong with it) of one sync file's content."""
    channel, wrong = content.get("channel"), _of_feed(content, spec)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", stem):
        mend = "the file's name may hold letters of English, digits, _ and - only: tasks and folders are named by it."
        wrong.append(("segment", f"FL419 {mend}"))
    for kind in ("segment", "feed"):
        name, names = content.get(kind), find_sources(settings, kind)
        if isinstance(name, str) and name not in names:
            hint = f"{kind.capitalize()}s: {', '.join(names) or 'none'}. Add {kind}__{name}.sql."
            wrong.append((kind, f"no {kind} {name!r}. {hint}"))
        if isinstance(name, str) and isinstance(channel, str) and not (stem + "__").startswith(f"{name}__{channel}__"):
            wrong.append(
                (kind, f"the file must be called {name}__{channel}.yml (or {name}__{channel}__<variant>.yml).")
            )
    if isinstance(channel, str):
        wrong += _of_channel(channel, content, settings)
    return wrong


def find_sources(settings: Settings, kind: str) -> list[str]:
    """The segments, or the feeds, of the project and of the company's folder, by their files."""
    return [stem.removeprefix(f"{kind}__") for stem in found(settings, f"{kind}s")]


def _of_feed(content: dict[str, Any], spec: type[Spec]) -> list[tuple[str, str]]:
    """Whether people or events are sent, and what can be asked of events."""
    feed, mode = content.get("feed") is not None, content.get("mode")
    if feed == (content.get("segment") is not None):
        both = "segment and feed are both there. Take one of them out" if feed else "neither segment nor feed is there"
        return [("feed", f"FL417 {both}: segment says who is sent, feed what has happened.")]
    if not feed:
        return [("max_age_days", "FL417 only a feed has max_age_days. Take it out.")] * ("max_age_days" in content)
    other = mode in get_args(Mode) and mode != "append"
    wrong = [("mode", f"FL417 a feed goes in mode append, not {mode}.")] if other else []
    misplaced = [k for k in FOR_PEOPLE if k in content and content[k] != spec.model_fields[k].default]
    return wrong + [
        (k, f"FL417 a feed has no {k}: events are sent once, and nobody leaves. Take it out.") for k in misplaced
    ]


def _of_channel(channel: str, content: dict[str, Any], settings: Settings) -> list[tuple[str, str]]:
    """What the channel itself says against the file: its options, its modes, its fields."""
    channels = channel_paths(channel_folders(settings))
    if channel not in channels:
        place = shown(settings, placed(settings, f"activation/channels/{channel}.py"))
        mend = f"Add {place}, or `fairlead new channel {channel}`."
        return [("channel", f"FL401 no channel {channel!r}. Channels: {', '.join(channels)}. {mend}")]
    try:
        file = find_channel(settings, channel)
    except ConfigError as error:
        return [("channel", mistake) for mistake in error.mistakes]
    about = file.ABOUT
    wrong = [*_options(file.Options, content.get("options") or {}), *_of_contact(about, file.Options, content)]
    mode, fields = content.get("mode"), content.get("fields")
    if mode in get_args(Mode) and mode not in about.modes:
        wrong.append(("mode", f"FL402 {about.title} cannot {mode}. Modes: {', '.join(sorted(about.modes))}."))
    if not isinstance(fields, dict):
        return wrong
    foreign = [f for f in fields if about.fields is not None and f not in about.fields]
    if foreign and about.fields is not None:
        wrong.append(
            (
                "fields",
                f"FL403 {about.title} takes no {', '.join(map(str, foreign))}. Fields: {', '.join(about.fields)}.",
            )
        )
    if about.identifiers and not set(about.identifiers) & set(fields):
        wrong.append(
            ("fields", f"FL403 {about.title} knows people by {' or '.join(about.identifiers)}; map one of them.")
        )
    columns = {f: c.get("column") if isinstance(c, dict) else c for f, c in fields.items()}
    foreign = [f for f in about.identifiers if str(columns.get(f, "")).startswith("segment.")]
    wrong += [("fields", f"FL403 {about.title} knows people by {f}, which is a column of profiles.") for f in foreign]
    wanted_policies = {
        f["policy"] for f in fields.values() if isinstance(f, dict) and f.get("policy") in get_args(Policy)
    }
    wrong += [
        ("fields", f"FL404 {about.title} cannot keep the policy {p}.") for p in sorted(wanted_policies - about.policies)
    ]
    return wrong


def _of_contact(about: About, options: type[Spec], content: dict[str, Any]) -> list[tuple[str, str]]:
    """Whether the consent that is asked is the one that the channel needs, and whether none may be asked at all."""
    contact, basis = content.get("contact_channel"), str(content.get("basis") or "").strip()
    transactional = content.get("message_class") == "transactional"
    wrong = _of_message(options, content, basis) if transactional or "options" in content else []
    ways = [c for c in about.contacts if c != "none"]
    if contact in get_args(Contact) and contact not in about.contacts and not (contact == "none" and transactional):
        reached = " or ".join(ways) or "nothing"
        mend = f"Write {' or '.join(about.contacts)}{UNASKED if contact == 'none' else '.'}"
        wrong.append(("contact_channel", f"FL418 {about.title} reaches people by {reached}, not {contact}. {mend}"))
    elif contact == "none" and ways and not basis and not transactional:
        wrong.append(("contact_channel", f"FL418 {about.title} may be used to contact people. {BASIS_OF_NONE}"))
    if basis and contact != "none" and not transactional:
        wrong.append(("basis", f"FL418 the consent for {contact} is asked, so nothing else is the basis. Take it out."))
    return wrong


def _of_message(options: type[Spec], content: dict[str, Any], basis: str) -> list[tuple[str, str]]:
    """What is transactional answers an event, says on what ground, and is said to be so in one place."""
    wrong, channel_options = [], content.get("options")
    message_class = content.get("message_class", "commercial")
    if message_class == "transactional" and content.get("feed") is None:
        wrong.append(("message_class", f"FL418 {OF_AN_EVENT}"))
    if message_class == "transactional" and not basis:
        wrong.append(("message_class", f"FL418 {BASIS_OF_MESSAGE}"))
    twice = (
        isinstance(channel_options, dict)
        and "message_class" in options.model_fields
        and channel_options.get("message_class", message_class) != message_class
    )
    if twice:
        wrong.append(("options", "FL418 message_class: write it beside contact_channel, and not in `options`."))
    return wrong


def _options(model: type[Spec], options: Any) -> list[tuple[str, str]]:
    try:
        model.model_validate(options)
    except ValidationError as error:
        hint = f"Known options: {', '.join(model.model_fields) or 'none'}."
        return [
            ("options", f"FL415 {'.'.join(map(str, e['loc'])) or 'options'}: {e['msg']}. {hint}")
            for e in error.errors()
        ]
    return []
