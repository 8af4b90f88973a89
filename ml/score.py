"""Numbers for people: nothing is fitted here."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ml.card import Model
from ml.deciles import is_one_value, tenths
from ml.fit import threads

REASONS = 3  # as many as a person reads


@dataclass(frozen=True)
class Scored:
    """One batch, in the order of its rows. raw ranks, score means, reasons say why."""

    raw: np.ndarray
    score: np.ndarray
    reasons: pa.Array


def matrix(table: pa.Table | pa.RecordBatch, columns: list[str]) -> np.ndarray:
    """(n, len(columns)) float64, NaN where NULL, columns in the order the model knows."""
    empty = np.empty((table.num_rows, len(columns)))
    for place, name in enumerate(columns):
        empty[:, place] = table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
    return empty


def score(model: Model, features: np.ndarray) -> Scored:
    """Raw score, calibrated score and the strongest reasons for each row of `features`."""
    if len(features) == 0:
        return Scored(np.empty(0), np.empty(0), pa.array([], pa.string()))
    parts = np.asarray(
        model.booster.predict(
            features, pred_contrib=True, num_threads=threads(len(features), model.spec.lightgbm.num_threads)
        )
    )
    raw = parts.sum(axis=1)  # contributions and their base add up to the raw score: one pass through the trees
    linked = model.spec.lightgbm.objective in ("tweedie", "poisson")
    raw = np.exp(raw) if linked else raw
    return Scored(raw, model.calibrator.apply(raw), reasons(model.columns, features, parts[:, :-1]))


def deciles(raw: np.ndarray) -> pa.Array:
    """(n,) 1 = highest tenth, equal scores have equal deciles; NULL for everybody where all would have the same one."""
    found = tenths(raw)
    return pa.nulls(len(raw), pa.int64()) if is_one_value(found) else pa.array(found)


def reasons(columns: list[str], features: np.ndarray, contributions: np.ndarray) -> pa.Array:
    """'orders_365d 12 raises; nps unknown lowers; …': what moved the score most, strongest first."""
    names = pa.array(columns, pa.string())
    rows = np.arange(len(features))
    count = min(REASONS, len(columns))
    strength = -np.abs(contributions)
    top = np.argpartition(strength, count - 1, axis=1)[:, :count]
    top = np.take_along_axis(top, np.argsort(np.take_along_axis(strength, top, axis=1), axis=1, kind="stable"), axis=1)
    texts = []
    for place in range(count):
        column = top[:, place]
        effect = contributions[rows, column]
        direction = pa.array(np.array(["lowers", "raises"])[(effect > 0).astype(int)])
        text = pc.binary_join_element_wise(
            names.take(pa.array(column)), _as_text(features[rows, column]), direction, " "
        )
        text = pc.binary_join_element_wise("; ", text, "")
        texts.append(pc.if_else(pa.array(effect != 0), text, ""))  # a feature no tree uses is no reason
    # not null_handling="skip": it drops a row of which every part is NULL (pyarrow 26), and the reasons move to other
    # people
    return pc.utf8_slice_codeunits(pc.binary_join_element_wise(*texts, ""), 2)


def _as_text(values: np.ndarray) -> pa.Array:
    """12 · 0.25 · unknown: two decimals are enough to read."""
    rounded = pa.array(np.round(values, 2), from_pandas=True)
    whole = pc.and_(pc.equal(rounded, pc.floor(rounded)), pc.less(pc.abs(rounded), 1e15))
    as_whole = pc.cast(pc.cast(pc.if_else(whole, rounded, 0.0), pa.int64()), pa.string())
    return pc.fill_null(pc.if_else(whole, as_whole, pc.cast(rounded, pa.string())), "unknown")
