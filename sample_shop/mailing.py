"""E-mail: who is sent what today, and everything that follows, some of it tomorrow."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, trade
from sample_shop.clock import NEVER, SPAN_DAYS, Day
from sample_shop.consents import EMAIL, Consents
from sample_shop.people import ANNOYED
from sample_shop.traces.text import join
from sample_shop.world import World

PROCESSED, DEFERRED, DELIVERED, BOUNCE, DROPPED, OPEN, CLICK, SPAM, UNSUBSCRIBE = range(9)
NOBODY, PROXY, SCANNER = range(3)  # the machine behind an open or a click
HARD, SOFT, SUPPRESSED = 1, 2, 3
NEWSLETTER, OFFERS, ARRIVALS, CART = range(4)
SUBSCRIBED_SHARE = 0.41  # of the human-days of the span: turns mails per human into mails per subscriber
WITHHELD = 0.1  # by chance, so that what an e-mail does can be measured
CART_REMINDED = 0.6
DEAD, PROXIED, TWIN_SUBSCRIBED = 0.008, 0.08, 0.3
SOFT_BOUNCED, DEFERRED_SHARE = 0.003, 0.006
CLICKED, OPENED_TWICE = 0.24, 0.15
UNSUBSCRIBES = np.array([0.002, 0.001, 0.03])  # for each open, by group
COMPLAINS = np.array([0.0001, 0.0001, 0.004])
DRIVEN_AWAY = 0.012  # of the annoyed, by every e-mail
LINKS = 3
SLOW_ONE_IN, SLOW_DAYS = 4, 30  # some lists go on for a while after an unsubscribe
MESSAGES_A_DAY = 10**8


@dataclass(frozen=True, slots=True)
class MailEvents:
    """One place an event."""

    at: np.ndarray
    code: np.ndarray
    to: np.ndarray  # subscriber
    message: np.ndarray
    campaign: np.ndarray
    link: np.ndarray
    machine: np.ndarray
    detail: np.ndarray

    def __getitem__(self, places: np.ndarray) -> "MailEvents":
        return MailEvents(*(getattr(self, f.name)[places] for f in fields(self)))


def concatenated(parts: list[MailEvents]) -> MailEvents:
    return MailEvents(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(MailEvents)))


class Mailing:
    """Subscribers are addresses: a human with two may have both on the list, and of those who share one it is the first
    one's.
    """

    def __init__(self, world: World, consents: Consents, mailed: np.ndarray) -> None:
        rng = chance.stream(world.seed, "mailing")
        self.world, self.consents, self.mailed = world, consents, mailed
        reached = np.flatnonzero(pc.is_valid(world.contact).to_numpy(zero_copy_only=False))
        reached = reached[np.argsort(world.folk.joined[reached], kind="stable")]
        address = world.contact.take(pa.array(reached)).dictionary_encode().indices.to_numpy()
        _, first, slot = np.unique(address, return_index=True, return_inverse=True)
        main = reached[first]
        twins = np.flatnonzero((world.records.twin >= 0) & (rng.random(len(world.folk)) < TWIN_SUBSCRIBED))
        self.human = np.concatenate([main, twins])
        self.email = pa.concat_arrays(
            [world.contact.take(pa.array(main)), world.folk.second_email.take(pa.array(twins))]
        )
        start = np.concatenate([world.folk.joined[main], world.records.created[world.records.twin[twins]]])
        self._start = start
        self._listed = np.ones(len(self.human), bool)  # until they unsubscribe, complain or bounce
        self._stopped = np.full(len(self.human), -NEVER)
        self._dead = rng.random(len(self.human)) < DEAD
        self._proxied = rng.random(len(self.human)) < PROXIED
        self._scanned = np.zeros(len(self.human), bool)
        at_work = np.flatnonzero(world.pipeline.place_of[main] >= 0)
        lead = world.pipeline.place_of[main[at_work]]
        works_there = world.pipeline.mailbox[lead] != trade.PRIVATE
        self._scanned[at_work] = works_there & world.pipeline.scans[world.pipeline.company[lead]]
        self._period = max(2, round(SPAN_DAYS * SUBSCRIBED_SHARE / max(world.mails_per_person, 1)))
        self._slot_of = np.full(len(world.folk), -1)
        self._slot_of[reached] = slot
        self._slow = chance.one_of(SLOW_ONE_IN, self.human, 21) == 0
        self._pending: list[MailEvents] = []

    def day(self, day: Day, engagement: np.ndarray, carts: np.ndarray) -> MailEvents:
        """Today's events in their order, of today's e-mails and of earlier ones.

        `carts`: humans who left one yesterday.
        """
        rng = chance.stream(self.world.seed, "mailing", day.number)
        processed = self._send(rng, day, carts)
        parts = [*self._pending, *self._delivery(rng, day, processed)]
        arrived = parts[-1]
        parts += [*self._reading(rng, day, arrived, engagement), *self._machines(rng, arrived)]
        events = concatenated(parts)
        self._pending = [events[np.flatnonzero(events.at >= day.end)]]
        today = events[np.flatnonzero(events.at < day.end)]
        today = today[np.argsort(today.at, kind="stable")]
        self._settle(day, today, arrived, rng)
        return today

    def _send(self, rng: np.random.Generator, day: Day, carts: np.ndarray) -> MailEvents:
        allowed = self.consents.granted[self.human, EMAIL] & (self._start <= day.number)
        listed = self._listed | ((day.number - self._stopped < SLOW_DAYS) & self._slow)
        turn = (day.number + np.arange(len(self.human)) * 5) % self._period == 0
        due = np.flatnonzero(allowed & listed & turn)
        campaign = (day.number // self._period + due) % 3
        reminded = self._slot_of[carts[chance.happens(rng, CART_REMINDED, len(carts))]]
        reminded = np.setdiff1d(reminded[reminded >= 0], due)
        reminded = reminded[allowed[reminded] & self._listed[reminded]]
        to = np.concatenate([due, reminded])
        campaign = np.concatenate([campaign, np.full(len(reminded), CART)])
        withheld = chance.happens(rng, WITHHELD, len(to))
        self.world.truth.add("withheld", {
            "human_id": self.human[to[withheld]], "day": pa.array([day.date] * int(withheld.sum()), pa.date32()),
            "campaign": campaign[withheld],
        })  # fmt: skip
        to, campaign = to[~withheld], campaign[~withheld]
        at = day.utc(rng.integers(6 * 3600, 20 * 3600, len(to)))
        return self._events(at, PROCESSED, to, np.arange(len(to)) + day.number * MESSAGES_A_DAY, campaign)

    def _events(
        self, at: np.ndarray, code: int, to: np.ndarray, message: np.ndarray, campaign: np.ndarray
    ) -> MailEvents:
        zeros = np.zeros(len(at), np.int64)
        return MailEvents(at.astype(np.int64), zeros + code, to, message, campaign, zeros - 1, zeros, zeros)

    def _after(
        self, cause: MailEvents, places: np.ndarray, code: int, wait: int | np.ndarray, **also: Any
    ) -> MailEvents:
        """What follows `wait` seconds after some events."""
        base = cause[places]
        columns = {f.name: getattr(base, f.name) for f in fields(MailEvents)}
        columns |= {"at": base.at + np.asarray(wait).astype(np.int64), "code": np.full(len(base.at), code)}
        columns |= {name: np.broadcast_to(value, len(base.at)) for name, value in also.items()}
        return MailEvents(**columns)

    def _delivery(self, rng: np.random.Generator, day: Day, processed: MailEvents) -> list[MailEvents]:
        """Processed, then dropped, bounced, or perhaps deferred and delivered; the delivered come last."""
        fate = rng.random(len(processed.at))
        stopped, dead = ~self._listed[processed.to], self._dead[processed.to]
        soft = ~stopped & ~dead & (fate < SOFT_BOUNCED)
        fine = ~stopped & ~dead & ~soft
        deferred = fine & (fate > 1 - DEFERRED_SHARE)
        wait = np.where(deferred, rng.integers(300, 5400, len(fate)), rng.integers(1, 25, len(fate)))
        return [
            processed,
            self._after(processed, np.flatnonzero(stopped), DROPPED, 1, detail=SUPPRESSED),
            self._after(processed, np.flatnonzero(~stopped & dead), BOUNCE, 4, detail=HARD),
            self._after(processed, np.flatnonzero(soft), BOUNCE, 9, detail=SOFT),
            self._after(processed, np.flatnonzero(deferred), DEFERRED, 5),
            self._after(processed, np.flatnonzero(fine), DELIVERED, wait[fine]),
        ]

    def _reading(
        self, rng: np.random.Generator, day: Day, arrived: MailEvents, engagement: np.ndarray
    ) -> list[MailEvents]:
        folk, humans = self.world.folk, self.human[arrived.to]
        best = folk.best_hour[humans]
        midnight = day.start + day.offset_before
        own = midnight + best * 3600 - day.offset_after + np.abs(rng.normal(1800, 1500, len(humans)))
        own = np.where(own < arrived.at + 30, own + 86_400, own)
        soon = arrived.at + 60 + rng.exponential(9000, len(humans))
        timely = np.where(np.abs(arrived.at - (midnight + best * 3600 - day.offset_after)) < 5400, 1.5, 1.0)
        lead = self.world.pipeline.place_of[humans]
        keen = (
            np.where(lead >= 0, np.exp(0.3 * self.world.pipeline.intent[lead]), 1)
            if len(self.world.pipeline.human)
            else 1
        )
        opened = np.flatnonzero(rng.random(len(humans)) < folk.open_rate[humans] * engagement[humans] * timely * keen)
        at = np.where(rng.random(len(humans)) < 0.6, own, soon)[opened]
        opens = self._after(arrived, opened, OPEN, at - arrived.at[opened])
        group = folk.group[humans[opened]]
        clicks = chance.some(rng, CLICKED, len(opened))
        reopened = chance.some(rng, OPENED_TWICE, len(opened))
        leaving, angry = chance.some(rng, UNSUBSCRIBES[group]), chance.some(rng, COMPLAINS[group])
        return [
            opens,
            self._after(opens, reopened, OPEN, rng.integers(600, 40_000, len(reopened))),
            self._after(
                opens, clicks, CLICK, rng.integers(8, 90, len(clicks)), link=rng.integers(0, LINKS, len(clicks))
            ),
            self._after(opens, leaving, UNSUBSCRIBE, rng.integers(20, 200, len(leaving))),
            self._after(opens, angry, SPAM, rng.integers(20, 200, len(angry))),
        ]

    def _machines(self, rng: np.random.Generator, arrived: MailEvents) -> list[MailEvents]:
        """Mailbox providers that open everything, and security scanners that follow every link within seconds."""
        proxied = np.flatnonzero(self._proxied[arrived.to])
        scanned = np.repeat(np.flatnonzero(self._scanned[arrived.to]), LINKS)
        link = np.tile(np.arange(LINKS), len(scanned) // LINKS)
        return [
            self._after(arrived, proxied, OPEN, rng.integers(1, 30, len(proxied)), machine=PROXY),
            self._after(
                arrived, scanned, CLICK, 1 + link + rng.integers(0, 3, len(scanned)), link=link, machine=SCANNER
            ),
        ]

    def _settle(self, day: Day, today: MailEvents, arrived: MailEvents, rng: np.random.Generator) -> None:
        over = np.isin(today.code, [UNSUBSCRIBE, SPAM]) | ((today.code == BOUNCE) & (today.detail == HARD))
        newly = today.to[over & self._listed[today.to]]
        self._listed[newly], self._stopped[newly] = False, day.number
        humans = self.human[arrived.to]
        self.mailed[humans] = day.number
        driven = humans[(self.world.folk.group[humans] == ANNOYED) & (rng.random(len(humans)) < DRIVEN_AWAY)]
        self.world.folk.leaves[driven] = np.minimum(self.world.folk.leaves[driven], day.number + 10)

    def withdrawals(self, today: MailEvents) -> np.ndarray:
        """Humans whose unsubscribing reached the consent log; for two in five it stays with the provider."""
        humans = self.human[today.to[today.code == UNSUBSCRIBE]]
        return humans[chance.one_of(5, humans, 22) < 3]

    def clicks(self, today: MailEvents) -> tuple[np.ndarray, np.ndarray]:
        """Clicks by humans: who, and when."""
        real = (today.code == CLICK) & (today.machine == NOBODY)
        return self.human[today.to[real]], today.at[real]


def campaign_names(day: Day) -> pa.Array:
    week = day.date.isocalendar()
    return join(pa.array(["newsletter", "offers", "new_arrivals", "cart_reminder"]), f"_{week.year}_w{week.week:02d}")
