"""Birth dates: placeholders, and years in which nobody who lives was born."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from people.cleansing.spec import CleansingSpec
from people.cleansing.values import TEXT, Answers, shares

LAST_MONTH = 12  # no day above it can be a month
MANY_DATES = 40  # of so many three in five lie above the twelfth: that none does by chance is one in 10^16


def birth_date_answers(dates: pa.Array, sources: pa.Array, today: date, spec: CleansingSpec) -> Answers:
    """Texts YYYY-MM-DD; NULL where it is a placeholder, later than `today`, or too long ago. One that far more of a
    source's people have than can be born on one day is doubted and stays.
    """
    texts = dates.cast(TEXT)
    oldest = today.replace(year=today.year - spec.oldest_years, day=1)
    is_placeholder = pc.is_in(dates, value_set=pa.array(spec.placeholder_dates, pa.date32()))
    is_future = pc.fill_null(pc.greater(dates, pa.scalar(today, pa.date32())), False)
    is_old = pc.and_not(pc.fill_null(pc.less(dates, pa.scalar(oldest, pa.date32())), False), is_placeholder)
    counts, share = shares(texts, sources)
    is_frequent = pa.array((counts >= spec.frequent_date_records) & (share >= spec.frequent_date_share))
    is_turned = pa.array(_turned(dates, sources))
    wrong = pc.or_(pc.or_(is_placeholder, is_future), is_old)
    flags = {
        "day_month": pc.and_not(pc.and_(is_turned, pc.is_valid(dates)), wrong),
        "frequent": pc.and_not(is_frequent, wrong), "future": is_future, "placeholder": is_placeholder,
        "too_old": is_old,
    }  # fmt: skip
    return Answers(pc.if_else(wrong, None, texts), flags, pa.nulls(len(dates), TEXT))


def _turned(dates: pa.Array, sources: pa.Array) -> np.ndarray:
    """Whether a record's source has never named a day above the twelfth, of so many that one would: its file reads day
    and month in each other's place, and every other date is refused.
    """
    days = pc.fill_null(pc.day(dates), 0).to_numpy(zero_copy_only=False)
    places = sources.fill_null("").dictionary_encode().indices.to_numpy(zero_copy_only=False)
    count = int(places.max()) + 1 if len(places) else 0
    held = np.bincount(places, days > 0, count)
    above = np.bincount(places, days > LAST_MONTH, count)
    return ((held >= MANY_DATES) & (above == 0))[places]
