"""Who there is: the humans behind the records, drawn once. Their names, habits and fates; nothing here changes by itself."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, spelling, words
from sample_shop.traces.text import DATES, join, numbers, pick, where

SPAN_DAYS = 546  # rates and arrivals are made for eighteen months; a longer or shorter stay changes none of them
KINDS = {"shopper": 0.5, "guest": 0.06, "card_holder": 0.08, "walk_in": 0.04, "reader": 0.07, "lead": 0.25}
KIND = {name: code for code, name in enumerate(KINDS)}
GROUPS = ["unmoved", "helped", "annoyed"]  # by e-mail
UNMOVED, HELPED, ANNOYED = range(3)
MEAN_ORDERS_A_YEAR = 6.5
MEAN_STAY_DAYS = 690.0  # makes about 35 % of the customers leave within the span
FADE_DAYS = 45.0  # interest wanes before a customer leaves: that is what a churn model can see
NEVER = 10**6


@dataclass(slots=True)
class People:
    """One place a human in every array. Days count from the shop's first."""

    kind: np.ndarray
    joined: np.ndarray  # before 0: was there already
    leaves: np.ndarray  # the day of leaving; e-mails can bring it forward
    first: np.ndarray  # places in FIRST and LAST
    last: np.ndarray
    female: np.ndarray
    birth: np.ndarray  # days since 1970
    home: np.ndarray  # place in COUNTRIES
    city: np.ndarray
    moves: np.ndarray  # the day of moving house
    email: pa.Array
    second_email: pa.Array  # NULL for most
    phone_code: pa.Array
    phone: pa.Array
    has_phone: np.ndarray
    rate: np.ndarray  # purchases a day while there
    till_share: np.ndarray
    app_share: np.ndarray
    visits: np.ndarray  # visits of the web shop a day that end without an order, relative to the mean
    best_hour: np.ndarray
    open_rate: np.ndarray
    group: np.ndarray  # UNMOVED, HELPED, ANNOYED
    effect: np.ndarray  # the purchase rate is multiplied by 1 + this for three days after an e-mail
    taste: np.ndarray  # favourite category
    wealth: np.ndarray  # factor on quantities

    def __len__(self) -> int:
        return len(self.kind)

    def engagement(self, day: int) -> np.ndarray:
        """(n,) 1 = fully there, falling over FADE_DAYS to 0.15 at the end, 0 before joining, 0.03 once gone."""
        left = (self.leaves - day).astype(np.float32)
        there = np.clip(0.15 + 0.85 * left / FADE_DAYS, 0.15, 1)
        return np.where(left > 0, there, np.float32(0.03)) * (self.joined <= day)


def _vocabulary(*tables: dict[str, str]) -> tuple[list[str], dict[tuple[int, str], np.ndarray]]:
    """All words of the tables in one list, and where each table's language stands in it."""
    listed: list[str] = []
    places = {}
    for number, table in enumerate(tables):
        for language, text in table.items():
            places[number, language] = np.arange(len(listed), len(listed) + len(text.split()))
            listed += text.split()
    return listed, places


FIRST, FIRST_PLACES = _vocabulary(words.WOMEN, words.MEN)
LAST, LAST_PLACES = _vocabulary(words.FAMILIES)
FIRST_FORMS, LAST_FORMS = spelling.name_forms(FIRST), spelling.name_forms(LAST)
COUNTRY = pa.array(list(words.COUNTRIES))
LANGUAGE = pa.array([row[1] for row in words.COUNTRIES.values()])
TIME_ZONE = pa.array([row[2] for row in words.COUNTRIES.values()])
CITIES = [[city.split(":") for city in row[3].split()] for row in words.COUNTRIES.values()]
CITY = pa.array([city for cities in CITIES for city, _ in cities])
POSTAL = pa.array([start for cities in CITIES for _, start in cities])
CITY_FROM = np.cumsum([0] + [len(cities) for cities in CITIES])[:-1]
CITY_COUNT = np.array([len(cities) for cities in CITIES])


def draw(count: int, seed: int) -> People:
    rng = chance.stream(seed, "people")
    kind = chance.weighted(rng, list(KINDS.values()), count)
    joined = np.where(rng.random(count) < 0.55, rng.integers(-900, 0, count), rng.integers(0, SPAN_DAYS, count))
    joined = np.where(kind == KIND["lead"], rng.integers(-120, SPAN_DAYS, count), joined)
    home = chance.weighted(rng, [row[0] for row in words.COUNTRIES.values()], count)
    female = rng.random(count) < 0.55
    first, last = _names(rng, female, home)
    birth = rng.integers(-13_000, 12_800, count)  # 1934 to 2005
    habits = _habits(rng, kind, birth)
    code, national = spelling.phones(pick(COUNTRY, home))
    number = numbers(np.arange(count))
    email = _emails(rng, first, last, number)
    second = _second_emails(rng, first, last, number)
    stay = rng.exponential(MEAN_STAY_DAYS * rng.gamma(2.5, 1 / 1.5, count))
    return People(
        kind=kind, joined=joined, leaves=(np.maximum(joined, 0) + 1 + stay).astype(np.int64), first=first, last=last,
        female=female, birth=birth, home=home, city=CITY_FROM[home] + rng.integers(0, CITY_COUNT[home]),
        moves=joined + 30 + rng.exponential(2500, count).astype(np.int64), email=email, second_email=second,
        phone_code=code, phone=national, has_phone=(rng.random(count) < 0.7) | (kind == KIND["card_holder"]), **habits,
    )  # fmt: skip


def _names(rng: np.random.Generator, female: np.ndarray, home: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first, last = np.zeros(len(home), np.int64), np.zeros(len(home), np.int64)
    language = LANGUAGE.take(pa.array(home)).to_numpy(zero_copy_only=False)
    for tongue in words.FAMILIES:
        for sex, wanted in ((0, female), (1, ~female)):
            here = np.flatnonzero((language == tongue) & wanted)
            first[here] = rng.choice(FIRST_PLACES[sex, tongue], len(here))
        here = np.flatnonzero(language == tongue)
        last[here] = rng.choice(LAST_PLACES[0, tongue], len(here))
    return first, last


def _emails(rng: np.random.Generator, first: np.ndarray, last: np.ndarray, number: pa.Array) -> pa.Array:
    """The human's number stands in the address, so no two humans share one."""
    given, family = (pick(pa.array([spelling.fold(w) for w in v]), i) for v, i in ((FIRST, first), (LAST, last)))
    shape = rng.integers(0, 3, len(first))
    initial = pc.utf8_slice_codeunits(given, 0, 1)
    local = where(
        shape == 0,
        join(given, ".", family, number),
        where(shape == 1, join(initial, family, number), join(given, number)),
    )
    return join(local, "@", pick(pa.array(words.MAIL_DOMAINS), chance.weighted(rng, [5, 4, 3, 2, 1, 1], len(first))))


def _second_emails(rng: np.random.Generator, first: np.ndarray, last: np.ndarray, number: pa.Array) -> pa.Array:
    family, given = (pick(pa.array([spelling.fold(w) for w in v]), i) for v, i in ((LAST, last), (FIRST, first)))
    address = join(family, ".", pc.utf8_slice_codeunits(given, 0, 1), ".", number, "@second.example")
    return where(rng.random(len(first)) < 0.2, address, None)


def _habits(rng: np.random.Generator, kind: np.ndarray, birth: np.ndarray) -> dict[str, np.ndarray]:
    count, is_lead = len(kind), kind == KIND["lead"]
    rate = rng.gamma(1.2, MEAN_ORDERS_A_YEAR / 365 / 1.2, count).astype(np.float32)
    rate[kind == KIND["reader"]] = 0
    till = rng.beta(0.6, 1.6, count)
    till[(kind == KIND["card_holder"]) | (kind == KIND["walk_in"])] = 1
    till[(kind == KIND["guest"]) | is_lead] = 0
    taste = chance.weighted(rng, [6, 4, 5, 4, 4, 5, 3, 4], count)
    # who is helped and who is annoyed can be told, in part, from age and taste: else no uplift model could find them
    young = birth > 5500
    helped = 0.12 + 0.25 * young + 0.2 * np.isin(taste, (0, 7))
    annoyed = 0.06 + 0.14 * ~young + 0.05 * (taste == 5)
    draw = rng.random(count)
    group = np.where(draw < helped, HELPED, np.where(draw > 1 - annoyed, ANNOYED, UNMOVED))
    effect = np.array([0.05, 1.6, -0.4])[group] + rng.normal(0, 0.1, count)
    best = chance.weighted(rng, [1, 3, 4, 3, 2, 2, 5, 4, 2, 1, 1, 2, 4, 6, 7, 5, 2], count) + 6
    return {
        "rate": rate, "till_share": till, "app_share": rng.beta(0.5, 1.5, count), "taste": taste,
        "visits": rng.gamma(1.0, 1.0, count).astype(np.float32), "best_hour": best,
        "open_rate": rng.beta(2.2, 4, count), "group": group, "effect": effect.astype(np.float32),
        "wealth": rng.lognormal(0, 0.35, count),
    }  # fmt: skip


def address(folk: People, who: np.ndarray, day: int) -> dict[str, pa.Array]:
    """Where the people (n,) live on the day; the city stays when they move, the street does not."""
    house = who * 7919 + (folk.moves[who] <= day) * 31  # any fixed spread will do
    start = pick(POSTAL, folk.city[who])
    return {
        "street": join(numbers(house % 180 + 1), " ", pick(pa.array(words.STREETS.split("|")), house // 180 % 9)),
        "city": pick(CITY, folk.city[who]),
        "postal_code": join(start, numbers(house % 20 + 10), where(folk.home[who] == 0, " 1AA", "")),
        "country": pick(COUNTRY, folk.home[who]),
        "language": pick(LANGUAGE, folk.home[who]),
        "time_zone": pick(TIME_ZONE, folk.home[who]),
    }


def dates(days_since_1970: np.ndarray) -> pa.Array:
    """(n,) days, before 1970 too -> (n,) `YYYY-MM-DD`."""
    early = pa.array(np.datetime_as_string(np.arange("1930-01-01", "1970-01-01", dtype="datetime64[D]")))
    return pick(pa.concat_arrays([early, DATES]), days_since_1970 + len(early))
