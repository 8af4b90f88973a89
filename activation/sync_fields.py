"""The parts of a sync file: what its fields may be called and map, and the small objects in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from activation.channel import Policy
from core.governance.sensitive import Sensitive
from core.specs import Spec, line_of

OWN = (
    "segment."  # before a column of the sync's own segment: why somebody is in it; other columns are those of profiles
)
ADDRESSES = (f"{OWN}email", f"{OWN}phone")  # consent knows them as columns of profiles
Unit = Literal["person", "household", "account"]  # who has none of the latter two is one of their own
RESERVED = {"op", "person_id"}  # columns that Fairlead itself writes beside the fields; of a feed also event_id


class Cap(Spec):
    """Nobody who had `touches` contacts on the contact channel within `days` is in the audience; of a household or an
    account as many together, whoever of them.
    """

    touches: int = Field(ge=1)
    days: int = Field(ge=1, le=365)
    per: Unit = "person"


class FieldMap(Spec):
    """A field's column and what may happen to the value that the channel has already."""

    column: str
    # overwrite: what we have replaces what is there, NULL clears it · never_null: NULL leaves it · set_if_empty: only
    # an empty one is set
    policy: Policy = "overwrite"


class ExitFields(Spec):
    """Who leaves stays there with these values, instead of being taken out."""

    set: dict[str, str | bool | int | float] = Field(min_length=1)


def names_at_fault(fields: dict[str, str | FieldMap], of_feed: bool) -> list[str]:
    """What is wrong with the names of fields and of columns, each in words."""
    columns = [f if isinstance(f, str) else f.column for f in fields.values()]
    reserved = RESERVED | ({"event_id"} if of_feed else set())
    wrong = [f"field {f!r} is a name of Fairlead's own" for f in fields if f.lower() in reserved]
    wrong += [f"field {f!r} is empty, too long or holds a control character" for f in fields if not _usable(f)]
    plain = [c.removeprefix(OWN) for c in columns]
    wrong += [f"{c!r} is no column name" for c in plain if not c.isidentifier() or c != c.lower()]
    own = [c for c in columns if c.startswith(OWN)]
    wrong += [f"{c!r}: a feed has no segment" for c in own if of_feed]
    return wrong + [
        f"{c!r}: people are reached by the {c.removeprefix(OWN)} of profiles alone" for c in own if c in ADDRESSES
    ]


def _usable(field: str) -> bool:
    return 0 < len(field) <= 100 and field.isprintable() and field == field.strip()


def unnamed(
    path: Path, label: str, origins: Mapping[str, tuple[str, str]], named: tuple[str, ...], classes: Sensitive
) -> list[str]:
    """Fields that would send what is sensitive without the file naming them, each with file, line and mend."""
    return [
        f"{label}:{line_of(path, 'fields', field)}: fields.{field}: FL420 {table}.{column} is sensitive. Take it out,"
        f" or say that the channel is to have it: sensitive: [{', '.join([*named, field])}]."
        for field, (table, column) in origins.items()
        if field not in named and column in classes.of(table.removeprefix("marts."))
    ]
