"""Staging models as SQL: one a source and entity, one select for each table that feeds it."""

from connectors.understand.composing import BETWEEN
from connectors.understand.entities import ENTITIES, ENTITY_COLUMNS, WITHOUT_PERSON
from connectors.understand.looking.proposal import Proposal, TableProposal
from connectors.understand.plan import Joined, Part
from connectors.understand.writing.expressions import text

JSON_AS = {"integer": "json_whole", "number": "json_amount", "timestamp": "json_moment", "date": "json_date",
           "boolean": "json_flag"}  # fmt: skip
NULLS = {"number": "money", "integer": "integer", "timestamp": "timestamp", "date": "date", "boolean": "boolean"}


def staging_sql(name: str, parts: list[Part], proposal: Proposal, confirmed_by: str = "") -> str:
    """The model of one entity of a source; `confirmed_by`: who answers for the consents in it."""
    entity = parts[0].entity
    ctes = {cte: body for part in parts for cte, body in _ctes(name, part, proposal).items()}
    columns = [c for c in _order(entity) if any(c in p.columns or c in p.assumed for p in parts)]
    if entity not in WITHOUT_PERSON:
        columns.insert(1, "person_ref")
    selects = [_select(part, columns, proposal, extra) for part, extra in zip(parts, _extras(name, parts), strict=True)]
    final = "\n    union all\n".join(selects)
    body = "".join(f"{cte} as (\n{sql}\n),\n\n" for cte, sql in ctes.items())
    confirm = ""
    if any(part.confirm for part in parts):
        confirm = (
            "-- PROPOSED, AND GRANTS NOTHING YET: a no counts at once, a yes does not. Who has read the form on which\n"
            "-- people agreed, and answers for it, writes their name and the day here; from then on a yes counts too.\n"
            f"{{% set confirmed_by = {confirmed_by.replace(chr(39), ' ')!r} %}}\n\n"
        )
    return f"{_head(name, parts, proposal)}{confirm}with {body}final as (\n{final}\n)\n\nselect * from final\n"


def _extras(name: str, parts: list[Part]) -> list[str]:
    """The line that gives columns of one's own, once declared: of one table alone, refunds beside it have none."""
    entity, plain = parts[0].entity, [p for p in parts if not p.is_of_returns]
    if len(plain) != 1 or plain[0].is_made:
        return [""] * len(parts)
    empty = [", empty=true" if part.is_of_returns else "" for part in parts]
    return [f"        {{{{ extra_columns('{name}', '{entity}'{word}) }}}}\n" for word in empty]


def _head(name: str, parts: list[Part], proposal: Proposal) -> str:
    lines = [f"-- {', '.join(dict.fromkeys(p.table for p in parts))} of {name} as {parts[0].entity}: proposed from "
             "names and contents, to be read before it is believed."]  # fmt: skip
    for part in parts:
        free = [c for c in proposal[part.table].columns if c not in part.placed]
        lines += _wrapped(f"-- Not mapped of {part.table}: ", free) if free and not part.group_by else []
    return "\n".join(lines) + "\n"


def _wrapped(head: str, words: list[str]) -> list[str]:
    """Comment lines that keep to the width."""
    lines, line = [], head
    for word in words:
        if len(line) + len(word) > 112:
            lines.append(line.rstrip())
            line = "--     "
        line += f"{word}, "
    return [*lines, line.rstrip(", ") + "."]


def rows_of(name: str, table: TableProposal) -> str:
    raw = f"source('raw', '{name}__{table.name}')"
    if table.key:
        cursor = f", '{table.cursor}'" if table.cursor else ""
        rows = f"    {{{{ newest_version({raw}, {table.raw_key!r}{cursor}) }}}}"
    else:
        rows = f"    select * from {{{{ {raw} }}}}\n    where _day <= {{{{ day() }}}}"
    if not table.composed:
        return rows
    between = f" || '{BETWEEN}' || "
    made = [f"{between.join(text(p, table) for p in parts)} as {c}" for c, parts in table.composed.items()]
    inner = "\n".join(f"    {line}" for line in rows.splitlines())
    selected = ",\n".join(f"        {line}" for line in ["numbered.*", *made])
    return f"    select\n{selected}\n    from (\n{inner}\n    ) as numbered"


def _cte(table: str) -> str:
    return f"{table}_rows"


def _ctes(name: str, part: Part, proposal: Proposal) -> dict[str, str]:
    ctes = _rows_ctes(name, proposal[part.table], proposal)
    if part.group_by:
        ctes[f"{part.table}_by_{part.group_by}"] = _grouped(part, proposal[part.table])
    if part.newest_of:
        ctes[f"{part.table}_by_{part.newest_of}"] = _ranked(part)
    for joined in part.joined:
        table = proposal[joined.table]
        ctes |= _rows_ctes(name, table, proposal)
        ctes[joined.name] = _joined(joined, table)
    return ctes


def _rows_ctes(name: str, table: TableProposal, proposal: Proposal) -> dict[str, str]:
    """A table's rows; of one that stands in the lists of another, those first."""
    if table.list_of is None:
        return {_cte(table.name): rows_of(name, table)}
    parent = proposal[table.list_of[0]]
    return {_cte(parent.name): rows_of(name, parent), _cte(table.name): _unfolded(table, parent)}


def _unfolded(table: TableProposal, parent: TableProposal) -> str:
    """One row an item: the keys of its row, its place, what it holds."""
    rows, column = _cte(parent.name), (table.list_of or ("", ""))[1]
    keys = list(zip(table.key[:-1], parent.key, strict=True))
    parted = ", ".join(f"{rows}.{key}" for _, key in keys)
    lines = [f"{rows}.{key} as {c}" if c != key else f"{rows}.{key}" for c, key in keys]
    lines.append(
        f"row_number() over (partition by {parted} order by cast(item as {{{{ type_of('text') }}}})) as {table.key[-1]}"
    )
    for c, declared in table.columns.items():
        if c not in table.key:
            path = ", ".join(map(repr, table.source_of(c).split(".")))  # as Python, a template reads it back
            lines.append(f"{{{{ {JSON_AS.get(declared['type'], 'json_text')}('item', [{path}]) }}}} as {c}")
    lines += [f"{rows}._row_key", f"{rows}._source", f"{rows}._day"]
    selected = ",\n".join(f"        {line}" for line in lines)
    return f"    select\n{selected}\n    from {rows}\n    {{{{ each_item('{rows}.{column}', 'item') }}}}"


def _grouped(part: Part, table: TableProposal) -> str:
    """One row a group, its columns under the names of the raw table's."""
    lines = [part.group_by]
    for column in table.columns:
        if column != part.group_by and column in part.placed:
            function = "min" if table.columns[column]["type"] in ("timestamp", "date") else "max"
            cells = [column, *([f"{column}__normalised"] if table.columns[column].get("identifier") else [])]
            lines += [f"{function}({cell}) as {cell}" for cell in cells]
    lines += [part.columns["_sum"]] if "_sum" in part.columns else []
    lines += ["max(_source) as _source", "max(_day) as _day"]
    selected = ",\n".join(f"        {line}" for line in lines)
    return (
        f"    select\n{selected}\n    from {_cte(part.table)}\n    where {part.group_by} is not null\n"
        f"    group by {part.group_by}"
    )


def _ranked(part: Part) -> str:
    order = f"{part.newest_by} desc nulls last, " if part.newest_by else ""
    first = (
        f",\n        min({part.newest_by}) over (partition by {part.newest_of}) as first_at" if part.newest_by else ""
    )
    return (
        f"    select\n        *,\n        row_number() over (partition by {part.newest_of} order by {order}"
        f"_day desc, _row_key) as newest_first{first}\n    from {_cte(part.table)}"
        f"\n    where {part.newest_of} is not null"
    )


def _joined(joined: Joined, table: TableProposal) -> str:
    """The joined table's key and what is wanted of it, under names of their own: one row a key."""
    key = f"cast({joined.key} as {{{{ type_of('text') }}}})" if joined.as_text else joined.key
    lines = [f"{key} as {joined.name}__key"]
    is_one = table.key == [joined.key] and not joined.sums
    lines += [f"{c if is_one else f'max({c})'} as {joined.name}__{c}" for c in joined.columns if c != "key"]
    lines += [f"sum({expression}) as {joined.name}__{name}" for name, expression in joined.sums.items()]
    selected = ",\n".join(f"        {line}" for line in lines)
    grouped = "" if is_one else f"\n    where {joined.key} is not null\n    group by {key}"
    return f"    select\n{selected}\n    from {_cte(joined.table)}{grouped}"


def _order(entity: str) -> list[str]:
    return ENTITY_COLUMNS[entity]


def _select(part: Part, columns: list[str], proposal: Proposal, extra: str) -> str:
    lines = []
    for column in columns:
        if column == "person_ref":
            lines.append(f"{_person(part)} as person_ref,")
        elif column in part.columns:
            expression = part.columns[column]
            lines.append(f"{expression}," if expression == column else f"{expression} as {column},")
        elif column in part.assumed:
            lines.append(f"{part.assumed[column]} as {column},  -- assumed")
        else:
            kind = NULLS.get(ENTITIES[part.entity][column], "text")
            lines.append(f"cast(null as {{{{ type_of('{kind}') }}}}) as {column},")
    selected = "\n".join(f"        {line}" for line in lines)
    grouped = part.group_by or part.newest_of
    rows = f"{part.table}_by_{grouped}" if grouped else _cte(part.table)
    joins = "".join(f"\n    left join {j.name}\n        on {j.on} = {j.name}.{j.name}__key" for j in part.joined)
    conditions = [*part.where, *(["newest_first = 1"] if part.newest_of else [])]
    if part.confirm:
        conditions.append(
            f"({{% if is_named(confirmed_by) %}}1 = 1{{% else %}}{part.columns['status']} = 'withdrawn'{{% endif %}})"
        )
    where = "\n    where\n        " + "\n        and ".join(f"{c}" for c in conditions) if conditions else ""
    return f"    select\n{selected}\n{extra}        _source,\n        _day\n    from {rows}{joins}{where}"


def _person(part: Part) -> str:
    if not part.person:
        return "cast(null as {{ type_of('text') }})"
    return part.person[0] if len(part.person) == 1 else f"coalesce({', '.join(part.person)})"


def skeleton_sql(name: str, table: TableProposal) -> str:
    """A table that is no entity's: its columns cleaned, to be read by models that somebody writes."""
    lines = [f"{{{{ clean('{c}') }}}} as {c}" if d["type"] == "text" else c for c, d in table.raw_columns.items()]
    selected = "\n".join(f"        {line}," for line in lines)
    return (
        f"-- {table.name} of {name}: taken for none of the entities; a skeleton to build on.\n"
        f"with {_cte(table.name)} as (\n{rows_of(name, table)}\n),\n\n"
        f"final as (\n    select\n{selected}\n        _source,\n        _day\n    from {_cte(table.name)}\n)\n\n"
        "select * from final\n"
    )
