"""The project that dbt reads where a company has a folder of its own: links to our files and to theirs, in the home.

dbt follows no linked folder, and it takes a model's settings (view or table, schema) from the folder below
`models/` in which it lies; so each file has a link of its own, in the place that it would have among ours.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.project.files import DBT_KINDS, KINDS, folder_of
from core.settings import Settings

OWN = "own"  # the folder in which a company's files lie beside ours of their kind
SUFFIXES = {".sql", ".yml", ".yaml", ".csv", ".md"}
NOT_READ = {"target", "logs", "dbt_packages"}  # of the project's folder


def dbt_project(settings: Settings) -> Path:
    """The folder to run dbt in: ours as it is, where no company has one of its own."""
    if not folder_of(settings):
        return settings.root / "dbt_project"
    project = settings.home / "dbt" / "project"
    wanted = dict(_wanted(settings))
    standing = {path.relative_to(project): path for path in project.rglob("*") if path.is_symlink()}
    for place, link in standing.items():
        if place not in wanted or wanted[place] != link.readlink():
            link.unlink(missing_ok=True)
    for place, target in wanted.items():
        link = project / place
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):  # by another command at the same moment
                link.symlink_to(target)
    return project


def _wanted(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """Place in the linked project -> the file."""
    ours = (settings.root / "dbt_project").resolve()
    for path in _files(ours):
        place = path.relative_to(ours)
        if place.parts[0] not in NOT_READ:
            yield place, path
    for kind in DBT_KINDS:
        folder = (folder_of(settings) or settings.root) / KINDS[kind].own
        for path in _files(folder):
            yield Path(KINDS[kind].ours).relative_to("dbt_project") / OWN / path.relative_to(folder), path


def _files(folder: Path) -> Iterator[Path]:
    """Hidden ones are an editor's or the system's."""
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.suffix in SUFFIXES and path.is_file() and not any(part.startswith(".") for part in place.parts):
            yield path


def as_written(settings: Settings, text: str) -> str:
    """What dbt says, with the company's files named as they stand in its folder."""
    if own := folder_of(settings):
        for kind in (KINDS[kind] for kind in DBT_KINDS):
            link = f"{kind.ours.removeprefix('dbt_project/')}/{OWN}/"
            text = text.replace(link, f"{own.name}/{kind.own}/")
    return text
