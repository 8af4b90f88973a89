"""Where alerts arrive in tests: a receiver of webhooks, and a mail server without TLS."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from support.fakes.server import Answer, Fake, serve


class Receiver(Fake):
    """Takes whatever comes; at /broken it has an error."""

    def answer(self, request):
        return Answer(500 if request.path == "/broken" else 200, {})


@dataclass
class MailServer:
    """It takes any password: a STARTTLS that somebody on the way has stripped looks like this."""

    port: int
    mails: list[tuple[list[str], Message]] = field(default_factory=list)  # recipients, and what they got
    signed_in: list[object] = field(default_factory=list)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data):
        self.signed_in.append(data)
        return AuthResult(success=True)


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = MailServer(port)
    mail = Controller(
        box, hostname="127.0.0.1", port=port, authenticator=box.authenticate, auth_require_tls=False
    )  # fmt: skip
    mail.start()
    try:
        yield box
    finally:
        mail.stop()


@contextlib.contextmanager
def alert_places(monkeypatch) -> Iterator[tuple[Receiver, MailServer]]:
    """Slack takes what it is told, the webhook has an error, the mail arrives: as the environment names them."""
    receiver = Receiver()
    with serve(receiver), mail_server() as box:
        monkeypatch.setenv("FAIRLEAD_ALERTS_SLACK_URL", f"{receiver.url}/slack/secret-path")
        monkeypatch.setenv("FAIRLEAD_ALERTS_WEBHOOK_URL", f"{receiver.url}/broken")
        monkeypatch.setenv("FAIRLEAD_ALERTS_SMTP_URL", f"smtp://127.0.0.1:{box.port}")
        yield receiver, box
