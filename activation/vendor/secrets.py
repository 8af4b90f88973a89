"""Which secrets the channels in use need, by the names of their environment variables."""

import inspect
import sys
from collections.abc import Iterator

from pydantic import BaseModel

from activation.catalogue import find_channel
from activation.participation import why_without_source
from activation.sync import load_syncs
from core.settings import ChannelSettings, Settings

Secret = tuple[str, str]  # the variable, and what it is for


def secrets(settings: Settings) -> list[Secret]:
    """Of each channel that a sync in use goes to, or that fairlead.toml has a section for."""
    syncs = [s for s in load_syncs(settings).values() if s.enabled and not why_without_source(settings, s)]
    named = {name for name, section in settings.channels.items() if section.enabled}
    return [s for channel in sorted({sync.channel for sync in syncs} | named) for s in _of_channel(settings, channel)]


def _of_channel(settings: Settings, channel: str) -> Iterator[Secret]:
    file, section = find_channel(settings, channel), settings.channels.get(channel, ChannelSettings())
    title = file.ABOUT.title
    if section.secret_env:
        yield section.secret_env, title
    for model in _accounts(file.__name__):
        for field, info in model.model_fields.items():
            name = section.options.get(field, info.default)
            if field.endswith("_env") and isinstance(name, str) and name:
                yield name, title if info.annotation is str else f"{title}, where it is used"


def _accounts(channel: str) -> list[type[BaseModel]]:
    """The models in a channel's file, or the files of its folder, by which it reads [channels.<name>.options]."""
    modules = [m for name, m in sorted(sys.modules.items()) if name == channel or name.startswith(f"{channel}.")]
    own = {m.__name__ for m in modules}
    found = {c for m in modules for _, c in inspect.getmembers(m, inspect.isclass) if c.__module__ in own}
    return sorted((c for c in found if issubclass(c, BaseModel)), key=lambda c: (c.__module__, c.__qualname__))
