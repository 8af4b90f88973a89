"""Pairs that were joined wrongly or missed, counted by what made it hard."""

from typing import Any

import duckdb
import pyarrow as pa

# the first that is true says the kind
SHARED = """
    select distinct kind, value, why from shared
    union
    select 'phone', '+441134960000', 'placeholder'"""
FALSE_JOINS = f"""
    with shared_by as ({SHARED}),
    pairs as (
        select a.record_id as one, b.record_id as other, x.household_id = y.household_id as together, x.tie as tie_x,
            y.tie as tie_y,
            (select min(why) from shared_by s where s.value = a.email and a.email = b.email) as by_email,
            (select min(why) from shared_by s where s.value = a.phone and a.phone = b.phone) as by_phone,
            lower(a.first_name) = lower(b.first_name) and lower(a.last_name) = lower(b.last_name) as homonyms
        from known a join known b on a.person_id = b.person_id and a.record_id < b.record_id
            and a.human_id <> b.human_id
        join humans x on x.human_id = a.human_id join humans y on y.human_id = b.human_id
    )
    select case
        when together and 'twin' in (coalesce(tie_x, ''), coalesce(tie_y, '')) then 'twin'
        when together and 'namesake' in (coalesce(tie_x, ''), coalesce(tie_y, '')) then 'father and son'
        when together then 'family'
        when by_email is not null then by_email || ' e-mail'
        when by_phone is not null then by_phone || ' phone'
        when homonyms then 'homonym' else 'other' end as kind, count(*) from pairs group by 1 order by 2 desc"""
MISSES = """
    with pairs as (
        select a.email = b.email as same_email, a.phone = b.phone as same_phone, a.strong_id = b.strong_id as same_id,
            lower(a.first_name) as f, lower(b.first_name) as g, lower(a.last_name) as k, lower(b.last_name) as l,
            a.birth_date as born_a, b.birth_date as born_b, h.earlier_last_name is not null as wed
        from known a join known b on a.human_id = b.human_id and a.record_id < b.record_id
            and a.person_id <> b.person_id
        join humans h on h.human_id = a.human_id
    )
    select case when same_id then 'same id' when same_email then 'same e-mail' when same_phone then 'same phone'
        when coalesce(f, k) is null or coalesce(g, l) is null then 'no name on one side'
        when wed and k <> l then 'family name changed'
        when levenshtein(coalesce(f, ''), coalesce(g, '')) > 2 and k is not distinct from l then 'nickname or initial'
        when f is distinct from g or k is distinct from l then 'name spelt otherwise'
        when born_a <> born_b then 'birth date differs'
        else 'same name, nothing shared' end as kind, count(*) from pairs group by 1 order by 2 desc"""


def by_kind(records: pa.Table, truth: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """records   with person_id and human_id; `truth` has the tables humans and shared."""
    truth.register("known", records)
    counted = {name: dict(truth.execute(sql).fetchall())
               for name, sql in (("false_joins", FALSE_JOINS), ("misses", MISSES))}  # fmt: skip
    truth.unregister("known")
    return counted
