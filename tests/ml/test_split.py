from datetime import date, timedelta

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ml.split import folds, judging_days, parts

days = st.lists(st.dates(date(2024, 1, 1), date(2026, 1, 1)), max_size=30)


@given(days, st.integers(1, 400), st.integers(1, 6), st.integers(1, 4))
def test_everything_learnt_was_known_a_horizon_before_the_first_test_day(found, horizon_days, count, fold_days):
    for fold in folds(found, horizon_days, count, fold_days):
        end = fold.test[0] - timedelta(days=horizon_days)
        assert max(fold.train) <= end
        assert max(fold.calibrate) <= end
        assert max(fold.train) < min(fold.calibrate), "calibration lies later than training"
        if not fold.apart_by_people:
            assert max(fold.train) + timedelta(days=horizon_days) <= min(fold.calibrate)


@given(days, st.integers(1, 400), st.integers(1, 6), st.integers(1, 4))
def test_the_last_fold_tests_on_the_newest_day_and_folds_go_forward(found, horizon_days, count, fold_days):
    made = folds(found, horizon_days, count, fold_days)
    assert len(made) <= count
    if made:
        assert made[-1].test[-1] == max(found)
    assert [f.test[-1] for f in made] == sorted({f.test[-1] for f in made})


def test_a_history_without_two_days_before_the_test_gives_no_fold():
    first = date(2026, 1, 1)
    assert folds([], 30, 3) == []
    assert folds([first, first + timedelta(days=40)], 30, 3) == []
    assert len(folds([first, first + timedelta(days=1), first + timedelta(days=40)], 30, 3)) == 1


def test_no_row_is_in_two_parts_and_people_are_apart_where_days_cannot_be():
    first = date(2026, 1, 1)
    fold = folds([first, first + timedelta(days=1), first + timedelta(days=40)], 30, 1)[0]
    assert fold.apart_by_people
    as_of = pd.Series(np.repeat([first, first + timedelta(days=1), first + timedelta(days=40)], 200))
    person = pd.Series([f"p_{n}" for n in range(200)] * 3)
    train, calibrate, test = parts(fold, as_of, person)
    assert not (train & calibrate).any() and not (train & test).any() and not (calibrate & test).any()
    assert not set(person[train]) & set(person[calibrate])
    assert 0.15 < calibrate.sum() / 200 < 0.45


def test_as_few_of_the_newest_days_judge_as_hold_enough_rows_of_both_classes():
    per_day, label = 60, np.tile(np.r_[np.ones(6), np.zeros(54)], 18)
    days = pd.Series(np.repeat([date(2025, 1, 1) + timedelta(days=30 * n) for n in range(18)], per_day))
    assert judging_days(days, label, "binary", 100, 12) == 2
    assert judging_days(days, label, "binary", 150, 20) == 4
    assert judging_days(days, 1 - label, "binary", 150, 20) == 4, "the rarer class is the zeros"
    assert judging_days(days, 1 - label, "regression", 150, 20) == 3, "of an amount what lies above zero counts"
    assert judging_days(days, label, "binary", 360, 36) == 6, "a third of all"
    assert judging_days(days, label, "binary", 361, 36) == 1, "more would be taken from what must teach"
    assert judging_days(days[:60], label[:60], "binary", 150, 20) == 1
    assert judging_days(days[:0], label[:0], "binary", 150, 20) == 1
