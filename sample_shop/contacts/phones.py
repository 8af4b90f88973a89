"""Telephone numbers: one's own, which may be given up and pass to somebody else; a family's; a company's."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_shop import chance, spelling
from sample_shop.clock import NEVER, SPAN_DAYS
from sample_shop.contacts.households import Households
from sample_shop.traces.text import pick

CHANGES, PASSED_ON = 0.14, 0.3  # who gets another number; how many of those get one that somebody gave up
REST_DAYS = 60  # a number lies idle for so long before it is given out again
HOME_LINES, HOME_USED = 0.3, 0.35  # families that have one; how often it is given instead of one's own


@dataclass(frozen=True, slots=True)
class Phones:
    """`code` and `national` hold all numbers; the other arrays hold places in them, one a human."""

    code: pa.Array
    national: pa.Array
    first: np.ndarray
    later: np.ndarray
    changes: np.ndarray  # the day from which `later` is theirs
    passed_on: np.ndarray  # `later` was somebody else's `first`
    home: np.ndarray  # the family's, -1 for none
    company: int  # from here on one place a company

    def own(self, humans: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        return np.where(self.changes[humans] <= day, self.later[humans], self.first[humans])

    def given(self, rng: np.random.Generator, humans: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """The number that they write down: their own, or the family's."""
        home = self.home[humans]
        return np.where((home >= 0) & (rng.random(len(humans)) < HOME_USED), home, self.own(humans, day))

    def text(self, places: np.ndarray) -> tuple[pa.Array, pa.Array]:
        return pick(self.code, places), pick(self.national, places)


def draw(rng: np.random.Generator, homes: Households, country: pa.Array, companies: int) -> Phones:
    """country   (people,) codes; companies: how many switchboards."""
    count, family = len(homes.number), np.unique(homes.number[homes.relative >= 0])
    family = family[rng.random(len(family)) < HOME_LINES]
    line_of = np.full(homes.count, -1)
    line_of[family] = np.arange(len(family)) + 2 * count
    at_home = np.full(homes.count, 0)
    at_home[homes.number] = np.arange(count)
    switchboards = pa.repeat("GB", companies)
    everywhere = pa.concat_arrays([country, country, country.take(pa.array(at_home[family])), switchboards])
    code, national = spelling.phones(rng, everywhere)
    changes = np.where(rng.random(count) < CHANGES, rng.integers(-300, SPAN_DAYS, count), NEVER)
    later, passed_on = _passed_on(rng, changes, np.arange(count) + count, country)
    return Phones(code, national, np.arange(count), later, changes, passed_on, line_of[homes.number],
                  2 * count + len(family))  # fmt: skip


def _passed_on(
    rng: np.random.Generator, changes: np.ndarray, fresh: np.ndarray, country: pa.Array
) -> tuple[np.ndarray, np.ndarray]:
    """Some get the number that another human gave up at least REST_DAYS before; each number is passed on once."""
    changers = np.flatnonzero(changes < NEVER)
    changers = changers[np.argsort(changes[changers], kind="stable")]
    behind = max(1, len(changers) // 5)
    givers, takers = changers[: len(changers) - behind], changers[behind:]
    land = country.dictionary_encode().indices.to_numpy()
    fits = (changes[takers] - changes[givers] >= REST_DAYS) & (land[takers] == land[givers])
    fits &= chance.happens(rng, PASSED_ON, len(takers))
    later, passed_on = fresh.copy(), np.zeros(len(changes), bool)
    later[takers[fits]], passed_on[takers[fits]] = givers[fits], True
    return later, passed_on
