"""From a model's raw score to a probability or an amount that means what it says; kept as numbers in the card."""

from dataclasses import dataclass

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression


@dataclass(frozen=True)
class Calibrator:
    """isotonic: a rising line through points (x, y), flat outside; platt: 1 / (1 + exp(-(x[0] * raw + y[0])));
    none: the logistic function for a binary model, the raw amount for a regression."""

    method: str
    task: str
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """(n,) raw scores -> (n,) probabilities or amounts, never falling where raw rises."""
        if self.method == "isotonic":
            return np.interp(raw, self.x, self.y)
        if self.method == "platt":
            return _logistic(self.x[0] * raw + self.y[0])
        return _logistic(raw) if self.task == "binary" else raw


def fit_calibrator(method: str, task: str, raw: np.ndarray, label: np.ndarray) -> Calibrator:
    """Fit on rows the model has not seen, later than those it learnt from."""
    if method == "none":
        return Calibrator(method, task)
    if method == "platt":
        model = LogisticRegression(C=1e6, max_iter=1000).fit(raw[:, None], label)  # C: as good as unpenalised
        return Calibrator(method, task, (max(float(model.coef_[0, 0]), 1e-6),), (float(model.intercept_[0]),))
    model = IsotonicRegression(out_of_bounds="clip").fit(raw, label)
    y = np.asarray(model.y_thresholds_, dtype=float)
    if task == "binary":
        y = np.clip(y, 0.5 / len(label), 1 - 0.5 / len(label))  # n rows cannot show that something never happens
    return Calibrator(method, task, tuple(map(float, model.X_thresholds_)), tuple(map(float, y)))


def _logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -700, 700)))  # exp overflows a double past 709
