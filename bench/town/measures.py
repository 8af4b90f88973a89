"""Precision, recall and F1 of a partition against the truth: of pairs, and of whole clusters."""

from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def clusters(size: int, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(size,) the number of each record's connected part."""
    edges = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(edges, directed=False)[1])


def exact_edges(values: list[np.ndarray], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Each record with the first one of the same value; of a value that more than `most` bear, none. -1 is missing."""
    left, right = [], []
    for codes in values:
        rows = np.flatnonzero(codes >= 0)
        counts = np.bincount(codes[rows]) if len(rows) else np.zeros(1, dtype=int)
        rows = rows[(counts[codes[rows]] > 1) & (counts[codes[rows]] <= most)]
        _, first, inverse = np.unique(codes[rows], return_index=True, return_inverse=True)
        left.append(rows)
        right.append(rows[first][inverse])
    return np.concatenate(left), np.concatenate(right)


def scores(truth: np.ndarray, found: np.ndarray) -> dict[str, Any]:
    """pairs: of two records that are one human; clusters: found ones that are a human's whole set, of all with two or
    more records.
    """
    both = _pairs(_counts(truth, found))
    of_truth, of_found = _pairs(np.bincount(truth)), _pairs(np.bincount(found))
    sizes_true, sizes_found = np.bincount(truth)[truth], np.bincount(found)[found]
    joint = _joint_sizes(truth, found)
    is_whole = (joint == sizes_true) & (joint == sizes_found) & (sizes_true > 1)
    exact = float(np.sum(1 / sizes_true[is_whole]))
    return {
        "pairs": _f1(both, of_found, of_truth),
        "clusters": _f1(exact, float(np.sum(np.bincount(found) > 1)), float(np.sum(np.bincount(truth) > 1))),
        "largest_humans": int(_humans_in_largest(truth, found)),
    }


def _f1(both: float, found: float, true: float) -> dict[str, float]:
    precision, recall = both / max(found, 1), both / max(true, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def _pairs(counts: np.ndarray) -> float:
    return float(np.sum(counts.astype(np.float64) * (counts - 1) / 2))


def _counts(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.unique(np.stack([truth, found]), axis=1, return_counts=True)[1]


def _joint_sizes(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(np.stack([truth, found]), axis=1, return_inverse=True, return_counts=True)
    return np.asarray(counts[np.ravel(inverse)])


def _humans_in_largest(truth: np.ndarray, found: np.ndarray) -> int:
    """How many humans the worst cluster holds."""
    pairs = np.unique(np.stack([truth, found]), axis=1)
    return int(np.bincount(pairs[1]).max()) if len(truth) else 0
