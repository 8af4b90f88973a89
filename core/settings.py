"""fairlead.toml + environment -> one frozen object. The only reader of the environment.

A company's own folder ([project] folder) may have a fairlead.toml, which wins over the project's, key by key.

Every setting can be given as `FAIRLEAD_<SECTION>__<KEY>`, e.g. `FAIRLEAD_SOURCES__ONLINE_RETAIL__PATH`;
the environment wins over the file. Secrets are never in the file: a setting names the variable that holds one.
"""

import os
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import quote, quote_plus
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import ConfigError
from core.project import folder

MOST_MILLISECONDS = 2**31 - 1  # of a PostgreSQL server's own settings
SHORTEST_SECRET = 8  # characters; a shorter one may be a word that is meant
_HANDED_OUT: set[str] = set()  # every secret that this process has read: no message may hold one
FROZEN = ConfigDict(frozen=True, extra="forbid")


class SectionSettings(BaseModel):
    """What fairlead.toml says of one source or one channel. A section that is wrong is that one's fault and nobody
    else's: it keeps its mistakes until somebody wants to use it.
    """

    model_config = FROZEN
    _mistakes: tuple[str, ...] = ()

    @classmethod
    def broken(cls, mistakes: Sequence[str]) -> Self:
        section = cls()
        section._mistakes = tuple(mistakes)
        return section

    @property
    def mistakes(self) -> tuple[str, ...]:
        return self._mistakes

    def check(self, code: str = "") -> None:
        """Raises ConfigError with every mistake of the section."""
        if self._mistakes:
            raise ConfigError(*self._mistakes, code=code)


class ProjectSettings(BaseModel):
    """Whose marketing this is, and what a day and an amount mean there."""

    model_config = FROZEN
    name: str = "Fairlead"
    time_zone: str = "Europe/London"
    currency: str = "GBP"
    default_country: str = "GB"  # ISO 3166 alpha-2: how a phone number without a country code is read
    language: str = Field("en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")  # BCP 47: what the shop writes in
    week_starts_on: Literal["monday", "saturday", "sunday"] = "monday"  # the shop's fiscal week
    # A company's own sources/, staging/, segments/ …, beside ours; in fairlead.toml from where that file stands.
    folder: str = ""
    forgotten_noes: tuple[str, ...] = ()  # staging models and raw tables that may be gone with the noes they gave

    @field_validator("time_zone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except Exception as error:
            raise ValueError(f"no time zone {name!r}; use an IANA name such as Europe/London") from error
        return name


class WarehouseSettings(BaseModel):
    """Where the tables live."""

    model_config = FROZEN
    engine: Literal["duckdb", "postgres"] = "duckdb"
    url: str = Field("", repr=False)  # postgresql://user:password@host:port/dbname; DuckDB lives in the home
    threads: int = Field(2, ge=1, le=256)
    # what DuckDB may hold before it spills to FAIRLEAD_HOME/tmp
    memory_limit: str = Field("3GB", pattern=r"^(?i:[1-9]\d*(\.\d+)?|0?\.\d+) ?(?i:[KMGT]i?B)$")
    # for the file, which DuckDB gives to one process at a time; for a lock on PostgreSQL
    lock_wait_seconds: float = Field(900, ge=0)
    look_seconds: float = Field(300, gt=0)  # the longest `fairlead query`: while it reads nobody writes
    look_rows: int = Field(100_000, ge=1)  # the most rows it gives; they are held in memory

    @property
    def lock_wait_milliseconds(self) -> int:
        """As PostgreSQL's lock_timeout takes it, for which 0 would be without an end."""
        return min(max(1, int(self.lock_wait_seconds * 1000)), MOST_MILLISECONDS)


class SourceSettings(SectionSettings):
    """One source's place in this installation; what it is stands in connectors/sources/<name>.yml."""

    enabled: bool | None = None  # None: on when its path or url leads somewhere
    path: str = ""
    url: str = Field("", repr=False)
    account: str = ""  # of an API that has many: a property, an ad account
    max_reject_share: float | None = Field(None, ge=0, le=1)
    options: dict[str, Any] = {}


class PullSettings(BaseModel):
    """How long a pull waits for a source before it gives up. The warehouse is free meanwhile."""

    model_config = FROZEN
    call_seconds: float = Field(300, gt=0)  # one request to an API, to its answer's last byte
    pause_seconds: float = Field(300, ge=0)  # the longest an API may ask for (Retry-After); more, and we come again
    silence_seconds: float = Field(600, gt=0)  # without a row or an answer: a locked database, a storage that hangs
    table_minutes: float = Field(240, gt=0)  # the reading of one table, however busily it sends


class ChannelSettings(SectionSettings):
    """One channel's place in this installation; the secret itself is in the variable named by `secret_env`."""

    enabled: bool = True
    url: str = Field("", repr=False)
    secret_env: str = ""
    credential_expires: date | None = None  # when the secret ends, where somebody knows: a push stops days before
    options: dict[str, Any] = {}


class AlertsSettings(BaseModel):
    """Who is told when a step fails, or a push needs a person; each way is on when its variable or address is set."""

    model_config = FROZEN
    slack_env: str = "FAIRLEAD_ALERTS_SLACK_URL"  # an incoming webhook's URL is a secret, so the environment holds it
    webhook_env: str = "FAIRLEAD_ALERTS_WEBHOOK_URL"
    email_to: list[str] = []
    email_from: str = ""
    smtp_url_env: str = "FAIRLEAD_ALERTS_SMTP_URL"  # smtp://user:password@host:587 (STARTTLS) or smtps://…:465
    timeout_seconds: float = Field(10, gt=0)


class LineageSettings(BaseModel):
    """Where OpenLineage events go, beside FAIRLEAD_HOME/lineage."""

    model_config = FROZEN
    url: str = ""  # e.g. http://localhost:5000/api/v1/lineage (Marquez)
    namespace: str = "fairlead"


class IdentitySettings(BaseModel):
    """How records are joined into people."""

    model_config = FROZEN
    # info@… and a shop's own phone join strangers: an identifier of more records than this joins nobody
    max_records_per_identifier: int = Field(50, ge=2)
    # a family's e-mail: what names nobody but it (an event, a consent) is of who had it first, or who took it last
    shared_owner: Literal["first", "last"] = "first"
    # namespaces of which a human has one id: `crm` of id:crm:17. Two of them keep records apart
    one_per_person: tuple[str, ...] = ()


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
