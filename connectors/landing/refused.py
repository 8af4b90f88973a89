"""Refused rows: kept with their reason, and as far as they can be read, for a no may be among them."""

from datetime import date
from itertools import zip_longest

import pyarrow as pa

from connectors.landing.addresses import addresses_in, phones_of
from connectors.landing.tables import MENDED, REJECTS, Landing, add_column, came_on, landing_day
from connectors.reading import Request
from connectors.values.projection import declared_fields
from core.clock import today
from core.identifiers import mask
from core.settings import Settings

UNCUT = "i._bad_value is not null and i._bad_column is null"  # a line that could not be cut: its text is the value
FOUND = pa.schema([("_n", pa.int64()), ("place", pa.int64()), ("email", pa.string()), ("phone", pa.string())])


def keep_rejects(landing: Landing) -> None:
    """The refused rows with masked values; one that is already kept is not kept twice."""
    refused_rows = landing.db.query(
        f"""
        select s._row_key as reject_id, i._origin as file, i._line as line, b.column_name, b.value, b.reason,
            i._day as day
        from {landing.part("bad")} b
        join {landing.part("status")} s on s._n = b._n
        join {landing.arrived} i on i._n = b._n
        where s._row_key not in (select reject_id from raw.rejects where source = $1 and table_name = $2)
        order by i._n""",
        [landing.source.name, landing.name],
    )
    count = refused_rows.num_rows
    constants = {"source": landing.source.name, "table_name": landing.name, "rejected_at": landing.at}
    columns = {
        n: pa.repeat(pa.scalar(v), count) if count else pa.array([], REJECTS.field(n).type)
        for n, v in constants.items()
    }
    columns["value"] = pa.array([mask(v) for v in refused_rows["value"].to_pylist()], pa.string())
    table = pa.table(
        {
            f.name: columns.get(f.name, refused_rows[f.name] if f.name in refused_rows.column_names else None)
            for f in REJECTS
        }
    )
    landing.db.load("raw.rejects", table.cast(REJECTS))


def not_before(landing: Landing, request: Request) -> date | None:
    """The day before which nothing new of this table can have been there, where a no may be in it: that of its newest
    pull so far.

    Only of what shows the present whatever day is asked for: a pull for an earlier day, by a slip, made a no older than
    what it answers, for ever.
    """
    shows_the_present = (landing.table.kind == "files" and not landing.table.by_day) or (
        landing.table.kind == "sql" and not landing.table.cursor
    )
    if not shows_the_present or not request.holds_a_no:
        return None
    newest = landing.db.query(
        "select max(day) as day from raw.pulls where source = $1 and table_name = $2 and day <= $3",
        [landing.source.name, landing.name, came_on(request.settings, landing.at)],
    )
    day: date | None = newest["day"][0].as_py()
    return day


def lost_warnings(landing: Landing, request: Request) -> list[str]:
    """What an earlier version refused of a table that did not feed consents or messages then: it kept no such rows."""
    if not request.holds_a_no:
        return []
    lost = landing.db.query(
        f"""select count(*) as n from raw.rejects where source = $1 and table_name = $2
            and rejected_at < coalesce((select min(_pulled_at) from raw."{landing.refused}"), {landing.pulled_at})""",
        [landing.source.name, landing.name],
    )["n"][0].as_py()
    if not lost:
        return []
    return [
        f"{lost} rows were refused before refused rows of this table were kept: a no among them stops nobody. "
        f"`fairlead pull --again {request.where}` reads those that are still at the source."
    ]


def keep_refused(landing: Landing, extras: list[str], has_landed: bool, since: date | None, settings: Settings) -> None:
    """Refused rows as far as they can be read, so that a no among them still says whose it is
    (docs/reference/consent.md).

    extras   undeclared columns, which a staging model may read
    has_landed   False where the table was held back: then no row is mended
    since    as `not_before` gives it
    """
    existing = landing.db.columns(f"raw.{landing.refused}")
    for extra in (e for e in extras if e not in existing):
        add_column(landing.db, landing.refused, extra)
    if not _concerned(landing):
        return
    already_kept = "r._row_key = s._row_key"
    if landing.table.key:  # the same row of the next full export is no younger; a line uncut equals any other
        same = _equal(landing, "r", "i", [n for n, _ in declared_fields(landing.table)])
        already_kept += f" or (not ({UNCUT}) and {same})"
    _take_earlier_days(landing, already_kept, settings)
    if has_landed:
        _mark_mended(landing, today(settings))
    values, row_id = _readable_values(landing, extras), "md5(s._row_key || ':' || f.place)"
    with landing.db.given("found_in_text", _found_in_text(landing, settings.project.default_country)):
        landing.db.execute(f"""
            insert into raw."{landing.refused}"
                ({", ".join(values)}, _source, _origin, _line, _pulled_at, _row_key, _day)
            select {", ".join(values.values())}, '{landing.source.name}', i._origin, i._line,
                {landing.pulled_at}, case when f.place > 0 then {row_id} else s._row_key end, {landing_day(since)}
            from {landing.arrived} i
            join {landing.part("status")} s on s._n = i._n
            left join found_in_text f on f._n = i._n
            where s.status = 'rejected' and not exists (
                select 1 from raw."{landing.refused}" r
                where r.{MENDED} is null and ({already_kept}) or f.place > 0 and r._row_key = {row_id})""")


def _concerned(landing: Landing) -> bool:
    """Whether any row is refused, or was: most tables have none, and a night has many tables."""
    refused_now = f"select 1 from {landing.part('bad')} limit 1"
    return bool(
        landing.db.query(refused_now).num_rows
        or landing.db.query(f'select 1 from raw."{landing.refused}" limit 1').num_rows
    )


def _readable_values(landing: Landing, extras: list[str]) -> dict[str, str]:
    """Quoted column of the refused table -> its SQL; an address that its column lacks is found in the text."""
    names = [*(n for n, _ in declared_fields(landing.table)), *extras]
    values = {f'"{name}"': f'i."{name}"' for name in names}
    for kind in ("email", "phone"):
        column = next((f'"{n}__normalised"' for n, c in landing.table.columns.items() if c.identifier == kind), "")
        if column:
            values[column] = f"coalesce(i.{column}, f.{kind})"
    return values


def _equal(landing: Landing, one: str, other: str, columns: list[str]) -> str:
    return " and ".join(f'{one}."{c}" is not distinct from {other}."{c}"' for c in columns)


def _take_earlier_days(landing: Landing, same_row: str, settings: Settings) -> None:
    """A row that was refused by a pull for a day that had not begun takes the earlier day under which it is seen again,
    as rows in order do (`write.take_earlier_days`); one that is not, the day on which it came. Else its no would be of
    a day ahead, which no grant until then answers and nothing can put right. A file of one day is dated by its name.
    """
    if landing.table.by_day:
        return
    twin, status = f'raw."{landing.refused}"', landing.part("status")
    later = landing.db.query(
        f"select _pulled_at as at, max(_day) as day from {twin} "
        f"where _day > (select min(_day) from {status}) group by 1"
    )
    again = f"""from {landing.arrived} i join {status} s on s._n = i._n
        where s.status = 'rejected' and s._day < r._day and ({same_row})"""
    for row in later.to_pylist():
        pull_day = came_on(settings, row["at"])
        if row["day"] > pull_day:
            landing.db.execute(
                f"""update {twin} as r set _day = coalesce((select min(s._day) {again}), $2)
                where r._pulled_at = $1 and r._day > $2""",
                [row["at"], pull_day],
            )


def _mark_mended(landing: Landing, last_day: date) -> None:
    """A refused row is put right once its key stands in order in the same file, or database, and nowhere refused.

    It stays, as a version that its row once had. Another file may be an older one. Without a key it is known by its
    line and by whom it names: a line alone is another's tomorrow. What a pull for a day after `last_day` has put right
    is so from the day under which it is seen in order again.
    """
    files = landing.table.kind == "files"
    twins = [f"{n}__normalised" for n, c in landing.table.columns.items() if c.identifier]
    if landing.table.key:
        same_row = " and ".join(f'r."{k}" = i."{k}"' for k in landing.table.key)
    elif files and twins:
        same_row = f"r._line = i._line and {_equal(landing, 'r', 'i', twins)}"
    else:
        return
    same_row += " and r._origin = i._origin" if files else ""
    arrivals = f"from {landing.arrived} i join {landing.part('status')} s on s._n = i._n where {same_row}"
    in_order = f"{arrivals} and r._day <= i._day and s.status <> 'rejected'"
    landing.db.execute(
        f"""update raw."{landing.refused}" as r set {MENDED} = (select min(i._day) {in_order})
        where (r.{MENDED} is null or r.{MENDED} > date '{last_day}') and exists (select 1 {in_order})
            and not exists (select 1 {arrivals} and s.status = 'rejected')"""
    )


def _found_in_text(landing: Landing, country: str) -> pa.Table:
    """(_n, place, email, phone): every address and every telephone number in each refused line that could not be cut,
    place after place: who says no with a comma too many has said it, and whoever else the line names may be a clerk.
    """
    lines = landing.db.query(
        f"select i._n, i._bad_value as text from {landing.arrived} i join {landing.part('status')} s"
        f" on s._n = i._n where s.status = 'rejected' and {UNCUT}"
    )
    rows = [
        {"_n": line["_n"], "place": place, "email": email, "phone": phone}
        for line in lines.to_pylist()
        for place, (email, phone) in enumerate(
            zip_longest(addresses_in(line["text"] or ""), phones_of(line["text"] or "", country))
        )
    ]
    return pa.Table.from_pylist(rows, schema=FOUND)
