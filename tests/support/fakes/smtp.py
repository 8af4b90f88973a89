"""A mail server that asks for a password and keeps what it takes; `aiosmtpd` on a loopback port, with the faults of RFC
5321.
"""

import contextlib
import email
import email.policy
import logging
import time
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from support.fakes.server import Fake, Request
from support.servers import free_port

logging.getLogger("mail.log").setLevel(logging.ERROR)  # the server's own log, which is not ours to be judged by
PASSWORD = "smtp-test-password"


class Vendor(Fake):
    channel = "smtp"
    environment = {
        "FAIRLEAD_SMTP_PASSWORD": PASSWORD,
        "FAIRLEAD_SMTP_UNSUBSCRIBE_KEY": "smtp-test-unsubscribe-key",
    }
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    options = {
        "subject": "For {{ first_name }}",
        "text": "Hello {{ first_name }}, you have {{ value }} points.\n{{ unsubscribe_url }}\n{{ postal_address }}\n",
        "html": '<p>Hello {{ first_name }}</p><a href="{{ unsubscribe_url }}">Unsubscribe</a><p>{{ postal_address '
        "}}</p>",
    }
    message = True
    removes = False
    # 429: closed for now, said when a message begins. The others come after the message's end: no answer, cut, not
    # readable.
    faults = ("429", "silence acts", "cut acts", "garbage acts")

    def __init__(self):
        super().__init__()
        self.port = 9  # nobody listens, until `running`
        self.more = {}  # options of the section beside those needed
        self.letters = []  # (envelope sender, recipient, parsed message, raw bytes)
        self.replies = {}  # address -> what RCPT answers
        self.content_replies = {}  # address -> what the message's end answers
        self.sender_reply = ""  # what MAIL answers, if not OK
        self.most = None  # messages a connection
        self.connections = 0

    def section(self):
        return {
            "options": {
                "host": "127.0.0.1", "port": self.port, "tls": "none", "user": "fairlead", "helo": "client.example.com",
                "timeout_seconds": 5, "reply_seconds": 2, "from_address": "news@example.com",
                "from_name": "Example Shop",
                "postal_address": "1 Example Street, Exampleton",
                "unsubscribe_url": "https://www.example.com/u/{token}", **self.more,
            }
        }  # fmt: skip

    @contextlib.contextmanager
    def running(self, folder, check=None):
        with self.server(**self.settings()):
            yield

    def settings(self):
        return {"auth_required": True, "auth_require_tls": False, "authenticator": self.sign_in}

    def sign_in(self, server, session, envelope, mechanism, data):
        good = data.login == b"fairlead" and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)

    @contextlib.contextmanager
    def server(self, **options):
        fake = self

        class Hostile(SMTP):
            async def push(self, status):
                if fake.closing:
                    fake.closing = False
                    self.transport.close()
                    return
                await super().push(status)

        class Own(Controller):
            def factory(self):
                fake.connections += 1
                with warnings.catch_warnings():  # it would have TLS before a password; not on a loopback
                    warnings.simplefilter("ignore")
                    return Hostile(self.handler, hostname="mx.example.com", **options)

        controller = Own(self, hostname="127.0.0.1", port=free_port(), ready_timeout=20)
        self.closing = False
        controller.start()
        self.connections = 0  # the controller has tried it
        self.port = controller.port
        self.url = f"smtp://127.0.0.1:{self.port}"
        try:
            yield
        finally:
            controller.stop()

    # -- what aiosmtpd asks of a handler ----------------------------------------------------------------------------

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        session.transactions = getattr(session, "transactions", 0) + 1
        if self.script[:1] == ["429"] or session.transactions > (self.most or session.transactions):
            self.script = self.script[1:]
            server.transport.write(b"421 4.3.2 closing the connection\r\n")
            self.closing = True
            return "421"
        if self.sender_reply:
            return self.sender_reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.poison:
            return f"550 5.1.1 <{address}>: Recipient address rejected: User unknown"
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        (address,) = envelope.rcpt_tos
        if address in self.content_replies:
            return self.content_replies[address]
        raw = envelope.content
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        with self.lock:
            self.letters.append((envelope.mail_from, address, parsed, raw))
            self.requests.append(Request("POST", "DATA", {}, {}, raw))
        word = self.script.pop(0) if self.script else ""
        if word == "silence acts":
            time.sleep(3)  # longer than reply_seconds
        if word == "cut acts":
            self.closing = True
        return "and what?" if word == "garbage acts" else "250 2.0.0 OK: queued"

    # -- what the suite asks ------------------------------------------------------------------------------------------

    def audience(self):
        return {to for _, to, _, _ in self.letters}

    def received(self, email):
        return sum(to == email for _, to, _, _ in self.letters)

    def values(self, email):
        return next(
            (
                {"email": to, "first_name": m["Subject"].removeprefix("For ")}
                for _, to, m, _ in self.letters
                if to == email
            ),
            {},
        )
