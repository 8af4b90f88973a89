"""Batched JSON to a URL of yours, signed: [channels.webhook] url and secret_env in fairlead.toml.
Set-up: docs/channels/webhook.md.

Request   POST {"sync", "day", "run_id", "changes": [{"op": add|update|remove, "key", "fields": {…}}]}; a removal has
          no fields. Idempotency-Key: the same at every try of a batch. Fairlead-Signature: t=<unix seconds>,v1=<hex
          HMAC-SHA256 of "<t>.<body>" under the secret>; refuse an old t.
Reply     2xx with {"results": [{"key", "status": accepted|rejected, "error"}]}, one for each change; any other 2xx
          accepts the whole batch. 400, 413, 422: the content is bad, the batch is split. 429: later, Retry-After is
          honoured.
The receiver must upsert by `key`: what is in doubt is sent again.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from activation.channel import (
    ACCEPTED,
    ANYBODYS,
    AUDIENCE_MODES,
    IN_DOUBT,
    REJECTED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    Results,
)
from activation.vendor.http import Http, Request
from activation.vendor.json_rows import json_list, json_texts
from activation.written.batch import WrittenBatch, WrittenRow
from core.errors import ConfigError
from core.settings import ChannelSettings, Settings
from core.specs import Spec

ABOUT = About("Webhook", modes=AUDIENCE_MODES | {"append"}, contacts=ANYBODYS)


class Options(Spec):
    batch_size: int = Field(1000, ge=1, le=100_000)
    requests_per_minute: float | None = Field(None, gt=0)
    timeout_seconds: float = Field(30, gt=0)
    body_bytes: int = Field(5_000_000, ge=1_000)
    concurrency: int = Field(
        1, ge=1, le=64
    )  # above 1 the receiver meets batches in any order; a person is in one of them


def open_channel(settings: Settings, options: Options) -> "Webhook":
    """Raises ConfigError for a URL without a scheme and for a missing secret: nothing is ever sent unsigned."""
    section = settings.channels.get("webhook", ChannelSettings())
    limits = Limits(
        options.batch_size, options.requests_per_minute, options.body_bytes, 0.2, concurrency=options.concurrency
    )
    http = Http("webhook", section.url, timeout_seconds=options.timeout_seconds, body_bytes=options.body_bytes)
    if not section.url:
        return Webhook(http, b"", limits, not_configured="channels.webhook.url is empty")
    if not section.url.startswith(("http://", "https://")):
        raise ConfigError(
            "channels.webhook.url (FAIRLEAD_CHANNELS__WEBHOOK__URL) must begin with https:// (or http://).",
            code="FL411",
        )
    if not section.secret_env:
        raise ConfigError(
            "channels.webhook.secret_env is empty: name the environment variable that holds the signing secret.",
            code="FL411",
        )
    return Webhook(http, settings.secret(section.secret_env).encode(), limits)


@dataclass(repr=False)  # a repr would show the secret
class Webhook:
    http: Http
    secret: bytes
    limits: Limits
    in_doubt: InDoubt = "idempotent"
    not_configured: str = ""
    written_row: ClassVar[WrittenRow] = WrittenRow('{"op":"add","key":', ',"fields":', "}")

    def push(self, batch: ChangeBatch) -> Results:
        reply = self._post(_body(batch), batch.idempotency_key)
        return _results(batch, _read(reply.headers.get("content-type", ""), reply.body))

    def push_written(self, batch: WrittenBatch) -> Results:
        body = b"".join((_about(batch), b',"changes":[', batch.rows, b"]}"))
        reply = self._post(body, batch.idempotency_key)
        return _results(batch, _read(reply.headers.get("content-type", ""), reply.body))

    def erase(self, batch: ChangeBatch) -> Results:
        """The receiver is told with op `erase`: to forget, not just to take out."""
        return self.push(replace(batch, ops=pa.repeat("erase", len(batch))))

    def check(self) -> Health:
        """Whether somebody answers there; an empty batch, signed, is all that is sent."""
        if self.not_configured:
            return Health(True, f"not configured: {self.not_configured}")
        body = b'{"changes": []}'
        return self.http.healthy(Request("POST", "", content=body, headers=self._headers(body, "check")))

    def _post(self, body: bytes, key: str) -> Any:
        return self.http.call(Request("POST", "", content=body, headers=self._headers(body, key)))

    def _headers(self, body: bytes, key: str) -> dict[str, str]:
        sent_at = str(int(time.time()))
        signature = hmac.new(self.secret, sent_at.encode() + b".", hashlib.sha256)
        signature.update(body)
        return {
            "Content-Type": "application/json", "Idempotency-Key": key,
            "Fairlead-Signature": f"t={sent_at},v1={signature.hexdigest()}",
        }  # fmt: skip


def _body(batch: ChangeBatch) -> bytes:
    """Written a column at a time: half of all the work of a push would else be here."""
    ops, keys = json_texts(batch.ops), json_texts(batch.keys)
    head = pc.binary_join_element_wise('{"op":', ops, ',"key":', keys, "")
    bare = batch.ops[0].as_py() in ("remove", "erase")
    rows = (
        pc.binary_join_element_wise(head, "}", "")
        if bare
        else pc.binary_join_element_wise(head, ',"fields":', _fields(batch), "}", "")
    )
    return _about(batch) + b',"changes":' + json_list(rows) + b"}"


def _about(batch: ChangeBatch | WrittenBatch) -> bytes:
    """The beginning of a body, up to its changes."""
    return json.dumps({"sync": batch.sync, "day": batch.day.isoformat(), "run_id": batch.run_id}).encode()[:-1]


def _fields(batch: ChangeBatch) -> pa.Array:
    if all(policy == "overwrite" for policy in batch.policies.values()):
        return batch.json
    return pa.array([orjson.dumps(row).decode() for row in batch.records()], pa.string())


def _results(batch: ChangeBatch | WrittenBatch, content: Any) -> Results:
    if not isinstance(content, dict) or "results" not in content:
        return Results.accepted(len(batch))
    if not isinstance(content["results"], list):
        raise MaybeSent("webhook: an answer whose results are no list")
    of_key: dict[str, tuple[str, str | None]] = {}
    for item in content["results"]:
        if isinstance(item, dict) and of_key.get(str(item.get("key")), ("", None))[0] != REJECTED:
            of_key[str(item.get("key"))] = _verdict(item)
    mute = (IN_DOUBT, "the answer has no result for this change")
    return Results.of(of_key.get(key, mute) for key in batch.keys.to_pylist())


def _verdict(item: dict[str, Any]) -> tuple[str, str | None]:
    status, error = item.get("status"), item.get("error")
    if status == ACCEPTED:
        return ACCEPTED, None
    if status == REJECTED:
        return REJECTED, str(error or "rejected without a reason")
    return IN_DOUBT, "a result whose status is neither accepted nor rejected"


def _read(content_type: str, reply: bytes) -> Any:
    """The answer's JSON; None where it is plainly something else. Raises MaybeSent for JSON that cannot be read."""
    if "json" not in content_type.lower() and not reply.lstrip().startswith((b"{", b"[")):
        return None
    if not reply.strip():
        return None
    try:
        return orjson.loads(reply)
    except orjson.JSONDecodeError:
        raise MaybeSent("webhook: an answer that is not readable as JSON", code="FL108") from None
