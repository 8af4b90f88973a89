"""Who there is: the humans behind the records, drawn once.

Their names, habits and fates; nothing here changes by itself.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sample_shop import chance, words
from sample_shop.clock import NEVER, SPAN_DAYS
from sample_shop.contacts import addresses, emails, households, names, phones
from sample_shop.traces.text import DATES, join, numbers, pick, where

KINDS = {"shopper": 0.5, "guest": 0.06, "card_holder": 0.08, "walk_in": 0.04, "reader": 0.07, "lead": 0.25}
KIND = {name: code for code, name in enumerate(KINDS)}
GROUPS = ["unmoved", "helped", "annoyed"]  # by e-mail
UNMOVED, HELPED, ANNOYED = range(3)
MEAN_ORDERS_A_YEAR = 6.5
MEAN_STAY_DAYS = 690.0  # makes about 35 % of the customers leave within the span
FADE_DAYS = 45.0  # interest wanes before a customer leaves: that is what a churn model can see
WEDS = 0.06  # of the women take another family name, once
OTHER_NAME = 0.25  # of the couples have two family names
FAMILY_EMAIL, FAMILY_EMAIL_USED = 0.3, 0.75  # of the households of two or more have one; of their members use it
SECOND_EMAIL = 0.2
NEW_IP_DAYS = 40


@dataclass(slots=True)
class People:
    """One place a human in every array. Days count from the shop's first."""

    kind: np.ndarray
    joined: np.ndarray  # before 0: was there already
    leaves: np.ndarray  # the day of leaving; e-mails can bring it forward
    homes: households.Households
    first: np.ndarray  # places in names.FIRST
    last: np.ndarray  # places in names.FAMILIES
    maiden: np.ndarray  # the family name until `weds`
    weds: np.ndarray
    female: np.ndarray
    birth: np.ndarray  # days since 1970
    home: np.ndarray  # place in COUNTRIES
    addresses: addresses.Addresses
    email: pa.Array
    second_email: pa.Array  # NULL for most
    family_email: np.ndarray  # `email` is the family's
    phones: phones.Phones
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
        days_left = (self.leaves - day).astype(np.float32)
        presence = np.clip(0.15 + 0.85 * days_left / FADE_DAYS, 0.15, 1)
        return np.where(days_left > 0, presence, np.float32(0.03)) * (self.joined <= day)

    def family(self, humans: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """(n,) places of their family names on the day."""
        return np.where(self.weds[humans] <= day, self.last[humans], self.maiden[humans])

    def ip(self, humans: np.ndarray, day: int) -> pa.Array:
        """(n,) the address of their household's line, another one every few weeks; 254 for all."""
        lease = self.homes.number[humans] * 1000 + day // NEW_IP_DAYS
        return join("198.51.100.", numbers(chance.one_of(254, lease, 11) + 1))


COUNTRY = pa.array(list(words.COUNTRIES))
LANGUAGE = pa.array([row[1] for row in words.COUNTRIES.values()])
TIME_ZONE = pa.array([row[2] for row in words.COUNTRIES.values()])


def draw(count: int, seed: int) -> People:
    rng = chance.stream(seed, "people")
    kind = chance.weighted(rng, list(KINDS.values()), count)
    joined = np.where(rng.random(count) < 0.55, rng.integers(-900, 0, count), rng.integers(0, SPAN_DAYS, count))
    joined = np.where(kind == KIND["lead"], rng.integers(-120, SPAN_DAYS, count), joined)
    homes = households.draw(rng, count)
    country = chance.weighted(rng, [row[0] for row in words.COUNTRIES.values()], homes.count)
    home, female = country[homes.number], rng.random(count) < 0.55
    birth = households.births(rng, homes)
    named = _names(rng, homes, home, female)
    habits = _habits(rng, kind, birth)
    stay = rng.exponential(MEAN_STAY_DAYS * rng.gamma(2.5, 1 / 1.5, count))
    return People(
        kind=kind, joined=joined, leaves=(np.maximum(joined, 0) + 1 + stay).astype(np.int64), homes=homes, **named,
        birth=birth, home=home, addresses=addresses.draw(rng, country),
        **_emails(rng, homes, named["first"], named["maiden"], birth),
        phones=phones.draw(rng, homes, pick(COUNTRY, home), int((kind == KIND["lead"]).sum()) + 1),
        has_phone=(rng.random(count) < 0.7) | (kind == KIND["card_holder"]), **habits,
    )  # fmt: skip


def _names(
    rng: np.random.Generator, homes: households.Households, home: np.ndarray, female: np.ndarray
) -> dict[str, np.ndarray]:
    language = homes.shared(names.languages(rng, home), tuple(range(households.COUPLE, households.FLATMATE)))
    same_sex = homes.shared(female, (households.NAMESAKE,))
    of_other = np.where(rng.random(len(home)) < 0.95, ~female[homes.head], female)
    female = np.where(homes.tie == households.COUPLE, of_other, same_sex)
    first = homes.shared(names.given(rng, language, female), (households.NAMESAKE,))
    own = names.FAMILIES.draw(rng, language)
    shared = homes.shared(own, tuple(range(households.COUPLE, households.FLATMATE)))
    last = np.where((homes.tie == households.COUPLE) & (rng.random(len(home)) < OTHER_NAME), own, shared)
    weds = female & (rng.random(len(home)) < WEDS)
    maiden = np.where(weds, names.FAMILIES.draw(rng, language), last)
    day = np.where(weds, rng.integers(-400, SPAN_DAYS, len(home)), -NEVER)
    return {"first": first, "last": last, "maiden": maiden, "weds": day, "female": female}


def _emails(
    rng: np.random.Generator, homes: households.Households, first: np.ndarray, last: np.ndarray, birth: np.ndarray
) -> dict[str, pa.Array | np.ndarray]:
    """Who marries keeps the address."""
    count = len(first)
    together = np.unique(homes.head[homes.relative >= 0])
    family = together[rng.random(len(together)) < FAMILY_EMAIL]
    local = pa.concat_arrays([
        emails.family_parts(rng, first[family], first[homes.relative[family]], last[family]),
        emails.local_parts(rng, first, last, birth), emails.local_parts(rng, first, last, birth),
    ])  # fmt: skip
    address = emails.given_out(local, emails.providers(rng, len(local)))
    family_of = np.full(count, -1)
    family_of[family] = np.arange(len(family))
    family_of = family_of[homes.head]
    uses_it = (family_of >= 0) & (rng.random(count) < FAMILY_EMAIL_USED)
    own, second = address.slice(len(family), count), address.slice(len(family) + count, count)
    keeps_own = rng.random(count) < np.where(uses_it, 0.5, SECOND_EMAIL)
    return {
        "email": where(uses_it, pick(address, family_of, uses_it), own),
        "second_email": where(keeps_own, where(uses_it, own, second), None),
        "family_email": uses_it,
    }


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


def address(folk: People, humans: np.ndarray, day: np.ndarray, short: np.ndarray) -> dict[str, pa.Array]:
    """Where the people (n,) live on the days (n,); `short`: who writes Rd for Road."""
    return {
        **folk.addresses.columns(folk.homes.number[humans], day, short, folk.home[humans]),
        "country": pick(COUNTRY, folk.home[humans]),
        "language": pick(LANGUAGE, folk.home[humans]),
        "time_zone": pick(TIME_ZONE, folk.home[humans]),
    }


def dates(days_since_1970: np.ndarray) -> pa.Array:
    """(n,) days, before 1970 too -> (n,) `YYYY-MM-DD`."""
    early = pa.array(np.datetime_as_string(np.arange("1900-01-01", "1970-01-01", dtype="datetime64[D]")))
    return pick(pa.concat_arrays([early, DATES]), days_since_1970 + len(early))
