"""`fairlead why PERSON`: everything we hold on one person and why they are where they are. Reads only."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa

from core.clock import as_said
from core.errors import ConfigError
from core.identifiers import normalise_emails, normalise_phones
from core.project.files import found
from core.settings import Settings
from core.warehouse import Warehouse, connect
from insight.groups import groups_of

# The ledger's record_key is a person's id, or of a feed the event's; whose that is, the feed says.
EVENTS = """
    select f.sync, f.event_id, f.occurred_at, f.included, f.reason, d.status, d.updated_at
    from marts.feed_audiences as f
    left join activation.delivered as d on d.sync = f.sync and d.record_key = f.event_id
    where f.person_id = $1 order by f.occurred_at desc, f.sync, f.event_id"""
IDENTIFIERS = """
    select identifier, kind, first_seen_day from identity.person_identifiers
    where person_id = $1 order by 1"""
PROVENANCE = """
    select field, value, source, record_id, said_at, rule, candidates, distinct_values from marts.profile_provenance
    where person_id = $1 order by field"""
AUDIENCES = "select sync, included, reason from marts.audiences where person_id = $1 order by sync"
HISTORY = """
    select channel, purpose, status, occurred_at, wording_version, collected_by from marts.consents
    where person_id = $1 order by occurred_at, channel, purpose"""
MAY_CONTACT = """
    select c.channel, c.purpose, c.allowed, c.reason, s.stopped_at, s.stopped_for from marts.contactability as c
    left join intermediate.int_consents__standing as s
        on s.person_id = c.person_id and s.channel = c.channel and s.purpose = c.purpose
    where c.person_id = $1 order by c.channel, c.purpose"""
DELIVERIES = """
    select sync, op, status, attempts, last_error, updated_at from activation.delivered
    where record_key = $1 order by sync"""


def why(settings: Settings, identifier: str) -> dict[str, Any]:
    """The object of `why --json`: {person_id, profile, meanings, provenance, identifiers, groups, segments, scores,
    consents, audiences, deliveries, events}.

    identifier   a person_id (a merged one leads to the survivor), a record, an e-mail address, a phone number or any
                 qualified identifier.
    Raises       ConfigError when nobody answers to it, or nothing was built yet.
    """
    with connect(settings) as db:
        if not db.exists("marts.profiles"):
            raise ConfigError("Nothing is built yet, so nobody can be looked up. Run `fairlead run --day D` first.")
        if "record_key" not in db.columns("activation.delivered"):
            raise ConfigError("The ledger is of an earlier version. Run `fairlead build --day D` first.")
        person_id = find(db, identifier, settings.project.default_country)
        profile = _rows(db, "select * from marts.profiles where person_id = $1", person_id)
        return {
            "person_id": person_id,
            "profile": _said(profile, settings)[0] if profile else {},
            "meanings": _meanings(db),
            "provenance": _provenance(db, person_id, settings),
            "identifiers": _rows(db, IDENTIFIERS, person_id),
            "groups": groups_of(db, person_id),
            "segments": _segments(db, person_id),
            "scores": _scores(db, settings, person_id),
            "consents": _consents(db, person_id, settings),
            "audiences": _rows(db, AUDIENCES, person_id),
            "deliveries": _rows(db, DELIVERIES, person_id),
            "events": _said(_rows(db, EVENTS, person_id) if db.exists("marts.feed_audiences") else [], settings),
        }


def find(db: Warehouse, identifier: str, country: str) -> str:
    """An address or a number as it is typed is looked up as it landed: by the same rules, a national number in the
    project's country.
    """
    text = pa.array([identifier.strip()])
    normalised = (("email", normalise_emails(text)), ("phone", normalise_phones(text, country)))
    candidates = [identifier] + [f"{kind}:{matches[0].as_py()}" for kind, matches in normalised if matches[0].is_valid]
    for sql in (
        "select person_id from identity.people where person_id = $1",
        "select person_id from identity.merges where merged_person_id = $1",
        "select person_id from identity.record_people where record_id = $1",
        "select person_id from identity.person_identifiers where identifier = $1",
    ):
        for candidate in candidates:
            matches = db.query(sql, [candidate])["person_id"].to_pylist()
            if matches:
                return str(matches[0])
    raise ConfigError(
        "Nobody answers to that. Give a person_id, a record, an e-mail address, a phone number or an identifier such"
        f" as id:shop:c1. A number without its country's code is read as one of {country} (project.default_country);"
        " write +… for another."
    )


def _meanings(db: Warehouse) -> dict[str, str]:
    """What the profile's columns of a company's own mean, as its source files say it."""
    if not db.exists("marts.extra_columns"):
        return {}
    sql = (
        "select column_name, meaning from marts.extra_columns where table_name = 'marts.profiles' order by column_name"
    )
    return {row["column_name"]: row["meaning"] for row in db.query(sql).to_pylist()}


def _provenance(db: Warehouse, person_id: str, settings: Settings) -> list[dict[str, Any]]:
    """Where each value of the golden record comes from; nothing before the first build that says it."""
    if not db.exists("marts.profile_provenance"):
        return []
    return _said(_rows(db, PROVENANCE, person_id), settings)


def _segments(db: Warehouse, person_id: str) -> list[dict[str, Any]]:
    return _rows(
        db,
        "select segment, entered_day, left_day, decided_by from marts.segment_membership"
        " where person_id = $1 order by left_day is not null, segment, entered_day",
        person_id,
    )


def _scores(db: Warehouse, settings: Settings, person_id: str) -> list[dict[str, Any]]:
    scores: list[dict[str, Any]] = []
    for model in found(settings, "models"):
        if db.exists(f"scores.{model}"):
            newest = f"select * from scores.{model} where person_id = $1 order by as_of_day desc limit 1"
            scores += [{"model": model, **row} for row in _rows(db, newest, person_id)]
    return scores


def _consents(db: Warehouse, person_id: str, settings: Settings) -> dict[str, Any]:
    may_contact = _rows(db, MAY_CONTACT, person_id)
    for row in may_contact:  # the rule of consent puts a date without an hour at its end, which is the next midnight
        said = row["stopped_at"] and as_said(_instant(row["stopped_at"]), settings.zone)
        row["stopped_at"] = said if isinstance(said, datetime) or not said else said - timedelta(days=1)
    return {"history": _said(_rows(db, HISTORY, person_id), settings), "may_contact": may_contact}


def _said(rows: list[dict[str, Any]], settings: Settings) -> list[dict[str, Any]]:
    """Rows whose instants of a date alone are that date."""
    zone = settings.zone
    return [{k: as_said(v, zone) if isinstance(v, datetime) else v for k, v in row.items()} for row in rows]


def _instant(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _rows(db: Warehouse, sql: str, person_id: str) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k != "person_id"} for row in db.query(sql, [person_id]).to_pylist()]
