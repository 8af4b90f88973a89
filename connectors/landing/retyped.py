"""A column of raw whose declared type is another now: a new one takes its name, the old one keeps its values beside."""

import pyarrow as pa

from connectors.landing.tables import REFUSED, SAME_TYPE, Landing, add_column
from connectors.values.projection import ARROW_TYPES, declared_fields

LONGEST = 40  # letters of a name that get a word behind them, of the 63 that PostgreSQL reads


def retype(landing: Landing) -> None:
    """Each column that does not hold its declared type, in raw and its refused twin. Rows that are not read anew keep
    what can be kept: any value as text, whole numbers as numbers; else NULL, and the old column has it.
    """
    for suffix in ("", REFUSED):
        table = landing.raw + suffix
        existing = landing.db.columns(f"raw.{table}")
        for name, kind in declared_fields(landing.table) if existing else []:
            if name in existing and existing[name] not in SAME_TYPE[kind]:
                _swap(landing, table, name, existing, kind)


def emptied(landing: Landing) -> list[str]:
    """The columns in which rows that are not read anew would be left without the value that they have, by `retype`."""
    columns = []
    for suffix, known in (("", "known"), (REFUSED, "known_refused")):
        existing = landing.db.columns(f"raw.{landing.raw}{suffix}")
        for name, kind in declared_fields(landing.table) if existing else []:
            if name not in existing or existing[name] in SAME_TYPE[kind] or _keeps_values(existing[name], kind):
                continue
            lost = f"""select 1 from raw."{landing.raw}{suffix}" where "{name}" is not null
                and _row_key not in (select old_id from {landing.part(known)}) limit 1"""
            columns += [name] if landing.db.query(lost).num_rows else []
    return sorted(set(columns))


def _keeps_values(held: str, kind: pa.DataType) -> bool:
    return kind == pa.string() or (kind == pa.float64() and held == "bigint")


def _swap(landing: Landing, table: str, name: str, existing: dict[str, str], kind: pa.DataType) -> None:
    sql_type = min(SAME_TYPE[kind], key=lambda n: (n != "text", n))
    held = next(word for word, kind in ARROW_TYPES.items() if existing[name] in SAME_TYPE[kind])
    stem = f"{name[:LONGEST]}__as_{held}"
    old = next(n for n in [stem, *(f"{stem}_{i}" for i in range(2, 100))] if n not in existing)
    landing.db.execute(f'alter table raw."{table}" rename column "{name}" to "{old}"')
    add_column(landing.db, table, name, sql_type)
    if _keeps_values(existing[name], kind):
        wider = "text" if sql_type == "text" else "double precision"
        landing.db.execute(f'update raw."{table}" set "{name}" = cast("{old}" as {wider})')
