"""A topic of Kafka: JSON messages of each partition, from its mark to the end that it had when the pull began.

A partition's mark is the offset of the message to come. It stands in raw.pulls as a file's fingerprint does, and is
booked with the rows that lie before it: no offset is committed to the brokers, and no group is joined.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.kinds.brokers import Brokers
from connectors.kinds.json_keys import KeyWatch
from connectors.kinds.rows import place_rows
from connectors.reading import Reading, Request

ENVELOPE = "_kafka"  # beside the value's own keys: key, partition, offset, timestamp, headers, tombstone
BATCH_ROWS = 10_000
PART_OF_TIME = 0.8  # of pull.table_minutes: what was read by then lands, and the rest waits for the next pull
Row = tuple[str | None, str | None, str | None]  # the message as JSON; or why it is none, and its text


@dataclass
class Span:
    """What is to be read of one partition: from `next_offset` up to, and without, `end`."""

    partition: int
    next_offset: int
    end: int

    @property
    def is_read(self) -> bool:
        return self.next_offset >= self.end


def read(request: Request) -> Reading:
    reading = Reading(iter(()))
    watch = KeyWatch(request.table)
    watch.declared.add(ENVELOPE)
    reading.batches = (watch.batch(data) for data in _batches(request, reading))
    return reading


def name_of(request: Request, partition: int) -> str:
    """Where a row is from, as `_origin` has it; `_line` is its offset."""
    return f"{request.table.topic}/{partition}"


def _batches(request: Request, reading: Reading) -> Iterator[pa.RecordBatch]:
    start = time.monotonic()
    with Brokers(request) as brokers:
        spans = {s.partition: s for s in _spans(brokers, request, reading)}
        _book(request, reading, spans)
        yield from _read_to_their_ends(brokers, request, reading, spans, start)
    _book(request, reading, spans)


def _book(request: Request, reading: Reading, spans: dict[int, Span]) -> None:
    marks = {name_of(request, s.partition): (str(s.next_offset), request.day) for s in spans.values()}
    reading.files.update(marks)


def _spans(brokers: Brokers, request: Request, reading: Reading) -> Iterator[Span]:
    for partition in brokers.partitions():
        low, high = brokers.bounds(partition)
        text = None if request.is_anew else request.fingerprints.get(name_of(request, partition))
        mark = int(text) if text else None
        name = name_of(request, partition)
        if mark is not None and mark > high:
            reading.warnings.append(
                f"{name} ends at {high}, and {mark} was reached before: the topic was made anew, or lost messages. It "
                "was read from its beginning."
            )
            mark = None
        elif mark is not None and mark < low:
            reading.warnings.append(
                f"{name}: {low - mark} offsets were deleted by the topic's retention before they were read. Pull more "
                "often, or keep messages longer."
            )
        yield Span(partition, max(low, mark or 0), high)


def _read_to_their_ends(
    brokers: Brokers, request: Request, reading: Reading, spans: dict[int, Span], start: float
) -> Iterator[pa.RecordBatch]:
    pending: dict[int, list[tuple[int, Row]]] = {}
    most_seconds = request.settings.pull.table_minutes * 60 * PART_OF_TIME
    open_spans = {p: s for p, s in spans.items() if not s.is_read}
    brokers.assign({p: s.next_offset for p, s in open_spans.items()})
    while open_spans:
        for partition, offset, message in brokers.take():
            span = open_spans.get(partition)
            if span is None:
                continue
            reading.at = f"{name_of(request, partition)} at {offset}"
            if message is not None and offset < span.end:
                pending.setdefault(partition, []).append((offset, row_of(message)))
                offset += 1
            span.next_offset = max(span.next_offset, offset)
            if message is None or span.is_read:  # None: nothing lies behind this offset now
                brokers.leave(partition)
                del open_spans[partition]
        yield from _full(pending, request, BATCH_ROWS)
        if time.monotonic() - start > most_seconds and not request.is_anew:
            left = sum(span.end - span.next_offset for span in open_spans.values())
            reading.warnings.append(f"{left} offsets are left for the next pull: pull.table_minutes is nearly over.")
            break
    yield from _full(pending, request, 1)


def _full(pending: dict[int, list[tuple[int, Row]]], request: Request, least_rows: int) -> Iterator[pa.RecordBatch]:
    for partition in [p for p, rows in pending.items() if len(rows) >= least_rows]:
        offsets, rows = zip(*pending.pop(partition), strict=True)
        texts, errors, raws = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
        yield place_rows([texts], np.array(offsets, np.int64), name_of(request, partition), request.day, errors, raws)


def row_of(message: Any) -> Row:
    """The value's JSON as it was written, with the envelope put before its keys; a tombstone is its envelope alone."""
    envelope = f'"{ENVELOPE}":{json.dumps(_envelope(message), ensure_ascii=False, separators=(",", ":"))}'
    value = message.value()
    if value is None:
        return f"{{{envelope}}}", None, None
    place = f"{message.topic()}/{message.partition()}/{message.offset()}: "  # two broken messages may be alike
    if value[:1] == b"\0":
        return None, "binary: Avro or Protobuf by a schema registry? JSON is read", place + value.hex()[:200]
    try:
        text = value.decode().strip()
    except UnicodeDecodeError:
        return None, "bytes that are no UTF-8", place + value.decode("utf-8", "replace")
    if not (text.startswith("{") and text.endswith("}")):
        return None, "not a JSON object", place + text
    own_keys = text[1:].lstrip()
    return f"{{{envelope}{'' if own_keys == '}' else ','}{own_keys}", None, None


def _envelope(message: Any) -> dict[str, Any]:
    kind, milliseconds = message.timestamp()
    headers = {name: _text(value) for name, value in message.headers() or ()}
    return {
        "key": _key(message.key()),
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": milliseconds if kind else None,
        "tombstone": message.value() is None,
        **({"headers": headers} if headers else {}),
    }


def _key(key: bytes | None) -> Any:
    """A text; or a JSON object, as Debezium and Kafka Connect write keys, so that `_kafka.key.id` can be named."""
    text = _text(key)
    if text and text.startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _text(value: bytes | str | None) -> str | None:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
