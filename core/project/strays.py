"""What in a company's own folder nobody would find, and what stands in two places: for `fairlead doctor`."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from core.project.files import DBT_KINDS, KINDS, clash, folder_of, found, shown
from core.settings import Settings

READ = {".sql", ".yml", ".yaml", ".py"}


def strays(settings: Settings) -> list[str]:
    """A sentence for each; [] where there is no such folder."""
    own = folder_of(settings)
    if own is None:
        return []
    alone = [kind for kind, its in KINDS.items() if not its.replaces]
    twins = [clash(settings, paths) for kind in alone for paths in found(settings, kind).values() if len(paths) > 1]
    return [*twins, *_misnamed(own), *_unfound(settings, own)]


def counts(settings: Settings) -> dict[str, int]:
    """How many files of each kind the company has, of those that are found by name."""
    own = folder_of(settings)
    numbers = {
        kind: sum(path.is_relative_to(own) for paths in found(settings, kind).values() for path in paths)
        for kind, its in KINDS.items()
        if own and its.patterns
    }
    return {kind: number for kind, number in numbers.items() if number}


def _misnamed(own: Path) -> Iterator[str]:
    """Folders whose name is nearly one of those that are read."""
    names = [kind.own.partition("/")[0] for kind in KINDS.values()]
    for path in sorted(own.iterdir()):
        near = get_close_matches(path.name, names, 1, 0.75) if path.is_dir() and path.name not in names else []
        if near:
            yield f"{own.name}/{path.name}/ is read by nobody; {own.name}/{near[0]}/ is."


def _unfound(settings: Settings, own: Path) -> Iterator[str]:
    """Files that lie in a folder that is read, under a name that is not; one folder may hold files of several kinds."""
    for place in sorted({kind.own for kind in KINDS.values() if kind.patterns}):
        patterns = [pattern for kind in KINDS.values() if kind.own == place for pattern in kind.patterns]
        folder = own / place
        named = {path for pattern in patterns for path in folder.glob(pattern)}
        is_of_dbt = any(KINDS[kind].own == place for kind in DBT_KINDS)
        for path in sorted(folder.rglob("*")):
            is_twin = is_of_dbt and path.suffix in (".yml", ".yaml")
            is_hidden = any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)
            if path.suffix in READ and path.is_file() and not is_twin and not is_hidden and path not in named:
                wanted = " or ".join(pattern.replace("**/", "").replace("[!_]", "") for pattern in patterns)
                yield f"{shown(settings, path)} is found by nobody: here a file is called {wanted}."
