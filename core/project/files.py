"""The one answer to where files of a kind lie, ours and a company's own, and how an error names them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError
from core.settings import Settings


@dataclass(frozen=True)
class Kind:
    """ours      where they lie in the project · own  where in the company's folder
    patterns  the files that are found by name; none of a kind that is found otherwise
    replaces  whether the company's file stands in place of ours of the same name; else that is a mistake
    """

    ours: str
    own: str
    patterns: tuple[str, ...] = ()
    replaces: bool = False


MARTS = "dbt_project/models/marts"
KINDS = {
    "sources": Kind("connectors/sources", "sources", ("[!_]*.yml", "[!_]*.py")),
    "staging": Kind("dbt_project/models/staging", "staging", ("**/stg_*__*.sql",)),
    "segments": Kind(f"{MARTS}/segments", "segments", ("segment__*.sql",)),
    "feeds": Kind(f"{MARTS}/feeds", "feeds", ("feed__*.sql",)),
    "asks": Kind(f"{MARTS}/enrichment", "enrichment", ("ask__*.sql",)),
    "labels": Kind(f"{MARTS}/features", "labels", ("labels__*.sql",)),
    "models": Kind("models", "models", ("*.yml",)),
    "identity": Kind("people", "people", ("identity.yml", "households.yml", "accounts.yml"), replaces=True),
    "golden_record": Kind("people", "people", ("golden_record.yml",), replaces=True),
    "cleansing": Kind("people", "people", ("cleansing.yml",), replaces=True),
    "quality": Kind("insight", "insight", ("quality.yml",), replaces=True),
    "syncs": Kind("activation/syncs", "syncs", ("*.yml",)),
    "channels": Kind("activation/channels", "channels"),
    "words": Kind("content/words", "content/words"),
    "macros": Kind("dbt_project/macros", "macros"),
}
DBT_KINDS = ("staging", "segments", "feeds", "asks", "labels", "macros")  # those that dbt reads


def folder_of(settings: Settings) -> Path | None:
    """The company's own folder, where it has one."""
    return Path(settings.project.folder) if settings.project.folder else None


def projects(settings: Settings) -> list[Path]:
    """The folders whose files are for all who work on them: Fairlead's, and the company's."""
    own = folder_of(settings)
    return [settings.root, *([own] if own else [])]


def folders(settings: Settings, kind: str) -> list[Path]:
    """The folders that hold files of a kind and are there: ours, then the company's own."""
    own = folder_of(settings)
    places = [settings.root / KINDS[kind].ours, *([own / KINDS[kind].own] if own else [])]
    return [place for place in places if place.is_dir()]


def found(settings: Settings, kind: str) -> dict[str, list[Path]]:
    """Every file of a kind by its stem, without reading any. More than one of a stem is a mistake."""
    paths: dict[str, list[Path]] = {}
    for folder in folders(settings, kind):
        for path in sorted({path for pattern in KINDS[kind].patterns for path in folder.glob(pattern)}):
            paths.setdefault(path.stem, []).append(path)
    return dict(sorted(paths.items()))


def files(settings: Settings, kind: str) -> dict[str, Path]:
    """Stem -> its file. Raises ConfigError with each name that stands twice."""
    paths = found(settings, kind)
    mistakes = [clash(settings, several) for several in paths.values() if len(several) > 1]
    if mistakes:
        raise ConfigError(*mistakes)
    return {stem: several[0] for stem, several in paths.items()}


def dbt_models(settings: Settings, name: str) -> list[Path]:
    """The SQL of any dbt model, ours or the company's, by its name."""
    own = folder_of(settings)
    places = [settings.root / "dbt_project/models", *([own / KINDS[kind].own for kind in DBT_KINDS] if own else [])]
    return [path for place in places for path in place.rglob(f"{name}.sql")]


def clash(settings: Settings, paths: Iterable[Path]) -> str:
    """That one name stands in several places."""
    first, *others = (shown(settings, path) for path in paths)
    return f"{first}: stands in {' and in '.join(others)} as well. Rename or remove one; a name is one thing."


def base(settings: Settings, path: Path) -> Path:
    """What an error names the file from: the project, or of a company's file the folder that holds theirs."""
    own = folder_of(settings)
    return own.parent if own and path.is_relative_to(own) else settings.root


def shown(settings: Settings, path: Path) -> str:
    """The file as a person finds it: activation/syncs/x.yml, or my_shop/syncs/x.yml."""
    start = base(settings, path)
    return str(path.relative_to(start)) if path.is_relative_to(start) else str(path)


def placed(settings: Settings, name: str) -> Path:
    """Where a new file belongs that is called `name` in the project: in the company's folder, where there is one."""
    if own := folder_of(settings):
        for kind in KINDS.values():
            if Path(name).is_relative_to(kind.ours):
                return own / kind.own / Path(name).relative_to(kind.ours)
    return settings.root / name
