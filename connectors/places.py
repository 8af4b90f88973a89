"""Where a source's data lies in this installation: its file's defaults, the settings above them; and the secrets for
it.
"""

from dataclasses import dataclass, field
from pathlib import Path

from connectors.kinds.api.spec import needs_account
from connectors.source import Source
from connectors.source_files import readable_sources, source_paths
from core.errors import ConfigError
from core.project.files import folder_of
from core.settings import Settings, variable_of

ADDRESSES = {"sql": "the database's address", "kafka": "the brokers' addresses"}  # of kinds that have none by default
SAMPLE = "{home}/sample"  # where `fairlead sample` writes


@dataclass(frozen=True)
class Place:
    """Where one source's data lies here, and whether it is on."""

    path: str
    url: str = field(repr=False)
    is_on: bool
    is_named: bool  # the settings or the company's file name it: its absence is a fault and not "switched off"
    account: str = ""  # the vendor's number of it


def place_of(settings: Settings, source: Source) -> Place:
    """Fill the settings into the source's defaults and say whether it is on."""
    overrides = settings.sources.get(source.name)
    path = filled((overrides.path if overrides else "") or source.defaults.path, settings)
    url = filled((overrides.url if overrides else "") or source.defaults.url, settings)
    is_named = bool(overrides and (overrides.path or overrides.url or overrides.enabled)) or _is_own(settings, source)
    switch = overrides.enabled if overrides else None
    leads_to_data = bool(path or url) if is_named else _leads_somewhere(path) or _leads_somewhere(url)
    account = overrides.account if overrides else ""
    return Place(path, url, leads_to_data if switch is None else switch, is_named, account)


def _is_own(settings: Settings, source: Source) -> bool:
    """Whether a company's own file says where its data lies: were it off where that is gone, its noes were too."""
    own, paths = folder_of(settings), source_paths(settings).get(source.name, [])
    says = bool(source.defaults.path or source.defaults.url)
    return own is not None and says and any(path.is_relative_to(own) for path in paths)


def mend_of(settings: Settings, source: Source) -> str:
    """What switches a source on: the setting from which its tables are read, by its key and by its variable."""
    overrides = settings.sources.get(source.name)
    section = f"[sources.{source.name}] in fairlead.toml"
    if overrides and overrides.enabled is False:
        return f"Set enabled = true under {section}, or {variable_of('sources', source.name, 'enabled')}=true."
    keys = sorted({"path" if table.kind == "files" else "url" for table in source.tables.values()})
    variables = " or ".join(variable_of("sources", source.name, key) for key in keys)
    return f"Set {' or '.join(keys)} under {section}, or {variables}."


def filled(text: str, settings: Settings) -> str:
    """{home}, {folder} and {root} as the folders that they stand for."""
    for name, folder in _roots(settings):
        text = text.replace(f"{{{name}}}", str(folder))
    return text


def _roots(settings: Settings) -> list[tuple[str, Path]]:
    """What a source file may begin a path with; {folder} is the company's own, and the project where there is none."""
    return [("home", settings.home), ("folder", folder_of(settings) or settings.root), ("root", settings.root)]


def url_below(url: str, settings: Settings) -> str:
    """A database file's address as `below` writes a path: absolute, whatever folder the command was typed in."""
    scheme, slashes, path = url.partition(":///")
    if not slashes or not scheme.startswith(("sqlite", "duckdb")) or not path:
        return url
    file = Path(path).absolute()
    for name, root in _roots(settings):
        if file.is_relative_to(root) and (name != "folder" or folder_of(settings)):
            return f"{scheme}:///{{{name}}}/{file.relative_to(root)}"
    return f"{scheme}:///{file}"


def below(path: Path, settings: Settings) -> str:
    """A path as a source file may hold it: from the home, the company's folder or the project where it lies below
    one.
    """
    for name, root in _roots(settings):
        if path.is_relative_to(root) and (name != "folder" or folder_of(settings)):
            return f"{{{name}}}/{path.relative_to(root)}"
    if not path.is_dir():
        raise ConfigError(f"{path} is no folder.")
    return str(path)


def _leads_somewhere(place: str) -> bool:
    local = place.removeprefix("sqlite:///").removeprefix("file://")
    return bool(place) and ("://" in local or Path(local).exists())


def secrets(settings: Settings) -> list[tuple[str, str]]:
    """(variable, what it is for) of every source that is not switched off, and is no sample's."""
    needed = []
    for name, source in readable_sources(settings)[0].items():
        section = settings.sources.get(name)
        if (section and section.enabled is False) or name in of_sample(settings):
            continue
        auths = {secret for table in source.tables.values() for secret in table.secrets}
        needed += [(secret, f"source {name}") for secret in sorted(auths)]
        place, kinds = place_of(settings, source), {table.kind for table in source.tables.values()}
        for kind, words in ADDRESSES.items():
            if kind in kinds and not place.url:
                needed.append((variable_of("sources", name, "url"), f"source {name}: {words}"))
        if any(needs_account(table) for table in source.tables.values()) and not place.account:
            needed.append((variable_of("sources", name, "account"), f"source {name}: its number at the vendor"))
    return needed


def of_sample(settings: Settings) -> list[str]:
    """The sources that read what `fairlead sample` has written, unless a setting leads them elsewhere."""
    sources = readable_sources(settings)[0]
    return [name for name, source in sources.items() if SAMPLE in f"{source.defaults.path} {source.defaults.url}"]
