"""Who buys what today, on the web, in the app, at a till, or on a trade account."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sample_shop import chance, people, spelling, words
from sample_shop.clock import NEVER, Day
from sample_shop.traces.text import instants, join, keys, money, nulls, numbers, pick, where
from sample_shop.trade import account_ids
from sample_shop.world import World

WEB, APP, TILL, TRADE = range(4)
CHANNELS = pa.array(["web", "app", "till", "trade"])
EFFECT_DAYS = 3  # an e-mail works, or annoys, for so long
TRADE_ORDERS_A_DAY = 1 / 22
TWIN_USED, GUEST_SHARE = 0.5, 0.04
COUPON_SHARE, CANCELLED_SHARE, RETURNED_SHARE = 0.12, 0.02, 0.06
ORDERS_A_DAY = 10**6  # room for order numbers within a day


@dataclass(frozen=True, slots=True)
class Baskets:
    """One place a purchase; `line_of`, `product`, `quantity` one place a line of it."""

    humans: np.ndarray
    channel: np.ndarray
    at: np.ndarray  # instant
    number: np.ndarray
    line_of: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    row: np.ndarray  # in records, -1: unknown to the database
    guest: np.ndarray
    total: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))  # pence, after the discount
    discount: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def first_line(self) -> np.ndarray:
        return np.searchsorted(self.line_of, np.arange(len(self.humans)))


class Shopping:
    def __init__(self, world: World) -> None:
        self.world = world
        self.mailed = np.full(len(world.folk), -NEVER)  # the day of the last e-mail, kept by the mailing
        has_account = world.records.main >= 0
        self._rate = np.where((world.folk.kind == people.KIND["lead"]) & ~has_account, 0, world.folk.rate).astype(
            np.float32
        )
        self._traders = np.flatnonzero(world.records.trade >= 0)
        self._cancelled: list[dict[str, Any]] = []
        self._returns: dict[int, list[dict[str, Any]]] = {}
        self.first_purchase = np.full(len(world.folk), NEVER)

    def day(self, day: Day, engagement: np.ndarray) -> Baskets:
        """Everything sold today, written to the database; till sales are left to `tills`."""
        rng = chance.stream(self.world.seed, "shopping", day.number)
        baskets = self._fill(rng, day, *self._buyers(rng, day, engagement))
        self.first_purchase[baskets.humans] = np.minimum(self.first_purchase[baskets.humans], day.number)
        self.world.records.spend(baskets.row, baskets.total)
        self._write_orders(rng, day, baskets)
        self._write_returns(day)
        return baskets

    def _buyers(self, rng: np.random.Generator, day: Day, engagement: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        folk, season = self.world.folk, np.float32(self.world.season(day))
        presence = engagement * (folk.leaves > day.number)
        moved = np.where(day.number - self.mailed <= EFFECT_DAYS, 1 + folk.effect, np.float32(1))
        humans = chance.some(rng, self._rate * season * presence * moved)
        place = np.where(rng.random(len(humans)) < folk.app_share[humans], APP, WEB)
        place = np.where(rng.random(len(humans)) < folk.till_share[humans], TILL, place)
        trade = self._traders[:0]
        if day.date.weekday() < 5:
            row = self.world.records.trade[self._traders]
            open_account = self.world.records.created[row] <= day.number
            trade = self._traders[
                chance.happens(rng, TRADE_ORDERS_A_DAY * 1.4 * presence[self._traders] * open_account)
            ]
        return np.concatenate([humans, trade]), np.concatenate([place, np.full(len(trade), TRADE)])

    def _fill(self, rng: np.random.Generator, day: Day, humans: np.ndarray, channel: np.ndarray) -> Baskets:
        folk, count = self.world.folk, len(humans)
        is_trade = channel == TRADE
        lines = 1 + rng.poisson(np.where(is_trade, 3, 0.9))
        line_of = np.repeat(np.arange(count), lines)
        product = self.world.catalogue.choose(rng, folk.taste[humans[line_of]], day.number)
        few = 1 + (rng.random(len(line_of)) < 0.25) * rng.integers(1, 3, len(line_of))
        many = 3 + rng.poisson(8 * folk.wealth[humans[line_of]])
        row = self._rows(rng, day, humans, channel)
        guest = (row < 0) & (channel != TILL)
        baskets = Baskets(
            humans=humans,
            channel=channel,
            at=self._times(rng, day, humans, channel),
            number=np.arange(count) + day.number * ORDERS_A_DAY,
            line_of=line_of,
            product=product,
            quantity=np.where(is_trade[line_of], many, few),
            row=row,
            guest=guest,
        )
        return self._priced(rng, baskets)

    def _rows(self, rng: np.random.Generator, day: Day, humans: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """Which of their customer rows they use: the trade one, the second one, the first one, or none as a guest."""
        records = self.world.records
        main, twin = records.main[humans], records.twin[humans]
        row = np.where(records.is_open(twin, day.number) & (rng.random(len(humans)) < TWIN_USED), twin, main)
        row = np.where((rng.random(len(humans)) < GUEST_SHARE) & (channel != TILL), -1, row)
        return np.where(channel == TRADE, records.trade[humans], row)

    def _times(self, rng: np.random.Generator, day: Day, humans: np.ndarray, channel: np.ndarray) -> np.ndarray:
        own = self.world.folk.best_hour[humans] * 3600 + rng.normal(1800, 4000, len(humans))
        any_time = 3600 * (7 + 16 * rng.beta(2, 1.6, len(humans)))
        online = np.where(rng.random(len(humans)) < 0.65, own, any_time)
        office = 3600 * (8.5 + 8.5 * rng.random(len(humans)))
        shop = 3600 * (9 + 9.8 * rng.beta(2, 2, len(humans)))
        clock = np.where(channel == TRADE, office, np.where(channel == TILL, shop, online))
        return day.utc(np.clip(clock, 1800, 86_000))

    def _priced(self, rng: np.random.Generator, baskets: Baskets) -> Baskets:
        count = len(baskets.humans)
        amount = self.world.catalogue.price[baskets.product] * baskets.quantity
        gross = np.bincount(baskets.line_of, amount, minlength=count).astype(np.int64)
        coupon = (rng.random(count) < COUPON_SHARE) & (baskets.channel != TILL)
        discount = np.where(coupon, gross // 10, 0)
        names = Baskets.__dataclass_fields__
        columns = {name: getattr(baskets, name) for name in names}
        return Baskets(**{**columns, "total": gross - discount, "discount": discount})

    def _write_orders(self, rng: np.random.Generator, day: Day, baskets: Baskets) -> None:
        online = np.flatnonzero(baskets.channel != TILL)
        cancelled = (rng.random(len(online)) < CANCELLED_SHARE) & (baskets.channel[online] != TRADE)
        for orders in self._cancelled:  # yesterday's, seen in the database only as cancelled today
            self.world.database.append("orders", orders)
        self._cancelled = [self._orders(rng, baskets, online[cancelled], "cancelled")] if cancelled.any() else []
        completed = online[~cancelled]
        if len(completed):
            self.world.database.append("orders", self._orders(rng, baskets, completed, "completed"))
            return_rows = completed[
                (rng.random(len(completed)) < RETURNED_SHARE) & (baskets.channel[completed] != TRADE)
            ]
            self._plan_returns(rng, day, baskets, return_rows)
        lines = np.flatnonzero(baskets.channel[baskets.line_of] != TILL)
        if len(lines):
            order = baskets.line_of[lines]
            self.world.database.append(
                "order_lines",
                {
                    "line_id": join(
                        "N", numbers(baskets.number[order], 7), "-", numbers(lines - baskets.first_line[order] + 1)
                    ),
                    "order_id": order_ids(baskets.number[order]),
                    "product_id": pick(self.world.catalogue.ids, baskets.product[lines]),
                    "quantity": baskets.quantity[lines],
                    "unit_price": money(self.world.catalogue.price[baskets.product[lines]]),
                    "updated_at": instants(baskets.at[order]),
                },
            )

    def settle(self) -> None:
        """What will be cancelled tomorrow still stands at the end of the last day."""
        for orders in self._cancelled:
            self.world.database.append("orders", {**orders, "status": "completed", "updated_at": orders["ordered_at"]})

    def _orders(self, rng: np.random.Generator, baskets: Baskets, these: np.ndarray, status: str) -> dict[str, Any]:
        folk, records = self.world.folk, self.world.records
        humans, row, at = baskets.humans[these], baskets.row[these], baskets.at[these]
        guest, trade = baskets.guest[these], baskets.channel[these] == TRADE
        private = folk.email.take(pa.array(humans))
        second = folk.second_email.take(pa.array(humans)).fill_null("").to_numpy(zero_copy_only=False)
        other = where((second != "") & (rng.random(len(humans)) < 0.5), pa.array(second, pa.string()), private)
        typed, wrong = spelling.mistyped(rng, other, 0.05)
        self.world.truth.identifiers("email", typed.filter(pa.array(guest)), humans[guest])
        order_id = order_ids(baskets.number[these])
        self.world.truth.add("orders", {
            "order_id": order_id, "human_id": humans, "mistyped": wrong & guest,
        })  # fmt: skip
        changed = at if status == "completed" else at + 40_000
        company = records.company[np.maximum(row, 0)]
        return {
            "order_id": order_id,
            "customer_id": pick(records.ids, row, row >= 0),
            "guest_email": where(guest, typed, None),
            "account_id": where(trade, account_ids(np.maximum(company, 0)), None),
            "ordered_at": instants(at),
            "channel": CHANNELS.take(pa.array(baskets.channel[these])),
            "status": status,
            "currency": "GBP",
            "coupon": where(baskets.discount[these] > 0, "TEN", nulls(len(these))),
            "discount": money(baskets.discount[these]),
            "total": money(baskets.total[these]),
            "updated_at": instants(changed),
        }

    def _plan_returns(self, rng: np.random.Generator, day: Day, baskets: Baskets, these: np.ndarray) -> None:
        """The first line comes back, five to twenty days later."""
        line = baskets.first_line[these]
        amount = np.minimum(
            self.world.catalogue.price[baskets.product[line]] * baskets.quantity[line], baskets.total[these]
        )
        wait = rng.integers(5, 21, len(these))
        reason = rng.integers(0, len(words.RETURN_REASONS), len(these))
        for days in np.unique(wait):
            is_due = wait == days
            self._returns.setdefault(day.number + int(days), []).append({
                "number": baskets.number[these[is_due]], "row": baskets.row[these[is_due]],
                "at": baskets.at[these[is_due]] + days * 86_400, "amount": amount[is_due], "reason": reason[is_due],
            })  # fmt: skip

    def _write_returns(self, day: Day) -> None:
        for due in self._returns.pop(day.number, []):
            at = np.clip(due["at"], day.start, day.end - 1)
            self.world.database.append("returns", {
                "return_id": keys("R", due["number"]), "order_id": order_ids(due["number"]),
                "customer_id": pick(self.world.records.ids, due["row"], due["row"] >= 0), "returned_at": instants(at),
                "amount": money(due["amount"]), "currency": "GBP",
                "reason": pick(pa.array(words.RETURN_REASONS), due["reason"]), "updated_at": instants(at),
            })  # fmt: skip


def order_ids(number: np.ndarray) -> pa.Array:
    return keys("W", number)
