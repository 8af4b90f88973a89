"""Seeded chance: every part of every day draws from its own stream, so adding a part or a day changes no other."""

import zlib
from typing import Any

import numpy as np


def stream(seed: int, name: str, day: int = 0) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode()), day + 10_000])


def happens(rng: np.random.Generator, probability: Any, count: int | None = None) -> np.ndarray:
    """(n,) yes or no; one probability for all needs `count`."""
    size = len(probability) if count is None else count
    return rng.random(size, dtype=np.float32) < probability


def some(rng: np.random.Generator, probability: Any, count: int | None = None) -> np.ndarray:
    """The places where it happened, ascending."""
    return np.flatnonzero(happens(rng, probability, count))


def weighted(rng: np.random.Generator, weights: Any, count: int) -> np.ndarray:
    """(count,) places drawn by weight, as int64: a tenth of the time of `Generator.choice` on long tables."""
    heap = np.cumsum(np.asarray(weights, float))
    return np.searchsorted(heap, rng.random(count) * heap[-1], side="right")


def scattered(values: Any, salt: int) -> np.ndarray:
    """(n,) integers -> (n,) integers without pattern, the same for the same: different ones never become alike.

    Source   splitmix64's finaliser (Steele, Lea, Flood 2014), a bijection.
    """
    with np.errstate(over="ignore"):
        x = np.asarray(values, np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def one_of(choices: int, values: Any, salt: int) -> np.ndarray:
    """(n,) integers -> (n,) one of `choices`, by chance and for ever the same for one integer."""
    return (scattered(values, salt) % np.uint64(choices)).astype(np.int64)
