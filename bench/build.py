"""The night's middle at a million people and twenty million events, against one hand-written pass: resolve and both
builds of the first night, and of the next one with one more day.

The bound is a single SQL statement that aggregates the same raw rows into one profile row a person: no history, no
tests, no consent, no segments. It says how long it takes to look at every row once.
"""

import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cli.data import build_stage, resolve_people
from core.build import one_dbt
from core.engines.lingering import lingering
from core.settings import Settings, load_settings
from core.warehouse import connect

DAY = date(2026, 3, 29)
HISTORY_DAYS = 540
PEOPLE, WEB_EVENTS, MAIL_EVENTS, ORDERS = 1_000_000, 15_000_000, 5_000_000, 3_000_000
ARRIVAL = (
    "'{source}' as _source, 'bench' as _origin, i as _line, timestamp '2026-03-30 00:00:00' as _pulled_at,"
    " '{source}' || i as _row_key, cast({past} as date) as _day"
)
PAST = "timestamp '2026-03-29 20:00:00' - interval (hash(i) % {seconds}) second"
NEXT_DAY = "timestamp '{day} 20:00:00' - interval (hash(i) % 70000) second"

SINGLE_PASS = """
create or replace table raw.bench_bound as
with orders as (
    select customer_id, count(*) as orders, sum(total) as revenue, max(ordered_at) as last_order
    from raw.sample_shop__orders group by 1),
events as (
    select user_id, count(*) as events, max(occurred_at) as last_seen,
        sum(case when event = 'Product Viewed' then 1 else 0 end) as views
    from raw.segment_events__events group by 1),
mails as (
    select email__normalised as email, sum(case when event = 'open' then 1 else 0 end) as opens,
        sum(case when event = 'click' then 1 else 0 end) as clicks
    from raw.sendgrid_events__events group by 1)
select
    c.*, orders.orders, orders.revenue, orders.last_order, events.events, events.last_seen, events.views,
    mails.opens, mails.clicks
from raw.sample_shop__customers as c
left join orders on orders.customer_id = c.customer_id
left join events on events.user_id = c.customer_id
left join mails on mails.email = c.email__normalised
"""


def run(scale: float = 1.0) -> dict[str, Any]:
    """Seconds of resolve, build before scores and build after scores, and their ratio to the single pass."""
    with tempfile.TemporaryDirectory(prefix="bench-build-") as folder:
        settings = settings_of(folder)
        people = fill(settings, scale)
        bound = timed(lambda: single_pass(settings))
        seconds = night(settings, DAY)
        add_a_day(settings, people, scale)
        next_seconds = night(settings, DAY + timedelta(days=1))
    total = sum(seconds.values())
    return {
        "people": people,
        "events": int((WEB_EVENTS + MAIL_EVENTS) * scale),
        "single_pass_seconds": round(bound, 2),
        **{f"{k}_seconds": round(v, 1) for k, v in seconds.items()},
        **{f"next_night_{k}_seconds": round(v, 1) for k, v in next_seconds.items()},
        "total_seconds": round(total, 1),
        "ratio": round(total / bound, 1),
    }


def settings_of(folder: str) -> Settings:
    return load_settings(home=Path(folder), warehouse={"memory_limit": "8GB", "threads": 2})


def night(settings: Settings, day: date) -> dict[str, float]:
    """Seconds of each step between the pull and the plan, without a model, as `fairlead run` takes them."""
    with one_dbt(settings, day), lingering(settings):
        return {
            "resolve": timed(lambda: expect(resolve_people(settings, day))),
            "build_before_scores": timed(lambda: expect(build_stage(settings, day, "before-scores"))),
            "build_after_scores": timed(lambda: expect(build_stage(settings, day, "after-scores"))),
        }


def timed(work: Any) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def expect(result: dict[str, Any]) -> None:
    if not result["ok"]:
        raise RuntimeError(f"the build failed: {result}")


def single_pass(settings: Settings) -> None:
    with connect(settings, writer="raw") as db:
        db.execute(SINGLE_PASS)


def fill(settings: Settings, scale: float, days: int = HISTORY_DAYS) -> int:
    """Raw rows as pulls would have landed them, made in the warehouse; the number of people.

    days   of history, with as much a day whatever their number
    """
    from connectors import pull

    pull.ensure(settings)
    people = max(int(PEOPLE * scale), 100)
    past = PAST.format(seconds=days * 86400)
    _insert(settings, raw_rows(people, scale * days / HISTORY_DAYS, past), past)
    return people


def add_a_day(settings: Settings, people: int, scale: float, number: int = 1) -> None:
    """What one more day brings of each table, with numbers of its own.

    number   of the day after the history
    """
    past = NEXT_DAY.format(day=DAY + timedelta(days=number))
    rows = [(table, max(count // HISTORY_DAYS, 1), columns) for table, count, columns in raw_rows(people, scale, past)]
    _insert(settings, rows, past, first=number * 10**9)


def _insert(settings: Settings, rows: list[tuple[str, int, str]], past: str, first: int = 0) -> None:
    with connect(settings, writer="raw") as db:
        for table, count, columns in rows:
            arrival = ARRIVAL.format(source=table.split("__")[0], past=past)
            db.execute(
                f"insert into raw.{table} by name select {columns}, {arrival} from"
                f" range({first}, {first + count}) as t(i) order by _day"
            )


def raw_rows(people: int, scale: float, past: str) -> list[tuple[str, int, str]]:
    """(table, number of rows, their columns) of each table; `past` is SQL for the instant of row i."""
    email = f"'u' || (hash(i * 7) % {people}) || '@example.com'"
    customer = f"'c' || (hash(i * 7) % {people})"
    return [
        (
            "sample_shop__customers",
            people,
            "'c' || i as customer_id, 'u' || i || '@example.com' as email, 'u' || i || '@example.com' as"
            f" email__normalised, 'Ann' as first_name, 'Lee' || (i % 1000) as last_name, 'GB' as country, {past} as"
            f" created_at, {past} as updated_at",
        ),
        (
            "sample_shop__orders",
            int(ORDERS * scale),
            f"'o' || i as order_id, {customer} as customer_id, {past} as ordered_at, 'web' as channel, 'completed' as"
            f" status, 'GBP' as currency, 0 as discount, 10 + hash(i) % 90 as total, {past} as updated_at",
        ),
        (
            "sample_shop__order_lines",
            int(ORDERS * scale),
            "'l' || i as line_id, 'o' || i as order_id, 'p' || (i % 500) as product_id, 1 as quantity, 10 + hash(i) %"
            f" 90 as unit_price, {past} as updated_at",
        ),
        (
            "segment_events__events",
            int(WEB_EVENTS * scale),
            f"'m' || i as message_id, 'track' as type, 'd' || (hash(i * 7) % {people}) as anonymous_id, {customer} as"
            f" user_id, case i % 4 when 0 then 'Product Added' else 'Product Viewed' end as event, {past} as"
            f" occurred_at, {past} as received_at, 'p' || (i % 500) as product_id",
        ),
        (
            "sendgrid_events__events",
            int(MAIL_EVENTS * scale),
            f"'s' || i as sg_event_id, 'k' || (i // 4) as sg_message_id, {email} as email, {email} as"
            " email__normalised, case i % 4 when 0 then 'processed' when 1 then 'delivered' when 2 then 'open' else"
            f" 'click' end as event, {past} as occurred_at",
        ),
        (
            "sample_shop__consents",
            people,
            "'n' || i as consent_id, 'u' || i || '@example.com' as email, 'u' || i || '@example.com' as"
            f" email__normalised, 'email' as channel, 'marketing' as purpose, 'granted' as status, {past} as"
            " occurred_at",
        ),
    ]
