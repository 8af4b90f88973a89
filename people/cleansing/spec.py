"""people/cleansing.yml -> one frozen object: what a company's own data has of placeholders, and what is left alone."""

from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator

from core.project.files import base, found
from core.settings import Settings
from core.specs import Spec, load_spec

Cleaned = Literal["name", "address", "country", "birth_date", "language", "time_zone"]


class CleansingSpec(Spec):
    """The whole of people/cleansing.yml."""

    leave: tuple[Cleaned, ...] = ()  # stays as its source says it; flagged all the same
    placeholder_dates: tuple[date, ...] = ()  # birth dates that stand where nobody knows one
    oldest_years: int = Field(120, ge=60, le=150)  # nobody was born before
    frequent_date_share: float = Field(0.01, gt=0, le=1)  # of a source's birth dates: one so frequent is doubted
    frequent_date_records: int = Field(20, ge=2)
    placeholder_names: tuple[str, ...] = ()  # beside those of cleansing's own list
    placeholder_emails: tuple[str, ...] = ()
    role_addresses: tuple[str, ...] = ()  # what stands before the @

    @field_validator("placeholder_names", "placeholder_emails", "role_addresses")
    @classmethod
    def small_letters(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if blank := [word for word in words if not word.strip()]:
            raise ValueError(f"{len(blank)} of them have no letter")
        return tuple(word.strip().casefold() for word in words)


def load_cleansing(settings: Settings) -> CleansingSpec:
    """people/cleansing.yml: the company's own in place of ours; the defaults where there is none.

    Raises ConfigError with every mistake of the file.
    """
    paths = found(settings, "cleansing").get("cleansing", [])
    return load_spec(paths[-1], CleansingSpec, root=base(settings, paths[-1])) if paths else CleansingSpec()


def check(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`: its file can be read."""
    spec = load_cleansing(settings)
    left = f"; {', '.join(spec.leave)} stays as sources say it" if spec.leave else ""
    return [{"check": "cleansing", "ok": True, "detail": f"{spec.file or 'the defaults'}{left}", "mend": ""}]
