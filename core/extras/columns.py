"""The extra columns and own events of a project as dbt takes them: its variable `extras`."""

from typing import Any

from core.errors import ConfigError
from core.extras.declared import Declared, faults, find_declared
from core.extras.ours import find_ours
from core.extras.person import dbt_type, person_columns
from core.extras.spec import ExtraColumn
from core.settings import Settings

Row = dict[str, Any]


def extras(settings: Settings) -> dict[str, Any]:
    """{} where no source declares any. Raises ConfigError with every mistake, its file and line.

    columns     entity -> {column: type}, of all sources
    staged      source -> entity -> {column: {from, place}}: what its staging model must give
    person      the columns of marts.profiles, and of marts.features__person where is_feature
    catalogue   the rows of marts.extra_columns
    """
    declared = find_declared(settings)
    if not declared:
        return {}
    ours = find_ours(settings)
    person, clashes = person_columns(declared, ours)
    mistakes = [*faults(declared, ours), *clashes]
    if mistakes:
        raise ConfigError(*mistakes)
    columns: dict[str, dict[str, str]] = {}
    staged: dict[str, dict[str, Row]] = {}
    for one in declared:
        if isinstance(one.spec, ExtraColumn):
            columns.setdefault(one.entity, {})[one.name] = dbt_type(one.spec.type)
            column = {"from": one.spec.source, "place": one.place}
            staged.setdefault(one.source, {}).setdefault(one.entity, {})[one.name] = column
    return {"columns": columns, "staged": staged, "person": person, "catalogue": _catalogue(declared, person)}


def _catalogue(declared: list[Declared], person: list[Row]) -> list[Row]:
    """One row a table and column; of a column that two sources declare, the first one's meaning."""
    rows: dict[tuple[str, str], Row] = {}
    for one in declared:
        if isinstance(one.spec, ExtraColumn) and one.entity != "people":
            row = {"type": dbt_type(one.spec.type), "data_class": one.spec.data_class, "meaning": one.spec.meaning}
            rows.setdefault((f"marts.{one.entity}", one.name), row | {"declared_in": one.file})
    for column in person:
        row = {key: column[key] for key in ("type", "data_class", "meaning", "declared_in")}
        rows[("marts.profiles", column["name"])] = row
        if column["is_feature"]:
            rows[("marts.features__person", column["name"])] = row | {"type": "double"}
    return [{"table_name": table, "column_name": name, **row} for (table, name), row in rows.items()]
