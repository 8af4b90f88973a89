"""Who may be contacted no more by now: SQL that plan, push and its last look share."""

from activation.sync import Sync


def withdrawn_people(sync: Sync) -> str:
    """SELECT record_key of all who may be contacted no more by now, whatever the day of the audience: of the people,
    or of their wanted events of a feed; $1: the sync. Of a sync that contacts nobody these are the suppressed.

    Among them who would be sent with an address that has said no, whoever holds it."""
    people = f"""select distinct person_id as record_key from marts.consent_withdrawals
        where channel = '{sync.contact_channel}' and purpose = '{sync.purpose}' and person_id is not null"""
    by_address = f" union {_by_judged(sync)}" if sync.judged else ""
    if not sync.feed:
        return people + by_address
    return f"""select event_id as record_key from {sync.audience}
        where sync = $1 and included and person_id in ({people}){by_address}"""


def _by_judged(sync: Sync) -> str:
    wanted = f"""inner join {sync.audience} as wanted
        on wanted.sync = $1 and wanted.included and wanted.{sync.key} = r.{sync.key}"""
    addresses = " union all ".join(
        f"select r.{sync.key} as record_key, {identifier_of(f'r.{column}')} as identifier from {sync.records} as r"
        + (f" {wanted}" if sync.feed else "")
        for column in sync.judged.values()
    )
    return f"""select u.record_key from ({addresses}) as u
        inner join marts.address_withdrawals as s on s.identifier = u.identifier
        where s.channel = '{sync.contact_channel}' and s.purpose = '{sync.purpose}'"""


def identifier_of(value: str) -> str:
    """SQL: the identifier that a text is, where it looks like an address; else NULL."""
    text = f"trim(cast({value} as varchar))"
    return (
        f"case when {text} like '%@%' then 'email:' || lower({text}) when {text} like '+%' then 'phone:' || {text} end"
    )
