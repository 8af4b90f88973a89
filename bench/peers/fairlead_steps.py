"""Fairlead's part, run in processes of their own: the tables that dbt would have built, and the calls behind its
commands.

    python -m bench.peers.fairlead_steps STEP [WORDS]      in a project folder given by FAIRLEAD_ROOT and FAIRLEAD_HOME

build PEOPLE · change · diff · plan · push      each prints one JSON object, `seconds` being the call alone, without the
                                                interpreter
"""

import json
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import duckdb

from core.engines.quick_start import spare_pandas

spare_pandas()  # as the commands do

from activation import jobs  # noqa: E402
from activation.planning.diff import find_changed  # noqa: E402
from activation.sync import load_syncs  # noqa: E402
from core.settings import Settings, load_settings  # noqa: E402
from core.warehouse import connect  # noqa: E402

DAY = date(2026, 1, 15)


def build(settings: Settings, people: str) -> dict[str, Any]:
    """Everybody is included in the audience of every sync; one stranger has withdrawn, so that the join is made."""
    jobs.register(settings)
    rules = " union all ".join(
        f"select '{name}' as sync, '{sync.audience_hash}' as audience_hash"
        for name, sync in load_syncs(settings).items()
    )
    with duckdb.connect(people, read_only=True) as source, connect(settings, writer="marts") as db:
        rows = source.execute("select key as person_id, email, first_name, last_name, value from people")
        db.load("marts.profiles", rows.to_arrow_reader(100_000), mode="create")
        db.execute(f"create table marts.audience_sizes as select *, date '{DAY}' as as_of_day from ({rules})")
        db.execute("""create table marts.audiences as select sync, person_id, true as included, 'included' as reason
            from marts.profiles cross join marts.audience_sizes""")
        db.execute("""create table marts.consent_withdrawals as
            select 'nobody' as person_id, 'email' as channel, 'marketing' as purpose""")
        db.execute("""create table marts.address_withdrawals as
            select 'email:nobody@example.com' as identifier, 'email' as channel, 'marketing' as purpose""")
        db.execute("""create table marts.contactability as select person_id, 'email' as channel,
            'marketing' as purpose, true as allowed, 'allowed' as reason from marts.profiles""")
    return {}


def change(settings: Settings) -> dict[str, Any]:
    with connect(settings, writer="marts") as db:
        db.execute("update marts.profiles set value = value + 1 where cast(right(person_id, 12) as bigint) % 100 = 0")
    return {}


def diff(settings: Settings) -> dict[str, Any]:
    """The comparison alone, the best of three; the warehouse is opened each time, as the bound opens its file."""
    (sync,) = load_syncs(settings).values()
    tries = []
    for _ in range(3):
        started = time.perf_counter()
        with connect(settings, writer="activation") as db:
            find_changed(db, sync)
            changed = db.query("select count(*) as people from changed_people")["people"][0].as_py()
        tries.append(time.perf_counter() - started)
    return {"seconds": min(tries), "changed": changed}


def plan(settings: Settings) -> dict[str, Any]:
    """The best of three; the warehouse is opened each time, as the bound opens its file."""
    tries = []
    for _ in range(3):
        started = time.perf_counter()
        plan_result = jobs.plan(settings, DAY)["syncs"][0]
        tries.append(time.perf_counter() - started)
    return {"seconds": min(tries), **{op: plan_result[op] for op in ("adds", "updates", "removes", "unchanged")}}


def push(settings: Settings) -> dict[str, Any]:
    started = time.perf_counter()
    push_result = jobs.push(settings, DAY)["syncs"][0]
    seconds = time.perf_counter() - started
    return {"seconds": seconds, **{k: push_result[k] for k in ("outcome", "accepted", "rejected", "in_doubt", "error")}}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "build": build,
    "change": change,
    "diff": diff,
    "plan": plan,
    "push": push,
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](load_settings(), *sys.argv[2:])))
