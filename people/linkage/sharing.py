"""What strangers have in common who share an address, a telephone, a company: families, colleagues, who came later.

They are not strangers at random: most bear the same family name, some the same birthday. So of each way to share a
contact it is learned, again without labels, how many of its pairs are one human and how often the others agree in each
part; a pair must be better explained by one human than by that.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from people.linkage.blocking import Connection

SHARED = "contact"
SMALLEST, ROUNDS = 1e-4, 200
FEWEST = 50  # pairs of a way to share, below which nothing is learned of it alone
ALIKE = " spelt alike"
DOUBT = 5.0  # pairs that are added to each outcome as strangers at random have it
# Of what a household does not share as a rule, so many more for each pair. Where nearly all pairs are one human (two
# records of one company and name), "others" were else learned to agree as one human does, and explained them all.
PERSONAL_DOUBT = 0.3


@dataclass(frozen=True)
class Patterns:
    """Outcomes of all comparisons but the contact's, of pairs that share it in one way: -1 is missing."""

    outcomes: np.ndarray  # (patterns, comparisons)
    pairs: np.ndarray  # (patterns,)


def learn(db: Connection, predicted: str, parameters: dict[str, Any], households: set[str]) -> dict[str, Any]:
    """Way to share (Splink's number of the contact's level) -> label, pairs, share (that are one human), others
    (comparison -> how often the rest has each outcome, the strongest first).

    predicted    a table of scored pairs, of every probability
    households   comparisons in which a household agrees as a rule: family names, cities
    """
    if not any(part["output_column_name"] == SHARED for part in parameters["comparisons"]):
        return {}
    names = [part["output_column_name"] for part in parameters["comparisons"] if part["output_column_name"] != SHARED]
    m, u = ({name: _outcomes(parameters, name, key) for name in names} for key in ("m_probability", "u_probability"))
    common = {place for place, name in enumerate(names) if name in households}
    ways, labels = {}, _ways(parameters)
    for value, label in labels.items():
        patterns = _patterns(db, predicted, names, [value])
        if patterns.pairs.sum() < FEWEST:  # who shares an address that is spelt alike is much like who shares the same
            kin = "same " + label.removesuffix(ALIKE)
            patterns = _patterns(db, predicted, names, [value, *(v for v, other in labels.items() if other == kin)])
        if patterns.pairs.sum() < FEWEST:
            continue
        share, others = _separate(patterns, [m[name] for name in names], [u[name] for name in names], common)
        ways[str(value)] = {
            "label": label, "pairs": int(patterns.pairs.sum()), "share": share,
            "others": {name: [float(x) for x in found] for name, found in zip(names, others, strict=True)},
        }  # fmt: skip
    return ways


def probability_sql(parameters: dict[str, Any], ways: dict[str, Any], personal: list[str], shift: float = 0) -> str:
    """SQL for the probability that a scored pair `p` is one human: against strangers at random, and against those who
    share its contact.

    personal   comparisons whose frequencies also tell members of a household apart
    shift      bits that the prior has changed by since the pair was scored
    """
    tf = "".join(f" + p.mw_tf_adj_{name}" for name in personal)
    return (
        f"1 / (1 + pow(2, -(p.match_weight + {shift!r}))"
        f" + coalesce(pow(2, -(({weight_sql(parameters, ways)}){tf})), 0))"
    )


def weight_sql(parameters: dict[str, Any], ways: dict[str, Any]) -> str:
    """SQL for the bits by which one human explains a pair better than strangers who share its contact; NULL where it
    shares none.
    """
    cases = []
    for value, way in ways.items():
        share = min(max(way["share"], SMALLEST), 1 - SMALLEST)
        terms = [f"{np.log2(share / (1 - share)):.6f}"]
        for name, others in way["others"].items():
            m = _outcomes(parameters, name, "m_probability")
            bits = np.log2(m / np.maximum(others, SMALLEST))
            outcomes = " ".join(f"when {len(bits) - 1 - k} then {bit:.6f}" for k, bit in enumerate(bits))
            terms.append(f"case p.gamma_{name} {outcomes} else 0 end")
        cases.append(f"when {value} then {' + '.join(terms)}")
    return f"case p.gamma_{SHARED} {' '.join(cases)} end" if cases else "cast(null as double)"


def label_sql(ways: dict[str, Any]) -> str:
    """SQL for the way a pair shares its contact, in words."""
    cases = " ".join(f"when {value} then 'others with {way['label']}'" for value, way in ways.items())
    return f"case p.gamma_{SHARED} {cases} end" if cases else "cast(null as varchar)"


def _ways(parameters: dict[str, Any]) -> dict[int, str]:
    """The contact's levels but the last, by Splink's numbers."""
    rows = next(part for part in parameters["comparisons"] if part["output_column_name"] == SHARED)
    levels = rows["comparison_levels"][1:]
    return {len(levels) - 1 - place: level["label_for_charts"] for place, level in enumerate(levels[:-1])}


def _outcomes(parameters: dict[str, Any], name: str, key: str) -> np.ndarray:
    part = next(part for part in parameters["comparisons"] if part["output_column_name"] == name)
    return np.array([level[key] for level in part["comparison_levels"][1:]])


def _patterns(db: Connection, predicted: str, names: list[str], values: list[int]) -> Patterns:
    columns = ", ".join(f"gamma_{name}" for name in names)
    rows = db.execute(
        f"select {columns}, count(*) as n from {predicted} where gamma_{SHARED} in ({', '.join(map(str, values))})"
        f" group by {columns} order by {columns}"
    ).fetchnumpy()
    outcomes = np.stack([np.asarray(rows[f"gamma_{name}"]).astype(np.int64) for name in names], axis=1)
    return Patterns(outcomes, np.asarray(rows["n"], dtype=np.float64))


def _separate(
    patterns: Patterns, m: list[np.ndarray], u: list[np.ndarray], common: set[int]
) -> tuple[float, list[np.ndarray]]:
    """Expectation maximisation of two kinds of pairs: of one human, whose outcomes are known (m), and of others, whose
    are looked for, beginning with those of strangers (u), and where households agree (`common`) with those of all.
    """
    bits_m = sum(_log(values, patterns.outcomes[:, place]) for place, values in enumerate(m))
    share = 0.5
    others = [np.maximum(values, SMALLEST) for values in u]
    told = [float(patterns.pairs @ (patterns.outcomes[:, place] >= 0)) for place in range(len(u))]
    doubts = [DOUBT if place in common else max(DOUBT, PERSONAL_DOUBT * told[place]) for place in range(len(u))]
    for place in common:
        others[place] = _shares(patterns.outcomes[:, place], patterns.pairs, u[place])
    for _ in range(ROUNDS):
        bits_u = sum(_log(values, patterns.outcomes[:, place]) for place, values in enumerate(others))
        odds = np.log2(share / (1 - share)) + bits_m - bits_u
        probability = 1 / (1 + np.exp2(-np.clip(odds, -100, 100)))
        same, total = float(probability @ patterns.pairs), float(patterns.pairs.sum())
        before, share = share, (same + DOUBT) / (total + 2 * DOUBT)
        rest = patterns.pairs * (1 - probability)
        others = [_shares(patterns.outcomes[:, place], rest, values, doubts[place]) for place, values in enumerate(u)]
        if abs(share - before) < 1e-7:
            break
    return share, others


def _log(values: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Bits of each pair's outcome; Splink numbers the strongest highest; a missing value says nothing."""
    bits = np.log2(np.maximum(values[::-1], SMALLEST))
    return np.where(outcome < 0, 0.0, bits[np.maximum(outcome, 0)])


def _shares(outcome: np.ndarray, weights: np.ndarray, strangers: np.ndarray, doubt: float = DOUBT) -> np.ndarray:
    has = outcome >= 0
    counted = np.bincount(outcome[has], weights=weights[has], minlength=len(strangers))[::-1] + doubt * strangers
    return np.maximum(counted / counted.sum(), SMALLEST)
