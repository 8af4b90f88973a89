"""Rounds of strongest edges give what one edge after another would give."""

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from people import union
from people.evidence import BY_ID, Against
from people.traits import TRAITS, read_traits

SIZE = 9
pairs = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda p: p[0] < p[1])
edges = st.lists(st.tuples(pairs, st.integers(0, 3)), max_size=20, unique_by=lambda e: e[0])


def one_by_one(drawn: list, parted: set[tuple[int, int]]) -> list[int]:
    label = list(range(SIZE))
    for (a, b), _ in sorted(drawn, key=lambda e: (-e[1], e[0])):
        one, other = label[a], label[b]
        groups = [{n for n in range(SIZE) if label[n] == g} for g in (one, other)]
        if one != other and not any((min(x, y), max(x, y)) in parted for x in groups[0] for y in groups[1]):
            label = [min(one, other) if g in (one, other) else g for g in label]
    return label


@settings(max_examples=60, deadline=None)
@given(edges, st.sets(pairs, max_size=5))
def test_rounds_of_strongest_edges_give_what_one_after_another_gives(drawn, parted):
    frame = pd.DataFrame(
        [(a, b, -1, BY_ID, float(s), a, b) for (a, b), s in drawn],
        columns=["a", "b", "node", "rule", "strength", "low", "high"],
    )
    nothing = pd.DataFrame({name: np.zeros(0, dtype=int) for name in ("group", "namespace", "node", "trait")})
    silent = read_traits(TRAITS.empty_table(), pa.array([str(n) for n in range(SIZE)]))
    different = pd.DataFrame(sorted(parted), columns=["a", "b"]).astype(int)
    against = Against(silent, nothing[["group", "trait"]], nothing[["group", "namespace", "node"]], different)
    label, refused = union.join(frame, SIZE, against)
    assert label.tolist() == one_by_one(drawn, parted)
    assert not (label[refused["a"].to_numpy(int)] == label[refused["b"].to_numpy(int)]).any()
