"""Sales at the counter: local time, semicolons, windows-1252, and names typed while a queue is waiting."""

import numpy as np
import pyarrow as pa

from sample_shop import chance, people, spelling, words
from sample_shop.clock import Day
from sample_shop.contacts import names
from sample_shop.shopping import TILL, Baskets
from sample_shop.traces.text import csv_lines, instants, join, money, numbers, pick, where
from sample_shop.world import World

HEADER = "receipt_no;line_no;sold_at;store;product_id;quantity;unit_price;loyalty_card;email;customer_name\n"
STRANGERS_A_DAY = 0.008  # receipts of people nobody knows, for each human in the sample
KIOSK = len(words.STORES) - 1  # the one that is open all night, and so sees the clocks change
TAKEN_BACK = 0.02
CARD_SHOWN, EMAIL_GIVEN, NAME_GIVEN = 0.7, 0.3, 0.35
NO_EMAIL = 0.03  # of the receipts that ask for an address: the clerk enters one that is nobody's


def write(world: World, day: Day, baskets: Baskets) -> None:
    rng = chance.stream(world.seed, "tills", day.number)
    identified = np.flatnonzero(baskets.channel == TILL)
    mine = np.flatnonzero(baskets.channel[baskets.line_of] == TILL)
    receipt_of = np.searchsorted(identified, baskets.line_of[mine])
    strangers = rng.poisson(len(world.folk) * STRANGERS_A_DAY * world.season(day))
    bought = np.sort(np.concatenate([np.arange(strangers), rng.integers(0, max(strangers, 1), strangers)]))
    store = np.concatenate([rng.integers(0, KIOSK, len(identified)), _strangers_store(rng, strangers)])
    at = np.concatenate([baskets.at[identified], _strangers_time(rng, day, store[len(identified) :])])
    clock = instants(day.wall_clock(at))
    clock = _one_wrong_clock(day, clock, store)
    line_of = np.concatenate([receipt_of, len(identified) + bought])
    product = np.concatenate(
        [baskets.product[mine], world.catalogue.choose(rng, rng.integers(0, 8, len(bought)), day.number)]
    )
    quantity = np.concatenate([baskets.quantity[mine], np.ones(len(bought), np.int64)])
    is_return = rng.random(len(quantity)) < TAKEN_BACK
    humans = np.concatenate([baskets.humans[identified], np.full(strangers, -1)])
    receipt = join("T", numbers(np.full(len(at), day.number), 4), "-", numbers(np.arange(len(at)), 5))
    customer = _customer_columns(rng, world, day, humans, receipt)
    spread = pa.array(line_of)
    first_line = np.searchsorted(line_of, np.arange(len(at)))
    columns = {
        "receipt_no": receipt.take(spread),
        "line_no": np.arange(len(line_of)) - first_line[line_of] + 1,
        "sold_at": clock.take(spread),
        "store": pick(pa.array(words.STORES), store[line_of]),
        "product_id": pick(world.catalogue.ids, product),
        "quantity": np.where(is_return, -quantity, quantity),
        "unit_price": money(world.catalogue.price[product]),
        **{name: text.take(spread) for name, text in customer.items()},
    }
    lines = csv_lines(columns, ";", free=("customer_name",)) if len(line_of) else pa.array([], pa.string())
    world.files["till_lines"].write(day, lines, world.seed, world.disk, HEADER)


def _strangers_store(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.where(rng.random(count) < 0.3, KIOSK, rng.integers(0, KIOSK, count))


def _strangers_time(rng: np.random.Generator, day: Day, store: np.ndarray) -> np.ndarray:
    """The kiosk sells around the clock, so twice between one and two when summer time ends."""
    round_the_clock = rng.integers(day.start, day.end, len(store))
    return np.where(store == KIOSK, round_the_clock, day.utc((9 + 9.8 * rng.beta(2, 2, len(store))) * 3600))


def _one_wrong_clock(day: Day, clock: pa.Array, store: np.ndarray) -> pa.Array:
    """When summer time begins, one kiosk receipt shows 01:30, a time that did not exist: its till was set late."""
    kiosk = np.flatnonzero(store == KIOSK)
    if day.end - day.start >= 86_400 or len(kiosk) == 0:
        return clock
    return where(np.arange(len(store)) == kiosk[0], f"{day.date} 01:30:00", clock)


def _customer_columns(
    rng: np.random.Generator, world: World, day: Day, humans: np.ndarray, receipt: pa.Array
) -> dict[str, pa.Array]:
    """What the buyers said of themselves: a card, an address for the receipt, a name."""
    identified, count = humans >= 0, len(humans)
    human = np.where(identified, humans, 0)
    main = world.records.main[human]
    card = pick(world.records.card, np.maximum(main, 0), identified & (main >= 0) & (rng.random(count) < CARD_SHOWN))
    email, _ = spelling.mistyped(rng, world.folk.email.take(pa.array(human)), 0.06)
    nobody = chance.happens(rng, NO_EMAIL, count)
    email = where(nobody, pick(spelling.NO_EMAILS, rng.integers(0, len(spelling.NO_EMAILS), count)), email)
    writes = identified & (rng.random(count) < EMAIL_GIVEN) & (world.folk.kind[human] != people.KIND["card_holder"])
    first = spelling.spelt(rng, names.FIRST_FORMS, world.folk.first[human], "sloppy")
    last = spelling.spelt(rng, names.LAST_FORMS, world.folk.family(human, day.number), "sloppy")
    name = where(rng.random(count) < 0.25, join(last, "; ", first), join(first, " ", last))
    is_named = identified & (rng.random(count) < NAME_GIVEN)
    world.truth.records("till_lines", receipt.filter(pa.array(identified)), human[identified])
    own = writes & ~nobody
    world.truth.identifiers("email", email.filter(pa.array(own)), human[own])
    world.truth.shared("email", email.filter(pa.array(writes & nobody)), human[writes & nobody], "placeholder")
    return {"loyalty_card": card, "email": where(writes, email, None), "customer_name": where(is_named, name, None)}
