"""Messages into a Slack channel: one a change, or one digest a batch. Set-up: docs/channels/slack.md.

Slack answers 200 to what it refuses, with `ok: false` and a word; what each word means stands below. It takes no
idempotency key, so what is in doubt is never sent again.
Source  https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/apis/web-api/rate-limits
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import Field

from activation.channel import (
    ACCEPTED,
    ANYBODYS,
    MESSAGE_MODES,
    REJECTED,
    About,
    BatchRejected,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    NotSent,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.http import Http, Request
from content.templates import Content, Words, compiled
from core.errors import FatalError, RecordError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Slack", modes=MESSAGE_MODES, takes_back=False, contacts=ANYBODYS)
LONGEST_TEXT = 40_000  # characters; Slack cuts off what is beyond without a word
JSON = {"Content-Type": "application/json;charset=utf-8"}  # without a charset Slack warns
LATER = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
UNCLEAR = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
CONTENT = frozenset({"msg_too_long", "no_text", "msg_blocks_too_long", "invalid_blocks", "too_many_attachments"})


class Account(Spec):
    token_env: str = "FAIRLEAD_SLACK_TOKEN"  # a bot's token (xoxb-…), scope chat:write


class Options(Spec):
    channel: str = Field(min_length=1)  # its id (C…); a name works while nobody renames it
    text: Words  # a message, or a line of the digest
    digest: bool = False
    digest_size: int = Field(100, ge=1, le=1000)  # lines at most in one digest
    title: Words | None = None  # over a digest; knows `count` and `day`
    unfurl_links: bool = False


def open_channel(settings: Settings, options: Options) -> "Slack":
    content = compiled(settings, "slack", {"text": options.text})
    title = compiled(settings, "slack", {"title": options.title})
    size = options.digest_size if options.digest else 1
    # Slack: "no more than one message per second per channel", bursts apart
    return Slack(access(settings, "slack", Account, "https://slack.com"), options, content, title, Limits(size, 60))


@dataclass(repr=False)
class Slack:
    access: Access[Account]
    options: Options
    content: Content
    title: Content
    limits: Limits
    in_doubt: InDoubt = "message"

    @cached_property
    def http(self) -> Http:
        token = self.access.secrets["token"]
        return Http("slack", self.access.base_url, {"Authorization": f"Bearer {token}"})

    def push(self, batch: ChangeBatch) -> Results:
        lines: list[str] = []
        unwritten: dict[int, str] = {}
        for i, (_, values) in enumerate(self.content.rows(batch)):
            try:
                lines.append(self.content.render(_harmless(values))["text"])
            except RecordError as error:
                unwritten[i] = str(error)
        message_id = self._post(batch, lines) if lines else None
        verdicts = [(REJECTED, unwritten[i]) if i in unwritten else (ACCEPTED, None) for i in range(len(batch))]
        return Results.of(verdicts, [None if i in unwritten else message_id for i in range(len(batch))])

    def _post(self, batch: ChangeBatch, lines: list[str]) -> str:
        """The message's place, as `erase` knows it. Raises BatchRejected: too long a digest is cut in two."""
        text = "\n".join(lines)
        if self.options.digest:
            head = self.title.render({"count": len(lines), "day": batch.day.isoformat()}).get("title")
            text = f"{head}\n{text}" if head else text
        if len(text) > LONGEST_TEXT:
            raise BatchRejected(f"{len(text)} characters; slack takes {LONGEST_TEXT}")
        unfurl = self.options.unfurl_links
        body = {"channel": self.options.channel, "text": text, "unfurl_links": unfurl, "unfurl_media": unfurl}
        content = self._call("/api/chat.postMessage", body)
        return f"{content.get('channel')}:{content.get('ts')}"

    def _call(self, path: str, body: dict[str, Any], expected: str = "") -> dict[str, Any]:
        """What it says when `ok`, or when it refuses with the `expected` word."""
        content = self.http.call(Request("POST", path, json=body, headers=JSON)).json()
        if not isinstance(content, dict) or not isinstance(content.get("ok"), bool):
            raise MaybeSent("slack: an answer that does not say whether it is done")
        word = str(content.get("error"))
        if content["ok"] or word == expected:
            return content
        raise _failure(word)

    def erase(self, batch: ChangeBatch) -> Results:
        """Deletes each person's message where its place is known; a digest holds others too, and is left."""
        places = batch.remote_ids.to_pylist() if batch.remote_ids is not None else [None] * len(batch)
        return Results.of(self._forget(place) for place in places)

    def _forget(self, place: str | None) -> tuple[str, str | None]:
        if self.options.digest:
            return REJECTED, "stands in a digest beside others: delete it in Slack by hand"
        channel, _, at = (place or "").partition(":")
        if not at:
            return REJECTED, "it is not known which message: delete it in Slack by hand"
        self._call("/api/chat.delete", {"channel": channel, "ts": at}, expected="message_not_found")
        return ACCEPTED, None

    def check(self) -> Health:
        """Asks whose token it is, and reads its scopes."""
        health = self.http.healthy(Request("GET", "/api/auth.test"))
        if not health.ok:
            return health
        try:
            reply = self.http.call(Request("GET", "/api/auth.test"))
            content = reply.json()
        except (CallFailed, FatalError, BatchRejected) as error:
            return Health(False, str(error))
        if not content.get("ok"):
            return Health(False, f"slack: {content.get('error')}")
        scopes = reply.headers.get("x-oauth-scopes", "chat:write").replace(" ", "").split(",")
        return Health(
            "chat:write" in scopes,
            "slack takes the token" + ("" if "chat:write" in scopes else ", which lacks chat:write"),
        )


def _failure(word: str) -> Exception:
    if word in LATER:
        return NotSent(f"slack: {word}")
    if word in UNCLEAR:
        return MaybeSent(f"slack: {word}")
    if word in CONTENT:
        return BatchRejected(word)
    return FatalError(f"slack: {word}. Check the token, its scopes and options.channel; `fairlead doctor` asks again.")


def _harmless(values: Mapping[str, Any]) -> dict[str, Any]:
    """Slack reads <!channel> and <@U…> as calls, so a value's <, > and & are written as Slack asks."""
    return {k: _escaped(v) if isinstance(v, str) else v for k, v in values.items()}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
