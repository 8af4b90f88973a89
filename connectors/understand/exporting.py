"""The models of a table that an exporter is known by: its own mapping, and what the table has beyond it."""

from connectors.understand.entities import ENTITIES, WITHOUT_PERSON
from connectors.understand.exporter import ExportedModel, Known, WordMap, entity_of
from connectors.understand.looking.naming import column_name
from connectors.understand.looking.proposal import TableProposal
from connectors.understand.plan import HEAVY, LIGHT, Doubt, Part
from connectors.understand.writing.expressions import cleaned, expression, id_ref, literal, person_number, text


def known_parts(source: str, table: TableProposal, known: Known) -> tuple[list[Part], list[Doubt]]:
    """A part for each model that the exporter's file gives the table; columns that are not there are told."""
    parts, doubts, placed = [], [], set()
    for name, model in known.table.models.items():
        entity = entity_of(name)
        part, missing = _part(source, table, name, model, known)
        parts.append(part)
        placed |= set(part.placed)
        if model.confirm:
            told = ", ".join(m.column for m in model.map.values()) or entity
            doubts.append(Doubt(
                HEAVY, table.name, f"{told} looks like a consent. A no counts at once; a yes does not, until "
                "somebody has confirmed it",
                f"Read the form they agreed to, then write who confirmed it into stg_{source}__{entity}.sql",
            ))  # fmt: skip
        if missing:
            doubts.append(Doubt(LIGHT, table.name, f"of what {known.exporter} writes it has no {', '.join(missing)}"))
    beyond = [c for c in table.columns if c not in placed and c not in {column_name(i) for i in known.table.ignored}]
    beyond = [c for c in beyond if c not in table.key and table.facts[c].filled]
    if beyond and known.table.models:
        doubts.append(
            Doubt(LIGHT, table.name, f"beyond {known.exporter}: {', '.join(beyond[:12])}", "They are not placed")
        )
    return parts, doubts


def _part(source: str, table: TableProposal, name: str, model: ExportedModel, known: Known) -> tuple[Part, list[str]]:
    entity = entity_of(name)
    part = Part(table.name, entity, known_as=known.exporter, confirm=model.confirm)
    part.because = f"{known.exporter}: {known.table.rows or 'known by its columns'}"
    missing = []
    for role, named in model.columns.items():
        column = column_name(named)
        if column not in table.columns:
            missing.append(named)
            continue
        _identify(table, column, ENTITIES[entity][role])
        part.columns[role] = _fitted(source, entity, role, column, table, model.scale.get(role, 1.0))
        part.placed[column] = role
    for role, words in model.map.items():
        column = column_name(words.column)
        if column not in table.columns:
            missing.append(words.column)
            continue
        part.columns[role] = _case(words, column, table)
        part.placed[column] = role
    if model.negative and column_name(model.negative.column) in table.columns and "revenue" in part.columns:
        shown = f"lower({text(column_name(model.negative.column), table)})"
        listed = ", ".join(map(_literal, model.negative.words))
        part.columns["revenue"] = f"case when {shown} in ({listed}) then -1 else 1 end * abs({part.columns['revenue']})"
    part.columns |= {role: _literal(value) for role, value in model.values.items()}
    part.where += [model.where] if model.where else []
    if entity not in WITHOUT_PERSON:
        _person(source, table, model, part)
    key = next(iter(ENTITIES[entity]))
    if entity == "consents" and key not in part.columns and table.key:
        named = " || ':' || ".join(f"cast({c} as {{{{ type_of('text') }}}})" for c in table.key)
        word = f"{name.partition('__')[2]}:" if "__" in name else ""
        part.columns[key] = f"'{source}:{table.name}:{word}' || {named}"
    return part, missing


def _fitted(source: str, entity: str, role: str, column: str, table: TableProposal, scale: float) -> str:
    """A column that came as text where the entity has a number or a time is cast, or NULL where it is empty."""
    kind, given = ENTITIES[entity][role], table.columns[column]["type"]
    if given == "text" and kind in ("timestamp", "date", "boolean", "integer"):
        return f"cast(nullif({column}, '') as {{{{ type_of('{kind}') }}}})"
    if given == "text" and kind == "number":
        return f"{{{{ money(\"nullif({column}, '')\") }}}}"
    return expression(source, entity, role, column, table, scale)


def _identify(table: TableProposal, column: str, kind: str) -> None:
    """An address by its exporter's word, also where no row holds one yet."""
    if kind in ("email", "phone") and table.columns[column]["type"] == "text":
        table.columns[column].setdefault("identifier", kind)


def _case(words: WordMap, column: str, table: TableProposal) -> str:
    """The words of a column as what they mean; all others as `else`, NULL without one."""
    by_meaning: dict[str, list[str]] = {}
    for word, meaning in words.to.items():
        by_meaning.setdefault(_literal(meaning), []).append(_literal(word))
    shown = f"lower({text(column, table)})"
    branches = "\n            ".join(f"when {shown} in ({', '.join(w)}) then {m}" for m, w in by_meaning.items())
    otherwise = f"\n            else {_literal(words.otherwise)}" if words.otherwise is not None else ""
    if words.keep:
        otherwise = f"\n            else {cleaned(column, table)}"
    return f"case\n            {branches}{otherwise}\n        end"


def _literal(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else literal(value)


def _person(source: str, table: TableProposal, model: ExportedModel, part: Part) -> None:
    for namespace, named in model.person.items():
        column = column_name(named)
        if column not in table.columns:
            continue
        if namespace in ("email", "phone"):
            _identify(table, column, namespace)
            part.person.append(f"{{{{ {namespace}_ref('{column}__normalised') }}}}")
        else:
            part.person.append(id_ref(f"{source}_{namespace}", person_number(column, table)))
            part.person_columns[column] = f"{source}_{namespace}"
        part.placed.setdefault(column, "person_ref")
    for kind in ("email", "phone"):
        held = column_name(model.columns[kind]) if kind in model.columns else next(iter(table.identified(kind)), "")
        reference = f"{{{{ {kind}_ref('{held}__normalised') }}}}"
        is_known = table.columns.get(held, {}).get("identifier") == kind
        if is_known and reference not in part.person:
            part.person.append(reference)
            part.placed.setdefault(held, "person_ref")
