"""The bound: DuckDB alone, one table of rows hashed and joined to one table of (key, hash). No audience, consent or
ledger.

python bound.py FILE      prints {"changed", "seconds"}: the best of three, the file opened each time
"""

import json
import sys
import time

import duckdb

THREADS = 2
STATE = "create table if not exists state as select key, hash(email, first_name, last_name, value) as h from people"
DIFF = """select count(*) filter (where n.h is distinct from s.h)
    from (select key, hash(email, first_name, last_name, value) as h from people) as n
    full join state as s on n.key = s.key"""


def diff(file: str) -> tuple[int, float]:
    started = time.perf_counter()
    with duckdb.connect(file, config={"threads": THREADS}) as db:
        row = db.execute(DIFF).fetchone()
    return int(row[0]) if row else 0, time.perf_counter() - started


def main() -> None:
    with duckdb.connect(sys.argv[1], config={"threads": THREADS}) as db:
        db.execute(STATE)
    tries = [diff(sys.argv[1]) for _ in range(3)]
    print(json.dumps({"changed": tries[0][0], "seconds": min(seconds for _, seconds in tries)}))


if __name__ == "__main__":
    main()
