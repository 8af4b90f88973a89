"""What people say: tickets, survey answers, posts. Those about to leave complain more, and score lower."""

import numpy as np
import pyarrow as pa

from sample_shop import chance, words
from sample_shop.clock import Day
from sample_shop.contacts.emails import HOBBIES
from sample_shop.shopping import Baskets
from sample_shop.traces.text import csv_lines, instants, join, json_lines, numbers, pick, where
from sample_shop.world import World

TICKETS_A_DAY, TICKETS_BEFORE_LEAVING = 0.00035, 6.0
LEAVING_DAYS = 60
ANSWER_SHARE = 0.09  # of the buyers, to the survey after an order
POSTS_A_DAY = 0.0006
ANSWERS = "answer_id,email,survey,question,score,answer_text,answered_at\n"
NETWORKS = pa.array(["x", "instagram", "facebook"])


class Voices:
    def __init__(self, world: World) -> None:
        self.world = world
        self._closing: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}

    def write(self, day: Day, engagement: np.ndarray, baskets: Baskets) -> None:
        world = self.world
        header = {"tickets": "", "survey_answers": ANSWERS, "mentions": ""}
        tables = {"tickets": self._tickets(day, engagement), "survey_answers": self._answers(day, baskets),
                "mentions": self._mentions(day)}  # fmt: skip
        for table, lines in tables.items():
            world.files[table].write(day, lines, world.seed, world.disk, header[table])

    def _leaving(self, day: Day, humans: np.ndarray) -> np.ndarray:
        days_left = self.world.folk.leaves[humans] - day.number
        return (days_left > 0) & (days_left < LEAVING_DAYS)

    def _tickets(self, day: Day, engagement: np.ndarray) -> pa.Array:
        rng = chance.stream(self.world.seed, "tickets", day.number)
        everybody = np.arange(len(self.world.folk))
        worse = np.where(self._leaving(day, everybody), TICKETS_BEFORE_LEAVING, 1.0)
        humans = chance.some(rng, TICKETS_A_DAY * worse * (engagement > 0.1))
        humans = humans[self.world.folk.rate[humans] > 0]
        at = day.utc(rng.integers(8 * 3600, 18 * 3600, len(humans)))
        number = np.arange(len(humans)) + day.number * 100_000
        wait = rng.integers(0, 7, len(humans))
        for days in range(7):
            is_due = wait == days
            self._closing.setdefault(day.number + days, []).append((humans[is_due], number[is_due], at[is_due]))
        opened = self._ticket(rng, day, humans, number, at, closes=False)
        due = self._closing.pop(day.number)
        closed = self._ticket(rng, day, *(np.concatenate(part) for part in zip(*due, strict=True)), closes=True)
        return pa.concat_arrays([opened, closed])

    def _ticket(
        self,
        rng: np.random.Generator,
        day: Day,
        humans: np.ndarray,
        number: np.ndarray,
        at: np.ndarray,
        *,
        closes: bool,
    ) -> pa.Array:
        if len(humans) == 0:
            return pa.array([], pa.string())
        key = join("K", numbers(number, 8))
        if not closes:
            self.world.truth.records("tickets", key, humans)
        score = np.clip(rng.normal(np.where(self._leaving(day, humans), 2.2, 4.1), 0.8), 1, 5).astype(np.int64)
        rated = closes & (rng.random(len(humans)) < 0.6)
        end = np.maximum(day.utc(rng.integers(8 * 3600, 18 * 3600, len(humans))), at + 900)
        return json_lines({
            "ticket_id": key, "email": self.world.contact.take(pa.array(humans)),
            "subject": pick(pa.array(words.SUBJECTS), number * 7 % len(words.SUBJECTS)),
            "priority": pick(pa.array(words.PRIORITIES), number * 5 % 3), "status": "closed" if closes else "open",
            "created_at": instants(at, "T", "Z"), "closed_at": instants(end, "T", "Z") if closes else None,
            "satisfaction": pa.array(score, mask=~rated) if closes else None,
        })  # fmt: skip

    def _answers(self, day: Day, baskets: Baskets) -> pa.Array:
        rng = chance.stream(self.world.seed, "surveys", day.number)
        customers = np.flatnonzero(baskets.row >= 0)
        humans = baskets.humans[customers[chance.happens(rng, ANSWER_SHARE, len(customers))]]
        if len(humans) == 0:
            return pa.array([], pa.string())
        unhappy, phrase = self._leaving(day, humans), rng.integers(0, 5, len(humans))
        score = np.clip(rng.normal(np.where(unhappy, 5, 8.6), 1.5), 0, 10).astype(np.int64)
        text = where(score >= 7, pick(pa.array(words.PRAISE), phrase), pick(pa.array(words.COMPLAINT), phrase))
        key = join("S", numbers(np.full(len(humans), day.number), 4), "-", numbers(np.arange(len(humans)), 6))
        self.world.truth.records("survey_answers", key, humans)
        return csv_lines({
            "answer_id": key, "email": self.world.contact.take(pa.array(humans)), "survey": "nps_after_order",
            "question": "How likely are you to recommend us?", "score": score,
            "answer_text": where(rng.random(len(humans)) < 0.4, text, None),
            "answered_at": instants(day.utc(rng.integers(8 * 3600, 22 * 3600, len(humans)))),
        }, free=("answer_text",))  # fmt: skip

    def _mentions(self, day: Day) -> pa.Array:
        rng = chance.stream(self.world.seed, "mentions", day.number)
        folk = self.world.folk
        humans = rng.integers(0, len(folk), rng.poisson(POSTS_A_DAY * len(folk)))
        humans = humans[folk.joined[humans] <= day.number]
        if len(humans) == 0:
            return pa.array([], pa.string())
        network = chance.one_of(3, humans, 51)
        key = join("M", numbers(np.full(len(humans), day.number), 4), "-", numbers(np.arange(len(humans)), 6))
        hobby = pick(HOBBIES, chance.one_of(len(HOBBIES), humans, 52))
        handle = join(hobby, "_", numbers(chance.one_of(10**6, humans, 53)))
        self.world.truth.records("mentions", key, humans)
        return json_lines({
            "post_id": key, "network": pick(NETWORKS, network), "handle": handle,
            "text": pick(pa.array(words.POSTS), rng.integers(0, len(words.POSTS), len(humans))),
            "url": join("https://social.example/", handle, "/", key),
            "posted_at": instants(rng.integers(day.start, day.end, len(humans)), "T", "Z"),
        })  # fmt: skip
