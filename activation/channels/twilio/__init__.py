"""Text messages through Twilio, one a call. Set-up: docs/channels/twilio.md.

Twilio takes no idempotency key, so what is in doubt is never sent again. Who has answered STOP is refused by Twilio
(21610), whatever is asked here. When it may be sent (quiet hours) is decided before the channel.
Source  https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/api/errors
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import Field

from activation.channel import (
    ACCEPTED,
    MESSAGE_MODES,
    REJECTED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    NotSent,
    Results,
)
from activation.channels.twilio.segments import segments
from activation.vendor.access import Access, access
from activation.vendor.calls import Pages
from activation.vendor.http import Http, Request
from content.templates import Content, Words, compiled
from core.errors import ConfigError, FatalError, RecordError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("Twilio", identifiers=("phone",), modes=MESSAGE_MODES, takes_back=False, contacts=("sms",))
LONGEST_BODY = 1600  # characters; Twilio's own limit (21617)
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164; anything else could name another of Twilio's channels (whatsapp:…)
LATER = frozenset({20429, 21611})  # too many requests; the sender's queue is full
# Wrong for everybody: sender, service, account, callback address. The sync ends, and nobody's row is spent on it.
OURS = frozenset({20003, 20008, 21212, 21603, 21606, 21609, 21659, 21660, 21661, 21701, 21702, 21703, 21705})


class Account(Spec):
    account_sid: str = Field("", pattern=r"^(AC[0-9a-fA-F]{32})?$")
    api_key_sid: str | None = Field(None, pattern=r"^SK[0-9a-fA-F]{32}$")  # then the variable holds the key's secret
    token_env: str = "FAIRLEAD_TWILIO_AUTH_TOKEN"
    messaging_service: str | None = Field(None, pattern=r"^MG[0-9a-fA-F]{32}$")
    from_number: str | None = None  # a number, or a name where the country allows one
    status_callback: str | None = None  # where Twilio tells what became of each message


class Options(Spec):
    text: Words
    most_segments: int = Field(3, ge=1, le=10)  # a longer message is rejected rather than paid for
    price_per_segment: float = Field(0.0, ge=0)  # in the project's currency; for the plan
    validity_seconds: int | None = Field(None, ge=1, le=36_000)  # how long Twilio may keep it in its queue
    concurrency: int = Field(20, ge=1, le=100)


def open_channel(settings: Settings, options: Options) -> "Twilio":
    vendor_access = access(settings, "twilio", Account, "https://api.twilio.com")
    content = compiled(settings, "twilio", {"text": options.text})
    account, off = vendor_access.account, [vendor_access.missing] if vendor_access.missing else []
    if account.messaging_service and account.from_number:
        raise ConfigError("channels.twilio.options: give messaging_service or from_number, not both.")
    if not (account.messaging_service or account.from_number):
        off.append("channels.twilio.options.messaging_service (or from_number) is not set")
    price = options.price_per_segment * segments(content.parts["text"].bare({}))
    limits = Limits(1, seconds_per_call=0.2, concurrency=options.concurrency, price_per_row=price)
    return Twilio(vendor_access, options, content, limits, ", ".join(off))


@dataclass(repr=False)
class Twilio:
    access: Access[Account]
    options: Options
    content: Content
    limits: Limits
    not_configured: str
    in_doubt: InDoubt = "message"

    @cached_property
    def http(self) -> Http:
        account = self.access.account
        user = account.api_key_sid or account.account_sid
        return Http("twilio", self.access.base_url, auth=(user, self.access.secrets["token"]))

    @property
    def path(self) -> str:
        return f"/2010-04-01/Accounts/{self.access.account.account_sid}/Messages"

    def push(self, batch: ChangeBatch) -> Results:
        _, values = self.content.only(batch)
        try:
            form = self._form(values)
        except RecordError as error:
            return Results.of([(REJECTED, str(error))])
        reply = self.http.call(Request("POST", f"{self.path}.json", form=form, passes=(400,)))
        content = reply.json()
        if reply.status == 400 or content.get("error_code"):
            return Results.of([(REJECTED, _refusal(content))])
        return Results.of([(ACCEPTED, None)], [content.get("sid")])

    def _form(self, values: dict[str, Any]) -> dict[str, Any]:
        """Raises RecordError where no message can be written for this person."""
        to = str(values.get("phone") or "").strip()
        if not NUMBER.fullmatch(to):
            raise RecordError("phone is no number as +447700900000")
        text = self.content.render(values)["text"].strip()
        parts, account = segments(text), self.access.account
        if parts > self.options.most_segments or len(text) > LONGEST_BODY:
            raise RecordError(f"the text has {parts} segments; the sync allows {self.options.most_segments}")
        sender = {"MessagingServiceSid": account.messaging_service, "From": account.from_number}
        more = {"StatusCallback": account.status_callback, "ValidityPeriod": self.options.validity_seconds}
        return {"To": to, "Body": text, **{name: v for name, v in {**sender, **more}.items() if v is not None}}

    def erase(self, batch: ChangeBatch) -> Results:
        """Deletes every message to and from the number. One still on its way cannot be deleted: rejected, ask again."""
        return Results.of(self._forget(str(phone)) if phone else (ACCEPTED, None) for phone in batch.column("phone"))

    def _forget(self, phone: str) -> tuple[str, str | None]:
        in_flight = 0
        for side in ("To", "From"):
            page: str | None = f"{self.path}.json"
            query: dict[str, Any] | None = {side: phone, "PageSize": 1000}
            message_ids: list[str] = []
            pages = Pages("twilio: messages")
            while page:
                pages.turn(page)
                content = self.http.call(Request("GET", page, params=query)).json()
                message_ids += [message["sid"] for message in content["messages"]]
                page, query = content.get("next_page_uri"), None
            for sid in message_ids:
                in_flight += (
                    self.http.call(Request("DELETE", f"{self.path}/{sid}.json", passes=(404, 409))).status == 409
                )
        return (
            (REJECTED, f"{in_flight} messages are still on their way; erase again later")
            if in_flight
            else (ACCEPTED, None)
        )

    def check(self) -> Health:
        """Lists one message: the least that a key must be allowed which may send."""
        return self.http.healthy(Request("GET", f"{self.path}.json", params={"PageSize": 1}))


def _refusal(content: Any) -> str:
    """Why this one message is refused; raises where it is not about this message."""
    content = content if isinstance(content, dict) else {}
    code = content.get("code") or content.get("error_code") or 0
    words = f"{code}: {content.get('message') or content.get('error_message') or 'refused'}"
    if code in LATER:
        raise NotSent(f"twilio: {code}")
    if code in OURS:
        raise FatalError(f"twilio: {code}. Check the section channels.twilio; `fairlead doctor` asks again.")
    return words
