"""Under which addresses somebody may be there, where addresses are keys and nobody knows which arrived.

A row an address, in the order in which they are taken out, one each run; `delivered.payload` is the one whose turn it
is. What the channel has done takes the first away; what it was told is there, or may be, comes last; who is left under
one address is settled, and stands in `delivered` alone.
"""

import pyarrow as pa
import pyarrow.compute as pc

from activation.delivery.payload import UNKNOWN
from core.warehouse import Warehouse

# Of the `answers`: what came of them changed something at the channel, or may have.
EFFECTIVE = "select * from answers where not keeps"
# And of them those who were there under another address before, and perhaps still are.
LIST_STANDING = f"""
    insert into activation.addresses_in_doubt (sync, record_key, place, address, payload)
    select $1, t.record_key, 1, t.stood, d.payload
    from answers as t inner join activation.delivered as d on d.sync = $1 and d.record_key = t.record_key
    where t.delivered_hash = '{UNKNOWN}' and t.op <> 'remove' and t.address <> t.stood
        and d.delivered_hash is not null and d.payload is not null
        and t.record_key not in (select record_key from activation.addresses_in_doubt where sync = $1)"""
DROP_FIRST = f"""
    delete from activation.addresses_in_doubt where sync = $1
        and record_key in (select record_key from ({EFFECTIVE}) as t where delivered_hash is distinct from '{UNKNOWN}')
        and (record_key, place) in (
            select record_key, min(place) from activation.addresses_in_doubt where sync = $1 group by record_key)"""
# The same address comes last again; and where the channel no longer knows people by one, they are there once.
DROP_REPEATED = f"""
    delete from activation.addresses_in_doubt where sync = $1 and exists (
        select 1 from ({EFFECTIVE}) as t
        where t.record_key = activation.addresses_in_doubt.record_key and t.op <> 'remove'
            and (t.address is null or t.payload is null or t.address = activation.addresses_in_doubt.address))"""
ADD_SENT = f"""
    insert into activation.addresses_in_doubt (sync, record_key, place, address, payload)
    select $1, t.record_key, o.last + 1, t.address, t.payload
    from ({EFFECTIVE}) as t inner join (
        select record_key, max(place) as last from activation.addresses_in_doubt where sync = $1 group by record_key
    ) as o on o.record_key = t.record_key
    where t.op <> 'remove'"""
DROP_SINGLE = """
    delete from activation.addresses_in_doubt where sync = $1 and record_key in (
        select record_key from activation.addresses_in_doubt where sync = $1 group by record_key having count(*) = 1)"""
# Of each: how many addresses there are, and the values under the first of them.
FIRST = """
    select a.record_key, a.payload, o.addresses
    from activation.addresses_in_doubt as a inner join (
        select record_key, min(place) as first, count(*) as addresses
        from activation.addresses_in_doubt where sync = $1 group by record_key
    ) as o on o.record_key = a.record_key and o.first = a.place
    where a.sync = $1"""


def several(key: str, sync: str = "$1") -> str:
    """SQL condition: nobody knows under which of several addresses this record is there."""
    return f"{key} in (select record_key from activation.addresses_in_doubt where sync = {sync})"


def concern(db: Warehouse, sync: str, answers: pa.Table) -> bool:
    """Whether any of the answers is about addresses in doubt, or brings some. Mostly none is."""
    if pc.any(pc.not_equal(answers["address"], answers["stood"])).as_py():
        return True
    return len(db.query("select 1 as one from activation.addresses_in_doubt where sync = $1 limit 1", [sync])) > 0


def learn(db: Warehouse, sync: str) -> None:
    """Take in the `answers`, before `delivered` does: `settle` follows when that has read FIRST."""
    for statement in (LIST_STANDING, DROP_FIRST, DROP_REPEATED, ADD_SENT):
        db.execute(statement, [sync])


def settle(db: Warehouse, sync: str) -> None:
    """Who is there under one address is in doubt about none."""
    db.execute(DROP_SINGLE, [sync])


def forget(db: Warehouse, sync: str, keys: str) -> None:
    """keys   SELECT record_key of those of whom it was decided what is there"""
    db.execute(f"delete from activation.addresses_in_doubt where sync = $1 and record_key in ({keys})", [sync])
