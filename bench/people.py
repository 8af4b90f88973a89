"""The whole of `fairlead resolve` but dbt: links by a trained model and people from them, on the town's million
records; a first night, and one with 1 % of new records.

The bound is the promise: 6 minutes for all, 1 minute for a night, 4 GiB.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.town import town
from core.settings import Settings, load_settings
from core.warehouse import connect
from people import jobs
from people.linkage import jobs as linkage

DAY = date(2026, 3, 29)
RECORDS, NEW, SEED = 1_000_000, 0.01, 2
FULL_SECONDS, NIGHT_SECONDS = 360, 60
IDENTIFIERS = {"record_id": "id:own:", "email": "email:", "phone": "phone:", "strong_id": "id:card:"}


def run(scale: float = 1.0) -> dict[str, Any]:
    records = town(max(int(RECORDS * scale), 3000), SEED).records
    old = records.slice(0, int(records.num_rows * (1 - NEW)))
    with tempfile.TemporaryDirectory(prefix="bench-people-") as folder:
        settings = load_settings(home=Path(folder), warehouse={"threads": 2})
        fill(settings, old)
        trained = timed(lambda: linkage.train(settings, DAY))
        first = timed(lambda: night(settings, DAY))
        fill(settings, records)
        second = timed(lambda: night(settings, DAY + timedelta(days=1)))
        with connect(settings) as db:
            people = db.query("select count(*) as n from identity.people")["n"][0].as_py()
    return {
        "records": records.num_rows, "people": people, "train_seconds": trained, "full_seconds": first,
        "night_seconds": second, "full_ratio": round(first / FULL_SECONDS, 2),
        "ratio": round(second / NIGHT_SECONDS, 2),
    }  # fmt: skip


def night(settings: Settings, day: date) -> None:
    linkage.link(settings, day)
    jobs.resolve(settings, day)


def fill(settings: Settings, records: pa.Table) -> None:
    with connect(settings, writer="intermediate") as db:
        db.load("intermediate.int_people__records", records, "replace")
        db.load("intermediate.int_people__identifiers", identifiers_of(records), "replace")


def identifiers_of(records: pa.Table) -> pa.Table:
    """What intermediate.int_people__identifiers holds of them."""
    parts = []
    for column, prefix in IDENTIFIERS.items():
        if column not in records.column_names:
            continue
        held = records.filter(records[column].is_valid())
        identifier = pc.binary_join_element_wise(prefix, held[column].combine_chunks(), "")
        kind = pa.repeat(prefix.split(":")[0], held.num_rows)
        columns = [held["record_id"], identifier, kind, held["first_seen_day"]]
        parts.append(pa.table(columns, names=["record_id", "identifier", "kind", "first_seen_day"]))
    return pa.concat_tables(parts)


def timed(work: Callable[[], Any]) -> float:
    started = time.monotonic()
    work()
    return round(time.monotonic() - started, 1)
