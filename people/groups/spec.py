"""people/households.yml, people/accounts.yml -> frozen objects: what makes a household, and whose people are whose."""

from typing import Any, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from core.project.files import base, found
from core.settings import Settings
from core.specs import Spec, load_spec

Part = Literal["address", "last_name", "phone", "email"]
Way = Literal["crm", "domain", "name", "similar_name"]
S = TypeVar("S", bound=Spec)


class HouseholdSpec(Spec):
    """The whole of people/households.yml."""

    rules: tuple[tuple[Part, ...], ...] = Field(min_length=1)
    people_per_home: int = Field(8, ge=1)
    chance_namesakes: float = Field(0.1, ge=0)
    most_people_per_address: int = Field(60, ge=1)
    most_people_per_contact: int = Field(6, ge=2)
    most_people: int = Field(12, ge=2)
    business_records: Literal["left_out", "read"] = "left_out"
    no_homes: tuple[str, ...] = ()
    head: Literal["oldest", "first_seen"] = "oldest"

    @field_validator("rules")
    @classmethod
    def several_parts(cls, rules: tuple[tuple[Part, ...], ...]) -> tuple[tuple[Part, ...], ...]:
        if any(len(set(rule)) < 2 or len(set(rule)) < len(rule) for rule in rules):
            raise ValueError("a rule names two parts or more, each once: an address or a name alone is many families'")
        return rules

    @field_validator("no_homes")
    @classmethod
    def street_and_code(cls, places: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [place for place in places if place.count(",") != 1]:
            raise ValueError(f"{'; '.join(wrong)}: write it as 'street and number, postal code'")
        return places

    @model_validator(mode="after")
    def in_order(self) -> "HouseholdSpec":
        if self.most_people_per_address < self.people_per_home:
            raise ValueError("most_people_per_address must not be below people_per_home")
        return self


class Names(Spec):
    """Likeness of two names: from `join` they are one company's, from `review` somebody is asked."""

    join: float = Field(0.96, gt=0.8, le=1)
    review: float = Field(0.9, gt=0.8, le=1)

    @model_validator(mode="after")
    def in_order(self) -> "Names":
        if self.review > self.join:
            raise ValueError("review must not be above join")
        return self


class AccountSpec(Spec):
    """The whole of people/accounts.yml."""

    names: Names = Names()
    linked_by: tuple[Way, ...] = ("crm", "domain", "name", "similar_name")
    not_companies: tuple[str, ...] = ()  # domains that are no company's, beside those of mail_providers.csv

    @field_validator("not_companies")
    @classmethod
    def domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [domain for domain in domains if "." not in domain or "@" in domain or "/" in domain]:
            raise ValueError(f"{', '.join(wrong)}: no domain; write it as example.com")
        return domains


def load_households(settings: Settings) -> HouseholdSpec | None:
    """The company's own in place of ours; None where there is none: then nobody has a household.

    Raises ConfigError with every mistake of the file, each with its line.
    """
    return _load(settings, "households", HouseholdSpec)


def load_accounts(settings: Settings) -> AccountSpec | None:
    return _load(settings, "accounts", AccountSpec)


def check_households(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`: its file can be read."""
    spec = load_households(settings)
    detail = f"{len(spec.rules)} rules in people/households.yml" if spec else "no people/households.yml: nobody has one"
    return [{"check": "households", "ok": True, "detail": detail, "mend": ""}]


def check_accounts(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`: its file can be read."""
    spec = load_accounts(settings)
    detail = f"linked by {', '.join(spec.linked_by)}" if spec else "no people/accounts.yml: no people are linked"
    return [{"check": "accounts", "ok": True, "detail": detail, "mend": ""}]


def _load(settings: Settings, stem: str, spec: type[S]) -> S | None:
    paths = found(settings, "identity").get(stem, [])
    return load_spec(paths[-1], spec, root=base(settings, paths[-1])) if paths else None
