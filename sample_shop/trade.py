"""Leads and the companies they work for: drawn once, with the day of every step each lead will take."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, people, spelling, words
from sample_shop.traces.text import join, keys, numbers, pick, where

STATUSES = ["new", "working", "qualified", "converted", "disqualified"]
SOURCE_WEIGHTS = [3, 2, 2, 5, 4, 4]
SOURCE_LOGIT = np.array([0.9, 1.4, 0.4, 0.3, -0.6, -2.0])  # in the order of LEAD_SOURCES
BASE_LOGIT = -1.75  # makes about a quarter buy in the end, one in eight within thirty days
SURGE_DAYS = 25  # before buying a lead reads and asks a lot: the sign a lead score can see


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One place a lead. Days count from the shop's first; NEVER is later than any."""

    human: np.ndarray
    place_of: np.ndarray  # (people,) the human's place here, or -1
    company: np.ndarray
    source: np.ndarray
    intent: np.ndarray
    propensity: np.ndarray  # the chance of ever becoming a trade customer, the best anybody could know
    created: np.ndarray
    working: np.ndarray
    qualified: np.ndarray
    closed: np.ndarray
    wins: np.ndarray
    decoy: np.ndarray  # the day up to which someone reads like a buyer and is none
    amount: np.ndarray  # pence
    first: pa.Array  # as the sales people wrote it
    last: pa.Array
    email: pa.Array
    phone: pa.Array
    employees: np.ndarray  # from here on one place a company
    industry: np.ndarray
    home: np.ndarray
    scans: np.ndarray  # its mail gateway clicks every link
    name: pa.Array
    domain: pa.Array

    def status(self, day: int) -> np.ndarray:
        """(leads,) place in STATUSES at the end of the day, -1 before the lead is there."""
        code = np.where(self.created <= day, 0, -1)
        code = np.where(self.working <= day, 1, code)
        code = np.where(self.qualified <= day, 2, code)
        return np.where(self.closed <= day, np.where(self.wins, 3, 4), code)

    def changed(self, day: int) -> np.ndarray:
        """(leads,) the day of the last step taken by the end of `day`."""
        last = np.where(self.created <= day, self.created, -people.NEVER)
        for step in (self.working, self.qualified, self.closed):  # each later than the one before, or NEVER
            last = np.where(step <= day, step, last)
        return last

    def surge(self, day: int) -> np.ndarray:
        """(leads,) factor on web visits."""
        target = np.where(self.wins, self.closed, self.decoy)
        near = (target - SURGE_DAYS <= day) & (day < target) & (self.created <= day)
        return np.where(
            near, 7.0, np.where((self.created <= day) & (day < self.closed), np.exp(0.5 * self.intent), 0.3)
        )


def draw(folk: people.People, seed: int) -> Pipeline:
    rng = chance.stream(seed, "trade")
    human = np.flatnonzero(folk.kind == people.KIND["lead"])
    place_of = np.full(len(folk), -1)
    place_of[human] = np.arange(len(human))
    companies = max(1, int(len(human) / 1.25))
    company = rng.integers(0, companies, len(human))
    employees = np.clip(np.exp(rng.normal(3.2, 1.3, companies)), 1, 5000).astype(np.int64)
    source = chance.weighted(rng, SOURCE_WEIGHTS, len(human))
    intent = rng.normal(0, 1, len(human))
    logit = BASE_LOGIT + 0.9 * (np.log(employees[company]) - 3.2) + SOURCE_LOGIT[source] + 1.1 * intent
    propensity = 1 / (1 + np.exp(-logit))
    name, domain = _companies(companies)
    steps = _steps(rng, folk.joined[human], rng.random(len(human)) < propensity)
    return Pipeline(
        human=human,
        place_of=place_of,
        company=company,
        source=source,
        intent=intent,
        propensity=propensity,
        **steps,
        amount=(100 * np.clip(employees[company] * 40 * rng.lognormal(0, 0.4, len(human)), 150, 250_000)).astype(
            np.int64
        ),
        **_contacts(rng, folk, human, domain.take(pa.array(company))),
        employees=employees,
        industry=rng.integers(0, len(words.INDUSTRIES), companies),
        home=chance.weighted(rng, [row[0] for row in words.COUNTRIES.values()], companies),
        scans=rng.random(companies) < np.where(employees > 30, 0.5, 0.15),
        name=name,
        domain=domain,
    )


def _steps(rng: np.random.Generator, created: np.ndarray, wins: np.ndarray) -> dict[str, np.ndarray]:
    count = len(created)
    slow = np.minimum(np.where(wins, 7 + rng.gamma(2, 13, count), 20 + rng.gamma(2, 25, count)), 120).astype(np.int64)
    goes_far = wins | (rng.random(count) < 0.3)
    asleep = ~wins & (rng.random(count) < 0.2)  # nobody ever says no
    decoy = np.where(~wins & (rng.random(count) < 0.1), created + slow, -people.NEVER)
    return {
        "created": created, "working": created + rng.integers(1, 4, count),
        "qualified": np.where(goes_far, created + slow // 2, people.NEVER),
        "closed": np.where(asleep, people.NEVER, created + slow), "wins": wins, "decoy": decoy,
    }  # fmt: skip


def _contacts(
    rng: np.random.Generator, folk: people.People, human: np.ndarray, domain: pa.Array
) -> dict[str, pa.Array]:
    first_names = pick(pa.array([spelling.fold(w) for w in people.FIRST]), folk.first[human])
    family = pick(pa.array([spelling.fold(w) for w in people.LAST]), folk.last[human])
    work = join(first_names, ".", family, ".", numbers(human), "@", domain)
    private = folk.email.take(pa.array(human))
    code, number = folk.phone_code.take(pa.array(human)), folk.phone.take(pa.array(human))
    return {
        "email": where(rng.random(len(human)) < 0.78, work, private),
        "first": spelling.spelt(rng, people.FIRST_FORMS, folk.first[human], "sloppy"),
        "last": spelling.spelt(rng, people.LAST_FORMS, folk.last[human], "sloppy"),
        "phone": spelling.spelt_phones(rng, code, number, folk.has_phone[human]),
    }


def _companies(count: int) -> tuple[pa.Array, pa.Array]:
    """Names, two companies may share one; and domains, which no two share."""
    first, second = words.COMPANY_FIRST.split(), words.COMPANY_SECOND.split()
    number = np.arange(count)
    a, b = number % len(first), number // len(first) % len(second)
    suffix = pick(pa.array([" Ltd", " & Sons, Ltd", "", " Group"]), number * 7 % 4)
    name = join(pick(pa.array(first), a), " ", pick(pa.array(second), b), suffix)
    stem = [pc.utf8_lower(pa.array([spelling.fold(w) for w in words_])) for words_ in (first, second)]
    return name, join(pick(stem[0], a), "-", pick(stem[1], b), numbers(number), ".example")


def lead_ids(places: np.ndarray) -> pa.Array:
    return keys("L", places)


def account_ids(companies: np.ndarray) -> pa.Array:
    return keys("A", companies, 6)
