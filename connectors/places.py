"""Where a source's data lies in this installation: its file's defaults, the settings above them."""

from dataclasses import dataclass, field
from pathlib import Path

from connectors.source import Source
from core.errors import ConfigError
from core.settings import Settings


@dataclass(frozen=True)
class Place:
    """Where one source's data lies here, and whether it is on."""

    path: str
    url: str = field(repr=False)
    on: bool
    chosen: bool  # the settings name it, so its absence is a fault and not "switched off"


def place_of(settings: Settings, source: Source) -> Place:
    """Fill the settings into the source's defaults and say whether it is on."""
    ours = settings.sources.get(source.name)
    path = _filled((ours.path if ours else "") or source.defaults.path, settings)
    url = _filled((ours.url if ours else "") or source.defaults.url, settings)
    chosen = bool(ours and (ours.path or ours.url or ours.enabled))
    explicit = ours.enabled if ours else None
    there = bool(path or url) if chosen else _leads_somewhere(path) or _leads_somewhere(url)
    return Place(path, url, on=there if explicit is None else explicit, chosen=chosen)


def _filled(text: str, settings: Settings) -> str:
    return text.replace("{home}", str(settings.home)).replace("{root}", str(settings.root))


def below(path: Path, settings: Settings) -> str:
    """A path as a source file may hold it: from the home or the project where it lies below one."""
    for name, root in (("home", settings.home), ("root", settings.root)):
        if path.is_relative_to(root):
            return f"{{{name}}}/{path.relative_to(root)}"
    if not path.is_dir():
        raise ConfigError(f"{path} is no folder.")
    return str(path)


def _leads_somewhere(place: str) -> bool:
    local = place.removeprefix("sqlite:///").removeprefix("file://")
    return bool(place) and ("://" in local or Path(local).exists())
