"""Households and accounts of a million people: both from nothing and on the night after, warehouse left out; and the
households against truth, pairwise, on a town whose people are known.

The bound is scipy's connected components on the same people and homes, already numbers and in memory.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bench.town import town
from bench.town.humans import humans
from bench.town.measures import scores
from core.settings import Settings, load_settings
from core.warehouse import workbench
from people.groups import account_people, accounts, hierarchy, households
from people.groups.schemas import ACCOUNT, HOUSEHOLD, Memory
from people.groups.spec import load_accounts, load_households
from people.groups.stable_ids import keep
from people.linkage.cleaning import CLEANERS

DAY, PEOPLE, SEED = date(2026, 3, 29), 1_000_000, 2
RECORDS_PER_PERSON = 1 / 0.45  # the town's
NOBODY = {name: pa.array([], pa.string()) for name in ("member_a", "member_b", "verdict", "member", "known_as")}


def run(scale: float = 1.0) -> dict[str, Any]:
    """Seconds of each part, people placed, and precision and recall of pairs of people who live together."""
    records, truth = living(max(int(PEOPLE * scale * RECORDS_PER_PERSON), 1000))
    with tempfile.TemporaryDirectory(prefix="bench-groups-") as folder:
        settings = load_settings(home=Path(folder), warehouse={"threads": 2})
        found, result = _households(settings, records)
        result |= _accounts(settings, records)
    bound = _timed(lambda: _graph(found["part"].to_numpy()))
    result |= quality(found, truth)
    result |= {"graph_alone_seconds": round(bound, 2), "ratio": round(result["household_seconds"] / bound, 1)}
    return result


def living(size: int) -> tuple[pa.Table, np.ndarray]:
    """Records of a town, each with its person; and the household of each person."""
    place = town(size, SEED)
    named = pa.array(np.char.add("p", place.human.astype(str)))
    nothing = pa.nulls(size, pa.string())
    records = place.records.append_column("person_id", named).append_column("account_key", nothing)
    records = records.append_column("updated_at", records["first_seen_day"].cast(pa.timestamp("us")))
    records = records.append_column("is_business", pc.is_valid(records["company"]))
    births = [text if text and len(text) == 10 else None for text in records["birth_date"].cast("string").to_pylist()]
    born = pc.strptime(pa.array(births), "%Y-%m-%d", "us", error_is_null=True).cast("date32")
    records = records.set_column(records.schema.get_field_index("birth_date"), "birth_date", born)
    return records, humans(np.random.default_rng(SEED), max(int(size * 0.45), 2)).household


def _households(settings: Settings, records: pa.Table) -> tuple[pa.Table, dict[str, Any]]:
    spec = load_households(settings)
    assert spec is not None, "people/households.yml is ours"
    table = records.select(households.RECORDS.names).cast(households.RECORDS)
    words, renamed = (pa.table({n: NOBODY[n] for n in names}) for names in (
        ("member_a", "member_b", "verdict"), ("member", "known_as")))  # fmt: skip
    with workbench(settings) as db:
        began, cpu = time.monotonic(), time.process_time()
        parts = households.find(db, spec, table, words)
        households.heads(db, spec)
        placed = time.monotonic()
        kept = keep(db, HOUSEHOLD, parts, Memory(), renamed, DAY)
        first = time.monotonic()
        again = keep(db, HOUSEHOLD, parts, kept.memory, renamed, DAY + timedelta(days=1))
        ended = time.monotonic()
    return parts, {
        "records": records.num_rows, "people": len(pc.unique(records["person_id"])), "placed": parts.num_rows,
        "households": again.ids.num_rows, "household_seconds": round(placed - began, 2),
        "first_ids_seconds": round(first - placed, 2), "second_ids_seconds": round(ended - first, 2),
        "household_cpu_seconds": round(time.process_time() - cpu, 2),
    }  # fmt: skip


def _accounts(settings: Settings, records: pa.Table) -> dict[str, Any]:
    """The companies that people name, each as a row of one source."""
    spec = load_accounts(settings)
    assert spec is not None, "people/accounts.yml is ours"
    names = pc.unique(CLEANERS["company"](pc.unique(records["company"]).drop_null()))
    keys = pa.array(np.char.add("k", np.arange(len(names)).astype(str)))
    blank = pa.nulls(len(names), pa.string())
    rows = pa.table({name: {"account_key": keys, "name": names}.get(name, blank) for name in accounts.ROWS.names})
    with workbench(settings) as db:
        began, cpu = time.monotonic(), time.process_time()
        words = pa.table({n: NOBODY[n] for n in ("member_a", "member_b", "verdict")})
        parts = accounts.find(db, spec, rows.cast(accounts.ROWS), words)
        renamed = pa.table({n: NOBODY[n] for n in ("member", "known_as")})
        kept = keep(db, ACCOUNT, parts, Memory(), renamed, DAY)
        group = kept.ids["group_id"].take(pc.index_in(parts["part"], value_set=kept.ids["part"].combine_chunks()))
        found, _ = hierarchy.build(db, pa.table({"account_key": parts["member"], "group_id": group}))
        workers = records.select(account_people.RECORDS.names).cast(account_people.RECORDS)
        linked, _ = account_people.link(db, spec, workers, found)
    return {"accounts": found.num_rows, "people_with_accounts": linked.num_rows,
            "account_seconds": round(time.monotonic() - began, 2),
            "account_cpu_seconds": round(time.process_time() - cpu, 2)}  # fmt: skip


def quality(found: pa.Table, truth: np.ndarray) -> dict[str, Any]:
    """Of pairs of people with a household."""
    person = np.char.lstrip(np.asarray(found["member"].to_pylist(), dtype=str), "p").astype(int)
    _, part = np.unique(found["part"].to_numpy(), return_inverse=True)
    pairs = scores(truth[person], part)["pairs"]
    return {"precision": pairs["precision"], "recall": pairs["recall"]}


def _graph(part: np.ndarray) -> None:
    _, label = np.unique(part, return_inverse=True)
    size = len(part) + int(label.max(initial=-1)) + 1
    edges = (np.arange(len(part)), label + len(part))
    connected_components(coo_matrix((np.ones(len(part), dtype=np.int8), edges), shape=(size, size)), directed=False)


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
