"""Batched JSON to a URL of yours, signed: [channels.webhook] url and secret_env in fairlead.toml.

Request   POST {"sync", "day", "run_id", "changes": [{"op": add|update|remove, "key", "fields": {…}}]}; a removal has no fields.
          Idempotency-Key: the same at every try of a batch. Fairlead-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of
          "<t>.<body>" under the secret>; refuse an old t.
Reply     2xx with {"results": [{"key", "status": accepted|rejected, "error"}]}, one for each change; any other 2xx accepts
          the whole batch. 400, 413, 422: the content is bad, the batch is split. 429: later, Retry-After is honoured.
The receiver must upsert by `key`: what is in doubt is sent again.
"""

import hashlib
import hmac
import json
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

import httpx
import pyarrow as pa
from pydantic import Field

from activation.channel import (
    ACCEPTED,
    IN_DOUBT,
    REJECTED,
    BatchRejected,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    NotSent,
    Results,
)
from core.errors import ConfigError, FatalError
from core.settings import Channel as ChannelSettings
from core.settings import Settings
from core.specs import Spec

CONTENT_IS_BAD = (400, 413, 422)
LONGEST_REPLY = 64 << 20  # bytes: a receiver that never stops must not fill our memory
WORDS = 200  # characters of an error reply that are kept; the loop takes personal data out of them
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every URL, and a URL may hold a token


class Options(Spec):
    batch_size: int = Field(1000, ge=1, le=100_000)
    requests_per_minute: float | None = Field(None, gt=0)
    timeout_seconds: float = Field(30, gt=0)
    body_bytes: int = Field(5_000_000, ge=1_000)


def open_channel(settings: Settings, options: Options) -> "Webhook":
    """Raises ConfigError for a URL without a scheme and for a missing secret: nothing is ever sent unsigned."""
    here = settings.channels.get("webhook", ChannelSettings())
    limits = Limits(options.batch_size, options.requests_per_minute, options.body_bytes, seconds_per_call=0.2)
    if not here.url:
        return Webhook("", b"", limits, 0, not_configured="channels.webhook.url is empty")
    if not here.url.startswith(("http://", "https://")):
        raise ConfigError(
            "channels.webhook.url (FAIRLEAD_CHANNELS__WEBHOOK__URL) must begin with https:// (or http://)."
        )
    if not here.secret_env:
        raise ConfigError(
            "channels.webhook.secret_env is empty: name the environment variable that holds the signing secret."
        )
    return Webhook(here.url, settings.secret(here.secret_env).encode(), limits, options.timeout_seconds)


@dataclass(repr=False)  # a repr would show the secret
class Webhook:
    url: str
    secret: bytes
    limits: Limits
    timeout_seconds: float
    in_doubt: InDoubt = "idempotent"
    removal_needs_fields: bool = False
    not_configured: str = ""

    @cached_property
    def client(self) -> httpx.Client:
        """Made at the first call: the certificates take a tenth of a second to read."""
        return httpx.Client(timeout=self.timeout_seconds, follow_redirects=False)

    def push(self, batch: ChangeBatch) -> Results:
        body = _body(batch)
        if self.limits.body_bytes and len(body) > self.limits.body_bytes:
            raise BatchRejected(f"{len(body)} bytes of JSON; the limit is {self.limits.body_bytes}")
        status, headers, reply = self._post(body, batch.idempotency_key)
        if 200 <= status < 300:
            return _results(batch, headers.get("content-type", ""), reply)
        raise _failure(status, headers, reply)

    def look_up(self, idempotency_key: str) -> bool | None:
        return None

    def check(self) -> Health:
        """Whether somebody answers there; an empty batch, signed, is all that is sent."""
        if self.not_configured:
            return Health(True, f"not configured: {self.not_configured}")
        try:
            status, _, _ = self._post(b'{"changes": []}', "check")
        except (NotSent, FatalError) as error:
            return Health(False, str(error))
        return Health(status < 400, f"webhook answers {status}")

    def close(self) -> None:
        if "client" in self.__dict__:
            self.client.close()

    def _post(self, body: bytes, key: str) -> tuple[int, httpx.Headers, bytes]:
        sent_at = str(int(time.time()))
        signature = hmac.new(self.secret, sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json", "Idempotency-Key": key, "Fairlead-Signature": f"t={sent_at},v1={signature}",
            "User-Agent": "fairlead",
        }  # fmt: skip
        try:
            with self.client.stream("POST", self.url, content=body, headers=headers) as response:
                reply = bytearray()
                for chunk in response.iter_bytes():
                    reply += chunk
                    if len(reply) > LONGEST_REPLY:
                        raise MaybeSent("webhook: the answer does not end")
                return response.status_code, response.headers, bytes(reply)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"webhook: no connection ({type(error).__name__})") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise MaybeSent(f"webhook: no whole answer ({type(error).__name__})") from None
        except httpx.InvalidURL:
            raise FatalError("webhook: channels.webhook.url is no URL.") from None


def _body(batch: ChangeBatch) -> bytes:
    changes = [
        {"op": op, "key": key} if op == "remove" else {"op": op, "key": key, "fields": fields}
        for op, key, fields in zip(batch.ops.to_pylist(), batch.keys.to_pylist(), batch.fields.to_pylist(), strict=True)
    ]
    content = {"sync": batch.sync, "day": batch.day.isoformat(), "run_id": batch.run_id, "changes": changes}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _results(batch: ChangeBatch, content_type: str, reply: bytes) -> Results:
    said = _read(content_type, reply)
    if not isinstance(said, dict) or "results" not in said:
        return Results.accepted(len(batch))
    if not isinstance(said["results"], list):
        raise MaybeSent("webhook: an answer whose results are no list")
    of_key: dict[str, tuple[str, str | None]] = {}
    for item in said["results"]:
        if isinstance(item, dict) and of_key.get(str(item.get("key")), ("", None))[0] != REJECTED:
            of_key[str(item.get("key"))] = _verdict(item)
    mute = (IN_DOUBT, "the answer has no result for this change")
    pairs = [of_key.get(key, mute) for key in batch.keys.to_pylist()]
    return Results(pa.array([s for s, _ in pairs], pa.string()), pa.array([e for _, e in pairs], pa.string()))


def _verdict(item: dict[str, Any]) -> tuple[str, str | None]:
    status, error = item.get("status"), item.get("error")
    if status == ACCEPTED:
        return ACCEPTED, None
    if status == REJECTED:
        return REJECTED, str(error or "rejected without a reason")
    return IN_DOUBT, "a result whose status is neither accepted nor rejected"


def _read(content_type: str, reply: bytes) -> Any:
    """The answer's JSON; None where it is plainly something else. Raises MaybeSent when it is JSON that cannot be read."""
    if "json" not in content_type.lower() and not reply.lstrip().startswith((b"{", b"[")):
        return None
    if not reply.strip():
        return None
    try:
        return json.loads(reply)
    except (ValueError, RecursionError):
        raise MaybeSent("webhook: an answer that is not readable as JSON") from None


def _failure(status: int, headers: httpx.Headers, reply: bytes) -> Exception:
    if status in CONTENT_IS_BAD:
        return BatchRejected(f"HTTP {status}: {reply.decode('utf-8', 'replace')[:WORDS]}".rstrip(": "))
    later = _retry_after(headers.get("retry-after"))
    if status == 429 or (status == 503 and later is not None):
        return NotSent(f"webhook: HTTP {status}", later)
    if status in (408, 409, 425) or status >= 500:
        return MaybeSent(f"webhook: HTTP {status}", later)
    return FatalError(f"webhook: HTTP {status}. Check channels.webhook.url and the secret at both ends.")


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date (RFC 9110 10.2.3); None when there is none to read."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
