"""Leads and the companies they work for: drawn once, with the day of every step each lead will take."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_shop import chance, people, spelling, words
from sample_shop.clock import NEVER
from sample_shop.contacts import companies, names
from sample_shop.traces.text import keys, nulls, pick, where

OWN, PRIVATE, ROLE, TAKEN_OVER = range(4)
STATUSES = ["new", "working", "qualified", "converted", "disqualified"]
SOURCE_WEIGHTS = [3, 2, 2, 5, 4, 4]
SOURCE_LOGIT = np.array([0.9, 1.4, 0.4, 0.3, -0.6, -2.0])  # in the order of LEAD_SOURCES
BASE_LOGIT = -1.75  # makes about a quarter buy in the end, one in eight within thirty days
COLLEAGUES = 1.0  # spread of how many leads a company has, as a logarithm
PRIVATE_EMAIL, SWITCHBOARD = 0.22, 0.3
COMPANY_AS_NAME = 0.02
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
    line: np.ndarray  # place in folk.phones of the number that `phone` holds
    mailbox: np.ndarray  # OWN, PRIVATE, ROLE or TAKEN_OVER: whose `email` is
    predecessor: np.ndarray  # place of the one who had it before, -1 for none
    employees: np.ndarray  # from here on one place a company
    industry: np.ndarray
    home: np.ndarray
    scans: np.ndarray  # its mail gateway clicks every link
    name: pa.Array
    domain: pa.Array

    def company_of(self, humans: np.ndarray) -> np.ndarray:
        """(n,) companies of the humans, -1 for none."""
        place = self.place_of[humans]
        return np.where(place >= 0, self.company[place], -1) if len(self.company) else place

    def is_there(self, humans: np.ndarray, day: int) -> np.ndarray:
        """(n,) whether the humans are leads of the CRM on the day."""
        return np.append(self.created, NEVER)[self.place_of[humans]] <= day

    def status(self, day: int) -> np.ndarray:
        """(leads,) place in STATUSES at the end of the day, -1 before the lead is there."""
        code = np.where(self.created <= day, 0, -1)
        code = np.where(self.working <= day, 1, code)
        code = np.where(self.qualified <= day, 2, code)
        return np.where(self.closed <= day, np.where(self.wins, 3, 4), code)

    def changed(self, day: int) -> np.ndarray:
        """(leads,) the day of the last step taken by the end of `day`."""
        last = np.where(self.created <= day, self.created, -NEVER)
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
    human = human[np.argsort(folk.joined[human], kind="stable")]  # numbers are given out as leads arrive
    place_of = np.full(len(folk), -1)
    place_of[human] = np.arange(len(human))
    count = max(1, int(len(human) / 1.25))
    company = chance.weighted(rng, rng.lognormal(0, COLLEAGUES, count), len(human))
    employees = np.clip(np.exp(rng.normal(3.2, 1.3, count)), 1, 5000).astype(np.int64)
    source = chance.weighted(rng, SOURCE_WEIGHTS, len(human))
    intent = rng.normal(0, 1, len(human))
    logit = BASE_LOGIT + 0.9 * (np.log(employees[company]) - 3.2) + SOURCE_LOGIT[source] + 1.1 * intent
    propensity = 1 / (1 + np.exp(-logit))
    name, domain = companies.called(rng, count)
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
        **_contacts(rng, folk, human, company, name, domain),
        employees=employees,
        industry=rng.integers(0, len(words.INDUSTRIES), count),
        home=chance.weighted(rng, [row[0] for row in words.COUNTRIES.values()], count),
        scans=rng.random(count) < np.where(employees > 30, 0.5, 0.15),
        name=name,
        domain=domain,
    )


def _steps(rng: np.random.Generator, created: np.ndarray, wins: np.ndarray) -> dict[str, np.ndarray]:
    count = len(created)
    slow = np.minimum(np.where(wins, 7 + rng.gamma(2, 13, count), 20 + rng.gamma(2, 25, count)), 120).astype(np.int64)
    goes_far = wins | (rng.random(count) < 0.3)
    asleep = ~wins & (rng.random(count) < 0.2)  # nobody ever says no
    decoy = np.where(~wins & (rng.random(count) < 0.1), created + slow, -NEVER)
    return {
        "created": created, "working": created + rng.integers(1, 4, count),
        "qualified": np.where(goes_far, created + slow // 2, NEVER),
        "closed": np.where(asleep, NEVER, created + slow), "wins": wins, "decoy": decoy,
    }  # fmt: skip


def _contacts(
    rng: np.random.Generator, folk: people.People, human: np.ndarray, company: np.ndarray, name: pa.Array,
    domain: pa.Array,
) -> dict[str, pa.Array | np.ndarray]:  # fmt: skip
    count, joined = len(human), folk.joined[human]
    their_domain = pick(domain, company)
    own = companies.work_emails(folk.first[human], folk.maiden[human], company, their_domain)
    before = companies.predecessors(rng, company, joined)
    mailbox = chance.weighted(
        rng, [1 - PRIVATE_EMAIL - companies.ROLE_SHARE, PRIVATE_EMAIL, companies.ROLE_SHARE], count
    )
    before = np.where((mailbox == OWN) & (before >= 0) & (mailbox[before] == OWN), before, -1)
    mailbox = np.where(before >= 0, TAKEN_OVER, mailbox)
    email = where(mailbox == PRIVATE, folk.email.take(pa.array(human)), own)
    email = where(mailbox == ROLE, companies.role_emails(company, their_domain), email)
    email = where(before >= 0, pick(own, before, before >= 0), email)
    line = np.where(
        (mailbox != PRIVATE) & (rng.random(count) < SWITCHBOARD), folk.phones.company + company,
        folk.phones.given(rng, human, joined),
    )  # fmt: skip
    has_phone = folk.has_phone[human] | (line >= folk.phones.company)
    phone, _ = spelling.entered_phones(rng, *folk.phones.text(line), has_phone)
    is_company = chance.happens(rng, COMPANY_AS_NAME, count)
    first = spelling.spelt(rng, names.FIRST_FORMS, folk.first[human], "sloppy")
    last = spelling.spelt(rng, names.LAST_FORMS, folk.family(human, joined), "sloppy")
    return {
        "email": email, "mailbox": mailbox, "predecessor": before, "phone": phone,
        "line": np.where(has_phone, line, -1), "first": where(is_company, nulls(count), first),
        "last": where(is_company, pick(name, company), last),
    }  # fmt: skip


def lead_ids(places: np.ndarray) -> pa.Array:
    return keys("L", places)


def account_ids(companies: np.ndarray) -> pa.Array:
    return keys("A", companies, 6)
