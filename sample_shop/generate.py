"""The shop's life, day by day, and where it leaves its traces."""

import shutil
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from sample_shop import catalogue, people, records, subscriptions, trade
from sample_shop.clock import DAY_SECONDS, day_of, days
from sample_shop.consents import Consents
from sample_shop.mailing import Mailing
from sample_shop.sessions import sessions
from sample_shop.shopping import Shopping
from sample_shop.traces import ads, crm, mail_log, telling, tills
from sample_shop.traces.database import Database, open_database
from sample_shop.traces.files import Counts, DayFiles, Dirt, Disk
from sample_shop.traces.text import pick, where
from sample_shop.truth import Truth
from sample_shop.voices import Voices
from sample_shop.web import Web
from sample_shop.webinars import Webinars
from sample_shop.world import World

FIRST_DAY, LAST_DAY = date(2024, 9, 30), date(2026, 3, 29)
EPOCH = date(1970, 1, 1)
STOCK_COUNT_SECONDS = 5 * 3600
# table: path below sample/ up to the date, ending, dirt, encoding. Broken lines stay below each max_reject_share.
FILES = {
    "till_lines": ("till/till-", ".csv", Dirt(late=0.01, duplicated=0.006, broken=0.006), "windows-1252"),
    "ads": ("ads/ads-", ".csv", Dirt(), "utf-8"),
    "leads": ("crm/leads-", ".csv", Dirt(duplicated=0.01, broken=0.004), "utf-8"),
    "accounts": ("crm/accounts-", ".csv", Dirt(duplicated=0.01), "utf-8"),
    "deals": ("crm/deals-", ".csv", Dirt(duplicated=0.01), "utf-8"),
    "consents": ("consents/consents-", ".jsonl", Dirt(duplicated=0.005), "utf-8"),
    "tickets": ("support/tickets-", ".jsonl", Dirt(duplicated=0.01), "utf-8"),
    "survey_answers": ("surveys/answers-", ".csv", Dirt(late=0.01), "utf-8"),
    "registrations": ("webinars/registrations-", ".csv", Dirt(duplicated=0.01), "utf-8"),
    "mentions": ("social/mentions-", ".jsonl", Dirt(duplicated=0.01), "utf-8"),
    "events": ("web/events-", ".jsonl.gz", Dirt(late=0.008, duplicated=0.005, broken=0.002), "utf-8"),
    "mail": ("email/events-", ".jsonl", Dirt(late=0.006, duplicated=0.004, broken=0.002), "utf-8"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """How much was written: lines by kind of file, rows by table of the shop's database."""

    people: int
    first_day: date
    last_day: date
    lines: dict[str, int]
    rows: dict[str, int]


def write(
    home_dir: Path,
    *,
    people: int = 5000,
    seed: int = 7,
    first_day: date = FIRST_DAY,
    last_day: date = LAST_DAY,
    url: str | None = None,
    events_per_person: float = 50,
    mails_per_person: float = 20,
) -> Summary:
    """Write the sample shop to `home_dir`/sample, and what really happened to `home_dir`/sample_truth.

    The same arguments write the same bytes; a later `last_day` writes the same files and adds to them.

    url                  of a PostgreSQL database that takes the shop's tables, replacing those of the same names.
    events_per_person    web and app events that the mean human leaves in eighteen months; likewise the e-mails.
    Raises               ValueError on a size or span that makes no shop.
    """
    if people < 1 or last_day < first_day or min(events_per_person, mails_per_person) < 0:
        raise ValueError(
            f"no shop of {people} people from {first_day} to {last_day}: give one or more, in order of time"
        )
    if url is not None and not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("the sample shop's database is SQLite (no URL), or a URL that begins with postgresql://")
    parts = {name: home_dir / f"{name}.partial" for name in ("sample", "sample_truth")}
    for folder in parts.values():  # of a run that was killed
        shutil.rmtree(folder, ignore_errors=True)
    database = open_database(url, parts["sample"])
    try:
        world = _world(parts, database, seed, first_day, people, events_per_person, mails_per_person)
        _live(world, last_day)
    except BaseException:
        database.abandon()
        raise
    for name, folder in parts.items():
        shutil.rmtree(home_dir / name, ignore_errors=True)
        folder.rename(home_dir / name)
    lines = {table: sum(c.lines for c in files.counts) for table, files in world.files.items()}
    return Summary(people, first_day, last_day, lines, dict(database.counts))


def _world(
    parts: dict[str, Path], database: Database, seed: int, first_day: date, count: int, events: float, mails: float
) -> World:
    folk = people.draw(count, seed)
    pipeline = trade.draw(folk, seed)
    files = {
        table: DayFiles(table, parts["sample"] / stem, suffix, dirt, encoding=encoding)
        for table, (stem, suffix, dirt, encoding) in FILES.items()
    }
    lead = pipeline.place_of
    contact = where(lead >= 0, pick(pipeline.email, lead, lead >= 0), folk.email)
    silent = np.isin(folk.kind, [people.KIND["card_holder"], people.KIND["walk_in"]])
    return World(
        seed=seed,
        first_day=first_day,
        folk=folk,
        pipeline=pipeline,
        records=records.draw(folk, pipeline, seed),
        catalogue=catalogue.draw(seed, first_day),
        database=database,
        disk=Disk(),
        truth=Truth(parts["sample_truth"]),
        files=files,
        contact=where(silent, None, contact),
        events_per_person=events,
        mails_per_person=mails,
    )


def _live(world: World, last_day: date) -> None:
    first = (world.first_day - EPOCH).days
    consents, shopping, web = Consents(world), Shopping(world), Web(world)
    mailing = Mailing(world, consents, shopping.mailed)
    voices, webinars = Voices(world), Webinars(world)
    carts = np.zeros(0, np.int64)
    calendar = days(world.first_day, last_day)
    for day in calendar:
        engagement = world.folk.engagement(day.number)
        mails = mailing.day(day, engagement, carts)
        mail_log.write(mailing, day, mails)
        baskets = shopping.day(day, engagement)
        visits = sessions(world, day, engagement, baskets, mailing.clicks(mails))
        carts = np.unique(visits.humans[visits.cart & (visits.basket < 0)])
        web.write(day, visits, baskets)
        tills.write(world, day, baskets)
        crm.write(world, day, first)
        consents.write(day, mailing.withdrawals(mails))
        voices.write(day, engagement, baskets)
        webinars.write(day, engagement)
        ads.write(world, day)
        world.records.credit(day)
    _close(world, consents, shopping, calendar[-1].number, first)


def _close(world: World, consents: Consents, shopping: Shopping, last: int, first: int) -> None:
    """The tables that hold only the latest state, and the truth about everybody."""
    database, folk, truth = world.database, world.folk, world.truth
    shopping.settle()
    today = day_of(world.first_day, last)
    counted = (first + world.catalogue.last_change(today)) * DAY_SECONDS + STOCK_COUNT_SECONDS
    database.append("products", world.catalogue.rows(today, counted))
    customers, places = records.rows(world.records, folk, first, today)
    if len(places):
        database.append("customers", customers)
        truth.records("customers", customers["customer_id"], world.records.human[places])
    subscribed = subscriptions.rows(world, first, last)
    if subscribed is not None:
        database.append("subscriptions", subscribed)
    telling.tell(world, consents, shopping.first_purchase, last, first)
    for table, files in world.files.items():
        names = [f.name for f in fields(Counts)]
        truth.add("lines", {"table": table, **{n: pa.array([getattr(c, n) for c in files.counts]) for n in names}})
    world.disk.close()
    truth.close()
    database.close()
