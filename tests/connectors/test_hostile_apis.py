"""APIs that mislead, repeat, dawdle or break their word, against servers of our own: a pull ends with a word, and in
time.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest

from connectors.kinds.calls import asked_pause, origin

SOURCE = """
description: An API that is up to something
tables:
  people:
    kind: http
    path: {path}
    records: {records}
    paginate: {paginate}
    max_reject_share: 1
    columns: {{id: text, name: text, score: number, amount: text}}
{more}
"""
AUTHS = {
    "bearer": "{type: bearer, secret: API_SECRET}",
    "key in a header": "{type: api_key, secret: API_SECRET, name: X-Key}",
    "key in the query": "{type: api_key, secret: API_SECRET, name: key, location: query}",
    "basic": "{type: basic, secret: API_SECRET, user: ann}",
}
Answer = tuple[int, dict[str, str], str]


class Handler(BaseHTTPRequestHandler):
    """Answers what the test's function of path and query says; None: it has answered by itself."""

    def do_GET(self) -> None:
        url = urlparse(self.path)
        self.server.requests.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        answer = self.server.behave(url.path, query, self)  # type: ignore[attr-defined]
        if answer is None:
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body.encode())),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


class Api:
    def __init__(self, behave: Callable[..., Answer | None]) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads, self.server.block_on_close = True, False
        self.server.requests, self.server.behave = [], behave  # type: ignore[attr-defined]
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def requests(self) -> list[Any]:
        return self.server.requests  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def serve() -> Iterator[Callable[..., Api]]:
    started: list[Api] = []

    def start(behave: Callable[..., Answer | None]) -> Api:
        started.append(Api(behave))
        return started[-1]

    yield start
    for api in started:
        api.server.shutdown()
        api.server.server_close()


def ask(project, api: Api, paginate: str = "{type: single}", records: str = "data", more: str = "", **limits: Any):
    project.settings_given = {"sources": {"people": {"url": api.url}}, "pull": limits}
    project.source(SOURCE.format(path="people", records=records, paginate=paginate, more=more))
    return project.pull()


def ok(records: list[Any], **more: Any) -> Answer:
    return 200, {}, json.dumps({"data": records, **more})


def sent_on(way: str, target: str) -> Answer:
    if way == "redirect":
        return 302, {"Location": target}, ""
    if way == "link_header":
        return 200, {"Link": f'<{target}>; rel="next"'}, json.dumps({"data": [{"id": "1"}]})
    return ok([{"id": "1"}], next=target)


@pytest.mark.parametrize(
    ("way", "auth"),
    [
        ("next_url", "bearer"), ("next_url", "key in the query"), ("link_header", "basic"),
        ("link_header", "key in a header"),
        ("redirect", "key in a header"), ("redirect", "key in the query"), ("redirect", "bearer"),
    ],
)  # fmt: skip
def test_no_other_host_is_asked_whatever_the_way_on_and_the_sign_in(project, serve, monkeypatch, way, auth):
    monkeypatch.setenv("API_SECRET", "hush-hush")
    stranger = serve(lambda *_: ok([{"id": "stolen"}]))
    api = serve(lambda *_: sent_on(way, f"{stranger.url}/people"))
    paginate = "{type: single}" if way == "redirect" else f"{{type: {way}}}"
    entry = ask(project, api, paginate, more=f"    auth: {AUTHS[auth]}")
    assert stranger.requests == [] and len(api.requests) == 1
    assert entry["error_kind"] == "FatalError" and stranger.url in entry["error"] and "hush" not in str(entry)
    assert project.raw() == []


def test_an_address_that_only_looks_like_ours_is_another_host(project, serve):
    stranger = serve(lambda *_: ok([{"id": "stolen"}]))
    api = serve(lambda *_: ok([], next=f"http://127.0.0.1:1@{stranger.url.removeprefix('http://')}/people"))
    assert "sends us on" in ask(project, api, "{type: next_url}")["error"] and stranger.requests == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://api.example.com/v1", "https://API.example.com:443/v2?x", True),
        ("https://api.example.com", "http://api.example.com", False),
        ("https://api.example.com", "https://api.example.com:8443", False),
        ("https://api.example.com", "https://example.com", False),
    ],
)  # fmt: skip
def test_an_origin_is_scheme_host_and_port(one, other, same):
    assert (origin(one) == origin(other)) is same


def test_a_redirect_within_the_origin_is_followed_with_its_sign_in(project, serve, monkeypatch):
    monkeypatch.setenv("API_SECRET", "hush")
    api = serve(lambda path, *_: ok([{"id": "1"}]) if path.endswith("/") else (307, {"Location": "/people/"}, ""))
    assert ask(project, api, more=f"    auth: {AUTHS['bearer']}")["rows_landed"] == 1
    assert api.requests[-1][1]["Authorization"] == "Bearer hush"


def test_redirects_without_an_end_are_told(project, serve):
    api = serve(lambda *_: (302, {"Location": "/people"}, ""))
    assert "redirects" in ask(project, api)["error"]


REPEATS: dict[str, tuple[str, Callable[..., Answer], str]] = {
    "the last page again": ("{type: page}", lambda p, q, _: ok([{"id": str(min(int(q.get("page", 1)), 3))}]),
                            "page 4 is page 3"),
    "the last window again": ("{type: offset, size: 1}", lambda p, q, _: ok([{"id": "1"}]), "page 2 is page 1"),
    "one cursor for ever": ("{type: cursor}", lambda p, q, h: ok([{"id": str(len(h.server.requests))}], next="abc"),
                            "page 2 leads on"),
    "a next that is itself": (
        "{type: next_url}", lambda p, q, h: ok([{"id": str(len(h.server.requests))}], next=h.path), "circle"),
    "a link that is itself": (
        "{type: link_header}", lambda p, q, h: (200, {"Link": f'<{h.path}>; rel="next"'}, '{"data":[1]}'), "page"),
    "always another cursor": (
        "{type: cursor, most_pages: 5}",
        lambda p, q, h: ok([{"id": str(len(h.server.requests))}], next=str(len(h.server.requests))),
        "more than 5 pages"),
    "empty pages for ever": ("{type: cursor, most_pages: 5}", lambda p, q, h: ok([], next=str(len(h.server.requests))),
                             "more than 5 pages"),
}  # fmt: skip


@pytest.mark.parametrize("what", REPEATS)
def test_an_api_that_never_comes_to_an_end_is_told_with_its_page(project, serve, what):
    paginate, behave, word = REPEATS[what]
    api = serve(behave)
    entry = ask(project, api, paginate)
    assert word in entry["error"] and entry["error_kind"] == "FatalError"
    assert len(api.requests) < 8 and project.raw() == []


@pytest.mark.parametrize(
    ("body", "records", "word"),
    [
        ('{"error": {"code": "quota", "message": "daily limit of ann@example.com"}}', "data", "daily limit"),
        ('{"errors": []}', "data[*]", "errors"), ("[]", "data", "a list of 0"), ('"no"', "data", "a str"),
        ("<html>", "data", "no JSON"),
        ('{"data":' + "[" * 100_000 + "]" * 100_000 + "}", "data", "nested too deeply"),
    ],
)  # fmt: skip
def test_an_answer_without_the_declared_records_is_an_error_that_says_what_it_holds(
    project, serve, body, records, word
):
    entry = ask(project, serve(lambda *_: (200, {}, body)), records=records)
    assert word in entry["error"] and "ann@" not in entry["error"]


@pytest.mark.parametrize(("body", "records"), [('{"data": null}', "data"), ('{"data": []}', "'data[*]'"), ("[]", "$")])
def test_an_empty_list_in_any_spelling_is_no_rows(project, serve, body, records):
    entry = ask(project, serve(lambda *_: (200, {}, body)), records=records)
    assert "error" not in entry and entry["rows_in"] == 0


def test_half_a_letter_loses_its_own_row_alone(project, serve):
    body = r'{"data":[{"id":"1","name":"Ann"},{"id":"2","name":"Bo \ud83d"},{"id":"3","name":"Cy \ud83d\ude00"}]}'
    entry = ask(project, serve(lambda *_: (200, {}, body)))
    assert (entry["rows_landed"], entry["rows_rejected"]) == (2, 1)
    assert [(r["line"], r["reason"]) for r in project.rejects()] == [
        (2, "half a surrogate pair: a letter that was cut in two")
    ]


def test_bytes_outside_the_encoding_lose_their_own_row_alone(project, serve):
    def behave(path: str, query: dict[str, str], handler: Any) -> None:
        body = b'{"data":[{"id":"1","name":"Ann"},{"id":"2","name":"B\xff"}]}'
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    entry = ask(project, serve(behave))
    assert (entry["rows_landed"], entry["rows_rejected"]) == (1, 1)


def test_a_key_that_stands_twice_refuses_its_record_alone_and_beside_the_records_the_answer(project, serve):
    body = '{"data":[{"id":"1","id":"2"},{"id":"3","name":{"a":1,"a":2}},{"id":"4","name":1.10},{"id":"5","name":1e5}]}'
    entry = ask(project, serve(lambda *_: (200, {}, body)))
    assert (entry["rows_landed"], entry["rows_rejected"]) == (2, 2)
    assert {r["id"]: r["name"] for r in project.raw("*")} == {"4": "1.10", "5": "1e5"}
    assert all("stands twice" in r["reason"] and "\ufdd0" not in r["value"] for r in project.rejects())
    answer = '{"data":[{"id":"6"}],"data":[{"id":"7"}]}'
    assert "stands twice beside the records" in ask(project, serve(lambda *_: (200, {}, answer)))["error"]


def test_no_digit_of_a_number_is_lost_and_what_is_no_number_is_refused(project, serve):
    body = (
        '{"data":[{"id":12345678901234567890,"amount":1234567890123456.78},{"id":123456789012345678901,"amount":0.10},'
        '{"id":"n","score":NaN},{"id":"i","score":1e999},{"id":"9","amount":' + "9" * 5000 + "}]}"
    )
    entry = ask(project, serve(lambda *_: (200, {}, body)))
    assert (entry["rows_landed"], entry["rows_rejected"]) == (3, 2)
    rows = {r["id"]: r["amount"] for r in project.raw("*")}
    assert rows["12345678901234567890"] == "1234567890123456.78" and rows["123456789012345678901"] == "0.10"
    assert rows["9"] == "9" * 5000


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "7"}, 7), ({"Retry-After": "999999999"}, 999999999),
        ({"Retry-After": "9" * 5000}, float("inf")),
        ({"Retry-After": "-5"}, None), ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:01 GMT"}, None), ({"X-RateLimit-Reset": "86400"}, 86400),
        ({"X-RateLimit-Reset": "1900000000"}, 1899999990), ({}, None),
    ],
)  # fmt: skip
def test_the_asked_pause_is_read_and_nonsense_is_none(headers, pause):
    assert asked_pause(headers, now=10) == pause


@pytest.mark.parametrize("header", [{"Retry-After": "999999999"}, {"X-RateLimit-Reset": "86400"}])
def test_a_pause_longer_than_we_allow_ends_the_pull_at_once(project, serve, header):
    start_seconds = time.monotonic()
    entry = ask(project, serve(lambda *_: (429, header, "")))
    assert entry["error_kind"] == "RetryableError" and "pull.pause_seconds" in entry["error"]
    assert time.monotonic() - start_seconds < 5


def drip(handler: Any, head: bytes) -> None:
    """A byte at a time, for ever: no timeout of the socket ever sees a silence."""
    handler.wfile.write(head)
    for _ in range(600):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.1)


DRIPS = {
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "a body of a length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    "a body that ends with its connection": b'HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n{"data": [], "x": "',
}


@pytest.mark.parametrize("what", DRIPS)
def test_an_answer_by_the_drop_ends_in_time(project, serve, what):
    start_seconds = time.monotonic()
    entry = ask(project, serve(lambda path, query, handler: drip(handler, DRIPS[what])), call_seconds=1)
    assert entry["error_kind"] == "RetryableError" and "pull.call_seconds" in entry["error"]
    assert time.monotonic() - start_seconds < 5


OAUTH = "    auth: {type: oauth2, token_url: /token, grant: client_credentials, client: API_CLIENT, secret: API_SECRET}"


def flood(handler: Any) -> None:
    """An answer without an end, as fast as it is taken."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n")
    for _ in range(2000):
        handler.wfile.write(b" " * (1 << 20))
        handler.server.flooded += 1


def test_a_token_by_the_drop_ends_in_time(project, serve, monkeypatch):
    monkeypatch.setenv("API_CLIENT", "hush-client")
    monkeypatch.setenv("API_SECRET", "hush-secret")
    start_seconds = time.monotonic()
    api = serve(lambda path, query, handler: drip(handler, DRIPS["a body that ends with its connection"]))
    entry = ask(project, api, more=OAUTH, call_seconds=1)
    assert entry["error_kind"] == "RetryableError" and "pull.call_seconds" in entry["error"]
    assert time.monotonic() - start_seconds < 5


def test_a_token_without_an_end_is_not_taken_into_memory(project, serve, monkeypatch):
    monkeypatch.setenv("API_CLIENT", "hush-client")
    monkeypatch.setenv("API_SECRET", "hush-secret")
    api = serve(lambda path, query, handler: flood(handler))
    api.server.flooded = 0
    assert "gave no token" in ask(project, api, more=OAUTH)["error"] and api.server.flooded < 100


@pytest.mark.parametrize("token", ["a\\nX-More: 1", "\u03b1\u03b2", "[" * 100_000])
def test_a_token_that_no_header_takes_is_none(project, serve, monkeypatch, token):
    monkeypatch.setenv("API_CLIENT", "hush-client")
    monkeypatch.setenv("API_SECRET", "hush-secret")
    body = '{"access_token": ' + (f'"{token}"' if token[0] != "[" else token) + "}"
    entry = ask(project, serve(lambda path, query, handler: (200, {}, body)), more=OAUTH)
    assert entry["error_kind"] == "ConfigError" and "gave no token. Check API_CLIENT" in entry["error"]


@pytest.mark.parametrize("auth", ["bearer", "key in a header"])
def test_a_secret_that_no_header_takes_is_told_by_its_variable(project, serve, monkeypatch, auth):
    monkeypatch.setenv("API_SECRET", "hush-hush\n")
    api = serve(lambda path, query, handler: ok([]))
    entry = ask(project, api, more=f"    auth: {AUTHS[auth]}")
    assert entry["error_kind"] == "ConfigError" and "API_SECRET holds a line break" in entry["error"]
    assert "hush" not in str(entry) and not api.requests


def test_an_answer_without_an_end_stops_at_its_largest_size(project, serve, monkeypatch):
    monkeypatch.setattr("connectors.kinds.calls.MOST_ANSWER_BYTES", 4 << 20)

    def behave(path: str, query: dict[str, str], handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        for _ in range(10_000):
            handler.wfile.write(b"x" * (1 << 20))

    assert "larger than 4 MB" in ask(project, serve(behave))["error"]


@pytest.mark.parametrize(
    "body", ['{"data": null, "errors": [{"message": "no such field"}]}', '{"data": [], "error": {"code": "expired"}}']
)
def test_an_answer_of_200_without_records_that_tells_an_error_is_no_empty_page(project, serve, body):
    entry = ask(project, serve(lambda *_: (200, {}, body)))
    assert entry["error_kind"] == "FatalError" and "tells an error" in entry["error"]


def test_an_empty_page_whose_error_is_empty_is_no_error(project, serve):
    assert ask(project, serve(lambda *_: (200, {}, '{"data": [], "error": null, "errors": []}')))["rows_in"] == 0


@pytest.mark.parametrize(
    "body",
    [
        '{"error": {"message": "token=TOPSECRET123 of boss@example.com"}, "data": []}',
        '{"message": "for Bearer TOPSECRET123"}',
        '{"TOPSECRET123": 1, "message": "with top%2Fsecret/4%20: TOPSECRET123"}',
        '{"error": "sk-live-4eC39HqLyjWDarjtT1"}',
        '{"error": "Basic YW5uOkFORA== is wrong", "code": "bearer abcdef"}',
    ],
)  # fmt: skip
def test_an_api_that_repeats_our_secret_puts_it_into_no_error(project, serve, monkeypatch, body):
    monkeypatch.setenv("API_SECRET", "TOPSECRET123")
    entry = ask(project, serve(lambda *_: (200, {}, body)), more=f"    auth: {AUTHS['bearer']}")
    assert entry["error_kind"] == "FatalError"
    report = str([entry, project.rows("select * from ops.runs")])
    assert not any(part in report for part in ("TOPSECRET", "boss", "4eC39", "YW5u", "abcdef"))


@pytest.mark.parametrize(
    "more",
    [
        '"errors": ["half failed"]', '"error": "quota"', '"success": false', '"ok": false', '"errors": {"count": 1}',
        '"status": "error"', '"status": "Fail"', '"result": "error"', '"stat": "fail"',
        '"status": 500', '"code": 500', '"success": "false"', '"success": 0',
        '"error_code": "E12"', '"errorMessage": "expired"', '"Error": "boom"', '"meta": {"error": "boom"}',
        '"exception": "a.b.C"', '"fault": {"faultstring": "quota"}',
    ],
)  # fmt: skip
def test_a_page_with_records_that_tells_an_error_lands_nothing_and_moves_no_mark(project, serve, more):
    entry = ask(project, serve(lambda *_: (200, {}, '{"data": [{"id": "1"}], ' + more + "}")))
    assert entry["error_kind"] == "FatalError" and "with 1 records tells an error" in entry["error"]
    assert project.raw() == [] and project.rows("select * from raw.pulls") == []


@pytest.mark.parametrize(
    "more",
    [
        '"errors": {"count": 0, "items": []}', '"error": false', '"success": true', '"error": null, "errors": []',
        '"status": "ok"', '"status": 200', '"code": 0', '"code": "E"', '"success": 1', '"success": null',
        '"error_code": "0"', '"message": "OK"', '"meta": {"status": "success"}', '"stats": {"error": 3}',
    ],
)  # fmt: skip
def test_a_page_whose_error_holds_nothing_lands(project, serve, more):
    entry = ask(project, serve(lambda *_: (200, {}, '{"data": [{"id": "1"}], ' + more + "}")))
    assert entry["rows_landed"] == 1


def test_a_record_may_have_a_status_and_an_error_of_its_own(project, serve):
    record = '{"id": "1", "status": "error", "error": "bounced", "success": false, "code": 500}'
    assert ask(project, serve(lambda *_: (200, {}, f'{{"data": [{record}]}}')))["rows_landed"] == 1
    single = '{"id": "2", "status": "failed", "code": 500, "exception": "on a holiday"}'
    assert ask(project, serve(lambda *_: (200, {}, single)), records="$")["rows_landed"] == 1


def test_an_empty_page_with_a_message_is_warned_of_for_nobody_knows_what_it_means(project, serve):
    entry = ask(project, serve(lambda *_: (200, {}, '{"message": "Invalid API key of ann@example.com", "data": []}')))
    assert entry["rows_in"] == 0 and "Invalid API key" in entry["warnings"][0] and "ann@" not in str(entry)
    assert not ask(project, serve(lambda *_: (200, {}, '{"message": "OK", "data": [{"id": "1"}]}')))["warnings"]


@pytest.mark.parametrize("status", [202, 206])
def test_an_answer_that_is_not_whole_lands_nothing(project, serve, status):
    entry = ask(project, serve(lambda *_: (status, {}, '{"data": [{"id": "1"}]}')))
    assert entry["error_kind"] == "FatalError" and str(status) in entry["error"] and project.raw() == []


@pytest.mark.parametrize("following", [5, {"a": 1}, ["x"], True, "http://[::1"])
def test_a_next_address_that_is_none_is_told_with_the_setting_to_look_at(project, serve, following):
    entry = ask(project, serve(lambda *_: ok([{"id": "1"}], next=following)), "{type: next_url, next: next}")
    assert "does not say how to go on" in entry["error"] and "is `paginate` right?" in entry["error"]


@pytest.mark.parametrize("following", [0, False, None, "", [], {}])
def test_a_next_address_that_is_nothing_is_the_end(project, serve, following):
    entry = ask(project, serve(lambda *_: ok([{"id": "1"}], next=following)), "{type: next_url, next: next}")
    assert entry["rows_landed"] == 1


@pytest.mark.parametrize("charset", ["rot13", "zlib", "nonsense", "undefined", "idna"])
def test_a_charset_that_is_no_encoding_of_text_leaves_the_bytes_to_be_judged(project, serve, charset):
    def behave(path: str, query: dict[str, str], handler: Any) -> None:
        body = b'{"data":[{"id":"1"},{"id":"\xff"}]}'
        head = (
            f"HTTP/1.0 200 OK\r\nContent-Type: application/json; charset={charset}\r\nContent-Length: "
            f"{len(body)}\r\n\r\n"
        )
        handler.wfile.write(head.encode() + body)

    entry = ask(project, serve(behave))
    assert (entry["rows_landed"], entry["rows_rejected"]) == (1, 1), entry.get("error")
