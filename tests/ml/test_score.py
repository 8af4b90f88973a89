import numpy as np
import pyarrow as pa
import pytest

from ml.score import deciles, matrix, reasons


def test_equal_scores_have_equal_deciles_in_whatever_order_they_come_and_a_higher_score_is_never_in_a_lower_one():
    for seed in range(80):
        rng = np.random.default_rng(seed)
        raw = rng.integers(0, rng.integers(2, 30), rng.integers(2, 200)) / 7
        found = np.array(deciles(raw).to_pylist(), dtype=float)
        order = rng.permutation(len(raw))
        assert np.array_equal(np.array(deciles(raw[order]).to_pylist(), dtype=float), found[order], equal_nan=True)
        if np.isnan(found).any():
            assert np.isnan(found).all()
            continue
        by_score = {value: set(found[raw == value]) for value in np.unique(raw)}
        assert all(len(values) == 1 for values in by_score.values())
        falling = [next(iter(by_score[value])) for value in sorted(by_score)]
        assert falling == sorted(falling, reverse=True) and min(falling) >= 1 and max(falling) <= 10


def test_without_ties_each_decile_has_a_tenth():
    assert np.bincount(deciles(np.random.default_rng(1).normal(size=360)).to_pylist()).tolist() == [0] + [36] * 10


@pytest.mark.parametrize("raw", [[0.5] * 40, [0.5], []])
def test_scores_that_tell_nobody_from_anybody_give_no_deciles(raw):
    found = deciles(np.array(raw, dtype=float)).to_pylist()
    assert found == [None] * len(raw)


def test_reasons_name_the_strongest_with_their_values_and_leave_out_what_did_nothing():
    features = np.array([[12.0, np.nan, 0.256, 1e300], [1.0, 2.0, 3.0, 4.0]])
    effect = np.array([[0.5, -2.0, 1.0, 0.1], [0.0, 0.0, -1.0, 0.0]])
    assert reasons(["a", "b", "c", "d"], features, effect).to_pylist() == [
        "b unknown lowers; c 0.26 raises; a 12 raises",
        "c 3 lowers",
    ]


def test_reasons_of_a_model_with_one_feature_or_of_infinite_values_do_not_crash():
    assert reasons(["a"], np.array([[np.inf]]), np.array([[1.0]])).to_pylist() == ["a inf raises"]


def test_a_matrix_holds_the_columns_in_the_models_order_and_unknown_as_nan():
    table = pa.table({"b": pa.array([1, None], pa.int64()), "a": [True, False], "c": ["x", "y"]})
    found = matrix(table, ["a", "b"])
    assert found[0].tolist() == [1.0, 1.0] and found[1, 0] == 0 and np.isnan(found[1, 1])


def test_a_person_without_any_reason_keeps_a_place_of_their_own():
    effect = np.array([[0.0, 0.0], [0.0, 1.0]])
    assert reasons(["a", "b"], np.array([[1.0, 2.0], [3.0, 4.0]]), effect).to_pylist() == ["", "b 4 raises"]
