"""What a source file may say under `extra` and `events`: columns and event names of a company's own."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from core.governance.classes import DATA_CLASSES, EARLIER_CLASSES
from core.specs import Spec

# Which entities have extra columns; all of docs/reference/contracts.md, "Entities".
Entity = Literal[
    "people", "accounts", "orders", "order_lines", "products", "events", "messages", "consents", "ad_spend", "deals",
    "subscriptions", "tickets", "survey_answers", "registrations", "social_posts",
]  # fmt: skip
# Whose rows are of no person, or are the person: nothing to aggregate.
WITHOUT_AGGREGATE = {
    "people": "a person has one value, the newest: marts.profiles has the column under its own name",
    "accounts": "its rows are of no person; join marts.accounts by account_key",
    "products": "its rows are of no person; join marts.products by product_key",
    "ad_spend": "its rows are of no person",
}
ExtraType = Literal["text", "integer", "number", "money", "boolean", "timestamp", "date"]
DataClass = Literal["identifier", "contact", "sensitive", "behavioural", "derived"]  # governance.md
How = Literal["last", "first", "sum", "mean", "max", "min", "count", "share"]
NUMBERS, MOMENTS = ("integer", "number", "money"), ("timestamp", "date")
FITTING: dict[str, tuple[str, ...]] = {
    "sum": NUMBERS,
    "mean": NUMBERS,
    "max": NUMBERS + MOMENTS,
    "min": NUMBERS + MOMENTS,
}
CONDITIONAL = ("count", "share")
Days = Annotated[int, Field(ge=1, le=730)]  # a window no longer than the history that the training grid reaches
Words = Annotated[str, Field(min_length=1, max_length=300)]


class Aggregate(Spec):
    """How a person's rows become one value: `sum`, or {how: share, values: [late], days: 180, as: late_share}."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    how: How
    name: str | None = Field(None, alias="as")
    days: Days | None = None  # of the rows of the last so many days alone
    values: list[str | int | float] | None = Field(None, min_length=1)  # count and share: of rows that hold one of them
    min: int | float | date | None = None  # count and share: of rows that hold at least
    max: int | float | date | None = None  # … and at most

    @property
    def is_conditional(self) -> bool:
        return not (self.values is None and self.min is None and self.max is None)

    def called(self, column: str) -> str:
        """The column of marts.profiles and features__person."""
        return self.name or f"{self.how}_{column}" + (f"_{self.days}d" if self.days else "")

    def result(self, column_type: str) -> str:
        """The type of what it gives."""
        fixed = {"count": "integer", "share": "number", "mean": "number"}
        return fixed.get(self.how, column_type)

    def faults(self, column_type: str) -> list[str]:
        """Why it cannot be had of a column of this type."""
        fitting = FITTING.get(self.how)
        if fitting and column_type not in fitting:
            return [f"{self.how} needs a column of type {', '.join(fitting)}, not {column_type}"]
        if self.is_conditional and self.how not in CONDITIONAL:
            return [f"values, min and max belong to {' and '.join(CONDITIONAL)}, not to {self.how}"]
        if self.is_conditional and column_type in ("boolean", "timestamp"):
            return [f"values, min and max cannot be asked of a {column_type}"]
        if self.how == "share" and column_type != "boolean" and not self.is_conditional:
            return [f"share of a {column_type} needs values, min or max: the share of which rows"]
        return self._misfits(column_type) if self.is_conditional else []

    def _misfits(self, column_type: str) -> list[str]:
        kinds: dict[str, tuple[type, ...]] = {"text": (str,), "date": (date,)}
        fitting = kinds.get(column_type, (int, float))
        bounds = [bound for bound in (self.min, self.max) if bound is not None]
        if column_type in ("text", "date") and (bounds if column_type == "text" else self.values):
            return [f"a {column_type} is asked by {'values' if column_type == 'text' else 'min and max'}"]
        wrong = [value for value in [*(self.values or []), *bounds] if not isinstance(value, fitting)]
        return [f"{', '.join(map(repr, wrong))}: no {column_type}"] if wrong else []


def short_aggregate(declaration: Any) -> Any:
    return {"how": declaration} if isinstance(declaration, str) else declaration


class ExtraColumn(Spec):
    """One column of a company's own, of one entity."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    type: ExtraType
    meaning: Words
    data_class: DataClass
    source: str | None = Field(None, alias="from")  # the raw column, where staging names none itself
    known_at: str | None = None  # the column that says since when the value is known; without it the row's own instant
    aggregate: list[Annotated[Aggregate, BeforeValidator(short_aggregate)]] = Field([])

    @model_validator(mode="before")
    @classmethod
    def as_written_earlier(cls, content: Any) -> Any:
        """`class: ordinary` and `class: personal`, from before there were five classes. None at all is refused: nobody
        can know it, and a guess would let a column out.
        """
        if not isinstance(content, dict) or "data_class" in content:
            return content
        if content.get("class") in EARLIER_CLASSES:
            rest = {key: value for key, value in content.items() if key != "class"}
            return {"data_class": EARLIER_CLASSES[content["class"]], **rest}
        raise ValueError(f"data_class is missing. Write one of {', '.join(DATA_CLASSES)}")

    @model_validator(mode="after")
    def fitting(self) -> "ExtraColumn":
        faults = [f"aggregate: {fault}" for one in self.aggregate for fault in one.faults(self.type)]
        names = [one.called("") for one in self.aggregate]
        faults += [f"aggregate: {name.strip('_')} stands twice; give one a name by `as`" for name in _twice(names)]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class OwnEvent(Spec):
    """An event name of a company's own: how often it happened to somebody, in the last so many days."""

    count: list[Days] = Field(min_length=1)
    meaning: Words

    @field_validator("count")
    @classmethod
    def each_once(cls, days: list[int]) -> list[int]:
        if _twice(days):
            raise ValueError(f"{', '.join(map(str, _twice(days)))} stands twice")
        return days


class Declarations(Spec):
    """The part of a source file that this is about; the rest is the connectors'."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    extra: dict[Entity, dict[str, ExtraColumn]] = Field({})
    events: dict[str, OwnEvent] = Field({})


def _twice(values: list[Any]) -> list[Any]:
    return sorted({value for value in values if values.count(value) > 1})
