"""E-mail addresses as people choose them, and as a provider gives them out: who comes later gets the next free one."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, words
from sample_shop.contacts import names
from sample_shop.traces.text import join, numbers, pick, where

HOBBIES = pa.array(words.HOBBIES.split())
SHAPES = [0.2, 0.1, 0.13, 0.07, 0.12, 0.1, 0.1, 0.09, 0.09]


def local_parts(rng: np.random.Generator, first: np.ndarray, last: np.ndarray, birth: np.ndarray) -> pa.Array:
    """(n,) what stands before the @: a name, or part of it, with a year or some digits for many."""
    count = len(first)
    name, short, family = (
        pick(names.FIRST_FOLDED, first), pick(names.SHORT, first), pick(names.LAST_FOLDED, last),
    )  # fmt: skip
    initial, year = pc.utf8_slice_codeunits(name, 0, 1), 1970 + birth // 365.25
    digits = numbers(rng.integers(1, 10 ** rng.integers(1, 4, count)))
    years = where(rng.random(count) < 0.5, numbers(year.astype(np.int64)), numbers(year.astype(np.int64) % 100, 2))
    hobby = join(pick(HOBBIES, rng.integers(0, len(HOBBIES), count)), digits)
    shape = chance.weighted(rng, SHAPES, count)
    return pc.choose(
        pa.array(shape), join(name, ".", family), join(name, family), join(initial, family), join(initial, ".", family),
        join(short, digits), join(name, family, years), join(short, ".", family, digits), join(family, ".", name),
        hobby,
    )  # fmt: skip


def family_parts(rng: np.random.Generator, first: np.ndarray, other: np.ndarray, last: np.ndarray) -> pa.Array:
    """(n,) the same for an address of two or more."""
    name, second, family = pick(names.SHORT, first), pick(names.SHORT, other), pick(names.LAST_FOLDED, last)
    shape = chance.weighted(rng, [0.35, 0.25, 0.2, 0.2], len(first))
    return pc.choose(
        pa.array(shape), join(name, ".and.", second), join("the", family, "s"), join("family.", family),
        join(name, second, ".", family),
    )  # fmt: skip


def providers(rng: np.random.Generator, count: int) -> pa.Array:
    weights = np.arange(len(words.MAIL_DOMAINS), 0, -1)
    return pick(pa.array(words.MAIL_DOMAINS), chance.weighted(rng, weights, count))


def given_out(local: pa.Array, domain: pa.Array) -> pa.Array:
    """(n,) addresses, no two alike: the first one who asks gets what they ask for, the others a number behind it."""
    while True:
        address = join(local, "@", domain)
        rank = repeats(address.dictionary_encode().indices.to_numpy())
        if not rank.any():
            return address
        local = where(rank > 0, join(local, numbers(rank)), local)


def repeats(codes: np.ndarray) -> np.ndarray:
    """(n,) codes -> (n,) how many of the same code stand before each."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    rank = np.empty(len(codes), np.int64)
    rank[order] = np.arange(len(codes)) - np.searchsorted(ordered, ordered)
    return rank
