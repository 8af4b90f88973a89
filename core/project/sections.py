"""The sections of fairlead.toml, each with its keys, what they may be and what they are where nobody says."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.errors import ConfigError

MOST_MILLISECONDS = 2**31 - 1  # of a PostgreSQL server's own settings
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
    # one_user: a browser or an app on which one human has signed in is theirs, with all it did before; one of several
    # (a family's tablet, a kiosk) is nobody's. never: every one is nobody's
    devices: Literal["one_user", "never"] = "one_user"
