"""What vendors' servers really answered, recorded 2021-22, and a loopback server that answers so again.

The recordings stand in `../shared/specs/recorded/<vendor>.jsonl`, beside the repository and no part of it. Where they
are absent `exchanges` gives an empty list; `available` says so, for the reason of a skip.
"""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "specs" / "recorded"
HOP = {
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
}  # of the line, not the answer
PLACEHOLDER = re.compile(
    r"[@%]|\d{2}|^[0-9A-Za-z]{15,}$"
)  # a part of a path that names a thing: an address, an id, a version
NO_BODY = {204, 304}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer. Bodies are JSON values or text; what they say is left out of the repr."""

    vendor: str
    base: str
    method: str
    path: str
    status: int
    query: dict[str, Any] = field(repr=False)
    request_body: Any = field(repr=False)
    response_body: Any = field(repr=False)
    response_headers: dict[str, str] = field(repr=False)

    @property
    def request(self) -> bytes:
        return b"" if self.request_body is None else encoded(self.request_body)

    @property
    def content_type(self) -> str:
        """The recordings leave out the request's headers; a body that was kept as text was a form, or XML."""
        if not isinstance(self.request_body, str):
            return "application/json"
        return "text/xml" if self.request_body.startswith("<") else "application/x-www-form-urlencoded"

    @property
    def answer(self) -> tuple[int, dict[str, str], bytes]:
        body = b"" if self.status in NO_BODY else encoded(self.response_body)
        return self.status, {k: v for k, v in self.response_headers.items() if k.lower() not in HOP}, body


@cache
def exchanges(vendor: str) -> tuple[Exchange, ...]:
    """In the order of recording."""
    file = RECORDED / f"{vendor}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return tuple(exchange(vendor, json.loads(line)) for line in lines)


def exchange(vendor: str, line: dict[str, Any]) -> Exchange:
    query = {
        unquote(k): v if isinstance(v, list) else unquote(str(v)) for k, v in (line.get("query") or {}).items() if k
    }
    return Exchange(
        vendor, line["base"], line["method"], line["path"], line["status"], query,
        line.get("reqBody"), line["respBody"], line["respHeaders"],
    )  # fmt: skip


def available(vendor: str = "hubspot") -> bool:
    return (RECORDED / f"{vendor}.jsonl").exists()


def responses(vendor: str, path_part: str = "", status: int | None = None) -> list[tuple[int, dict[str, str], bytes]]:
    """The recorded (status, headers, body) whose path holds `path_part`; for tests of a parser alone."""
    return [e.answer for e in exchanges(vendor) if path_part in e.path and status in (None, e.status)]


def encoded(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body, separators=(",", ":")).encode()


@dataclass
class Replay:
    """What is left to answer, and what came: (method, path, query, headers, body) of each request."""

    remaining: list[Exchange] = field(repr=False)
    url: str = ""
    requests: list[tuple[str, str, dict[str, list[str]], dict[str, str], bytes]] = field(
        default_factory=list, repr=False
    )
    unanswered: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def take(self, method: str, path: str) -> Exchange | None:
        """The first recording left for this method and path; else the first whose path has the same shape."""
        with self.lock:
            for fits in (path.__eq__, lambda recorded: shape(recorded) == shape(path)):
                for one in self.remaining:
                    if one.method == method and fits(one.path):
                        self.remaining.remove(one)
                        return one
            self.unanswered.append(f"{method} {shape(path)}")
            return None


def shape(path: str) -> str:
    """The path with a star for each part that names a thing: the ids of another account are other ids."""
    return "/".join("*" if PLACEHOLDER.search(part) else part for part in path.split("/"))


@contextmanager
def replay(recordings: Sequence[Exchange]) -> Iterator[Replay]:
    """Each recording answers once, in order; a request that none is left for gets 501 and is kept in `unanswered`."""
    state = Replay(list(recordings))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, query = self.path.partition("?")
            state.requests.append((self.command, path, parse_qs(query), dict(self.headers.items()), body))
            exchange_ = state.take(self.command, path)
            status, headers, reply = (
                exchange_.answer if exchange_ else (501, {}, b"no recorded answer is left for this request")
            )
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status not in NO_BODY:
                self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
