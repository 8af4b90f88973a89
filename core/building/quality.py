"""insight/quality.yml -> the rules of data quality that a company declares, as dbt's variable `quality`."""

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from core.errors import ConfigError
from core.extras.columns import extras
from core.extras.ours import find_ours
from core.extras.spec import Entity
from core.project.files import base, found
from core.settings import Settings
from core.specs import Spec, line_of, load_spec

Measure = Literal["completeness", "validity", "uniqueness", "consistency", "timeliness", "staleness"]
NAME = r"^[a-z][a-z0-9_]{0,62}$"
ALL = "*"  # of a rule: whatever the source, or the field


class Drop(Spec):
    """When a measure has fallen against its own past."""

    days: int = Field(28, ge=2, le=365)  # of the past that it is held against
    least_days: int = Field(7, ge=2)  # with fewer of them nothing is said
    share: float = Field(0.05, gt=0, le=1)  # a smaller fall is none
    deviations: float = Field(3, ge=0)  # and one within so many standard deviations
    stale_days: int = Field(2, ge=0)  # so many days later than usual nothing new has come
    least_rows: int = Field(50, ge=1)  # of fewer rows nothing is said: one of them moves the share too far


class Minimum(Spec):
    """A bound that a company declares: below it there is an alarm each night."""

    entity: Entity
    measure: Measure
    field: str = Field(ALL, pattern=rf"^\*$|{NAME}")
    source: str = Field(ALL, pattern=rf"^\*$|{NAME}")
    at_least: float | None = Field(None, ge=0, le=1)
    at_most_days: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def one_bound(self) -> "Minimum":
        wanted, other = ("at_most_days", "at_least") if self.measure == "staleness" else ("at_least", "at_most_days")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"{self.measure} has {wanted}, and no {other}")
        return self


class Valid(Spec):
    """What a value of a field has to be; NULL is a matter of completeness."""

    entity: Entity
    field: str = Field(pattern=NAME)
    values: list[str | int | float] | None = Field(None, min_length=1)
    min: int | float | date | None = None
    max: int | float | date | None = None
    matches: str | None = None  # a regular expression for the whole text, as Python, DuckDB and PostgreSQL read alike

    @field_validator("matches")
    @classmethod
    def readable(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def something(self) -> "Valid":
        if self.values is None and self.min is None and self.max is None and self.matches is None:
            raise ValueError("say values, min, max or matches")
        return self


class QualitySpec(Spec):
    """The whole of insight/quality.yml."""

    drop: Drop = Drop()
    keep_days: int = Field(400, ge=30)  # of history
    minimums: tuple[Minimum, ...] = ()
    valid: tuple[Valid, ...] = ()


def load_quality(settings: Settings) -> QualitySpec:
    """insight/quality.yml: the company's own in place of ours. Raises ConfigError with every mistake and its line."""
    paths = found(settings, "quality").get("quality", [])
    if not paths:
        return QualitySpec()
    spec = load_spec(paths[-1], QualitySpec, root=base(settings, paths[-1]))
    if mistakes := _unknown(settings, spec, paths[-1]):
        raise ConfigError(*mistakes)
    return spec


def check(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`: its rules can be read, and their fields are there."""
    spec = load_quality(settings)
    rules = f"{len(spec.minimums)} bounds and {len(spec.valid)} rules of values"
    return [{"check": "data quality", "ok": True, "detail": f"{rules} in {spec.file or 'no file'}", "mend": ""}]


def quality_variable(settings: Settings) -> dict[str, Any]:
    """What dbt's macros read."""
    return load_quality(settings).model_dump(mode="json")


def _unknown(settings: Settings, spec: QualitySpec, path: Path) -> list[str]:
    """Fields that no entity has, and sources that nobody has declared."""
    entities, own = find_ours(settings).entities, extras(settings).get("columns", {})
    sources, mistakes = set(found(settings, "sources")), []
    for part in ("minimums", "valid"):
        for place, rule in enumerate(getattr(spec, part)):
            fields = {*entities.get(rule.entity, {}), *own.get(rule.entity, {})}
            where = f"{spec.file}:{line_of(path, part, place)}: {part}.{place}"
            if rule.field not in (ALL, *fields) and rule.entity in entities:
                mistakes.append(f"{where}: {rule.entity} has no {rule.field}. It has {', '.join(sorted(fields))}.")
            if getattr(rule, "source", ALL) not in (ALL, *sources):
                mistakes.append(f"{where}: no source {rule.source}. Sources: {', '.join(sorted(sources))}.")
    return mistakes
