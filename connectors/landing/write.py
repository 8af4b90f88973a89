"""Rows into raw, days put right, tombstones, and the booking of it all. In one transaction, all of it or nothing."""

from datetime import date

import pyarrow as pa

from connectors.landing.classify import Counts, newest
from connectors.landing.tables import PULLS, Landing, add_column, came_on, landing_day
from connectors.reading import Reading
from connectors.values.projection import declared_fields
from core.errors import FatalError
from core.settings import Settings

MARKED_BY_FILE = ("files", "kafka")  # a mark for each file, or each partition of a topic; else one a table


def land(landing: Landing, extras: list[str], expected: Counts, since: date | None) -> None:
    """Copy the new rows, none of them dated before `since`.

    Raises FatalError when the engine's count is not the one promised.
    """
    existing = landing.db.columns(f"raw.{landing.raw}")
    for extra in extras:
        if extra not in existing:
            add_column(landing.db, landing.raw, extra)
    columns = [name for name, _ in declared_fields(landing.table)] + extras
    names = ", ".join(f'"{c}"' for c in columns)
    values = ", ".join(f'i."{c}"' for c in columns)
    deleted = (", _is_deleted", ", false") if landing.table.deletes == "snapshot" else ("", "")
    row_count = landing.db.execute(
        f"""insert into raw."{landing.raw}" ({names}, _source, _origin, _line, _pulled_at, _row_key, _day{deleted[0]})
        select {values}, '{landing.source.name}', i._origin, i._line,
            {landing.pulled_at}, s._row_key, {landing_day(since)}{deleted[1]}
        from {landing.arrived} i join {landing.part("status")} s on s._n = i._n where s.status = 'new'"""
    )
    if row_count != expected.landed:
        raise FatalError(
            f"{landing.raw}: {expected.landed} rows were to land and {row_count} did. Nothing was kept; run the step "
            "again."
        )


def take_earlier_days(landing: Landing, settings: Settings) -> int:
    """A row pulled for a day that had not begun takes the earlier day under which it is seen again; how many did.

    Without it a row that was once pulled for a later day, by a slip, would hide until that day came. Any other row has
    been known since its day, and a pull for an earlier one says nothing else: a slip towards the past would make a stop
    older than what it answers. A file of one day is dated by its name. A look at the newest day is all that it costs on
    a night that is in its order.
    """
    status, raw = landing.part("status"), f'raw."{landing.raw}"'
    span = f"select (select max(_day) from {raw}) > (select min(_day) from {status}) as is_later"
    if not landing.db.query(span)["is_later"][0].as_py():
        return 0
    move = f"""update {raw} as r set _day = s._day
        from (select _row_key, min(_day) as _day from {status} where status = 'unchanged' group by _row_key) s
        where r._row_key = s._row_key and r._day > s._day"""
    if landing.table.by_day:
        return landing.db.execute(move)
    later = (
        f"select _pulled_at as at, max(_day) as day from {raw} where _day > (select min(_day) from {status}) group by 1"
    )
    pulls = [(row["at"], row["day"], came_on(settings, row["at"])) for row in landing.db.query(later).to_pylist()]
    ahead = [[at, pull_day] for at, day, pull_day in pulls if day > pull_day]
    return sum(landing.db.execute(f"{move} and r._pulled_at = $1 and r._day > $2", pull) for pull in ahead)


def bury(landing: Landing, day: date) -> int:
    """Mark keys that are gone from the source with a tombstone: a version with `_is_deleted` and no values."""
    keys = landing.table.key
    names = ", ".join(f'"{k}"' for k in keys)
    same_key = " and ".join(f'k."{k}" = v."{k}"' for k in keys)
    return landing.db.execute(
        f"""insert into raw."{landing.raw}" ({names}, _source, _origin, _pulled_at, _row_key, _day, _is_deleted)
        select {", ".join(f'v."{k}"' for k in keys)}, '{landing.source.name}', '', {landing.pulled_at},
            md5('gone:' || v._row_key), date '{day}', true
        from {newest(landing)} v
        where not coalesce(v._is_deleted, false)
            and not exists (select 1 from {landing.part("keys")} k where {same_key})"""
    )


def never_landed(landing: Landing, due_column: str, most_keys: int) -> list[dict[str, str]]:
    """Keys, as texts, that the source lists and of which raw has no living version: at most `most_keys` and one more.

    due_column   says which of the listed keys belong to the day or an earlier one
    """
    keys = landing.table.key
    names = ", ".join(f'k."{k}"::text as "{k}"' for k in keys)
    same_key = " and ".join(f'v."{k}" = k."{k}"' for k in keys)
    complete_key = " and ".join(f'k."{k}" is not null' for k in keys)
    listed_keys = landing.db.query(
        f"""select distinct {names} from {landing.part("keys")} k
        where k."{due_column}" and {complete_key}
            and not exists (select 1 from {newest(landing)} v where {same_key} and not coalesce(v._is_deleted, false))
        limit {most_keys + 1}"""
    )
    return list(listed_keys.to_pylist())


def book(landing: Landing, reading: Reading, day: date, high_water: str | None) -> None:
    """What was read, file by file, so that the next pull knows where to go on."""
    status_counts = landing.db.query(
        f"select _origin, status, count(*) as n from {landing.part('status')} group by _origin, status"
    )
    counts: dict[tuple[str, str], int] = {}
    for row in status_counts.to_pylist():
        counts[row["_origin"] or "", row["status"]] = row["n"]
    files: dict[str, tuple[str | None, date]] = {"": (high_water, day)}
    if landing.table.kind in MARKED_BY_FILE:
        files = dict(reading.files)
    rows = []
    for file, (fingerprint, file_day) in files.items():
        new, rejected, unchanged = (counts.get((file, s), 0) for s in ("new", "rejected", "unchanged"))
        place = {"source": landing.source.name, "table_name": landing.name, "day": file_day, "file": file}
        numbers = {"rows_landed": new, "rows_rejected": rejected, "rows_unchanged": unchanged}
        booked = {"fingerprint": fingerprint, "rows_in": new + rejected + unchanged, "pulled_at": landing.at}
        rows.append(place | numbers | booked)
    if rows:
        landing.db.load("raw.pulls", pa.Table.from_pylist(rows, schema=PULLS))
