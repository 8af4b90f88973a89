"""Rows into raw, days put right, tombstones, and the booking of it all. In one transaction, all of it or nothing."""

from datetime import date

import pyarrow as pa

from connectors.landing.classify import Counts, newest
from connectors.landing.tables import PULLS, Landing, add_column, came_on, landing_day
from connectors.reading import Reading
from connectors.values.projection import declared_fields
from core.errors import FatalError
from core.settings import Settings


def land(to: Landing, extras: list[str], expected: Counts, since: date | None) -> None:
    """Copy the new rows, none of them dated before `since`. Raises FatalError when the engine's count is not the one promised."""
    there = to.db.columns(f"raw.{to.raw}")
    for extra in extras:
        if extra not in there:
            add_column(to.db, to.raw, extra)
    columns = [name for name, _ in declared_fields(to.table)] + extras
    names = ", ".join(f'"{c}"' for c in columns)
    values = ", ".join(f'i."{c}"' for c in columns)
    deleted = (", _deleted", ", false") if to.table.deletes == "snapshot" else ("", "")
    landed = to.db.execute(
        f"""insert into raw."{to.raw}" ({names}, _source, _file, _line, _pulled_at, _row_id, _day{deleted[0]})
        select {values}, '{to.source.name}', i._file, i._line, timestamp '{to.at.isoformat(" ")}', s._row_id, {landing_day(since)}{deleted[1]}
        from raw."{to.incoming}" i join {to.part("status")} s on s._n = i._n where s.status = 'new'"""
    )
    if landed != expected.landed:
        raise FatalError(
            f"{to.raw}: {expected.landed} rows were to land and {landed} did. Nothing was kept; run the step again."
        )


def take_earlier_days(to: Landing, settings: Settings) -> int:
    """A row that was pulled for a day that had not begun takes the earlier day under which it is seen again; how many did.

    Without it a row that was once pulled for a later day, by a slip, would hide until that day came. Any other row has been known
    since its day, and a pull for an earlier one says nothing else: a slip towards the past would make a stop older than what it
    answers. A file of one day is dated by its name. A look at the newest day is all that it costs on a night that is in its order.
    """
    status, raw = to.part("status"), f'raw."{to.raw}"'
    span = f"select (select max(_day) from {raw}) > (select min(_day) from {status}) as is_later"
    if not to.db.query(span)["is_later"][0].as_py():
        return 0
    move = f"""update {raw} as r set _day = s._day
        from (select _row_id, min(_day) as _day from {status} where status = 'unchanged' group by _row_id) s
        where r._row_id = s._row_id and r._day > s._day"""
    if to.table.by_day:
        return to.db.execute(move)
    later = (
        f"select _pulled_at as at, max(_day) as day from {raw} where _day > (select min(_day) from {status}) group by 1"
    )
    pulls = [(row["at"], row["day"], came_on(settings, row["at"])) for row in to.db.query(later).to_pylist()]
    ahead = [[at, came] for at, day, came in pulls if day > came]
    return sum(to.db.execute(f"{move} and r._pulled_at = $1 and r._day > $2", pull) for pull in ahead)


def bury(to: Landing, day: date) -> int:
    """Mark keys that are gone from the source with a tombstone: a version of the row with `_deleted` and no values."""
    keys = to.table.key
    names = ", ".join(f'"{k}"' for k in keys)
    same = " and ".join(f'k."{k}" = v."{k}"' for k in keys)
    return to.db.execute(
        f"""insert into raw."{to.raw}" ({names}, _source, _file, _pulled_at, _row_id, _day, _deleted)
        select {", ".join(f'v."{k}"' for k in keys)}, '{to.source.name}', '', timestamp '{to.at.isoformat(" ")}',
            md5('gone:' || v._row_id), date '{day}', true
        from {newest(to)} v
        where not coalesce(v._deleted, false) and not exists (select 1 from {to.part("keys")} k where {same})"""
    )


def never_landed(to: Landing, due: str, most: int) -> list[dict[str, str]]:
    """Keys, as texts, that the source lists and of which raw has no living version: at most `most` and one more.

    due     the column that says which of the listed keys belong to the day or an earlier one
    """
    keys = to.table.key
    names = ", ".join(f'k."{k}"::text as "{k}"' for k in keys)
    same = " and ".join(f'v."{k}" = k."{k}"' for k in keys)
    given = " and ".join(f'k."{k}" is not null' for k in keys)
    found = to.db.query(
        f"""select distinct {names} from {to.part("keys")} k
        where k."{due}" and {given}
            and not exists (select 1 from {newest(to)} v where {same} and not coalesce(v._deleted, false))
        limit {most + 1}"""
    )
    return list(found.to_pylist())


def book(to: Landing, reading: Reading, day: date, high_water: str | None) -> None:
    """What was read, file by file, so that the next pull knows where to go on."""
    found = to.db.query(f"select _file, status, count(*) as n from {to.part('status')} group by _file, status")
    counts: dict[tuple[str, str], int] = {}
    for row in found.to_pylist():
        counts[row["_file"] or "", row["status"]] = row["n"]
    files: dict[str, tuple[str | None, date]] = {"": (high_water, day)}
    if to.table.kind == "files":
        files = dict(reading.files)
    rows = []
    for file, (fingerprint, file_day) in files.items():
        new, bad, old = (counts.get((file, s), 0) for s in ("new", "rejected", "unchanged"))
        rows.append({"source": to.source.name, "table_name": to.name, "day": file_day, "file": file, "fingerprint": fingerprint,
                     "rows_in": new + bad + old, "rows_landed": new, "rows_rejected": bad, "rows_unchanged": old,
                     "pulled_at": to.at})  # fmt: skip
    if rows:
        to.db.load("raw.pulls", pa.Table.from_pylist(rows, schema=PULLS))
