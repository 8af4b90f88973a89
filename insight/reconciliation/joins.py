"""What matches: rows to people, lines to orders, and whatever else names a thing by its key."""

from insight.reconciliation.scope import Row, Scope, share

KEYS = {  # column -> the entity whose key it is, wherever it stands
    "order_key": "orders",
    "product_key": "products",
    "account_key": "accounts",
}
NAMESPACE = "case when {0} like 'id:%' then 'id:' || split_part({0}, ':', 2) else split_part({0}, ':', 1) end"


def join_rows(scope: Scope) -> list[Row]:
    """{entity, column, to, rows, named, matched, share}: of `named` rows, which have a value, so many match.

    To `person` matches what identity knows; to `people` only who has a record of a person: an order alone makes one of
    its own, and so a namespace that nobody else has would look like a match.
    """
    out: list[Row] = []
    for entity in scope.entities:
        columns = scope.entity_columns(entity)
        if "person_ref" in columns and entity != "people":
            out += _to_people(scope, entity)
        for column, parent in KEYS.items():
            if column in columns[1:] and scope.columns(scope.entity(parent)):
                out.append(_to_parent(scope, entity, column, parent))
    return [row for row in out if row["named"] or row["column"] in ("person_ref", "order_key")]


def _to_people(scope: Scope, entity: str) -> list[Row]:
    if not scope.columns("intermediate.int_people__matched") or not scope.columns("identity.person_identifiers"):
        return []
    counts = scope.rows(
        f"""select count(*) as n, count(e.person_ref) as named, count(i.person_id) as person,
            count(r.person_id) as people
        from {scope.entity(entity)} as e
        left join identity.person_identifiers as i on e.person_ref = i.identifier
        left join (select distinct person_id from intermediate.int_people__matched) as r on r.person_id = i.person_id
        where e._source = $1""",
        [scope.source],
    )[0]
    return [_row(entity, "person_ref", to, counts | {"matched": counts[to]}) for to in ("person", "people")]


def _to_parent(scope: Scope, entity: str, column: str, parent: str) -> Row:
    key = scope.entity_columns(parent)[0]
    counts = scope.rows(
        f"""select count(*) as n, count(e."{column}") as named, count(p.parent_key) as matched
        from {scope.entity(entity)} as e
        left join (select distinct "{key}" as parent_key from {scope.entity(parent)}) as p
            on e."{column}" = p.parent_key
        where e._source = $1""",
        [scope.source],
    )[0]
    return _row(entity, column, parent, counts)


def _row(entity: str, column: str, to: str, counts: Row) -> Row:
    rows, named, matched = (int(counts[name]) for name in ("n", "named", "matched"))
    return {
        "entity": entity, "column": column, "to": to, "rows": rows, "named": named, "matched": matched,
        "share": share(matched, named),
    }  # fmt: skip


def namespace_rows(scope: Scope) -> list[Row]:
    """By what each entity names a human, {entity, identifier, rows, humans, known}: `known` have a record of a
    person.
    """
    out: list[Row] = []
    for entity in scope.entities:
        if "person_ref" not in scope.entity_columns(entity) or not scope.columns("identity.person_identifiers"):
            continue
        if not scope.columns("intermediate.int_people__matched"):  # before the first build
            continue
        rows = scope.rows(
            f"""select {NAMESPACE.format("e.person_ref")} as identifier, count(*) as n,
                count(distinct e.person_ref) as humans, count(distinct p.person_ref) as known
            from {scope.entity(entity)} as e
            left join (select distinct i.identifier as person_ref from intermediate.int_people__matched as m
                inner join identity.person_identifiers as i on i.person_id = m.person_id) as p
                on p.person_ref = e.person_ref
            where e._source = $1 group by 1 order by n desc, 1""",
            [scope.source],
        )
        out += [{"entity": entity} | row | {"identifier": row["identifier"] or "nothing"} for row in rows]
    return [{("rows" if key == "n" else key): value for key, value in row.items()} for row in out]
