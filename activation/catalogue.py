"""Which channels there are: the files of `activation/channels/`, ours and the project's own, found by scanning."""

import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from activation.channel import About, Channel
from core.errors import ConfigError, FairleadError
from core.project.files import clash, folder_of, folders, placed, shown
from core.settings import Settings
from core.specs import Spec
from core.unexpected import line_of, words


class ChannelFile(Protocol):
    """What a file in a channels folder holds."""

    ABOUT: About
    Options: type[Spec]  # the sync's `options:`, checked when the sync file is read

    def open_channel(self, settings: Settings, options: Spec) -> Channel: ...


def channel_folders(settings: Settings) -> list[Path]:
    """Ours, the project's own where Fairlead is installed apart from it, and the company's own."""
    places = (Path(__file__).parent / "channels", *folders(settings, "channels"))
    return [place for place in dict.fromkeys(p.resolve() for p in places) if place.is_dir()]


def find_channels(folders: Iterable[Path]) -> Mapping[str, Any]:
    """Stem -> ChannelFile, for every channel file in the folders; a later folder's file replaces an earlier one's.

    Grows with the number of channels; where only one is wanted take `find_channel`.
    """
    return {name: _load(name, path) for name, path in channel_paths(folders).items()}


def find_channel(settings: Settings, name: str) -> Any:
    """The one ChannelFile of this stem. Raises ConfigError when there is none, and where the company's has the name of
    one of ours.
    """
    paths = channel_paths(channel_folders(settings))
    if own := folder_of(settings):
        places = {f.is_relative_to(own.resolve()): channel_paths([f]).get(name) for f in channel_folders(settings)}
        if all(several := [places.get(False), places.get(True)]):
            raise ConfigError(clash(settings, filter(None, several)), code="FL413")
    if name not in paths:
        place = shown(settings, placed(settings, f"activation/channels/{name}.py"))
        raise ConfigError(
            f"No channel {name!r}. Channels: {', '.join(paths)}. Add {place}, or `fairlead new channel {name}`.",
            code="FL401",
        )
    return _load(name, paths[name])


def channel_paths(folders: Iterable[Path]) -> dict[str, Path]:
    """Name -> its file, or the first file of its folder; without reading any."""
    paths: dict[str, Path] = {}
    for folder in folders:
        paths |= {path.stem: path for path in folder.glob("[!_]*.py")}
        paths |= {path.parent.name: path for path in folder.glob("[!_]*/__init__.py")}
    return dict(sorted(paths.items()))


def _load(channel: str, path: Path) -> ModuleType:
    name = f"activation.channels.{channel}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(path):
        return loaded
    described = importlib.util.spec_from_file_location(name, path)
    if described is None or described.loader is None:
        raise ConfigError(f"{channel}: not readable as a channel.", code="FL413")
    module = importlib.util.module_from_spec(described)
    sys.modules[name] = module
    try:
        described.loader.exec_module(module)
        missing = [part for part in ("ABOUT", "Options", "open_channel") if not hasattr(module, part)]
        if missing:
            raise ConfigError(
                f"activation/channels/{channel}: has no {' and no '.join(missing)}. See docs/how_to/add_a_channel.md.",
                code="FL413",
            )
    except (Exception, SystemExit) as error:
        del sys.modules[name]  # a channel that is half there would be taken for a whole one
        if isinstance(error, FairleadError):
            raise
        shown = f"activation/channels/{path.relative_to(path.parents[path.stem == '__init__'])}"
        raise ConfigError(f"{shown}:{line_of(error, path)}: {words(error)}.", code="FL413") from error
    return module
