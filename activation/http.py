"""HTTP as channels speak it: one client a credential, and every way a call can end told in the loop's own words.

Nothing here logs, retries or waits; `send.py` does. Error texts hold the status and the vendor's first words, from which
`answers.py` takes out whatever is personal.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import httpx
import orjson

from activation.channel import BatchRejected, Health, MaybeSent, NotSent, Quota
from core.errors import FairleadError, FatalError

CONTENT_IS_BAD = frozenset({400, 413, 422})
LONGEST_REPLY = 64 << 20  # bytes: a server that never stops must not fill our memory
WORDS = 200  # characters of an error reply that are kept
RENEW_BEFORE_SECONDS = 60  # a token is renewed this long before its end, so that none ends under way
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL, and a URL may hold a token


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
            raise MaybeSent(f"FL108 {self.channel}: an answer that is not readable as JSON") from None

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
        with self._lock:
            if not self._value or self.clock() >= self._until:
                self._value, lives = self.fetch()
                self._until = self.clock() + max(lives - RENEW_BEFORE_SECONDS, lives / 2)
            return self._value

    def forget(self, value: str) -> None:
        """Fetch anew next time, unless another thread has done so."""
        with self._lock:
            if self._value == value:
                self._value = ""


def standard_quota(headers: httpx.Headers) -> Quota | None:
    """From the headers most vendors send: X-RateLimit-* and RateLimit-* (seconds or an epoch)."""
    remaining = _number(headers.get("x-ratelimit-remaining") or headers.get("ratelimit-remaining"))
    reset = _number(headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset"))
    if remaining is None:
        return None
    if reset is not None and reset > 1e9:  # an epoch, not a number of seconds
        reset = max(0.0, (reset / 1000 if reset > 1e11 else reset) - time.time())
    return Quota(int(remaining), reset)


@dataclass(repr=False)
class Http:
    """`call` gives a Reply for 2xx and for the statuses in `passes`; it raises for all else.

    BatchRejected   400, 413, 422 and `rejects`: the content is bad · NotSent   429, no connection, 503 with Retry-After
    MaybeSent       408, 409, 425, other 5xx, no whole answer       · FatalError   401, 403, 404 and the rest
    """

    channel: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: httpx.Auth | tuple[str, str] | None = None
    timeout_seconds: float = 30
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

    def call(
        self, method: str, path: str, *, json: Any = None, content: bytes | None = None, form: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, files: Any = None,
        passes: Collection[int] = (), rejects: Collection[int] = (),
    ) -> Reply:  # fmt: skip
        """path   under base_url, or a whole URL (a job's own address); json is written by orjson: NaN as null, UTF-8 kept."""
        more = dict(headers or {})
        if json is not None:
            content = orjson.dumps(json, option=orjson.OPT_NON_STR_KEYS)
            more.setdefault("Content-Type", "application/json")
        if self.body_bytes and content is not None and len(content) > self.body_bytes:
            raise BatchRejected(f"FL307 {len(content)} bytes; {self.channel} takes {self.body_bytes}")
        url = path if path.startswith(("http://", "https://")) else self.base_url.rstrip("/") + path
        reply = self._exchange(method, url, content=content, data=form, params=params, headers=more, files=files)
        if 200 <= reply.status < 300 or reply.status in passes:
            return reply
        raise failure(reply, rejects)

    def _exchange(self, method: str, url: str, **request: Any) -> Reply:
        name = self.channel
        try:
            with self.client.stream(method, url, **request) as response:
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LONGEST_REPLY:
                        raise MaybeSent(f"FL102 {name}: the answer does not end")
                self.quota = self.read_quota(response.headers) or self.quota
                return Reply(response.status_code, response.headers, bytes(body), name)
        except FairleadError:
            raise
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"FL101 {name}: no connection ({type(error).__name__})") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise MaybeSent(f"FL102 {name}: no whole answer ({type(error).__name__})") from None
        except (httpx.InvalidURL, UnicodeError):
            raise FatalError(f"FL411 {name}: channels.{name}.url is no URL.") from None

    def healthy(self, method: str, path: str, **request: Any) -> Health:
        """A harmless call as a health check; also tells a clock that is wrong, on which signatures and tokens fail."""
        try:
            reply = self.call(method, path, **request)
        except (NotSent, FatalError, BatchRejected) as error:
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
    if status == 429 or (status == 503 and later is not None):
        return NotSent(f"FL105 {name}: HTTP {status}", later)
    if status in (408, 409, 425) or status >= 500:
        return MaybeSent(f"FL106 {name}: HTTP {status}", later)
    number = "FL103" if status in (401, 403) else "FL104"
    mend = "Check the credential and its scopes" if status in (401, 403) else "Check the address and the sync's options"
    return FatalError(f"{number} {name}: HTTP {status}. {mend}; `fairlead doctor` asks again.")


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date (RFC 9110 10.2.3); None when there is none to read."""
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    when = _date(value)
    return None if when is None else max(0.0, (when - datetime.now(UTC)).total_seconds())


def clock_skew_seconds(headers: httpx.Headers) -> float | None:
    """How far the server's clock is ahead of ours, by its Date header."""
    when = _date(headers.get("date") or "")
    return None if when is None else (when - datetime.now(UTC)).total_seconds()


def _date(value: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
