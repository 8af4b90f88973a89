"""Who may be contacted no more by now: SQL that plan, push and its last look share."""

import hashlib

from activation.sync import Sync
from core.engines.recalled import keep, recalls
from core.warehouse import Warehouse

PEOPLE, ADDRESSES = "marts.consent_withdrawals", "marts.address_withdrawals"
KEPT = {PEOPLE: "kept_consent_withdrawals", ADDRESSES: "kept_address_withdrawals"}

WHITE = "' ' || chr(9) || chr(10) || chr(13) || chr(160)"  # SQL; the last is the space that does not break


def keep_withdrawals(db: Warehouse, sync: Sync) -> None:
    """Fill the temporary tables of KEPT and the one of `kept_people`, once a connection: both marts are views down to
    the sources, so that a no counts from its pull on, and each statement that names one computes it anew. And whose
    address has said no is found by looking at everybody's.
    """
    _keep_marts(db)
    if not db.has_temporary(_kept(sync)):
        db.execute(f"create temporary table {_kept(sync)} (record_key text)")
        db.execute(
            f"insert into {_kept(sync)} select record_key from ({_withdrawn_of_kept(sync)}) as w where $1 <> ''",
            [sync.name],
        )


def _keep_marts(db: Warehouse) -> None:
    for mart, table in KEPT.items():
        if not db.has_temporary(table) and db.exists(mart):
            keep(db, table, f"select * from {mart}")


def knows_addresses(db: Warehouse) -> bool:
    """Whether the mart of addresses is built; to ask a view for its columns takes as long as a small statement."""
    return db.has_temporary(KEPT[ADDRESSES]) or db.exists(ADDRESSES)


def noes(db: Warehouse) -> tuple[str, str]:
    """What a last look reads, who and which addresses have said no: what is kept of the marts, where this process may
    recall it, else the marts.
    """
    if not recalls(db):
        return PEOPLE, ADDRESSES
    _keep_marts(db)
    return KEPT[PEOPLE], KEPT[ADDRESSES]


def withdrawn_people(sync: Sync, people: str = PEOPLE, addresses: str = ADDRESSES, among: str = "") -> str:
    """SELECT record_key of all who may be contacted no more by now, whatever the day of the audience: of the people,
    or of their wanted events of a feed; $1: the sync. Of a sync that contacts nobody these are the suppressed.

    Among them who would be sent with an address that has said no, whoever holds it.

    people, addresses   the marts, or what is kept of them
    among               SELECT record_key of those whose addresses are looked at; '': everybody's
    """
    withdrawn = f"""select distinct person_id as record_key from {people}
        where channel = '{sync.contact_channel}' and purpose = '{sync.purpose}' and person_id is not null"""
    by_address = f" union {_by_judged(sync, addresses, among)}" if sync.judged else ""
    if not sync.feed:
        return withdrawn + by_address
    return f"""select event_id as record_key from {sync.audience}
        where sync = $1 and included and person_id in ({withdrawn}){by_address}"""


def kept_people(sync: Sync) -> str:
    """As `withdrawn_people`, from what `keep_withdrawals` has kept. No parameter is needed."""
    return f"select record_key from {_kept(sync)}"


def _withdrawn_of_kept(sync: Sync) -> str:
    return withdrawn_people(sync, *KEPT.values())


def _kept(sync: Sync) -> str:
    """A table for each sync as it stands: a connection plans several, and one of them perhaps without some fields."""
    digest = hashlib.sha256(f"{sync.name} {_withdrawn_of_kept(sync)}".encode()).hexdigest()
    return f"kept_people_{digest[:16]}"


def _by_judged(sync: Sync, withdrawals: str, among: str) -> str:
    wanted = f"""inner join {sync.audience} as wanted
        on wanted.sync = $1 and wanted.included and wanted.{sync.key} = r.{sync.key}"""
    addresses = " union all ".join(
        f"select r.{sync.key} as record_key, {identifier_of(f'r.{column}')} as identifier from {sync.records} as r"
        + (f" {wanted}" if sync.feed else "")
        + (f" where r.{sync.key} in ({among})" if among else "")
        for column in sync.judged.values()
    )
    return f"""select u.record_key from ({addresses}) as u
        inner join {withdrawals} as s on s.identifier = u.identifier
        where s.channel = '{sync.contact_channel}' and s.purpose = '{sync.purpose}'"""


def identifier_of(value: str) -> str:
    """SQL: the identifier that a text is, where it looks like an address or a number with its country; else NULL.

    White space around it and the signs between a number's digits are no part of it: a feed has what a form has.
    """
    text = f"trim(cast({value} as varchar), {WHITE})"
    number = f"translate(replace({text}, '(0)', ''), '()-./' || {WHITE}, '')"
    return (
        f"case when {text} like '%@%' then 'email:' || lower({text}) when {number} like '+%' then 'phone:' || {number}"
        f" when {number} like '00%' then 'phone:+' || substr({number}, 3) end"
    )
