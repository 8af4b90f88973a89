"""From the incoming table to raw: what is new, what was there before, what is refused. One transaction, all of it or nothing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract import Fault
from connectors.projection import declared_fields
from connectors.source import Reading, Source, Table
from core.clock import today
from core.errors import ConfigError, FatalError
from core.identifiers import mask, normalise_emails
from core.settings import Settings
from core.warehouse import Warehouse

PLACES = [("_source", pa.string()), ("_file", pa.string()), ("_line", pa.int64()), ("_pulled_at", pa.timestamp("us")),
          ("_row_id", pa.string()), ("_day", pa.date32())]  # fmt: skip
REJECTS = pa.schema([
    ("reject_id", pa.string()), ("source", pa.string()), ("table_name", pa.string()), ("file", pa.string()), ("line", pa.int64()),
    ("column_name", pa.string()), ("value", pa.string()), ("reason", pa.string()), ("day", pa.date32()),
    ("rejected_at", pa.timestamp("us")),
])  # fmt: skip
PULLS = pa.schema([
    ("source", pa.string()), ("table_name", pa.string()), ("day", pa.date32()), ("file", pa.string()), ("fingerprint", pa.string()),
    ("rows_in", pa.int64()), ("rows_landed", pa.int64()), ("rows_rejected", pa.int64()), ("rows_unchanged", pa.int64()),
    ("pulled_at", pa.timestamp("us")),
])  # fmt: skip
SAME_TYPE = {  # an engine's names for what we declare
    pa.string(): {"varchar", "text", "character varying"}, pa.int64(): {"bigint"}, pa.float64(): {"double", "double precision"},
    pa.bool_(): {"boolean"}, pa.timestamp("us"): {"timestamp", "timestamp without time zone"}, pa.date32(): {"date"},
}  # fmt: skip
INCOMING = "_incoming__"
REFUSED = "__refused"  # behind a raw table's name: its refused rows, where a no may be among them
MENDED = "_mended_day"  # of a refused row: the day on which its key arrived in order, NULL until then
HOLD_A_NO = ("consents", "messages")  # the entities whose refused rows are kept so


@dataclass(frozen=True)
class Counts:
    """Every row that was read is exactly one of the three."""

    landed: int
    rejected: int
    unchanged: int


@dataclass(frozen=True)
class Landing:
    """One table's way from `raw._incoming__…` into `raw.<source>__<table>`."""

    db: Warehouse
    source: Source
    name: str
    at: datetime

    @property
    def table(self) -> Table:
        return self.source.tables[self.name]

    @property
    def raw(self) -> str:
        return f"{self.source.name}__{self.name}"

    @property
    def incoming(self) -> str:
        return INCOMING + self.raw

    @property
    def refused(self) -> str:
        return self.raw + REFUSED

    def part(self, what: str) -> str:
        return f'raw."{INCOMING}{what}__{self.raw}"'


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def came_on(settings: Settings, at: datetime) -> date:
    """The local day on which something was pulled; of a clock that ran ahead of ours, today."""
    return min(at.replace(tzinfo=UTC).astimezone(settings.zone).date(), today(settings))


def ensure_ledgers(db: Warehouse) -> None:
    for name, schema in (("raw.rejects", REJECTS), ("raw.pulls", PULLS)):
        if not db.exists(name):
            db.load(name, schema.empty_table(), mode="create")


def clean(db: Warehouse) -> None:
    """Drop what a killed run left behind."""
    left = db.query(
        f"select table_name from information_schema.tables where table_schema = 'raw' and table_name like '{INCOMING}%'"
    )
    for name in left["table_name"].to_pylist():
        db.execute(f'drop table if exists raw."{name}"')


def ensure_table(db: Warehouse, source: Source, name: str, suffix: str = "") -> None:
    """Make the raw table, or add the columns that were declared since. Raises ConfigError where a type no longer fits."""
    table, raw = source.tables[name], f"{source.name}__{name}{suffix}"
    fields = [*declared_fields(table), *PLACES] + ([("_deleted", pa.bool_())] if table.deletes == "snapshot" else [])
    fields += [(MENDED, pa.date32())] if suffix == REFUSED else []
    there = db.columns(f"raw.{raw}")
    if not there:
        db.load(f"raw.{raw}", pa.schema(fields).empty_table(), mode="create")
        return
    for column, kind in fields:
        if column not in there:
            add_column(db, raw, column, min(SAME_TYPE[kind], key=lambda n: (n != "text", n)))
        elif there[column] not in SAME_TYPE[kind]:
            raise ConfigError(
                f"connectors/sources/{source.name}: {name}.{column} is declared {kind}, but raw.{raw} holds it as {there[column]}. "
                "Keep the old type and cast in staging, or give the column a new name."
            )


def add_column(db: Warehouse, raw: str, column: str, sql_type: str = "text") -> None:
    kind = "double precision" if sql_type.startswith("double") else sql_type
    db.execute(f'alter table raw."{raw}" add column "{column}" {kind}')


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


def _told_apart(to: Landing) -> str:
    return ", ".join([*(f'"{k}"' for k in to.table.key), *(["_file"] if to.table.kind == "files" else [])])


def _newest(to: Landing, where: str = "") -> str:
    """The newest version of each key in raw (in files: in each file), with the number of its versions."""
    keys = _told_apart(to)
    return f"""(select * from (select {keys}, _row_id{", _deleted" if to.table.deletes == "snapshot" else ""},
        count(*) over (partition by {keys}) as versions,
        row_number() over (partition by {keys} order by _day desc, _pulled_at desc, _line desc) as place
        from raw."{to.raw}" {where}) v where v.place = 1)"""


def _find_returned(to: Landing) -> None:
    """A row that went A, B, A is known by its content, but its newest version is another: it is new again.

    Only where the key stands once among what arrived; several states of one key in one reading are taken as they are.
    A file is compared with what it held itself: an older day's file that is read again says nothing new.
    """
    keys = _told_apart(to)
    same = " and ".join(f"{{0}}.{k} = i.{k}" for k in keys.split(", "))
    once = f'(select {keys} from raw."{to.incoming}" group by {keys} having count(*) = 1)'
    known = f"where ({keys}) in (select {keys} from {once} u)"
    to.db.execute(f"""create table {to.part("back")} as
        select s._n, md5(s._row_id || ':v' || v.versions) as _row_id
        from {to.part("status")} s
        join raw."{to.incoming}" i on i._n = s._n
        join {once} u on {same.format("u")}
        join {_newest(to, known)} v on {same.format("v")}
        where s.status = 'unchanged' and v._row_id <> s._row_id and v._row_id <> md5(s._row_id || ':v' || (v.versions - 1))""")
    to.db.execute(
        f"update {to.part('status')} s set status = 'new', _row_id = b._row_id from {to.part('back')} b where b._n = s._n"
    )


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


def _day(since: date | None) -> str:
    return f"greatest(i._day, date '{since}')" if since else "i._day"


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
            select {", ".join(values.values())}, '{to.source.name}', i._file, i._line, timestamp '{to.at.isoformat(" ")}', s._row_id, {_day(since)}
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
        select {values}, '{to.source.name}', i._file, i._line, timestamp '{to.at.isoformat(" ")}', s._row_id, {_day(since)}{deleted[1]}
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
        from {_newest(to)} v
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
            and not exists (select 1 from {_newest(to)} v where {same} and not coalesce(v._deleted, false))
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
