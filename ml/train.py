"""From rows to a judged model: folds in the order of time, fit, calibrate, evaluate, decide. No warehouse."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ml import card
from ml.calibrate import fit_calibrator
from ml.evaluate import Report, baseline_ranks, by_group, evaluate
from ml.fit import fit, raw_scores
from ml.promote import Decision, decide
from ml.score import matrix
from ml.spec import ModelSpec
from ml.split import Fold, folds, judging_days, parts

FEWEST_TO_CALIBRATE = 10  # of the rarer class: ten events a parameter (Peduzzi 1996, J Clin Epidemiol 49: 1373-9)


@dataclass(frozen=True)
class Outcome:
    """What training came to; `model` is None when there was not enough to learn from, and the decision says why."""

    decision: Decision
    model: card.Model | None = None
    report: Report | None = None
    baseline: Report | None = None


@dataclass(frozen=True)
class _Trial:
    """One fold: the model of its training days, judged on its test day."""

    fold: Fold
    booster: Any
    calibrator: Any
    report: Report
    baseline: Report
    train_rows: int
    train_positive: int
    test: np.ndarray
    raw: np.ndarray
    groups: list[dict[str, Any]] = field(default_factory=list)


def train(spec: ModelSpec, rows: pa.Table, columns: list[str], day: date, champion: card.Model | None) -> Outcome:
    """Train `spec` on labelled rows (person_id, as_of_day, label and every column that is asked for).

    The newest fold's model is the challenger; older folds only show in the card how steady the figures are.
    """
    days = rows["as_of_day"].to_pandas()
    label = rows["label"].cast("float64").to_numpy()
    rule = spec.promote_if
    fold_days = spec.fold_days or judging_days(days, label, spec.task, rule.min_rows, rule.min_positive)
    fold_list = folds(days.unique(), spec.horizon_days, spec.folds, fold_days)
    if not fold_list:
        return Outcome(Decision(False, [_too_short(spec, days)]))
    trials = [_trial(spec, rows, columns, days, label, fold) for fold in fold_list]
    newest = trials[-1]
    if isinstance(newest, str):
        return Outcome(Decision(False, [newest]))
    champion_report = _champion_report(spec, champion, rows, newest.test, label)
    decision = decide(
        newest.report, champion_report, spec.promote_if, newest.baseline, newest.train_rows, newest.train_positive
    )
    content = _card(spec, rows, trials, newest, champion_report, champion, decision, label)
    model = card.new_model(spec, day, columns, newest.booster, newest.calibrator, content)
    return Outcome(decision, model, newest.report, newest.baseline)


def _too_short(spec: ModelSpec, days: pd.Series) -> str:
    labelled_days = sorted(days.unique())
    if not labelled_days:
        return (
            f"not trained, because on no day of the features that lies {spec.horizon_days} days back anybody was"
            f" eligible ({spec.eligible})"
        )
    return (
        f"not trained, because the days on which anybody was eligible ({labelled_days[0]} to {labelled_days[-1]},"
        f" {len(labelled_days)} of them) leave no two that lie {spec.horizon_days} days before the newest: too few to"
        " learn first and judge later"
    )


def _trial(
    spec: ModelSpec, rows: pa.Table, columns: list[str], days: pd.Series, label: np.ndarray, fold: Fold
) -> _Trial | str:
    """The fold's trial, or why there is none."""
    train_rows, calibrate_rows, test = parts(fold, days, rows["person_id"].to_pandas())
    for name, mask in (("training", train_rows), ("calibration", calibrate_rows), ("test", test)):
        if not mask.any():
            return f"not trained, because there is no {name} row"
        if len(np.unique(label[mask])) < 2:
            return f"not trained, because every label of the {mask.sum()} {name} rows is {label[mask][0]:g}"
    if reason := _too_few_to_calibrate(spec, label[calibrate_rows]):
        return reason
    wide = matrix(rows, columns)
    booster = fit(wide[train_rows], label[train_rows], columns, spec.task, spec.lightgbm)
    calibrator = fit_calibrator(
        spec.calibration, spec.task, raw_scores(booster, wide[calibrate_rows], spec.task), label[calibrate_rows]
    )
    raw = raw_scores(booster, wide[test], spec.task)
    report = evaluate(spec.task, raw, calibrator.apply(raw), label[test])
    naive = _baseline(spec, rows, calibrate_rows, test, label)
    return _Trial(
        fold, booster, calibrator, report, naive, int(train_rows.sum()), int((label[train_rows] > 0).sum()), test, raw
    )


def _too_few_to_calibrate(spec: ModelSpec, label: np.ndarray) -> str:
    """Why no calibrator can be fitted on these labels; "" where one can."""
    rare = int(min((label > 0).sum(), (label <= 0).sum()))
    if spec.task != "binary" or spec.calibration == "none" or rare >= FEWEST_TO_CALIBRATE:
        return ""
    return (
        f"not trained, because {rare} of the {len(label)} calibration rows are of the rarer class, at least"
        f" {FEWEST_TO_CALIBRATE} asked: a probability cannot be read off fewer"
    )


def _baseline(
    spec: ModelSpec, rows: pa.Table, calibrate_rows: np.ndarray, test: np.ndarray, label: np.ndarray
) -> Report:
    """The naive rule gets the same help as the model: its ranks are turned into numbers on the calibration rows."""
    names = [name.removeprefix("-") for name in spec.baseline.rank_by]
    frame = pd.DataFrame(matrix(rows, names), columns=names)
    ranks = baseline_ranks(frame[calibrate_rows], spec.baseline.rank_by)
    calibrator = fit_calibrator("isotonic", spec.task, ranks, label[calibrate_rows])
    raw = baseline_ranks(frame[test], spec.baseline.rank_by)
    return evaluate(spec.task, raw, calibrator.apply(raw), label[test])


def _champion_report(
    spec: ModelSpec, champion: card.Model | None, rows: pa.Table, test: np.ndarray, label: np.ndarray
) -> Report | None:
    """The champion on the challenger's test rows; None where it answers another question or its columns are gone."""
    if champion is None or champion.spec.task != spec.task or not set(champion.columns) <= set(rows.column_names):
        return None
    raw = raw_scores(champion.booster, matrix(rows, champion.columns)[test], spec.task)
    return evaluate(spec.task, raw, champion.calibrator.apply(raw), label[test])


def _card(
    spec: ModelSpec,
    rows: pa.Table,
    trials: list[_Trial | str],
    newest: _Trial,
    champion_report: Report | None,
    champion: card.Model | None,
    decision: Decision,
    label: np.ndarray,
) -> dict[str, Any]:
    groups = pd.DataFrame(matrix(rows, list(spec.fairness.by))[newest.test], columns=list(spec.fairness.by))
    return {
        "question": spec.question,
        "decision_effect": spec.decision_effect,
        "promoted": decision.promoted,
        "reasons": decision.reasons,
        "metrics": newest.report.metrics,
        "deciles": newest.report.deciles,
        "baseline": newest.baseline.metrics,
        "train_rows": newest.train_rows,
        "train_positive": newest.train_positive,
        "fold": _fold(newest.fold),
        "champion": {"version": champion.version, "metrics": champion_report.metrics}
        if champion and champion_report
        else None,
        "earlier_folds": [
            t if isinstance(t, str) else {**_fold(t.fold), "metrics": t.report.metrics, "baseline": t.baseline.metrics}
            for t in trials[:-1]
        ],
        "importance": _importance(newest.booster),
        "fairness": by_group(groups, newest.raw, newest.calibrator.apply(newest.raw), label[newest.test]),
    }


def _importance(booster: Any) -> dict[str, float]:
    """What each column contributes to the trees, largest first; columns that no tree uses are left out."""
    gain = booster.feature_importance("gain")
    order = np.argsort(-gain, kind="stable")
    return {booster.feature_name()[i]: round(float(gain[i]), 3) for i in order if gain[i] > 0}


def _fold(fold: Fold) -> dict[str, Any]:
    return {
        "train": [d.isoformat() for d in fold.train], "calibrate": [d.isoformat() for d in fold.calibrate],
        "test": [d.isoformat() for d in fold.test], "apart_by_people": fold.apart_by_people,
    }  # fmt: skip
