"""people/golden_record.yml -> one frozen object: by which rules a value of several records becomes the profile's."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from core.specs import Spec

Rule = Literal["most_trusted_source", "newest", "most_complete", "verified_first", "longest", "most_frequent"]
OTHERS = "*"  # in a list of sources: all that are not named
ADDRESSES = ("email", "phone")  # verified by messages that arrived; one that bounced never wins


@dataclass(frozen=True)
class Known:
    """What the project has: columns of people (name -> type), boolean extra columns of them, and sources."""

    columns: dict[str, str]
    flags: tuple[str, ...]
    sources: tuple[str, ...]


def _column(name: str, info: ValidationInfo) -> str:
    known: Known | None = info.context
    if known and name not in known.columns:
        raise ValueError(f"no field {name}; fields: {', '.join(known.columns)}")
    return name


def _flag(name: str, info: ValidationInfo) -> str:
    known: Known | None = info.context
    if known and name not in known.flags:
        flags = ", ".join(known.flags) or "none is declared"
        raise ValueError(f"no extra column of people {name} of type boolean (a source file's `extra:`): {flags}")
    return name


def _source(name: str, info: ValidationInfo) -> str:
    known: Known | None = info.context
    if known and name not in (*known.sources, OTHERS):
        raise ValueError(f"no source {name}; sources: {', '.join(known.sources)}, and {OTHERS} for all others")
    return name


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"{', '.join(twice)} stands twice; keep one")
    return values


Column = Annotated[str, AfterValidator(_column)]
Trust = Annotated[tuple[Annotated[str, AfterValidator(_source)], ...], AfterValidator(_each_once)]
Rules = Annotated[tuple[Rule, ...], AfterValidator(_each_once), Field(min_length=1)]


class Survival(Spec):
    """Rules in their order: the second decides where the first leaves several. `newest` stands behind them all."""

    rules: Rules
    trust: Trust = ()
    max_age_days: int | None = Field(None, ge=1)  # what was said earlier than so many days before D comes last

    @field_validator("rules", mode="before")
    @classmethod
    def one_or_several(cls, rules: Any) -> Any:
        return (rules,) if isinstance(rules, str) else rules

    @model_validator(mode="after")
    def needed(self) -> "Survival":
        if "most_trusted_source" not in self.rules and (self.trust or self.max_age_days):
            raise ValueError("trust and max_age_days belong to the rule most_trusted_source")
        return self


class Group(Survival):
    """Fields that come from one record together. A record that lacks one of `needs` comes after those that do not."""

    columns: Annotated[tuple[Column, ...], AfterValidator(_each_once)] = Field(min_length=2)
    needs: tuple[str, ...] = ()

    @model_validator(mode="after")
    def of_its_own(self) -> "Group":
        if foreign := sorted(set(self.needs) - set(self.columns)):
            raise ValueError(f"needs {', '.join(foreign)}, which is none of its columns")
        if inside := sorted(set(self.columns) & set(ADDRESSES)):
            raise ValueError(f"{', '.join(inside)} survives by itself: one that bounced must not win with others")
        return self


def short(declaration: Any) -> Any:
    """`newest`, or `[verified_first, newest]`, in place of {rules: …}."""
    return {"rules": declaration} if isinstance(declaration, str | list) else declaration


class GoldenRecord(Spec):
    """The whole of people/golden_record.yml; without the file, the newest value of each field."""

    trust: Trust = ()
    verified: dict[str, Annotated[str, AfterValidator(_flag)]] = Field(default_factory=dict)
    default: Annotated[Survival, BeforeValidator(short)] = Survival(rules=("newest",))
    groups: dict[str, Group] = Field(default_factory=dict)
    fields: dict[Column, Annotated[Survival, BeforeValidator(short)]] = Field(default_factory=dict)

    @field_validator("default")
    @classmethod
    def for_any(cls, default: Survival, info: ValidationInfo) -> Survival:
        if "verified_first" in default.rules:
            raise ValueError("verified_first is for single fields: not every field is verified")
        _refuse({"default": default}, info)
        return default

    @field_validator("groups")
    @classmethod
    def apart(cls, groups: dict[str, Group], info: ValidationInfo) -> dict[str, Group]:
        columns = [column for group in groups.values() for column in group.columns]
        if twice := sorted({column for column in columns if columns.count(column) > 1}):
            raise ValueError(f"{', '.join(twice)} stands in two groups; keep one")
        if (known := info.context) and (clashing := sorted(set(groups) & set(known.columns))):
            raise ValueError(f"{', '.join(clashing)} is a field; call the group otherwise")
        _refuse(groups, info)
        return groups

    @field_validator("fields")
    @classmethod
    def by_themselves(cls, fields: dict[str, Survival], info: ValidationInfo) -> dict[str, Survival]:
        grouped = {column: name for name, group in info.data.get("groups", {}).items() for column in group.columns}
        if both := sorted(set(fields) & set(grouped)):
            raise ValueError(f"{', '.join(both)} stands in the group {grouped[both[0]]}; rules are the group's")
        known: Known | None = info.context
        numbers = [name for name, one in fields.items() if "longest" in one.rules and known and
                   known.columns.get(name, "text") != "text"]  # fmt: skip
        if numbers:
            raise ValueError(f"{', '.join(numbers)} is no text: longest says nothing of it")
        _refuse(fields, info)
        return fields


def _refuse(survivals: "dict[str, Survival] | dict[str, Group]", info: ValidationInfo) -> None:
    """Rules that lack what they decide by."""
    if "trust" in info.data and not info.data["trust"]:
        for name, one in survivals.items():
            if "most_trusted_source" in one.rules and not one.trust:
                raise ValueError(f"{name}: most_trusted_source needs the sources in their order, under `trust`")
    for name, one in survivals.items():
        if "verified_first" in one.rules and name not in (*ADDRESSES, *info.data.get("verified", {name: ""})):
            raise ValueError(
                f"{name}: what makes it verified? `verified: {{{name}: <boolean extra column of people>}}`; of"
                f" {' and '.join(ADDRESSES)} it is known"
            )
