"""Which account stands above which: by declared parent, else by the domain that its own lies under."""

from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from people.groups.schemas import ACCOUNTS, ANCESTORS, DOUBTS

MOST_LABELS = 3  # of a domain that are left out to find the one above it: a.b.de.acme.com
# one row an account; each fact is of its newest row that has it
GOLDEN = """
    create or replace temp table golden as
    with owned as (
        select group_id as account_id, companies.*, row_number() over (
            partition by group_id order by updated_at desc nulls last, account_key
        ) as age from companies inner join keys using (account_key)
    )
    select account_id, count(*) as records, row_number() over (order by account_id) - 1 as place,
        arg_min(account_key, age) as account_key, arg_min(written, age) as name, arg_min(domain, age) as domain,
        arg_min(parent_account_key, age) filter (parent_account_key is not null) as parent_account_key
    from owned group by account_id"""
# whose a domain is: every account that has a row with it
CLAIMS = """
    create or replace temp table domain_claims as
    select distinct domain, group_id as account_id from companies inner join keys using (account_key)
    where domain is not null"""
PARENTS = """
    create or replace temp table parents as
    with declared as (
        select golden.account_id, keys.group_id as parent_id, golden.parent_account_key from golden
        left join keys on golden.parent_account_key = keys.account_key where golden.parent_account_key is not null
    ), above as (
        select account_id, array_to_string(string_split(domain, '.')[cut + 1:], '.') as domain, cut
        from golden, range(1, {most} + 1) as cuts (cut)
        where parent_account_key is null and length(domain) - length(replace(domain, '.', '')) > cut
    ), alone as (select domain, min(account_id) as parent_id from domain_claims group by 1 having count(*) = 1),
    nearest as (
        select above.account_id, arg_min(alone.parent_id, cut) as parent_id from above inner join alone using (domain)
        where above.account_id <> alone.parent_id group by 1
    )
    select account_id, parent_id, parent_account_key, true as is_declared from declared
    union all
    select account_id, parent_id, null, false from nearest"""
UNKNOWN = """
    select 'unknown_parent' as kind, parent_account_key as name, account_id as account_ids,
        cast(null as bigint) as people,
        'no source lists this parent' as detail from parents where is_declared and parent_id is null"""
ITS_OWN = """
    select 'parent_cycle' as kind, companies.account_key as name, group_id as account_ids,
        cast(null as bigint) as people,
        'it names itself as its parent' as detail
    from companies inner join keys using (account_key) where account_key = parent_account_key"""


def build(db: Any, ids: pa.Table) -> tuple[pa.Table, pa.Table]:
    """ACCOUNTS without since_day, and doubts.

    ids   account_key, group_id; `companies` stands on the workbench
    """
    db.register("given", ids)
    db.execute("create or replace temp table keys as select * from given")
    db.unregister("given")
    for step in (GOLDEN, CLAIMS, PARENTS.format(most=MOST_LABELS)):
        db.execute(step)
    size = db.execute("select count(*) from golden").fetchone()[0]
    edges = db.execute("""
        select one.place as child, other.place as parent from parents
        inner join golden as one on parents.account_id = one.account_id
        inner join golden as other on parents.parent_id = other.account_id
        where one.place <> other.place""").fetchnumpy()
    parent = np.arange(size)
    parent[edges["child"].astype(np.int64)] = edges["parent"].astype(np.int64)
    circles = _circles(parent)
    is_turning = circles >= 0
    parent[is_turning] = np.flatnonzero(is_turning)
    depth, top = _climbed(parent)
    _place(db, parent, depth, top, circles)
    return _accounts(db), _doubts(db)


def ancestors(db: Any) -> pa.Table:
    """ANCESTORS of the accounts that `build` has just placed."""
    found = db.execute("""
        with recursive ways as (
            select place, place as ancestor, 0 as distance from placed
            union all
            select ways.place, placed.parent, distance + 1 from ways
            inner join placed on ways.ancestor = placed.place where placed.parent <> placed.place
        )
        select one.account_id, other.account_id as ancestor_id, distance from ways
        inner join golden as one using (place) inner join golden as other on ways.ancestor = other.place
        order by 1, 3""")
    return found.to_arrow_table().cast(ANCESTORS)


def _circles(parent: np.ndarray) -> np.ndarray:
    """(n,) a number for each circle that a node is part of; -1 where it is in none."""
    size, end = len(parent), parent
    for _ in range(max(size, 1).bit_length()):  # 2**k steps: whoever is reached from anywhere then turns, or is a top
        end = end[end]
    reached = np.unique(end)
    turning = reached[parent[reached] != reached]
    number = np.full(size, -1)
    matrix = coo_matrix((np.ones(len(turning), dtype=np.int8), (turning, parent[turning])), shape=(size, size))
    number[turning] = connected_components(matrix, directed=False)[1][turning] if size else number[turning]
    return number


def _climbed(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) how many stand above each, and who is on top; no circles."""
    depth, end = (parent != np.arange(len(parent))).astype(np.int64), parent
    for _ in range(max(len(parent), 1).bit_length()):
        depth, end = depth + depth[end], end[end]
    return depth, end


def _place(db: Any, parent: np.ndarray, depth: np.ndarray, top: np.ndarray, circles: np.ndarray) -> None:
    """`placed`: place, parent, depth, top, circle."""
    columns = {"place": np.arange(len(parent)), "parent": parent, "depth": depth, "top": top, "circle": circles}
    db.register("given", pa.table({name: values.astype(np.int64) for name, values in columns.items()}))
    db.execute("create or replace temp table placed as select * from given")
    db.unregister("given")


def _accounts(db: Any) -> pa.Table:
    found = db.execute("""
        select golden.*, above.account_id as parent_account_id, tops.account_id as top_account_id, depth
        from golden inner join placed using (place)
        left join golden as above on placed.parent = above.place and placed.parent <> placed.place
        inner join golden as tops on placed.top = tops.place
        order by account_id""")
    accounts = found.to_arrow_table()
    names = [name for name in ACCOUNTS.names if name != "since_day"]
    return accounts.select(names).cast(pa.schema([ACCOUNTS.field(name) for name in names]))


def _doubts(db: Any) -> pa.Table:
    turning = """
        select 'parent_cycle' as kind, min(account_key) as name,
            string_agg(account_id, ', ' order by account_id) as account_ids, cast(null as bigint) as people,
            'each is above the other; none has a parent until one of them names another' as detail
        from placed inner join golden using (place) where circle >= 0 group by circle"""
    found = db.execute(f"{UNKNOWN} union all {ITS_OWN} union all ({turning})").to_arrow_table()
    return found.cast(DOUBTS)
