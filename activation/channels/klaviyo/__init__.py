"""Klaviyo: profiles put into a list by import jobs, and events in mode append. Set-up: docs/channels/klaviyo.md.

Membership  the list `list_id`. Being in a list is not consent: with `subscribe` who has never decided is subscribed
            to e-mail as well, and who has unsubscribed or is suppressed there is left alone.
Source      https://developers.klaviyo.com/en/reference/bulk_import_profiles and the operations beside it, revision
            2026-07-15.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal

import pyarrow as pa
from pydantic import model_validator

from activation.channel import (
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
    Quota,
    Results,
    Submitted,
)
from activation.channels.klaviyo import people
from activation.channels.klaviyo import rows as written
from activation.channels.klaviyo.calls import JSON_API, Calls, Verdicts, errors_of
from activation.vendor.access import Access, access
from activation.vendor.http import Http, Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Klaviyo", identifiers=written.IDENTIFIERS, modes=AUDIENCE_MODES | {"append"},
    policies=frozenset({"overwrite", "never_null", "set_if_empty"}),
    contacts=("email", "sms", "push"),
    place=("object", "list_id"),
)  # fmt: skip
# 150 a minute is the steady rate of imports, of list changes and of bulk events; look-ups and single profiles have 750.
LIMITS = Limits(10_000, 150, body_bytes=5_000_000, seconds_per_call=1.0)  # an import takes 10,000 profiles or 5 MB
LIMITS_1000 = Limits(1_000, 150, body_bytes=5_000_000, seconds_per_call=1.0)  # events; people to be subscribed
REVISION = "2026-07-15"  # of the API: in what form it answers
IMPORTS = "/api/profile-bulk-import-jobs"


class Account(Spec):
    api_key_env: str = "FAIRLEAD_KLAVIYO_API_KEY"  # a private key; its scopes stand in docs/channels/klaviyo.md


class Options(Spec):
    object: Literal["profiles", "events"] = "profiles"
    list_id: str = ""  # the list that people are put into; needed for profiles
    subscribe: bool = False  # also subscribe to e-mail whoever has never decided there
    external_id: bool = True  # person_id is the profile's external_id; False where another system owns that field
    metric: str = "Fairlead event"  # the name of events that map no `name`

    @model_validator(mode="after")
    def _has_list(self) -> "Options":
        if self.object == "profiles" and not self.list_id:
            raise ValueError("list_id is needed: the list that the people are put into")
        return self


def open_channel(settings: Settings, options: Options) -> "Klaviyo":
    limits = LIMITS_1000 if options.subscribe or options.object == "events" else LIMITS
    return Klaviyo(access(settings, "klaviyo", Account, "https://a.klaviyo.com"), options, limits)


@dataclass(repr=False)
class Klaviyo:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"  # profiles are upserted; an event has its unique_id
    # One-person calls that are done: what is tried again after a 429 goes on where it stopped.
    _finished_calls: set[tuple[str, str]] = field(default_factory=set)

    @cached_property
    def calls(self) -> Calls:
        key = self.access.secrets["api_key"]
        headers = {"Authorization": f"Klaviyo-API-Key {key}", "revision": REVISION, "Accept": JSON_API}
        return Calls(Http("klaviyo", self.access.base_url, headers, body_bytes=self.limits.body_bytes))

    def push(self, batch: ChangeBatch) -> Results | Submitted:
        self.calls.acted = False
        if self.options.object == "events":
            return self._events(batch)
        if not batch.removes:
            return self._upsert(batch)
        own = people.external_ids(batch, self.options.external_id)
        self.calls.take_out(self.options.list_id, people.without_others(self._matches(batch), own))
        return Results.accepted(len(batch))

    def _upsert(self, batch: ChangeBatch) -> Results | Submitted:
        keys, rows, own = batch.keys.to_pylist(), batch.records(), self.options.external_id
        out: Verdicts = {} if own else written.nameless(rows)
        fresh = self._who_never_decided(batch, out) if self.options.subscribe else []
        self._clear(batch, rows, out)
        profiles = {i: written.profile(keys[i], row, own) for i, row in enumerate(rows) if i not in out}
        job = partial(written.import_job, list_id=self.options.list_id)
        reply = self.calls.bulk(IMPORTS, profiles, job, out)
        after = self._subscribe({i: rows[i]["email"] for i in fresh if i not in out})
        if not own and batch.before is not None:
            self._leave_old_addresses(batch)
        if reply is None:
            return written.results(len(batch), out)
        return Submitted(json.dumps({"id": reply.json()["data"]["id"], "left_out": out, "after": after}))

    def _events(self, batch: ChangeBatch) -> Results:
        keys, rows = batch.keys.to_pylist(), batch.records()
        out = written.nameless(rows)
        events = {i: written.event(keys[i], row, self.options.metric) for i, row in enumerate(rows) if i not in out}
        self.calls.bulk("/api/event-bulk-create-jobs", events, written.event_job, out)
        return written.results(len(batch), out)

    def _who_never_decided(self, batch: ChangeBatch, out: Verdicts) -> list[int]:
        """The rows to be subscribed; who has decided against it, under an earlier address too, is left alone."""
        fresh = []
        matches = self._matches(batch)
        for i, (email, profiles) in enumerate(zip(batch.column("email"), matches, strict=True)):
            reasons = [why for one in profiles if (why := people.refusal(one, self.options.list_id))]
            if reasons:
                out[i] = (SKIPPED, reasons[0])
            elif email and not any(map(people.is_subscribed, profiles)):
                fresh.append(i)
        return fresh

    def _subscribe(self, emails: dict[int, str]) -> Verdicts:
        after: Verdicts = {}
        job = partial(written.subscription_job, list_id=self.options.list_id)
        self.calls.bulk("/api/profile-subscription-bulk-create-jobs", emails, job, after)
        return after

    def _clear(self, batch: ChangeBatch, rows: list[dict[str, Any]], out: Verdicts) -> None:
        """Klaviyo's own attributes that have become NULL, a call a person: the import passes over nulls."""
        earlier = {name: batch.earlier(name) for name in batch.fields.column_names if written.is_standard(name)}
        for i, (key, row) in enumerate(zip(batch.keys.to_pylist(), rows, strict=True)):
            empty = [name for name in earlier if row.get(name, "") is None]
            cleared_names = [name for name in empty if batch.before is None or earlier[name][i] is not None]
            if not cleared_names or i in out or (batch.idempotency_key, key) in self._finished_calls:
                continue
            content = {"data": written.profile(key, row, self.options.external_id, cleared_names)}
            reply = self.calls.call("POST", "/api/profile-import", content, passes=(400, 409))
            if reply.status in (400, 409):  # 409: the address is another profile's
                out[i] = (REJECTED, written.reason(errors_of(reply)[0]))
            else:
                self._finished_calls.add((batch.idempotency_key, key))

    def _leave_old_addresses(self, batch: ChangeBatch) -> None:
        """Without an external id a new address makes a new profile, and the old one would stay in the list."""
        was, now = batch.earlier("email"), batch.column("email")
        held = {str(new).casefold() for new in now}
        moved = [old for old in was if old and old.casefold() not in held]
        self.calls.take_out(self.options.list_id, self.calls.find("email", moved, people.CONSENT).values())

    def _matches(self, batch: ChangeBatch, fields: Mapping[str, str] = people.CONSENT) -> list[list[people.Profile]]:
        return people.profiles_of(self.calls, batch, self.options.external_id, fields)

    def collect(self, job: str, keys: pa.Array) -> Results | None:
        self.calls.acted, state = False, json.loads(job)
        out, after = (
            {int(i): tuple(attributes) for i, attributes in state[part].items()} for part in ("left_out", "after")
        )
        reply = self.calls.call("GET", f"{IMPORTS}/{state['id']}", passes=(404,))
        attributes: dict[str, Any] = (
            {"status": "forgotten"} if reply.status == 404 else reply.json()["data"]["attributes"]
        )
        if attributes["status"] in ("queued", "processing"):
            return None
        places = [i for i in range(len(keys)) if i not in out]
        if attributes["status"] != "complete":
            doubt = (IN_DOUBT, f"Klaviyo's import job is {attributes['status']}")
            return written.results(len(keys), {**dict.fromkeys(places, doubt), **out})
        errors = self.calls.pages(f"{IMPORTS}/{state['id']}/import-errors", {"page[size]": 100})
        failed = written.failures(
            [e["attributes"] for e in errors], places, keys.to_pylist(), int(attributes.get("failed_count") or 0)
        )
        return written.results(len(keys), {**after, **failed, **out})

    def cancel(self, job: str) -> None:
        """Klaviyo has no way to stop an import."""

    def find(self, batch: ChangeBatch, fields: tuple[str, ...]) -> Existing:
        matches = self._matches(batch, people.ALL)
        first = [profiles[0]["attributes"] if profiles else {} for profiles in matches]
        columns = {name: pa.array([written.held(one, name) for one in first], pa.string()) for name in fields}
        return Existing(
            pa.array([bool(profiles) for profiles in matches], pa.bool_()), pa.table(columns) if fields else None
        )

    def erase(self, batch: ChangeBatch) -> Results:
        """A request a profile, by its id; 60 a minute. Klaviyo deletes within days, and lists what it has deleted."""
        self.calls.acted = False
        for profiles in self._matches(batch):
            for one in profiles:
                if ("erase", one["id"]) not in self._finished_calls:
                    content = written.deletion_job(one["id"])
                    self.calls.call("POST", "/api/data-privacy-deletion-jobs", content, passes=(404,))
                    self._finished_calls.add(("erase", one["id"]))
        return Results.accepted(len(batch))

    def quota(self) -> Quota | None:
        return self.calls.http.quota

    def check(self) -> Health:
        """Reads the list; for events the account, where a key for events alone gets 403 and an unknown key 401."""
        if self.options.object == "events":
            return self.calls.http.healthy(Request("GET", "/api/accounts", passes=(403,)))
        return self.calls.http.healthy(Request("GET", f"/api/lists/{self.options.list_id}"))

    def close(self) -> None:
        if "calls" in self.__dict__:
            self.calls.http.close()
