"""The day of a row: that of its own instant where the table declares a `day`, else the day for which it was pulled.

Never of a table that feeds consents or messages: DECISIONS.md, Days.
"""

import re
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from connectors.landing.tables import PULLED_FOR, Landing, came_on
from connectors.reading import NO_CLOCK, Request
from connectors.source import Table
from core.settings import Settings
from core.warehouse import Warehouse

FIRST_DAY = NO_CLOCK[0].date()  # what lies before it is no clock's time
# Words in the name of the instant at which a row came to be, the surest first; and of instants that are another's.
BEGINNINGS = ("created", "occurred", "ordered", "placed", "purchase", "invoice", "sold", "registered", "signed_up",
              "signup", "joined", "answered", "posted", "sent", "visited", "started", "received", "event", "date",
              "timestamp", "time")  # fmt: skip
OTHERS = re.compile(
    r"(?:^|_)(?:updat|modif|chang|delet|deliver|estimat|expect|due|birth|born|expir|ends?(?:_|$)|ended|clos|cancel|renew"
    r"|valid|until|last|limit|approv|ship|paid|refund|process|sync|load|extract)"
)


def proposed_day(table: Table) -> str | None:
    """The column that says when a row came to be, by its name; None where no one column does."""
    if table.by_day:
        return None
    dated = [n for kind in ("timestamp", "date") for n, c in table.columns.items() if c.type == kind]
    names = [name for name in dated if not OTHERS.search(name)]
    named = [name for word in BEGINNINGS for name in names if word in name]
    return next(iter(named), names[0] if len(names) == 1 else None)


def is_dated(request: Request) -> bool:
    return request.table.day is not None and not request.holds_a_no


def date_rows(landing: Landing, request: Request) -> int:
    """Rows that have not been asked for their own day take it: those of this pull, and, the first time, of all before;
    how many.

    A new version of a key that was there before has been known since its pull, and never goes before its forerunner.
    """
    raw = f'raw."{landing.raw}"'
    with landing.db.given("pulls_of_rows", _pulls_of_rows(landing, request)):
        return landing.db.execute(
            f"""update {raw} as r set {PULLED_FOR} = d.pulled_day, _day = d.day
            from ({_dated(landing, request.settings)}) d
            where r._row_key = d._row_key and r._pulled_at = d._pulled_at and r.{PULLED_FOR} is null"""
        )


def date_anew(landing: Landing, request: Request) -> int:
    """All rows once more, after their instants or the declaration were mended; how many."""
    pulls = landing.db.query(
        "select pulled_at, max(day) as day from raw.pulls where source = $1 and table_name = $2 group by 1",
        [landing.source.name, landing.name],
    ).to_pylist()
    pulled_days = {row["pulled_at"]: min(row["day"], came_on(request.settings, row["pulled_at"])) for row in pulls}
    columns = [pa.array(list(pulled_days), pa.timestamp("us")), pa.array(list(pulled_days.values()), pa.date32())]
    table = pa.table(columns, names=["pulled_at", "pulled_day"])
    with landing.db.given("days_of_pulls", table):
        landing.db.execute(
            f"""update raw."{landing.raw}" as r set _day = p.pulled_day, {PULLED_FOR} = null
            from days_of_pulls p where r._pulled_at = p.pulled_at"""
        )
    return date_rows(landing, request)


def _dated(landing: Landing, settings: Settings) -> str:
    """SQL for the undated rows, each with its day."""
    rows = _own_days(landing, settings, f"{PULLED_FOR} is null")
    keys = ", ".join(f'"{key}"' for key in landing.table.key)
    if not keys:
        return f"""select i._row_key, i._pulled_at, i._day as pulled_day,
            case when i.own_day is null then i._day else greatest(i.own_day, p.floor_day) end as day
        from ({rows}) i join pulls_of_rows p on p.pulled_at = i._pulled_at"""
    same_key = " and ".join(f"f.{key} = i.{key}" for key in keys.split(", "))
    return f"""select *, case when is_later then greatest(least_day, last_day, max(least_day) over (
            partition by {keys} order by _pulled_at range between unbounded preceding and current row exclude group
        )) else least_day end as day
        from (
            select {", ".join(f"i.{key}" for key in keys.split(", "))}, i._row_key, i._pulled_at, i._day as pulled_day,
                f.last_day, f.first_at < i._pulled_at as is_later,
                case
                    when f.first_at < i._pulled_at then greatest(i._day, i.own_day)
                    when i.own_day is null then i._day
                    else greatest(i.own_day, p.floor_day) end as least_day
            from ({rows}) i
            join pulls_of_rows p on p.pulled_at = i._pulled_at
            join (
                select {keys}, min(_pulled_at) as first_at,
                    max(case when {PULLED_FOR} is not null then _day end) as last_day
                from raw."{landing.raw}"
                where ({keys}) in (select {keys} from raw."{landing.raw}" where {PULLED_FOR} is null)
                group by {keys}
            ) f on {same_key}
        ) b"""


def _own_days(landing: Landing, settings: Settings, where: str) -> str:
    """SQL for some rows with the local day of their instant; NULL for what no clock has shown by now."""
    keys = "".join(f', r."{key}"' for key in landing.table.key)
    return f"""select _row_key, _pulled_at, _day{keys.replace("r.", "")},
        case when local_day between date '{FIRST_DAY}' and date '{came_on(settings, landing.at)}' then local_day end
            as own_day
        from (select r._row_key, r._pulled_at, r._day{keys}, {_local_day(landing.table, settings)} as local_day
            from raw."{landing.raw}" r where {where}) u"""


def _local_day(table: Table, settings: Settings) -> str:
    if table.columns[str(table.day)].type == "date":
        return f'r."{table.day}"'
    return f"cast(r.\"{table.day}\" at time zone 'UTC' at time zone '{settings.zone}' as date)"


def _pulls_of_rows(landing: Landing, request: Request) -> pa.Table:
    """Of each pull that brought undated rows: the day before which its new rows cannot have been known."""
    undated = landing.db.query(
        f'select _pulled_at as at, max(_day) as day from raw."{landing.raw}" where {PULLED_FOR} is null group by 1'
    )
    pulls = landing.db.query(
        "select pulled_at as at, max(day) as day from raw.pulls where source = $1 and table_name = $2 group by 1",
        [landing.source.name, landing.name],
    ).to_pylist()
    begun = [(row["at"], row["day"]) for row in pulls if row["day"] <= came_on(request.settings, row["at"])]
    floors = []
    for row in undated.to_pylist():
        last_day = max((day for at, day in begun if at < row["at"]), default=None)
        is_backfill = row["at"] == landing.at and request.first_day < request.day
        floors.append(request.first_day if is_backfill else _floor(last_day, row["day"]))
    return pa.table({"pulled_at": undated["at"], "floor_day": pa.array(floors, pa.date32())})


def _floor(last_day: date | None, day: date) -> date:
    """The day after the last pull's; on or before that one, its own."""
    if last_day is None:
        return FIRST_DAY
    return last_day + timedelta(days=1) if day > last_day else last_day


def undate(db: Warehouse, settings: Settings, raw: str) -> int:
    """A table that has come to feed consents or messages gets the days of its pulls back; how many rows did."""
    if PULLED_FOR not in db.columns(f"raw.{raw}"):
        return 0
    pulls = db.query(f'select distinct _pulled_at as at from raw."{raw}" where {PULLED_FOR} is not null')
    undated = f'update raw."{raw}" set _day = least({PULLED_FOR}, $2), {PULLED_FOR} = null'
    days = [[at, came_on(settings, at)] for at in pulls["at"].to_pylist()]
    return sum(db.execute(f"{undated} where _pulled_at = $1 and {PULLED_FOR} is not null", pull) for pull in days)


def report(landing: Landing, request: Request, dated_rows: int, result: dict[str, Any]) -> list[str]:
    """What is to be said of the days under which the rows of this pull lie; the first and the last go to `result`."""
    if not is_dated(request):
        return _undated(request, result["rows_landed"])
    db, column = landing.db, str(request.table.day)
    row = db.query(
        f"""select count(*) as n, min(_day) as first_day, max(_day) as last_day,
            sum(case when own_day is null then 1 else 0 end) as without
        from ({_own_days(landing, request.settings, f"_pulled_at = {landing.pulled_at}")}) i"""
    ).to_pylist()[0]
    if row["n"] and request.late_keys is None:
        result["days"] = f"{row['first_day']} to {row['last_day']}"
    lines = []
    if row["without"]:
        lines.append(
            f"{row['without']} rows have no {column} that a clock has shown (empty, ahead of today or before 1970):"
            f" they are dated {request.day}"
        )
    if earlier_rows := dated_rows - row["n"]:
        result["rows_dated"] = earlier_rows
        lines.append(
            f"{earlier_rows} rows that came before `day: {column}` was declared took their own days. `fairlead build"
            " --full` computes past days again."
        )
    return lines


def _undated(request: Request, landed_rows: int) -> list[str]:
    """Of a table without a declared day, or one whose `day` does not count."""
    table, span = request.table, f"{request.first_day} to {request.day}"
    if table.day and request.holds_a_no:
        return [
            f"day: {table.day} does not count here: the table feeds consents or messages, and a stop dated so could"
            " become older than the yes that it answers. For a past of its people or events declare the table a second"
            " time, under another name, and let their staging models read that one."
        ]
    if table.by_day or request.first_day == request.day or not landed_rows:
        return []
    if request.holds_a_no:
        return [f"{landed_rows} rows of {span} all land under {request.day}, as those of consents and messages must"]
    column, file = proposed_day(table), f"connectors/sources/{request.source}"
    mend = f"Declare `day: {column}` in {file}: the next pull dates them, these too."
    if column is None:
        mend = f"No column of {file} surely says when a row came to be; one that does is declared as `day`."
    return [f"{landed_rows} rows of {span} all land under {request.day}, and earlier days stay without them. {mend}"]
