"""What the town's sources hold of its humans: six sources, each with its own columns, holes and errors."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bench.town import words
from bench.town.humans import Humans, humans

SOURCES = np.array(["shop", "till", "crm", "newsletter", "webinar", "paper"])
# share of a source's records that have the column
HAS = {
    "first_name": [0.99, 0.6, 0.97, 0.45, 0.95, 0.97], "last_name": [0.99, 0.9, 0.99, 0.1, 0.97, 0.99],
    "birth_date": [0.6, 0.25, 0.05, 0.05, 0.02, 0.5], "email": [0.98, 0.3, 0.85, 1, 1, 0.1],
    "phone": [0.6, 0.4, 0.8, 0, 0.1, 0.4], "street": [0.9, 0.02, 0.3, 0, 0, 0.98],
    "company": [0.05, 0, 0.9, 0, 0.7, 0], "card": [0.4, 0.75, 0, 0, 0, 0.2],
}  # fmt: skip


@dataclass(frozen=True)
class Town:
    """The columns of intermediate.int_people__records, and which human each row is."""

    records: pa.Table
    human: np.ndarray


def town(size: int, seed: int) -> Town:
    """`size` records of some 0.45 · size humans; the same seed gives the same town."""
    rng = np.random.default_rng(seed)
    people = humans(rng, max(int(size * 0.45), 2))
    count = len(people.first)
    human = np.concatenate([np.arange(min(count, size)), rng.integers(0, count, max(size - count, 0))])
    human = rng.permutation(human)
    source = rng.choice(len(SOURCES), size, p=[0.3, 0.2, 0.15, 0.12, 0.08, 0.15])
    records = _records(rng, people, human, source)
    return Town(records, human)


def _records(rng: np.random.Generator, people: Humans, human: np.ndarray, source: np.ndarray) -> pa.Table:
    size = len(human)
    has = {name: rng.random(size) < np.array(shares)[source] for name, shares in HAS.items()}
    old = rng.random(size) < 0.15  # written down before they moved, married, changed their number
    first, last = _names(rng, people, human, old)
    email, phone = _contacts(rng, people, human, source, old)
    address = np.where(old, people.address[0][human], people.address[1][human])
    city = address % words.CITIES
    work = people.company[human]
    columns = {
        "first_name": _text(first, has["first_name"]),
        "last_name": _text(last, has["last_name"]),
        "birth_date": _dates(rng, people.born[human], source, has["birth_date"]),
        "email": _text(email, has["email"]),
        "phone": _text(phone, has["phone"] & (phone != "")),
        "street": _text(_streets(rng, address), has["street"]),
        "city": _text(np.char.add("city", city.astype(str)), has["street"]),
        "postal_code": _text((10000 + city * 40 + address // words.CITIES % 40).astype(str), has["street"]),
        "company": _text(_companies(rng, work), has["company"] & (work >= 0)),
        "strong_id": _text(people.card[human], has["card"] & (people.card[human] != "")),
    }
    return pa.table(
        {
            "record_id": np.char.add("r", np.arange(size).astype(str)),
            "source": SOURCES[source],
            "first_seen_day": pa.array(rng.integers(19000, 20500, size), pa.int32()).cast("date32"),
            **columns,
        }
    )


def _names(rng: np.random.Generator, people: Humans, human: np.ndarray, old: np.ndarray) -> tuple:
    size, first = len(human), people.first[human]
    called = np.where(rng.random(size) < 0.12, words.SHORT[first], words.FIRST[first])
    called = np.where(rng.random(size) < 0.03, called.astype("U1"), called)
    last = np.where(old, people.last[0][human], people.last[1][human])
    swapped = rng.random(size) < 0.005
    first_name, last_name = np.where(swapped, last, called), np.where(swapped, called, last)
    return np.char.title(words.misspelt(rng, first_name, 0.05)), np.char.title(words.misspelt(rng, last_name, 0.05))


def _contacts(
    rng: np.random.Generator, people: Humans, human: np.ndarray, source: np.ndarray, old: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    size, chance = len(human), rng.random(len(human))
    at_work = np.isin(source, [2, 4]) & (rng.random(size) < 0.7)
    shared, second = people.family_email[human], rng.random(size) < 0.35
    email = np.where(old | second, people.email[1][human], people.email[0][human])
    email = np.where((shared != "") & (chance < 0.5), shared, email)
    email = np.where(at_work & (people.company[human] >= 0), people.email[2][human], email)
    email = np.where(rng.random(size) < 0.006, rng.choice(words.PLACEHOLDER_EMAILS, size), email)
    home = people.spouse_phone[human]
    phone = np.where(old, people.phone[1][human], people.phone[0][human])
    phone = np.where((home != "") & (chance > 0.5), home, phone)
    phone = np.where(at_work & (people.desk_phone[human] != ""), people.desk_phone[human], phone)
    phone = np.where(rng.random(size) < 0.006, rng.choice(words.PLACEHOLDER_PHONES, size), phone)
    return words.misspelt(rng, email, 0.015), phone


def _streets(rng: np.random.Generator, address: np.ndarray) -> np.ndarray:
    names = words.made_up(np.random.default_rng(17), 3000)
    street = np.char.add(names[address // 40 % len(names)], " street ")
    return words.misspelt(rng, np.char.add(street, (address % 40 + 1).astype(str)), 0.06)


def _companies(rng: np.random.Generator, company: np.ndarray) -> np.ndarray:
    names = words.made_up(np.random.default_rng(19), 6000)
    legal = rng.choice(np.array([" ltd", " limited", "", " gmbh"]), len(company))
    return words.misspelt(rng, np.char.add(names[company % len(names)], legal), 0.03)


def _dates(rng: np.random.Generator, born: np.ndarray, source: np.ndarray, has: np.ndarray) -> pa.Array:
    """One in forty with day and month changed or a digit wrong; the till's clerks enter what passes."""
    months = born.astype("datetime64[D]").astype("datetime64[M]")
    day, month = born - months.astype("datetime64[D]").astype(np.int64), months.astype(np.int64) % 12
    year = months.astype("datetime64[Y]")
    swapped = (year.astype("datetime64[M]") + np.minimum(day, 11)).astype("datetime64[D]").astype(np.int64) + month
    chance = rng.random(len(born))
    dates = np.where((chance < 0.015) & (day < 12), swapped, born)
    dates = np.where((chance > 0.015) & (chance < 0.03), born + rng.choice(np.array([-10, -1, 1, 10, 365])), dates)
    placeholder = rng.random(len(born)) < np.where(source == 1, 0.3, 0.005)
    dates = np.where(placeholder, rng.choice(words.PLACEHOLDER_DATES, len(born)), dates)
    return pa.array(dates, pa.int32(), mask=~has).cast("date32")


def _text(texts: np.ndarray, has: np.ndarray) -> pa.Array:
    return pa.array(texts, pa.string(), mask=~has)
