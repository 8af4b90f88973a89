"""A raw column as an entity's: the SQL of one line of a staging model."""

import re

from connectors.understand.entities import ENTITIES, HELPERS
from connectors.understand.looking.proposal import TableProposal

CENTS = re.compile(
    r"(^|_)(cents?|minor|ct|centimes|centavos|grosze|pence)($|_)|(amt|amount|tot|total|price|net|gross|sum)_p$"
)
MICROS = re.compile(r"(^|_)micros($|_)")


def literal(value: str) -> str:
    """A text out of the data as a literal of SQL in a template: no brace in it opens anything there."""
    return "'" + value.replace("'", "''").replace("{", "{{ '{' }}") + "'"


def text(column: str, table: TableProposal) -> str:
    """A column where a macro wants text."""
    if column in table.unpadded and table.columns[column]["type"] == "text":
        return f"ltrim({column}, '0')"
    return column if table.columns[column]["type"] == "text" else f"cast({column} as {{{{ type_of('text') }}}})"


def person_number(column: str, table: TableProposal) -> str:
    """A person's number as text; 0 is nobody: so shops write that somebody had no account."""
    return f"nullif({text(column, table)}, '0')" if "0" in table.facts[column].texts else text(column, table)


def cleaned(column: str, table: TableProposal) -> str:
    declared = table.columns[column]["type"]
    if declared == "text":
        return f"{{{{ clean('{column}') }}}}"
    return text(column, table)


def native_key(source: str, expression: str, kind: str = "") -> str:
    """A number of the source, qualified by its name; `expression` may hold a cast."""
    named = f", '{kind}'" if kind else ""
    return f"{{{{ native_key('{source}', {_quoted(expression)}{named}) }}}}"


def id_ref(namespace: str, expression: str) -> str:
    return f"{{{{ id_ref('{namespace}', {_quoted(expression)}) }}}}"


def _quoted(expression: str) -> str:
    """As an argument of a macro: `{{ … }}` within one is written as what it is, a call."""
    inner = expression.replace("{{ type_of('text') }}", "varchar")
    return f'"{inner}"' if "'" in inner else f"'{inner}'"


def scale_of(column: str) -> float:
    """0.01 where a column's name says that it counts cents."""
    return 0.01 if CENTS.search(column) else 0.000001 if MICROS.search(column) else 1.0


def expression(
    source: str, entity: str, role: str, column: str, table: TableProposal, scale: float | None = None
) -> str:
    """The SQL for one of an entity's columns from one raw column."""
    kind = (ENTITIES[entity] | HELPERS.get(entity, {}))[role]
    declared = table.columns[column]
    if kind in ("email", "phone") and declared.get("identifier"):
        return f"{column}__normalised"
    if kind in ("key", "ref"):
        return native_key(source, text(column, table))
    if kind == "device":
        return f"{{{{ device_ref({_quoted(text(column, table))}) }}}}"
    if kind == "number":
        factor = scale_of(column) if scale is None else scale
        return f"{{{{ money('{column}{'' if factor == 1 else f' * {factor:.6f}'.rstrip('0')}') }}}}"
    if kind == "timestamp" and declared["type"] == "date":
        return f"cast({column} as {{{{ type_of('timestamp') }}}})"
    if kind == "date" and declared["type"] == "timestamp":
        return f"cast({column} as date)"
    if kind == "date" and declared["type"] in ("text", "integer"):
        return f"{{{{ day_of({_quoted(text(column, table))}) }}}}"
    if kind == "integer" and declared["type"] == "number":
        return f"cast({column} as {{{{ type_of('integer') }}}})"
    return cleaned(column, table) if kind in ("text", "email", "phone") else column


def full_name(column: str) -> dict[str, str]:
    """First and last name out of one column: the first word, and the others."""
    first = f"{{{{ dbt.split_part(clean('{column}'), \"' '\", 1) }}}}"
    last = f"nullif(trim(substr({{{{ clean('{column}') }}}}, length({first}) + 2)), '')"
    return {"first_name": first, "last_name": last}


def scaled(column: str) -> str:
    """An amount, cents as what they are."""
    factor = scale_of(column)
    return column if factor == 1 else f"{column} * {factor:.6f}".rstrip("0")


def money(worth: str) -> str:
    return f"{{{{ money('{worth}') }}}}"


def number_of(column: str) -> str:
    """A number as money, cents as what they are."""
    return money(scaled(column))
