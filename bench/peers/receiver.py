"""The far end of every sender in the activation bench: one process, one loop, HTTP/1.1 kept alive, every body read as
JSON.

    python receiver.py [--bad KEY …]      prints its port, then serves until it is ended

POST /            takes every row
POST /verdicts    a verdict a row: {"results": [{"key", "status", "error"}]}, as Fairlead's webhook reads them
POST /errors      takes the good rows; 422 {"errors": [null, "a bad row", …]} when one is bad, as drt's error_path reads
                  them
POST /whole       takes nothing of a body that holds a bad row: 422
GET  /            the counts since the last DELETE / (see Tally)

The rows of a body are the body itself when it is an array, else its first array ("changes", "records", …). It runs in
any Python with nothing but the standard library; uvloop and orjson are used where they are, so that it is not what is
measured.
"""

import argparse
import asyncio
import contextlib
import json
import time
from typing import Any

try:
    import orjson as fast
except ImportError:
    fast = None  # type: ignore[assignment]

REASONS = {200: b"OK", 400: b"Bad Request", 422: b"Unprocessable Content"}


class Tally:
    """rows: in all bodies · taken: of them · bad: bad rows seen · seconds: from the first body to the last answer.

    people: how many different ones were ever taken, kept over a DELETE; counted only where some rows are bad.
    """

    def __init__(self, bad_keys: frozenset[str] = frozenset()) -> None:
        self.bad_keys = bad_keys
        self.people: set[str] = set()
        self.clear()

    def clear(self) -> None:
        self.requests = self.rows = self.taken = self.bad = 0
        self.first = self.last = 0.0

    def counts(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "rows": self.rows,
            "taken": self.taken,
            "bad": self.bad,
            "people": len(self.people),
            "seconds": round(self.last - self.first, 3),
        }

    def take(self, path: bytes, body: bytes) -> tuple[int, bytes]:
        """Status and reply to one body."""
        self.requests, self.first = self.requests + 1, self.first or time.monotonic()
        try:
            rows = rows_of(_read(body))
        except ValueError:
            return 400, b'{"error":"neither rows nor a row"}'
        bad = {row.get("key") for row in rows} & self.bad_keys if self.bad_keys and path != b"/" else set()
        self.rows, self.bad = self.rows + len(rows), self.bad + len(bad)
        if not (bad and path == b"/whole"):
            self.taken += len(rows) - len(bad)
            self.people |= {row.get("key") for row in rows} - bad if self.bad_keys else set()
        status, reply = _reply(path, rows, bad)
        self.last = time.monotonic()
        return status, reply


def _read(body: bytes) -> Any:
    return fast.loads(body) if fast else json.loads(body)


def _json(content: Any) -> bytes:
    return bytes(fast.dumps(content)) if fast else json.dumps(content).encode()


def rows_of(content: Any) -> list[Any]:
    """The rows of a body; an object without an array is one row. Raises ValueError for anything else."""
    if isinstance(content, dict):
        content = next((part for part in content.values() if isinstance(part, list)), [content])
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise ValueError("neither rows nor a row")
    return content


def _reply(path: bytes, rows: list[Any], bad: set[str]) -> tuple[int, bytes]:
    keys = [row.get("key") for row in rows] if bad or path == b"/verdicts" else []
    if path == b"/verdicts":
        return 200, _json({"results": [_verdict(key, key in bad) for key in keys]})
    if path == b"/errors" and bad:
        return 422, _json({"errors": ["a bad row" if key in bad else None for key in keys]})
    return (422, b'{"error":"a bad row"}') if bad else (200, b"{}")


def _verdict(key: str, is_bad: bool) -> dict[str, Any]:
    if is_bad:
        return {"key": key, "status": "rejected", "error": "a bad row"}
    return {"key": key, "status": "accepted"}


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests are answered in their order."""

    def __init__(self, tally: Tally) -> None:
        self.tally, self.waiting = tally, bytearray()
        self.head: tuple[bytes, bytes, int] | None = None  # method, path, length of the body

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while self._answer_one():
            pass

    def _answer_one(self) -> bool:
        """Whether a whole request was there and has been answered."""
        if self.head is None:
            end = self.waiting.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.head = self._read_head(bytes(self.waiting[:end]))
            del self.waiting[: end + 4]
        method, path, length = self.head
        if len(self.waiting) < length:
            return False
        body = bytes(self.waiting[:length])
        del self.waiting[:length]
        self.head = None
        status, reply = self._answer(method, path, body)
        head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self.transport.write(head % (status, REASONS[status], len(reply)) + reply)
        return True

    def _read_head(self, head: bytes) -> tuple[bytes, bytes, int]:
        request, *lines = head.split(b"\r\n")
        method, path, _ = request.split(b" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        if headers.get(b"expect", b"").lower() == b"100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return method, path, int(headers.get(b"content-length", 0))

    def _answer(self, method: bytes, path: bytes, body: bytes) -> tuple[int, bytes]:
        if method == b"POST":
            return self.tally.take(path, body)
        if method == b"DELETE":
            self.tally.clear()
        return 200, _json(self.tally.counts())


async def serve(tally: Tally) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(tally), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    words = argparse.ArgumentParser(prog="receiver")
    words.add_argument("--bad", nargs="*", default=[])
    tally = Tally(frozenset(words.parse_args().bad))
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    asyncio.run(serve(tally))


if __name__ == "__main__":
    main()
