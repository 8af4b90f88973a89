"""A table's rows as a mended declaration reads them: values replaced where they lie, days and places kept.

A row is known by its id, a digest of what its source wrote, which no declaration changes. What is changed is
changed in the one transaction of `connectors.table`, before whatever is new lands.
"""

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from connectors.landing import declared
from connectors.landing.classify import Counts, classify, numbered
from connectors.landing.respelt import keep_respelt, respelt_values
from connectors.landing.retyped import emptied, retype
from connectors.landing.tables import MENDED, Landing, add_column
from connectors.reading import Reading, Request
from connectors.values.projection import declared_fields
from core.errors import FatalError

DIALECT = ("encoding", "delimiter", "quote", "format")  # what a row's text, and so its id, hangs on


@dataclass(frozen=True)
class Outcome:
    """What came of the rows that were there before."""

    known: int  # of raw, found at the source
    kept: int  # of raw, not found: as they were read before
    without_key: int  # of these, without the key that is declared now
    changed: int = 0  # of the known, with another value now
    refused: int = 0  # of the known, refused now


def compare(landing: Landing, request: Request, reading: Reading, since: date | None) -> tuple[Outcome, Counts]:
    """Which of the rows that have come raw, its refused twin and the rejects know; nothing of them is changed.

    Before the transaction: of tables that it makes itself the engine has no counts, and plans joins without end.

    since    as `refused.not_before` gives it: for rows that were never here
    """
    _tell_apart(landing)
    _find_known(landing, landing.raw, "known", _old_key(landing))
    _find_by_line(landing, request, reading, landing.raw, "known")
    twin = _twin(landing)
    if twin:
        _find_known(landing, twin, "known_refused", [])
        _find_by_line(landing, request, reading, twin, "known_refused")
    _note_places(landing, twin)
    _keep_days(landing, request, since)
    outcome = _count(landing)
    if request.holds_a_no:
        _keep_noes(landing, outcome)
    is_same_key = not _changed_keys(landing)
    counts = classify(
        landing, known=f"select _n from {landing.part('known')} where old_id <> new_id", with_returned=is_same_key
    )
    return outcome, counts


def _keep_noes(landing: Landing, outcome: Outcome) -> None:
    """Raises FatalError where a row that is not at the source any more would say less than it did."""
    if outcome.without_key:
        raise FatalError(
            f"{landing.raw}: {outcome.without_key} rows are not at the source any more and have no "
            f"{', '.join(landing.table.key)}, which is the key now: their noes would be lost. Nothing was changed. "
            "Keep the old key, or bring their files back."
        )
    if emptied_columns := emptied(landing):
        raise FatalError(
            f"{landing.raw}: rows that are not at the source any more would have no {', '.join(emptied_columns)}, "
            "whose type is another now: a no could be read as a yes. Nothing was changed. Keep the old type and cast "
            "in staging, or bring their files back."
        )


def replace(landing: Landing, extras: list[str], outcome: Outcome) -> Outcome:
    """Read anew what `compare` has found; what is to land or to be refused for it is left to those who do that."""
    retype(landing)
    existing = landing.db.columns(f"raw.{landing.raw}")
    for extra in (e for e in extras if e not in existing):
        add_column(landing.db, landing.raw, extra)
    refused = _take_out(landing)
    keep_respelt(landing)
    changed = _replace_values(landing, extras)
    _move_tombstones(landing)
    if twin := _twin(landing):
        landing.db.execute(
            f'delete from raw."{twin}" where _row_key in (select old_id from {landing.part("known_refused")})'
        )
    _forget_rejects(landing)
    return dataclasses.replace(outcome, changed=changed, refused=refused)


def restore_places(landing: Landing) -> None:
    """What has landed, or was refused, once more keeps the time of its first pull, and its mending."""
    twin = _twin(landing)
    for table in [landing.raw, *([twin] if twin else [])]:
        mended = f", {MENDED} = p.mended_day" if table == twin else ""
        landing.db.execute(
            f"""update raw."{table}" as r set _pulled_at = p.came_at{mended} from {landing.part("places")} p
            where r._row_key = p._row_key and r._pulled_at = {landing.pulled_at}"""
        )


def _twin(landing: Landing) -> str | None:
    return landing.refused if landing.db.exists(f"raw.{landing.refused}") else None


def _old_key(landing: Landing) -> list[str]:
    """The key under which the rows landed, where it was kept."""
    before = declared.stored(landing.db, landing.source.name, landing.name)
    key = landing.table.key if before is None else before.get("key", [])
    columns = landing.db.columns(f"raw.{landing.raw}")
    return [k for k in key if k in columns] if all(k in columns for k in key) else []


def _changed_keys(landing: Landing) -> bool:
    """Whether a row's key is another, or is read otherwise, than when raw got it."""
    changed = declared.changes(landing.db, landing.source.name, landing.name, landing.table)
    return bool({"key", *landing.table.key} & set(changed))


def _tell_apart(landing: Landing) -> None:
    """Each row that has come with its final id, and whether it is refused."""
    once = "" if landing.table.kind == "files" else "where i.nth = 1"
    landing.db.execute(
        f"""{landing.making} {landing.part("told")} as
        select i._n, i._origin, i._line, i._row_key, b._n is not null as is_bad
        from ({numbered(landing)}) i left join {landing.part("bad")} b on b._n = i._n {once}"""
    )


def _find_known(landing: Landing, table: str, part: str, key: list[str]) -> None:
    """(_n, old_id, new_id): the rows of a table that are those that have come, by their ids, and a keyed row's later
    versions of the same text.
    """
    db, known = landing.db, landing.part(part)
    db.execute(
        f"""{landing.making} {known} as select t._n, r._row_key as old_id, r._row_key as new_id
        from raw."{table}" r join {landing.part("told")} t on t._row_key = r._row_key"""
    )
    if not key:
        return
    names = ", ".join(f'"{k}"' for k in key)
    most = db.query(f'select max(n) as n from (select count(*) as n from raw."{table}" group by {names}) c')["n"][0]
    if (most.as_py() or 0) < 3:  # A, B, A is the shortest way back
        return
    same_key = " and ".join(f'u."{k}" = b."{k}"' for k in key)
    with db.given("version_numbers", pa.table({"v": pa.array(range(1, most.as_py() + 1), pa.int64())})):
        db.execute(
            f"""insert into {known} select k._n, u._row_key, u._row_key
            from {known} k join raw."{table}" b on b._row_key = k.old_id join raw."{table}" u on {same_key}
            join version_numbers v on u._row_key = md5(b._row_key || ':v' || v.v)"""
        )


def _find_by_line(landing: Landing, request: Request, reading: Reading, table: str, part: str) -> None:
    """Where another dialect gives a line another text, its row is known by the line, in files that never changed."""
    before = declared.stored(landing.db, landing.source.name, landing.name)
    now = landing.table.model_dump(mode="json", include=set(DIALECT), exclude_defaults=True)
    if landing.table.kind != "files" or before is None or all(before.get(d) == now.get(d) for d in DIALECT):
        return
    same = [f for f, (fingerprint, _) in reading.files.items() if request.fingerprints.get(f) == fingerprint]
    known, told = landing.part(part), landing.part("told")
    with landing.db.given("same_files", pa.table({"file": pa.array(same, pa.string())})):
        landing.db.execute(
            f"""insert into {known} select t._n, r._row_key, t._row_key from {told} t
            join raw."{table}" r on r._origin = t._origin and r._line = t._line
            join same_files s on s.file = t._origin
            where r._row_key not in (select old_id from {known}) and t._n not in (select _n from {known})
                and t._origin in (select file from raw.pulls where source = '{landing.source.name}'
                    and table_name = '{landing.name}' group by file having count(distinct fingerprint) = 1)"""
        )


def _note_places(landing: Landing, twin: str | None) -> None:
    """(_n, _row_key, day, came_at, mended_day) of whatever changes its table: the youngest of the days it had, so that
    no stop gets older.
    """
    told, known, own = landing.part("told"), landing.part("known"), f"source = '{landing.source.name}'"
    refused = ""
    if twin:
        refused = f"""union all select t._n, t._row_key, r._day, r._pulled_at, r.{MENDED}, r.{MENDED} is null
            from {told} t join {landing.part("known_refused")} k on k._n = t._n
            join raw."{twin}" r on r._row_key = k.old_id where t._n not in (select _n from {known})"""
    landing.db.execute(
        f"""{landing.making} {landing.part("places")} as
        select _n, _row_key, max(day) as day, max(came_at) as came_at,
            case when max(case when is_open then 1 else 0 end) = 0 then max(mended_day) end as mended_day
        from (select t._n, t._row_key, r._day as day, r._pulled_at as came_at, cast(null as date) as mended_day,
                true as is_open
            from {told} t join {known} k on k._n = t._n join raw."{landing.raw}" r on r._row_key = k.old_id
            where t.is_bad
            union all
            select t._n, t._row_key, r.day, r.rejected_at, null, true
            from {told} t join raw.rejects r on r.reject_id = t._row_key and {own} and table_name = '{landing.name}'
            where t._n not in (select _n from {known}) and not exists (
                select 1 from {landing.part("known_refused") if twin else known} k where k._n = t._n)
            {refused}) p
        group by _n, _row_key"""
    )


def _keep_days(landing: Landing, request: Request, since: date | None) -> None:
    """What was here has the day it had; what is new, that of any pull."""
    incoming, db = landing.arrived, landing.db
    if landing.table.kind != "files":
        db.execute(f"update {incoming} set _day = date '{request.day}'")
    if since:
        db.execute(f"update {incoming} set _day = greatest(_day, date '{since}')")
    db.execute(f"update {incoming} as i set _day = p.day from {landing.part('places')} p where p._n = i._n")


def _count(landing: Landing) -> Outcome:
    """Rows of raw that have come again; those that have not; and of these, those without the present key."""
    columns = landing.db.columns(f"raw.{landing.raw}")
    is_row = "not coalesce(_is_deleted, false)" if "_is_deleted" in columns else "1 = 1"
    no_key = " or ".join(f'"{k}" is null' for k in landing.table.key) or "1 = 0"
    known = f"_row_key in (select old_id from {landing.part('known')})"
    counts = landing.db.query(
        f"""select sum(case when {known} then 1 else 0 end) as known,
            sum(case when {known} then 0 else 1 end) as kept,
            sum(case when not {known} and ({no_key}) then 1 else 0 end) as without_key
        from raw."{landing.raw}" where {is_row}"""
    ).to_pylist()[0]
    return Outcome(**{name: int(count or 0) for name, count in counts.items()})


def _take_out(landing: Landing) -> int:
    """Rows that are refused now leave raw; `keep_rejects` and `keep_refused` have them under their day."""
    return landing.db.execute(
        f"""delete from raw."{landing.raw}" where _row_key in (
            select k.old_id from {landing.part("known")} k join {landing.part("told")} t on t._n = k._n
            where t.is_bad)"""
    )


def _replace_values(landing: Landing, extras: list[str]) -> int:
    columns = [n for n, _ in declared_fields(landing.table)] + extras
    new_values = {c: f'i."{c}"' for c in columns} | respelt_values(landing)
    values = ", ".join(f'"{c}" = {value}' for c, value in new_values.items())
    differs = " or ".join(f'r."{c}" is distinct from {value}' for c, value in new_values.items())
    return landing.db.execute(
        f"""update raw."{landing.raw}" as r set {values}, _row_key = k.new_id
        from {landing.arrived} i join {landing.part("known")} k on k._n = i._n
        where r._row_key = k.old_id and (k.old_id <> k.new_id or {differs})"""
    )


def _move_tombstones(landing: Landing) -> None:
    """A tombstone has its row's key, also where that is another now."""
    if landing.table.deletes != "snapshot":
        return
    keys = ", ".join(f'"{k}" = r."{k}"' for k in landing.table.key)
    differs = " or ".join(f't."{k}" is distinct from r."{k}"' for k in landing.table.key)
    landing.db.execute(
        f"""update raw."{landing.raw}" as t set {keys} from raw."{landing.raw}" r
        where t._is_deleted and t._row_key = md5('gone:' || r._row_key) and ({differs})"""
    )


def _forget_rejects(landing: Landing) -> None:
    """Of the rows that have come, what is not refused any more, or for another reason."""
    told, bad = landing.part("told"), landing.part("bad")
    landing.db.execute(
        f"""delete from raw.rejects where source = $1 and table_name = $2
            and reject_id in (select _row_key from {told}) and not exists (
                select 1 from {told} t join {bad} b on b._n = t._n where t._row_key = reject_id
                    and b.column_name is not distinct from raw.rejects.column_name
                    and b.reason = raw.rejects.reason)""",
        [landing.source.name, landing.name],
    )


def words(outcome: Outcome) -> list[str]:
    """What a person should know of what was not read anew."""
    out = []
    if outcome.kept:
        out.append(f"{outcome.kept} rows are not at the source any more: they stay as the old declaration read them")
    if outcome.without_key:
        out.append(f"{outcome.without_key} of them have no value in the present key: staging will not see them")
    return out


def as_counts(outcome: Outcome) -> dict[str, Any]:
    return {
        "rows_known": outcome.known, "rows_changed": outcome.changed, "rows_refused_now": outcome.refused,
        "rows_kept": outcome.kept,
    }  # fmt: skip
