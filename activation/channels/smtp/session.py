"""The conversation with a mail server, one message at a time, and what each of its answers means (RFC 5321 4.2, 4.3).

2xx  taken: delivery is the server's own duty now   ·   4xx  not taken, may be later   ·   5xx  refused
The line cut before the message's end was handed over: surely not taken. Cut after that and before the answer: unknown.
`smtplib` and not an asynchronous library: it comes with Python, and its steps can be taken singly, so that the step
at which a line was cut is known.
"""

import contextlib
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED, NotSent
from activation.vendor import patience
from activation.vendor.patience import TooLate
from core.errors import FatalError

Verdict = tuple[str, str | None]
LEAVING_SECONDS = 5.0  # a good-bye that is not answered is none
STEPS = 6  # of a sign-in: name, connection, greeting, TLS, greeting, password
IDLE_SECONDS = (
    30  # a line unused for so long is taken for closed: servers wait 300 s at most (RFC 5321 4.5.3.2.7), many less
)


class LineLost(Exception):  # noqa: N818  (it says what is known)
    """The connection is at its end, and what was being sent has surely not been taken."""

    def __init__(self, why: str, at_message: bool = False) -> None:
        super().__init__(why)
        self.at_message = at_message  # it went while the message itself was handed over


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    tls: str  # starttls · tls · none
    ca_file: str | None
    user: str | None
    password: str | None = field(repr=False)
    helo: str | None
    timeout_seconds: float
    reply_seconds: float  # how long the answer to a whole message is waited for

    def connect(self) -> "Line":
        """Raises NotSent where the server cannot be reached now, FatalError where it can and will not have us."""
        try:
            line = patience.bounded(self._open, self.timeout_seconds * STEPS, "smtp")
            return Line(line, self.timeout_seconds, self.reply_seconds)
        except TooLate as error:
            raise NotSent(f"smtp: no connection ({error})") from None
        except ssl.SSLCertVerificationError as error:
            raise FatalError(
                f"smtp: the server's certificate: {error.verify_message}. Mend it, or name ca_file."
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            raise FatalError(
                f"smtp: {error} Look at options.tls and options.user; nobody has signed in.", code="FL119"
            ) from None
        except smtplib.SMTPResponseException as error:
            if 500 <= error.smtp_code < 600:
                raise FatalError(f"smtp: {error.smtp_code} at sign-in. Check the user, the password and tls.") from None
            raise NotSent(f"smtp: {error.smtp_code} at sign-in") from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(f"smtp: no connection ({type(error).__name__})") from None

    def _open(self) -> smtplib.SMTP:
        context = None if self.tls == "none" else ssl.create_default_context(cafile=self.ca_file)
        arguments: Any = {"local_hostname": self.helo, "timeout": self.timeout_seconds}
        if self.tls == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, context=context, **arguments)
        else:
            line = smtplib.SMTP(self.host, self.port, **arguments)
        try:
            if self.tls == "starttls":
                line.starttls(context=context)
            line.ehlo_or_helo_if_needed()
            if self.user and self.password:
                line.login(self.user, self.password)
        except BaseException:
            line.close()
            raise
        return line


@dataclass
class Line:
    smtp: smtplib.SMTP
    timeout_seconds: float
    reply_seconds: float
    uses: int = 0  # messages begun over it
    used_at: float = field(default_factory=time.monotonic)

    @property
    def stale(self) -> bool:
        return time.monotonic() - self.used_at > IDLE_SECONDS

    def send(self, sender: str, to: str, message: bytes) -> Verdict:
        """One message to one person. Raises LineLost, and FatalError where the server refuses the sender."""
        self.used_at, self.uses = time.monotonic(), self.uses + 1
        code, words = self._ask(f"MAIL FROM:<{sender}>")
        if 500 <= code < 600:
            raise FatalError(f"smtp: the server refuses the sender: {code}. Check envelope_from and the user's rights.")
        if 200 <= code < 300:
            code, words = self._ask(f"RCPT TO:<{to}>")
        if 200 <= code < 300:
            code, words = self._ask("DATA")
            if code == 354:
                return self._hand_over(message)
        self._ask("RSET")
        return verdict(code if code >= 400 else 554, words)  # below 400 is no answer to DATA that RFC 5321 knows

    def _hand_over(self, message: bytes) -> Verdict:
        try:
            patience.bounded(lambda: self.smtp.send(dotted(message)), self.reply_seconds, "smtp")
        except (OSError, smtplib.SMTPException, TooLate):
            self.close()
            raise LineLost("cut while the message was handed over", at_message=True) from None
        self._patience(self.reply_seconds)
        try:
            code, words = patience.bounded(self.smtp.getreply, self.reply_seconds, "smtp")
        except (OSError, smtplib.SMTPException, TooLate) as error:
            self.close()
            return IN_DOUBT, f"no answer to the message ({type(error).__name__})"
        if not 200 <= code < 600:
            self.close()
            return IN_DOUBT, "an answer to the message that cannot be read"
        self._patience(self.timeout_seconds)
        if code == 421:
            self.close()
        return verdict(code, words)

    def _ask(self, command: str) -> tuple[int, bytes]:
        try:
            code, words = patience.bounded(lambda: self.smtp.docmd(command), self.timeout_seconds, "smtp")
        except (OSError, smtplib.SMTPException, TooLate) as error:
            self.close()
            raise LineLost(type(error).__name__) from None
        if code == 421 or not 200 <= code < 600:
            self.close()
            raise LineLost(f"{code}")
        return code, words

    def _patience(self, seconds: float) -> None:
        if isinstance(self.smtp.sock, socket.socket):
            self.smtp.sock.settimeout(seconds)

    @property
    def open(self) -> bool:
        return self.smtp.sock is not None

    def quit(self) -> None:
        with contextlib.suppress(OSError, smtplib.SMTPException, TooLate):
            patience.bounded(self.smtp.quit, LEAVING_SECONDS, "smtp")
        self.close()

    def close(self) -> None:
        self.smtp.close()


def dotted(message: bytes) -> bytes:
    """As it goes over the line (RFC 5321 4.5.2): begins with a header, so never with a dot; ends with a line end."""
    return message.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def verdict(code: int, words: bytes) -> Verdict:
    if 200 <= code < 300:
        return ACCEPTED, None
    text = f"{code} {words.decode('utf-8', 'replace')}".replace("\n", " ")
    return (REJECTED, text) if code >= 500 else (SKIPPED, f"{text} (asked again at the next run)")
