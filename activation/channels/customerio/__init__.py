"""Customer.io: people and an attribute that says who is in, and events in mode append, by the Track API v2.
Set-up: docs/channels/customerio.md.

Membership  an attribute of the person, `fairlead_<segment>` unless `membership` names another: true in the audience,
            false outside. A manual segment would take a second request for the same people, and could fail where the
            first did not; the attribute goes in the item that makes the person, and a data-driven segment on it is as
            good to send to.
Source      https://docs.customer.io/integrations/api/track/ (v2: 500 KB a batch, 32 KB an item, 100 requests a second).
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from activation.channel import (
    ACCEPTED,
    AUDIENCE_MODES,
    REJECTED,
    About,
    BatchRejected,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.customerio import items
from activation.vendor.access import Access, access
from activation.vendor.http import Http, Reply, Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Customer.io",
    modes=AUDIENCE_MODES | {"update_only", "append"},
    contacts=("email", "push", "sms"),
    place=("object", "identifier", "membership"),
)
# No number of items is given; 500 of a kilobyte each fill a batch. Fuller ones are split.
LIMITS = Limits(500, 6_000, body_bytes=500_000, seconds_per_call=0.3, concurrency=8)


class Account(Spec):
    site_id_env: str = "FAIRLEAD_CUSTOMERIO_SITE_ID"
    api_key_env: str = "FAIRLEAD_CUSTOMERIO_API_KEY"  # of the Track API


class Options(Spec):
    object: Literal["people", "events"] = "people"
    identifier: Literal["id", "email"] = (
        "id"  # id: person_id; email: the mapped address, in workspaces that know people by it
    )
    membership: str | None = None  # the attribute that says who is in; None: fairlead_<segment>
    event_name: str = "fairlead_event"  # for events that map no `name`


def open_channel(settings: Settings, options: Options) -> "Customerio":
    return Customerio(access(settings, "customerio", Account, "https://track.customer.io"), options)


@dataclass(repr=False)
class Customerio:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"  # people are upserted; an event has its id

    @cached_property
    def http(self) -> Http:
        login = (self.access.secrets["site_id"], self.access.secrets["api_key"])
        return Http("customerio", self.access.base_url, auth=login, body_bytes=self.limits.body_bytes)

    def push(self, batch: ChangeBatch) -> Results:
        items.refuse_choices(batch.fields.column_names)
        if self.options.object == "events":
            return self._events(batch)
        return self._people(batch, self._leaving(batch) if batch.removes else self._joining(batch))

    def _joining(self, batch: ChangeBatch) -> list[dict[str, Any]]:
        only = {"_update": True} if batch.mode == "update_only" else {}
        return [{**row, self._member(batch): True, **only} for row in batch.records()]

    def _leaving(self, batch: ChangeBatch) -> list[dict[str, Any]]:
        return [{self._member(batch): False, "_update": True}] * len(batch)  # nobody is made by leaving

    def _people(self, batch: ChangeBatch, attributes: list[dict[str, Any]]) -> Results:
        """An item a person; one more where the address is the identifier and has changed, to take out the old one."""
        valid: list[tuple[int, dict[str, Any]]] = []
        kind = self.options.identifier
        now = batch.keys.to_pylist() if kind == "id" else batch.column("email")
        was = [None] * len(batch) if kind == "id" else batch.earlier("email")
        for i, (value, old) in enumerate(zip(now, was, strict=True)):
            if value:
                mine = {k: v for k, v in attributes[i].items() if k != kind}
                valid.append((i, items.person("identify", kind, str(value), mine)))
            if old and str(old).lower() not in {str(v).lower() for v in now}:
                valid.append((i, items.person("identify", kind, str(old), self._leaving(batch)[0])))
        nameless = {i: f"no {kind}" for i, value in enumerate(now) if not value and not (batch.removes and was[i])}
        return self._send(len(batch), valid, nameless)

    def _events(self, batch: ChangeBatch) -> Results:
        events = [
            items.event(k, r, self.options.event_name)
            for k, r in zip(batch.keys.to_pylist(), batch.records(), strict=True)
        ]
        valid = [(i, one) for i, one in enumerate(events) if not isinstance(one, str)]
        return self._send(len(batch), valid, {i: one for i, one in enumerate(events) if isinstance(one, str)})

    def _send(self, rows: int, items: list[tuple[int, dict[str, Any]]], refused: dict[int, str]) -> Results:
        """found   (row, item); refused   why a row has no item"""
        content = (
            [(ACCEPTED, None)] * rows
            if not items
            else self._post(rows, [i for i, _ in items], [one for _, one in items])
        )
        return Results.of((REJECTED, refused[i]) if i in refused else content[i] for i in range(rows))

    def _post(self, rows: int, owners: list[int], content: list[dict[str, Any]]) -> list[items.Verdict]:
        """200 takes all, 207 names those it does not take, 400 takes none."""
        reply = self.http.call(Request("POST", "/api/v2/batch", json={"batch": content}, passes=(400,)))
        if reply.status == 400:
            errors = _errors(reply)
            if {e.get("batch_index") for e in errors} != set(range(len(owners))):
                raise BatchRejected(reply.words())
            return items.verdicts(rows, owners, errors)
        answer = reply.json() if reply.body.strip() else {}
        return items.verdicts(rows, owners, answer.get("errors") or [])

    def _member(self, batch: ChangeBatch) -> str:
        return self.options.membership or f"fairlead_{batch.sync.split('__')[0]}"

    def erase(self, batch: ChangeBatch) -> Results:
        kind = self.options.identifier
        columns = [batch.keys.to_pylist()] if kind == "id" else [batch.column("email"), batch.earlier("email")]
        valid = [
            (i, items.person("delete", kind, str(value)))
            for column in columns
            for i, value in enumerate(column)
            if value
        ]
        return self._send(len(batch), valid, {})

    def check(self) -> Health:
        return self.http.healthy(Request("GET", "/api/v1/accounts/region"))


def _errors(reply: Reply) -> list[dict[str, Any]]:
    try:
        return [dict(error) for error in json.loads(reply.body)["errors"]]
    except (ValueError, KeyError, TypeError):
        return []
