"""How good a ranking and its numbers are, on rows that nothing was fitted on; the same for model, champion,
baseline.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml.deciles import DECILES, tenths

FEWEST_OF_A_GROUP = 20  # rows; the mean label of fewer is chance, and may tell of one person
GROUPS_AT_MOST = 8  # distinct values up to which a fairness column is taken as it is; above, quarters


@dataclass(frozen=True)
class Report:
    """metrics: AUC, Spearman and so on by name. deciles: rows, mean score, mean label, decile 1 first."""

    task: str
    metrics: dict[str, float]
    deciles: list[dict[str, float]]

    @property
    def primary(self) -> tuple[str, float]:
        """What decides: who is ranked first (AUC), or how much of the money those ranked first bring (Gini)."""
        name = "auc" if self.task == "binary" else "gini"
        return name, self.metrics[name]


def evaluate(task: str, raw: np.ndarray, score: np.ndarray, label: np.ndarray) -> Report:
    """raw ranks, score is what it is said to mean, label what came. Undefined figures (one class only) are 0.5 or 0."""
    table = _decile_table(raw, score, label)
    common = {"rows": float(len(label)), "positive": float((label > 0).sum())}
    specific = _binary(raw, score, label, table) if task == "binary" else _regression(raw, score, label, table)
    return Report(task, {k: round(float(v), 6) for k, v in {**common, **specific}.items()}, _records(table))


def _binary(raw: np.ndarray, score: np.ndarray, label: np.ndarray, table: pd.DataFrame) -> dict[str, float]:
    mixed = 0 < label.mean() < 1
    return {
        "auc": float(roc_auc_score(label, raw)) if mixed else 0.5,
        "average_precision": float(average_precision_score(label, raw)) if mixed else 0.0,
        "brier": float(brier_score_loss(label, score, pos_label=1)) if mixed else float(np.mean((score - label) ** 2)),
        "calibration_error": float(np.average((table["score"] - table["label"]).abs(), weights=table["rows"])),
        "lift_at_decile_1": float(_best_tenth(raw, label) / label.mean()) if label.mean() else 0.0,
        "base_rate": float(label.mean()),
    }


def _regression(raw: np.ndarray, score: np.ndarray, label: np.ndarray, table: pd.DataFrame) -> dict[str, float]:
    gap = float(np.average((table["score"] - table["label"]).abs(), weights=table["rows"]))
    return {
        "spearman": _spearman(raw, label),
        "gini": _gini(raw, label),
        "mae": float(np.abs(score - label).mean()),
        "calibration_error": gap / abs(label.mean()) if label.mean() else gap,
        "mean_label": float(label.mean()),
    }


def _spearman(raw: np.ndarray, label: np.ndarray) -> float:
    a, b = rankdata(raw), rankdata(label)
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0


def _gini(raw: np.ndarray, label: np.ndarray) -> float:
    """Area between the cumulative label, best first, and the diagonal, as a share of what the perfect order gives."""

    def area(ordered: np.ndarray) -> float:
        captured = np.cumsum(ordered) / label.sum()
        return float(captured.mean() - (len(label) + 1) / (2 * len(label)))

    perfect = area(np.sort(label)[::-1]) if label.sum() > 0 else 0.0
    return area(_shared(raw, label)[np.argsort(-raw, kind="stable")]) / perfect if perfect > 0 else 0.0


def _shared(raw: np.ndarray, label: np.ndarray) -> np.ndarray:
    """(n,) the mean label of those who share a row's score: so no order among equals is better than another."""
    _, at, count = np.unique(raw, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(at, weights=label) / count)[at])


def _best_tenth(raw: np.ndarray, label: np.ndarray) -> float:
    """Mean label of the first tenth of the ranking, at least one row."""
    best = np.argsort(-raw, kind="stable")[: max(len(raw) // DECILES, 1)]
    return float(_shared(raw, label)[best].mean())


def _decile_table(raw: np.ndarray, score: np.ndarray, label: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"decile": tenths(raw), "score": score, "label": label})
    grouped = frame.groupby("decile", as_index=False).agg(
        rows=("label", "size"), score=("score", "mean"), label=("label", "mean")
    )
    return grouped.round(6)


def by_group(groups: pd.DataFrame, raw: np.ndarray, score: np.ndarray, label: np.ndarray) -> list[dict[str, Any]]:
    """One row for each group of each column: how many, what was said, what came, how many are in the top decile.

    Of a group of fewer than FEWEST_OF_A_GROUP rows only how many there are.
    """
    base = pd.DataFrame({"score": score, "label": label, "top": tenths(raw) == 1})
    rows: list[dict[str, Any]] = []
    for column in map(str, groups):
        values = groups[column]
        if values.nunique() > GROUPS_AT_MOST:
            values = pd.qcut(values, 4, duplicates="drop").astype("str")
        labels = values.astype(object).where(values.notna(), None).map(lambda v: "unknown" if v is None else str(v))
        table = base.groupby(labels.to_numpy()).agg(
            rows=("label", "size"),
            mean_score=("score", "mean"),
            mean_label=("label", "mean"),
            in_decile_1=("top", "mean"),
        )
        table.loc[table["rows"] < FEWEST_OF_A_GROUP, ["mean_score", "mean_label", "in_decile_1"]] = np.nan
        rows += _records(table.round(6).rename_axis("group").reset_index().assign(column=column))
    return rows


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def baseline_ranks(features: pd.DataFrame, rank_by: tuple[str, ...]) -> np.ndarray:
    """The naive rule's raw score: the mean share of rows it ranks above, over its features; unknown ranks lowest."""
    ranks = [
        (features[name.removeprefix("-")] * (-1 if name.startswith("-") else 1)).rank(pct=True).fillna(0).to_numpy()
        for name in rank_by
    ]
    return np.mean(ranks, axis=0)
