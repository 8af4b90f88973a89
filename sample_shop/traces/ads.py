"""What the advertising platforms charge for yesterday's campaigns; a column more since 2026."""

import numpy as np
import pyarrow as pa

from sample_shop import chance
from sample_shop.clock import Day
from sample_shop.traces.text import csv_lines, money
from sample_shop.world import World

CAMPAIGNS = [  # platform, id, name, clicks a day for each thousand humans, pence a click
    ("google", "g-101", "brand", 6.0, 18),
    ("google", "g-102", "shopping", 9.0, 42),
    ("meta", "m-201", "prospecting", 7.0, 55),
    ("meta", "m-202", "retargeting", 4.0, 35),
    ("linkedin", "l-301", "trade_leads", 0.8, 480),
]
PLATFORM, ID, NAME = (pa.array([row[place] for row in CAMPAIGNS]) for place in range(3))
HEADER = "spend_day,platform,campaign_id,campaign,impressions,clicks,conversions,cost,currency"
VIDEO_VIEWS_FROM = "2026-01-01"


def write(world: World, day: Day) -> None:
    rng = chance.stream(world.seed, "ads", day.number)
    expected = np.array([row[3] for row in CAMPAIGNS]) * len(world.folk) / 1000 * world.season(day)
    clicks = rng.poisson(expected)
    impressions = (clicks + 1) * rng.integers(30, 90, len(clicks))
    columns = {
        "spend_day": str(day.date),
        "platform": PLATFORM,
        "campaign_id": ID,
        "campaign": NAME,
        "impressions": impressions,
        "clicks": clicks,
        "conversions": rng.binomial(clicks, 0.04),
        "cost": money(clicks * np.array([row[4] for row in CAMPAIGNS]) * rng.integers(85, 116, len(clicks)) // 100),
        "currency": "GBP",
    }
    more = str(day.date) >= VIDEO_VIEWS_FROM
    if more:
        columns["video_views"] = impressions // 7
    header = HEADER + (",video_views\n" if more else "\n")
    world.files["ads"].write(day, csv_lines(columns), world.seed, world.disk, header)
