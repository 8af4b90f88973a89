"""The CRM's nightly export: every lead, account and deal that changed that day, and twice a re-export of everything."""

import numpy as np
import pyarrow as pa

from sample_shop import chance, people, words
from sample_shop.clock import DAY_SECONDS, NEVER, Day
from sample_shop.traces.text import csv_lines, instants, join, keys, money, numbers, pick, where
from sample_shop.trade import STATUSES, account_ids, lead_ids
from sample_shop.world import World

LEADS = (
    "lead_id,email,phone,first_name,last_name,company,company_domain,employees,industry,country,lead_source,status,"
    "owner,account_id,created_at,updated_at\n"
)
ACCOUNTS = "account_id,name,domain,industry,employees,annual_revenue,country,owner,created_at,updated_at\n"
DEALS = "deal_id,lead_id,account_id,name,stage,status,amount,currency,created_at,closed_at,updated_at\n"
# everything is exported again, unchanged but for a new form that writes some head counts as a range
RE_EXPORTS = {"2025-06-16", "2026-03-28"}
RETYPED_SHARE = 0.02
REVENUE_A_HEAD = 8_000_000  # pence


def write(world: World, day: Day, first: int) -> None:
    """first   the shop's first day, in days since 1970."""
    rng = chance.stream(world.seed, "crm", day.number)
    pipeline = world.pipeline
    is_reexport = str(day.date) in RE_EXPORTS
    status, changed = pipeline.status(day.number), pipeline.changed(day.number)
    news = (changed == day.number) | ((day.number == 0) & (changed < 0)) | is_reexport
    leads = np.flatnonzero((status >= 0) & news)
    retyped = chance.happens(rng, RETYPED_SHARE, len(leads)) if is_reexport else np.zeros(len(leads), bool)
    if is_reexport:
        world.truth.add(
            "retyped", {"day": pa.array([day.date]), "table": "leads", "rows": pa.array([int(retyped.sum())])}
        )
    stamps = [_moment(first, days, leads) for days in (pipeline.created[leads], changed[leads])]
    tables = {
        "leads": (LEADS, _leads(world, leads, status[leads], retyped, stamps)),
        "accounts": (ACCOUNTS, _accounts(world, leads, first, day)),
        "deals": (DEALS, _deals(world, leads[pipeline.qualified[leads] <= day.number], first, day)),
    }
    for table, (header, lines) in tables.items():
        world.files[table].write(day, lines, world.seed, world.disk, header)


def _moment(first: int, days: np.ndarray, leads: np.ndarray) -> np.ndarray:
    """An instant in office hours, always the same for one lead and day."""
    return (first + days) * DAY_SECONDS + 8 * 3600 + (leads * 7919 + days * 613) % (9 * 3600)


def _leads(
    world: World, leads: np.ndarray, status: np.ndarray, retyped: np.ndarray, stamps: list[np.ndarray]
) -> pa.Array:
    pipeline, take, company = world.pipeline, pa.array(leads), world.pipeline.company[leads]
    if len(leads) == 0:
        return pa.array([], pa.string())
    heads = where(retyped, "50-200", numbers(pipeline.employees[company]))
    return csv_lines(
        {
            "lead_id": lead_ids(leads),
            "email": pipeline.email.take(take),
            "phone": pipeline.phone.take(take),
            "first_name": pipeline.first.take(take),
            "last_name": pipeline.last.take(take),
            "company": pick(pipeline.name, company),
            "company_domain": pick(pipeline.domain, company),
            "employees": heads,
            "industry": pick(pa.array(words.INDUSTRIES), pipeline.industry[company]),
            "country": pick(people.COUNTRY, world.folk.home[pipeline.human[leads]]),
            "lead_source": pick(pa.array(words.LEAD_SOURCES), pipeline.source[leads]),
            "status": pick(pa.array(STATUSES), status),
            "owner": pick(pa.array(words.OWNERS), leads % 4),
            "account_id": account_ids(company),
            "created_at": instants(stamps[0]),
            "updated_at": instants(stamps[1]),
        },
        free=("company", "last_name"),
    )


def _accounts(world: World, leads: np.ndarray, first: int, day: Day) -> pa.Array:
    """The companies of the leads that changed: opened with the first lead, changed with any."""
    pipeline = world.pipeline
    companies = np.unique(pipeline.company[leads])
    if len(companies) == 0:
        return pa.array([], pa.string())
    is_contact = np.zeros(len(pipeline.employees), bool)
    is_contact[companies] = True
    theirs = np.flatnonzero(is_contact[pipeline.company])
    created, changed = np.full(len(is_contact), NEVER), np.full(len(is_contact), -NEVER)
    np.minimum.at(created, pipeline.company[theirs], pipeline.created[theirs])
    np.maximum.at(changed, pipeline.company[theirs], pipeline.changed(day.number)[theirs])
    heads = pipeline.employees[companies]
    return csv_lines(
        {
            "account_id": account_ids(companies),
            "name": pick(pipeline.name, companies),
            "domain": pick(pipeline.domain, companies),
            "industry": pick(pa.array(words.INDUSTRIES), pipeline.industry[companies]),
            "employees": heads,
            "annual_revenue": money(heads * REVENUE_A_HEAD),
            "country": pick(people.COUNTRY, pipeline.home[companies]),
            "owner": pick(pa.array(words.OWNERS), companies % 4),
            "created_at": instants(_moment(first, created[companies], companies)),
            "updated_at": instants(_moment(first, changed[companies], companies)),
        },
        free=("name",),
    )


def _deals(world: World, leads: np.ndarray, first: int, day: Day) -> pa.Array:
    """One deal a qualified lead: proposal, then won or lost."""
    pipeline = world.pipeline
    if len(leads) == 0:
        return pa.array([], pa.string())
    over = pipeline.closed[leads] <= day.number
    won = over & pipeline.wins[leads]
    outcome = np.where(won, 1, np.where(over, 2, 0))
    opened = instants(_moment(first, pipeline.qualified[leads], leads))
    closed = instants(_moment(first, np.where(over, pipeline.closed[leads], 0), leads))
    return csv_lines(
        {
            "deal_id": keys("D", leads),
            "lead_id": lead_ids(leads),
            "account_id": account_ids(pipeline.company[leads]),
            "name": join(pick(pipeline.name, pipeline.company[leads]), " starter order"),
            "stage": pick(pa.array(["proposal", "closed_won", "closed_lost"]), outcome),
            "status": pick(pa.array(["open", "won", "lost"]), outcome),
            "amount": money(pipeline.amount[leads]),
            "currency": "GBP",
            "created_at": opened,
            "closed_at": where(over, closed, None),
            "updated_at": where(over, closed, opened),
        },
        free=("name",),
    )
