"""The files of a source as texts: its source file, its staging models, their YAML twin."""

import tempfile
from pathlib import Path
from typing import Any

import yaml

from connectors.source import Source
from connectors.understand.entities import ENTITIES, INSTANTS
from connectors.understand.looking.proposal import Proposal, TableProposal
from connectors.understand.plan import Understanding
from connectors.understand.writing.staging import skeleton_sql, staging_sql
from core.errors import ConfigError
from core.settings import Settings
from core.specs import load_spec

REPEATED = {"events", "messages"}  # whose keys may come more than once
UNDATED = {"consents", "messages"}  # docs/how_to/load_the_past.md says why
WIDTH = 80


def files_of(
    settings: Settings, name: str, proposal: Proposal, plan: Understanding, confirmed_by: str = ""
) -> dict[str, str]:
    """Path below the project -> text. Raises ConfigError where no source file can be made of the data."""
    folder = f"dbt_project/models/staging/{name}"
    files = {f"connectors/sources/{name}.yml": loadable(_source_text(settings, name, proposal, plan), name)}
    for entity in plan.entities():
        files[f"{folder}/stg_{name}__{entity}.sql"] = staging_sql(name, plan.of(entity), proposal, confirmed_by)
    taken = {part.table for part in plan.parts}
    for table in proposal.landed:
        if table.name not in taken:
            stem = table.name if table.name not in ENTITIES else f"{table.name}_rows"
            files[f"{folder}/stg_{name}__{stem}.sql"] = skeleton_sql(name, table)
    files[f"{folder}/_{name}.yml"] = twin(name, proposal, plan)
    return files


def loadable(text: str, name: str) -> str:
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


def _source_text(settings: Settings, name: str, proposal: Proposal, plan: Understanding) -> str:
    tables = {table.name: _with_day(table, plan, proposal) for table in proposal.landed}
    body = yaml.safe_dump({"tables": tables}, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=None)
    defaults = yaml.safe_dump({"defaults": proposal.defaults(settings)}, default_flow_style=None, allow_unicode=True)
    notes = "".join(f"# {_one_line(note)}\n" for note in proposal.notes)
    return (
        "# Written by `fairlead new source` from a look at the data: read it, tighten it, delete what is wrong.\n"
        f"{notes}description: {name.replace('_', ' ')}, say here what it is and who owns it\n{defaults}{body}"
        f"{_extra(proposal, plan)}"
    )


def _with_day(table: TableProposal, plan: Understanding, proposal: Proposal) -> dict[str, Any]:
    """How it is read; the column that dates its rows where one is known, but for statements of consent."""
    spec, parts = table.spec(), [part for part in plan.parts if part.table == table.name]
    lists = {t.name for t in proposal.tables if t.list_of and t.list_of[0] == table.name}
    of_lists = [part for part in plan.parts if part.table in lists]
    if "{day}" in table.reading.get("pattern", "") or any(part.entity in UNDATED for part in [*parts, *of_lists]):
        return spec
    for part in parts:
        instant = INSTANTS.get(part.entity)
        day = next(
            (c for c, r in part.placed.items() if r == instant and c in table.of_type("timestamp", "date")), None
        )
        if day:
            columns = spec.pop("columns")
            return spec | {"day": day, "columns": columns}
    return spec


def _extra(proposal: Proposal, plan: Understanding) -> str:
    """Columns that no entity has, ready to be taken in: as a comment, since a person must say their class."""
    found: dict[str, dict[str, Any]] = {}
    for part in plan.parts:
        table = proposal[part.table]
        if part.entity == "consents" or not plan.takes_extras(part):
            continue
        for column, declared in table.raw_columns.items():
            facts = table.facts[column]
            is_word = declared["type"] != "text" or bool(facts.common)
            if column not in part.placed and declared["type"] != "json" and facts.distinct > 1 and is_word:
                found.setdefault(part.entity, {})[column] = {
                    "type": declared["type"], "data_class": "sensitive", "meaning": f"{column} of {part.table}"
                }  # fmt: skip
    if not found:
        return ""
    text = yaml.safe_dump({"extra": found}, sort_keys=False, allow_unicode=True, width=WIDTH, default_flow_style=None)
    head = "# Columns that no entity has. Uncomment what you want in marts, segments and syncs: add_a_column.md.\n"
    return head + "".join(f"# {line}\n" for line in text.splitlines())


def twin(name: str, proposal: Proposal, plan: Understanding) -> str:
    """The raw tables as dbt's sources, and the grain of each model, tested; a skeleton is nobody's to stay."""
    tables = [
        {"name": f"{name}__{t.name}", "description": f"{t.name} of {name}, see connectors/sources/{name}.yml."}
        for t in proposal.landed
    ]
    models: list[dict[str, Any]] = []
    for entity in plan.entities():
        key = next(iter(ENTITIES[entity]))
        fed_by = ", ".join(dict.fromkeys(part.table for part in plan.of(entity)))
        tests = ["not_null"] if entity in REPEATED else ["not_null", "unique"]
        models.append({
            "name": f"stg_{name}__{entity}", "description": f"One row a record of {fed_by}. Grain {key}.",
            "columns": [{"name": key, "data_tests": tests}],
        })  # fmt: skip
    content: dict[str, Any] = {"sources": [{"name": "raw", "schema": "raw", "tables": tables}]}
    return yaml.safe_dump(content | ({"models": models} if models else {}), sort_keys=False, width=WIDTH)
