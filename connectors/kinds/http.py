"""JSON APIs through dlt's REST client: the usual paginations and sign-ins, Retry-After kept, pages gathered into Arrow."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.kinds.files import place_rows
from connectors.kinds.json_keys import KeyWatch
from connectors.source import Auth, Paginate, Reading, Request
from core.errors import ConfigError, RetryableError
from core.settings import Settings

BATCH_ROWS = 10_000
ATTEMPTS = 5  # on 429, 5xx and broken connections; waits double from one second, or last as long as Retry-After says
TIMEOUT_SECONDS = 60


def read(request: Request) -> Reading:
    reading = Reading(iter(()))
    watch = KeyWatch(request.table)
    reading.batches = (watch.batch(data) for data in _batches(_pages(request), request))
    return reading


def _pages(request: Request) -> Iterator[list[Any]]:
    """One list of records a page. Raises RetryableError when the API does not answer in the end."""
    from dlt.sources.helpers.requests import Client
    from dlt.sources.helpers.rest_client import RESTClient
    from requests import RequestException

    table, place = request.table, request.place
    if not place.url:
        raise ConfigError(f"{request.source} has no url. Set [sources.{request.source}] url in fairlead.toml.")
    session = Client(
        request_timeout=TIMEOUT_SECONDS, request_max_attempts=ATTEMPTS, request_backoff_factor=1, raise_for_status=False,
        status_codes=(429, 500, 502, 503, 504),
    ).session  # fmt: skip
    client = RESTClient(
        base_url=place.url.rstrip("/") + "/", headers=dict(table.headers) or None, session=session,
        auth=_auth(table.auth, request.settings), data_selector=table.records,
    )  # fmt: skip
    params = dict(table.params) | _since(request)
    try:
        for page in client.paginate(str(table.path).lstrip("/"), params=params, paginator=_paginator(table.paginate)):
            yield list(page)
    except RequestException as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        said = f"answered {status}" if status else f"does not answer ({type(error).__name__})"
        if status in (400, 401, 403, 404):
            raise ConfigError(
                f"{request.source}.{request.name}: the API {said}. Check its url, path and secret."
            ) from None
        raise RetryableError(f"{request.source}.{request.name}: the API {said}.") from None


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
        return p.JSONLinkPaginator(next_url_path=paginate.next)
    return p.SinglePagePaginator()


def _batches(pages: Iterator[list[Any]], request: Request) -> Iterator[pa.RecordBatch]:
    held: list[str] = []
    line = 1
    for page in pages:
        held += [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in page]
        if len(held) >= BATCH_ROWS:
            yield _batch(held, line, request)
            line += len(held)
            held = []
    if held:
        yield _batch(held, line, request)


def _batch(texts: list[str], line: int, request: Request) -> pa.RecordBatch:
    nothing = pa.nulls(len(texts), pa.string())
    return place_rows(
        [pa.array(texts, pa.string())], np.arange(line, line + len(texts)), "", request.day, nothing, nothing
    )
