"""HubSpot: contacts or companies on a list, and custom events in mode append. Set-up: docs/channels/hubspot.md.

Membership  the list `list_id`, whose members are set by hand (MANUAL or SNAPSHOT). Leaving takes a record off; the
            record stays.
Consent     with `subscription_id` the people's status is read first: who unsubscribed is skipped, and only who never
            said anything is subscribed. HubSpot's v4 would re-subscribe whoever is written, so nobody else ever is.
Source      https://developers.hubspot.com/docs/guides/api/crm/using-object-apis (100 records a call; errors by
            objectWriteTraceId), https://developers.hubspot.com/docs/guides/api/analytics-and-events/custom-events
            (500 events a call).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa
from pydantic import model_validator

from activation.channel import (
    ACCEPTED,
    AUDIENCE_MODES,
    IN_DOUBT,
    REJECTED,
    SKIPPED,
    About,
    ChangeBatch,
    Existing,
    Health,
    InDoubt,
    Limits,
    Results,
)  # fmt: skip
from activation.channels.hubspot.answers import faults, names_of, properties, read_quota, records
from activation.channels.hubspot.consent import Subscription, Verdicts
from activation.channels.hubspot.events import occurrences
from activation.channels.hubspot.lists import change_list
from activation.vendor.access import Access, access
from activation.vendor.calls import after_the_first
from activation.vendor.http import Http, Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "HubSpot", modes=AUDIENCE_MODES | {"create_only", "update_only", "append"},
    policies=frozenset({"overwrite", "never_null", "set_if_empty"}),
    contacts=("email", "sms", "ads", "none"),
    place=("object", "list_id", "id_property"),
)  # fmt: skip
# The lowest tier takes 100 calls in 10 s (X-HubSpot-RateLimit-Max as recorded); a push makes two, sometimes three.
LIMITS = Limits(100, 200, seconds_per_call=0.6, concurrency=4)
EVENT_LIMITS = Limits(500, 600, seconds_per_call=0.3, concurrency=4)
UNIQUE = {"contacts": "email", "companies": "domain"}


class Account(Spec):
    token_env: str = "FAIRLEAD_HUBSPOT_TOKEN"  # a private app's access token; its scopes: docs/channels/hubspot.md


class Options(Spec):
    object: Literal["contacts", "companies", "events"] = "contacts"
    list_id: str | None = None  # needed for contacts and companies
    id_property: str | None = None  # unique property that names the record; None: email, or domain for companies
    subscription_id: int | None = None  # contacts: the e-mail subscription that new people get
    legal_basis: str | None = None  # written with it, where the account keeps legal bases: CONSENT_WITH_NOTICE, …
    legal_basis_explanation: str | None = None
    event_name: str | None = None  # events: pe<account>_<name>, where the sync maps no eventName

    @model_validator(mode="after")
    def _whole(self) -> "Options":
        if self.object != "events" and not self.list_id:
            raise ValueError(f"list_id is needed for {self.object}: it is the audience")
        if self.subscription_id is not None and self.object != "contacts":
            raise ValueError("subscription_id is for contacts only")
        return self


def open_channel(settings: Settings, options: Options) -> "HubSpot":
    return HubSpot(access(settings, "hubspot", Account, "https://api.hubapi.com"), options)


@dataclass(repr=False)
class HubSpot:
    access: Access[Account]
    options: Options

    @property
    def limits(self) -> Limits:
        return EVENT_LIMITS if self.options.object == "events" else LIMITS

    @property
    def in_doubt(self) -> InDoubt:
        """HubSpot keeps an event's uuid to match by; nowhere does it promise to drop a second one of the same uuid."""
        return "message" if self.options.object == "events" else "idempotent"

    @cached_property
    def http(self) -> Http:
        token = self.access.secrets["token"]
        return Http("hubspot", self.access.base_url, {"Authorization": f"Bearer {token}"}, read_quota=read_quota)

    @property
    def id_property(self) -> str:
        return self.options.id_property or UNIQUE.get(self.options.object, "email")

    @property
    def subscription(self) -> Subscription | None:
        o = self.options
        if o.subscription_id is None:
            return None
        return Subscription(self.http, o.subscription_id, o.legal_basis, o.legal_basis_explanation)

    @property
    def kind(self) -> str:
        return "companies" if self.options.object == "companies" else "contacts"

    def push(self, batch: ChangeBatch) -> Results:
        if self.options.object == "events":
            self.http.call(
                Request("POST", "/events/v3/send/batch", json={"inputs": occurrences(batch, self.options.event_name)})
            )
            return Results.accepted(len(batch))
        if batch.removes:
            change_list(self.http, self.options.list_id, [], list(self._ids(batch).values()))
            return Results.accepted(len(batch))
        names = names_of(batch, self.id_property)
        verdicts: Verdicts = {row: (REJECTED, f"no {self.id_property}") for row, name in enumerate(names) if not name}
        statuses = self.subscription.statuses(batch) if self.subscription else {}
        verdicts |= {
            r: (SKIPPED, "unsubscribed at HubSpot") for r, status in statuses.items() if status == "UNSUBSCRIBED"
        }
        names_by_row = {row: name for row, name in enumerate(names) if row not in verdicts}
        contacts = self._upsert(batch, names_by_row, verdicts) if names_by_row else {}
        with after_the_first():
            self._enlist(batch, names, contacts, verdicts)
            verdicts |= self.subscription.give(batch, statuses, contacts) if self.subscription else {}
        ids = [str(contacts[row]["id"]) if row in contacts else None for row in range(len(batch))]
        return Results.of((verdicts.get(row, (ACCEPTED, None)) for row in range(len(batch))), ids)

    def _upsert(self, batch: ChangeBatch, names: dict[int, str], verdicts: Verdicts) -> dict[int, Any]:
        """Row -> the record as it is now; for the others a verdict is added."""
        rows = batch.records()
        inputs = [
            {"id": name, "idProperty": self.id_property, "objectWriteTraceId": str(row),
             "properties": properties({**rows[row], self.id_property: name})}
            for row, name in names.items()
        ]  # fmt: skip
        content = self._records("upsert", {"inputs": inputs})
        contacts, failed = records(content, names, self.id_property), faults(content, names)
        for row in names.keys() - contacts.keys():
            verdicts[row] = (
                (REJECTED, failed[row]) if row in failed else (IN_DOUBT, "the answer does not speak of this record")
            )
        return contacts

    def _enlist(self, batch: ChangeBatch, names: list[str], contacts: dict[int, Any], verdicts: Verdicts) -> None:
        """Onto the list; a person whose name changed leaves it under the old one, if that is another record."""
        old = names_of(batch, self.id_property, earlier=True) if batch.before is not None else names
        moved = {row: old[row] for row in contacts if old[row] and old[row].lower() != names[row].lower()}
        contact_ids = {str(record["id"]) for record in contacts.values()}
        leaver_ids = set(self._read(moved).values()) - contact_ids if moved else set()
        missing = change_list(self.http, self.options.list_id, sorted(contact_ids), sorted(leaver_ids))
        for row, record in contacts.items():
            if str(record["id"]) in missing:
                verdicts[row] = (REJECTED, "the list does not know the record")

    def _ids(self, batch: ChangeBatch) -> dict[int, str]:
        """Row -> record id of those who are there: as an earlier push was told, else as HubSpot says now."""
        remote_ids = batch.remote_ids.to_pylist() if batch.remote_ids is not None else [None] * len(batch)
        names = names_of(batch, self.id_property)
        looked_up = self._read(
            {row: names[row] for row, remote_id in enumerate(remote_ids) if not remote_id and names[row]}
        )
        return {row: remote_id for row, remote_id in enumerate(remote_ids) if remote_id} | looked_up

    def _read(self, names: dict[int, str]) -> dict[int, str]:
        return {row: str(record["id"]) for row, record in self._look(names, ()).items()}

    def _look(self, names: dict[int, str], fields: tuple[str, ...]) -> dict[int, Any]:
        if not names:
            return {}
        extra = ["hs_additional_emails"] if self.id_property == "email" else []
        inputs = [{"id": name} for name in dict.fromkeys(n.lower() if extra else n for n in names.values())]
        query = {"idProperty": self.id_property, "inputs": inputs, "properties": [self.id_property, *extra, *fields]}
        return records(self._records("read", query), names, self.id_property)

    def _records(self, verb: str, body: dict[str, Any]) -> Any:
        reply = self.http.call(Request("POST", f"/crm/v3/objects/{self.kind}/batch/{verb}", json=body))
        return reply.json() if reply.body else {}  # an archive has nothing to say

    def find(self, batch: ChangeBatch, fields: tuple[str, ...]) -> Existing:
        names = names_of(batch, self.id_property)
        contacts = self._look({row: name for row, name in enumerate(names) if name}, fields)
        held = [(contacts[row].get("properties") or {}) if row in contacts else {} for row in range(len(batch))]
        columns = {name: pa.array([h.get(name) or None for h in held], pa.string()) for name in fields}
        return Existing(pa.array([row in contacts for row in range(len(batch))]), pa.table(columns) if fields else None)

    def erase(self, batch: ChangeBatch) -> Results:
        """By record id: an address that HubSpot does not find goes on its blocklist, and is so kept for ever."""
        contact_ids, names = self._ids(batch), names_of(batch, self.id_property)
        ids = sorted(set(contact_ids.values()))
        if self.kind == "companies" and ids:
            self._records("archive", {"inputs": [{"id": record_id} for record_id in ids]})
        for record_id in ids if self.kind == "contacts" else []:
            with after_the_first():
                self.http.call(
                    Request("POST", "/crm/v3/objects/contacts/gdpr-delete", json={"objectId": record_id}, passes=(404,))
                )
        nameless = pa.array([row not in contact_ids and not name for row, name in enumerate(names)])
        return Results.rejecting(nameless, f"no {self.id_property}")

    def check(self) -> Health:
        """Looks for a record that cannot be there: the token and its scope to read, and nothing changed."""
        if self.options.object == "events":
            return self.http.healthy(Request("GET", "/account-info/v3/details"))
        body = {"inputs": [{"id": "0"}], "properties": []}
        return self.http.healthy(Request("POST", f"/crm/v3/objects/{self.kind}/batch/read", json=body))
