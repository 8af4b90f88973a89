"""A webinar every second Wednesday: leads register in the days before, and their sign-up is exported again with
attendance.
"""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from sample_shop import chance, people, spelling, words
from sample_shop.clock import Day
from sample_shop.contacts import names
from sample_shop.traces.text import csv_lines, instants, join, numbers, pick, where
from sample_shop.world import World

HEADER = "registration_id,email,first_name,last_name,company,webinar,registered_at,attended,attended_minutes\n"
EVERY_DAYS, FIRST = 14, date(2024, 10, 9)  # a Wednesday; those before and after follow from it
OPEN_DAYS = 10
NUMBERS_A_DAY = 100_000
REGISTERS_A_DAY = 0.006  # of an open lead; more with intent, more before buying


class Webinars:
    def __init__(self, world: World) -> None:
        self.world = world
        self._registered: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []  # humans, numbers, instants

    def write(self, day: Day, engagement: np.ndarray) -> None:
        rng = chance.stream(self.world.seed, "webinars", day.number)
        to_go = (FIRST - day.date).days % EVERY_DAYS
        held_on = day.date + timedelta(days=to_go)
        title = f"{words.WEBINAR_TITLES[(held_on - FIRST).days // EVERY_DAYS % 4]} {held_on}"
        lines = pa.array([], pa.string())
        if to_go == 0:
            lines = self._attendance(rng, title)
        elif to_go <= OPEN_DAYS:
            lines = self._registrations(rng, day, title, engagement)
        self.world.files["registrations"].write(day, lines, self.world.seed, self.world.disk, HEADER)

    def _registrations(self, rng: np.random.Generator, day: Day, title: str, engagement: np.ndarray) -> pa.Array:
        pipeline = self.world.pipeline
        is_open = (pipeline.created <= day.number) & (day.number < pipeline.closed)
        chance_of = REGISTERS_A_DAY * np.exp(0.7 * pipeline.intent) * np.where(pipeline.surge(day.number) > 6, 2.5, 1)
        humans = pipeline.human[chance.some(rng, chance_of * is_open)]
        registered = np.concatenate([r[0] for r in self._registered]) if self._registered else humans[:0]
        shoppers = rng.integers(0, len(engagement), rng.poisson(len(engagement) * 0.00004))
        curious = shoppers[(engagement[shoppers] > 0.1) & (self.world.folk.kind[shoppers] == people.KIND["shopper"])]
        humans = np.setdiff1d(np.concatenate([humans, curious]), registered)
        number = np.arange(len(humans)) + day.number * NUMBERS_A_DAY
        at = day.utc(rng.integers(8 * 3600, 20 * 3600, len(humans)))
        self._registered.append((humans, number, at))
        self.world.truth.records("registrations", join("G", numbers(number, 8)), humans)
        return self._lines(humans, number, at, title, None, None)

    def _attendance(self, rng: np.random.Generator, title: str) -> pa.Array:
        if not self._registered:
            return pa.array([], pa.string())
        humans, number, at = (np.concatenate(columns) for columns in zip(*self._registered, strict=True))
        self._registered = []
        attended = rng.random(len(humans)) < 0.55
        return self._lines(humans, number, at, title, attended, np.where(attended, rng.integers(5, 61, len(humans)), 0))

    def _lines(
        self,
        humans: np.ndarray,
        number: np.ndarray,
        at: np.ndarray,
        title: str,
        attended: np.ndarray | None,
        minutes: np.ndarray | None,
    ) -> pa.Array:
        """The same spelling each time a registration is exported: it is what the person typed."""
        if len(humans) == 0:
            return pa.array([], pa.string())
        folk, pipeline = self.world.folk, self.world.pipeline
        lead = pipeline.place_of[humans]
        form = chance.one_of(10, number, 61)  # three in ten give a private address, or a form of their name
        email = where(lead >= 0, pick(pipeline.email, lead, lead >= 0), folk.email.take(pa.array(humans)))
        private = where(form < 3, folk.email.take(pa.array(humans)), email)
        family = folk.family(humans, number // NUMBERS_A_DAY)
        typed = []
        for salt, forms, places in ((62, names.FIRST_FORMS, folk.first[humans]), (63, names.LAST_FORMS, family)):
            way = np.where(form % 4 == 0, chance.one_of(spelling.FORMS, number, salt), 0)
            typed.append(pick(forms, places * spelling.FORMS + way))
        if attended is None:
            self.world.truth.identifiers("email", private, humans)
        company = pick(pipeline.name, pipeline.company_of(humans), lead >= 0)
        return csv_lines(
            {
                "registration_id": join("G", numbers(number, 8)),
                "email": private,
                "first_name": typed[0],
                "last_name": typed[1],
                "company": company,
                "webinar": title,
                "registered_at": instants(at),
                "attended": "" if attended is None else where(attended, "true", "false"),
                "attended_minutes": "" if minutes is None else minutes,
            },
            free=("company",),
        )
