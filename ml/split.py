"""Which days teach, which calibrate, which judge: in the order of time, a horizon apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

CALIBRATION_PEOPLE = 0.3  # share of people kept for the calibrator where history is too short to keep days apart


@dataclass(frozen=True)
class Fold:
    """Days of the feature table. Every label of `train` and `calibrate` is known before `test` begins.

    apart_by_people   the calibration days lie after the training days but less than a horizon, so that their label
                      windows overlap: then no person is in both.
    """

    train: tuple[date, ...]
    calibrate: tuple[date, ...]
    test: date
    apart_by_people: bool

    @property
    def days(self) -> set[date]:
        return {*self.train, *self.calibrate, self.test}


def folds(days: Iterable[date], horizon_days: int, count: int) -> list[Fold]:
    """Up to `count` folds, oldest first; the last tests on the newest of the labelled `days`. Empty when too short."""
    ordered = sorted(set(days))
    found = (_fold(ordered, test, timedelta(days=horizon_days)) for test in reversed(ordered))
    return [fold for fold in found if fold is not None][:count][::-1] if ordered else []


def _fold(days: list[date], test: date, horizon: timedelta) -> Fold | None:
    past = [day for day in days if day + horizon <= test]
    if len(past) < 2:
        return None  # nothing to learn from before the days that calibrate
    calibrate = past[-1]
    before = [day for day in past if day + horizon <= calibrate]
    return Fold(tuple(before or past[:-1]), (calibrate,), test, apart_by_people=not before)


def parts(fold: Fold, as_of_day: pd.Series, person_id: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks (train, calibrate, test) over rows; no row is in two of them."""
    train, calibrate = as_of_day.isin(fold.train).to_numpy(), as_of_day.isin(fold.calibrate).to_numpy()
    if fold.apart_by_people:
        share = pd.util.hash_array(person_id.to_numpy(dtype=object), categorize=False) / 2**64
        train, calibrate = train & (share >= CALIBRATION_PEOPLE), calibrate & (share < CALIBRATION_PEOPLE)
    return train, calibrate, (as_of_day == fold.test).to_numpy()
