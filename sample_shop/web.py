"""Visits -> the events that a Segment library sends, one JSON line each."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, people, words
from sample_shop.clock import Day
from sample_shop.sessions import DEVICES, RENEWALS, Sessions
from sample_shop.shopping import Baskets, order_ids
from sample_shop.traces.text import hex_ids, iso, join, money, pick, where
from sample_shop.world import World

# the steps of a visit in their order; a visit has some of them, and views several times
STEPS = [
    "page",
    "identify",
    "Signed Up",
    "Product Viewed",
    "Back In Stock Requested",
    "Product Added",
    "Checkout Started",
    "Order Completed",
]
PAGE, IDENTIFY, SIGN_UP, VIEW, BACK_IN_STOCK, ADD, CHECKOUT, ORDER = range(len(STEPS))
TYPES = pa.array(["page", "identify", *["track"] * 6])
NAMES = pa.array([f'"event":{"null" if step in ("page", "identify") else json.dumps(step)}' for step in STEPS])
ASKS_FOR_STOCK = 0.4  # of those who meet an article that has run out
COMPACT = json.JSONEncoder(separators=(",", ":")).encode
SHOP = "https://shop.example"
SOURCES: list[tuple[str | None, str | None, str | None, str | None]] = [  # referrer, utm source, medium, campaign
    (None, None, None, None),
    ("https://search.example/", "google", "cpc", "brand"),
    ("https://search.example/", "google", "cpc", "shopping"),
    ("https://search.example/", None, None, None),
    ("https://social.example/", "facebook", "paid_social", "prospecting"),
    ("https://social.example/", "instagram", "paid_social", "retargeting"),
    ("https://network.example/", "linkedin", "paid_social", "trade_leads"),
    (None, "newsletter", "email", "newsletter"),
]
CAMPAIGN_JSON = pa.array(
    ["null" if s is None else COMPACT({"source": s, "medium": m, "name": c}) for _, s, m, c in SOURCES]
)
REFERRER_JSON = pa.array([json.dumps(row[0]) for row in SOURCES])
CLIENT_JSON = pa.array([
    COMPACT({"userAgent": words.AGENTS[agent], "device": {"type": device}, "library": {"name": library}})[1:-1]
    for agent, device, library in (("web", "desktop", "analytics.js"), ("phone", "mobile", "analytics.js"),
                                   ("app", "android", "analytics-android"))
])  # fmt: skip
APP_VERSION_FROM = "2026-02-01"  # a field that nobody announced
EVENTS_A_DAY = 10**9


class Web:
    def __init__(self, world: World) -> None:
        self.world = world
        catalogue = world.catalogue
        self._goods = join('{"product_id":"', catalogue.ids, '","price":', money(catalogue.price), ',"currency":"GBP"}')
        self._pages = join(f"{SHOP}/p/", catalogue.ids)
        self._seen_devices = np.zeros(len(world.folk) * DEVICES * RENEWALS, bool)

    def write(self, day: Day, visits: Sessions, baskets: Baskets) -> None:
        rng = chance.stream(self.world.seed, "web", day.number)
        self._remember(visits)
        lines = self._lines(rng, day, visits, baskets) if len(visits) else pa.array([], pa.string())
        self.world.files["events"].write(day, lines, self.world.seed, self.world.disk)

    def _remember(self, visits: Sessions) -> None:
        devices = np.unique(visits.device[~self._seen_devices[visits.device]])
        self._seen_devices[devices] = True
        self.world.truth.records("devices", self.device_ids(devices), devices // (DEVICES * RENEWALS))

    def device_ids(self, devices: np.ndarray) -> pa.Array:
        return hex_ids(devices, self.world.seed)

    def _lines(self, rng: np.random.Generator, day: Day, visits: Sessions, baskets: Baskets) -> pa.Array:
        out = self.world.catalogue.is_out(day.number)
        asks = out[visits.product] & (visits.basket < 0) & chance.happens(rng, ASKS_FOR_STOCK, len(visits))
        counts = np.stack(
            [
                np.ones(len(visits), int),
                visits.identify,
                visits.signs_up,
                visits.views,
                asks,
                visits.cart,
                visits.checkout,
                visits.basket >= 0,
            ],
            axis=1,
        )
        step = np.repeat(np.tile(np.arange(len(STEPS)), len(visits)), counts.ravel())
        visit = np.repeat(np.arange(len(visits)), counts.sum(axis=1))
        place = np.arange(len(step)) - (np.cumsum(counts.sum(axis=1)) - counts.sum(axis=1))[visit]
        pace = rng.integers(15, 60, len(visits))
        events_left = counts.sum(axis=1)[visit] - 1 - place
        at = np.maximum(visits.end[visit] - events_left * pace[visit], day.start)
        product = self._products(rng, visits, visit, step)
        ids = hex_ids(day.number * EVENTS_A_DAY + np.arange(len(step)), self.world.seed + 1)
        spread = pa.array(visit)
        stamp = iso(at, 120)
        return join(
            '{"type":"',
            pick(TYPES, step),
            '","messageId":"ajs-',
            ids,
            '",',
            self._head(visits).take(spread),
            ',"timestamp":"',
            stamp,
            '","sentAt":"',
            stamp,
            '","receivedAt":"',
            iso(at + 1, 480),
            '",',
            pick(NAMES, step),
            ',"properties":',
            self._properties(visits, baskets, visit, step, product),
            ',"context":{"page":{"url":"',
            self._url(visits, visit, step, product),
            '",',
            self._context(day, visits).take(spread),
            ',"traits":',
            self._traits(visits, visit, step),
            ',"app_version":"4.2"}\n' if str(day.date) >= APP_VERSION_FROM else "}\n",
        )

    def _products(self, rng: np.random.Generator, visits: Sessions, visit: np.ndarray, step: np.ndarray) -> np.ndarray:
        """What each event is about: views wander, the last one and all that follows is the article they came for."""
        last_view = (step == VIEW) & (np.append(step[1:], PAGE) != VIEW)
        wanders = np.flatnonzero((step == VIEW) & ~last_view)
        product = visits.product[visit]
        product[wanders] = self.world.catalogue.choose(rng, self.world.folk.taste[visits.humans[visit[wanders]]])
        return product

    def _head(self, visits: Sessions) -> pa.Array:
        user = pick(self.world.records.ids, visits.row, visits.row >= 0)
        quoted = pc.coalesce(join('"', user, '"'), "null")
        return join('"anonymousId":"', self.device_ids(visits.device), '","userId":', quoted)

    def _context(self, day: Day, visits: Sessions) -> pa.Array:
        session = hex_ids(day.number * EVENTS_A_DAY + np.arange(len(visits)), self.world.seed + 2)
        client = np.where(visits.app, 2, visits.device % 2)
        return join(
            '"referrer":',
            pick(REFERRER_JSON, visits.source),
            '},"campaign":',
            pick(CAMPAIGN_JSON, visits.source),
            ",",
            pick(CLIENT_JSON, client),
            ',"ip":"',
            self.world.folk.ip(visits.humans, day.number),
            '","sessionId":"',
            session,
            '"}',
        )

    def _properties(
        self, visits: Sessions, baskets: Baskets, visit: np.ndarray, step: np.ndarray, product: np.ndarray
    ) -> pa.Array:
        plain = where(np.isin(step, [VIEW, BACK_IN_STOCK, ADD, CHECKOUT]), pick(self._goods, product), "{}")
        basket = visits.basket[visit[step == ORDER]]
        total = money(baskets.total[basket])
        orders = join(
            '{"order_id":"',
            order_ids(baskets.number[basket]),
            '","product_id":"',
            pick(self.world.catalogue.ids, product[step == ORDER]),
            '","revenue":',
            total,
            ',"value":',
            total,
            ',"currency":"GBP"}',
        )
        return pc.replace_with_mask(plain, pa.array(step == ORDER), orders)

    def _url(self, visits: Sessions, visit: np.ndarray, step: np.ndarray, product: np.ndarray) -> pa.Array:
        lead = self.world.folk.kind[visits.humans[visit]] == people.KIND["lead"]
        entry = where(lead, f"{SHOP}/trade/pricing", f"{SHOP}/")
        page = where(np.isin(step, [VIEW, BACK_IN_STOCK, ADD]), pick(self._pages, product), entry)
        return where(np.isin(step, [CHECKOUT, ORDER]), f"{SHOP}/checkout", page)

    def _traits(self, visits: Sessions, visit: np.ndarray, step: np.ndarray) -> pa.Array:
        """The address they gave: of the row they are logged in to, of the lead's form, or the private one of a
        guest.
        """
        humans = visits.humans[visit[step == IDENTIFY]]
        row, lead = visits.row[visit[step == IDENTIFY]], self.world.pipeline.place_of[humans]
        email = where(
            lead >= 0, pick(self.world.pipeline.email, lead, lead >= 0), self.world.folk.email.take(pa.array(humans))
        )
        email = where(row >= 0, pick(self.world.records.email, row, row >= 0), email)
        traits = where(pc.is_valid(email), join('{"email":"', email, '"}'), "{}")
        return pc.replace_with_mask(pa.repeat("null", len(step)), pa.array(step == IDENTIFY), traits.fill_null("{}"))
