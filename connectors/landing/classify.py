"""Which of the arrived rows are new, which were there before, which are refused."""

from dataclasses import dataclass
from datetime import date

from connectors.landing.tables import Landing
from connectors.reading import NO_LINE


@dataclass(frozen=True)
class Fault:
    """What some rows break: `sql` selects their `_n`; `column` is None where no one column is to blame."""

    column: str | None
    reason: str
    sql: str


@dataclass(frozen=True)
class Counts:
    """Every row that was read is exactly one of the three."""

    landed: int
    rejected: int
    unchanged: int


def collect_faults(landing: Landing, faults: list[Fault]) -> int:
    """Write the refused rows with their first fault to a table of their own; how many rows that are."""
    db = landing.db
    bad_table = landing.part("bad")
    db.execute(f"{landing.making} {bad_table} (_n bigint, place bigint, column_name text, value text, reason text)")
    for place, fault in enumerate(faults):
        column = f"'{fault.column}'" if fault.column else "null"
        value, reason = (
            (f'left(i."{fault.column}"::text, 200)' if fault.column else "null"),
            "'" + fault.reason.replace("'", "''") + "'",
        )
        if fault.column == "_bad_column":
            column, value, reason = "i._bad_column", "i._bad_value", "i._bad_reason"
        db.execute(
            f"insert into {bad_table} select i._n, {place}, {column}, {value}, {reason} from {landing.arrived} i"
            f" where i._n in (select q._n from ({fault.sql}) q) and i._n not in (select _n from {bad_table})"
        )
    return int(db.query(f"select count(*) as n from {bad_table}")["n"][0].as_py())


def worst_share(landing: Landing) -> tuple[float, date | None]:
    """The largest share of refused rows of any day, and that day: one broken day must not hide among many."""
    of_rows = f"where i._line <> {NO_LINE}" if landing.table.for_each else ""
    shares = landing.db.query(
        "select i._day as day, cast(count(b._n) as double precision) / count(*) as share from "
        f"{landing.arrived} i"
        f" left join {landing.part('bad')} b on b._n = i._n {of_rows} group by 1 order by 2 desc, 1 limit 1"
    )
    return (float(shares["share"][0].as_py()), shares["day"][0].as_py()) if shares.num_rows else (0.0, None)


def classify(landing: Landing, known: str = "", with_returned: bool = True) -> Counts:
    """Say of each incoming row whether it is new, refused or was there before, and give it its final row id.

    Equal lines of one file are told apart by their number among their equals, so that both land and a line put in
    between moves neither. Equal rows of a database or an API are one row; a keyed row that went back to an older state
    is new again.

    known           SQL for the `_n` of rows that were there by another id
    with_returned   False where raw holds the keys as they were read before, by which nothing returns
    """
    db, files = landing.db, landing.table.kind == "files"
    is_repeat = "r._row_key is not null" if files else "(r._row_key is not null or i.nth > 1)"
    db.execute(f"""{landing.making} {landing.part("status")} as
        select i._n, i._origin, i._day, i._row_key,
            case when b._n is not null then 'rejected' when {is_repeat} then 'unchanged' else 'new' end as status
        from ({numbered(landing)}) i
        left join {landing.part("bad")} b on b._n = i._n
        left join (select _row_key from raw."{landing.raw}"{_comparable(landing)}) r on r._row_key = i._row_key""")
    if landing.table.key and with_returned and _counts(landing).unchanged:
        _find_returned(landing)
    if known:
        db.execute(f"update {landing.part('status')} set status = 'unchanged' where status = 'new' and _n in ({known})")
    return _counts(landing)


def _counts(landing: Landing) -> Counts:
    status_counts = landing.db.query(f"select status, count(*) as n from {landing.part('status')} group by status")
    counts = dict(zip(status_counts["status"].to_pylist(), status_counts["n"].to_pylist(), strict=True))
    return Counts(counts.get("new", 0), counts.get("rejected", 0), counts.get("unchanged", 0))


def _comparable(landing: Landing) -> str:
    """SQL for the rows of raw that can be one of those that have come, so that a pull costs what it brings: a row of a
    file has the file in its id, so of another file it is none.
    """
    incoming = landing.arrived
    conditions = [f"_origin in (select _origin from {incoming})"] if landing.table.kind == "files" else []
    if landing.table.by_day:
        conditions += [f"_day between (select min(_day) from {incoming}) and (select max(_day) from {incoming})"]
    return f" where {' and '.join(conditions)}" if conditions else ""


def numbered(landing: Landing) -> str:
    """SQL for (_n, _origin, _line, _day, nth, _row_key): the incoming rows, each with its number among its equals."""
    incoming = landing.arrived
    repeats = f"select _row_key from {incoming} group by _row_key having count(*) > 1"
    nth = f"""(select _n, row_number() over (partition by _row_key order by _day, _line, _n) as nth
        from {incoming} where _row_key in ({repeats}))"""
    return f"""select i._n, i._origin, i._line, i._day, coalesce(o.nth, 1) as nth,
        case when o.nth > 1 then md5(i._row_key || ':' || o.nth) else i._row_key end as _row_key
        from {incoming} i left join {nth} o on o._n = i._n"""


def told_apart(landing: Landing) -> str:
    return ", ".join([*(f'"{k}"' for k in landing.table.key), *(["_origin"] if landing.table.kind == "files" else [])])


def newest(landing: Landing, where: str = "") -> str:
    """The newest version of each key in raw (in files: in each file), with the number of its versions."""
    keys = told_apart(landing)
    return f"""(select * from (select {keys}, _row_key{", _is_deleted" if landing.table.deletes == "snapshot" else ""},
        count(*) over (partition by {keys}) as versions,
        row_number() over (partition by {keys} order by _day desc, _pulled_at desc, _line desc) as place
        from raw."{landing.raw}" {where}) v where v.place = 1)"""


def _find_returned(landing: Landing) -> None:
    """A row that went A, B, A is known by its content, but its newest version is another: it is new again.

    Only where the key stands once among what arrived; several states of one key in one reading are taken as they are.
    A file is compared with what it held itself: an older day's file that is read again says nothing new.
    """
    keys = told_apart(landing)
    same_key = " and ".join(f"{{0}}.{k} = i.{k}" for k in keys.split(", "))
    single_keys = f"(select {keys} from {landing.arrived} group by {keys} having count(*) = 1)"
    of_these_keys = f"where ({keys}) in (select {keys} from {single_keys} u)"
    landing.db.execute(f"""{landing.making} {landing.part("back")} as
        select s._n, md5(s._row_key || ':v' || v.versions) as _row_key
        from {landing.part("status")} s
        join {landing.arrived} i on i._n = s._n
        join {single_keys} u on {same_key.format("u")}
        join {newest(landing, of_these_keys)} v on {same_key.format("v")}
        where s.status = 'unchanged' and v._row_key <> s._row_key
            and v._row_key <> md5(s._row_key || ':v' || (v.versions - 1))""")
    landing.db.execute(
        f"update {landing.part('status')} s set status = 'new', _row_key = b._row_key from {landing.part('back')} b "
        "where b._n = s._n"
    )
