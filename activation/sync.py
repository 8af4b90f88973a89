"""`activation/syncs/<segment>__<channel>.yml` -> Sync: which segment goes where, with which fields, under which consent."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from activation.channel import channel_folders, find_channels
from core.errors import ConfigError
from core.settings import Settings
from core.specs import Spec, load_spec, load_specs

RESERVED = {"op", "person_id"}  # columns that Fairlead itself writes beside the fields


class Cap(Spec):
    """Nobody who had `touches` contacts on the contact channel within `days` is in the audience."""

    touches: int = Field(ge=1)
    days: int = Field(ge=1, le=365)


class Sync(Spec):
    name: str
    description: str = Field(min_length=1)
    segment: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    channel: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    contact_channel: Literal["email", "sms", "push", "ads", "mail", "none"]
    purpose: Literal["marketing", "profiling"] = "marketing"
    mode: Literal["mirror", "upsert"]
    fields: dict[str, str] = Field(min_length=1)
    holdout_share: float = Field(0.0, ge=0, lt=1)
    cap: Cap | None = None
    max_change_share: float = Field(0.3, gt=0, le=1)
    enabled: bool = True
    options: dict[str, Any] = Field({})

    @field_validator("fields")
    @classmethod
    def plain_names(cls, fields: dict[str, str]) -> dict[str, str]:
        wrong = [f"field {f!r} is a name of Fairlead's own" for f in fields if f.lower() in RESERVED]
        wrong += [f"field {f!r} is empty, too long or holds a control character" for f in fields if not _usable(f)]
        wrong += [f"{c!r} is no column name" for c in fields.values() if not c.isidentifier() or c != c.lower()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return fields

    @property
    def holdout_below(self) -> str:
        """The first 8 hex digits of md5(sync || person_id) lie below this for the share held out."""
        return f"{round(self.holdout_share * 0x1_0000_0000):08x}"

    @property
    def audience_hash(self) -> str:
        """Changes with whatever decides who is in the audience: one built under another rule must not be pushed."""
        cap = (self.cap.touches, self.cap.days) if self.cap else None
        return _digest([self.segment, self.contact_channel, self.purpose, self.holdout_below, cap])

    @property
    def mapping_hash(self) -> str:
        """Changes with the mapping, and so with what every payload says."""
        return _digest(sorted(self.fields.items()))


def _usable(field: str) -> bool:
    return 0 < len(field) <= 100 and field.isprintable() and field == field.strip()


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def load_syncs(settings: Settings, names: list[str] | None = None) -> dict[str, Sync]:
    """All sync files, or those named. Raises ConfigError with every mistake of every file, with its line."""
    channels = find_channels(channel_folders(settings))
    folder = settings.root / "activation" / "syncs"
    syncs = load_specs(folder.glob("*.yml"), lambda path: _load(path, settings, channels))
    unknown = sorted(set(names or ()) - set(syncs))
    if unknown:
        raise ConfigError(
            *(f"No sync {n!r}. Syncs: {', '.join(syncs) or 'none'}. Add activation/syncs/{n}.yml." for n in unknown)
        )
    return {n: s for n, s in syncs.items() if not names or n in names}


def _load(path: Path, settings: Settings, channels: Mapping[str, Any]) -> Sync:
    """The spec's own mistakes and those that only its surroundings show come together."""
    shown = path.relative_to(settings.root)
    mistakes: list[str] = []
    sync = None
    try:
        sync = load_spec(path, Sync, settings.root, name=path.stem)
    except ConfigError as error:
        mistakes += error.mistakes
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        content = None
    if isinstance(content, dict):
        mistakes += [
            f"{shown}:{_line(path, key)}: {key}: {text}"
            for key, text in _surroundings(path.stem, content, settings, channels)
        ]
    if mistakes or sync is None:
        raise ConfigError(*mistakes)
    return sync


def _surroundings(
    stem: str, content: dict[str, Any], settings: Settings, channels: Mapping[str, Any]
) -> list[tuple[str, str]]:
    segment, channel, wrong = content.get("segment"), content.get("channel"), []
    models = settings.root / "dbt_project" / "models" / "marts" / "segments"
    if isinstance(segment, str) and not (models / f"segment__{segment}.sql").is_file():
        known = sorted(p.stem.removeprefix("segment__") for p in models.glob("segment__*.sql"))
        wrong.append(
            ("segment", f"no segment {segment!r}. Segments: {', '.join(known) or 'none'}. Add segment__{segment}.sql.")
        )
    if isinstance(channel, str) and channel not in channels:
        mend = f"Add activation/channels/{channel}.py, or `fairlead new channel {channel}`."
        wrong.append(("channel", f"no channel {channel!r}. Channels: {', '.join(channels)}. {mend}"))
    elif isinstance(channel, str):
        wrong += _options(channels[channel].Options, content.get("options") or {})
    if (
        isinstance(segment, str)
        and isinstance(channel, str)
        and not (stem + "__").startswith(f"{segment}__{channel}__")
    ):
        wrong.append(
            ("segment", f"the file must be called {segment}__{channel}.yml (or {segment}__{channel}__<variant>.yml).")
        )
    return wrong


def _options(model: type[Spec], options: Any) -> list[tuple[str, str]]:
    try:
        model.model_validate(options)
    except ValidationError as error:
        known = f"Known options: {', '.join(model.model_fields) or 'none'}."
        return [
            ("options", f"{'.'.join(map(str, e['loc'])) or 'options'}: {e['msg']}. {known}") for e in error.errors()
        ]
    return []


def _line(path: Path, key: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)
