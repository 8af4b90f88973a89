"""LightGBM, and nothing else: a matrix and its labels in, a booster out."""

import lightgbm
import numpy as np

from ml.spec import LightGBM


def fit(matrix: np.ndarray, label: np.ndarray, columns: list[str], task: str, settings: LightGBM) -> lightgbm.Booster:
    """Train on (n, len(columns)) float64 with NaN for unknown. Tweedie and Poisson see negative labels (a customer who
    returned more than he bought) as 0, because they have no place for them."""
    objective = settings.objective or task
    target = np.maximum(label, 0) if objective in ("tweedie", "poisson") else label
    params = {
        **settings.model_dump(exclude={"iterations", "objective", "seed"}),
        "objective": objective, "verbosity": -1, "force_col_wise": True,  # one layout: the same sums in the same order
        "seed": settings.seed, "bagging_seed": settings.seed, "feature_fraction_seed": settings.seed,
    }  # fmt: skip
    data = lightgbm.Dataset(matrix, target, feature_name=columns, free_raw_data=True, params={"verbosity": -1})
    return lightgbm.train(params, data, num_boost_round=settings.iterations)


def raw_scores(booster: lightgbm.Booster, matrix: np.ndarray) -> np.ndarray:
    """(n,) log odds (binary) or the predicted amount (regression, back from the log where the objective takes it)."""
    if len(matrix) == 0:
        return np.empty(0)
    binary = booster.params.get("objective") == "binary" or "objective=binary" in booster.model_to_string(num_iteration=1)
    return np.asarray(booster.predict(matrix, raw_score=binary))
