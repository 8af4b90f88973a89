"""The receiver's own ceiling: bodies that are ready, posted one after another on one connection.

python sender.py PORT ROWS BATCH SHAPE      prints {"rows", "seconds"}; SHAPE: flat (drt, dlt) or changes (Fairlead)
"""

import http.client
import json
import sys
import time
from typing import Any

DIFFERENT = 20  # bodies; they are sent again and again, so that making them costs no memory


def person(number: int) -> dict[str, Any]:
    """As people.py writes them."""
    return {
        "key": f"person-{number:012}", "email": f"somebody{number}@example.com", "first_name": f"First{number % 5000}",
        "last_name": f"Last{number % 7000}", "value": number * 7919 % 100_000 / 100,
    }  # fmt: skip


def body(start: int, rows: int, shape: str) -> bytes:
    people = [person(n) for n in range(start, start + rows)]
    if shape == "flat":
        return json.dumps(people, separators=(",", ":")).encode()
    changes = [{"op": "add", "key": p.pop("key"), "fields": p} for p in people]
    return json.dumps({"sync": "everybody__webhook", "changes": changes}, separators=(",", ":")).encode()


def main() -> None:
    port, rows, batch, shape = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    bodies = [body(n * batch, batch, shape) for n in range(min(DIFFERENT, rows // batch))]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started, sent_rows = time.perf_counter(), 0
    while sent_rows < rows:
        connection.request("POST", "/", bodies[sent_rows // batch % len(bodies)], {"Content-Type": "application/json"})
        connection.getresponse().read()
        sent_rows += batch
    print(json.dumps({"rows": sent_rows, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
