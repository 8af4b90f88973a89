"""Where households live, before they move house and after: some in flats, some beside another one of ours."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_shop import words
from sample_shop.traces.text import join, numbers, pick, where

MOVES_AFTER_DAYS, FIRST_MOVE = 2500, -900
NEIGHBOURS, IN_FLATS = 0.05, 0.2  # households that live in the house of another of ours; of all, with a flat's number
CITIES = [[city.split(":") for city in row[3].split()] for row in words.COUNTRIES.values()]
CITY = pa.array([city for cities in CITIES for city, _ in cities])
POSTAL = pa.array([start for cities in CITIES for _, start in cities])
CITY_FROM = np.cumsum([0] + [len(cities) for cities in CITIES])[:-1]
CITY_COUNT = np.array([len(cities) for cities in CITIES])
ROADS = [f"{name} {kind}" for name in words.STREET_NAMES.split() for kind in words.STREET_KINDS]
STREET = pa.array([*ROADS, *(f"{road.rsplit(' ', 1)[0]} {words.STREET_KINDS[road.split()[-1]]}" for road in ROADS)])
LETTERS = pa.array([a + b for a in "ABDEFGHJ" for b in "LNPQRSTU"])
PLACES = 2  # addresses that a household has had


@dataclass(frozen=True, slots=True)
class Addresses:
    """Arrays of (households * 2,): the first address of household h at 2h, the one after at 2h + 1."""

    moves: np.ndarray  # (households,) the day of moving house
    city: np.ndarray
    house: np.ndarray
    street: np.ndarray
    flat: np.ndarray  # 0: none
    postal: np.ndarray

    def columns(self, household: np.ndarray, day: np.ndarray, short: np.ndarray, country: np.ndarray) -> dict:
        """street, city and postal_code of the households (n,) on the days (n,); `short`: who writes Rd for Road."""
        place = household * PLACES + (self.moves[household] <= day)
        road = join(numbers(self.house[place]), " ", pick(STREET, self.street[place] + len(ROADS) * short))
        flat, code = self.flat[place], self.postal[place]
        inward = join(" ", numbers(code % 10), pick(LETTERS, code % len(LETTERS)))
        return {
            "street": where(flat > 0, join("Flat ", numbers(flat), " ", road), road),
            "city": pick(CITY, self.city[place]),
            "postal_code": join(pick(POSTAL, self.city[place]), numbers(code // 10 % 20 + 10),
                                where(country == 0, inward, "")),
        }  # fmt: skip


def draw(rng: np.random.Generator, country: np.ndarray) -> Addresses:
    """country   (households,) places in COUNTRIES."""
    count = len(country)
    home = np.repeat(country, PLACES)
    city = CITY_FROM[home] + rng.integers(0, CITY_COUNT[home])
    city = np.where(rng.random(len(home)) < 0.6, np.repeat(city[::PLACES], PLACES), city)  # most move within the town
    house, street = rng.integers(1, 181, len(home)), rng.integers(0, len(ROADS), len(home))
    postal = rng.integers(0, 10**6, len(home))
    beside = np.flatnonzero(rng.random(len(home)) < NEIGHBOURS)
    beside = beside[home[beside] == home[beside - 1]]
    for values in (city, house, street, postal):
        values[beside] = values[beside - 1]
    in_flats = rng.random(len(home)) < IN_FLATS
    in_flats[beside] = in_flats[beside - 1] = True
    flat = np.where(in_flats, rng.integers(1, 25, len(home)), 0)
    moves = FIRST_MOVE + rng.exponential(MOVES_AFTER_DAYS, count).astype(np.int64)
    return Addresses(moves, city, house, street, flat, postal)
