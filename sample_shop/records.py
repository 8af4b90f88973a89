"""The rows of `customers`: who has one, who has two, and what stands in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, people, spelling
from sample_shop.clock import Day
from sample_shop.traces.text import instants, join, keys, nulls, numbers, pick, where
from sample_shop.trade import Pipeline, account_ids

TWIN_SHARE = 0.15  # of those with a second address; they came back and signed up again
PRIVATE_LEADS = 0.15  # of the leads also buy for themselves, with their private address
CREDIT_DAY, CREDIT_SECONDS = 3, 4 * 3600  # points are credited on the third of each month at four in the morning
SILVER, GOLD = 300, 900


@dataclass(slots=True)
class Records:
    """One place a row of `customers`. `main`, `trade`, `twin`: (people,) the human's row of that sort, or -1."""

    ids: pa.Array
    human: np.ndarray
    created: np.ndarray  # day
    main: np.ndarray
    trade: np.ndarray
    twin: np.ndarray
    company: np.ndarray  # -1: a consumer
    email: pa.Array
    phone: pa.Array
    first: pa.Array
    last: pa.Array
    card: pa.Array
    points: np.ndarray  # credited
    waiting: np.ndarray  # pence spent since
    credited: np.ndarray  # day of the last credit, -NEVER if none

    def spend(self, rows: np.ndarray, pence: np.ndarray) -> None:
        np.add.at(self.waiting, rows[rows >= 0], pence[rows >= 0])

    def credit(self, day: Day) -> None:
        if day.date.day == CREDIT_DAY:
            due = self.waiting >= 100
            self.points[due] += self.waiting[due] // 100
            self.waiting[due] %= 100
            self.credited[due] = day.number


def draw(folk: people.People, pipeline: Pipeline, seed: int) -> Records:
    rng = chance.stream(seed, "records")
    shopper = np.isin(folk.kind, [people.KIND["shopper"], people.KIND["card_holder"]])
    private = (folk.kind == people.KIND["lead"]) & (rng.random(len(folk)) < PRIVATE_LEADS)
    second = pc.is_valid(folk.second_email).to_numpy(zero_copy_only=False)
    twins = np.flatnonzero((folk.kind == people.KIND["shopper"]) & second & (rng.random(len(folk)) < TWIN_SHARE))
    mains, won = np.flatnonzero(shopper | private), np.flatnonzero(pipeline.wins)
    traders = pipeline.human[won]
    human = np.concatenate([mains, traders, twins])
    created = np.concatenate(
        [folk.joined[mains], pipeline.closed[won], folk.joined[twins] + rng.integers(30, 400, len(twins))]
    )
    order = np.argsort(created, kind="stable")  # numbers are given out as people arrive
    sort = np.repeat([0, 1, 2], [len(mains), len(traders), len(twins)])[order]
    human, created = human[order], created[order]
    place = {name: _places(len(folk), human, sort == code) for code, name in enumerate(("main", "trade", "twin"))}
    company = np.where(sort == 1, pipeline.company[pipeline.place_of[human]], -1)
    return Records(
        ids=keys("C", np.arange(len(human))),
        human=human,
        created=created,
        **place,
        company=company,
        **_contact_columns(rng, folk, pipeline, human, sort),
        card=_cards(rng, folk.kind[human], sort),
        points=np.maximum(0, -created) // 3 * (sort == 0),
        waiting=np.zeros(len(human), np.int64),
        credited=np.full(len(human), -people.NEVER),
    )


def _places(count: int, human: np.ndarray, mask: np.ndarray) -> np.ndarray:
    places = np.full(count, -1)
    places[human[mask]] = np.flatnonzero(mask)
    return places


def _contact_columns(
    rng: np.random.Generator, folk: people.People, pipeline: Pipeline, human: np.ndarray, sort: np.ndarray
) -> dict[str, pa.Array]:
    take = pa.array(human)
    work = pick(pipeline.email, pipeline.place_of[human], sort == 1)
    email = where(sort == 1, work, where(sort == 2, folk.second_email.take(take), folk.email.take(take)))
    by_phone_only = folk.kind[human] == people.KIND["card_holder"]
    has_phone = folk.has_phone[human] & ((sort != 2) | (rng.random(len(human)) < 0.6))
    return {
        "email": where(by_phone_only, None, email),
        "phone": spelling.spelt_phones(rng, folk.phone_code.take(take), folk.phone.take(take), has_phone),
        "first": spelling.spelt(rng, people.FIRST_FORMS, folk.first[human], "web"),
        "last": spelling.spelt(rng, people.LAST_FORMS, folk.last[human], "web"),
    }


def _cards(rng: np.random.Generator, kind: np.ndarray, sort: np.ndarray) -> pa.Array:
    has_card = (kind == people.KIND["card_holder"]) | ((sort == 0) & (rng.random(len(kind)) < 0.55))
    return where(has_card, join("77", numbers(np.arange(len(kind)), 8)), nulls(len(kind)))


def rows(records: Records, folk: people.People, first_day: int, day: Day) -> tuple[dict[str, Any], np.ndarray]:
    """The table `customers` as it stands at the end of the day, and the places in `records` of its rows.

    first_day   of the shop, days since 1970.
    """
    places = np.flatnonzero(records.created <= day.number)
    humans, take = records.human[places], pa.array(places)
    changed = np.maximum(records.created[places], records.credited[places])
    changed = np.where(folk.moves[humans] <= day.number, np.maximum(changed, folk.moves[humans]), changed)
    signed_up = (first_day + records.created[places]) * 86_400 + 28_800 + humans % 36_000
    seconds = np.where(changed == records.credited[places], CREDIT_SECONDS, 28_800 + humans % 36_000)
    home = people.address(folk, humans, day.number)
    points = records.points[places]
    carded = pc.is_valid(records.card.take(take)).to_numpy(zero_copy_only=False)
    columns = {
        "customer_id": records.ids.take(take),
        "email": records.email.take(take),
        "phone": records.phone.take(take),
        "first_name": records.first.take(take),
        "last_name": records.last.take(take),
        "birth_date": where(humans % 3 > 0, people.dates(folk.birth[humans]), None),
        "gender": where(humans % 5 > 0, where(folk.female[humans], "female", "male"), None),
        **home,
        "loyalty_card": records.card.take(take),
        "loyalty_points": pa.array(points, mask=~carded),
        "loyalty_tier": where(
            carded, pick(pa.array(["bronze", "silver", "gold"]), np.digitize(points, [SILVER, GOLD])), None
        ),
        "account_id": where(records.company[places] >= 0, account_ids(np.maximum(records.company[places], 0)), None),
        "created_at": instants(signed_up),
        "updated_at": instants((first_day + changed) * 86_400 + seconds),
    }
    return columns, places
