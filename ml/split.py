"""Which days teach, which calibrate, which judge: in the order of time, a horizon apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

MOST_JUDGING_DAYS = 12
CALIBRATION_PEOPLE = 0.3  # share of people kept for the calibrator where history is too short to keep days apart


@dataclass(frozen=True)
class Fold:
    """Days of the feature table. Every label of `train` and `calibrate` is known before `test` begins.

    apart_by_people   a gap between training and calibration would cost more than half of the days to learn from, so
                      that their label windows overlap: then no person is in both.
    """

    train: tuple[date, ...]
    calibrate: tuple[date, ...]
    test: tuple[date, ...]
    apart_by_people: bool


def judging_days(as_of_day: pd.Series, label: np.ndarray, task: str, min_rows: int, min_positive: int) -> int:
    """The fewest of the newest days that hold `min_rows` rows and `min_positive` labels of the rarer class; at most a
    third of all days, for the rest must teach. 1 where no number of them does: what is short is then said of it.
    """
    by_day = pd.DataFrame({"day": as_of_day.to_numpy(), "positive": label > 0}).groupby("day")["positive"]
    newest_first = by_day.agg(["size", "sum"]).sort_index(ascending=False)
    most = min(max(len(newest_first) // 3, 1), MOST_JUDGING_DAYS)
    counts = newest_first.head(most).cumsum()
    negative = counts["size"] - counts["sum"]
    rare = np.minimum(counts["sum"], negative) if task == "binary" else counts["sum"]
    is_enough = ((counts["size"] >= min_rows) & (rare >= min_positive)).to_numpy()
    return int(is_enough.argmax()) + 1 if is_enough.any() else 1


def folds(days: Iterable[date], horizon_days: int, count: int, fold_days: int = 1) -> list[Fold]:
    """Up to `count` folds, oldest first; the last tests on the newest `fold_days` of the labelled `days`.

    Each earlier one lies a day earlier. Empty when history is too short for one.
    """
    ordered, horizon = sorted(set(days)), timedelta(days=horizon_days)
    ends = range(len(ordered), max(len(ordered) - count, 0), -1)
    candidates = [_fold(ordered[:end], horizon, fold_days) for end in ends]
    return [fold for fold in candidates[::-1] if fold is not None]


def _fold(days: list[date], horizon: timedelta, fold_days: int) -> Fold | None:
    """The fold that tests on the last of `days`; with fewer of them to test on where history is short."""
    for size in range(min(fold_days, len(days)), 0, -1):
        test = days[-size:]
        past = [day for day in days if day + horizon <= test[0]]
        if len(past) >= 2:  # one to learn from, and a later one that calibrates
            calibrate = past[-min(size, len(past) - 1) :]
            earlier = past[: -len(calibrate)]
            gapped = [day for day in earlier if day + horizon <= calibrate[0]]
            if 2 * len(gapped) >= len(earlier):
                return Fold(tuple(gapped), tuple(calibrate), tuple(test), apart_by_people=False)
            return Fold(tuple(earlier), tuple(calibrate), tuple(test), apart_by_people=True)
    return None


def parts(fold: Fold, as_of_day: pd.Series, person_id: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks (train, calibrate, test) over rows; no row is in two of them."""
    train, calibrate = as_of_day.isin(fold.train).to_numpy(), as_of_day.isin(fold.calibrate).to_numpy()
    if fold.apart_by_people:
        share = pd.util.hash_array(person_id.to_numpy(dtype=object), categorize=False) / 2**64
        train, calibrate = train & (share >= CALIBRATION_PEOPLE), calibrate & (share < CALIBRATION_PEOPLE)
    return train, calibrate, as_of_day.isin(fold.test).to_numpy()
