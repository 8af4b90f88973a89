"""What the ledger takes as there, or no longer believes, on somebody's word: nothing is asked or sent."""

from datetime import datetime

import pyarrow as pa

from activation.delivery.payload import EXITED, UNKNOWN, payload_hash, plain, quick_hash
from activation.delivery.withdrawn import withdrawn_people
from activation.ledger.addresses_in_doubt import forget
from activation.planning.diff import asked_for
from activation.sync import Sync
from activation.vendor.json_rows import json_rows
from core.clock import now
from core.warehouse import Warehouse

REBASELINED_AT_ONCE = 100_000  # people: keeps memory flat


def doubt_all(db: Warehouse, sync: Sync, only: str = "") -> None:
    """A full resync (or of `only` one person): as if nobody knew what the channel has of the people who are there.

    Of a feed, what is not wanted any more would stay in doubt for ever, and so is left as it is.
    """
    condition = f"""and record_key in (select record_key from {sync.members} as a where a.sync = $1 and a.included)
        and record_key not in ({withdrawn_people(sync)})"""
    db.execute(
        f"""update activation.delivered set delivered_hash = '{UNKNOWN}', quick_hash = null
        where sync = $1 and delivered_hash <> '{EXITED}' {condition if sync.feed else ""}
            and ({asked_for(sync, "activation.delivered", "$2")} or $2 = '')""",
        [sync.name, only],
    )


def rebaseline(db: Warehouse, sync: Sync, run_id: str, only: str = "") -> None:
    """Take the present payloads of who is there as delivered, and send nothing; the changelog says so."""
    if sync.mode == "append":  # what is there never changes, and so there is nothing to take over
        return
    condition = """activation.delivered.sync = $1 and delivered_hash is not null
        and p.person_id = activation.delivered.record_key
        and a.sync = $1 and a.person_id = p.person_id and a.included and (p.person_id = $2 or $2 = '')"""
    payload = payload_hash(sync.columns, sync.mapping_hash, "p")
    db.execute(
        """insert into activation.changelog (run_id, sync, record_key, op, reason, status, logged_at)
        select $2, $1, record_key, 'update', 'rebaselined', status, $3 from activation.delivered
        where sync = $1 and delivered_hash is not null and (record_key = $4 or $4 = '')""",
        [sync.name, run_id, now(), only],
    )
    db.execute(
        f"""update activation.delivered set payload_hash = {payload}, delivered_hash = {payload},
            quick_hash = {quick_hash(db, sync.columns, sync.mapping_hash, "p")}
        from marts.profiles as p, marts.audiences as a where {condition}""",
        [sync.name, only],
    )
    _take_payloads(db, sync, only)


def take_as_sent(db: Warehouse, sync: Sync, run_id: str, before: datetime | None) -> None:
    """Take what is wanted and not in the ledger as sent: a lost run may have sent it, and it must not go twice.

    before   of a feed: only what had happened by then (UTC); None: everything
    """
    at, payload = now(), payload_hash(sync.columns, sync.mapping_hash, "p")
    missing = f"""from {sync.members} as a inner join {sync.records} as p on p.{sync.key} = a.record_key
        left join activation.delivered as d on d.sync = $1 and d.record_key = a.record_key
        where a.sync = $1 and a.included and d.record_key is null {"and p.occurred_at < $4" if before else ""}"""
    params = [sync.name, run_id, at, *([before] if before else [])]
    db.execute(
        f"""insert into activation.changelog (run_id, sync, record_key, op, reason, status, logged_at)
        select $2, $1, a.record_key, 'add', 'rebaselined', 'delivered', $3 {missing}""",
        params,
    )
    db.execute(
        f"""insert into activation.delivered
            (sync, record_key, payload_hash, op, status, attempts, run_id, updated_at, delivered_hash, quick_hash)
        select $1, a.record_key, {payload}, 'add', 'delivered', 1, $2, $3, {payload},
            {quick_hash(db, sync.columns, sync.mapping_hash, "p")} {missing}""",
        params,
    )


def _take_payloads(db: Warehouse, sync: Sync, only: str) -> None:
    """The payloads beside the hashes: by them a later removal knows whom it takes out."""
    fields, last = "".join(f", p.{column} as f{i}" for i, column in enumerate(sync.columns.values())), ""
    while True:
        rows = db.query(
            f"""select d.record_key{fields} from activation.delivered as d
            inner join marts.profiles as p on p.person_id = d.record_key
            inner join marts.audiences as a on a.sync = $1 and a.person_id = d.record_key and a.included
            where d.sync = $1 and d.delivered_hash is not null and (d.record_key = $2 or $2 = '') and d.record_key > $3
            order by d.record_key limit {REBASELINED_AT_ONCE}""",
            [sync.name, only, last],
        )
        if not len(rows):
            return
        present = plain(pa.table({name: rows[f"f{i}"] for i, name in enumerate(sync.columns)}))
        with db.given("taken", pa.table({"record_key": rows["record_key"], "payload": json_rows(present)})):
            db.execute(
                """update activation.delivered set payload = t.payload from taken as t
                where activation.delivered.sync = $1 and activation.delivered.record_key = t.record_key""",
                [sync.name],
            )
            forget(db, sync.name, "select record_key from taken")
        last = rows["record_key"][-1].as_py()
