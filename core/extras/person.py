"""What extra columns and own events become of a person: the columns of marts.profiles and of marts.features__person."""

from collections.abc import Iterator
from typing import Any

from core.extras.declared import Declared, plain, readable
from core.extras.ours import Ours
from core.extras.spec import Aggregate, ExtraColumn, OwnEvent
from core.governance.classes import NO_FEATURE
from core.settings import Settings

LONGEST = 63  # letters of a name on PostgreSQL, which cuts off the rest
DBT_TYPES = {"number": "double"}  # as macros/types.sql calls them; the others by their own names
NUMERIC = ("integer", "number", "money", "boolean")


def dbt_type(name: str) -> str:
    return DBT_TYPES.get(name, name)


def person_columns(declared: list[Declared], ours: Ours) -> tuple[list[dict[str, Any]], list[str]]:
    """(one dictionary a column, by its name; what is wrong with the names, each with file and line)."""
    firsts: dict[str, tuple[Declared, dict[str, Any]]] = {}
    mistakes: list[str] = []
    for one in declared:
        for column in columns_of(one):
            name = column["name"]
            first, same = firsts.setdefault(name, (one, column))
            if name in ours.person:
                mistakes.append(one.fault(f"{name} is a column of {ours.person[name]}; {_mend(one)}."))
            elif len(name) > LONGEST:
                mistakes.append(one.fault(f"{name} has more than {LONGEST} letters; {_mend(one)}."))
            elif _definition(column) != _definition(same):
                mistakes.append(one.fault(f"{name} is another column at {first.place}; {_mend(one)}."))
    return [column for _, column in firsts.values()], mistakes


def text_columns(settings: Settings) -> frozenset[str]:
    """Those of marts.profiles that are texts, as far as source files can be read: others tell of a broken one."""
    columns = (column for one in readable(settings) for column in columns_of(one))
    return frozenset(column["name"] for column in columns if column["type"] == "text")


def _definition(column: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in column.items() if key not in ("meaning", "declared_in")}


def _mend(one: Declared) -> str:
    own_name = one.entity == "people" or isinstance(one.spec, OwnEvent)
    return "give another name" if own_name else "give the aggregate another name by `as`"


def columns_of(one: Declared) -> Iterator[dict[str, Any]]:
    """What one declaration becomes of a person."""
    if isinstance(one.spec, OwnEvent):
        for days in one.spec.count:
            aggregate = Aggregate(how="count", days=days, name=f"{one.name}_{days}d")
            yield _column(one, aggregate, "integer", "derived", event=one.name)
        return
    if one.entity == "people":
        newest = Aggregate(how="last", name=one.name)
        yield _column(one, newest, one.spec.type, one.spec.data_class)
    for aggregate in one.spec.aggregate:
        yield _column(one, aggregate, one.spec.type, one.spec.data_class)


def _column(one: Declared, aggregate: Aggregate, kind: str, data_class: str, event: str = "") -> dict[str, Any]:
    spec = one.spec
    result = aggregate.result(kind)
    window = f", last {aggregate.days} days" if aggregate.days else ""
    return {
        "name": aggregate.called(one.name), "entity": one.entity, "column": one.name, "event": event,
        "how": aggregate.how, "days": aggregate.days, "values": aggregate.values,
        "min": plain(aggregate.min), "max": plain(aggregate.max),
        "known_at": spec.known_at if isinstance(spec, ExtraColumn) else None,
        "column_type": dbt_type(kind), "type": dbt_type(result), "data_class": data_class,
        # what says who somebody is goes into no model unasked
        "is_feature": data_class not in NO_FEATURE and result in NUMERIC,
        "meaning": spec.meaning if one.entity == "people" else f"{spec.meaning} ({aggregate.how}{window})",
        "declared_in": one.file,
    }  # fmt: skip
