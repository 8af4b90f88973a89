"""Which groups of records are looked at together, how much speaks for each pair, and which are refused at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from people.evidence import (
    BITS,
    BY_EMAIL,
    BY_ID,
    BY_LINK,
    BY_PHONE,
    BY_STEWARD,
    CHAIN,
    REASONS,
    Against,
    agreement_bits,
)  # fmt: skip
from people.graph import Graph
from people.traits import ALIKE

LARGEST_BLOCK = 200  # groups of one id that had to be parted: beyond, only neighbours are looked at
ONE_PER_PERSON = 20.0  # bits that an id of which a human has one says beyond another
EDGE = {"a": int, "b": int, "node": int, "rule": int, "strength": float}


@dataclass(frozen=True)
class Group:
    """Records that nothing takes apart, as one."""

    of_record: np.ndarray
    hash: np.ndarray  # the lowest of its records', the same in whatever order records come
    speaker: np.ndarray  # the first record that has a name or a date, if one has
    has_id: np.ndarray
    against: Against


def edges_of(
    graph: Graph,
    group: Group,
    by_contact: pd.DataFrame,
    parted: pd.DataFrame,
    same: pd.DataFrame,
    links: pd.DataFrame,
    thin: np.ndarray,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """a, b (groups), node, rule, strength in bits, low, high: what may join; and what is refused at once.

    thin     nodes of chains, at which silence joins nobody
    parted   edges to ids within what a steward or two unique ids have taken apart
    """
    contacts, refused = _by_contact(graph, group, by_contact, thin)
    ids = _together(_held(group, parted), group.hash, LARGEST_BLOCK).assign(rule=BY_ID)
    ids["strength"] = BITS[BY_ID] + ids["node"].isin(group.against.unique_ids["node"]) * ONE_PER_PERSON
    stewards = _of_records(group, same).assign(rule=BY_STEWARD, strength=BITS[BY_STEWARD])
    linked = _of_records(group, links).assign(rule=BY_LINK, strength=links["bits"].to_numpy())
    edges = pd.concat([f.reindex(columns=list(EDGE)).astype(EDGE) for f in (contacts, ids, stewards, linked)])
    edges = edges[edges["a"] != edges["b"]].assign(is_link=lambda e: e["rule"] == BY_LINK)
    summed = edges.groupby(["a", "b", "is_link"], as_index=False).agg({"node": "min", "rule": "min", "strength": "sum"})
    low, high = np.sort(group.hash[summed[["a", "b"]].to_numpy()], axis=1).T
    return summed.assign(strength=summed["strength"].round(3), low=low, high=high), refused


def refusals(group: Group | None, refused: pd.DataFrame | None) -> pd.DataFrame:
    """record_a, record_b, node, because, of groups by their speakers."""
    columns = ["record_a", "record_b", "node", "because"]
    if group is None or refused is None:
        return pd.DataFrame({name: np.zeros(0, dtype=object if name == "because" else int) for name in columns})
    rows = refused.assign(record_a=group.speaker[refused["a"]], record_b=group.speaker[refused["b"]])
    rows["because"] = np.array(REASONS, dtype=object)[rows["because"]]
    return rows[columns].drop_duplicates(["record_a", "record_b"]).reset_index(drop=True)


def _by_contact(
    graph: Graph, group: Group, by_contact: pd.DataFrame, thin: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Pairs at one contact. Where some of those at it cannot be one human it is shared, and silence joins nobody more:
    but who is known by nothing else goes with its owner, the first who had it.
    """
    held = _held(group, by_contact)
    pairs = _together(held, group.hash)
    pairs["rule"] = np.where(graph.nodes["kind"].to_numpy()[pairs["node"]] == "email", BY_EMAIL, BY_PHONE)
    compared = group.against.compared(pairs)
    because = group.against.reasons(pairs, compared)
    shared = np.union1d(pairs.loc[because > 0, "node"], thin)
    speaks = np.zeros(len(pairs), dtype=bool)
    speaks[compared.loc[compared[["first", "birth"]].max(axis=1) >= ALIKE, "pair"]] = True
    is_open = ~pairs["node"].isin(shared).to_numpy() | speaks | _goes_with_owner(group, held, pairs, shared)
    because = np.where((because == 0) & ~is_open & np.isin(pairs["node"], thin), REASONS.index(CHAIN), because)
    humans = graph.nodes["humans"].to_numpy()[pairs["node"]]
    strength = np.maximum(BITS[pairs["rule"]] - np.log2(np.maximum(humans, 2)), 1.0)
    strength += agreement_bits(compared, len(pairs))
    return pairs.assign(strength=strength)[is_open & (because == 0)], pairs.assign(because=because)[because > 0]


def _goes_with_owner(group: Group, held: pd.DataFrame, pairs: pd.DataFrame, shared: np.ndarray) -> np.ndarray:
    is_silent = np.ones(len(group.hash), dtype=bool)
    is_silent[group.against.held["group"]] = False
    of_shared = held[held["node"].isin(shared) & ~is_silent[held["group"]]]
    first = of_shared.assign(hash=group.hash[of_shared["group"]]).sort_values(["node", "day", "hash"])
    owner = first.drop_duplicates("node").set_index("node")["group"].reindex(pairs["node"]).to_numpy()
    goes = is_silent & ~group.has_id
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    return (goes[a] & (owner == b)) | (goes[b] & (owner == a))


def _held(group: Group, edges: pd.DataFrame) -> pd.DataFrame:
    """node, group, day: the first on which it had it."""
    held = pd.DataFrame({"node": edges["node"], "group": group.of_record[edges["record"]], "day": edges["day"]})
    return held.sort_values("day").drop_duplicates(["node", "group"])


def _together(held: pd.DataFrame, key: np.ndarray, most: int | None = None) -> pd.DataFrame:
    """a, b, node: every two groups at one node; of a node with more than `most` each with the next one only."""
    held = held.iloc[np.lexsort((key[held["group"]], held["node"]))]
    node, member = held["node"].to_numpy(), held["group"].to_numpy()
    end = np.searchsorted(node, node, side="right")
    later = end - np.arange(len(node)) - 1
    if most is not None:
        is_large = end - np.searchsorted(node, node, side="left") > most
        later = np.where(is_large, np.minimum(later, 1), later)
    one = np.repeat(np.arange(len(node)), later)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(later) - later, later)
    a, b = member[one], member[other]
    return pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "node": node[one]})


def _of_records(group: Group, pairs: pd.DataFrame) -> pd.DataFrame:
    a, b = group.of_record[pairs["a"]], group.of_record[pairs["b"]]
    return pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "node": -1})
