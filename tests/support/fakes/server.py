"""A vendor on a real socket, for the tests: what every fake in this folder is built on, and the faults that any vendor
may show.

A fake is written from the vendor's documentation and shares no code with our channel. It keeps state, enforces the
vendor's limits, and refuses what the vendor would refuse.
"""

import json
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

# What can go wrong on the way, at any vendor. `acts`: the vendor has done what was asked before it goes wrong.
FAULTS = {
    "429": "too many requests, without Retry-After",
    "429 retry-after": "too many requests, to come back in 1 s",
    "500": "an error before anything was done",
    "503 retry-after": "closed for maintenance, to come back in 1 s",
    "500 acts": "an error after all was done",
    "silence acts": "no answer within the client's time, after all was done",
    "cut acts": "the connection ends in the middle of the answer's body, after all was done",
    "garbage acts": "an answer that cannot be read, after all was done",
}


@dataclass
class Request:
    method: str
    path: str  # without the query
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: bytes
    raw_query: str = ""  # as it was sent

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Answer:
    status: int = 200
    content: Any = None  # bytes are sent as they are, all else as JSON; None: an empty body
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.content is None:
            return b""
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


class Fake:
    """One vendor. A subclass in tests/support/fakes/<channel>.py is called `Vendor` and says what stands below;
    `answer` does the rest.
    """

    channel = ""  # the stem of the channel's file
    description: str | None = None  # the folder in ../shared/specs, or the name in tests/support/descriptions/prose.py
    environment: dict[str, str] = {}
    account: dict[str, Any] = {}
    options: dict[str, Any] = {}
    fields: dict[str, str] = {}
    consent = "email"  # the sync's contact_channel
    message = False  # True: what is pushed cannot be taken back, and in doubt is never sent again
    removes = True  # False: there is nothing to remove (a message)
    faults: tuple[str, ...] = tuple(FAULTS)
    per_row_poison = True  # the vendor can refuse one row and say so

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.violations: list[str] = []  # requests that the vendor's own description does not allow
        self.script: list[
            str
        ] = []  # words of FAULTS, one for each coming request that `carries` something; then all is well
        self.poison: set[str] = set()  # e-mail addresses of people the vendor refuses
        self.lock = threading.RLock()

    # -- what a subclass says ---------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        """Do what the request asks and answer as the vendor would; 404 for what the vendor does not know."""
        raise NotImplementedError

    def carries(self, request: Request) -> bool:
        """Whether the request carries people (and not a token, a poll, a look-up): only those meet the
        script's faults.
        """
        return request.method in ("POST", "PUT", "PATCH", "DELETE")

    def audience(self) -> set[str]:
        """E-mail addresses of the people of the test who are there now, found by whatever the vendor keeps of them."""
        raise NotImplementedError

    def values(self, email: str) -> dict[str, Any]:
        """What the vendor holds of this person, by the names in `fields`, as far as it can be read back."""
        return {}

    def received(self, email: str) -> int:
        """How many messages or events this person has had; for `message` channels and mode append."""
        return 0

    def expire(self) -> None:
        """Make the current credential invalid until a new token is fetched; a fake with fixed keys leaves this out."""
        raise NotImplementedError

    @contextmanager
    def running(self, folder: Path, check: "Check | None" = None) -> Iterator[None]:
        """Up until the block ends; a vendor that is a real server (SMTP, SFTP, …) starts it here. `folder` is empty and
        ours.
        """
        with serve(self, check):
            yield

    # -- what every fake has ----------------------------------------------------------------------------------------

    def section(self) -> dict[str, Any]:
        """The channel's section of fairlead.toml."""
        return {"url": self.url, "options": self.account}

    def carried(self) -> list[Request]:
        return [r for r in self.requests if self.carries(r)]


Check = Callable[[Fake, Request], list[str]]  # the faults of a request by the vendor's own description


def changed(fake: Fake) -> Callable[[], int]:
    """How many requests that carry people have come since."""
    before = len(fake.carried())
    return lambda: len(fake.carried()) - before


@contextmanager
def serve(fake: Fake, check: "Check | None" = None, silence_seconds: float = 0.2) -> Iterator[Fake]:
    """The fake on a loopback port of its own until the block ends; `check` gives the faults of a request by the
    vendor's description.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            parts = urlsplit(self.path)
            body = _body(self)
            request = Request(
                self.command, parts.path, parse_qs(parts.query, keep_blank_values=True),
                {k.lower(): v for k, v in self.headers.items()}, body, parts.query,
            )  # fmt: skip
            with fake.lock:
                fake.requests.append(request)
                if check is not None:
                    fake.violations += check(fake, request)
                word = fake.script.pop(0) if fake.script and fake.carries(request) else ""
                answer = _refusal(word) or _answer(fake, request)
            if word == "silence acts":
                time.sleep(silence_seconds)
                self.close_connection = True
                return
            if word == "500 acts":
                answer = Answer(500, {"message": "internal error"})
            if word == "garbage acts":
                answer = Answer(200, b'{"truncated": [', {"Content-Type": "application/json"})
            self._send(answer, is_cut=word == "cut acts")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _any  # noqa: N815

        def _send(self, answer: Answer, is_cut: bool) -> None:
            body = answer.body()
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json", **answer.headers}
            length = len(body) + 50 if is_cut else len(body)
            if answer.status != 204:
                headers["Content-Length"] = str(length)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD" and answer.status != 204:
                self.wfile.write(body)
            if is_cut:
                self.wfile.flush()
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if "chunked" in handler.headers.get("Transfer-Encoding", ""):
        whole = b""
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            whole += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return whole
    return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))


def _refusal(word: str) -> Answer | None:
    """The faults in which the vendor does nothing."""
    if word == "429":
        return Answer(429, {"message": "rate limit"})
    if word == "429 retry-after":
        return Answer(429, {"message": "rate limit"}, {"Retry-After": "1"})
    if word == "500":
        return Answer(500, {"message": "internal error"})
    if word == "503 retry-after":
        return Answer(503, {"message": "maintenance"}, {"Retry-After": "1"})
    return None


def _answer(fake: Fake, request: Request) -> Answer:
    try:
        return fake.answer(request)
    except Exception:  # a fault of the fake must be seen as one, not as the vendor's
        fake.violations.append(f"the fake failed on {request.method} {request.path}: {traceback.format_exc()}")
        return Answer(500, {"message": "the fake failed"})
