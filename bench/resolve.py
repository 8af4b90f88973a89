"""Joining a million records into people: warehouse to warehouse, first night and second, against the graph alone.

The bound is scipy's connected components on the same edges, already numbers and in memory: no texts, no ids, no
warehouse.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from core.settings import Settings, load_settings
from core.warehouse import connect
from people import jobs, tables
from people.resolve import resolve

DAY = date(2026, 3, 29)
RECORDS = 1_000_000  # each with an id, an e-mail that it shares with others, and half of them with a phone


def run(scale: float = 1.0) -> dict[str, Any]:
    """Seconds of `resolve` on an empty and on yesterday's identity, of its pure part, and of the graph alone."""
    records = max(int(RECORDS * scale), 1000)
    with tempfile.TemporaryDirectory(prefix="bench-resolve-") as folder:
        settings = load_settings(home=Path(folder), warehouse={"threads": 2})
        _fill(settings, records)
        first = _timed(lambda: jobs.resolve(settings, DAY))
        second = _timed(lambda: jobs.resolve(settings, DAY + timedelta(days=1)))
        with connect(settings) as db:
            identifiers, history = db.query("select * from intermediate.int_people__identifiers"), tables.history(db)
            numbers = db.query(
                "select dense_rank() over (order by record_id) - 1 as r, dense_rank() over (order by identifier) - 1"
                " as i from intermediate.int_people__identifiers"
            )
        pure = _timed(lambda: resolve(identifiers, history, DAY + timedelta(days=1)))
        bound = _timed(lambda: _graph(numbers["r"].to_numpy(), numbers["i"].to_numpy()))
    return {
        "records": records,
        "links": identifiers.num_rows,
        "people": history.issued.num_rows,
        "first_night_seconds": round(first, 2),
        "second_night_seconds": round(second, 2),
        "pure_seconds": round(pure, 2),
        "graph_alone_seconds": round(bound, 2),
        "records_per_second": round(records / second),
        "ratio": round(second / bound, 1),
    }


def _fill(settings: Settings, records: int) -> None:
    shared = int(records * 0.6)
    first_seen = f"date '{DAY}' - cast(i % 300 as integer)"
    with connect(settings, writer="intermediate") as db:
        db.execute(f"""create table intermediate.int_people__identifiers as
            select 'r:' || i as record_id, 'id:shop:' || i as identifier, 'id' as kind, {first_seen} as first_seen_day
                from range({records}) t(i)
            union all select 'r:' || i, 'email:' || hash(i) % {shared} || '@example.com', 'email', {first_seen} from
                range({records}) t(i)
            union all select 'r:' || i, 'phone:+44' || hash(i + 1) % {shared * 8}, 'phone', {first_seen} from
                range({records}) t(i) where i % 2 = 0""")


def _graph(record: np.ndarray, identifier: np.ndarray) -> int:
    size = int(max(record.max(), identifier.max())) + 1
    edges = coo_matrix((np.ones(len(record), dtype=np.int8), (record, identifier + size)), shape=(2 * size, 2 * size))
    return int(connected_components(edges, directed=False)[0])


def _timed(work: Callable[[], Any]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
