"""HTTP as channels speak it: one client a credential, and every way a call can end told in the loop's own words.

Nothing here logs, retries or waits; `send.py` does. Error texts hold the status and the vendor's first words, from
which `answers.py` takes out whatever is personal. A credential goes to the origin of `base_url` (scheme, host, port)
and to no other: redirects are not followed, and an address that an answer names is called only where it lies there.
"""

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
import orjson

from activation.channel import BatchRejected, CallFailed, Health, MaybeSent, NotSent, NotThere, Quota
from activation.vendor import patience
from activation.vendor.headers import clock_skew_seconds, retry_after, standard_quota
from core.errors import FairleadError, FatalError

CONTENT_IS_BAD = frozenset({400, 413, 422})
LONGEST_REPLY = 64 << 20  # bytes: a server that never stops must not fill our memory
LONGEST_CALL_SECONDS = 300.0  # from the name's look-up to the last byte; a phase of its own has `timeout_seconds`
Origin = tuple[str, str, int | None]
WORDS = 200  # characters of an error reply that are kept
RENEW_BEFORE_SECONDS = 60  # a token is renewed this long before its end, so that none ends under way
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL, and a URL may hold a token


@dataclass(frozen=True, repr=False)  # a repr would show a record or a secret
class Request:
    """One call. `json` is written by orjson (NaN as null, UTF-8 kept); of json, content, form, files one is given."""

    method: str
    path: str  # under the client's base_url, or a whole URL (a job's own address) there
    json: Any = None
    content: bytes | None = None
    form: Mapping[str, Any] | None = None
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # beside the client's own
    files: Any = None
    passes: Collection[int] = ()  # statuses that the caller reads itself, beside 2xx
    rejects: Collection[int] = ()  # statuses that say of this call: the content is bad

    @cached_property
    def body(self) -> bytes | None:
        return self.content if self.json is None else orjson.dumps(self.json, option=orjson.OPT_NON_STR_KEYS)

    @property
    def all_headers(self) -> dict[str, str]:
        return dict(self.headers) if self.json is None else {"Content-Type": "application/json", **self.headers}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    channel: str = ""

    def json(self) -> Any:
        """Raises MaybeSent where a readable answer was to be expected and none came."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise MaybeSent(f"{self.channel}: an answer that is not readable as JSON", code="FL108") from None

    def words(self) -> str:
        return f"HTTP {self.status}: {self.body.decode('utf-8', 'replace')[:WORDS]}".rstrip(": ")


@dataclass(repr=False)  # a repr would show the secret
class Token(httpx.Auth):
    """A bearer token that is fetched when needed, renewed before its end and, once, when the server says 401.

    fetch   gives the token and the seconds it lives; it may call the vendor through an Http of its own
    """

    fetch: Callable[[], tuple[str, float]]
    prefix: str = "Bearer "
    header: str = "Authorization"
    clock: Callable[[], float] = time.monotonic
    _value: str = ""
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        used = self.value()
        request.headers[self.header] = self.prefix + used
        response = yield request
        if response.status_code == 401:
            self.forget(used)
            request.headers[self.header] = self.prefix + self.value()
            yield request

    def value(self) -> str:
        """Raises NotSent where the token cannot be had now, FatalError where it is refused: nothing was sent."""
        with self._lock:
            if not self._value or self.clock() >= self._until:
                self._value, lives = self._fetched()
                self._until = self.clock() + max(lives - RENEW_BEFORE_SECONDS, lives / 2)
            return self._value

    def _fetched(self) -> tuple[str, float]:
        try:
            token, lives = self.fetch()
        except MaybeSent as error:
            raise NotSent(f"no token: {error}", error.retry_after_seconds, code="FL113") from None
        except BatchRejected as error:  # the content of this call is the credential
            raise FatalError(
                f"no token: {error}. Check the credential; `fairlead doctor` asks again.", code="FL103"
            ) from None
        return token, lives if math.isfinite(lives) and lives > 0 else 0.0

    def forget(self, value: str) -> None:
        """Fetch anew next time, unless another thread has done so."""
        with self._lock:
            if self._value == value:
                self._value = ""


@dataclass(repr=False)
class Http:
    """`call` gives a Reply for 2xx and for the statuses in the request's `passes`; it raises for all else.

    BatchRejected   400, 413, 422 and `rejects`: the content is bad · NotSent   429, no connection, 503 with Retry-After
    MaybeSent       408, 409, 425, other 5xx, no whole answer       · FatalError   401, 403, 404 and the rest
    """

    channel: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: httpx.Auth | tuple[str, str] | None = None
    timeout_seconds: float = 30  # of one phase: to connect, to write, to the next bytes
    longest_seconds: float = LONGEST_CALL_SECONDS  # of the whole call
    body_bytes: int | None = None
    read_quota: Callable[[httpx.Headers], Quota | None] = standard_quota
    quota: Quota | None = None

    @cached_property
    def client(self) -> httpx.Client:
        """Made at the first call: the certificates take a tenth of a second to read."""
        return httpx.Client(
            timeout=self.timeout_seconds, follow_redirects=False, auth=self.auth,
            headers={"User-Agent": "fairlead", **self.headers}, limits=httpx.Limits(max_connections=100),
        )  # fmt: skip

    def call(self, request: Request) -> Reply:
        """Raises FatalError for an address of another origin, else as said above."""
        patience.check_left_behind()
        content = request.body
        if self.body_bytes and content is not None and len(content) > self.body_bytes:
            raise BatchRejected(f"{len(content)} bytes; {self.channel} takes {self.body_bytes}", code="FL307")
        path = request.path
        url = path if path.startswith(("http://", "https://")) else self.base_url.rstrip("/") + path
        if self.base_url and self.origin_of(url) != self.origin_of(self.base_url):
            raise self._foreign(url)
        reply = patience.bounded(lambda: self._exchange(url, request), self.longest_seconds, self.channel)
        if 200 <= reply.status < 300 or reply.status in request.passes:
            return reply
        if reply.headers.get("location") and 300 <= reply.status < 400:
            raise self._foreign(str(httpx.URL(url).join(reply.headers["location"])))
        raise failure(reply, request.rejects)

    def origin_of(self, url: str) -> Origin:
        """Raises FatalError where that is no address."""
        try:
            return origin(url)
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise FatalError(f"{self.channel}: channels.{self.channel}.url is no URL.", code="FL411") from None

    def _foreign(self, url: str) -> FatalError:
        """Names the origin only: what follows it may be a secret."""
        scheme, host, port = self.origin_of(url)
        place = f"{scheme}://{host}" + (f":{port}" if port not in (80, 443, None) else "")
        return FatalError(
            f"{self.channel}: an answer leads to {place}. No redirect is followed, "
            "and nothing of ours goes to another origin "
            "than the configured one. If that address is right, configure it.", code="FL116",
        )  # fmt: skip

    def _exchange(self, url: str, request: Request) -> Reply:
        name = self.channel
        try:
            with self.client.stream(
                request.method, url, content=request.body, data=request.form, params=request.params,
                headers=request.all_headers, files=request.files,
            ) as response:  # fmt: skip
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LONGEST_REPLY or patience.current().left_behind():
                        raise MaybeSent(f"{name}: the answer does not end", code="FL102")
                self.quota = self._quota(response.headers) or self.quota
                return Reply(response.status_code, response.headers, bytes(body), name)
        except FairleadError:
            raise
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"{name}: no connection ({type(error).__name__})", code="FL101") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise MaybeSent(f"{name}: no whole answer ({type(error).__name__})", code="FL102") from None
        except (httpx.InvalidURL, UnicodeError):
            raise FatalError(f"{name}: channels.{name}.url is no URL.", code="FL411") from None

    def _quota(self, headers: httpx.Headers) -> Quota | None:
        """The vendor's headers: where they cannot be read they say nothing, and the answer counts."""
        try:
            return self.read_quota(headers)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            return None

    def healthy(self, request: Request) -> Health:
        """A harmless call as a health check; also tells a clock that is wrong, on which signatures and tokens fail."""
        try:
            reply = self.call(request)
        except (CallFailed, FatalError, BatchRejected) as error:
            return Health(False, str(error))
        skew = clock_skew_seconds(reply.headers)
        if skew is not None and abs(skew) > 300:  # five minutes: where most vendors begin to refuse signed requests
            return Health(False, f"{self.channel}'s clock and this one differ by {skew:.0f} s")
        return Health(True, f"{self.channel} answers {reply.status}")

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()


def failure(reply: Reply, rejects: Collection[int] = ()) -> Exception:
    """What a status other than 2xx means for the loop."""
    name, status = reply.channel, reply.status
    if status in CONTENT_IS_BAD or status in rejects:
        return BatchRejected(reply.words())
    later = retry_after(reply.headers.get("retry-after"))
    if status == 429 or (status == 503 and reply.headers.get("retry-after")):
        return NotSent(f"{name}: HTTP {status}", later, code="FL105")
    if status in (408, 409, 425) or status >= 500:
        return MaybeSent(f"{name}: HTTP {status}", later, code="FL106")
    refused = status in (401, 403)
    mend = "Check the credential and its scopes" if refused else "Check the address and the sync's options"
    kind = NotThere if status in (404, 410) else FatalError
    return kind(f"{name}: HTTP {status}. {mend}; `fairlead doctor` asks again.", code="FL103" if refused else "FL104")


def origin(url: str) -> Origin:
    """Scheme, host and port, by which it is decided who sees a credential."""
    parts = httpx.URL(url)
    return parts.scheme, parts.host, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
