"""JSON APIs, against a server of our own: every pagination, sign-in, rate limit and fault."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

RECORDS = [
    {"id": str(i), "at": f"2026-03-{i % 28 + 1:02}T10:00:00Z", "who": {"email": f"p{i}@example.com"}} for i in range(25)
]
SOURCE = """
description: An API
tables:
  people:
    kind: http
    path: {path}
    records: data
    paginate: {paginate}
    key: [id]
    columns:
      id: {{type: text, required: true}}
      seen_at: {{type: timestamp, from: at}}
      email: {{type: text, from: who.email, identifier: email}}
{more}
"""


class Api(BaseHTTPRequestHandler):
    """Serves RECORDS ten a page in the style of its path; `faults` are statuses it answers first."""

    def do_GET(self) -> None:
        url = urlparse(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        self.server.requests.append((url.path, query, dict(self.headers)))
        if self.server.faults:
            status, headers = self.server.faults.pop(0)
            return self.answer({"error": "no"}, status, headers)
        base = f"http://127.0.0.1:{self.server.server_port}{url.path}"
        style = url.path.strip("/")
        start = {"page": (int(query.get("page", 1)) - 1) * 10, "offset": int(query.get("offset", 0)),
                 "cursor": int(query.get("cursor", 0)),
                 "link": int(query.get("from", 0)), "next": int(query.get("from", 0))}.get(style, 0)  # fmt: skip
        page = RECORDS if style == "single" else RECORDS[start : start + 10]
        more = start + 10 < len(RECORDS)
        body: dict[str, Any] = {"data": page, "total": len(RECORDS)}
        if style == "cursor":
            body["next"] = str(start + 10) if more else None
        if style == "next":
            body["paging"] = {"next": f"{base}?from={start + 10}" if more else None}
        links = {"Link": f'<{base}?from={start + 10}>; rel="next"'} if style == "link" and more else {}
        return self.answer(body, 200, links)

    def answer(self, body: Any, status: int, headers: dict[str, str]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def api(project) -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.requests, server.faults = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    project.settings_given = {"sources": {"people": {"url": f"http://127.0.0.1:{server.server_port}"}}}
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "paginate"),
    [
        ("single", "{type: single}"), ("page", "{type: page, total: null}"),
        ("offset", "{type: offset, size: 10, total: total}"),
        ("cursor", "{type: cursor, next: next}"), ("link", "{type: link_header}"),
        ("next", "{type: next_url, next: paging.next}"),
    ],
)  # fmt: skip
def test_every_pagination_brings_every_record_once(project, api, path, paginate):
    project.source(SOURCE.format(path=path, paginate=paginate, more=""))
    entry = project.pull()
    assert entry.get("error") is None and entry["rows_landed"] == 25
    assert sorted(int(r["id"]) for r in project.raw()) == list(range(25))
    assert project.raw()[0]["email__normalised"].endswith("@example.com")
    assert project.pull()["rows_unchanged"] == 25


def test_too_many_requests_wait_as_long_as_the_api_says(project, api):
    api.faults = [(429, {"Retry-After": "2"}), (503, {})]
    project.source(SOURCE.format(path="single", paginate="{type: single}", more=""))
    start_seconds = time.monotonic()
    assert project.pull()["rows_landed"] == 25
    assert time.monotonic() - start_seconds >= 2 and len(api.requests) == 3


def test_a_refusal_is_told_without_its_secret(project, api, monkeypatch):
    monkeypatch.setenv("API_SECRET", "hush-hush")
    api.faults = [(401, {})]
    project.source(
        SOURCE.format(path="single", paginate="{type: single}", more="    auth: {type: bearer, secret: API_SECRET}")
    )
    entry = project.pull()
    assert entry["error_kind"] == "ConfigError" and "401" in entry["error"] and "hush" not in str(entry)
    assert project.pull()["rows_landed"] == 25 and api.requests[-1][2]["Authorization"] == "Bearer hush-hush"


@pytest.mark.parametrize(
    ("auth", "header"),
    [("{type: api_key, secret: API_SECRET, name: X-Key}", ("X-Key", "hush")),
     ("{type: basic, secret: API_SECRET, user: ann}", ("Authorization", "Basic YW5uOmh1c2g="))],
)  # fmt: skip
def test_each_sign_in_sends_what_it_should(project, api, monkeypatch, auth, header):
    monkeypatch.setenv("API_SECRET", "hush")
    project.source(SOURCE.format(path="single", paginate="{type: single}", more=f"    auth: {auth}"))
    assert project.pull()["rows_landed"] == 25 and api.requests[-1][2][header[0]] == header[1]


def test_the_cursor_asks_for_what_is_new(project, api):
    from datetime import date

    more = "    cursor: seen_at\n    late_days: 1\n    cursor_param: since"
    project.source(SOURCE.format(path="single", paginate="{type: single}", more=more))
    project.pull(date(2026, 3, 30))
    assert "since" not in api.requests[-1][1]
    project.pull(date(2026, 3, 31))
    assert api.requests[-1][1]["since"] == "2026-03-24T10:00:00Z"


def test_an_api_that_is_down_is_worth_another_try(project, api, monkeypatch):
    monkeypatch.setattr("connectors.kinds.http.ATTEMPTS", 2)  # the waits between five would take half a minute
    project.settings_given = {"sources": {"people": {"url": "http://127.0.0.1:1"}}}
    project.source(SOURCE.format(path="single", paginate="{type: single}", more=""))
    assert project.pull()["error_kind"] == "RetryableError"
