"""Desired minus delivered, computed in the warehouse: the SQL of the plan, plumbing that runs on every engine."""

from activation.channel import InDoubt
from activation.payload import UNKNOWN, payload_hash, quick_hash
from activation.sync import Sync
from core.warehouse import Warehouse

# In mode upsert nobody is removed for leaving the segment, but everybody for these: consent outlives the segment.
MUST_GO = ("no_consent", "withdrawn", "unsubscribed", "bounced", "complained", "suppressed")


def withdrawn_people(sync: Sync) -> str:
    """SELECT person_id of all whose consent is withdrawn by now, whatever the day of the audience."""
    if sync.contact_channel == "none":
        return "select person_id from marts.consent_withdrawals where 1 = 0"
    return f"""select distinct person_id from marts.consent_withdrawals
        where channel = '{sync.contact_channel}' and purpose = '{sync.purpose}' and person_id is not null"""


def find_changed(db: Warehouse, sync: Sync) -> None:
    """Fill the temporary table `changed_people` with everybody of whom something may have to be said to the channel.

    One join sets aside the millions of whom nothing has changed, by the quick hash; what is left is small, known to the
    engine as small, and looked at closely by `changes`.
    """
    quick = quick_hash(db, sync.fields, sync.mapping_hash, "p")
    db.execute("drop table if exists changed_people")
    db.execute("create temporary table changed_people (person_id text)")
    db.execute(
        f"""insert into changed_people
        with wanted as (
            select a.person_id, {quick} as quick_hash
            from marts.audiences as a inner join marts.profiles as p on p.person_id = a.person_id
            where a.sync = $1 and a.included
        ),
        have as (select person_id, quick_hash from activation.delivered where sync = $1)
        select coalesce(w.person_id, h.person_id) from wanted as w full join have as h on h.person_id = w.person_id
        where w.quick_hash is null or h.quick_hash is null or w.quick_hash <> h.quick_hash
        union select person_id from activation.sending where sync = $1
        union select h.person_id from have as h inner join ({withdrawn_people(sync)}) as g on g.person_id = h.person_id""",
        [sync.name],
    )


def changes(sync: Sync, rule: InDoubt) -> str:
    """SELECT person_id, op (add, update, remove), ours (something of ours is there), of changed_people; $1 is the sync's name."""
    crashed = f"'{UNKNOWN}'" if rule == "idempotent" else "case when s.op = 'remove' then null else s.payload_hash end"
    return f"""
    with withdrawn as ({withdrawn_people(sync)}),
    judged as (
        select c.person_id, coalesce(a.included, false) and p.person_id is not null and w.person_id is null as is_wanted,
            w.person_id is not null as is_withdrawn, a.reason,
            case when s.person_id is null then d.delivered_hash else {crashed} end as there,
            {payload_hash(sync.fields, sync.mapping_hash, "p")} as payload_hash
        from changed_people as c
        left join marts.audiences as a on a.sync = $1 and a.person_id = c.person_id
        left join marts.profiles as p on p.person_id = c.person_id
        left join withdrawn as w on w.person_id = c.person_id
        left join activation.delivered as d on d.sync = $1 and d.person_id = c.person_id
        left join activation.sending as s on s.sync = $1 and s.person_id = c.person_id
    ),
    decided as (
        select person_id, there is not null as ours, case
            when is_wanted and there is null then 'add'
            when is_wanted and there <> payload_hash then 'update'
            when not is_wanted and there is not null{_leaves(sync)} then 'remove' end as op
        from judged
    )
    select person_id, op, ours from decided where op is not null"""


def _leaves(sync: Sync) -> str:
    if sync.mode == "mirror":
        return ""
    reasons = ", ".join(f"'{reason}'" for reason in MUST_GO)
    return f" and (is_withdrawn or coalesce(reason, '') in ({reasons}))"


def standings(sync: Sync) -> str:
    """SELECT standing, people: `included`, or why a member of the segment is held back; $1 is the sync's name."""
    return f"""
    with withdrawn as ({withdrawn_people(sync)}),
    told as (select reason, count(*) as people from marts.audiences where sync = $1 group by reason),
    withdrawn_since as (
        select count(*) as people from marts.audiences as a inner join withdrawn as w on w.person_id = a.person_id
        where a.sync = $1 and a.included
    ),
    without_profile as (
        select count(*) as people from marts.audiences as a left join marts.profiles as p on p.person_id = a.person_id
        where a.sync = $1 and a.included and p.person_id is null
            and a.person_id not in (select person_id from withdrawn)
    ),
    counted as (
        select reason as standing, people from told
        union all select 'withdrawn', people from withdrawn_since union all select 'included', -people from withdrawn_since
        union all select 'no_profile', people from without_profile union all select 'included', -people from without_profile
    )
    select standing, cast(sum(people) as bigint) as people from counted group by standing having sum(people) <> 0 order by standing"""


def window(db: Warehouse, sync: Sync) -> str:
    """SELECT the pending changes of positions ($2, $3] with their payload, after a last look at the withdrawals.

    position, person_id, op (or `skip`), payload_hash, quick_hash, and the fields as f0, f1, … in the sync's order.
    Hashes are taken from the rows as they go out, so that the ledger never says more than the channel was told.
    """
    fields = "".join(f", p.{column} as f{i}" for i, column in enumerate(sync.fields.values()))
    return f"""
    with withdrawn as ({withdrawn_people(sync)})
    select q.position, q.person_id, case
            when w.person_id is not null then case when q.ours then 'remove' else 'skip' end
            when q.op <> 'remove' and p.person_id is null then 'skip' else q.op end as op,
        {payload_hash(sync.fields, sync.mapping_hash, "p")} as payload_hash,
        {quick_hash(db, sync.fields, sync.mapping_hash, "p")} as quick_hash{fields}
    from activation.pending as q
    left join marts.profiles as p on p.person_id = q.person_id
    left join withdrawn as w on w.person_id = q.person_id
    where q.sync = $1 and q.position > $2 and q.position <= $3 order by q.position"""
