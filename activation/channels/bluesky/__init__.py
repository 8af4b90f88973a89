"""Posts on Bluesky, or on any server that speaks atproto. Set-up: docs/channels/bluesky.md.

A post's key is made of the sync and the row, so that a repetition meets the post that is there already: sending again
is safe.
Source  lexicons com.atproto.repo.*, app.bsky.feed.post; what a server says when a key is taken (500) was seen on
        @atproto/pds 0.4
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pydantic import Field

from activation.channel import (
    ACCEPTED,
    MESSAGE_MODES,
    REJECTED,
    SKIPPED,
    About,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    Results,
)
from activation.channels.bluesky.post import COLLECTION, record, record_key
from activation.vendor.access import Access, access
from activation.vendor.due import due, stamp
from activation.vendor.http import Http, Reply, Request, failure
from content.templates import Content, Words, compiled
from core.errors import FatalError, RecordError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Bluesky", modes=MESSAGE_MODES, takes_back=False, contacts=("none",))
# 5,000 points an hour and account, 3 a post: https://docs.bsky.app/docs/advanced-guides/rate-limits
LIMITS = Limits(1, 27, seconds_per_call=0.3)
STALE = frozenset({"ExpiredToken", "InvalidToken"})  # a session lives two hours
OURS = frozenset(
    {
        "AuthenticationRequired",
        "AuthMissing",
        "AccountTakedown",
        "AccountDeactivated",
        "RepoDeactivated",
        "RepoTakendown",
    }
)


class Account(Spec):
    identifier: str = ""  # the handle (shop.example.com) or the DID
    password_env: str = "FAIRLEAD_BLUESKY_APP_PASSWORD"


class Options(Spec):
    text: Words
    langs: tuple[str, ...] = Field((), max_length=3)  # BCP 47: en, de


def open_channel(settings: Settings, options: Options) -> "Bluesky":
    content = compiled(settings, "bluesky", {"text": options.text})
    return Bluesky(access(settings, "bluesky", Account, "https://bsky.social"), options, content)


@dataclass(repr=False)
class Bluesky:
    access: Access[Account]
    options: Options
    content: Content
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"
    session: dict[str, str] = field(default_factory=dict)  # did, accessJwt
    dids: dict[str, str | None] = field(default_factory=dict)  # handle -> DID

    @cached_property
    def http(self) -> Http:
        return Http("bluesky", self.access.base_url)

    def push(self, batch: ChangeBatch) -> Results:
        """Skipped while the row's `due_at` is to come: it is asked again at the next run."""
        key, values = self.content.only(batch)
        now = datetime.now(UTC)
        try:
            when = due(values)
            if when is not None and when > now:
                return Results.of([(SKIPPED, f"due at {stamp(when)}")])
            text = self.content.render(values)["text"].strip()
            post = record(text, self.options.langs, now, self._did_of)
        except RecordError as error:
            return Results.of([(REJECTED, str(error))])
        return self._create(record_key(batch.sync, key), post)

    def _create(self, rkey: str, post: dict[str, Any]) -> Results:
        did = self._session()["did"]
        body = {"repo": did, "collection": COLLECTION, "rkey": rkey, "record": post}
        reply = self._call("com.atproto.repo.createRecord", json=body)
        if reply.status < 300:
            return Results.of([(ACCEPTED, None)], [str(reply.json().get("uri"))])
        if reply.status >= 500:
            return self._after_all(did, rkey, reply)
        return Results.of([(REJECTED, _refusal(reply))])

    def _after_all(self, did: str, rkey: str, reply: Reply) -> Results:
        """A server that fails may have done it, and fails too when the key is taken: the post's being there decides."""
        query = {"repo": did, "collection": COLLECTION, "rkey": rkey}
        record_reply = self.http.call(
            Request("GET", "/xrpc/com.atproto.repo.getRecord", params=query, passes=(400, 404))
        )
        if record_reply.status >= 400:
            raise failure(reply)
        return Results.of([(ACCEPTED, None)], [str(record_reply.json().get("uri"))])

    def _call(self, name: str, **request: Any) -> Reply:
        """A procedure, signed in; with a new session, once, where the old one is at its end."""
        for _ in range(2):
            used = self._session()["accessJwt"]
            signed = {"Authorization": f"Bearer {used}"}
            reply = self.http.call(
                Request("POST", f"/xrpc/{name}", headers=signed, passes=(400, 401, 403, 500, 502), **request)
            )
            if reply.status not in (400, 401) or _word(reply) not in STALE:
                break
            self.session = {}
        return reply

    def _session(self) -> dict[str, str]:
        """Raises FatalError where the password is not taken."""
        if not self.session:
            body = {"identifier": self.access.account.identifier, "password": self.access.secrets["password"]}
            content = self.http.call(Request("POST", "/xrpc/com.atproto.server.createSession", json=body)).json()
            if not isinstance(content, dict) or not {"did", "accessJwt"} <= content.keys():
                raise MaybeSent("bluesky: a session without its token")
            self.session = {name: content[name] for name in ("did", "accessJwt")}
        return self.session

    def _did_of(self, handle: str) -> str | None:
        """None where nobody has the handle: then it stays mere text."""
        if handle not in self.dids:
            path = "/xrpc/com.atproto.identity.resolveHandle"
            reply = self.http.call(Request("GET", path, params={"handle": handle}, passes=(400, 404)))
            self.dids[handle] = reply.json().get("did") if reply.status == 200 else None
        return self.dids[handle]

    def erase(self, batch: ChangeBatch) -> Results:
        """Deletes the posts that were made for these keys; one that is not there is gone already."""
        return Results.of(self._forget(record_key(batch.sync, key)) for key in batch.keys.to_pylist())

    def _forget(self, rkey: str) -> tuple[str, str | None]:
        body = {"repo": self._session()["did"], "collection": COLLECTION, "rkey": rkey}
        reply = self._call("com.atproto.repo.deleteRecord", json=body)
        if reply.status >= 500:
            raise failure(reply)
        return (ACCEPTED, None) if reply.status < 300 else (REJECTED, _refusal(reply))

    def check(self) -> Health:
        """Signs in, and asks for what the account keeps."""
        try:
            did = self._session()["did"]
        except (CallFailed, FatalError) as error:
            return Health(False, str(error))
        return self.http.healthy(Request("GET", "/xrpc/com.atproto.repo.describeRepo", params={"repo": did}))


def _word(reply: Reply) -> str:
    content = reply.json()
    return str(content.get("error")) if isinstance(content, dict) else ""


def _refusal(reply: Reply) -> str:
    """Why this one post is refused; raises where it is not about this post."""
    word = _word(reply)
    if reply.status != 400 or word in OURS | STALE:
        raise FatalError(f"bluesky: {word}. Check the account and its app password; `fairlead doctor` asks again.")
    return f"{word}: {reply.json().get('message', '')}"
