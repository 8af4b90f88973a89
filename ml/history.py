"""What a model can know of the past: from when each source speaks, and which days were computed without one."""

from datetime import date

from core.warehouse import Warehouse

GAPS, HISTORY = "marts.feature_gaps", "marts.source_history"


def gap_reasons(db: Warehouse, day: date) -> list[str]:
    """Days of the features that lack a table's rows, with the mend; none where each knows every table."""
    if not db.exists(GAPS):
        return []
    rows = db.query(f"select * from {GAPS} order by source, table_name").to_pylist()
    mend = f"`fairlead build --day {day} --full` computes them again; then train again"
    return [
        f"{row['days']} days of the features ({row['first_day']} to {row['last_day']}) were computed before rows of"
        f" {row['source']}.{row['table_name']} had landed: {mend}"
        for row in rows
    ]


def beginnings(db: Warehouse) -> list[str]:
    """From when each source speaks of what, in one sentence; none before the first build that says so."""
    if not db.exists(HISTORY):
        return []
    rows = db.query(f"select * from {HISTORY} where first_day is not null order by entity, first_day, source")
    parts = [f"{row['entity']} of {row['source']} {row['first_day']}" for row in rows.to_pylist()]
    return [f"the sources begin: {', '.join(parts)}"] if parts else []
