"""Clusters of records as numbered people: whose each identifier is, who holds it beside them, and who is nobody."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from people.graph import PERSON_KINDS, Graph
from people.person_ids import hashes

NOBODY = -1


@dataclass(frozen=True)
class Parts:
    """People are numbered by their founder: their earliest identifier, or record where each is another's."""

    of_record: np.ndarray  # (records,) NOBODY where nothing but devices, handles or crowded identifiers is known
    of_node: np.ndarray  # (nodes,) its owner's
    holders: pd.DataFrame  # node, part, first, last (days), records: everybody who has it
    rows: pd.DataFrame  # by part: founder (uint64), day, records, identifiers


def number_parts(graph: Graph, label: np.ndarray, shared_owner: str) -> Parts:
    """label   (records,) a number for each human"""
    inside = graph.edges[~graph.nodes["ignored"].to_numpy()[graph.edges["node"]]]
    held = inside.assign(label=label[inside["record"]])
    is_human = np.zeros(int(label.max(initial=-1)) + 1, dtype=bool)
    is_human[held.loc[graph.nodes["kind"].isin(PERSON_KINDS).to_numpy()[held["node"]], "label"]] = True
    held = held[is_human[held["label"]]]
    holders = _holders(held)
    owners = _owners(graph, label, holders, shared_owner)
    founders = _founders(graph, held, owners)
    number = np.full(len(is_human), NOBODY)
    number[founders["label"]] = np.arange(len(founders))
    of_record = number[label] if len(label) else label
    of_node = np.full(len(graph.nodes), NOBODY)
    of_node[owners["node"]] = number[owners["label"]]
    holders = holders.assign(part=number[holders["label"]])
    rows = pd.DataFrame(
        {
            "founder": founders["hash"].to_numpy(np.uint64),
            "day": holders.groupby("part")["first"].min(),
            "records": np.bincount(of_record[~graph.is_mention & (of_record >= 0)], minlength=len(founders)),
            "identifiers": np.bincount(holders["part"], minlength=len(founders)),
        }
    )
    return Parts(of_record, of_node, holders[["node", "part", "first", "last", "records"]], rows)


def _holders(held: pd.DataFrame) -> pd.DataFrame:
    """One row an identifier and human: node, label, first, last (days), records."""
    is_repeated = held.duplicated("node", keep=False)
    alone = held[~is_repeated]
    alone = pd.DataFrame(
        {"node": alone["node"], "label": alone["label"], "first": alone["day"], "last": alone["day"], "records": 1}
    )
    several = held[is_repeated].groupby(["node", "label"], as_index=False)["day"].agg(["min", "max", "size"])
    several = several.rename(columns={"min": "first", "max": "last", "size": "records"})
    return pd.concat([alone, several[list(alone.columns)]], ignore_index=True)


def _owners(graph: Graph, label: np.ndarray, holders: pd.DataFrame, shared_owner: str) -> pd.DataFrame:
    """node, label: of those who hold it the one whose record had it first, or took it last."""
    is_shared = holders.duplicated("node", keep=False)
    shared = holders[is_shared]
    records = np.flatnonzero(np.isin(label, shared["label"]))
    key = pd.Series(hashes(graph.records.take(records))).groupby(label[records]).min()
    shared = shared.assign(key=key.reindex(shared["label"]).to_numpy())
    by_day = {"first": ("first", True), "last": ("last", False)}[shared_owner]
    order = shared.sort_values(["node", by_day[0], "records", "key"], ascending=[True, by_day[1], False, True])
    return pd.concat([holders[~is_shared], order.drop_duplicates("node")])[["node", "label"]]


def _founders(graph: Graph, held: pd.DataFrame, owners: pd.DataFrame) -> pd.DataFrame:
    """label, hash, day of each human, earliest first."""
    nodes = graph.nodes.loc[owners["node"], ["hash", "kind", "day"]].assign(label=owners["label"].to_numpy())
    own = nodes[nodes["kind"].isin(PERSON_KINDS)].sort_values(["day", "hash"]).drop_duplicates("label")
    others = held[~held["label"].isin(own["label"])]
    others = pd.DataFrame(
        {
            "hash": hashes(graph.records.take(others["record"].to_numpy())),
            "day": others["day"],
            "label": others["label"],
        }
    )
    by_record = others.sort_values(["day", "hash"]).drop_duplicates("label")
    return pd.concat([own, by_record])[["label", "hash", "day"]].sort_values(["day", "hash"])
