"""JSON APIs through dlt's paginators: the usual paginations and sign-ins, pages as Arrow, and an end to each."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.kinds.calls import Calls
from connectors.kinds.json_keys import KeyWatch
from connectors.kinds.rows import place_rows
from connectors.kinds.told_errors import perhaps_an_error, tells_an_error
from connectors.reading import Reading, Request
from connectors.source import Auth, Paginate
from connectors.values.json_text import MARK, NO_NUMBER, TWICE, Keeping, marked_outside
from core.errors import ConfigError, FairleadError, FatalError
from core.settings import Settings, without_secrets

BATCH_ROWS = 10_000
ATTEMPTS = 5  # on 429, 5xx and broken connections; waits double from one second, or last as long as the API says
# What errors are said in.
ERROR_KEYS = ("code", "error", "errors", "message", "status", "title", "type", "detail", "reason")
PRIVATE = re.compile(  # addresses, numbers and what looks like a key, which an error of ours may not hold
    r"\S*@\S*|\+?[0-9][0-9 ().-]{5,}|(?i:(?<=bearer )|(?<=basic )|(?<=token )|(?<=key ))\S+|(?=[^\s,;]*\d)[^\s,;]{12,}"
)
PARTLY = {202: "was accepted and is not yet there", 206: "is a part"}
Row = tuple[str | None, str | None, str | None]  # the record as JSON; or why it is none, and its text


def read(request: Request) -> Reading:
    reading = Reading(iter(()))
    watch = KeyWatch(request.table)
    reading.batches = (watch.batch(data) for data in _batches(_pages(request, reading), request))
    return reading


def _pages(request: Request, reading: Reading) -> Iterator[list[Row]]:
    """The rows of one page after the other. Raises RetryableError when the API does not answer in the end."""
    table, place = request.table, request.place
    if not place.url:
        raise ConfigError(f"{request.source} has no url. Set [sources.{request.source}] url in fairlead.toml.")
    client = _client(request, reading)
    params = dict(table.params) | _since(request)
    visits, keeping = _Visits(request), Keeping(table)
    pages = client.paginate(
        str(table.path).lstrip("/"), params=params, paginator=_paginator(table.paginate), hooks={"response": []}
    )
    try:
        for number, page in enumerate(pages, 1):
            reading.at = f"page {number}"
            rows = [_row(record, keeping) for record in page]
            visits.page(number, rows, page)
            yield rows
    except FairleadError:
        raise
    except ValueError as error:  # dlt's paginator; its words hold the answer, and so people
        raise FatalError(
            f"{request.where}: {reading.at or 'page 1'} does not say how to go on ({type(error).__name__}): is "
            "`paginate` right?"
        ) from None


def _client(request: Request, reading: Reading) -> Any:
    from dlt.sources.helpers.rest_client import RESTClient

    table = request.table

    class Client(RESTClient):
        def extract_response(self, response: Any, data_selector: Any) -> list[Any]:
            """An answer without the declared records is no empty page. `null` is: so some APIs write an empty list."""
            if not _has(response.json(), table.records):
                raise FatalError(
                    f"{request.where}: an answer of {response.status_code} without {table.records!r}. It holds: "
                    f"{_outline(response.json())}. Is it an error, or is `records` wrong? Nothing was kept."
                )
            records = list(super().extract_response(response, data_selector))
            if marked_outside(response.json(), records):
                raise FatalError(
                    f"{request.where}: an answer in which a key stands twice beside the records. Nothing was kept."
                )
            answer, code = response.json(), response.status_code
            if code in PARTLY or tells_an_error(answer, records):
                told = PARTLY.get(code, "tells an error")
                raise FatalError(
                    f"{request.where}: an answer of {code} with {len(records)} records {told}, so others may be "
                    f"missing. It holds: {_outline(answer)}. Nothing was kept."
                )
            if not records and perhaps_an_error(answer):
                reading.warnings.append(
                    f"{reading.at or 'page 1'}: no records, but a message: {_outline(answer)}. Is it an error?"
                )
            return records

    return Client(
        base_url=request.place.url.rstrip("/") + "/",
        headers=dict(table.headers) or None,
        session=Calls(request, ATTEMPTS),
        auth=_auth(table.auth, request.settings),
        data_selector=table.records,
    )


def _has(answer: Any, path: str) -> bool:
    """Whether the place of the records is there; what is chosen among them (`[*]`, a filter) may well be nothing."""
    from dlt.common import jsonpath

    fixed = re.split(r"\.?\[\s*[*?:]|\.\*|\.\.", path, maxsplit=1)[0].rstrip(".")
    return fixed in ("", "$") or bool(jsonpath.find_values(fixed, answer))


def _outline(answer: Any) -> str:
    """What an answer holds, by its keys and by what errors are usually said in; nothing that could be somebody's."""
    if isinstance(answer, list):
        return f"a list of {len(answer)}"
    if not isinstance(answer, dict):
        return f"a {type(answer).__name__}"
    parts = []
    for key, value in list(answer.items())[:12]:
        text = _discreet(str(key), 40)
        if isinstance(value, dict):
            text += f" ({_outline(value)})" if key in ERROR_KEYS else ""
        elif key in ERROR_KEYS and isinstance(value, str | int | float):
            text += f": {_discreet(str(value), 120)}"
        parts.append(text)
    return _readable(", ".join(parts) or "nothing")


def _discreet(text: str, most_characters: int) -> str:
    return PRIVATE.sub("…", without_secrets(text))[:most_characters]


class _Visits:
    """Where we have been: an API that leads back there would be asked for ever."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._places: set[str] = set()
        self._contents: dict[bytes, int] = {}

    def page(self, number: int, rows: list[Row], page: Any) -> None:
        table, where = self._request.table, self._request.where
        digest = hashlib.blake2b(
            "\0".join(str(row) for row in rows).encode("utf-8", "replace"), digest_size=16
        ).digest()
        first_number = self._contents.setdefault(digest, number)
        if rows and first_number != number:
            raise FatalError(
                f"{where}: page {number} is page {first_number} again, record by record: the API repeats it instead of "
                "ending. Declare `paginate.total`, or another `paginate.type`. Nothing was kept."
            )
        if not page.paginator.has_next_page:
            return
        place = json.dumps([page.request.url, page.request.params], sort_keys=True, default=str)
        if place in self._places:
            raise FatalError(
                f"{where}: page {number} leads on to a page that was read before ({table.paginate.type}): the API "
                "turns in a circle. Nothing was kept."
            )
        self._places.add(place)
        if number >= table.paginate.most_pages:
            raise FatalError(
                f"{where}: more than {table.paginate.most_pages} pages. Is there an end? Then raise "
                "`paginate.most_pages`."
            )


def _since(request: Request) -> dict[str, str]:
    """The cursor parameter: the high-water mark less the late days, as ISO 8601."""
    table = request.table
    if not table.cursor_param or not table.cursor or not request.since:
        return {}
    if table.columns[table.cursor].type in ("timestamp", "date"):
        return {
            table.cursor_param: (datetime.fromisoformat(request.since) - timedelta(days=table.late_days)).isoformat()
            + "Z"
        }
    return {table.cursor_param: request.since}


def _auth(auth: Auth | None, settings: Settings) -> Any:
    from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth

    if auth is None:
        return None
    secret = settings.secret(auth.secret)
    if auth.type == "bearer":
        return BearerTokenAuth(token=secret)
    if auth.type == "basic":
        return HttpBasicAuth(username=auth.user, password=secret)
    return APIKeyAuth(name=auth.name, api_key=secret, location=auth.location)


def _paginator(paginate: Paginate) -> Any:
    from dlt.sources.helpers.rest_client import paginators as p

    if paginate.type == "page":
        return p.PageNumberPaginator(
            base_page=paginate.first_page, page_param=paginate.param or "page", total_path=paginate.total
        )
    if paginate.type == "offset":
        return p.OffsetPaginator(
            limit=paginate.size,
            offset_param=paginate.param or "offset",
            limit_param=paginate.size_param,
            total_path=paginate.total,
        )
    if paginate.type == "cursor":
        return p.JSONResponseCursorPaginator(cursor_path=paginate.next, cursor_param=paginate.param or "cursor")
    if paginate.type == "link_header":
        return p.HeaderLinkPaginator()
    if paginate.type == "next_url":
        return _next_address(paginate.next)
    return p.SinglePagePaginator()


def _next_address(path: str) -> Any:
    from dlt.common import jsonpath
    from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

    class NextAddress(JSONLinkPaginator):
        def update_state(self, response: Any, data: list[Any] | None = None) -> None:
            """Nothing, and what means nothing, is the end.

            Raises ValueError for what is no text: dlt would take it for an address.
            """
            address = next(iter(jsonpath.find_values(path, response.json())), None)
            if address and not isinstance(address, str):
                raise ValueError("the next address is no text")
            self._next_reference = address or None

    return NextAddress(next_url_path=path)


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


def _batches(pages: Iterator[list[Row]], request: Request) -> Iterator[pa.RecordBatch]:
    pending: list[Row] = []
    line = 1
    for page in pages:
        pending += page
        if len(pending) >= BATCH_ROWS:
            yield _batch(pending, line, request)
            line += len(pending)
            pending = []
    if pending:
        yield _batch(pending, line, request)


def _batch(rows: list[Row], line: int, request: Request) -> pa.RecordBatch:
    records, errors, texts = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    return place_rows([records], np.arange(line, line + len(rows)), "", request.day, errors, texts)
