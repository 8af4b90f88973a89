"""Posts on Mastodon, on the server where the account is. Set-up: docs/channels/mastodon.md.

Each post carries an Idempotency-Key made of the sync and the row. A server remembers it for an hour only, which is
less than the time between two runs: so what is in doubt is not sent again by itself.
Source  https://docs.joinmastodon.org/methods/statuses/, https://docs.joinmastodon.org/api/rate-limits/
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import httpx
from pydantic import Field

from activation.channel import (
    ACCEPTED,
    MESSAGE_MODES,
    REJECTED,
    SKIPPED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Quota,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.due import due, stamp
from activation.vendor.http import Http, Request
from content.templates import Content, Words, compiled
from core.errors import RecordError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Mastodon", modes=MESSAGE_MODES, takes_back=False, contacts=("none",))
LIMITS = Limits(1, 60, seconds_per_call=0.3)  # 300 calls in five minutes and account
SOONEST = timedelta(minutes=5)  # a server schedules nothing sooner
MARGIN = timedelta(seconds=30)  # for the way there, and clocks that differ
SCHEDULED = "scheduled:"  # before the id of a post that is scheduled: those have ids of their own


class Account(Spec):
    token_env: str = "FAIRLEAD_MASTODON_TOKEN"  # scopes write:statuses, profile


class Options(Spec):
    text: Words
    spoiler_text: Words | None = None  # a line before the text, which is hidden until it is asked for
    visibility: Literal["public", "unlisted", "private", "direct"] = "public"
    language: str | None = Field(None, pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
    schedule: bool = True  # hand over posts before they are due; False: wait here until they are


def open_channel(settings: Settings, options: Options) -> "Mastodon":
    words = {"text": options.text, "spoiler_text": options.spoiler_text}
    content = compiled(settings, "mastodon", words, may_be_blank=("spoiler_text",))
    return Mastodon(access(settings, "mastodon", Account), options, content)  # every account has its own server


@dataclass(repr=False)
class Mastodon:
    access: Access[Account]
    options: Options
    content: Content
    limits: Limits = LIMITS
    in_doubt: InDoubt = "message"

    @cached_property
    def http(self) -> Http:
        token = self.access.secrets["token"]
        return Http("mastodon", self.access.base_url, {"Authorization": f"Bearer {token}"}, read_quota=read_quota)

    def push(self, batch: ChangeBatch) -> Results:
        key, values = self.content.only(batch)
        try:
            when, words = due(values), self.content.render(values)
        except RecordError as error:
            return Results.of([(REJECTED, str(error))])
        wait = when - datetime.now(UTC) if when is not None else timedelta(0)
        if when is not None and wait > timedelta(0) and not (self.options.schedule and wait >= SOONEST + MARGIN):
            return Results.of([(SKIPPED, f"due at {stamp(when)}")])
        later = {"scheduled_at": stamp(when)} if when is not None and wait > timedelta(0) else {}
        name = hashlib.sha256(f"{batch.sync}\0{key}".encode()).hexdigest()
        reply = self.http.call(
            Request("POST", "/api/v1/statuses", json=self._body(words) | later, headers={"Idempotency-Key": name})
        )
        content = reply.json()
        return Results.of([(ACCEPTED, None)], [f"{SCHEDULED if 'scheduled_at' in content else ''}{content.get('id')}"])

    def _body(self, words: dict[str, str]) -> dict[str, Any]:
        spoiler = words.get("spoiler_text", "").strip()
        return {
            "status": words["text"].strip(), "visibility": self.options.visibility,
            **({"spoiler_text": spoiler, "sensitive": True} if spoiler else {}),
            **({"language": self.options.language} if self.options.language else {}),
        }  # fmt: skip

    def erase(self, batch: ChangeBatch) -> Results:
        """Deletes each row's post where its id is known."""
        ids = batch.remote_ids.to_pylist() if batch.remote_ids is not None else [None] * len(batch)
        return Results.of(self._forget(i) for i in ids)

    def _forget(self, remote_id: str | None) -> tuple[str, str | None]:
        if not remote_id:
            return REJECTED, "it is not known which post: delete it on Mastodon by hand"
        kind = "scheduled_statuses" if remote_id.startswith(SCHEDULED) else "statuses"
        reply = self.http.call(Request("DELETE", f"/api/v1/{kind}/{remote_id.removeprefix(SCHEDULED)}", passes=(404,)))
        if reply.status == 404 and kind == "scheduled_statuses":
            return REJECTED, "was scheduled, and is out by now under another id: delete it on Mastodon by hand"
        return ACCEPTED, None

    def check(self) -> Health:
        """Whose token it is."""
        return self.http.healthy(Request("GET", "/api/v1/accounts/verify_credentials"))


def read_quota(headers: httpx.Headers) -> Quota | None:
    """Mastodon's X-RateLimit-Reset is a time as text, not a number."""
    remaining, reset = headers.get("x-ratelimit-remaining", ""), headers.get("x-ratelimit-reset", "")
    if not remaining.isdecimal():
        return None
    try:
        until = (datetime.fromisoformat(reset) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return Quota(int(remaining))
    return Quota(int(remaining), max(0.0, until))
