"""The truth about everybody: who they are, with whom they share what, and who may be contacted."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_shop import people, trade, words
from sample_shop.clock import NEVER
from sample_shop.consents import CHANNELS, PURPOSES, Consents
from sample_shop.contacts import households, names
from sample_shop.traces.text import join, pick, where
from sample_shop.world import World


def tell(world: World, consents: Consents, first_purchase: np.ndarray, last: int, first: int) -> None:
    """last   the shop's last day; first: its first one, in days since 1970."""
    _humans(world, first_purchase, last, first)
    _leads(world, last, first)
    _identifiers(world)
    _shared_emails(world)
    _shared_phones(world)
    _consents(world, consents, last)


def _date(day: np.ndarray, unknown: np.ndarray | None = None) -> pa.Array:
    return pa.array(day.astype(np.int32), pa.date32(), mask=unknown)


def _humans(world: World, first_purchase: np.ndarray, last: int, first: int) -> None:
    folk, homes = world.folk, world.folk.homes
    tie = {households.TWIN: "twin", households.NAMESAKE: "namesake", households.COUPLE: "couple",
           households.CHILD: "child", households.SIBLING: "sibling", households.FLATMATE: "flatmate"}  # fmt: skip
    tied = homes.tie != households.ALONE
    world.truth.add("humans", {
        "human_id": np.arange(len(folk)), "kind": pick(pa.array(list(people.KINDS)), folk.kind),
        "first_name": pick(names.FIRST, folk.first), "last_name": pick(names.FAMILIES.name, folk.last),
        "earlier_last_name": pick(names.FAMILIES.name, folk.maiden, folk.maiden != folk.last),
        "birth_date": _date(folk.birth), "household_id": homes.number,
        "tie": pick(pa.array([tie.get(code) for code in range(len(tie) + 1)]), homes.tie),
        "tied_to": pa.array(homes.head, mask=~tied),
        "joined_on": _date(first + folk.joined), "churned_on": _date(first + folk.leaves, folk.leaves > last),
        "first_purchase_on": _date(first + first_purchase, first_purchase > last), "orders_a_day": folk.rate,
        "email_group": pick(pa.array(people.GROUPS), folk.group), "email_effect": folk.effect,
        "best_hour": folk.best_hour, "favourite_category": pick(pa.array(list(words.GOODS)), folk.taste),
    })  # fmt: skip


def _leads(world: World, last: int, first: int) -> None:
    pipeline = world.pipeline
    lost = ~(pipeline.wins & (pipeline.closed <= last))
    world.truth.add("lead_propensity", {
        "lead_id": trade.lead_ids(np.arange(len(pipeline.human))), "human_id": pipeline.human,
        "propensity": pipeline.propensity, "created_on": _date(first + pipeline.created),
        "won_on": _date(first + pipeline.closed, lost),
    })  # fmt: skip
    leads = np.flatnonzero(pipeline.created <= last)
    world.truth.records("leads", trade.lead_ids(leads), pipeline.human[leads])


def _identifiers(world: World) -> None:
    folk, pipeline, truth = world.folk, world.pipeline, world.truth
    everybody = np.arange(len(folk))
    for emails, humans in ((folk.email, everybody), (folk.second_email, everybody), (pipeline.email, pipeline.human)):
        has_email = pc.is_valid(emails)
        truth.identifiers("email", emails.filter(has_email), humans[has_email.to_numpy(zero_copy_only=False)])
    changes = folk.phones.later[folk.phones.changes < NEVER]
    changers, at_home = everybody[folk.phones.changes < NEVER], everybody[folk.phones.home >= 0]
    lines = ((folk.phones.first, everybody), (changes, changers), (folk.phones.home[at_home], at_home),
             (pipeline.line[pipeline.line >= 0], pipeline.human[pipeline.line >= 0]))  # fmt: skip
    for places, humans in lines:
        has_phone = folk.has_phone[humans] | (places >= folk.phones.company)
        truth.identifiers("phone", join("+", *folk.phones.text(places[has_phone])), humans[has_phone])


def _shared_emails(world: World) -> None:
    folk, pipeline, truth = world.folk, world.pipeline, world.truth
    family = np.flatnonzero(folk.family_email)
    truth.shared("email", folk.email.take(pa.array(family)), family, "family")
    role = np.flatnonzero(pipeline.mailbox == trade.ROLE)
    truth.shared("email", pipeline.email.take(pa.array(role)), pipeline.human[role], "role")
    heirs = np.flatnonzero(pipeline.predecessor >= 0)
    for lead in (heirs, pipeline.predecessor[heirs]):
        truth.shared("email", pipeline.email.take(pa.array(heirs)), pipeline.human[lead], "taken_over")


def _shared_phones(world: World) -> None:
    folk, pipeline, records = world.folk, world.pipeline, world.records
    phones, truth = folk.phones, world.truth

    def tell_of(places: np.ndarray, humans: np.ndarray, why: str) -> None:
        truth.shared("phone", join("+", *phones.text(places)), humans, why)

    home = np.flatnonzero(phones.home >= 0)
    tell_of(phones.home[home], home, "family")
    for line, human in ((pipeline.line, pipeline.human), (records.line, records.human)):
        at_work = np.flatnonzero(line >= phones.company)
        tell_of(line[at_work], human[at_work], "switchboard")
    heirs = np.flatnonzero(phones.passed_on)
    for human in (heirs, phones.later[heirs]):  # a number that passes on is its first holder's place
        tell_of(phones.later[heirs], human, "recycled")
    nobody = np.flatnonzero(records.no_phone)
    truth.shared("phone", records.phone.take(pa.array(nobody)), records.human[nobody], "placeholder")


def _consents(world: World, consents: Consents, last: int) -> None:
    """Of those who are there: what they allow at the end of the last day, and through which address."""
    there = np.flatnonzero(world.folk.joined <= last)
    for place in range(len(CHANNELS)):
        granted = consents.granted[there, place]
        world.truth.add("consent_standing", {
            "human_id": there, "channel": CHANNELS[place].as_py(), "purpose": PURPOSES[place].as_py(),
            "allowed": where(granted, True, False), "email": world.contact.take(pa.array(there)),
        })  # fmt: skip
