"""Rows that nearly were not read: a cursor reads from its last mark on, less `late_days`."""

from datetime import datetime, timedelta

from connectors.landing.tables import Landing
from connectors.reading import Request


def late_row_warnings(landing: Landing, request: Request) -> list[str]:
    """Whether rows are, or could have been, passed by: none of the margin is declared, or new rows nearly outran it."""
    table = request.table
    if table.forgets_late_rows:
        return [
            f"{table.cursor} is the cursor and no late_days are declared: a row that is committed after the pull, "
            "stamped before it, is never read. Declare late_days: 3, or 0 where that cannot be."
        ]
    margin = timedelta(days=table.late_days) / 2
    is_fetched = request.late_keys is not None  # a snapshot has named these: none of them is passed by
    mark = _instant(request.since) if table.cursor and margin and not is_fetched else None
    if mark is None or table.columns[str(table.cursor)].type not in ("timestamp", "date"):
        return []
    late = landing.db.query(
        f"""select count(*) as n, min(i."{table.cursor}") as oldest from {landing.arrived} i
        join {landing.part("status")} s on s._n = i._n
        where s.status = 'new' and i."{table.cursor}" < timestamp '{mark - margin}'"""
    ).to_pylist()[0]
    if not late["n"]:
        return []
    return [
        f"{late['n']} rows came late, the oldest of {late['oldest']}, where {mark} had been read: what comes later than"
        f" late_days: {table.late_days} is never read. Raise late_days; what was passed by is read again by `fairlead"
        f" pull {request.source} --from D1 --to {request.day}`."
    ]


def _instant(mark: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(mark) if mark else None
    except ValueError:  # of the type that the cursor had before
        return None
