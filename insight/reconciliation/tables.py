"""Rows by table: read from the source, refused, in raw, alive; and what staging made of them."""

from insight.reconciliation.scope import RawTable, Row, Scope, share

READ = """
    select sum(rows_in) as n, sum(rows_rejected) as refused from (
        select rows_in, rows_rejected, row_number() over (partition by file order by pulled_at desc, day desc) as nth
        from raw.pulls where source = $1 and table_name = $2) as pulls where nth = 1"""  # files are read whole
READ_ON = """
    select sum(rows_landed + rows_rejected) as n from raw.pulls where source = $1 and table_name = $2"""
REFUSED = "select count(*) as n from raw.rejects as r where source = $1 and table_name = $2"
UNMENDED = """ and not exists (
    select 1 from raw."{twin}" as m where m._row_key = r.reject_id and m._mended_day is not null)"""
WHY_REFUSED = """
    select column_name, reason, count(*) as n from raw.rejects as r where source = $1 and table_name = $2{unmended}
    group by column_name, reason order by n desc, column_name, reason limit 1"""


def table_rows(scope: Scope) -> list[Row]:
    """One row a declared table: {table, source_rows, refused, mended, refused_because, raw, living, lost_to_key,
    staging}; `mended` were refused once and are put right.
    """
    return [_table_row(scope, table) for table in scope.tables]


def _table_row(scope: Scope, table: RawTable) -> Row:
    of_table = [table.source, table.name]
    row: Row = {
        "table": table.raw,
        "source_rows": None,
        "refused": 0,
        "mended": 0,
        "raw": 0,
        "living": 0,
        "staging": {},
    }
    if scope.db.exists("raw.pulls"):
        read = scope.rows(READ if table.is_files else READ_ON, of_table)[0]
        row["source_rows"] = int(read["n"]) if read["n"] is not None else None
        ever = int(scope.rows(REFUSED, of_table)[0]["n"])
        row["refused"] = int(read["refused"] or 0) if table.is_files else _unmended(scope, table, ever)
        row["mended"] = max(ever - row["refused"], 0)
        because = (
            scope.rows(WHY_REFUSED.format(unmended=_unmended_only(scope, table)), of_table) if row["refused"] else []
        )
        row["refused_because"] = next(iter(because), None)
    if not scope.columns(f"raw.{table.raw}"):
        return row
    row["raw"] = int(scope.rows(f"select count(*) as n from {table.relation} where _day <= $1", [scope.day])[0]["n"])
    row["living"] = int(scope.rows(f"select count(*) as n from {scope.newest(table)}")[0]["n"])
    row["lost_to_key"] = _lost_to_key(scope, table) if table.key else 0
    for model in scope.models:
        if table.raw in model.raw_tables:
            row["staging"][model.path.stem] = _staged(scope, model.relation)
    return row


def _unmended(scope: Scope, table: RawTable, ever: int) -> int:
    """Of what was ever refused, without what stands in order by now."""
    condition = _unmended_only(scope, table) if ever else ""
    return int(scope.rows(REFUSED + condition, [table.source, table.name])[0]["n"]) if condition else ever


def _unmended_only(scope: Scope, table: RawTable) -> str:
    twin = f"{table.raw}__refused"
    return UNMENDED.format(twin=twin) if "_mended_day" in scope.columns(f"raw.{twin}") else ""


def _staged(scope: Scope, relation: str) -> int | None:
    return int(scope.rows(f"select count(*) as n from {relation}")[0]["n"]) if scope.columns(relation) else None


def _lost_to_key(scope: Scope, table: RawTable) -> int:
    """Rows that came with one pull, in one file, beside another row of the same key that says something else: only one
    of them counts.
    """
    keys = ", ".join(f'"{k}"' for k in [*table.key, *([table.cursor] if table.cursor else [])])  # else: versions
    content = scope.db.row_hash([f'"{column}"' for column in table.types])
    alive = " and not coalesce(_is_deleted, false)" if "_is_deleted" in scope.columns(f"raw.{table.raw}") else ""
    counts = scope.rows(
        f"""select sum(n - 1) as n from (select count(distinct {content}) as n from {table.relation}
        where _day <= $1{alive} group by {keys}, _origin, _pulled_at having count(*) > 1) as shared""",
        [scope.day],
    )
    return int(counts[0]["n"] or 0)


def entity_rows(scope: Scope) -> list[Row]:
    """One row an entity of the source: {entity, model, rows, keys, share_of_keys}."""
    out = []
    for entity, model in scope.entities.items():
        key = scope.entity_columns(entity)[0]
        counts = scope.rows(f'select count(*) as n, count(distinct "{key}") as keys from {model.relation}')[0]
        rows, keys = int(counts["n"]), int(counts["keys"])
        out.append({"entity": entity, "model": model.file, "rows": rows, "keys": keys, "unique": share(keys, rows)})
    return out
