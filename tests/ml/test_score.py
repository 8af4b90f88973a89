import numpy as np
import pyarrow as pa

from ml.score import deciles, matrix, reasons


def test_deciles_do_not_depend_on_the_order_of_rows_and_ties_go_by_person():
    raw = np.array([1.0, 1.0, 1.0, 1.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    people = pa.array([f"p{n}" for n in range(10)])
    first = dict(zip(people.to_pylist(), deciles(raw, people), strict=True))
    order = np.random.default_rng(1).permutation(10)
    second = dict(
        zip(people.take(pa.array(order)).to_pylist(), deciles(raw[order], people.take(pa.array(order))), strict=True)
    )
    assert first == second
    assert first["p4"] == 1 and first["p0"] == 2 and sorted(first.values()) == list(range(1, 11))


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
