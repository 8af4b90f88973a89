"""Refused rows: kept with their reason, and, where a no may be among them, as far as they can be read."""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from connectors.landing.tables import MENDED, REJECTS, Landing, add_column, came_on, landing_day
from connectors.values.projection import declared_fields
from core.identifiers import mask, normalise_emails
from core.settings import Settings


def keep_rejects(to: Landing) -> None:
    """The refused rows with masked values; one that is already kept is not kept twice."""
    found = to.db.query(f"""select s._row_id as reject_id, i._file as file, i._line as line, b.column_name, b.value, b.reason, i._day as day
        from {to.part("bad")} b
        join {to.part("status")} s on s._n = b._n
        join raw."{to.incoming}" i on i._n = b._n
        where s._row_id not in (select reject_id from raw.rejects where source = $1 and table_name = $2)
        order by i._n""", [to.source.name, to.name])  # fmt: skip
    count = found.num_rows
    constants = {"source": to.source.name, "table_name": to.name, "rejected_at": to.at}
    columns = {
        n: pa.repeat(pa.scalar(v), count) if count else pa.array([], REJECTS.field(n).type)
        for n, v in constants.items()
    }
    columns["value"] = pa.array([mask(v) for v in found["value"].to_pylist()], pa.string())
    table = pa.table(
        {f.name: columns.get(f.name, found[f.name] if f.name in found.column_names else None) for f in REJECTS}
    )
    to.db.load("raw.rejects", table.cast(REJECTS))


def not_before(to: Landing, settings: Settings) -> date | None:
    """The day before which nothing new of this table can have been there, where a no may be in it: that of its newest pull so far.

    Only of what shows the present whatever day is asked for: a pull for an earlier day, by a slip, made a no older than what it
    answers, for ever.
    """
    shows_the_present = (to.table.kind == "files" and not to.table.by_day) or (
        to.table.kind == "sql" and not to.table.cursor
    )
    if not shows_the_present or not to.db.exists(f"raw.{to.refused}"):
        return None
    found = to.db.query(
        "select max(day) as day from raw.pulls where source = $1 and table_name = $2 and day <= $3",
        [to.source.name, to.name, came_on(settings, to.at)],
    )
    day: date | None = found["day"][0].as_py()
    return day


def keep_refused(to: Landing, extras: list[str], landed: bool, since: date | None) -> None:
    """Refused rows as far as they can be read, so that a no among them still says whose it is (docs/reference/consent.md).

    extras   undeclared columns, which a staging model may read · landed  False where the table was held back: then no row is mended
    since    as `not_before` gives it
    """
    if not to.db.exists(f"raw.{to.refused}"):
        return
    there = to.db.columns(f"raw.{to.refused}")
    for extra in (e for e in extras if e not in there):
        add_column(to.db, to.refused, extra)
    if landed:
        _mark_mended(to)
    columns = [f'"{name}"' for name in [*(n for n, _ in declared_fields(to.table)), *extras]]
    values = {c: f"i.{c}" for c in columns}
    email = next((f'"{n}__normalised"' for n, c in to.table.columns.items() if c.identifier == "email"), "")
    if email:
        values[email] = f"coalesce(i.{email}, f.email)"
    again = "r._row_id = s._row_id"
    if to.table.key:  # the same row of the next full export is no younger
        again += f" or ({_same(to, 'r', 'i', [n for n, _ in declared_fields(to.table)])})"
    with to.db.given("found_in_text", _addresses_in_text(to)):
        to.db.execute(f"""insert into raw."{to.refused}" ({", ".join(columns)}, _source, _file, _line, _pulled_at, _row_id, _day)
            select {", ".join(values.values())}, '{to.source.name}', i._file, i._line, timestamp '{to.at.isoformat(" ")}', s._row_id, {landing_day(since)}
            from raw."{to.incoming}" i join {to.part("status")} s on s._n = i._n left join found_in_text f on f._n = i._n
            where s.status = 'rejected' and not exists (select 1 from raw."{to.refused}" r where r.{MENDED} is null and ({again}))""")


def _same(to: Landing, one: str, other: str, columns: list[str]) -> str:
    return " and ".join(f'{one}."{c}" is not distinct from {other}."{c}"' for c in columns)


def _mark_mended(to: Landing) -> None:
    """A refused row has been put right when its key stands in order in the same file, or database, by now, and nowhere refused.

    It stays, as a version that its row once had. Another file may be an older one. Without a key it is known by its line and by
    whom it names: a line alone is another's tomorrow.
    """
    files = to.table.kind == "files"
    twins = [f"{n}__normalised" for n, c in to.table.columns.items() if c.identifier]
    if to.table.key:
        same = " and ".join(f'r."{k}" = i."{k}"' for k in to.table.key)
    elif files and twins:
        same = f"r._line = i._line and {_same(to, 'r', 'i', twins)}"
    else:
        return
    same += " and r._file = i._file" if files else ""
    arrived = f'from raw."{to.incoming}" i join {to.part("status")} s on s._n = i._n where {same}'
    in_order = f"{arrived} and r._day <= i._day and s.status <> 'rejected'"
    to.db.execute(
        f"""update raw."{to.refused}" as r set {MENDED} = (select min(i._day) {in_order})
        where r.{MENDED} is null and exists (select 1 {in_order}) and not exists (select 1 {arrived} and s.status = 'rejected')"""
    )


def _addresses_in_text(to: Landing) -> pa.Table:
    """The address in each refused line that could not be taken apart: whoever says no with a comma too many has said it."""
    found = to.db.query(
        f'select i._n, i._bad_value as text from raw."{to.incoming}" i join {to.part("status")} s on s._n = i._n'
        " where s.status = 'rejected' and i._bad_value is not null and i._bad_column is null"
    )
    text = found["text"].cast(pa.string()).combine_chunks()
    address = pc.struct_field(pc.extract_regex(text, r"(?P<address>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"), "address")
    return pa.table({"_n": found["_n"], "email": normalise_emails(address)}).drop_null()
