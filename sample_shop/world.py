"""Everything the days share: who there is, what is sold, where it is written."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from sample_shop.catalogue import Catalogue
from sample_shop.clock import Day
from sample_shop.people import People
from sample_shop.records import Records
from sample_shop.traces.database import Database
from sample_shop.traces.files import DayFiles, Disk
from sample_shop.trade import Pipeline
from sample_shop.truth import Truth

# how much is bought in each month and on each weekday, Monday first; both average about 1
MONTHS = np.array([0.82, 0.85, 0.95, 0.95, 1.0, 0.95, 0.9, 0.88, 0.98, 1.05, 1.3, 1.75])
WEEKDAYS = np.array([0.9, 0.88, 0.92, 0.98, 1.12, 1.2, 1.0])


@dataclass(frozen=True, slots=True)
class World:
    seed: int
    first_day: date
    folk: People
    pipeline: Pipeline
    records: Records
    catalogue: Catalogue
    database: Database
    disk: Disk
    truth: Truth
    files: dict[str, DayFiles]
    contact: pa.Array  # (people,) the address each gave for mail; NULL for those who gave none
    events_per_person: float
    mails_per_person: float

    def season(self, day: Day) -> float:
        closed = (day.date.month, day.date.day) in {(12, 25), (1, 1)}
        return float(MONTHS[day.date.month - 1] * WEEKDAYS[day.date.weekday()] * (0.3 if closed else 1))
