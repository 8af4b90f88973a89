"""Records and identifiers as a graph of integers: texts become numbers once, and everything between runs on those."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.person_ids import hashes
from people.traits import Traits

PERSON_KINDS = ("email", "phone", "id")  # devices and handles alone are nobody (contracts: keys and references)
CONTACT_KINDS = ("email", "phone")  # what several people may share
BACK_BELOW = 0.8  # of its limit: an identifier that was over it joins again only from here


@dataclass(frozen=True)
class Graph:
    """Edges and nodes as integers; `names`, `records` give the texts back."""

    edges: pd.DataFrame  # record, node, day
    nodes: pd.DataFrame  # hash, kind, day, records, humans, ignored
    names: pa.Array
    records: pa.Array

    @cached_property
    def is_mention(self) -> np.ndarray:
        """(records,) whether it is no record of a source but an identifier that another row names, or a device: it
        bears that identifier as its name.
        """
        return np.asarray(pc.is_in(self.records, value_set=self.names))


def read(identifiers: pa.Table, today: int) -> Graph:
    complete = identifiers.filter(
        pc.and_(pc.is_valid(identifiers["record_id"]), pc.is_valid(identifiers["identifier"]))
    )
    record, records = _encode(complete["record_id"])
    node, names = _encode(complete["identifier"])
    kind = complete["kind"].fill_null("").to_pandas().astype(object).to_numpy()
    day = complete["first_seen_day"].cast("date32").cast("int32").fill_null(today).to_numpy()
    first = np.full(len(names), np.iinfo(np.int32).max)
    np.minimum.at(first, node, day)
    kinds = np.empty(len(names), dtype=object)
    kinds[node[::-1]] = kind[::-1]
    edges = pd.DataFrame({"record": record, "node": node, "day": day})
    key = record.astype(np.int64) * max(len(names), 1) + node
    if pd.Series(key).duplicated().any():
        edges = edges.iloc[np.lexsort((day, key))]
        edges = edges[~edges.duplicated(["record", "node"])].reset_index(drop=True)
    nodes = pd.DataFrame(
        {
            "hash": hashes(names),
            "kind": kinds,
            "day": first,
            "records": np.bincount(edges["node"], minlength=len(names)),
        }
    )
    return Graph(edges, nodes.assign(humans=nodes["records"], ignored=False), names, records)


def ignore_crowded(graph: Graph, traits: Traits, limits: Mapping[str, int], ignored_before: pa.Array) -> Graph:
    """Put aside the identifiers of too many humans: records of one name and birth date count once, silent ones each.

    One that was put aside before stays so until it is well below its limit, so that no single record flips it.
    """
    nodes = graph.nodes
    limit = nodes["kind"].map(dict(limits)).astype(float).fillna(np.inf).to_numpy()
    humans = nodes["records"].to_numpy().copy()
    suspects = np.flatnonzero(humans > limit * BACK_BELOW)
    if len(suspects) and not traits.is_silent:
        near = graph.edges[np.isin(graph.edges["node"], suspects)]
        trait = traits.of_record[near["record"]]
        spoken = near.assign(trait=trait)[trait >= 0]
        repeated = spoken[spoken.duplicated(["node", "trait"])]["node"]
        humans = humans - np.bincount(repeated, minlength=len(nodes))
    was_ignored = np.asarray(pc.is_in(graph.names, value_set=ignored_before.cast(graph.names.type)))
    is_over = humans > np.where(was_ignored, limit * BACK_BELOW, limit)
    return Graph(graph.edges, nodes.assign(humans=humans, ignored=is_over), graph.names, graph.records)


def _encode(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """(codes, texts): the same text has the same code, in order of first appearance."""
    encoded = column.cast("string").combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(), encoded.dictionary


def take(texts: pa.Array, rows: pd.Series | pd.Index | np.ndarray) -> pa.Array:
    return texts.take(pa.array(np.asarray(rows, dtype=np.int64)))
