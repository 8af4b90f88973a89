"""Which folder holds a company's own files, and its fairlead.toml, which stands above the project's."""

import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)

from core.errors import ConfigError
from core.project.texts import refuse_odd

FILE, DBT = "fairlead.toml", "dbt_project"
ROOMS = {
    "activation", "bench", "cli", "connectors", "content", "core", "dags", "docs", "insight", "ml", "models", "people",
    "plugins", "sample_shop", "tests",
}  # fmt: skip
SETTING = "project.folder (FAIRLEAD_PROJECT__FOLDER)"


class Environment(EnvSettingsSource):
    """A value that should be JSON and is none is judged where it stands, as any other wrong value is."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def nearest(start: Path) -> Path | None:
    """The nearest folder from `start` upward with a fairlead.toml: a project, or a company's own folder."""
    return next((folder for folder in (start, *start.parents) if (folder / FILE).exists()), None)


def is_project(folder: Path) -> bool:
    return (folder / DBT).is_dir()


def layers(
    settings: type[BaseSettings], given: PydanticBaseSettingsSource, root: Path, start: Path
) -> tuple[PydanticBaseSettingsSource, ...]:
    """What settings are read from, the strongest first: what is `given`, the environment, the company's fairlead.toml,
    the project's. `project.folder` comes out as a whole path.

    start   where the command was typed. Raises ConfigError where the folder that is named is none.
    """
    environment, toml = Environment(settings), _toml(settings, root / FILE)
    here, base = nearest(start), Path(given().get("root", root))
    named = next((name for source in (given, environment, toml) if (name := _named(source))), "")
    if not named and here and not is_project(here) and here != base.resolve():
        named = str(here)
    if not named:
        return given, environment, toml
    folder = _checked(Path(os.path.normpath(base.resolve() / Path(named).expanduser())), base)
    resolved = InitSettingsSource(settings, {"project": {"folder": str(folder)}})
    return resolved, given, environment, _toml(settings, folder / FILE), toml


def _named(source: PydanticBaseSettingsSource) -> str:
    """The folder as a source of settings names it; what is no text is judged with the other settings."""
    section = source().get("project")
    name = section.get("folder") if isinstance(section, dict) else ""
    return name.strip() if isinstance(name, str) else ""


def _toml(settings: type[BaseSettings], file: Path) -> TomlConfigSettingsSource:
    refuse_odd(file, f"{file.parent.name}/{file.name}")
    try:
        return TomlConfigSettingsSource(settings, toml_file=file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:  # with its line and column
        raise ConfigError(f"{file.parent.name}/{file.name}: {error}") from None


def _checked(folder: Path, root: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(f"{SETTING} is {folder}, which is not there, or is no folder. Make it, or mend the setting.")
    if fault := fault_of(folder, root):
        raise ConfigError(f"{SETTING} is {folder}, {fault}")
    return folder


def fault_of(folder: Path, root: Path) -> str:
    """Why a company's files cannot lie there; '' where they can."""
    return next(_faults(folder.resolve(), root.resolve()), "")


def _faults(real: Path, root: Path) -> Iterator[str]:
    if root.is_relative_to(real):
        yield "which is or holds Fairlead itself. Take a folder beside it, e.g. ../my_shop."
    if is_project(real):
        yield f"which holds a {DBT}/ and so is a project of its own: set FAIRLEAD_ROOT to it, or take another folder."
    if real.is_relative_to(root) and (len(place := real.relative_to(root).parts) > 1 or place[0] in ROOMS):
        yield "which lies among Fairlead's own files. Take a folder beside it, e.g. ../my_shop."
