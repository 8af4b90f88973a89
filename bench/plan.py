"""Plan and push: one million people in an audience, nothing changed and one in a hundred changed; bound: a plain hash
diff.

The bound is DuckDB alone on the same file and settings: one table of rows hashed and joined to one table of (key,
hash). It knows no audience, no consent and no ledger. The receiver of webhooks is a process of its own on the loopback.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from activation import jobs
from activation.delivery.route import PushRequest
from activation.sync import load_syncs
from core.settings import Settings, load_settings
from core.warehouse import connect

DAY = date(2026, 1, 15)
SYNC = """\
description: A measurement
segment: everybody
channel: {channel}
contact_channel: email
mode: mirror
fields: {{email: email, first_name: first_name, country: country, orders: lifetime_orders, value: value_180d}}
max_change_share: 1
"""
RECEIVER = """
import http.server
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
BOUND = """select count(*) filter (where n.h is distinct from s.h) from
    (select person_id, hash(email, first_name, country, lifetime_orders, value_180d) as h from marts.profiles) as n
    full join marts.bound_state as s on n.person_id = s.person_id"""


def run(scale: float) -> dict[str, Any]:
    people, hooked = int(1_000_000 * scale), int(200_000 * scale)
    with tempfile.TemporaryDirectory() as base, _receiver() as url:
        settings = _project(Path(base), url)
        _build(settings, people)
        first, first_seconds = _timed(lambda: _push(settings, "everybody__csv_outbox"))
        bound = min(_timed(lambda: _ask(settings, BOUND))[1] for _ in range(3))
        unchanged = min(_timed(lambda: jobs.plan(settings, DAY, ["everybody__csv_outbox"]))[1] for _ in range(3))
        _change(settings)
        plan_result, one_percent = _timed(lambda: jobs.plan(settings, DAY, ["everybody__csv_outbox"]))
        delivered, delivering = _timed(lambda: _push(settings, "everybody__csv_outbox"))
        _build(settings, hooked)
        push_result, hooking = _timed(lambda: _push(settings, "everybody__webhook"))
    assert (first, delivered, push_result) == (people, plan_result["syncs"][0]["updates"], hooked), (
        "every change has its result"
    )
    return {
        "people": people,
        "bound_seconds": round(bound, 3),
        "plan_unchanged_seconds": round(unchanged, 3),
        "plan_unchanged_ratio": round(unchanged / bound, 2),
        "plan_one_percent_seconds": round(one_percent, 3),
        "plan_one_percent_ratio": round(one_percent / bound, 2),
        "push_one_percent": {"changes": delivered, "seconds": round(delivering, 3)},
        "push_csv_outbox_rows_per_second": round(people / first_seconds),
        "push_webhook_rows_per_second": round(hooked / hooking),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _project(base: Path, url: str) -> Settings:
    root = base / "project"
    for folder in ("activation/syncs", "dbt_project/models/marts/segments"):
        (root / folder).mkdir(parents=True)
    (root / "dbt_project/models/marts/segments/segment__everybody.sql").write_text("select person_id from x")
    for channel in ("csv_outbox", "webhook"):
        (root / f"activation/syncs/everybody__{channel}.yml").write_text(SYNC.format(channel=channel))
    os.environ["FAIRLEAD_BENCH_SECRET"] = "signs nothing that matters"
    return load_settings(
        root=root, home=base / "home", channels={"webhook": {"url": url, "secret_env": "FAIRLEAD_BENCH_SECRET"}}
    )


def _build(settings: Settings, people: int) -> None:
    jobs.register(settings)
    rules = " union all ".join(
        f"select '{n}' as sync, '{s.audience_hash}' as audience_hash" for n, s in load_syncs(settings).items()
    )
    with connect(settings, writer="marts") as db:
        for table in (
            "profiles",
            "audiences",
            "audience_sizes",
            "consent_withdrawals",
            "address_withdrawals",
            "contactability",
            "bound_state",
        ):
            db.execute(f"drop table if exists marts.{table}")
        db.execute(f"""create table marts.profiles as select 'person-' || lpad(i::text, 12, '0') as person_id,
            'somebody' || i || '@example.com' as email, 'Name' || (i % 5000) as first_name, 'GB' as country,
            i % 40 as lifetime_orders, (i * 7919 % 100000) / 100.0::double as value_180d from range({people}) as
                t(i)""")
        db.execute(f"create table marts.audience_sizes as select *, date '{DAY}' as as_of_day from ({rules})")
        db.execute("""create table marts.audiences as select sync, person_id, true as included, 'included' as reason
            from marts.profiles cross join marts.audience_sizes""")
        db.execute("""create table marts.consent_withdrawals as select 'nobody' as person_id, 'email' as channel,
            'marketing' as purpose""")
        db.execute("""create table marts.address_withdrawals as select 'email:nobody@example.com' as identifier,
            'email' as channel, 'marketing' as purpose""")
        db.execute("""create table marts.contactability as select person_id, 'email' as channel,
            'marketing' as purpose, true as allowed, 'allowed' as reason from marts.profiles""")
        db.execute("""create table marts.bound_state as select person_id,
            hash(email, first_name, country, lifetime_orders, value_180d) as h from marts.profiles""")


def _change(settings: Settings) -> None:
    with connect(settings, writer="marts") as db:
        db.execute("update marts.profiles set value_180d = value_180d + 1 where hash(person_id) % 100 = 0")


def _push(settings: Settings, sync: str) -> int:
    push_result = jobs.push(settings, DAY, PushRequest([sync]))["syncs"][0]
    return int(push_result["accepted"])


def _ask(settings: Settings, sql: str) -> None:
    with connect(settings) as db:
        db.query(sql)


@contextmanager
def _receiver() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
    finally:
        process.terminate()
        process.wait()
