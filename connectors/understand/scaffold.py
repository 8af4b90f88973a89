"""`fairlead new source`: look at the data, propose what it means, write the source file and its staging models."""

import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from connectors.understand.entities import ASSUMED, ENTITIES, PEOPLE, WITHOUT_KEY, WITHOUT_PERSON
from connectors.understand.look import look
from connectors.understand.proposal import Proposal
from connectors.source import Source
from core.errors import ConfigError
from core.scaffold import checked_name, write_new
from core.settings import Settings
from core.specs import load_spec

ENOUGH = 4  # matched columns, the key aside: fewer, and a table is not taken for an entity


def new_source(settings: Settings, name: str, data: str) -> dict[str, Any]:
    """Write the files for the data at `data` (a file, a pattern, a folder or a database URL); nothing is overwritten.

    The answer names the files, the entity each table was taken for, and what no entity has a place for.
    """
    checked_name(name)
    proposal = look(settings, data)
    entities = _entities(proposal.tables)
    files = {f"connectors/sources/{name}.yml": _loadable(_source_file(settings, name, proposal), name)}
    folder = f"dbt_project/models/staging/{name}"
    unmapped_columns = {}
    for entity, table in entities.items():
        sql, unmapped = _staging(name, entity, table)
        files[f"{folder}/stg_{name}__{entity}.sql"] = sql
        unmapped_columns[table.name] = unmapped
    files[f"{folder}/_{name}.yml"] = _twin(name, proposal, entities)
    paths = write_new(settings.root, files)
    return paths | {
        "entities": {table.name: entity for entity, table in entities.items()},
        "unmapped_tables": [t.name for t in proposal.tables if t not in entities.values()],
        "unmapped_columns": unmapped_columns,
        "next": _next(name, proposal),
    }


def _loadable(text: str, name: str) -> str:
    """A file that cannot be loaded would end every later pull, of all sources. Raises ConfigError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yml"
        path.write_text(text, encoding="utf-8")
        try:
            load_spec(path, Source, Path(folder), name=name)
        except ConfigError as error:
            raise ConfigError(f"of this data no source file can be made; nothing was written. {error}") from None
    return text


def _one_line(note: str) -> str:
    """What a header or a file's name holds may be anything, line breaks too; behind `#` it must stay one comment."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in note)


def _next(name: str, proposal: Proposal) -> str:
    place = f"Set FAIRLEAD_SOURCES__{name.upper()}__URL to the database's address, then " if proposal.secret else ""
    return f"{place}read connectors/sources/{name}.yml and run `fairlead pull {name}`."


def matches(entity: str, table: Any) -> dict[str, str]:
    """Entity column -> the table's column that fits it by name and type; a key must be one in the sample."""
    columns_by_role: dict[str, str] = {}
    for entity_column, (kind, names) in ENTITIES[entity].items():
        for synonym in names.replace("*", "").split():
            name = synonym if synonym in table.columns else table.aliases.get(synonym, "")
            is_fitting = (
                name in table.columns
                and name not in columns_by_role.values()
                and _is_fitting(kind, table.columns[name]["type"])
            )
            if is_fitting and (kind != "key" or name in table.unique):
                columns_by_role[entity_column] = name
                break
    return columns_by_role


def _is_fitting(entity_type: str, kind: str) -> bool:
    fitting_types = {
        "number": {"number", "integer"},
        "timestamp": {"timestamp", "date"},
        "key": {"text", "integer"},
        "ref": {"text", "integer"},
    }
    return entity_type in ("text", "device") or kind in fitting_types.get(entity_type, {entity_type})


def _entities(tables: list[Any]) -> dict[str, Any]:
    """The best table for each entity, each table once: most matches first."""
    merits = sorted(
        ((_merit(entity, table), entity, table) for table in tables for entity in ENTITIES),
        key=lambda s: (-s[0], s[1], s[2].name),
    )
    chosen_tables: dict[str, Any] = {}
    for merit, entity, table in merits:
        if merit >= ENOUGH and entity not in chosen_tables and table not in chosen_tables.values():
            chosen_tables[entity] = table
    return chosen_tables


def _merit(entity: str, table: Any) -> float:
    """Matched columns, those by an entity's own words double; a table that bears its name gains, none of its own
    words: 0.
    """
    columns_by_role = matches(entity, table)
    if next(iter(ENTITIES[entity])) not in columns_by_role and entity not in WITHOUT_KEY:
        return 0  # its rows could not be told apart
    own_words = sum(f"{source}*" in ENTITIES[entity][column][1].split() for column, source in columns_by_role.items())
    bears_name = table.name.rstrip("s") in (
        entity.rstrip("s"),
        "customer" if entity == "people" else "",
        "contact" if entity == "people" else "",
    )
    return len(columns_by_role) + own_words + 4 * bears_name if own_words or bears_name else 0


def _source_file(settings: Settings, name: str, proposal: Proposal) -> str:
    tables = {table.name: table.spec() for table in proposal.tables}
    body = yaml.safe_dump({"tables": tables}, sort_keys=False, allow_unicode=True, width=118, default_flow_style=None)
    defaults = yaml.safe_dump({"defaults": proposal.defaults(settings)}, default_flow_style=None, allow_unicode=True)
    notes = "".join(f"# {_one_line(note)}\n" for note in proposal.notes)
    return (
        "# Written by `fairlead new source` from a look at the data: read it, tighten it, delete what is wrong.\n"
        f"{notes}description: {name.replace('_', ' ')}, say here what it is and who owns it\n{defaults}{body}"
    )


def _staging(name: str, entity: str, table: Any) -> tuple[str, list[str]]:
    """The staging model of one table, and the columns it leaves out."""
    columns_by_role = matches(entity, table)
    key = next(iter(ENTITIES[entity]))
    lines = [f"{_key(name, table, columns_by_role.get(key))} as {key}"]
    if entity not in WITHOUT_PERSON:
        lines.append(f"{_person(name, entity, table, columns_by_role.get(key))} as person_ref")
    for column, origin in columns_by_role.items():
        expression = _expression(name, ENTITIES[entity][column][0], origin, table)
        if column != key:
            lines.append(expression if expression == column else f"{expression} as {column}")
    assumptions = ASSUMED.get(entity, {}) | (
        {"channel": "'sms'"} if entity == "messages" and _by_phone_alone(table) else {}
    )
    lines += [f"{value} as {c}  -- assumed" for c, value in assumptions.items() if c not in columns_by_role]
    lines = [line.replace("  -- assumed", ",  -- assumed") if "  -- assumed" in line else f"{line}," for line in lines]
    unmapped = [c for c in table.columns if c not in columns_by_role.values()]
    raw = f"{{{{ source('raw', '{name}__{table.name}') }}}}"
    rows = f"    select * from {raw}\n    where _day <= {{{{ day() }}}}"
    if table.key:
        cursor = f", '{table.cursor}'" if table.cursor else ""
        rows = f"    {{{{ newest_version(source('raw', '{name}__{table.name}'), {table.key!r}{cursor}) }}}}"
    comment = f"-- Not mapped: {', '.join(unmapped)}.\n" if unmapped else ""
    body = "\n".join(f"        {line}" for line in lines)
    sql = (
        f"-- {table.name} of {name} as {entity}: proposed from names and contents, to be read before it is believed.\n"
        f"{comment}with arrived as (\n{rows}\n),\n\n"
        f"final as (\n    select\n{body}\n        _source,\n        _day\n    from arrived\n)\n\n"
        "select * from final\n"
    )
    return sql, unmapped


def _by_phone_alone(table: Any) -> bool:
    """A STOP by telephone stops telephone messages, and must not be taken for one of e-mail."""
    return {c["identifier"] for c in table.columns.values() if c.get("identifier")} == {"phone"}


def _key(name: str, table: Any, column: str | None) -> str:
    if len(table.key) > 1:
        key_text = " || ':' || ".join(f"cast({c} as {{{{ type_of('text') }}}})" for c in table.key)
        return f"'{name}:' || {key_text}"
    column = table.key[0] if table.key else column
    return f"{{{{ native_key('{name}', {_text(column, table)!r}) }}}}" if column else f"'{name}:' || _row_id"


def _text(column: str, table: Any) -> str:
    """A column where a macro wants text."""
    return column if table.columns[column]["type"] == "text" else f"cast({column} as varchar)"


def _person(name: str, entity: str, table: Any, key: str | None) -> str:
    """One identifier for the human: their number at the source, else an address.

    Numbers of different kinds do not mix.
    """
    number = key if entity == "people" else next((c for c in PEOPLE.split() if c in table.columns), None)
    refs = []
    if number:
        kind = re.sub("_(id|no|number)$", "", number) if number != "id" else table.name.rstrip("s")
        refs.append(f"{{{{ id_ref('{name}_{kind}', {_text(number, table)!r}) }}}}")
    addresses = {c["identifier"]: n for n, c in table.columns.items() if c.get("identifier")}
    if entity != "people" or not refs:
        refs += [
            f"{{{{ {kind}_ref('{addresses[kind]}__normalised') }}}}" for kind in ("email", "phone") if kind in addresses
        ]
    if not refs:
        return "cast(null as {{ type_of('text') }})"
    return refs[0] if len(refs) == 1 else f"coalesce({', '.join(refs)})"


def _expression(name: str, kind: str, column: str, table: Any) -> str:
    if table.columns[column].get("identifier"):
        return f"{column}__normalised"
    if kind == "ref":
        return f"{{{{ native_key('{name}', {_text(column, table)!r}) }}}}"
    if kind == "device":
        return f"{{{{ device_ref({_text(column, table)!r}) }}}}"
    if kind == "text":
        return f"{{{{ clean({_text(column, table)!r}) }}}}"
    if kind == "number":
        return f"{{{{ money('{column}') }}}}"
    return (
        f"cast({column} as {{{{ type_of('timestamp') }}}})"
        if table.columns[column]["type"] == "date" and kind == "timestamp"
        else column
    )


def _twin(name: str, proposal: Proposal, entities: dict[str, Any]) -> str:
    tables = [
        {"name": f"{name}__{t.name}", "description": f"{t.name} of {name}, see connectors/sources/{name}.yml."}
        for t in proposal.tables
    ]
    models = [
        {"name": f"stg_{name}__{entity}",
         "description": f"One row a record of {table.name}. Grain {next(iter(ENTITIES[entity]))}.",
         "columns": [{"name": next(iter(ENTITIES[entity])), "data_tests": ["not_null"]}]}
        for entity, table in entities.items()
    ]  # fmt: skip
    content: dict[str, Any] = {"sources": [{"name": "raw", "schema": "raw", "tables": tables}]}
    if models:
        content["models"] = models
    return yaml.safe_dump(content, sort_keys=False, width=118)
