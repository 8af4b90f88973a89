"""The rows of `customers`: who has one, who has two, and what stands in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import chance, people, spelling
from sample_shop.clock import NEVER, Day
from sample_shop.contacts import names
from sample_shop.traces.text import instants, join, keys, nulls, numbers, pick, where
from sample_shop.trade import Pipeline, account_ids

TWIN_SHARE = 0.3  # of those with a second address; they came back and signed up again
PRIVATE_LEADS = 0.15  # of the leads also buy for themselves, with their private address
CREDIT_DAY, CREDIT_SECONDS = 3, 4 * 3600  # points are credited on the third of each month at four in the morning
SILVER, GOLD = 300, 900
OPENS, OPEN_SECONDS = 28_800, 36_000  # accounts are opened and changed between eight in the morning and six
GENDER_KNOWN, WRITES_SHORT, TELLS_OF_MOVING = 0.8, 0.12, 0.8
COMPANY_AS_NAME = 0.06  # of the trade accounts: the form was filled in by, and for, the company
SWITCHBOARD = 0.25  # of the trade accounts
MAIN, TRADE, TWIN = range(3)


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
    line: np.ndarray  # place in folk.phones of the number that `phone` holds, -1 for none
    no_phone: np.ndarray  # `phone` is one that clerks enter where there is none
    first: pa.Array
    last: pa.Array
    birth: pa.Array
    gender: pa.Array
    address_until: np.ndarray  # the day up to which they tell where they live
    writes_short: np.ndarray
    seconds: np.ndarray  # of the day: of signing up and of the last change, (2, rows)
    card: pa.Array
    points: np.ndarray  # credited
    waiting: np.ndarray  # pence spent since
    credited: np.ndarray  # day of the last credit, -NEVER if none

    def is_open(self, rows: np.ndarray, day: int) -> np.ndarray:
        """(n,) whether the rows are there on the day; -1 never is."""
        return np.append(self.created, NEVER)[rows] <= day

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
    sort = np.repeat([MAIN, TRADE, TWIN], [len(mains), len(traders), len(twins)])[order]
    human, created = human[order], created[order]
    place = {name: _places(len(folk), human, sort == code) for code, name in enumerate(("main", "trade", "twin"))}
    company = np.where(sort == TRADE, pipeline.company_of(human), -1)
    return Records(
        ids=keys("C", np.arange(len(human))),
        human=human,
        created=created,
        **place,
        company=company,
        **_contact_columns(rng, folk, pipeline, human, sort, created),
        **_entered(rng, folk, pipeline, human, sort, created),
        address_until=np.where((sort == TWIN) | (rng.random(len(human)) > TELLS_OF_MOVING), created, NEVER),
        writes_short=chance.happens(rng, WRITES_SHORT, len(human)),
        seconds=OPENS + rng.integers(0, OPEN_SECONDS, (2, len(human))),
        card=_cards(rng, folk.kind[human], sort),
        points=np.maximum(0, -created) // 3 * (sort == MAIN),
        waiting=np.zeros(len(human), np.int64),
        credited=np.full(len(human), -NEVER),
    )


def _places(count: int, human: np.ndarray, mask: np.ndarray) -> np.ndarray:
    places = np.full(count, -1)
    places[human[mask]] = np.flatnonzero(mask)
    return places


def _contact_columns(
    rng: np.random.Generator, folk: people.People, pipeline: Pipeline, human: np.ndarray, sort: np.ndarray,
    created: np.ndarray,
) -> dict[str, pa.Array | np.ndarray]:  # fmt: skip
    take, count = pa.array(human), len(human)
    work = pick(pipeline.email, pipeline.place_of[human], sort == TRADE)
    email = where(sort == TRADE, work, where(sort == TWIN, folk.second_email.take(take), folk.email.take(take)))
    by_phone_only = folk.kind[human] == people.KIND["card_holder"]
    at_work = (sort == TRADE) & (rng.random(count) < SWITCHBOARD)
    line = np.where(at_work, folk.phones.company + pipeline.company_of(human), folk.phones.given(rng, human, created))
    has_phone = (folk.has_phone[human] & ((sort != TWIN) | (rng.random(count) < 0.6))) | at_work
    phone, no_phone = spelling.entered_phones(rng, *folk.phones.text(line), has_phone)
    return {
        "email": where(by_phone_only, None, email), "phone": phone, "no_phone": no_phone,
        "line": np.where(has_phone, line, -1),
    }  # fmt: skip


def _entered(
    rng: np.random.Generator, folk: people.People, pipeline: Pipeline, human: np.ndarray, sort: np.ndarray,
    created: np.ndarray,
) -> dict[str, pa.Array]:  # fmt: skip
    """What each form holds of the human: not twice the same."""
    count = len(human)
    first = spelling.spelt(rng, names.FIRST_FORMS, folk.first[human], "web")
    last = spelling.spelt(rng, names.LAST_FORMS, folk.family(human, created), "web")
    is_company = (sort == TRADE) & (rng.random(count) < COMPANY_AS_NAME)
    company = pick(pipeline.name, pipeline.company_of(human), is_company)
    birth, known = spelling.entered_dates(rng, folk.birth[human])
    gender = where(folk.female[human], "female", "male")
    return {
        "first": where(is_company, company, first), "last": where(is_company, None, last),
        "birth": where(known, people.dates(birth), None),
        "gender": where(rng.random(count) < GENDER_KNOWN, gender, None),
    }  # fmt: skip


def _cards(rng: np.random.Generator, kind: np.ndarray, sort: np.ndarray) -> pa.Array:
    """Printed in one run and handed out in any order."""
    has_card = (kind == people.KIND["card_holder"]) | ((sort == MAIN) & (rng.random(len(kind)) < 0.55))
    number = rng.permutation(10 * len(kind))[: len(kind)] + 10 * len(kind)
    return where(has_card, join("77", numbers(number, 8)), nulls(len(kind)))


def rows(records: Records, folk: people.People, first_day: int, day: Day) -> tuple[dict[str, Any], np.ndarray]:
    """The table `customers` as it stands at the end of the day, and the places in `records` of its rows.

    first_day   of the shop, days since 1970.
    """
    places = np.flatnonzero(records.created <= day.number)
    humans, take = records.human[places], pa.array(places)
    told = np.minimum(records.address_until[places], day.number)
    moves = folk.addresses.moves[folk.homes.number[humans]]
    changed = np.maximum(records.created[places], records.credited[places])
    changed = np.where(moves <= told, np.maximum(changed, moves), changed)
    signed_up = (first_day + records.created[places]) * 86_400 + records.seconds[0, places]
    credit = (changed == records.credited[places]) & (changed > records.created[places])
    seconds = np.where(credit, CREDIT_SECONDS, records.seconds[1, places])
    seconds = np.where(changed == records.created[places], records.seconds[0, places], seconds)
    home = people.address(folk, humans, told, records.writes_short[places])
    points = records.points[places]
    carded = pc.is_valid(records.card.take(take)).to_numpy(zero_copy_only=False)
    columns = {
        "customer_id": records.ids.take(take),
        "email": records.email.take(take),
        "phone": records.phone.take(take),
        "first_name": records.first.take(take),
        "last_name": records.last.take(take),
        "birth_date": records.birth.take(take),
        "gender": records.gender.take(take),
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
