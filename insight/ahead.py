"""What lies after a day that has begun: rows, segments, audiences and pushes of a day that was a slip. Reads only."""

from datetime import date
from typing import Any

from core.settings import Settings
from core.warehouse import Warehouse, connect

Ahead = dict[str, Any]  # table, rows, newest (the latest day), mend
DAYS = {  # table -> the column that holds its days, of those that remember days
    "marts.segment_days": "day",
    "marts.audience_sizes": "as_of_day",
    "identity.issued": "issued_day",
    "identity.merges": "merged_day",
    "identity.splits": "split_day",
    "scores.models": "trained_day",
}


def ahead(settings: Settings, day: date) -> list[Ahead]:
    """Of each table that holds days after `day`: its rows, the latest of them, and the mend."""
    with connect(settings) as db:
        raw = dict.fromkeys(_pulled_ahead(db, day), "_day")
        tables = [_rows_after(db, table, column, day) for table, column in {**raw, **DAYS}.items()]
        if "rewound_at" in db.columns("activation.runs"):
            pushes = "outcome <> 'refused' and rewound_at is null"
            tables.append(_rows_after(db, "activation.runs", "day", day, pushes))
    mend = f"fairlead rewind --day {day} shows what would be taken back; --apply does it"
    return [{**row, "mend": mend} for row in tables if row]


def notices(tables: list[Ahead]) -> list[str]:
    return [f"{row['table']} is ahead: {row['rows']} rows up to {row['newest']}. {row['mend']}." for row in tables]


def membership_day(settings: Settings) -> date | None:
    """The newest day for which membership was worked out."""
    with connect(settings) as db:
        if not db.exists("marts.segment_days"):
            return None
        newest: date | None = db.query("select max(day) as day from marts.segment_days")["day"][0].as_py()
        return newest


def _pulled_ahead(db: Warehouse, day: date) -> list[str]:
    """The diary of pulls is short; only where it names a later day the rows are looked at."""
    if not db.exists("raw.pulls"):
        return []
    pulls = db.query("select distinct source, table_name from raw.pulls where day > $1 order by 1, 2", [day])
    return [f"raw.{row['source']}__{row['table_name']}" for row in pulls.to_pylist()]


def _rows_after(db: Warehouse, table: str, column: str, day: date, also: str = "1 = 1") -> Ahead | None:
    if not db.exists(table):
        return None
    sql = f"select count(*) as n, max({column}) as newest from {table} where {column} > $1 and {also}"
    row = db.query(sql, [day]).to_pylist()[0]
    return {"table": table, "rows": int(row["n"]), "newest": str(row["newest"])} if row["n"] else None
