"""Who allowed what, who took it back, and the log of both."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, people, spelling
from sample_shop.clock import Day
from sample_shop.traces.text import instants, join, json_lines, numbers, pick, where
from sample_shop.world import World

CHANNELS = pa.array(["email", "sms", "ads", "any"])
PURPOSES = pa.array(["marketing", "marketing", "marketing", "profiling"])
EMAIL, SMS, ADS, PROFILING = range(4)
# the share who allow each, by kind of human
CONSENT_SHARES = {
    "shopper": (0.8, 0.3, 0.42, 0.65), "guest": (0.5, 0.1, 0.2, 0.3), "card_holder": (0, 0.45, 0.2, 0.4),
    "walk_in": (0, 0, 0, 0), "reader": (1, 0.05, 0.3, 0.4), "lead": (0.62, 0.12, 0.25, 0.5),
}  # fmt: skip
TAKEN_BACK_A_DAY = np.array([0.00025, 0.0003, 0.0002, 0.0001])
NEW_WORDING_FROM = "2025-06-01"
SOURCES = pa.array(["signup_form", "preference_centre", "unsubscribe_link"])


class Consents:
    """`granted` (people, 4) is what holds today; the log says how it came about."""

    def __init__(self, world: World) -> None:
        rng = chance.stream(world.seed, "consents")
        self.world = world
        share = np.array([CONSENT_SHARES[kind] for kind in people.KINDS])[world.folk.kind]
        self._wishes = rng.random(share.shape) < share
        reachable = pc.is_valid(world.contact).to_numpy(zero_copy_only=False)
        self._wishes[:, SMS] &= world.folk.has_phone
        self._wishes[:, EMAIL] &= reachable
        self._wishes &= (reachable | world.folk.has_phone)[:, None]  # nobody is logged who cannot be named
        self.granted = np.zeros_like(self._wishes)
        self._address = world.contact.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False)
        self._by_day = np.argsort(world.folk.joined, kind="stable")
        self._joined = world.folk.joined[self._by_day]

    def write(self, day: Day, unsubscribed: np.ndarray) -> None:
        """`unsubscribed`: (k,) humans whom the e-mail provider reported today and whose wish reached this log."""
        rng = chance.stream(self.world.seed, "consents", day.number)
        first = 0 if day.number == 0 else np.searchsorted(self._joined, day.number)
        joining = self._by_day[first : np.searchsorted(self._joined, day.number, side="right")]
        returners, return_channel = self._second_thoughts(rng)
        place, new_channel = np.nonzero(self._wishes[joining])
        self.granted[joining] = self._wishes[joining]
        unsubscribed = np.unique(unsubscribed[self.granted[unsubscribed, EMAIL]])
        self._stop(returners, return_channel)
        self._stop(unsubscribed, np.full(len(unsubscribed), EMAIL))
        humans = np.concatenate([joining[place], returners, unsubscribed])
        source = np.repeat([0, 1, 2], [len(place), len(returners), len(unsubscribed)])
        channel = np.concatenate([new_channel, return_channel, np.full(len(unsubscribed), EMAIL)])
        lines = self._lines(rng, day, humans, channel, source) if len(humans) else pa.array([], pa.string())
        self.world.files["consents"].write(day, lines, self.world.seed, self.world.disk)

    def _second_thoughts(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Who takes which consent back today: drawn by number first, as nearly everybody does nothing."""
        people_count = len(self.granted)
        humans_by_channel = [
            np.unique(rng.integers(0, people_count, rng.binomial(people_count, share))) for share in TAKEN_BACK_A_DAY
        ]
        humans = np.concatenate(humans_by_channel)
        channel = np.repeat(np.arange(len(humans_by_channel)), [len(d) for d in humans_by_channel])
        holds = self.granted[humans, channel]
        return humans[holds], channel[holds]

    def _stop(self, humans: np.ndarray, channel: np.ndarray) -> None:
        """Theirs, and by whatever channel is reached through the address that they name: of all who share it."""
        self.granted[humans, channel] = False
        for each in np.unique(channel):
            named = self._address[humans[channel == each]]
            self.granted[np.isin(self._address, named[named >= 0]), each] = False

    def _lines(
        self, rng: np.random.Generator, day: Day, humans: np.ndarray, channel: np.ndarray, source: np.ndarray
    ) -> pa.Array:
        folk, take = self.world.folk, pa.array(humans)
        ago = np.where(
            source == 0, np.maximum(day.number - folk.joined[humans], 0), 0
        )  # the first file holds the older log
        at = day.start + rng.integers(0, day.end - day.start, len(humans)) - ago * 86_400
        key = join("N", numbers(np.full(len(humans), day.number), 4), "-", numbers(np.arange(len(humans)), 7))
        code, national = folk.phones.text(folk.phones.own(humans, np.maximum(folk.joined[humans], day.number - ago)))
        phone = spelling.spelt_phones(rng, code, national, folk.has_phone[humans] & (channel == SMS))
        email = self.world.contact.take(take)
        is_named = pc.or_(pc.is_valid(phone), pc.is_valid(email)).to_numpy(zero_copy_only=False)
        phone = where(is_named, phone, join("+", code, national))
        self.world.truth.records("consents", key, humans)
        stamp = instants(at, "T", "Z")
        new_words = pc.greater_equal(stamp, NEW_WORDING_FROM)
        return json_lines({
            "consent_id": key, "email": email, "phone": phone, "channel": pick(CHANNELS, channel),
            "purpose": pick(PURPOSES, channel), "status": where(source == 0, "granted", "withdrawn"),
            "wording_version": pc.if_else(new_words, "v2", "v1"), "source": pick(SOURCES, source),
            "ip": folk.ip(humans, day.number), "occurred_at": stamp,
        })  # fmt: skip
