"""E-mail events -> the lines that SendGrid's event webhook posts."""

import numpy as np
import pyarrow as pa

from sample_shop import chance, words
from sample_shop.clock import Day, day_of
from sample_shop.mailing import (
    CLICK,
    LINKS,
    MESSAGES_A_DAY,
    NOBODY,
    OPEN,
    PROXY,
    SCANNER,
    MailEvents,
    Mailing,
    campaign_names,
)
from sample_shop.traces.text import Raw, hex_ids, join, json_lines, numbers, pick, where

CODES = pa.array(
    ["processed", "deferred", "delivered", "bounce", "dropped", "open", "click", "spamreport", "unsubscribe"]
)
REASONS = pa.array([None, "550 5.1.1 no such user", "421 4.2.2 mailbox full", "Unsubscribed Address"], pa.string())
BOUNCE_TYPES = pa.array([None, "bounce", "blocked", None], pa.string())
CATEGORIES = pa.array([f'["{name}","marketing"]' for name in (*words.NEWSLETTERS, "cart")])
DAYS_IN_FLIGHT = 8


def write(mailing: Mailing, day: Day, events: MailEvents) -> None:
    world = mailing.world
    sg_event_id = hex_ids(day.number * 10**9 + np.arange(len(events.at)), world.seed + 3)
    for machine, reason in ((PROXY, "proxy_open"), (SCANNER, "scanner_click")):
        is_machine = events.machine == machine
        world.truth.add("machine_events", {"sg_event_id": sg_event_id.filter(pa.array(is_machine)), "what": reason})
    lines = _lines(mailing, day, events, sg_event_id) if len(events.at) else pa.array([], pa.string())
    world.files["mail"].write(day, lines, world.seed, world.disk)


def _lines(mailing: Mailing, day: Day, events: MailEvents, sg_event_id: pa.Array) -> pa.Array:
    world, human = mailing.world, mailing.human[events.to]
    reacts = np.isin(events.code, [OPEN, CLICK])
    agent = np.where(events.machine == PROXY, 3, np.where(events.machine == SCANNER, 4, chance.one_of(2, human, 41)))
    address = world.folk.ip(human, day.number)
    gateway = join("203.0.113.", numbers(chance.one_of(254, world.pipeline.company_of(human) + 1, 42) + 1))
    seen_from = where(events.machine == NOBODY, address, gateway)
    link = join(
        "https://shop.example/",
        pick(pa.array(["", "offers", "p/P0003"]), np.clip(events.link, 0, LINKS - 1)),
        "?from=mail",
    )
    age = np.minimum(
        day.number - events.message // MESSAGES_A_DAY, DAYS_IN_FLIGHT - 1
    )  # events follow e-mails of earlier days
    names = pa.concat_arrays([campaign_names(day_of(world.first_day, day.number - k)) for k in range(DAYS_IN_FLIGHT)])
    name = pick(names, age * len(CATEGORIES) + events.campaign)
    return json_lines({
        "email": mailing.email.take(pa.array(events.to)), "timestamp": events.at, "event": pick(CODES, events.code),
        "sg_event_id": sg_event_id, "sg_message_id": join(hex_ids(events.message, world.seed + 4), ".filter01"),
        "category": Raw(pick(CATEGORIES, events.campaign)), "url": where(events.code == CLICK, link, None),
        "useragent": where(reacts, pick(pa.array(list(words.AGENTS.values())), agent), None),
        "ip": where(reacts, seen_from, None), "type": pick(BOUNCE_TYPES, events.detail),
        "reason": pick(REASONS, events.detail), "marketing_campaign_name": name,
    })  # fmt: skip
