"""How many humans may share an identifier before it says nothing of anybody, learned for each kind from its records.

A family shares an address and a family name; those at a switchboard, or under what a clerk enters who knows none, share
the one and not the other.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from people.graph import Graph
from people.traits import DIFFERENT, Traits, agreement, first_names_agree

COMPARED = 60  # first names at one identifier: with more it is nobody's, however they are spelt
LEAST, FEWEST = 4, 20  # no limit is lower than a family; pairs of humans, below which nothing is learned
STRANGERS = 0.5  # share of pairs of humans at it that bear other family names, from which they are no household


@dataclass(frozen=True)
class Limit:
    """What one kind came to: of how many identifiers of several humans, and how many of those are strangers."""

    most_humans: int
    identifiers: int
    strangers: float  # share, of the pairs at identifiers above it

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def count_humans(graph: Graph, traits: Traits, nodes: np.ndarray) -> np.ndarray:
    """(nodes,) how many first names its records bear, those that are alike once; 0 where none bears one."""
    held = _names_at(graph, traits, nodes)
    counts = held.groupby("place").size()
    humans = counts.reindex(range(len(nodes))).fillna(0).to_numpy(np.int64).copy()
    open_ = held[held["place"].map(counts).between(2, COMPARED)].reset_index(drop=True)
    a, b = _pairs(open_["place"].to_numpy())
    if len(a):
        alike = first_names_agree(traits, open_["first"].to_numpy()[a], open_["first"].to_numpy()[b])
        one, other = a[alike], b[alike]
        matrix = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(open_),) * 2)
        label = connected_components(matrix, directed=False)[1]
        places = open_["place"].to_numpy()
        humans[np.unique(places)] = pd.Series(label).groupby(places).nunique().to_numpy()
    return humans


def learn(graph: Graph, traits: Traits) -> dict[str, Limit]:
    """kind (of an id its namespace: `id:loyalty`) -> its limit; only where there is enough to learn from."""
    if traits.is_silent:
        return {}
    nodes = np.flatnonzero(graph.nodes["records"].to_numpy() > 1)
    humans = count_humans(graph, traits, nodes)
    several = nodes[(humans > 1) & (humans <= COMPARED)]
    kin, strangers = _relations(graph, traits, several)
    rows = pd.DataFrame({"kind": graph.kind_of(several), "humans": humans[np.isin(nodes, several)], "kin": kin,
                         "strangers": strangers})  # fmt: skip
    found = {str(kind): _limit(of_kind) for kind, of_kind in rows.groupby("kind")}
    return {kind: limit for kind, limit in found.items() if limit}


def _limit(rows: pd.DataFrame) -> Limit | None:
    """One less than the size from which on those who share one are strangers, at every larger size too."""
    by_size = rows.groupby("humans")[["kin", "strangers"]].sum()
    share = by_size["strangers"] / (by_size["strangers"] + by_size["kin"]).clip(lower=1)
    is_household = (share <= STRANGERS).to_numpy() | (share.index <= LEAST)
    least = int(share.index[is_household].max()) if is_household.any() else LEAST
    larger = rows[rows["humans"] > max(least, LEAST)]
    if larger["strangers"].sum() < FEWEST:
        return None
    pairs = larger[["kin", "strangers"]].sum()
    return Limit(int(larger["humans"].min()) - 1, len(larger), round(float(pairs["strangers"] / pairs.sum()), 3))


def _relations(graph: Graph, traits: Traits, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(nodes,) pairs of its traits of different first names whose family name agrees, and is another."""
    held = _traits_at(graph, traits, nodes).drop_duplicates(["place", "trait"])
    held = held[held["place"].map(held.groupby("place").size()) <= 4 * COMPARED].reset_index(drop=True)
    a, b = _pairs(held["place"].to_numpy())
    levels = agreement(traits, held["trait"].to_numpy()[a], held["trait"].to_numpy()[b])
    others = (levels["first"] == DIFFERENT).to_numpy()
    last, place = levels["last"].to_numpy(), held["place"].to_numpy()[a]
    kin = np.bincount(place[others & (last > 0)], minlength=len(nodes))
    return kin, np.bincount(place[others & (last == DIFFERENT)], minlength=len(nodes))


def _names_at(graph: Graph, traits: Traits, nodes: np.ndarray) -> pd.DataFrame:
    held = _traits_at(graph, traits, nodes)
    held = held.assign(first=traits.rows["first"].to_numpy()[held["trait"]])
    return held.loc[held["first"] >= 0, ["place", "first"]].drop_duplicates().sort_values(["place", "first"])


def _traits_at(graph: Graph, traits: Traits, nodes: np.ndarray) -> pd.DataFrame:
    place = np.full(len(graph.nodes), -1)
    place[nodes] = np.arange(len(nodes))
    node, trait = graph.edges["node"].to_numpy(), traits.of_record[graph.edges["record"]]
    wanted = (place[node] >= 0) & (trait >= 0)
    held = pd.DataFrame({"place": place[node[wanted]], "trait": trait[wanted]})
    return held.sort_values(["place", "trait"])


def _pairs(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every two rows of one place; `place` is in order."""
    end = np.searchsorted(place, place, side="right")
    later = end - np.arange(len(place)) - 1
    one = np.repeat(np.arange(len(place)), later)
    return one, one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
