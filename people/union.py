"""Groups are joined along their strongest edge first, and never two that something keeps apart.

Every edge that is the strongest left at both its ends is decided in one round: that gives what deciding them one by
one, strongest first, would give, and it does not matter in which order records came.
"""

import numpy as np
import pandas as pd

from people.evidence import Against


def join(edges: pd.DataFrame, size: int, against: Against) -> tuple[np.ndarray, pd.DataFrame]:
    """(size,) the group of each node, and the edges that were refused, with `because` (a place in REASONS).

    edges     a, b (nodes), rule, strength, low, high: strength falling, then the last two, order them for good
    """
    edges = edges.sort_values(["strength", "low", "high"], ascending=[False, True, True])
    a, b = edges["a"].to_numpy(), edges["b"].to_numpy()
    rule, rank = edges["rule"].to_numpy(), np.arange(len(edges))
    label, refused = np.arange(size), []
    while len(rank):
        at_a, at_b = label[a[rank]], label[b[rank]]
        is_open = at_a != at_b
        rank, at_a, at_b = rank[is_open], at_a[is_open], at_b[is_open]
        best = np.full(size, len(a))
        np.minimum.at(best, at_a, rank)
        np.minimum.at(best, at_b, rank)
        is_next = (best[at_a] == rank) & (best[at_b] == rank)
        chosen = pd.DataFrame({"a": at_a[is_next], "b": at_b[is_next], "rule": rule[rank[is_next]]})
        because = against.reasons(chosen)
        is_refused = because > 0
        refused.append(edges.iloc[rank[is_next][is_refused]].assign(because=because[is_refused]))
        one, other = chosen["a"].to_numpy()[~is_refused], chosen["b"].to_numpy()[~is_refused]
        into = np.arange(size)
        into[np.maximum(one, other)] = np.minimum(one, other)
        label, rank, against = into[label], rank[~is_next], against.regrouped(into)
    return label, pd.concat(refused) if refused else edges.assign(because=0)
