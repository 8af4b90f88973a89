"""A steward's word on one field of somebody, which outranks every record: data that is only ever added to."""

import getpass
import uuid
from typing import Any

import pyarrow as pa

from core import clock
from core.errors import ConfigError
from core.extras.columns import extras
from core.golden.load import fields_of
from core.golden.spec import ADDRESSES
from core.identifiers import normalise_emails, normalise_phones
from core.settings import Settings
from core.warehouse import Warehouse, connect
from people.golden.values import read_value
from people.jobs import ensure
from people.schemas import OVERRIDES

Row = dict[str, Any]
PROVENANCE = "marts.profile_provenance"
# who has the address beside the person: as its owner, or as one of several
HOLDERS = """
    select p.person_id from (
        select identifier, person_id from identity.person_identifiers
        union select identifier, person_id from identity.shared_identifiers) as p
    inner join identity.people as q on q.person_id = p.person_id
    where p.identifier = $1 and q.records > 0"""
# the newest word on the field for each record, where it stands and the record is this person's by now
STANDING = """
    select o.record_id, o.value from (
        select *, row_number() over (partition by record_id order by decided_at desc, override_id) as newest
        from identity.overrides where field = $2) as o
    left join identity.record_people as r on r.record_id = o.record_id
    left join identity.person_identifiers as i on i.identifier = o.record_id
    left join identity.merges as m on m.merged_person_id = o.person_id
    where o.newest = 1 and o.verdict = 'set'
        and coalesce(r.person_id, i.person_id, m.person_id, o.person_id) = $1
    order by o.record_id"""


def set_field(settings: Settings, person: str, assignment: str, reason: str, by: str = "") -> Row:
    """Write down what a field of somebody is, from the next night on; FIELD= (nothing) says that no value is right.

    person      a person_id, a record, an e-mail address, a phone number or an identifier
    assignment  FIELD=VALUE
    Raises      ConfigError for somebody or a field unknown, a value that cannot be, an address that is somebody else's,
                or without a reason.
    """
    field, equals, text = assignment.partition("=")
    field, kind = field.strip(), _kind(settings, field.strip())
    if not equals:
        raise ConfigError(f"What is {field}? Write {field}=VALUE, or {field}= for none.")
    _reasoned(reason)
    ensure(settings)
    with connect(settings, writer="identity") as db:
        person_id = find_person(db, settings, person)
        value = read_value(settings, _country(db, person_id), field, kind, text)
        _not_anothers(db, person_id, field, value)
        _known_account(db, field, value)
        word = {"person_id": person_id, "record_id": _record(db, person_id, field), "field": field, "value": value}
        return _write(db, [word], "set", reason, by)


def unset_field(settings: Settings, person: str, field: str, reason: str, by: str = "") -> Row:
    """An earlier word counts no more: the records decide again.

    Raises   ConfigError as set_field, and where nobody has set the field.
    """
    _kind(settings, field)
    _reasoned(reason)
    ensure(settings)
    with connect(settings, writer="identity") as db:
        person_id = find_person(db, settings, person)
        standing = db.query(STANDING, [person_id, field]).to_pylist()
        if not standing:
            raise ConfigError(f"Nobody has set {field} of that person. `fairlead review` lists what is set.")
        words = [{**row, "person_id": person_id, "field": field, "value": None} for row in standing]
        return _write(db, words, "undone", reason, by)


def find_person(db: Warehouse, settings: Settings, text: str) -> str:
    """Who answers to a person_id, a record or an identifier as it is typed. Raises ConfigError where nobody does, or
    several do.
    """
    typed = pa.array([text.strip()])
    numbers = normalise_phones(typed, settings.project.default_country)
    addresses = (("email", normalise_emails(typed)[0].as_py()), ("phone", numbers[0].as_py()))
    candidates = [text.strip(), *(f"{kind}:{value}" for kind, value in addresses if value)]
    for sql in (
        "select person_id from identity.people where person_id = $1",
        "select person_id from identity.merges where merged_person_id = $1",
        "select person_id from identity.record_people where record_id = $1",
        "select person_id from identity.person_identifiers where identifier = $1",
    ):
        for candidate in candidates:
            if matches := db.query(sql, [candidate])["person_id"].to_pylist():
                _of_one(db, candidate)
                return str(matches[0])
    raise ConfigError(
        "Nobody answers to that. Give a person_id, a record, an e-mail address, a number or an identifier."
    )


def _of_one(db: Warehouse, identifier: str) -> None:
    """What several people have names none of them."""
    sql = "select person_id from identity.shared_identifiers where identifier = $1 order by is_owner desc, person_id"
    if len(people := db.query(sql, [identifier])["person_id"].to_pylist()) > 1:
        raise ConfigError(f"That is several people's: {', '.join(people[:5])}. Name one of them, or a record.")


def _kind(settings: Settings, field: str) -> str:
    fields = fields_of(settings, extras(settings).get("columns", {}).get("people", {}))
    if field not in fields:
        raise ConfigError(f"No field {field or '(none)'} of a profile can be set. Fields: {', '.join(fields)}.")
    return fields[field]


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise ConfigError('Say why, for whoever looks at it later: --reason "one phone call".')


def _country(db: Warehouse, person_id: str) -> str | None:
    if not db.exists("marts.profiles"):
        return None
    rows = db.query("select country from marts.profiles where person_id = $1", [person_id])["country"].to_pylist()
    return rows[0] if rows else None


def _not_anothers(db: Warehouse, person_id: str, field: str, value: str | None) -> None:
    """An address that somebody else has would be written to with this one's consent."""
    if field not in ADDRESSES or value is None:
        return
    holders = db.query(HOLDERS, [f"{field}:{value}"])["person_id"].to_pylist()
    if holders and person_id not in holders:
        raise ConfigError(
            f"That {field} is {holders[0]}'s. If both are one human, say that: fairlead review --same {person_id}"
            f' {holders[0]} --reason "…".'
        )


def _known_account(db: Warehouse, field: str, value: str | None) -> None:
    accounts = "intermediate.int_accounts__unioned"
    if field != "account_key" or value is None or not db.exists(accounts):
        return
    if not db.query(f"select 1 from {accounts} where account_key = $1 limit 1", [value]).num_rows:
        raise ConfigError('No account has that key. `fairlead query "select account_key, name from marts.accounts"`.')


def _record(db: Warehouse, person_id: str, field: str) -> str:
    """Which record the word goes with, wherever that goes: the one that gives the value now, else the person's first;
    of who is only named by others, such a reference.
    """
    mine = "select record_id from identity.record_people where person_id = $1 order by record_id"
    records = db.query(mine, [person_id])["record_id"].to_pylist()
    if not records:
        sql = "select min(identifier) as i from identity.person_identifiers where person_id = $1 and kind <> 'device'"
        return str(db.query(sql, [person_id])["i"][0].as_py())
    giving = []
    if db.exists(PROVENANCE):
        sql = f"select record_id from {PROVENANCE} where person_id = $1 and field = $2"
        giving = db.query(sql, [person_id, field])["record_id"].to_pylist()
    return str(next((record for record in giving if record in records), records[0]))


def _write(db: Warehouse, words: list[Row], verdict: str, reason: str, by: str) -> Row:
    now = clock.now().replace(tzinfo=None)
    shared = {"verdict": verdict, "reason": reason.strip(), "decided_by": by.strip() or _user(), "decided_at": now}
    rows = [{**word, **shared, "override_id": uuid.uuid4().hex} for word in words]
    db.load("identity.overrides", pa.Table.from_pylist(rows, schema=OVERRIDES), "append")
    shown = ("person_id", "record_id", "field", "value", "verdict", "reason", "decided_by")
    return {**{key: rows[0][key] for key in shown}, "decided_at": now.isoformat(), "ok": True}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return "unknown"
