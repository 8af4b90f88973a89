"""The same people for every sender, in a DuckDB file: key and four fields that are sent, and updated_at for who needs a
cursor.

python people.py write FILE ROWS · change FILE (one in a hundred gets another value) · csv FILE CSV
"""

import sys

import duckdb

THREADS = 2  # what Fairlead takes by default


def write(file: str, rows: int) -> None:
    _run(
        file,
        f"""create table people as select 'person-' || lpad(i::text, 12, '0') as key,
            'somebody' || i || '@example.com' as email, 'First' || (i % 5000) as first_name, 'Last' || (i % 7000) as
                last_name,
            (i * 7919 % 100000) / 100.0::double as value, timestamp '2026-01-01 00:00:00' + to_milliseconds(i) as
                updated_at
        from range({rows}) as t(i)""",
    )


def change(file: str) -> None:
    _run(
        file,
        """update people set value = value + 1, updated_at = updated_at + interval 1 day
        where right(key, 12)::bigint % 100 = 0""",
    )


def csv(file: str, to: str) -> None:
    _run(file, f"copy people to '{to}' (header false)")


def _run(file: str, sql: str) -> None:
    with duckdb.connect(file, config={"threads": THREADS}) as db:
        db.execute(sql)


if __name__ == "__main__":
    step, file, *words = sys.argv[1:]
    if step == "write":
        write(file, int(words[0]))
    elif step == "change":
        change(file)
    else:
        csv(file, words[0])
