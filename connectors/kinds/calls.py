"""Calls to one API: to its own origin alone, of bounded time and size, and its numbers with all their digits.

The whole of a call is timed, from the first byte to the last: a timeout of the socket alone begins anew with each byte.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import extract_cookies_to_jar

from connectors.kinds.api.answers import is_busy, reason
from connectors.kinds.api.sign_in import Token
from connectors.reading import Request
from connectors.source import is_of_text
from connectors.values.json_text import Written, marked
from core.errors import ConfigError, FatalError, RetryableError

WORTH_ANOTHER = (429, 500, 502, 503, 504)
ASK_SECONDS = 60  # for a connection, and between two bytes
MOST_REDIRECTS = 10
MOST_ANSWER_BYTES = 128 << 20  # unpacked; one page of an API, not an export
CHUNK_BYTES = 64 << 10
EXACT_CHARACTERS = 16  # a number of so few keeps its digits as a double
MOST_DIGITS = 4000  # Python reads no integer of more than 4,300
PORTS = {"http": 80, "https": 443}
RESET_IS_A_DATE = 1e9  # X-RateLimit-Reset is a time in some APIs and a number of seconds in others


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: to whom a secret was given. Raises ConfigError for what is no web address."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError):
        host, port = "", 0
    if not host:
        raise ConfigError("the url is no address of http or https.")
    return parts.scheme, host, port


class AbsentError(FatalError):
    """An answer that nothing is known of what was asked for."""


class Calls(requests.Session):
    """What the paginator sends through. It refuses any other origin: a secret is for the host that it was given for."""

    def __init__(self, request: Request, attempts: int, signature: Any = None) -> None:
        super().__init__()
        self._attempts, self._token = attempts, signature if isinstance(signature, Token) else None
        self._for, self._home, self._limits = request, origin(request.place.url), request.settings.pull
        self._adapter = _Adapter()
        request.patience.helpers.append(self._adapter.cut)
        self.mount("http://", self._adapter)
        self.mount("https://", self._adapter)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        kwargs |= {"stream": True, "timeout": (ASK_SECONDS, ASK_SECONDS)}
        kwargs.pop("allow_redirects", None)
        for _ in range(MOST_REDIRECTS):
            self._refuse_strangers(str(request.url))
            response = self._until_answered(request, kwargs)
            if response.status_code == 401 and self._token:  # it may have run out on the way
                self._token.renew()
                request = self._token(request.copy())
                response = self._until_answered(request, kwargs)
            if not response.is_redirect:
                return self._judged(response)
            target = urljoin(str(request.url), response.headers["location"])
            self._refuse_strangers(target)
            request = request.copy()
            request.url = target
        raise FatalError(f"{self._for.where}: more than {MOST_REDIRECTS} redirects, one after the other.")

    def _refuse_strangers(self, url: str) -> None:
        try:
            target = origin(url)
        except ConfigError:
            target = ("", "an address that is none", 0)
        if target != self._home:
            home_text, target_text = (
                "{}://{}:{}".format(*o).removeprefix("://").removesuffix(":0") for o in (self._home, target)
            )
            raise FatalError(
                f"{self._for.where}: the API sends us on from {home_text} to {target_text}, which may not have our "
                "secret. Nothing was sent "
                f"there. If it is the same vendor, set it as [sources.{self._for.source}] url in fairlead.toml."
            )

    def _until_answered(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        for attempt in range(self._attempts):
            last = attempt == self._attempts - 1
            pause: float = 2**attempt
            try:
                response = self._attempt(request, kwargs)
            except requests.RequestException as error:
                if last:
                    raise RetryableError(
                        f"{self._for.where}: the API does not answer ({type(error).__name__})."
                    ) from None
            else:
                if last or not (response.status_code in WORTH_ANOTHER or self._is_busy(response)):
                    return response
                pause = self._asked_pause(response, pause)
            self._for.patience.pause(pause)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, request: requests.PreparedRequest, kwargs: dict[str, Any]) -> requests.Response:
        timed_out = threading.Event()
        with self._timed(timed_out):
            try:
                response = self._adapter.send(request, **kwargs)
                extract_cookies_to_jar(self.cookies, request, response.raw)
                self._take(response, timed_out)
            except (requests.RequestException, OSError) as error:
                if not timed_out.is_set() and isinstance(error, requests.RequestException):
                    raise
                if not timed_out.is_set():
                    raise requests.ConnectionError(type(error).__name__) from None
        self._for.patience.alive()
        if timed_out.is_set():
            raise RetryableError(
                f"{self._for.where}: one answer took longer than {self._limits.call_seconds:g} s (pull.call_seconds)."
            )
        return response

    @contextmanager
    def _timed(self, timed_out: threading.Event) -> Iterator[None]:
        def cut() -> None:
            timed_out.set()
            self._adapter.cut()

        timer = threading.Timer(self._limits.call_seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _take(self, response: requests.Response, timed_out: threading.Event) -> None:
        """The body, into memory. Raises FatalError when it has no end."""
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > MOST_ANSWER_BYTES:
                response.close()
                raise FatalError(
                    f"{self._for.where}: one answer is larger than {MOST_ANSWER_BYTES >> 20} MB. Ask for smaller pages."
                )
            if timed_out.is_set():
                break
        response._content, response._content_consumed = bytes(body), True
        response.close()

    def _asked_pause(self, response: requests.Response, usual: float) -> float:
        pause = asked_pause(response.headers, time.time())
        if pause is None:
            return usual
        if pause > self._limits.pause_seconds:
            raise RetryableError(
                f"{self._for.where}: the API answered {response.status_code} and wants us to wait {pause:.0f} s; "
                f"pull.pause_seconds allows {self._limits.pause_seconds:g}. Pull again later."
            )
        return max(pause, 0)

    def _is_busy(self, response: requests.Response) -> bool:
        return any(is_busy(rule, response) for rule in self._for.table.busy_when)

    def _judged(self, response: requests.Response) -> requests.Response:
        status = response.status_code
        if self._is_busy(response):
            raise RetryableError(f"{self._for.where}: the API answered {status}: it is at its limit. Pull again later.")
        if self._for.table.for_each and status in self._for.table.for_each.absent:
            raise AbsentError(f"{self._for.where}: the API answered {status}: it knows nothing of that value.")
        if status in (400, 401, 403, 404):
            raise ConfigError(
                f"{self._for.where}: the API answered {status}{reason(response)}. Check its url, path and secret."
            )
        if not 200 <= status < 300:
            raise RetryableError(f"{self._for.where}: the API answered {status}.")
        content = parsed(response, self._for.where)
        response.json = lambda **_: content  # type: ignore[method-assign]
        return response


def asked_pause(headers: Any, now: float) -> float | None:
    """Seconds, by Retry-After (a number or a date) or X-RateLimit-Reset; None where nothing sensible is said."""
    text = str(headers.get("Retry-After", "")).strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    if text:
        with suppress(ValueError, TypeError, OverflowError):
            seconds = parsedate_to_datetime(text).timestamp() - now
            return seconds if seconds > 0 else None
    reset = str(headers.get("X-RateLimit-Reset", "")).strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", reset):
        seconds = float(reset) - (now if float(reset) > RESET_IS_A_DATE else 0)
        return seconds if seconds > 0 else None
    return None


def parsed(response: requests.Response, where: str) -> Any:
    """An answer's JSON.

    A number that a double would change comes as the text it is; bytes outside the encoding are marked.
    """
    body = response.content
    encoding = json.detect_encoding(body)
    declared = requests.utils.get_encoding_from_headers(response.headers)
    if encoding == "utf-8" and declared and not _reads(body, encoding) and is_of_text(declared):
        encoding = declared
    try:
        text = body.decode(encoding, "fairlead_mark")
        return json.loads(text, parse_float=_number, parse_int=_integer, object_pairs_hook=marked)
    except RecursionError:
        raise FatalError(f"{where}: the answer is nested too deeply to be read.") from None
    except ValueError:
        kind = response.headers.get("content-type", "of no type").split(";")[0]
        raise RetryableError(f"{where}: the API answered {response.status_code}, but no JSON ({kind[:60]}).") from None


def _reads(body: bytes, encoding: str) -> bool:
    try:
        body.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _number(text: str) -> float | str:
    number = float(text)
    if not isfinite(number) or (len(text) > EXACT_CHARACTERS and Decimal(repr(number)) != Decimal(text)):
        return text
    return number if repr(number) == text else Written(text)


def _integer(text: str) -> int | float | str:
    if text == "-0":
        return Written(text)
    return int(text) if len(text) < MOST_DIGITS else text


class _Adapter(HTTPAdapter):
    """Keeps its connections at hand, so that a clock can cut the one that is slow."""

    def __init__(self) -> None:
        self._open: list[Any] = []
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _watched(type(pool).ConnectionCls, self._open)
        return pool

    def cut(self) -> None:
        for connection in self._open:
            for at in {connection.sock, getattr(connection, "first_sock", None)} - {None}:
                with suppress(OSError):
                    at.shutdown(socket.SHUT_RDWR)


def _watched(base: Any, opened: list[Any]) -> Callable[..., Any]:
    """A connection class that says when it opens: a socket outlives its connection where an answer ends with it."""

    class Watched(base):
        def connect(self) -> None:
            opened.append(self)
            del opened[:-2]
            super().connect()
            self.first_sock = self.sock

    return Watched
