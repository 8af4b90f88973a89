"""people/identity.yml -> one frozen object: how records are compared, which pairs are, and what a probability means."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from core.project.files import base, found
from core.settings import Settings
from core.specs import Spec, load_spec

# What int_people__records gives, cleaned, and what cleaning derives of it.
COLUMNS = (
    "strong_id", "first_name", "last_name", "birth_date", "email", "phone", "street", "city", "postal_code", "country",
    "company", "work_domain",
)  # fmt: skip
CONTACT = ("email", "phone", "street", "postal_code", "company", "work_domain")
DERIVED = ("first_initial", "last_name_start", "birth_year", "email_local", "address")
Kind = Literal["given_name", "family_name", "date", "identifier", "text", "contact"]


class Comparison(Spec):
    """One part of the evidence. `contact` takes what a household or a company shares together, and counts the best of
    it once: a family that shares e-mail, telephone and street is not three times the same human.
    """

    kind: Kind
    columns: tuple[str, ...] = Field(min_length=1)
    frequencies: bool | None = None  # whether a rare value says more; by default of names

    @field_validator("columns")
    @classmethod
    def known(cls, columns: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        is_contact = info.data.get("kind") == "contact"
        _refuse_unknown(columns, CONTACT if is_contact else COLUMNS)
        if not is_contact and len(columns) != 1:
            raise ValueError("give one column; only contact takes several")
        return columns

    @property
    def name(self) -> str:
        return "contact" if self.kind == "contact" else self.columns[0]

    @property
    def by_frequency(self) -> bool:
        return self.kind in ("given_name", "family_name") if self.frequencies is None else self.frequencies


class Blocking(Spec):
    """Which records are compared at all: those that agree on one of the rules; and how many."""

    rules: tuple[tuple[str, ...], ...] = Field(min_length=1)
    max_records_per_value: int = Field(60, ge=2)  # more records of one value than this are compared by other rules only
    max_pairs_per_record: float = Field(20, gt=0)  # a rule above it leaves out its most frequent values

    @field_validator("rules")
    @classmethod
    def known(cls, rules: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        return _known_rules(rules)


class Training(Spec):
    """How the parameters are estimated, without labels."""

    rules: tuple[tuple[str, ...], ...] = Field(min_length=1)  # pairs that agree on one are nearly all the same human
    seed: int = 7
    sampled_pairs: int = Field(2_000_000, ge=1000)  # by chance, for the frequency of agreement among strangers
    max_pairs: int = Field(500_000, ge=1000)  # of one rule
    min_pairs: int = Field(200, ge=1)  # a rule with fewer trains nothing; without any there is no model
    recall: float = Field(0.6, gt=0, le=1)  # share of all true pairs that agree on one of the rules

    @field_validator("rules")
    @classmethod
    def known(cls, rules: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        return _known_rules(rules)


class Thresholds(Spec):
    """From `join` two records are one human; from `review` a person is asked; below it they are two."""

    join: float = Field(0.99, gt=0, lt=1)
    review: float = Field(0.5, gt=0, lt=1)

    @model_validator(mode="after")
    def in_order(self) -> "Thresholds":
        if self.review > self.join:
            raise ValueError("review must not be above join")
        return self


class Retrain(Spec):
    """When a model is too old: told by `resolve` and `doctor`, never done by itself."""

    every_days: int = Field(ge=1)


class Source(Spec):
    """What is not believed of one source: read as missing."""

    unreliable: tuple[str, ...] = Field(min_length=1)

    @field_validator("unreliable")
    @classmethod
    def known(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_unknown(columns, COLUMNS)
        return columns


class LinkageSpec(Spec):
    """The whole of people/identity.yml."""

    comparisons: tuple[Comparison, ...] = Field(min_length=2)
    blocking: Blocking
    training: Training
    thresholds: Thresholds = Thresholds()
    retrain: Retrain | None = None
    # an identifier of more records than this says nothing of anybody: a switchboard, a till's placeholder
    max_records: dict[Literal["strong_id", "email", "phone"], int] = Field(default_factory=dict)
    sources: dict[str, Source] = Field(default_factory=dict)

    @field_validator("comparisons")
    @classmethod
    def each_once(cls, comparisons: tuple[Comparison, ...]) -> tuple[Comparison, ...]:
        columns = [column for comparison in comparisons for column in comparison.columns]
        if repeated := sorted({column for column in columns if columns.count(column) > 1}):
            raise ValueError(f"{', '.join(repeated)} stands in two comparisons, and would count twice; keep one")
        return comparisons

    @field_validator("max_records")
    @classmethod
    def at_least_two(cls, caps: dict[str, int]) -> dict[str, int]:
        if low := sorted(name for name, cap in caps.items() if cap < 2):
            raise ValueError(f"{', '.join(low)}: at least 2")
        return caps


def load_identity(settings: Settings) -> LinkageSpec | None:
    """people/identity.yml: the company's own in place of ours; None where there is none.

    Raises ConfigError with every mistake of the file.
    """
    paths = found(settings, "identity").get("identity", [])
    return load_spec(paths[-1], LinkageSpec, root=base(settings, paths[-1])) if paths else None


def joins_from(settings: Settings) -> float:
    """The probability from which a link joins by itself; without people/identity.yml there are no links."""
    spec = load_identity(settings)
    return spec.thresholds.join if spec else 1.0


def load_identity_file(path: Path) -> LinkageSpec:
    return load_spec(path, LinkageSpec)


def _known_rules(rules: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    _refuse_unknown([column for rule in rules for column in rule], (*COLUMNS, *DERIVED))
    if any(not rule for rule in rules):
        raise ValueError("a rule names at least one column")
    return rules


def _refuse_unknown(columns: "tuple[str, ...] | list[str]", known: tuple[str, ...]) -> None:
    if unknown := sorted(set(columns) - set(known)):
        raise ValueError(f"no column {', '.join(unknown)}; columns: {', '.join(known)}")
