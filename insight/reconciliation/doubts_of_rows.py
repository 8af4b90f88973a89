"""Doubts about rows: what did not come, came to nothing, or matches nothing."""

from collections.abc import Iterator
from typing import Any

from insight.reconciliation.doubt import DOUBTFUL, TO_CONFIRM, WRONG, Doubt, in_model, in_source, percent
from insight.reconciliation.scope import Row, Scope

FEW_MATCH = 0.9  # of lines that name an order; below it something else than late rows is the cause
MOST_UNMATCHED = 0.5  # of orders that name somebody of whom no record exists: guests are some, seldom most


def of_tables(scope: Scope, answer: dict[str, Any]) -> Iterator[Doubt]:
    built = f"fairlead resolve --day {scope.day}, then fairlead build --day {scope.day}"
    if newer := _pulled_since(scope):
        yield Doubt(DOUBTFUL, scope.source, f"{newer} were pulled after the last build; this check is older.", built)
    for row in answer["tables"]:
        if not row["raw"]:
            mend = f"fairlead pull {scope.source} --day {scope.day}; see `defaults`, `pattern` or `table` there."
            yield in_source(scope, DOUBTFUL, row["table"], "It has no rows by the end of the day.", mend)
            continue
        yield from _of_table(scope, row, built)
    for row in answer["entities"]:
        if row["keys"] < row["rows"]:
            detail = f"{row['rows'] - row['keys']:,} of {row['rows']:,} rows share their key with another or have none."
            key = scope.entity_columns(row["entity"])[0]
            yield in_model(scope, WRONG, row["entity"], key, detail, "Make the key whole, or take the newest version.")


def _of_table(scope: Scope, row: Row, built: str) -> Iterator[Doubt]:
    if row["refused"]:
        because = row["refused_because"] or {"column_name": "", "reason": "see raw.rejects", "n": row["refused"]}
        most = f"{because['column_name'] or 'line'}: {because['reason']} ({because['n']:,})"
        sql = f"select * from raw.rejects where source = '{scope.source}'"
        detail = f"{row['refused']:,} rows were refused, most for {most}."
        yield in_source(scope, DOUBTFUL, row["table"], detail, f'See `fairlead query "{sql}"` and the column there.')
    if row.get("lost_to_key"):
        detail = f"{row['lost_to_key']:,} rows share their key, file and pull with another that differs: one counts."
        mend = "Are they versions, name the `cursor`; else declare the columns of `key` that tell rows apart, or none."
        yield in_source(scope, DOUBTFUL, row["table"], detail, mend)
    if not row["staging"]:
        yield in_source(
            scope, TO_CONFIRM, row["table"], f"No staging model reads its {row['raw']:,} rows.",
            f"Write dbt_project/models/staging/{scope.source}/stg_{scope.source}__<entity>.sql, or leave it.",
        )  # fmt: skip
    for model, staged in row["staging"].items():
        file = next(m.file for m in scope.models if m.path.stem == model)
        if staged is None:
            yield Doubt(WRONG, model, "It is not built.", built, file, 1)
        elif not staged and row["living"]:
            detail = f"{row['living']:,} rows of {row['table']} give none in it."
            yield Doubt(WRONG, model, detail, "See its `where`, its key and its joins.", file, 1)


def _pulled_since(scope: Scope) -> str:
    if scope.built_at is None or not scope.db.exists("raw.pulls"):
        return ""
    rows = scope.rows(
        "select distinct table_name from raw.pulls where source = $1 and pulled_at > $2 and rows_landed > 0 order by 1",
        [scope.source, scope.built_at],
    )
    return ", ".join(row["table_name"] for row in rows)


def of_joins(scope: Scope, answer: dict[str, Any]) -> Iterator[Doubt]:
    for row in answer["joins"]:
        if not row["rows"]:
            continue
        if row["column"] == "person_ref":
            yield from _of_people(scope, row, answer)
        elif row["named"] and not row["matched"]:
            elsewhere = TO_CONFIRM if row["to"] not in scope.entities else DOUBTFUL  # the source itself has none
            weight = WRONG if row["to"] == "orders" else elsewhere
            detail = f"None of {row['named']:,} {row['entity']} matches {row['to']} by {row['column']}."
            yield in_model(scope, weight, row["entity"], row["column"], detail, _same_key(row["to"]))
        elif row["named"] and row["share"] < FEW_MATCH:
            detail = f"{percent(row['share'])} of {row['named']:,} {row['entity']} match {row['to']}."
            yield in_model(scope, DOUBTFUL, row["entity"], row["column"], detail, _same_key(row["to"]))


def _same_key(entity: str) -> str:
    return f"Qualify the key with the same words as the staging model of {entity}: '<source>:' || id."


def _of_people(scope: Scope, row: Row, answer: dict[str, Any]) -> Iterator[Doubt]:
    entity, must_match = row["entity"], row["entity"] in ("orders", "deals", "subscriptions", "consents")
    names = _namespaces(answer, entity)
    if row["to"] == "person" and must_match and not row["matched"]:
        detail = f"None of {row['rows']:,} {entity} matches a person; they name {names}."
        mend = (
            "person_ref must be built as that of the people: id_ref('<namespace>', id) or email_ref(email__normalised)."
        )
        yield in_model(scope, WRONG, entity, "person_ref", detail, mend)
    if row["to"] != "people" or not row["named"] or (row["share"] or 0) >= MOST_UNMATCHED:
        return
    weight = WRONG if must_match and not row["matched"] else DOUBTFUL
    if not must_match and (row["matched"] or names in ("handle", "device")):
        return  # a handle or a device alone is nobody
    mend = "Give id_ref() the same namespace in both staging models."
    detail = (
        f"{row['matched']:,} of {row['named']:,} {entity} name somebody who has a record of a person: {entity} name"
        f" {names}, people {_namespaces(answer, 'people') or 'nothing'}. Whoever has none counts as one more person."
    )
    yield in_model(scope, weight if "people" in scope.entities else TO_CONFIRM, entity, "person_ref", detail, mend)


def _namespaces(answer: dict[str, Any], entity: str) -> str:
    return ", ".join(row["identifier"] for row in answer["identifiers"] if row["entity"] == entity) or "nobody"
