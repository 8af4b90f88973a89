"""Intercom: contacts known by external_id = person_id, and a tag that says who is in.
Set-up: docs/channels/intercom.md.

Membership  the tag `tag`, else fairlead_<segment>. Leaving takes the tag away; the contact stays.
            `unsubscribed_from_emails` is never sent.
Archived    who was archived at Intercom and comes into the audience is taken out of the archive, for a second contact
            is refused (409).
Source      https://developers.intercom.com/docs/references/2.15 (one contact a call; 15 filters a search; 10,000
            calls a minute an app).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from activation.channel import (
    ACCEPTED,
    REJECTED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.http import Http, Reply, Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Intercom", contacts=("email", "push", "none"), place=("tag",))
LIMITS = Limits(
    15, 300, seconds_per_call=4, concurrency=4
)  # 15 people are one search and two calls each: 300 batches are 9,300 calls
OWN = ("email", "phone", "name", "avatar", "signed_up_at", "last_seen_at", "owner_id")  # all else is a custom attribute
EXISTS = re.compile(
    r"exists with id=([0-9a-f]+)"
)  # recorded: "An archived contact matching those details already exists with id=…"
REFUSED = (400, 404, 422)
Verdict = tuple[str, str | None]


class Account(Spec):
    token_env: str = "FAIRLEAD_INTERCOM_TOKEN"


class Options(Spec):
    tag: str | None = None  # None: fairlead_<segment>


def open_channel(settings: Settings, options: Options) -> "Intercom":
    return Intercom(access(settings, "intercom", Account, "https://api.intercom.io"), options)


@dataclass(repr=False)
class Intercom:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    tags: dict[str, str] = field(default_factory=dict)  # name -> id

    @cached_property
    def http(self) -> Http:
        token = {"Authorization": f"Bearer {self.access.secrets['token']}", "Intercom-Version": "2.15"}
        return Http("intercom", self.access.base_url, token)

    def push(self, batch: ChangeBatch) -> Results:
        tag, contact_ids = self._tag(batch.sync), self._contact_ids(batch)
        verdicts: list[Verdict] = []
        ids: list[str | None] = []
        for key, row in zip(batch.keys.to_pylist(), batch.records(), strict=True):
            at = contact_ids.get(key)
            if batch.removes:
                verdicts.append((ACCEPTED, None))
                if at:
                    self.http.call(Request("DELETE", f"/contacts/{at}/tags/{tag}", passes=(404,)))
            else:
                at, verdict = self._save(at, {"external_id": key, **_contact(row)})
                if at and verdict[0] == ACCEPTED:
                    self.http.call(Request("POST", f"/contacts/{at}/tags", json={"id": tag}))
                verdicts.append(verdict)
            ids.append(at)
        return Results.of(verdicts, ids)

    def _save(self, at: str | None, contact: dict[str, Any]) -> tuple[str | None, Verdict]:
        if at:
            reply = self.http.call(Request("PUT", f"/contacts/{at}", json=contact, passes=REFUSED))
            if reply.status != 404:  # gone since it was found: made anew
                return _verdict(reply)
        reply = self.http.call(Request("POST", "/contacts", json={"role": "user", **contact}, passes=(*REFUSED, 409)))
        if reply.status != 409:
            return _verdict(reply)
        words = reply.body.decode("utf-8", "replace")
        match = EXISTS.search(words)
        if not match:
            raise MaybeSent("intercom: HTTP 409 that names no contact")
        if "archived contact" in words:
            self.http.call(Request("POST", f"/contacts/{match[1]}/unarchive"))
        return _verdict(self.http.call(Request("PUT", f"/contacts/{match[1]}", json=contact, passes=REFUSED)))

    def _contact_ids(self, batch: ChangeBatch) -> dict[str, str]:
        """person_id -> Intercom's id: as remembered, else asked for in one search."""
        keys = batch.keys.to_pylist()
        remembered = batch.remote_ids.to_pylist() if batch.remote_ids is not None else [None] * len(keys)
        contact_ids = {key: at for key, at in zip(keys, remembered, strict=True) if at}
        unknown = [key for key in keys if key not in contact_ids]
        for start in range(0, len(unknown), LIMITS.batch_size):
            filters = [
                {"field": "external_id", "operator": "=", "value": key}
                for key in unknown[start : start + LIMITS.batch_size]
            ]
            query = {"query": {"operator": "OR", "value": filters}}
            content = self.http.call(Request("POST", "/contacts/search", json=query)).json()
            contact_ids |= {str(c["external_id"]): str(c["id"]) for c in content.get("data", [])}
        return contact_ids

    def _tag(self, sync: str) -> str:
        """Intercom makes the tag where there is none of the name."""
        name = self.options.tag or f"fairlead_{sync.split('__')[0]}"
        if name not in self.tags:
            self.tags[name] = str(self.http.call(Request("POST", "/tags", json={"name": name})).json()["id"])
        return self.tags[name]

    def erase(self, batch: ChangeBatch) -> Results:
        for at in self._contact_ids(batch).values():
            self.http.call(Request("DELETE", f"/contacts/{at}", passes=(404,)))
        return Results.accepted(len(batch))

    def check(self) -> Health:
        return self.http.healthy(Request("GET", "/me"))


def _contact(row: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in row.items() if name in OWN}
    custom = {name: value for name, value in row.items() if name not in OWN}
    if "email" in own and own["email"] is None:
        own["email"] = ""  # its schema takes no null here; recorded: it is empty afterwards either way
    return {**own, "custom_attributes": custom} if custom else own


def _verdict(reply: Reply) -> tuple[str | None, Verdict]:
    if reply.status in REFUSED:
        return None, (REJECTED, reply.words())
    return str(reply.json()["id"]), (ACCEPTED, None)
