"""JSON APIs through dlt's paginators: the usual paginations and sign-ins, pages as Arrow, and an end to each."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.kinds.api.answers import refuse_errors, refuse_missing_records
from connectors.kinds.api.paginators import paginator_of
from connectors.kinds.api.question import Question, UnaskableError, parent_value, question_of, text_of
from connectors.kinds.api.sign_in import header_secret, sign_in
from connectors.kinds.api.visits import Visits
from connectors.kinds.calls import AbsentError, Calls
from connectors.kinds.json_keys import KeyWatch
from connectors.kinds.rows import place_rows
from connectors.reading import NO_LINE, Reading, Request
from connectors.values.json_text import MARK, NO_NUMBER, TWICE, Keeping, Written, steps_of
from connectors.values.projection import IDENTITY
from core.errors import ConfigError, FairleadError, FatalError

BATCH_ROWS = 10_000
ATTEMPTS = 5  # on 429, 5xx and broken connections; waits double from one second, or last as long as the API says
PARENT = "_parent"  # the key under which a record holds the value of `for_each`
PARENT_AT = "_parent_at"  # and that of the cursor there
Row = tuple[str | None, str | None, str | None]  # the record as JSON; or why it is none, and its text
Known = tuple[str | None, str | None, str | None, str | None]  # and what it is known by, where that is not its content
Key = tuple[str | None, ...]


def read(request: Request) -> Reading:
    reading = Reading(iter(()))
    watch = KeyWatch(request.table)
    keys: list[Key] | None = [] if request.table.deletes == "snapshot" else None
    reading.batches = (watch.batch(data) for data in _batches(_rows(request, reading, keys), request, reading))
    reading.keys = None if keys is None else _key_batches(keys, request)
    return reading


def _rows(request: Request, reading: Reading, keys: list[Key] | None) -> Iterator[list[Known]]:
    """The rows of one page after the other, and their keys on the way."""
    keeping = Keeping(request.table)
    declared = {steps_of(column.source or name)[0] for name, column in request.table.columns.items()} | {MARK}
    leave = request.table.undeclared == "leave"
    for records in _pages(request, reading):
        if keys is not None:
            keys += [_key(record, request) for record in records]
        identities = [_identity(record) if leave else None for record in records]
        if leave:
            records = [{k: r[k] for k in r if k in declared} if isinstance(r, dict) else r for r in records]
        rows = [_row(record, keeping) for record in records]
        yield [(*row, identity) for row, identity in zip(rows, identities, strict=True)]


def _pages(request: Request, reading: Reading) -> Iterator[list[Any]]:
    """The records of one page after the other. Raises RetryableError when the API does not answer in the end."""
    if not request.place.url:
        raise ConfigError(f"{request.source} has no url. Set [sources.{request.source}] url in fairlead.toml.")
    client = _client(request, reading)
    if request.table.for_each is None:
        yield from _answers(client, request, reading, question_of(request))
        return
    wanted = {column.source for column in request.table.columns.values()} & {PARENT, PARENT_AT}
    for parent, at in _parents(request).items():
        known = {key: value for key, value in ((PARENT, parent), (PARENT_AT, at)) if key in wanted}
        try:
            question = question_of(request, parent)
        except UnaskableError as fault:
            reading.unasked.append((str(fault), json.dumps({PARENT: parent})))
            continue
        with suppress(AbsentError):
            for records in _answers(client, request, reading, question):
                yield [{**r, **known} if isinstance(r, dict) else r for r in records]


def _parents(request: Request) -> dict[str, str | None]:
    """The values of `for_each`, each once, with the cursor there. The table is read whole, for what stands still there
    may have moved here; with `changed` as far as it has changed since our own mark.
    """
    for_each = request.table.for_each
    assert for_each is not None
    if for_each.ask:
        return dict.fromkeys(request.values)
    since = request.since if for_each.changed else None
    name = f"parents of {for_each} since {since}"
    if name not in request.shared:
        table = request.tables[for_each.table]
        path, at = (table.columns[c].source or c if c else "" for c in (for_each.column, table.cursor))
        asked = replace(request, name=for_each.table, table=table, since=since, late_keys=None)
        pages = _pages(asked, Reading(iter(())))
        pairs = ((parent_value(r, path), parent_value(r, at) if at else None) for records in pages for r in records)
        request.shared[name] = {value: moment for value, moment in pairs if value}  # an empty text is nothing
    return dict(request.shared[name])


def _answers(client: Any, request: Request, reading: Reading, question: Question) -> Iterator[list[Any]]:
    visits = Visits(request)
    pages = client.paginate(
        question.path, method=request.table.method, params=question.params, json=question.body,
        paginator=paginator_of(request.table.paginate), hooks={"response": []},
    )  # fmt: skip
    try:
        for number, page in enumerate(pages, 1):
            reading.at = f"page {number}"
            visits.page(number, list(page), page)
            yield list(page)
    except FairleadError:
        raise
    except ValueError as error:  # dlt's paginator; its words hold the answer, and so people
        raise FatalError(
            f"{request.where}: {reading.at or 'page 1'} does not say how to go on ({type(error).__name__}): is "
            "`paginate` right?"
        ) from None


def _client(request: Request, reading: Reading) -> Any:
    from dlt.sources.helpers.rest_client import RESTClient

    class Client(RESTClient):
        def extract_response(self, response: Any, data_selector: Any) -> list[Any]:
            refuse_missing_records(request, response)
            records = list(super().extract_response(response, data_selector))
            refuse_errors(request, reading, response, records)
            return records

    signature = sign_in(request)
    secret_headers = {name: header_secret(request, v) for name, v in request.table.secret_headers.items()}
    return Client(
        base_url=request.place.url.rstrip("/") + "/",
        headers=request.table.headers | secret_headers or None,
        session=Calls(request, ATTEMPTS, signature),
        auth=signature,
        data_selector=request.table.records,
    )


def _identity(record: Any) -> str:
    """Of all that an API says of a record: what is declared of it later makes it no other one."""
    text = json.dumps(_as_written(record), separators=(",", ":"))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _as_written(value: Any) -> Any:
    """With the digits of each number."""
    if isinstance(value, dict):
        return {key: _as_written(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_written(inner) for inner in value]
    return value.text if type(value) is Written else value


def _row(record: Any, keeping: Keeping) -> Row:
    """A record as it stands; one that is no text (half a surrogate pair), or no strict JSON, is refused alone."""
    keeping.as_written(record)
    reason = None
    try:
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text, reason = json.dumps(record, ensure_ascii=False, separators=(",", ":")), NO_NUMBER
    try:
        text.encode()
    except UnicodeEncodeError:
        return None, "half a surrogate pair: a letter that was cut in two", _readable(text)
    if MARK in text:
        text, reason = text.replace(f',"{MARK}":true', ""), TWICE
    return text, reason, reason and text


def _readable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _batches(pages: Iterator[list[Known]], request: Request, reading: Reading) -> Iterator[pa.RecordBatch]:
    """The rows, counted from 1; behind them, as line 0, what could not be asked."""
    pending: list[Known] = []
    line = 1
    for page in pages:
        pending += page
        if len(pending) >= BATCH_ROWS:
            yield _batch(pending, line, request)
            line += len(pending)
            pending = []
    if pending:
        yield _batch(pending, line, request)
    if reading.unasked:
        yield _batch([(None, *unasked, None) for unasked in reading.unasked], NO_LINE, request)


def _batch(rows: list[Known], line: int, request: Request) -> pa.RecordBatch:
    records, errors, texts, identities = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    lines = np.arange(line, line + len(rows)) if line else np.zeros(len(rows), int)
    data = place_rows([records], lines, "", request.day, errors, texts)
    return data.append_column(IDENTITY, identities) if request.table.undeclared == "leave" else data


def _key(record: Any, request: Request) -> Key:
    """A record's key as texts; None in each part that it does not hold."""
    values = []
    for name in request.table.key:
        value = record
        for part in (request.table.columns[name].source or name).split("."):
            value = value.get(part) if isinstance(value, dict) else None
        values.append(None if value is None or isinstance(value, dict | list) else _readable(text_of(value)))
    return tuple(values)


def _key_batches(keys: list[Key], request: Request) -> Iterator[pa.RecordBatch]:
    """Drawn when all pages were read. No row of a table that is read whole is late: see `due`."""
    for start in range(0, len(keys), BATCH_ROWS):
        part = keys[start : start + BATCH_ROWS]
        columns = [pa.array(column, pa.string()) for column in zip(*part, strict=True)]
        due = pa.repeat(pa.scalar("0"), len(part))
        nothing = pa.nulls(len(part), pa.string())
        lines = np.arange(start + 1, start + 1 + len(part))
        yield place_rows([*columns, due], lines, "", request.day, nothing, nothing)
