"""fairlead.toml + environment -> one frozen object. The only reader of the environment.

A company's own folder ([project] folder) may have a fairlead.toml, which wins over the project's, key by key.

Every setting can be given as `FAIRLEAD_<SECTION>__<KEY>`, e.g. `FAIRLEAD_SOURCES__ONLINE_RETAIL__PATH`;
the environment wins over the file. Secrets are never in the file: a setting names the variable that holds one.
"""

import os
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from zoneinfo import ZoneInfo

from pydantic import (
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import ConfigError
from core.project import folder
from core.project.sections import (
    AlertsSettings,
    ChannelSettings,
    IdentitySettings,
    LineageSettings,
    ProjectSettings,
    PullSettings,
    SourceSettings,
    WarehouseSettings,
)

SHORTEST_SECRET = 8  # characters; a shorter one may be a word that is meant
_HANDED_OUT: set[str] = set()  # every secret that this process has read: no message may hold one


class Settings(BaseSettings):
    """Everything a step may ask about its surroundings; frozen, unknown keys refused."""

    model_config = SettingsConfigDict(
        env_prefix="FAIRLEAD_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )
    root: Path  # the project: fairlead.toml, dbt_project/, models/, connectors/sources/, activation/syncs/
    home: Path  # all state: warehouse.duckdb, artifacts/, outbox/
    project: ProjectSettings = ProjectSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    identity: IdentitySettings = IdentitySettings()
    pull: PullSettings = PullSettings()
    alerts: AlertsSettings = AlertsSettings()
    lineage: LineageSettings = LineageSettings()
    sources: dict[str, SourceSettings] = {}
    channels: dict[str, ChannelSettings] = {}

    @field_validator("sources", "channels", mode="wrap")
    @classmethod
    def section_by_section(cls, sections: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Sections that are wrong stand beside the others, with their mistakes."""
        try:
            return read(sections)
        except ValidationError as error:
            if not isinstance(sections, dict):
                raise
            mistakes: dict[Any, list[str]] = {}
            for fault in error.errors():
                where = (info.field_name, *fault["loc"])
                mistakes.setdefault(fault["loc"][0], []).append(_mistake({**fault, "loc": where}))
        sound = read({name: section for name, section in sections.items() if name not in mistakes})
        kind = SourceSettings if info.field_name == "sources" else ChannelSettings
        return sound | {name: kind.broken(faults) for name, faults in mistakes.items()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return folder.layers(settings_cls, init_settings, project_root(), Path.cwd())

    @property
    def duckdb_path(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.project.time_zone)

    def end_of_day(self, day: date) -> datetime:
        """The first instant after `day` in the project's zone, as a naive UTC timestamp: what `x_at < …` compares
        with.
        """
        local = datetime.combine(day + timedelta(days=1), time(), tzinfo=self.zone)
        return local.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    def find_secret(self, name: str) -> str:
        """The secret in environment variable `name`, '' when it is not set."""
        value = os.environ.get(name, "")
        if len(value) >= SHORTEST_SECRET:
            _HANDED_OUT.add(value)
        return value

    def secret(self, name: str) -> str:
        """The secret in environment variable `name`.

        Raises ConfigError, naming the variable only, when it is not set.
        """
        value = self.find_secret(name)
        if not value:
            mend = "Set it (or map an Airflow connection onto it)."
            raise ConfigError(f"The environment variable {name} is not set. {mend}", code="FL406")
        return value


def without_secrets(text: str) -> str:
    """What others say, without any secret that was handed out here, as it is or as it stands in a URL."""
    forms = {form for value in _HANDED_OUT for form in (value, quote(value, safe=""), quote_plus(value))}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "<secret>")
    return text


def project_root() -> Path:
    """FAIRLEAD_ROOT, else the nearest folder upward with fairlead.toml and dbt_project/, else where this code lies."""
    if root := os.environ.get("FAIRLEAD_ROOT", ""):
        return Path(root).resolve()
    here = folder.nearest(Path.cwd())
    return here if here and folder.is_project(here) else Path(__file__).resolve().parents[1]


def debug() -> bool:
    """Whether FAIRLEAD_DEBUG asks for the traceback of an error that nobody foresaw."""
    return bool(os.environ.get("FAIRLEAD_DEBUG"))


def environment(**extra: str) -> dict[str, str]:
    """A child process's environment: ours and `extra`. For running dbt; nothing else may look at the environment."""
    return {**os.environ, **extra}


def load_settings(**overrides: Any) -> Settings:
    """Read fairlead.toml and the environment; `overrides` win over both.

    Raises ConfigError with every mistake but those in a source's or a channel's section, which that section keeps.
    """
    root = Path(overrides.pop("root", project_root()))
    if not root.is_dir():
        raise ConfigError(
            f"The project's folder {root} is not there, or is no folder. Set FAIRLEAD_ROOT to the one with"
            " fairlead.toml."
        )
    home = Path(overrides.pop("home", os.environ.get("FAIRLEAD_HOME") or root / ".fairlead")).resolve()
    try:
        return Settings(root=root, home=home, **overrides)
    except ValidationError as error:
        raise ConfigError(*(_mistake(e) for e in error.errors())) from None
    except ValueError as error:  # a TOML syntax error carries its line and column
        raise ConfigError(f"fairlead.toml: {error}") from None


def bare_settings() -> Settings:
    """All defaults, and nothing of fairlead.toml: to tell somebody that the file cannot be read.

    No place for a step to work in.
    """
    root = project_root()
    return Settings.model_construct(root=root, home=Path(os.environ.get("FAIRLEAD_HOME") or root / ".fairlead"))


def variable_of(*keys: str) -> str:
    """The environment variable of a setting: variable_of("sources", "shop", "path")."""
    return "FAIRLEAD_" + "__".join(keys).upper()


def _mistake(error: Any) -> str:
    """A mistake with the places where it may stand: the variable too, where there is one of that name."""
    key = ".".join(str(part) for part in error["loc"])
    variable = variable_of(*(part for part in error["loc"] if isinstance(part, str)))  # a list's items have none
    is_known = error["type"] != "extra_forbidden" or variable in map(str.upper, os.environ)
    return f"fairlead.toml{f' (or {variable})' if is_known else ''}: {key}: {error['msg']}."
