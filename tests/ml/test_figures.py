"""Calibration and figures against values worked out by hand or by a known truth."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from ml.calibrate import Calibrator, fit_calibrator
from ml.evaluate import baseline_ranks, by_group, evaluate

RNG = np.random.default_rng(5)
RAW = RNG.normal(0, 2, 20_000)
TRUE = 1 / (1 + np.exp(-(0.5 * RAW - 1)))
LABEL = (RNG.random(20_000) < TRUE).astype(float)


@pytest.mark.parametrize("method", ["isotonic", "platt"])
def test_a_calibrator_recovers_the_true_probability_and_never_turns_the_order_round(method: str):
    fitted = fit_calibrator(method, "binary", RAW, LABEL)
    assert np.abs(fitted.apply(RAW) - TRUE).mean() < 0.02
    assert (np.diff(fitted.apply(np.sort(RAW))) >= 0).all()
    assert ((fitted.apply(np.array([-1e9, 1e9])) >= 0) & (fitted.apply(np.array([-1e9, 1e9])) <= 1)).all()


@pytest.mark.parametrize("method", ["isotonic", "platt", "none"])
def test_a_calibrator_survives_json_without_losing_a_bit(method: str):
    fitted = fit_calibrator(method, "binary", RAW, LABEL)
    kept = json.loads(json.dumps([fitted.x, fitted.y]))
    assert (Calibrator(method, "binary", tuple(kept[0]), tuple(kept[1])).apply(RAW) == fitted.apply(RAW)).all()


def test_the_calibration_error_of_the_truth_is_small_and_of_a_boast_large():
    honest = evaluate("binary", RAW, TRUE, LABEL).metrics
    boast = evaluate("binary", RAW, np.clip(TRUE + 0.2, 0, 1), LABEL).metrics
    assert honest["calibration_error"] < 0.02 < 0.15 < boast["calibration_error"]
    assert honest["auc"] == boast["auc"]


def test_deciles_hold_all_rows_once_and_the_first_holds_the_highest():
    table = evaluate("binary", RAW, TRUE, LABEL).deciles
    assert [row["decile"] for row in table] == list(range(1, 11))
    assert sum(row["rows"] for row in table) == len(RAW)
    assert all(a["score"] > b["score"] for a, b in itertools.pairwise(table))


def test_a_perfect_order_of_amounts_has_gini_and_spearman_one_and_the_reverse_minus_one():
    amount = np.arange(100.0)
    assert evaluate("regression", amount, amount, amount).metrics["gini"] == pytest.approx(1)
    assert evaluate("regression", amount, amount, amount).metrics["spearman"] == pytest.approx(1)
    assert evaluate("regression", -amount, amount, amount).metrics["gini"] == pytest.approx(-1)


def test_one_class_only_gives_figures_and_no_crash():
    assert evaluate("binary", RAW, TRUE, np.zeros_like(RAW)).metrics["auc"] == 0.5
    assert evaluate("regression", RAW, RAW, np.zeros_like(RAW)).metrics["spearman"] == 0


def test_a_baseline_ranks_by_its_signed_features_and_puts_the_unknown_last():
    frame = pd.DataFrame({"days": [5.0, 50.0, np.nan], "orders": [3.0, 1.0, 2.0]})
    assert baseline_ranks(frame, ("-days",)).argsort().tolist() == [2, 1, 0]
    assert baseline_ranks(frame, ("-days", "orders")).argmax() == 0


def test_groups_are_reported_with_what_was_said_and_what_came_and_the_unknown_are_a_group():
    group = np.where(np.arange(len(RAW)) % 3 == 2, np.nan, np.arange(len(RAW)) % 3)
    rows = by_group(pd.DataFrame({"is_female": group, "age": np.arange(len(RAW))}), RAW, TRUE, LABEL)
    female = [row for row in rows if row["column"] == "is_female"]
    assert {row["group"] for row in female} == {"0.0", "1.0", "unknown"}
    assert sum(row["rows"] for row in female) == len(RAW)
    assert len([row for row in rows if row["column"] == "age"]) == 4
    assert {"mean_score", "mean_label", "in_decile_1"} <= set(rows[0])


def test_no_figure_depends_on_the_order_of_rows_that_share_a_score():
    raw = np.r_[np.ones(5), np.zeros(95)]
    label = np.r_[np.ones(20), np.zeros(80)]
    one = evaluate("binary", raw, raw, label).metrics
    order = np.r_[np.arange(5), np.arange(5, 100)[::-1]]
    assert evaluate("binary", raw[order], raw[order], label[order]).metrics == one
    amounts = evaluate("regression", raw, raw, label).metrics
    assert evaluate("regression", raw[order], raw[order], label[order]).metrics == amounts
    assert evaluate("regression", np.zeros(100), raw, label).metrics["gini"] == pytest.approx(0)


def test_of_a_tiny_group_only_its_size_is_reported():
    group = np.where(np.arange(len(RAW)) < 19, 1.0, 0.0)
    tiny, large = sorted(by_group(pd.DataFrame({"x": group}), RAW, TRUE, LABEL), key=lambda row: row["rows"])
    assert (tiny["rows"], tiny["mean_label"], tiny["in_decile_1"]) == (19, None, None)
    assert large["mean_label"] is not None
