"""Push notifications to phones and browsers through Firebase Cloud Messaging. Set-up: docs/channels/fcm.md.

One call a message. FCM takes no idempotency key, so what is in doubt is never sent again. A token that FCM calls
UNREGISTERED belongs to an app that has been removed: its row is rejected with that word.
Source  https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send, …/v1/ErrorCode, discovery
        document of October 2026
"""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import Field, field_validator

from activation.channel import (
    ACCEPTED,
    MESSAGE_MODES,
    REJECTED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.google_token import TOKEN_URL, google_token, unusable
from activation.vendor.http import Http, Reply, Request, failure
from content.templates import Content, Words, compiled
from core.errors import RecordError
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Firebase Cloud Messaging", identifiers=("device_token",), modes=MESSAGE_MODES, takes_back=False, contacts=("push",)
)
# 600,000 a minute and project, https://firebase.google.com/docs/cloud-messaging/throttling-and-quotas
LIMITS = Limits(1, 600_000, seconds_per_call=0.1, concurrency=50)
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
ABOUT_THE_ROW = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH", "INVALID_ARGUMENT"})
LABEL = 50  # characters of an analytics label
RESERVED = ("from", "gcm", "google", "message_type")  # how no key of `data` may begin


class Account(Spec):
    project_id: str | None = None  # None: the credential's own
    credentials_env: str = "FAIRLEAD_FCM_CREDENTIALS"  # JSON of a service account that may send messages
    token_url: str = TOKEN_URL


class Options(Spec):
    title: Words
    body: Words
    link: Words | None = None  # https; opened by a browser's notification, and handed to the app as data.link
    image: str | None = Field(None, pattern="^https://")
    data: tuple[str, ...] = ()  # fields that the app gets beside the words
    ttl_seconds: int | None = Field(
        None, ge=0, le=2_419_200
    )  # how long FCM keeps it for a device that is off; 28 days at most
    collapse_key: str | None = None  # a later message with the same key replaces an earlier one that was not shown yet
    concurrency: int = Field(50, ge=1, le=100)

    @field_validator("data")
    @classmethod
    def allowed(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [name for name in names if name.startswith(RESERVED)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: FCM keeps names that begin with {', '.join(RESERVED)} for itself")
        return names


def open_channel(settings: Settings, options: Options) -> "Fcm":
    vendor_access = access(settings, "fcm", Account, "https://fcm.googleapis.com")
    words = {"title": options.title, "body": options.body, "link": options.link}
    content = compiled(settings, "fcm", words, may_be_blank=("link",))
    off = vendor_access.missing
    if not off and (why := unusable(vendor_access.secrets["credentials"])):
        off = f"{vendor_access.account.credentials_env} {why}"
    project = vendor_access.account.project_id or (
        "" if off else json.loads(vendor_access.secrets["credentials"]).get("project_id", "")
    )
    if not off and not project:
        off = "channels.fcm.options.project_id is not set"
    limits = Limits(1, LIMITS.requests_per_minute, None, LIMITS.seconds_per_call, options.concurrency)
    return Fcm(vendor_access, options, content, str(project), limits, off)


@dataclass(repr=False)
class Fcm:
    access: Access[Account]
    options: Options
    content: Content
    project: str
    limits: Limits
    not_configured: str
    in_doubt: InDoubt = "message"

    @cached_property
    def http(self) -> Http:
        token = google_token("fcm", self.access.secrets["credentials"], SCOPE, self.access.account.token_url)
        return Http("fcm", self.access.base_url, auth=token)

    def push(self, batch: ChangeBatch) -> Results:
        _, values = self.content.only(batch)
        try:
            message = self._message(values, batch.sync)
        except RecordError as error:
            return Results.of([(REJECTED, str(error))])
        reply = self._send({"message": message})
        if reply.status >= 400:
            return Results.of([(REJECTED, _refusal(reply))])
        return Results.of([(ACCEPTED, None)], [str(reply.json().get("name")).rpartition("/")[2]])

    def _send(self, body: dict[str, Any]) -> Reply:
        path = f"/v1/projects/{self.project}/messages:send"
        return self.http.call(Request("POST", path, json=body, passes=(400, 401, 403, 404)))

    def _message(self, values: dict[str, Any], sync: str) -> dict[str, Any]:
        """Raises RecordError where no message can be written for this person."""
        token, options = str(values.get("device_token") or "").strip(), self.options
        if not token:
            raise RecordError("device_token is empty")
        words = self.content.render(values)
        link = words.get("link", "").strip()
        if link and not link.startswith("https://"):
            raise RecordError("the link does not begin with https://")
        data = {name: _text(values[name]) for name in options.data if values.get(name) is not None}
        notification = {
            "title": words["title"],
            "body": words["body"],
            **({"image": options.image} if options.image else {}),
        }
        message: dict[str, Any] = {
            "token": token, "notification": notification, "fcmOptions": {"analyticsLabel": sync[:LABEL]},
            **self._platforms(link),
        }  # fmt: skip
        data |= {"link": link} if link else {}
        return {**message, "data": data} if data else message

    def _platforms(self, link: str) -> dict[str, Any]:
        """What each kind of device calls the same thing."""
        ttl, key = self.options.ttl_seconds, self.options.collapse_key
        android = {**({"ttl": f"{ttl}s"} if ttl is not None else {}), **({"collapseKey": key} if key else {})}
        headers = {**({"TTL": str(ttl)} if ttl is not None else {}), **({"Topic": key} if key else {})}
        webpush = {**({"headers": headers} if headers else {}), **({"fcmOptions": {"link": link}} if link else {})}
        apns = {"headers": {"apns-collapse-id": key}} if key else {}
        return {
            name: settings
            for name, settings in (("android", android), ("webpush", webpush), ("apns", apns))
            if settings
        }

    def erase(self, batch: ChangeBatch) -> Results:
        """FCM keeps nothing by person; a token ends when the app is removed, or when the app itself deletes it."""
        return Results.accepted(len(batch))

    def check(self) -> Health:
        """Has FCM look at a message to a topic nobody has, without sending it."""
        message = {"topic": "fairlead-doctor", "notification": {"title": "x"}}
        path = f"/v1/projects/{self.project}/messages:send"
        return self.http.healthy(Request("POST", path, json={"validateOnly": True, "message": message}))


def _refusal(reply: Reply) -> str:
    """FCM's own word for why this one message is refused; raises where it is not about this message."""
    content = reply.json()
    error = content.get("error", {}) if isinstance(content, dict) else {}
    codes = [d.get("errorCode") for d in error.get("details", []) if isinstance(d, dict) and d.get("errorCode")]
    word = codes[0] if codes else ("INVALID_ARGUMENT" if reply.status == 400 else "")
    if word not in ABOUT_THE_ROW:
        raise failure(reply)
    return f"{word}: {error.get('message', '')}"


def _text(value: Any) -> str:
    """FCM's data holds texts only."""
    return str(value).lower() if isinstance(value, bool) else str(value)
