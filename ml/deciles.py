"""Tenths of a ranking in which equal scores are equal: what a marketer picks from."""

import numpy as np
from scipy.stats import rankdata

DECILES = 10


def tenths(raw: np.ndarray) -> np.ndarray:
    """(n,) 1 = highest tenth, 10 = lowest. People of one score have the tenth in which the middle of them stands."""
    above = rankdata(-raw, method="average") - 0.5  # how many are before the middle of those who share the score
    return np.minimum(above * DECILES // max(len(raw), 1), DECILES - 1).astype(np.int64) + 1


def is_one_value(deciles: np.ndarray) -> bool:
    """Whether the tenths tell nobody from anybody: a constant score, or one that all but a few share."""
    return len(np.unique(deciles)) < 2
