"""Which of the arrived rows are new, which were there before, which are refused."""

from dataclasses import dataclass
from datetime import date

from connectors.contract import Fault
from connectors.landing.tables import Landing


@dataclass(frozen=True)
class Counts:
    """Every row that was read is exactly one of the three."""

    landed: int
    rejected: int
    unchanged: int


def collect_faults(to: Landing, faults: list[Fault]) -> int:
    """Write the refused rows with their first fault to a table of their own; how many rows that are."""
    db = to.db
    bad = to.part("bad")
    db.execute(f"create table {bad} (_n bigint, place bigint, column_name text, value text, reason text)")
    for place, fault in enumerate(faults):
        column = f"'{fault.column}'" if fault.column else "null"
        value, reason = (
            (f'left(i."{fault.column}"::text, 200)' if fault.column else "null"),
            "'" + fault.reason.replace("'", "''") + "'",
        )
        if fault.column == "_bad_column":
            column, value, reason = "i._bad_column", "i._bad_value", "i._bad_reason"
        db.execute(
            f'insert into {bad} select i._n, {place}, {column}, {value}, {reason} from raw."{to.incoming}" i'
            f" where i._n in (select q._n from ({fault.sql}) q) and i._n not in (select _n from {bad})"
        )
    return int(db.query(f"select count(*) as n from {bad}")["n"][0].as_py())


def worst_share(to: Landing) -> tuple[float, date | None]:
    """The largest share of refused rows of any day in the stream, and that day: one broken day must not hide among many."""
    found = to.db.query(
        f'select i._day as day, cast(count(b._n) as double precision) / count(*) as share from raw."{to.incoming}" i'
        f" left join {to.part('bad')} b on b._n = i._n group by 1 order by 2 desc, 1 limit 1"
    )
    return (float(found["share"][0].as_py()), found["day"][0].as_py()) if found.num_rows else (0.0, None)


def classify(to: Landing) -> Counts:
    """Say of each incoming row whether it is new, refused or was there before, and give it its final row id.

    Equal lines of one file are told apart by their number among their equals, so that both land and a line put in between moves
    neither. Equal rows of a database or an API are one row; a keyed row that went back to an older state is new again.
    """
    db, incoming, files = to.db, f'raw."{to.incoming}"', to.table.kind == "files"
    repeats = f"select _row_id from {incoming} group by _row_id having count(*) > 1"
    nth = f"""(select _n, row_number() over (partition by _row_id order by _day, _line, _n) as nth
        from {incoming} where _row_id in ({repeats}))"""
    span = (
        f"where _day between (select min(_day) from {incoming}) and (select max(_day) from {incoming})"
        if to.table.by_day
        else ""
    )
    again = "r._row_id is not null" if files else "(r._row_id is not null or i.nth > 1)"
    numbered = f"""select i._n, i._file, i._day, coalesce(o.nth, 1) as nth,
        case when o.nth > 1 then md5(i._row_id || ':' || o.nth) else i._row_id end as _row_id
        from {incoming} i left join {nth} o on o._n = i._n"""
    db.execute(f"""create table {to.part("status")} as
        select i._n, i._file, i._day, i._row_id,
            case when b._n is not null then 'rejected' when {again} then 'unchanged' else 'new' end as status
        from ({numbered}) i
        left join {to.part("bad")} b on b._n = i._n
        left join (select _row_id from raw."{to.raw}" {span}) r on r._row_id = i._row_id""")
    if to.table.key:
        _find_returned(to)
    found = db.query(f"select status, count(*) as n from {to.part('status')} group by status")
    counts = dict(zip(found["status"].to_pylist(), found["n"].to_pylist(), strict=True))
    return Counts(counts.get("new", 0), counts.get("rejected", 0), counts.get("unchanged", 0))


def told_apart(to: Landing) -> str:
    return ", ".join([*(f'"{k}"' for k in to.table.key), *(["_file"] if to.table.kind == "files" else [])])


def newest(to: Landing, where: str = "") -> str:
    """The newest version of each key in raw (in files: in each file), with the number of its versions."""
    keys = told_apart(to)
    return f"""(select * from (select {keys}, _row_id{", _deleted" if to.table.deletes == "snapshot" else ""},
        count(*) over (partition by {keys}) as versions,
        row_number() over (partition by {keys} order by _day desc, _pulled_at desc, _line desc) as place
        from raw."{to.raw}" {where}) v where v.place = 1)"""


def _find_returned(to: Landing) -> None:
    """A row that went A, B, A is known by its content, but its newest version is another: it is new again.

    Only where the key stands once among what arrived; several states of one key in one reading are taken as they are.
    A file is compared with what it held itself: an older day's file that is read again says nothing new.
    """
    keys = told_apart(to)
    same = " and ".join(f"{{0}}.{k} = i.{k}" for k in keys.split(", "))
    once = f'(select {keys} from raw."{to.incoming}" group by {keys} having count(*) = 1)'
    known = f"where ({keys}) in (select {keys} from {once} u)"
    to.db.execute(f"""create table {to.part("back")} as
        select s._n, md5(s._row_id || ':v' || v.versions) as _row_id
        from {to.part("status")} s
        join raw."{to.incoming}" i on i._n = s._n
        join {once} u on {same.format("u")}
        join {newest(to, known)} v on {same.format("v")}
        where s.status = 'unchanged' and v._row_id <> s._row_id and v._row_id <> md5(s._row_id || ':v' || (v.versions - 1))""")
    to.db.execute(
        f"update {to.part('status')} s set status = 'new', _row_id = b._row_id from {to.part('back')} b where b._n = s._n"
    )
