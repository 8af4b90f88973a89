"""A server that does with a connection what no framework would: one byte a second, a body without end,
nothing at all.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@dataclass
class Endless:
    port: int
    requests: list[bytes] = field(default_factory=list)  # the head of each, as it came
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Act = Callable[[Endless, socket.socket], None]


def silent(server: Endless, line: socket.socket) -> None:
    server.over.wait(60)


def slow_head(server: Endless, line: socket.socket) -> None:
    _dripped(server, line, HEAD * 50)


def slow_body(server: Endless, line: socket.socket) -> None:
    line.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
    _dripped(server, line, b" " * 100_000)


def body_without_end(server: Endless, line: socket.socket) -> None:
    line.sendall(HEAD + b"\r\n")
    while not server.over.is_set():
        line.sendall(b" " * 65_536)


def answers(status: str, *headers: str, body: bytes = b"{}") -> Act:
    def act(server: Endless, line: socket.socket) -> None:
        head = "\r\n".join(
            [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
        )
        line.sendall(head.encode() + body)

    return act


def _dripped(server: Endless, line: socket.socket, content: bytes) -> None:
    for at in range(len(content)):
        line.sendall(content[at : at + 1])
        if server.over.wait(0.1):
            return


@contextlib.contextmanager
def endless(act: Act) -> Iterator[Endless]:
    """Every connection of it is treated alike until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Endless(listening.getsockname()[1])

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line, _ = listening.accept()
                    threading.Thread(target=one, args=(line,), daemon=True).start()

        def one(line: socket.socket) -> None:
            with line, contextlib.suppress(OSError):
                server.requests.append(_read(line))
                act(server, line)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            time.sleep(0)


def _read(line: socket.socket) -> bytes:
    """One request: its head, and the body that it announces."""
    request = b""
    while b"\r\n\r\n" not in request and (more := line.recv(65_536)):
        request += more
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0)
    while len(body) < length and (more := line.recv(65_536)):
        body += more
    return head
