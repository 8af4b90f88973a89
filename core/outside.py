"""Two ways to tell somebody outside: JSON by HTTP, and a mail. Each ends in time, and shows its secret to nobody.

An address may hold a token or a password, so no error holds one: it names the place and the variable. What is told goes
to the configured address only: redirects are not followed, and a mail server that offers no TLS gets no password.
"""

import logging
import smtplib
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from core.answers import to_json
from core.bounded import bounded
from core.errors import FairleadError, FatalError, RetryableError

CONTENT_IS_BAD = frozenset({400, 413, 422})
WORDS = 200  # bytes of a refusal that are kept
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL, and a URL may hold a token


@dataclass(frozen=True)
class Place:
    """name   as errors call it · variable   where the address stands, so that a person finds it"""

    name: str
    url: str = field(repr=False)
    variable: str
    timeout_seconds: float  # of one phase: to connect, to write, to the next bytes
    longest_seconds: float  # of the whole call


@dataclass(frozen=True)
class Mail:
    recipients: tuple[str, ...]
    sender: str
    subject: str
    text: str


def post(place: Place, *contents: Any) -> None:
    """Each of the contents as JSON to the place. Raises FairleadError at the first that is not taken."""
    with httpx.Client(
        timeout=place.timeout_seconds, follow_redirects=False, headers={"User-Agent": "fairlead"}
    ) as client:
        for content in contents:
            exchange = partial(_exchange, client, place, to_json(content))
            bounded(exchange, place.longest_seconds, place.name)


def _exchange(client: httpx.Client, place: Place, body: str) -> None:
    """The status decides; no more of the answer is read than an error shows."""
    name, headers = place.name, {"Content-Type": "application/json"}
    try:
        with client.stream("POST", place.url, content=body.encode(), headers=headers) as reply:
            status = reply.status_code
            if not 200 <= status < 300:
                raise _refusal(place, reply, _first(reply.iter_bytes()) if status in CONTENT_IS_BAD else "")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise FatalError(f"{name}: {place.variable} holds no URL.", code="FL411") from None
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise RetryableError(f"{name}: no connection ({type(error).__name__})", code="FL101") from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise RetryableError(f"{name}: no whole answer ({type(error).__name__})", code="FL102") from None


def _first(chunks: Iterable[bytes]) -> str:
    body = b""
    for chunk in chunks:
        body += chunk
        if len(body) >= WORDS:
            break
    return body[:WORDS].decode("utf-8", "replace")


def _refusal(place: Place, reply: httpx.Response, words: str) -> FairleadError:
    """What a status other than 2xx means."""
    name, status = place.name, reply.status_code
    if 300 <= status < 400:
        return FatalError(
            f"{name}: HTTP {status}: the answer leads to {_origin(reply)}. No redirect is followed; if that address is "
            f"right, write it into {place.variable}.", code="FL116",
        )  # fmt: skip
    if status in CONTENT_IS_BAD:
        return FatalError(f"{name}: HTTP {status}: {words}".rstrip(": "))
    if status == 429:
        return RetryableError(f"{name}: HTTP {status}", code="FL105")
    if status in (408, 409, 425) or status >= 500:
        return RetryableError(f"{name}: HTTP {status}", code="FL106")
    return FatalError(
        f"{name}: HTTP {status}. Check {place.variable}.", code="FL103" if status in (401, 403) else "FL104"
    )


def _origin(reply: httpx.Response) -> str:
    """Where a redirect leads, without what follows the host: that may be a secret."""
    try:
        target = reply.url.join(reply.headers.get("location", ""))
    except (httpx.InvalidURL, UnicodeError):
        return "no address"
    return f"{target.scheme}://{target.host}" + (f":{target.port}" if target.port else "")


def send(place: Place, mail: Mail) -> None:
    """One mail. Raises FairleadError, and what smtplib raises, whose words may repeat what it was told."""
    bounded(lambda: _send(place, mail), place.longest_seconds, place.name)


def _send(place: Place, mail: Mail) -> None:
    parts = _server(place)
    message = EmailMessage()
    message["Subject"] = mail.subject
    message["From"], message["To"] = mail.sender, ", ".join(mail.recipients)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation answers
    message.set_content(mail.text)
    with _connected(place, parts) as connection:
        if parts.username:
            connection.login(unquote(parts.username), unquote(parts.password or ""))
        connection.send_message(message)


def _server(place: Place) -> SplitResult:
    parts = urlsplit(place.url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or "@" in parts.path + parts.query + parts.fragment:
        raise FatalError(
            f"{place.name}: {place.variable} is no smtp://user:password@host:587; "
            "a / @ : # ? % of a password is written as %2F and so on."
        )
    return parts


@contextmanager
def _connected(place: Place, parts: SplitResult) -> Iterator[smtplib.SMTP]:
    """A line that is encrypted where the server can; to one that cannot nobody signs in."""
    host, seconds, context = parts.hostname or "", place.timeout_seconds, ssl.create_default_context()
    if parts.scheme == "smtps":
        with smtplib.SMTP_SSL(host, parts.port or 465, timeout=seconds, context=context) as connection:
            yield connection
        return
    with smtplib.SMTP(host, parts.port or 587, timeout=seconds) as connection:
        connection.ehlo()
        if connection.has_extn("starttls"):
            connection.starttls(context=context)
            connection.ehlo()
        elif parts.username:
            raise FatalError(
                f"{place.name}: {host} offers no STARTTLS, so nobody has signed in and nothing was sent. "
                f"Write smtps:// into {place.variable}, or a server that offers it.", code="FL119",
            )  # fmt: skip
        yield connection
