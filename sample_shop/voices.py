"""What people say: tickets, survey answers, posts. Those about to leave complain more, and score lower."""

import numpy as np
import pyarrow as pa

from sample_shop import chance, words
from sample_shop.clock import Day
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
        made = {"tickets": self._tickets(day, engagement), "survey_answers": self._answers(day, baskets),
                "mentions": self._mentions(day)}  # fmt: skip
        for table, lines in made.items():
            world.files[table].write(day, lines, world.seed, world.disk, header[table])

    def _leaving(self, day: Day, who: np.ndarray) -> np.ndarray:
        left = self.world.folk.leaves[who] - day.number
        return (left > 0) & (left < LEAVING_DAYS)

    def _tickets(self, day: Day, engagement: np.ndarray) -> pa.Array:
        rng = chance.stream(self.world.seed, "tickets", day.number)
        everybody = np.arange(len(self.world.folk))
        worse = np.where(self._leaving(day, everybody), TICKETS_BEFORE_LEAVING, 1.0)
        who = chance.some(rng, TICKETS_A_DAY * worse * (engagement > 0.1))
        who = who[self.world.folk.rate[who] > 0]
        at = day.utc(rng.integers(8 * 3600, 18 * 3600, len(who)))
        number = np.arange(len(who)) + day.number * 100_000
        wait = rng.integers(0, 7, len(who))
        for days in range(7):
            here = wait == days
            self._closing.setdefault(day.number + days, []).append((who[here], number[here], at[here]))
        opened = self._ticket(rng, day, who, number, at, closes=False)
        due = self._closing.pop(day.number)
        closed = self._ticket(rng, day, *(np.concatenate(part) for part in zip(*due, strict=True)), closes=True)
        return pa.concat_arrays([opened, closed])

    def _ticket(
        self, rng: np.random.Generator, day: Day, who: np.ndarray, number: np.ndarray, at: np.ndarray, *, closes: bool
    ) -> pa.Array:
        if len(who) == 0:
            return pa.array([], pa.string())
        key = join("K", numbers(number, 8))
        if not closes:
            self.world.truth.records("tickets", key, who)
        score = np.clip(rng.normal(np.where(self._leaving(day, who), 2.2, 4.1), 0.8), 1, 5).astype(np.int64)
        rated = closes & (rng.random(len(who)) < 0.6)
        end = np.maximum(day.utc(rng.integers(8 * 3600, 18 * 3600, len(who))), at + 900)
        return json_lines({
            "ticket_id": key, "email": self.world.contact.take(pa.array(who)),
            "subject": pick(pa.array(words.SUBJECTS), number * 7 % len(words.SUBJECTS)),
            "priority": pick(pa.array(words.PRIORITIES), number * 5 % 3), "status": "closed" if closes else "open",
            "created_at": instants(at, "T", "Z"), "closed_at": instants(end, "T", "Z") if closes else None,
            "satisfaction": pa.array(score, mask=~rated) if closes else None,
        })  # fmt: skip

    def _answers(self, day: Day, baskets: Baskets) -> pa.Array:
        rng = chance.stream(self.world.seed, "surveys", day.number)
        asked = np.flatnonzero(baskets.row >= 0)
        who = baskets.who[asked[chance.happens(rng, ANSWER_SHARE, len(asked))]]
        if len(who) == 0:
            return pa.array([], pa.string())
        unhappy = self._leaving(day, who)
        score = np.clip(rng.normal(np.where(unhappy, 5, 8.6), 1.5), 0, 10).astype(np.int64)
        text = where(score >= 7, pick(pa.array(words.PRAISE), who % 5), pick(pa.array(words.COMPLAINT), who % 5))
        key = join("S", numbers(np.full(len(who), day.number), 4), "-", numbers(np.arange(len(who)), 6))
        self.world.truth.records("survey_answers", key, who)
        return csv_lines({
            "answer_id": key, "email": self.world.contact.take(pa.array(who)), "survey": "nps_after_order",
            "question": "How likely are you to recommend us?", "score": score,
            "answer_text": where(rng.random(len(who)) < 0.4, text, None),
            "answered_at": instants(day.utc(rng.integers(8 * 3600, 22 * 3600, len(who)))),
        }, free=("answer_text",))  # fmt: skip

    def _mentions(self, day: Day) -> pa.Array:
        rng = chance.stream(self.world.seed, "mentions", day.number)
        folk = self.world.folk
        who = rng.integers(0, len(folk), rng.poisson(POSTS_A_DAY * len(folk)))
        who = who[folk.joined[who] <= day.number]
        if len(who) == 0:
            return pa.array([], pa.string())
        network = who * 13 % 3
        key = join("M", numbers(np.full(len(who), day.number), 4), "-", numbers(np.arange(len(who)), 6))
        handle = join("shopper_", numbers(who))
        self.world.truth.records("mentions", key, who)
        return json_lines({
            "post_id": key, "network": pick(NETWORKS, network), "handle": handle,
            "text": pick(pa.array(words.POSTS), rng.integers(0, len(words.POSTS), len(who))),
            "url": join("https://social.example/", handle, "/", key),
            "posted_at": instants(rng.integers(day.start, day.end, len(who)), "T", "Z"),
        })  # fmt: skip
