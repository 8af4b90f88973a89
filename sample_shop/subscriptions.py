"""Coffee by the month for people, a yearly service for trade accounts."""

from typing import Any

import numpy as np
import pyarrow as pa

from sample_shop import chance
from sample_shop.clock import DAY_SECONDS
from sample_shop.traces.text import instants, keys, money, pick, where
from sample_shop.trade import account_ids
from sample_shop.world import World

PLANS = pa.array(["coffee_monthly", "tea_yearly", "trade_plus_yearly"])
EVERY_DAYS, PENCE = np.array([30, 365, 365]), np.array([1490, 9900, 24_000])
SUBSCRIBES = np.array([0.05, 0.04, 0.35])  # of the customers of the sort
CANCELS_ANYWAY = 0.25


def rows(world: World, first: int, last_day: int) -> dict[str, Any] | None:
    """The table as it stands at the end of `last_day`; None when nobody subscribed yet. `first`: days since 1970."""
    rng = chance.stream(world.seed, "subscriptions")
    records = world.records
    trade = records.company >= 0
    draw = rng.random(len(records.human))
    plan = np.where(trade, 2, np.where(draw < SUBSCRIBES[0], 0, 1))
    started = records.created + rng.integers(1, 200, len(draw))
    subscribes = np.where(trade, draw < SUBSCRIBES[2], draw < SUBSCRIBES[0] + SUBSCRIBES[1]) & (started <= last_day)
    quits = started + np.where(rng.random(len(draw)) < CANCELS_ANYWAY, rng.integers(20, 400, len(draw)), 10**6)
    row = np.flatnonzero(subscribes)
    if len(row) == 0:
        return None
    ended = np.minimum(quits[row], world.folk.leaves[records.human[row]])
    every = EVERY_DAYS[plan[row]]
    lapses = (row % 5 == 0) & (plan[row] > 0)  # does not cancel, only never pays again
    end = np.where(
        lapses,
        started[row] + -(-np.maximum(ended - started[row], 1) // every) * every,
        np.maximum(ended, started[row] + 1),
    )
    over = end <= last_day
    paid = np.minimum(end, last_day) - started[row]
    renewed = started[row] + paid // every * every
    renews = np.where(over & lapses, end, renewed + every)
    return {
        "subscription_id": keys("B", row),
        "customer_id": pick(records.ids, row),
        "account_id": where(trade[row], account_ids(np.maximum(records.company[row], 0)), None),
        "plan": pick(PLANS, plan[row]),
        "status": where(over, where(lapses, "expired", "cancelled"), "active"),
        "price": money(PENCE[plan[row]]),
        "currency": "GBP",
        "started_at": _at(first, started[row], row),
        "renews_at": _at(first, renews, row),
        "cancelled_at": where(over & ~lapses, _at(first, np.minimum(end, last_day), row), None),
        "updated_at": _at(first, np.where(over, end, renewed), row),
    }


def _at(first: int, day: np.ndarray, row: np.ndarray) -> pa.Array:
    return instants((first + day) * DAY_SECONDS + 6 * 3600 + row % 36_000)
