"""Visits of the web shop and the app today: why they come, on which device, how far they go."""

from dataclasses import dataclass, fields

import numpy as np

from sample_shop import chance, people
from sample_shop.clock import SPAN_DAYS, Day
from sample_shop.shopping import APP, TILL, TRADE, Baskets
from sample_shop.world import World

# traffic sources, see SOURCES in web.py; the last is a click in an e-mail, the one before it for leads only
SOURCE_WEIGHTS = [35, 10, 10, 15, 8, 7]
LEAD_SOURCE_WEIGHTS = [30, 5, 0, 20, 5, 0, 20]
FROM_EMAIL = 7
EVENTS_A_VISIT = 4.1  # of visits without an order, as measured
EVENTS_BY_BUYERS = 13.0  # for each human within the span, by visits that end in an order or begin in an e-mail
PRESENT = 0.57  # share of the human-days on which a human is there and interested
CART_SHARE, CHECKOUT_SHARE, LOGGED_IN = 0.13, 0.35, 0.45
DEVICES, RENEWALS = 4, 8  # ids a human can have: devices, times the cookies that each loses
RENEWED_EVERY_DAYS = 200
BORROWS, BORROWED = 0.06, 0.5  # of those who live with another: who uses their device, and how often


@dataclass(frozen=True, slots=True)
class Sessions:
    """One place a visit; -1 where there is no basket or row."""

    humans: np.ndarray
    end: np.ndarray  # instant of the last event
    basket: np.ndarray
    row: np.ndarray  # in records, when logged in
    source: np.ndarray
    app: np.ndarray
    views: np.ndarray
    cart: np.ndarray
    checkout: np.ndarray
    identify: np.ndarray  # says their e-mail address
    signs_up: np.ndarray
    product: np.ndarray
    device: np.ndarray

    def __len__(self) -> int:
        return len(self.humans)


def sessions(
    world: World, day: Day, engagement: np.ndarray, baskets: Baskets, clicks: tuple[np.ndarray, np.ndarray]
) -> Sessions:
    """All of today's. `clicks`: (k,) humans who clicked in an e-mail, and (k,) when."""
    rng = chance.stream(world.seed, "sessions", day.number)
    clicked = chance.happens(rng, 0.8, len(clicks[0]))
    parts = [
        _buying(rng, world, day, baskets),
        _looking(rng, world, day, chance.some(rng, _visit_rate(world, day, engagement)), None),
        _looking(rng, world, day, clicks[0][clicked], clicks[1][clicked]),
        _joining(rng, world, day),
    ]
    return Sessions(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Sessions)})


def _visit_rate(world: World, day: Day, engagement: np.ndarray) -> np.ndarray:
    """(people,) chance of a visit today that does not end in an order."""
    folk, pipeline = world.folk, world.pipeline
    budget = max(world.events_per_person - EVENTS_BY_BUYERS, 0.15 * world.events_per_person)
    mean = budget / (EVENTS_A_VISIT * SPAN_DAYS * PRESENT)
    rate = folk.visits * engagement * np.float32(mean * world.season(day))
    rate[(folk.kind == people.KIND["card_holder"]) | (folk.kind == people.KIND["walk_in"])] *= 0.1
    rate[pipeline.human] *= pipeline.surge(day.number).astype(np.float32)
    return np.minimum(rate, 0.9)


def _logged_in(rng: np.random.Generator, world: World, day: Day, humans: np.ndarray) -> np.ndarray:
    row = world.records.main[humans]
    return np.where(world.records.is_open(row, day.number) & (rng.random(len(humans)) < LOGGED_IN), row, -1)


def _looking(rng: np.random.Generator, world: World, day: Day, humans: np.ndarray, at: np.ndarray | None) -> Sessions:
    count, folk = len(humans), world.folk
    own = folk.best_hour[humans] * 3600 + rng.normal(1800, 4500, count)
    any_time = 3600 * (7 + 16 * rng.beta(2, 1.6, count))
    clock = np.clip(np.where(rng.random(count) < 0.6, own, any_time), 1200, 86_000)
    views = rng.geometric(0.42, count)
    row = _logged_in(rng, world, day, humans)
    lead = folk.kind[humans] == people.KIND["lead"]
    weights = np.where(
        lead, chance.weighted(rng, LEAD_SOURCE_WEIGHTS, count), chance.weighted(rng, SOURCE_WEIGHTS, count)
    )
    cart = chance.happens(rng, CART_SHARE, count) & ~lead
    form = lead & (row < 0) & world.pipeline.is_there(humans, day.number)
    return Sessions(
        humans=humans,
        end=day.utc(clock) if at is None else np.minimum(at + 60 + 40 * views, day.end - 1),
        basket=np.full(count, -1),
        row=row,
        source=weights if at is None else np.full(count, FROM_EMAIL),
        app=(rng.random(count) < folk.app_share[humans]) & (row >= 0) & (at is None),
        views=views,
        cart=cart,
        checkout=cart & chance.happens(rng, CHECKOUT_SHARE, count),
        identify=((row >= 0) & chance.happens(rng, 0.35, count)) | (form & chance.happens(rng, 0.2, count)),
        signs_up=np.zeros(count, bool),
        product=world.catalogue.choose(rng, folk.taste[humans]),
        device=_device(rng, world, day, humans),
    )


def _buying(rng: np.random.Generator, world: World, day: Day, baskets: Baskets) -> Sessions:
    online = np.flatnonzero((baskets.channel != TILL) & (baskets.channel != TRADE))
    humans, count, yes = baskets.humans[online], len(online), np.ones(len(online), bool)
    return Sessions(
        humans=humans, end=baskets.at[online], basket=online, row=baskets.row[online],
        source=chance.weighted(rng, SOURCE_WEIGHTS, count), app=baskets.channel[online] == APP,
        views=rng.geometric(0.5, count), cart=yes, checkout=yes,
        identify=(baskets.row[online] < 0) | chance.happens(rng, 0.4, count), signs_up=~yes,
        product=baskets.product[baskets.first_line[online]] if count else humans,
        device=_device(rng, world, day, humans),
    )  # fmt: skip


def _joining(rng: np.random.Generator, world: World, day: Day) -> Sessions:
    is_shopper = world.folk.kind[world.records.human] == people.KIND["shopper"]
    row = np.flatnonzero(is_shopper & (world.records.created == day.number))
    joined = _looking(rng, world, day, world.records.human[row], None)
    swap = {"row": row, "identify": np.ones(len(row), bool), "signs_up": np.ones(len(row), bool)}
    return Sessions(**{f.name: swap.get(f.name, getattr(joined, f.name)) for f in fields(Sessions)})


def _device(rng: np.random.Generator, world: World, day: Day, humans: np.ndarray) -> np.ndarray:
    """The number behind the anonymous id. Half have one device, and some use that of one whom they live with."""
    relative = world.folk.homes.relative[humans]
    borrows = (relative >= 0) & (chance.one_of(100, humans, 31) < 100 * BORROWS) & (rng.random(len(humans)) < BORROWED)
    owner = np.where(borrows, relative, humans)
    devices = np.array([1, 1, 1, 1, 1, 2, 2, 2, 3, 4])[chance.one_of(10, owner, 32)]
    device = rng.integers(0, devices)
    age = day.number + chance.one_of(RENEWED_EVERY_DAYS, owner, 33)
    renewal = np.where(chance.one_of(3, owner, 34) == 0, age // RENEWED_EVERY_DAYS, 0)
    return (owner * DEVICES + device) * RENEWALS + np.minimum(renewal, RENEWALS - 1)
