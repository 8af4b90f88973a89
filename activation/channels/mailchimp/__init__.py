"""Mailchimp: members of one audience, and a tag that says who is in ours. Set-up: docs/channels/mailchimp.md.

Membership  a tag (a static segment), the segment's name unless `tag` names another; it is made where it is missing.
Consent     nothing sent here can change the status of somebody who is a member already: new people are put in by a
            batch that does not update, and those it finds there are updated one by one with `status_if_new`, which a
            member's own status outlives. The batch operation itself knows no `status_if_new`, and `update_existing`
            with a status would re-subscribe.
Source      https://mailchimp.com/developer/marketing/api/lists/batch-subscribe-or-unsubscribe/ and the operations
            beside it.
"""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from activation.channel import (
    ACCEPTED,
    AUDIENCE_MODES,
    REJECTED,
    SKIPPED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.mailchimp import answers
from activation.channels.mailchimp.answers import Verdict, member_id
from activation.vendor.access import Access, access
from activation.vendor.calls import after_the_first, pieces
from activation.vendor.http import Http, Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Mailchimp",
    identifiers=("email",),
    modes=AUDIENCE_MODES | {"create_only", "update_only"},
    contacts=("email",),
    place=("list_id", "tag"),
)
MEMBERS = 500  # a call of the batch operation, and of a tag's
LIMITS = Limits(
    MEMBERS, seconds_per_call=2.0, concurrency=8
)  # ten connections a key; no rate by time, and no header of one
HOST = "https://{}.api.mailchimp.com"
OWN = ("language", "vip", "email_type")  # a member's own fields; all others are merge fields


class Account(Spec):
    api_key_env: str = "FAIRLEAD_MAILCHIMP_API_KEY"  # ends in the account's data centre: …-us6


class Options(Spec):
    list_id: str  # the audience
    tag: str | None = None  # None: the segment's name
    new_status: Literal["subscribed", "pending", "transactional"] = (
        "subscribed"  # of new people; pending: Mailchimp asks them
    )
    skip_merge_validation: bool = False  # take members without the merge fields that the audience requires


def open_channel(settings: Settings, options: Options) -> "Mailchimp":
    return Mailchimp(access(settings, "mailchimp", Account, HOST), options)


@dataclass(repr=False)
class Mailchimp:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    _tags: dict[str, int] = field(default_factory=dict)  # name -> id
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def not_configured(self) -> str:
        if not self.access.missing and not self.base_url:
            return f"{self.access.account.api_key_env} has no data centre at its end (…-us6)"
        return self.access.missing

    @property
    def base_url(self) -> str:
        """The key's data centre, unless [channels.mailchimp] url says otherwise."""
        centre = self.access.secrets.get("api_key", "").rpartition("-")[2]
        if self.access.base_url != HOST:
            return self.access.base_url
        return HOST.format(centre) if centre.isalnum() and "-" in self.access.secrets["api_key"] else ""

    @cached_property
    def http(self) -> Http:
        return Http("mailchimp", self.base_url, auth=("fairlead", self.access.secrets["api_key"]))

    @property
    def audience(self) -> str:
        return f"/3.0/lists/{self.options.list_id}"

    def push(self, batch: ChangeBatch) -> Results:
        """Members first, then the tag: what is cut off in between is done again."""
        now, before = _lower(batch.column("email")), _lower(batch.earlier("email"))
        tag = self._tag(batch)
        if batch.removes:
            wrong = self._mark(tag, [], [e for e in (*now, *before) if e])
            return Results.of(
                wrong.get(n or "", wrong.get(b or "", (ACCEPTED, None))) for n, b in zip(now, before, strict=True)
            )
        verdicts = self._members(batch, now, before)
        inside = [e for e, (status, _) in zip(now, verdicts, strict=True) if e and status == ACCEPTED]
        moved = [old for new, old in zip(now, before, strict=True) if old and old not in now]
        with after_the_first():
            wrong = self._mark(tag, inside, moved)
        return Results.of(wrong.get(e or "", v) if v[0] == ACCEPTED else v for e, v in zip(now, verdicts, strict=True))

    def _members(self, batch: ChangeBatch, now: list[str | None], before: list[str | None]) -> list[Verdict]:
        rows = batch.records()
        verdicts: dict[int, Verdict] = {i: (REJECTED, "no e-mail address") for i, email in enumerate(now) if not email}
        moved = {i for i, old in enumerate(before) if old and now[i] and old != now[i]}
        alone = set(range(len(rows))) - verdicts.keys()
        if batch.mode != "update_only":
            fresh = sorted(alone - moved)
            additions = self._add([rows[i] for i in fresh])
            verdicts |= {i: additions[now[i] or ""] for i in fresh}
            alone = moved | {i for i in fresh if verdicts[i][0] == answers.EXISTS}
        for i in sorted(alone):
            if batch.mode == "create_only":
                verdicts[i] = (SKIPPED, "is there already, and the sync only creates")
            else:
                with after_the_first():
                    verdicts[i] = self._update(rows[i], before[i] if i in moved else None, batch.mode == "update_only")
        return [verdicts[i] for i in range(len(rows))]

    def _add(self, people: list[dict[str, Any]]) -> dict[str, Verdict]:
        """New people alone: who is a member already is left as is, and named so."""
        if not people:
            return {}
        members = [{**_member(row), "status": self.options.new_status} for row in people]
        content = {"members": members, "update_existing": False, "sync_tags": False}
        answer = self.http.call(
            Request("POST", self.audience, json=content, params={**self._params, "skip_duplicate_check": "true"})
        ).json()
        return answers.of_batch(answer, [row["email"] for row in people])

    def _update(self, row: dict[str, Any], old: str | None, only_there: bool) -> Verdict:
        """One member, known by the old address where there is one; a status that is there is never touched."""
        content = _member(row) | ({} if only_there else {"status_if_new": self.options.new_status})
        method = "PATCH" if only_there else "PUT"
        path = f"{self.audience}/members/{member_id(old or row['email'])}"
        reply = self.http.call(
            Request(method, path, json=content, params=self._params, passes=(400, 404) if only_there else (400,))
        )
        if reply.status == 404:
            return (SKIPPED, "is not there, and the sync only updates")
        if old and answers.is_taken(
            reply
        ):  # the new address is a member of its own: that one is meant, and the old one leaves the tag
            return self._update(row, None, only_there)
        return answers.of_member(reply)

    @property
    def _params(self) -> dict[str, str]:
        return {"skip_merge_validation": "true"} if self.options.skip_merge_validation else {}

    def _tag(self, batch: ChangeBatch) -> int:
        """The id of the audience's tag; the name is searched by its beginning, so it is compared."""
        name = self.options.tag or batch.sync.split("__")[0]
        with self._lock:
            if name not in self._tags:
                tags = self.http.call(Request("GET", f"{self.audience}/tag-search", params={"name": name})).json()[
                    "tags"
                ]
                same = [one["id"] for one in tags if one["name"] == name]
                self._tags[name] = same[0] if same else self._new_tag(name)
            return self._tags[name]

    def _new_tag(self, name: str) -> int:
        reply = self.http.call(Request("POST", f"{self.audience}/segments", json={"name": name, "static_segment": []}))
        return int(reply.json()["id"])

    def _mark(self, tag: int, add: list[str], remove: list[str]) -> dict[str, Verdict]:
        """Put the tag on and take it off; by address, those where that failed."""
        wrong: dict[str, Verdict] = {}
        for name, emails in (("members_to_add", add), ("members_to_remove", remove)):
            for piece in pieces(sorted(set(emails)), MEMBERS):
                content = self.http.call(Request("POST", f"{self.audience}/segments/{tag}", json={name: piece})).json()
                wrong |= answers.of_tag(content, name == "members_to_add")
        return wrong

    def erase(self, batch: ChangeBatch) -> Results:
        """From this audience, a call an address. Mailchimp then takes the address in by its own forms alone."""
        emails = sorted({e for e in (*_lower(batch.column("email")), *_lower(batch.earlier("email"))) if e})
        for email in emails:
            self.http.call(
                Request("POST", f"{self.audience}/members/{member_id(email)}/actions/delete-permanent", passes=(404,))
            )
        return Results.accepted(len(batch))

    def check(self) -> Health:
        return self.http.healthy(Request("GET", self.audience, params={"fields": "id,name"}))


def _member(row: dict[str, Any]) -> dict[str, Any]:
    """An empty text empties a merge field, as null does not."""
    merge = {name: "" if value is None else value for name, value in row.items() if name not in ("email", *OWN)}
    own = {name: row[name] for name in OWN if row.get(name) is not None}
    return {**own, "email_address": row["email"]} | ({"merge_fields": merge} if merge else {})


def _lower(emails: list[Any]) -> list[str | None]:
    return [str(email).strip().lower() or None if email else None for email in emails]
