"""Whether two engines have built the same tables: columns and rows, whatever their order, types as they are written."""

from collections.abc import Sequence
from pathlib import Path

import duckdb


def differences(
    warehouse: Path, handed_out: Path, built: tuple[str, ...], left_out: dict[str, set[str]], only: Sequence[str] = ()
) -> dict[str, str]:
    """Table -> in what the two differ; nothing where they are the same.

    warehouse    a file of DuckDB · handed_out  <schema>.<table>/*.parquet of the other engine
    built        the schemas that are compared · only  some of their tables, where not all are meant
    left_out     <schema>.<table> or `*` -> columns that may differ; no columns: the table is not compared
    """
    found = {}
    with duckdb.connect() as db:
        db.execute(f"set TimeZone = 'UTC'; attach '{warehouse}' as warehouse (read_only)")  # its views name it so
        tables = db.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'warehouse'"
            " union all select schema_name || '.' || view_name from duckdb_views() where database_name = 'warehouse'"
            " and schema_name = 'marts' order by 1"
        ).fetchall()
        names = {name for (name,) in tables if name.split(".")[0] in built and name in (only or (name,))}
        names -= {name for name, columns in left_out.items() if not columns}
        theirs = {place.name for place in handed_out.iterdir()}
        found |= dict.fromkeys(names - theirs, "is not there") | {
            name: "is there alone" for name in theirs - names if left_out.get(name) != set()
        }
        for name in sorted(names & theirs):
            ours, others = f"warehouse.{name}", f"read_parquet('{handed_out / name}/*.parquet')"
            if not [*(handed_out / name).glob("*.parquet")]:
                others = f"(from {ours} limit 0)"
            difference = _difference(db, ours, others, left_out.get("*", set()) | left_out.get(name, set()))
            if difference:
                found[name] = difference
    return found


def _difference(db: duckdb.DuckDBPyConnection, ours: str, others: str, left_out: set[str]) -> str:
    columns, others_columns = (_columns(db, table) for table in (ours, others))
    if columns.keys() != others_columns.keys():
        return f"columns: {sorted(columns.keys() ^ others_columns.keys())}"
    kept = [name for name in columns if name not in left_out]
    texts = [
        "select " + ", ".join(_as_text(name, types[name]) for name in kept) + f" from {table}"
        for table, types in ((ours, columns), (others, others_columns))
    ]
    only = [db.execute(f"{a} except all {b}").fetchall() for a, b in (texts, texts[::-1])]
    if not any(only):
        return ""
    shown = {name for rows in zip(*(sorted(rows, key=str) for rows in only), strict=False)
             for name, a, b in zip(kept, *rows, strict=True) if a != b}  # fmt: skip
    example = [dict(zip(kept, rows[0], strict=True)) for rows in only if rows]
    return f"rows only here {len(only[0])}, only there {len(only[1])}; perhaps in {sorted(shown)}; {example}"


def _columns(db: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    return {row[0].lower(): row[1] for row in db.execute(f"describe select * from {table}").fetchall()}


def _as_text(name: str, kind: str) -> str:
    """A value as both engines can write it: nine figures of a double, whose sums depend on their order."""
    if kind in ("DOUBLE", "FLOAT"):
        return f'format(\'{{:.9g}}\', "{name}" + 0.0) as "{name}"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f'cast(cast("{name}" as timestamp) as varchar) as "{name}"'
    return f'cast("{name}" as varchar) as "{name}"'
