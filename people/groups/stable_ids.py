"""Ids of groups that later nights keep: an id goes where most of its members go, and what moved is told.

Set-based, on the workbench. What later days decided is put aside, so a past day can be recomputed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from people.groups.schemas import ISSUED, MERGES, PARTS, SPLITS, STAYS, Memory

PREFIX = {"household": "h_", "account": "a_"}
# 80 bits: of ten million groups two share one with odds of 4e-11
NEW_ID = "$prefix || left(md5(founder || ':' || cast(taken as varchar)), 20)"
PAST = """
    create or replace temp table past as
    select member, group_id, from_day, place, is_open from (
        select *, coalesce(until_day >= $day, true) as is_open,
            row_number() over (partition by member order by from_day desc) as newest
        from stays where from_day < $day
    ) where newest = 1"""
# what an id that was merged away before the day stands for on it
SURVIVORS = """
    create or replace temp table survivors as
    with recursive ways as (
        select merged_id, merged_into from merges where merged_day < $day
        union all
        select ways.merged_id, merges.merged_into from ways
        inner join merges on ways.merged_into = merges.merged_id and merges.merged_day < $day
    )
    select merged_id, merged_into as group_id from ways
    where merged_into not in (select merged_id from merges where merged_day < $day)"""
# whose each member of today was; one that has become another brings what it had that day
HELD = """
    create or replace temp table held as
    select today.member, today.part, coalesce(survivors.group_id, past.group_id) as group_id,
        bool_or(past.place is not distinct from today.place) as stayed, bool_or(past.is_open) as is_open
    from (
        select member, member as known_as from today
        union all
        select renamed.member, renamed.known_as from renamed
        inner join past on renamed.known_as = past.member and past.is_open
    ) as names
    inner join past on names.known_as = past.member
    inner join today on names.member = today.member
    left join survivors on past.group_id = survivors.merged_id
    group by all"""
CLAIMS = """
    create or replace temp table claims as
    with shares as (
        select group_id, part, count(*) as members, count(*) filter (stayed) as stayed from held group by all
    ), homes as (
        select shares.*, row_number() over (
            partition by group_id order by members desc, stayed desc, least
        ) as best from shares inner join parts using (part)
    ), known as (select group_id, min(issued_day) as issued_day from issued group by group_id)
    select homes.part, homes.group_id, row_number() over (
        partition by homes.part order by homes.members desc, homes.stayed desc, known.issued_day, homes.group_id
    ) as place from homes left join known using (group_id) where homes.best = 1"""
# ids that a later or an earlier run of this day gave to the same founder are given again
GIVEN = """
    create or replace temp table continued as
    with without as (
        select part, md5(least) as founder from parts where part not in (select part from claims where place = 1)
    ), again as (
        select founder, group_id, row_number() over (partition by founder order by issued_day, group_id) as first
        from issued
        where issued_day >= $day and group_id not in (select group_id from stays where from_day < $day)
    ), counted as (
        select without.*, again.group_id,
            (select count(*) from issued where issued.founder = without.founder) as taken
        from without left join again on without.founder = again.founder and again.first = 1
    )
    select part, group_id, null as founder from claims where place = 1
    union all
    select part, coalesce(group_id, {new_id}), case when group_id is null then founder end from counted"""
ADDED_MERGES = """
    select $kind as kind, claims.group_id as merged_id, continued.group_id, $day as merged_day,
        coalesce(min(today.because), 'its members are in another one') as because, continued.group_id as merged_into
    from claims
    inner join continued using (part)
    inner join held on held.group_id = claims.group_id and held.part = claims.part
    inner join today on held.member = today.member
    where claims.place > 1
    group by claims.group_id, continued.group_id"""
ADDED_SPLITS = """
    select $kind as kind, held.group_id as split_from, continued.group_id, $day as split_day,
        count(*) filter (not stayed) || ' moved, ' || count(*) filter (stayed) || ' parted' as because,
        continued.group_id as split_into
    from held
    inner join continued using (part)
    where held.group_id <> continued.group_id and held.is_open
        and (held.group_id, held.part) not in (select (group_id, part) from claims)
    group by held.group_id, continued.group_id"""
KEPT_STAYS = """
    with now as (
        select today.member, continued.group_id, today.place, today.because from today inner join continued using (part)
    ), earlier as (
        select stays.* replace (case when until_day < $day then until_day end as until_day)
        from stays where from_day < $day
    ), same as (
        select earlier.member, earlier.from_day from earlier
        inner join now on earlier.member = now.member and earlier.until_day is null
            and earlier.group_id = now.group_id and earlier.place is not distinct from now.place
    )
    select earlier.* replace (
        case when same.member is null then coalesce(earlier.until_day, $day) end as until_day
    ) from earlier left join same on earlier.member = same.member and earlier.from_day = same.from_day
    union all
    select $kind, now.member, now.group_id, $day, null, now.because, now.place from now
    where now.member not in (select member from same)"""


@dataclass(frozen=True)
class Kept:
    """ids: part, group_id. `memory` is what the next night begins with; merged and split: groups of this day."""

    ids: pa.Table
    memory: Memory
    merged: int
    split: int


def keep(db: Any, kind: str, parts: pa.Table, memory: Memory, renamed: pa.Table, day: date) -> Kept:
    """Give each part of the night the id of the group that it continues, or a new one.

    parts     as PARTS, each member once
    renamed   member, known_as: who has become another, and under which name they were known
    """
    tables = {"today": parts.select(PARTS.names), "stays": memory.stays, "merges": memory.merges,
              "issued": memory.issued, "renamed": renamed}  # fmt: skip
    for name, table in tables.items():
        db.register(f"given_{name}", table)
        db.execute(f"create or replace temp table {name} as select * from given_{name}")
        db.unregister(f"given_{name}")
    known = {"day": day, "kind": kind, "prefix": PREFIX[kind]}
    db.execute("create or replace temp table parts as select part, min(member) as least from today group by part")
    for step in (PAST, SURVIVORS, HELD, CLAIMS, GIVEN.format(new_id=NEW_ID)):
        _run(db, step, known)
    return _kept(db, memory, day, known)


def _kept(db: Any, memory: Memory, day: date, known: dict[str, Any]) -> Kept:
    merges = _with(_before(memory.merges, "merged_day", day), _run(db, ADDED_MERGES, known), MERGES)
    splits = _with(_before(memory.splits, "split_day", day), _run(db, ADDED_SPLITS, known), SPLITS)
    new = "select $kind as kind, group_id, founder, $day as issued_day from continued where founder is not null"
    ids = _run(db, "select part, group_id from continued order by part", {})
    return Kept(
        ids.cast(pa.schema({"part": "int64", "group_id": "string"})),
        Memory(
            _sorted(_run(db, KEPT_STAYS, known), STAYS),
            _sorted(to_the_last(merges, "merged_into", merges), MERGES),
            _sorted(to_the_last(splits, "split_into", merges), SPLITS),
            _with(memory.issued, _run(db, new, known), ISSUED),
        ),
        _on(merges["merged_day"], day),
        _on(splits.group_by(["split_from", "split_day"]).aggregate([])["split_day"], day),
    )


def to_the_last(table: pa.Table, new: str, merges: pa.Table) -> pa.Table:
    """group_id becomes what stands for `new` today; an id merged away is never given again, so there are no circles."""
    merged, into = merges["merged_id"].combine_chunks(), merges["merged_into"].combine_chunks()
    survivor = table[new].combine_chunks()
    while True:
        further = pc.coalesce(into.take(pc.index_in(survivor, value_set=merged)), survivor)
        if further.equals(survivor):
            return table.set_column(table.schema.get_field_index("group_id"), "group_id", survivor)
        survivor = further


def _run(db: Any, sql: str, known: dict[str, Any]) -> pa.Table:
    """With those of the values that the statement names."""
    found = db.execute(sql, {name: value for name, value in known.items() if f"${name}" in sql})
    return found.to_arrow_table()


def _before(table: pa.Table, column: str, day: date) -> pa.Table:
    return table.filter(pc.less(table[column], pa.scalar(day, pa.date32())))


def _with(earlier: pa.Table, added: pa.Table, schema: pa.Schema) -> pa.Table:
    both = [table.select(schema.names).cast(schema) for table in (earlier, added)]
    return _sorted(pa.concat_tables(both), schema)


def _sorted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    table = table.select(schema.names).cast(schema)
    return table.sort_by([(name, "ascending") for name in schema.names])


def _on(column: pa.ChunkedArray, day: date) -> int:
    return pc.sum(pc.equal(column, pa.scalar(day, pa.date32()))).as_py() or 0
