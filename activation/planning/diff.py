"""Desired minus delivered, computed in the warehouse: the SQL of the plan, plumbing that runs on every engine."""

from activation.delivery.payload import EXITED, UNKNOWN, payload_hash, quick_hash
from activation.delivery.withdrawn import ADDRESSES as STOPPED
from activation.delivery.withdrawn import KEPT, identifier_of, keep_withdrawals, kept_people, knows_addresses
from activation.ledger.addresses_in_doubt import several
from activation.sync import Sync
from core.warehouse import Warehouse

# Whatever the mode, these are taken out: consent outlives the segment. And whoever was found to be somebody else:
# under the earlier id nobody withdraws any more.
MUST_GO = ("merged", "no_consent", "withdrawn", "unsubscribed", "bounced", "complained", "suppressed")
NO_PERSON = "no_person"  # the id is nobody's any more; goes too, and counts as one who has left: all may be lost
ADDRESSES = ("email", "phone")  # columns of marts.profiles that reach somebody; the words of identifiers too


def asked_for(sync: Sync, alias: str, only: str) -> str:
    """SQL condition: this row is one that a push of one person (of a feed: or of one event) is about; $1: the sync.

    only   the parameter, `$2`, that holds the id
    """
    if not sync.feed:
        return f"{alias}.record_key = {only}"
    theirs = f"select event_id from {sync.audience} where sync = $1 and person_id = {only}"
    return f"({alias}.record_key = {only} or {alias}.record_key in ({theirs}))"


def find_changed(db: Warehouse, sync: Sync, only: str = "", rejected_only: bool = False) -> None:
    """Fill the temporary table `changed_people` with everybody of whom something may have to be said to the channel.

    only            one person_id (of a feed also one event_id): a push of one person looks at nobody else
    rejected_only   those whom the channel refused the last time

    One join sets aside the millions of whom nothing has changed, by the quick hash; what is left is small, known to the
    engine as small, and looked at closely by `changes`. Who is under way in a vendor's job is left to that job.
    """
    condition = f"and {asked_for(sync, 'suspects', '$2')}" if only else ""
    keep_withdrawals(db, sync)
    find_merged(db)
    db.drop_temporary("changed_people")
    db.execute("create temporary table changed_people (record_key text)")
    db.execute(
        f"""insert into changed_people
        with suspects as ({_unsent(sync) if sync.mode == "append" else _different(db, sync)})
        select record_key from suspects
        where record_key not in (select record_key from activation.sending where sync = $1) {condition}""",
        [sync.name, only] if only else [sync.name],
    )
    if rejected_only:
        refused = "select record_key from activation.delivered where sync = $1 and status = 'rejected'"
        db.execute(f"delete from changed_people where record_key not in ({refused})", [sync.name])
    find_stopped(db, sync, "d.record_key in (select record_key from changed_people)")
    _find_unconsented(db, sync)


def _find_unconsented(db: Warehouse, sync: Sync) -> None:
    """Fill the temporary table `unconsented_people`: of changed_people, who is there, has left the segment and has no
    consent any more. The audience says it of members alone."""
    db.drop_temporary("unconsented_people")
    db.execute("create temporary table unconsented_people (record_key text, reason text)")
    if sync.feed or sync.contact_channel == "none":
        return
    db.execute(
        f"""insert into unconsented_people
        select c.record_key, case when k.person_id is null then '{NO_PERSON}' else k.reason end
        from changed_people as c
        inner join activation.delivered as d
            on d.sync = $1 and d.record_key = c.record_key and d.delivered_hash is not null
        left join {sync.members} as a on a.sync = $1 and a.record_key = c.record_key
        left join marts.contactability as k on k.person_id = c.record_key
            and k.channel = '{sync.contact_channel}' and k.purpose = '{sync.purpose}'
        where a.record_key is null and (k.person_id is null or k.reason = 'no_consent')""",
        [sync.name],
    )


def find_merged(db: Warehouse) -> None:
    """Fill the temporary table `merged_people`: each id that is no more, and who that person is now."""
    db.drop_temporary("merged_people")
    db.execute("create temporary table merged_people (merged_person_id text, person_id text)")
    if db.exists("identity.merges"):
        db.execute(
            """insert into merged_people select merged_person_id, person_id from identity.merges
            where person_id in (select person_id from marts.profiles)
                and merged_person_id not in (select person_id from marts.profiles)"""
        )


def find_stopped(db: Warehouse, sync: Sync, condition: str = "1 = 1") -> None:
    """Fill the temporary table `stopped_people`: whom the channel knows by an address that has said no by now,
    whatever address is theirs today, and whether today's is another (moved).

    condition   SQL on the ledger's rows `d`, about the record_key: who is looked at
    """
    db.drop_temporary("stopped_people")
    db.execute("create temporary table stopped_people (record_key text, moved boolean)")
    addresses, foreign = _addresses(sync), sync.foreign
    if not addresses or lacks_stopped_addresses(db, sync):
        return

    def as_identifier(value: str, name: str, column: str) -> str:
        return identifier_of(value) if name in foreign else f"'{column}:' || {value}"

    delivered = " union all ".join(
        f"""select d.record_key, {as_identifier(db.json_text("d.payload", name), name, column)} as identifier,
            {as_identifier(f"p.{column}", name, column)} as today
        from there as d left join {sync.records} as p on p.{sync.key} = d.record_key"""
        for name, column in addresses
    )
    db.execute(
        f"""insert into stopped_people
        with there as (
            select d.record_key, d.payload from activation.delivered as d
            where d.sync = $1 and d.delivered_hash is not null and d.payload is not null and {condition}
            union all  -- where nobody knows which of several addresses is there
            select d.record_key, d.payload from activation.addresses_in_doubt as d where d.sync = $1 and {condition}
        ),
        delivered as ({delivered})
        select d.record_key, min(case when d.today <> d.identifier then 1 else 0 end) = 1
        from delivered as d inner join {KEPT[STOPPED]} as s on s.identifier = d.identifier
        where s.channel = '{sync.contact_channel}' and s.purpose = '{sync.purpose}'
        group by d.record_key""",
        [sync.name],
    )


def lacks_stopped_addresses(db: Warehouse, sync: Sync) -> bool:
    """Whether this sync gives addresses, and an earlier version built the warehouse: which said no is unknown."""
    return bool(_addresses(sync) or sync.foreign) and not knows_addresses(db)


def _addresses(sync: Sync) -> list[tuple[str, str]]:
    """The fields, with their columns, by which the channel may still know somebody who can be taken out."""
    if sync.mode == "append" or sync.contact_channel == "none":
        return []
    foreign = sync.foreign
    return [(name, column) for name, column in sync.columns.items() if column in ADDRESSES or name in foreign]


def find_withdrawn(db: Warehouse, sync: Sync, only: str = "") -> None:
    """Fill `changed_people` with those alone who are there and have withdrawn by now, or are there under an address
    that has: no audience is asked."""
    keep_withdrawals(db, sync)
    find_stopped(db, sync)
    db.drop_temporary("changed_people")
    db.execute("create temporary table changed_people (record_key text)")
    condition = "and record_key = $2" if only else ""
    db.execute(
        f"""insert into changed_people select record_key from activation.delivered
        where sync = $1 and delivered_hash is not null {condition}
            and (record_key in ({kept_people(sync)}) or record_key in (select record_key from stopped_people))
            and record_key not in (select record_key from activation.sending where sync = $1)""",
        [sync.name, only] if only else [sync.name],
    )


def withdrawals(sync: Sync, takes_back: bool = True) -> str:
    """As `changes`, of those who have withdrawn and of nobody else; nothing where nothing can be taken back."""
    never = "" if takes_back and sync.mode != "append" else "and 1 = 0"
    return f"""select record_key, 'remove' as op, true as ours, 'withdrawn' as reason
        from changed_people where $1 <> '' {never}"""


def _different(db: Warehouse, sync: Sync) -> str:
    """SELECT record_key of all who may be wanted otherwise than they are there; $1: the sync."""
    return f"""
        select coalesce(w.record_key, h.record_key) as record_key
        from (
            select a.record_key, {quick_hash(db, sync.columns, sync.mapping_hash, "p")} as quick_hash
            from {sync.members} as a inner join {sync.records} as p on p.{sync.key} = a.record_key
            where a.sync = $1 and a.included{" and 1 = 0" if sync.wants_nobody else ""}
        ) as w
        full join (select record_key, quick_hash from activation.delivered where sync = $1) as h
            on h.record_key = w.record_key
        left join ({kept_people(sync)}) as g on g.record_key = h.record_key
        where w.quick_hash is null or h.quick_hash is null or w.quick_hash <> h.quick_hash
            or g.record_key is not null"""


def _unsent(sync: Sync) -> str:
    """SELECT record_key of what is wanted and not there, or in doubt: events do not change; $1: the sync."""
    return f"""
        select a.record_key from {sync.members} as a
        left join activation.delivered as h
            on h.sync = $1 and h.record_key = a.record_key
            and h.delivered_hash is not null and h.delivered_hash <> '{UNKNOWN}'
        where a.sync = $1 and a.included and h.record_key is null"""


def digest(db: Warehouse, sync: Sync, source: str) -> str:
    """SELECT one number over all changes and what they would say, in any order; plans are the same when it is.

    source   SELECT record_key, op, … with $1 = the sync's name
    """
    row = db.row_hash(["c.record_key", "c.op", quick_hash(db, sync.columns, sync.mapping_hash, "p")])
    return f"""select count(*) as changes, cast(coalesce(sum(cast({row} as numeric(38, 0))), 0) as varchar) as total
        from ({source}) as c left join {sync.records} as p on p.{sync.key} = c.record_key"""


def changes(sync: Sync, takes_back: bool = True, resends: bool = True) -> str:
    """SELECT record_key, op (add, update, exit, remove), ours (it is there), reason of changed_people; $1: the sync."""
    # Whatever the mode, what is in doubt goes again where the channel's rule allows it; an event as what it was.
    op = "add" if sync.mode == "append" else "update"
    again = f"when is_wanted and there = '{UNKNOWN}' then '{op}'" if resends else ""
    membership = "1 = 0" if sync.wants_nobody else "coalesce(a.included, false)"
    # Under the earlier id the message has reached them.
    heard = "and h.record_key is null" if not sync.feed and (sync.mode == "append" or not takes_back) else ""
    # Who is there under an address that has said no goes, but where this very run puts another in its place.
    replaced = "1 = 0"
    if sync.updates:
        replaced = "is_wanted and moved and not torn and there <> payload_hash and status <> 'rejected'"
    return f"""
    with withdrawn as ({kept_people(sync)}),
    known as (  -- few of a large ledger: the engine would hash all of it to join it with them
        select * from activation.delivered where sync = $1 and record_key in (select record_key from changed_people)
    ),
    heard as (
        select distinct m.person_id as record_key from merged_people as m
        inner join activation.delivered as d
            on d.sync = $1 and d.record_key = m.merged_person_id and d.delivered_hash is not null
    ),
    looked_at as (
        select c.record_key, {membership} and p.{sync.key} is not null and w.record_key is null {heard} as is_wanted,
            case {"when 1 = 1 then 'retired'" if sync.retired else ""} when w.record_key is not null
                    then case when a.reason = 'suppressed' then a.reason else 'withdrawn' end
                when m.merged_person_id is not null then 'merged'
                when a.record_key is null then coalesce(u.reason, 'left_segment')
                when a.included and p.{sync.key} is null then 'no_profile' else a.reason end as reason,
            d.delivered_hash as there, d.status, {several("c.record_key")} as torn,
            s.record_key is not null as is_stopped, s.moved,
            case when d.delivered_hash is not null
                then {payload_hash(sync.columns, sync.mapping_hash, "p")} end as payload_hash
        from changed_people as c
        left join {sync.members} as a on a.sync = $1 and a.record_key = c.record_key
        left join {sync.records} as p on p.{sync.key} = c.record_key
        left join withdrawn as w on w.record_key = c.record_key
        left join unconsented_people as u on u.record_key = c.record_key
        left join heard as h on h.record_key = c.record_key
        left join (select distinct merged_person_id from merged_people) as m on m.merged_person_id = c.record_key
        left join known as d on d.record_key = c.record_key
        left join stopped_people as s on s.record_key = c.record_key
    ),
    marked as (
        select *, is_stopped and not coalesce({replaced}, false) as must_go from looked_at
    ),
    judged as (
        select record_key, is_wanted and not must_go as is_wanted,
            case when must_go then 'withdrawn' else reason end as reason, there, status, torn, payload_hash
        from marked
    ),
    decided as (
        select record_key, there is not null as ours, case
            when is_wanted and (there is null or there = '{EXITED}') then 'add'
            {"when is_wanted and there <> payload_hash then 'update'" if sync.updates else again}
            {_leaves(sync) if takes_back else ""} end as op,
            case when not is_wanted then reason when there is null and status = 'rejected' then 'tried_again'
                when there is null or there = '{EXITED}' then 'entered'
                when there = '{UNKNOWN}' then 'in_doubt' else 'changed' end as reason
        from judged
    )
    select record_key, op, ours, reason from decided where op is not null"""


def _leaves(sync: Sync) -> str:
    if sync.mode == "append":  # what was said to have happened cannot be taken back, whatever the channel can
        return ""
    reasons = ", ".join(f"'{reason}'" for reason in (*MUST_GO, NO_PERSON))
    if sync.retired:
        return "when there is not null then 'remove'"
    must_go = f"when not is_wanted and there is not null and reason in ({reasons}) then 'remove'"
    if not sync.follows_leavers:
        return must_go
    # Where nobody knows which of several addresses is there, none can be left with a field set: all but one go.
    leaves = "case when torn then 'remove' else 'exit' end" if sync.exit_fields else "'remove'"
    return f"{must_go} when not is_wanted and there is not null and there <> '{EXITED}' then {leaves}"


def standings(sync: Sync) -> str:
    """SELECT standing, people: `included`, or why a member of the segment is held back; $1 is the sync's name."""
    return f"""
    with withdrawn as ({kept_people(sync)}),
    told as (select reason, count(*) as people from {sync.audience} where sync = $1 group by reason),
    withdrawn_since as (
        select count(*) as people from {sync.members} as a inner join withdrawn as w on w.record_key = a.record_key
        where a.sync = $1 and a.included
    ),
    without_profile as (
        select count(*) as people from {sync.members} as a left join {sync.records} as p on p.{sync.key} = a.record_key
        where a.sync = $1 and a.included and p.{sync.key} is null
            and a.record_key not in (select record_key from withdrawn)
    ),
    counted as (
        select reason as standing, people from told
        union all select 'withdrawn', people from withdrawn_since
        union all select 'included', -people from withdrawn_since
        union all select 'no_profile', people from without_profile
        union all select 'included', -people from without_profile
    )
    select standing, cast(sum(people) as bigint) as people from counted
    group by standing having sum(people) <> 0 order by standing"""
