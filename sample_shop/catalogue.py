"""What the shop sells, at what price, and when it runs out."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from sample_shop import chance, words
from sample_shop.clock import Day
from sample_shop.traces.text import instants, keys, money, pick

STOCKOUT_EVERY_DAYS = 260.0
# products that come back on the last two nights of the usual span, so that somebody can be told
BACK_ON = {5: date(2026, 3, 28), 41: date(2026, 3, 28), 77: date(2026, 3, 29)}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One place a product."""

    ids: pa.Array
    name: pa.Array
    category: np.ndarray
    price: np.ndarray  # pence
    cost: np.ndarray
    weight: np.ndarray  # how often it is asked for
    first_out: np.ndarray  # (products, k) days on which it runs out …
    back_day: np.ndarray  # … and on which it is back

    def __len__(self) -> int:
        return len(self.price)

    def is_out(self, day: int) -> np.ndarray:
        return np.asarray(((self.first_out <= day) & (day < self.back_day)).any(axis=1))

    def choose(self, rng: np.random.Generator, taste: np.ndarray, day: int | None = None) -> np.ndarray:
        """(n,) favourite categories -> (n,) products; with `day` only what is in stock on it."""
        category = np.where(rng.random(len(taste)) < 0.65, taste, rng.integers(0, len(words.GOODS), len(taste)))
        weight = self.weight if day is None else self.weight * ~self.is_out(day)
        products = np.zeros(len(taste), np.int64)
        for number in range(len(words.GOODS)):
            in_category, sold = np.flatnonzero(category == number), np.flatnonzero(self.category == number)
            products[in_category] = sold[chance.weighted(rng, weight[sold], len(in_category))]
        return products

    def rows(self, day: Day, updated: np.ndarray) -> dict[str, object]:
        """The table as it stands at the end of the day; `updated` (products,) instants."""
        stock = np.where(self.is_out(day.number), 0, 20 + (np.arange(len(self)) * 37 + day.number // 7 * 11) % 180)
        return {
            "product_id": self.ids, "name": self.name, "category": pick(pa.array(list(words.GOODS)), self.category),
            "price": money(self.price), "cost": money(self.cost), "currency": "GBP", "stock_quantity": stock,
            "updated_at": instants(updated),
        }  # fmt: skip

    def last_change(self, day: Day) -> np.ndarray:
        """(products,) days of the last stock count (Mondays) or of running out or coming back, whichever is later."""
        monday = day.number - day.date.weekday()
        turns = np.concatenate([self.first_out, self.back_day], axis=1)
        return np.maximum(np.where(turns <= day.number, turns, -1).max(axis=1), max(monday, 0))


def draw(seed: int, first_day: date) -> Catalogue:
    rng = chance.stream(seed, "catalogue")
    names, category, price = [], [], []
    for number, (low, high, goods) in enumerate(words.GOODS.values()):
        for good in goods.split("|"):
            for factor, size in enumerate(words.SIZES):
                names.append(f"{good}, {size}")
                category.append(number)
                price.append(
                    int(100 * (low + (high - low) * rng.beta(1.3, 2.5) * (0.6 + 0.4 * factor))) // 50 * 50 + 45
                )
    count = len(names)
    gaps = rng.exponential(STOCKOUT_EVERY_DAYS, (count, 12))
    lengths = rng.integers(10, 26, gaps.shape)
    first_out = (np.cumsum(gaps, axis=1) + np.cumsum(lengths, axis=1) - lengths).astype(np.int64)
    back_day = first_out + lengths
    for product, day in BACK_ON.items():
        back_day[product, 0] = (day - first_day).days
        first_out[product, 0] = back_day[product, 0] - 16
    cents = np.array(price)
    return Catalogue(
        ids=keys("P", np.arange(count), 4),
        name=pa.array(names),
        category=np.array(category),
        price=cents,
        cost=cents * rng.integers(35, 66, count) // 100,
        weight=1 / (1 + rng.permutation(count) % 24),
        first_out=first_out,
        back_day=back_day,
    )
