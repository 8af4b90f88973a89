"""E-mail over SMTP, one message a person, through any relay or mail server. Set-up: docs/channels/smtp.md.

What the law and the mailbox providers ask of commercial mail is asked before anything is sent: a postal address and a
visible unsubscribe link in every part, one-click unsubscribe (RFC 8058), DKIM that covers it and is aligned with
From. No message is sent twice. Only the one whose answer was lost is in doubt; of the others of its batch it is known
what became.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import Field

from activation.channel import (
    ACCEPTED,
    IN_DOUBT,
    MESSAGE_MODES,
    REJECTED,
    About,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.smtp.dkim import Signer
from activation.channels.smtp.lines import Envelope, Lines
from activation.channels.smtp.message import Letter, address, letter_bytes, mailbox
from activation.channels.smtp.rules import GIVEN, Account, MessageClass, has_link, missing, signer, wrong
from activation.channels.smtp.session import Server
from activation.vendor.access import access
from content.templates import Content, Words, compiled
from content.unsubscribe import token
from core.errors import ConfigError, FatalError, RecordError
from core.settings import Settings
from core.specs import Spec

ABOUT = About("SMTP", identifiers=("email",), modes=MESSAGE_MODES, takes_back=False, contacts=("email",))
NO_URL = "https://unused.invalid"  # access() asks for a URL, and a mail server has a host and a port
SECONDS_A_MESSAGE = 0.1  # four round trips to a relay; for the plan's minutes only


class Options(Spec):
    subject: Words
    text: Words
    html: Words | None = None
    to_name: Words | None = None  # the name in To
    message_class: MessageClass = "commercial"
    from_address: str | None = None  # these three: in place of the section's
    from_name: str | None = None
    reply_to: str | None = None
    batch_size: int = Field(50, ge=1, le=1000)  # as many are in doubt when this machine dies in mid-batch
    connections: int = Field(4, ge=1, le=50)
    messages_per_minute: float | None = Field(None, gt=0)  # the relay's limit, or the warming-up of a new address


def open_channel(settings: Settings, options: Options) -> "Smtp":
    """Raises ConfigError with every mistake: of the templates, and of what commercial mail must have."""
    vendor_access = access(settings, "smtp", Account, NO_URL)
    words = {name: getattr(options, name) for name in ("subject", "text", "html", "to_name")}
    content = compiled(settings, "smtp", words, html=("html",), may_be_blank=("to_name",))
    overrides = {name: getattr(options, name) for name in ("from_address", "from_name", "reply_to")}
    account = vendor_access.account.model_copy(update={k: v for k, v in overrides.items() if v is not None})
    off = missing(vendor_access, options.message_class)
    mistakes = wrong(account, options.message_class, content) if account.from_address else []
    if mistakes:
        raise ConfigError(*mistakes)
    return Smtp(account, vendor_access.secrets, options, content, signer(vendor_access), _limits(options), off)


def _limits(options: Options) -> Limits:
    size, rate = options.batch_size, options.messages_per_minute
    return Limits(
        size, rate and rate / size, seconds_per_call=SECONDS_A_MESSAGE * size, concurrency=options.connections
    )


@dataclass(repr=False)
class Smtp:
    account: Account
    secrets: Mapping[str, str]
    options: Options
    content: Content
    signer: Signer | None
    limits: Limits
    not_configured: str
    in_doubt: InDoubt = "message"

    @cached_property
    def lines(self) -> Lines:
        a = self.account
        server = Server(
            a.host, a.port, a.tls, a.ca_file, a.user, self.secrets.get("password"),
            a.helo, a.timeout_seconds, a.reply_seconds
        )  # fmt: skip
        return Lines(server, a.messages_per_connection)

    @cached_property
    def sender(self) -> str:
        return address(self.account.from_address)

    @cached_property
    def bounces(self) -> str:
        """Where bounces go, {message} still in it."""
        sample = "0" * 32
        return address((self.account.envelope_from or self.sender).replace("{message}", sample)).replace(
            sample, "{message}"
        )

    def push(self, batch: ChangeBatch) -> Results:
        """All are written first; then those that could be are sent, one after the other."""
        names = [self._name(batch, key) for key in batch.keys.to_pylist()]
        unwritten: dict[int, str] = {}
        envelopes = []
        for i, (key, values) in enumerate(self.content.rows(batch, GIVEN)):
            try:
                envelopes.append(self._written(batch, key, values, names[i]))
            except RecordError as error:
                unwritten[i] = str(error)
        answers = iter(self.lines.send(envelopes))
        verdicts = [(REJECTED, unwritten[i]) if i in unwritten else next(answers) for i in range(len(batch))]
        return Results.of(
            verdicts, [n if s in (ACCEPTED, IN_DOUBT) else None for n, (s, _) in zip(names, verdicts, strict=True)]
        )

    def _name(self, batch: ChangeBatch, key: str) -> str:
        """The message's id before the @: the same when the batch goes again, so that a duplicate is known."""
        return hashlib.sha256(f"{batch.idempotency_key}\0{key}".encode()).hexdigest()[:32]

    def _written(self, batch: ChangeBatch, key: str, values: dict[str, Any], name: str) -> Envelope:
        """Raises RecordError where no message can be written for this person."""
        account, to = self.account, address(values.get("email"))
        commercial = self.options.message_class == "commercial"
        url = self._unsubscribe(batch, key) if commercial else ""
        words = self.content.render(
            {**values, "unsubscribe_url": url or None, "postal_address": account.postal_address}
        )
        for part in ("text", "html") if commercial else ():
            if part in words and not has_link(words[part], url, html=part == "html"):
                raise RecordError(f"{self.content.parts[part].name}: the link to unsubscribe is not shown")
        letter = Letter(
            f"{name}@{self.sender.rpartition('@')[2]}", mailbox(account.from_name, self.sender),
            mailbox(words.get("to_name"), to),
            words["subject"], words["text"], words.get("html"), self._more(batch, url),
        )  # fmt: skip
        return Envelope(self.bounces.replace("{message}", name), to, letter_bytes(letter, self.signer))

    def _unsubscribe(self, batch: ChangeBatch, key: str) -> str:
        sealed = token(self.secrets["unsubscribe_key"].encode(), key, batch.sync)
        return (self.account.unsubscribe_url or "").replace("{token}", sealed)

    def _more(self, batch: ChangeBatch, url: str) -> dict[str, str]:
        account, about = self.account, self.options.message_class
        more = {"Reply-To": address(account.reply_to)} if account.reply_to else {}
        more["Feedback-ID"] = (
            # Gmail: three of ours, the sender last
            f"{batch.sync}:{about}:{batch.day.isoformat()}:{account.feedback_sender}"
        )
        if not url:
            return {**more, "Auto-Submitted": "auto-generated"}  # RFC 3834: no automatic answer, please
        way = f"<{url}>" + (f",\r\n <mailto:{account.unsubscribe_mailto}>" if account.unsubscribe_mailto else "")
        return {
            **more,
            "List-Unsubscribe": way,
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Precedence": "bulk",
        }

    def erase(self, batch: ChangeBatch) -> Results:
        """A mail server keeps nothing of ours that it could forget."""
        return Results.accepted(len(batch))

    def check(self) -> Health:
        """Connects, signs in and leaves."""
        try:
            line = self.lines.server.connect()
        except (CallFailed, FatalError) as error:
            return Health(False, str(error))
        line.quit()
        return Health(True, f"the mail server takes our sign-in{' over TLS' if self.account.tls != 'none' else ''}")

    def close(self) -> None:
        if "lines" in self.__dict__:
            self.lines.close()
