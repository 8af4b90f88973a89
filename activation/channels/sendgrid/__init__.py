"""SendGrid Marketing Campaigns: contacts and the lists they stand in. Set-up: docs/channels/sendgrid.md.

Membership  a contact list, `list_id`, or found by its name and made where there is none. Leaving takes a contact out
            of the list; the contact stays. Suppressions (unsubscribes, bounces) are another place of SendGrid's:
            nothing here touches them.
Jobs        PUT contacts answers 202 and works later; `collect` asks the import's status. Whose rows failed stands in
            a file of addresses: they are matched to the batch as long as this process lives, and after a restart the
            rows are in doubt.
Source      https://www.twilio.com/docs/sendgrid/api-reference/contacts/add-or-update-a-contact (30,000 contacts or 6
            MB a call).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from activation.channel import (
    REJECTED,
    About,
    BatchRejected,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
    Submitted,
)
from activation.channels.sendgrid.contacts import Fields, contacts_of, faults_at, next_token, verdicts
from activation.vendor.access import Access, access
from activation.vendor.calls import Pages
from activation.vendor.failure_files import downloaded, failures
from activation.vendor.http import Http, Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About("SendGrid", identifiers=("email",), contacts=("email",), place=("list_id", "list"))
LIMITS = Limits(
    30_000, 200, body_bytes=6_000_000, seconds_per_call=2
)  # 200 calls a minute: x-ratelimit-limit as recorded
SEARCHED = 100  # addresses a call of contacts/search/emails
LISTS = 1000  # a page of the lists: the most that is given


class Account(Spec):
    token_env: str = "FAIRLEAD_SENDGRID_API_KEY"  # scope: Marketing, full access


class Options(Spec):
    list_id: str | None = None  # the list's id; wins over `list`
    list: str | None = None  # its name; None: fairlead_<segment>


def open_channel(settings: Settings, options: Options) -> "SendGrid":
    return SendGrid(access(settings, "sendgrid", Account, "https://api.sendgrid.com"), options)


@dataclass(repr=False)
class SendGrid:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    lists: dict[str, str] = field(default_factory=dict)  # name -> id
    addresses_by_job: dict[str, list[str]] = field(default_factory=dict)  # job -> its addresses in the batch's order
    removal_counts: dict[str, int] = field(
        default_factory=dict
    )  # batch of removals -> how many are out: a 429 in mid-batch goes on there

    @cached_property
    def http(self) -> Http:
        key = self.access.secrets["token"]
        return Http("sendgrid", self.access.base_url, {"Authorization": f"Bearer {key}"}, body_bytes=LIMITS.body_bytes)

    @cached_property
    def fields(self) -> Fields:
        return Fields.of(self.http.call(Request("GET", "/v3/marketing/field_definitions")).json())

    def push(self, batch: ChangeBatch) -> Results | Submitted:
        list_id = self._list(batch.sync)
        if batch.removes:
            self._take_out(batch.idempotency_key, batch.column("email"), list_id)
            return Results.accepted(len(batch))
        old = [
            e
            for e, now in zip(batch.earlier("email"), batch.column("email"), strict=True)
            if e and e.lower() != (now or "").lower()
        ]
        self._take_out(batch.idempotency_key, old, list_id)
        contacts, refused = contacts_of(batch, self.fields)
        job = self._upsert(contacts, refused, list_id)
        if job is None:
            return Results.of((REJECTED, refused[at]) for at in range(len(batch)))
        self.addresses_by_job[job] = [str(address or "").lower() for address in batch.column("email")]
        return Submitted(json.dumps({"id": job, "refused": refused}))

    def _upsert(self, contacts: dict[int, dict[str, Any]], refused: dict[int, str], list_id: str) -> str | None:
        """The job's id; None when nobody is left to send. SendGrid checks all before it takes any, and says why."""
        for last in (False, True):
            if not contacts:
                return None
            body = {"list_ids": [list_id], "contacts": list(contacts.values())}
            reply = self.http.call(Request("PUT", "/v3/marketing/contacts", json=body, passes=(400,)))
            if reply.status != 400:
                return str(reply.json()["job_id"])
            faults = faults_at(reply.json(), list(contacts))
            if last or not faults:
                raise BatchRejected(reply.words())
            refused |= faults
            contacts = {at: row for at, row in contacts.items() if at not in faults}
        raise AssertionError("not reached")

    def collect(self, job: str, keys: pa.Array) -> Results | None:
        state = json.loads(job)
        content = self.http.call(Request("GET", f"/v3/marketing/contacts/imports/{state['id']}")).json()
        status, counts = content.get("status"), content.get("results") or {}
        if status not in ("completed", "errored", "failed"):
            return None
        wrong: list[str] = []
        if status != "completed" and counts.get("errors_url"):
            wrong = failures(downloaded(self.http, str(counts["errors_url"])))
        addresses = self.addresses_by_job.get(state["id"], [""] * len(keys))
        refused = {int(at): why for at, why in state["refused"].items()}
        results = Results.of(verdicts(status, int(counts.get("errored_count") or 0), wrong, addresses, refused))
        self.addresses_by_job.pop(state["id"], None)
        return results

    def cancel(self, job: str) -> None:
        """SendGrid has no way to stop an import."""

    def erase(self, batch: ChangeBatch) -> Results:
        for ids in self._contacts([*batch.column("email"), *batch.earlier("email")]):
            self.http.call(Request("DELETE", "/v3/marketing/contacts", params={"ids": ",".join(ids.values())}))
        return Results.accepted(len(batch))

    def _take_out(self, batch: str, addresses: list[str | None], list_id: str) -> None:
        start = self.removal_counts.get(batch, 0)
        for at in range(start, len(addresses), SEARCHED):
            for ids in self._contacts(addresses[at : at + SEARCHED]):
                path = f"/v3/marketing/lists/{list_id}/contacts"
                self.http.call(Request("DELETE", path, params={"contact_ids": ",".join(ids.values())}))
            self.removal_counts[batch] = at + SEARCHED
        self.removal_counts.pop(batch, None)

    def _contacts(self, addresses: Iterable[str | None]) -> Iterator[Mapping[str, str]]:
        """Address -> contact id of those that SendGrid knows, at most a hundred a time; nothing where it knows none."""
        emails = sorted({address.lower() for address in addresses if address})
        for at in range(0, len(emails), SEARCHED):
            part = emails[at : at + SEARCHED]
            reply = self.http.call(
                Request("POST", "/v3/marketing/contacts/search/emails", json={"emails": part}, passes=(404,))
            )
            contacts = reply.json().get("result", {}) if reply.status != 404 else {}
            ids = {a: str(entry["contact"]["id"]) for a, entry in contacts.items() if "contact" in entry}
            if ids:
                yield ids

    def _list(self, sync: str) -> str:
        if self.options.list_id:
            return self.options.list_id
        name = self.options.list or f"fairlead_{sync.split('__')[0]}"
        if name not in self.lists:
            self.lists = dict(self._lists())
        if name not in self.lists:
            self.lists[name] = str(
                self.http.call(Request("POST", "/v3/marketing/lists", json={"name": name})).json()["id"]
            )
        return self.lists[name]

    def _lists(self) -> Iterator[tuple[str, str]]:
        more: dict[str, str] = {}
        pages = Pages("sendgrid: lists (name the list by `list_id`)")
        while True:
            pages.turn(more)
            page = self.http.call(Request("GET", "/v3/marketing/lists", params={"page_size": LISTS, **more})).json()
            yield from ((str(one["name"]), str(one["id"])) for one in page.get("result", []))
            token = next_token(page.get("_metadata", {}).get("next"))
            if not token:
                return
            more = {"page_token": token}

    def check(self) -> Health:
        return self.http.healthy(Request("GET", "/v3/marketing/lists", params={"page_size": 1}))
