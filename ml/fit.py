"""LightGBM, and nothing else: a matrix and its labels in, a booster out."""

from typing import Any

import lightgbm
import numpy as np

from ml.spec import LightGBM

FEW_ROWS = 50_000  # below it threads wait for each other longer than they work; the result is the same


def threads(rows: int, configured: int) -> int:
    return 1 if rows < FEW_ROWS else configured


def fit(matrix: np.ndarray, label: np.ndarray, columns: list[str], task: str, settings: LightGBM) -> lightgbm.Booster:
    """Train on (n, len(columns)) float64 with NaN for unknown. Tweedie and Poisson see negative labels (a customer who
    returned more than he bought) as 0, because they have no place for them."""
    objective = settings.objective or task
    target = np.maximum(label, 0) if objective in ("tweedie", "poisson") else label
    params: dict[str, Any] = {
        **settings.model_dump(exclude={"iterations", "objective", "seed"}),
        "num_threads": threads(len(matrix), settings.num_threads),
        "objective": objective,
        "verbosity": -1,
        "force_col_wise": True,  # one layout: the same sums in the same order
        "seed": settings.seed,
        "bagging_seed": settings.seed,
        "feature_fraction_seed": settings.seed,
    }
    data = lightgbm.Dataset(matrix, target, feature_name=columns, params=params)
    return lightgbm.train(params, data, num_boost_round=settings.iterations)


def raw_scores(booster: lightgbm.Booster, matrix: np.ndarray, task: str) -> np.ndarray:
    """(n,) log odds (binary) or the predicted amount (regression, back from the log where the objective takes it)."""
    if len(matrix) == 0:
        return np.empty(0)
    return np.asarray(booster.predict(matrix, raw_score=task == "binary", num_threads=threads(len(matrix), 0)))
