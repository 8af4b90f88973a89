"""Desired minus delivered, computed in the warehouse: the SQL of the plan, plumbing that runs on every engine."""

from activation.channel import InDoubt
from activation.payload import UNKNOWN, payload_hash, quick_hash
from activation.sync import Sync

# In mode upsert nobody is removed for leaving the segment, but everybody for these: consent outlives the segment.
MUST_GO = ("no_consent", "withdrawn", "unsubscribed", "bounced", "complained", "suppressed")


def withdrawn_people(sync: Sync) -> str:
    """SELECT person_id of all whose consent is withdrawn by now, whatever the day of the audience."""
    if sync.contact_channel == "none":
        return "select person_id from marts.consent_withdrawals where 1 = 0"
    return f"""select distinct person_id from marts.consent_withdrawals
        where channel = '{sync.contact_channel}' and purpose = '{sync.purpose}' and person_id is not null"""


def changes(sync: Sync, rule: InDoubt, engine_name: str) -> str:
    """SELECT person_id, op (add, update, remove), ours (something of ours is there); $1 is the sync's name.

    The quick hash sets the unchanged aside with one join; only for the rest is the payload hash computed.
    """
    quick = quick_hash(sync.fields, sync.mapping_hash, "p", engine_name)
    crashed = f"'{UNKNOWN}'" if rule == "idempotent" else "case when op = 'remove' then null else payload_hash end"
    return f"""
    with withdrawn as ({withdrawn_people(sync)}),
    wanted as (
        select a.person_id, {quick} as quick_hash
        from marts.audiences as a
        inner join marts.profiles as p on p.person_id = a.person_id
        where a.sync = $1 and a.included and not exists (select 1 from withdrawn as w where w.person_id = a.person_id)
    ),
    have as (
        select d.person_id, d.quick_hash, d.delivered_hash as there
        from activation.delivered as d
        where d.sync = $1 and not exists
            (select 1 from activation.sending as s where s.sync = $1 and s.person_id = d.person_id)
        union all
        select person_id, null, {crashed} from activation.sending where sync = $1
    ),
    candidates as (
        select coalesce(w.person_id, h.person_id) as person_id, w.person_id is not null as is_wanted, h.there
        from wanted as w full join have as h on h.person_id = w.person_id
        where w.quick_hash is null or h.quick_hash is null or w.quick_hash <> h.quick_hash
    ),
    judged as (
        select c.person_id, c.is_wanted, c.there, {payload_hash(sync.fields, sync.mapping_hash, "p")} as payload_hash
        from candidates as c left join marts.profiles as p on p.person_id = c.person_id
    ),
    decided as (
        select j.person_id, j.there is not null as ours, case
            when j.is_wanted and j.there is null then 'add'
            when j.is_wanted and j.there <> j.payload_hash then 'update'
            when not j.is_wanted and j.there is not null{_leaves(sync)} then 'remove' end as op
        from judged as j
    )
    select person_id, op, ours from decided where op is not null"""


def _leaves(sync: Sync) -> str:
    if sync.mode == "mirror":
        return ""
    reasons = ", ".join(f"'{reason}'" for reason in MUST_GO)
    return f""" and (exists (select 1 from withdrawn as w where w.person_id = j.person_id) or exists
                (select 1 from marts.audiences as a where a.sync = $1 and a.person_id = j.person_id and a.reason in ({reasons})))"""


def standings(sync: Sync) -> str:
    """SELECT standing, people: `included`, or why a member of the segment is held back; $1 is the sync's name."""
    return f"""
    with withdrawn as ({withdrawn_people(sync)})
    select case when not a.included then a.reason when w.person_id is not null then 'withdrawn'
        when p.person_id is null then 'no_profile' else 'included' end as standing, count(*) as people
    from marts.audiences as a
    left join withdrawn as w on w.person_id = a.person_id
    left join marts.profiles as p on p.person_id = a.person_id
    where a.sync = $1 group by 1 order by 1"""


def window(sync: Sync, engine_name: str) -> str:
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
        {quick_hash(sync.fields, sync.mapping_hash, "p", engine_name)} as quick_hash{fields}
    from activation.pending as q
    left join marts.profiles as p on p.person_id = q.person_id
    left join withdrawn as w on w.person_id = q.person_id
    where q.sync = $1 and q.position > $2 and q.position <= $3 order by q.position"""
