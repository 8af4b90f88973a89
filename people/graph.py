"""Records and identifiers as a graph of integers: texts become numbers once, and everything between runs on those."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.person_ids import hashes

PERSON_KINDS = ("email", "phone", "id")  # devices and handles alone are nobody (contracts: keys and references)
CONTACT_KINDS = ("email", "phone")  # what several people may share


@dataclass(frozen=True)
class Graph:
    """Edges and nodes as integers; `names`, `records` give the texts back."""

    edges: pd.DataFrame  # record, node, day
    nodes: pd.DataFrame  # hash, kind, day, records, humans, ignored, because
    names: pa.Array
    records: pa.Array

    def kind_of(self, nodes: np.ndarray) -> np.ndarray:
        """(nodes,) email, phone, …; of an id with its namespace: id:loyalty."""
        kinds = self.nodes["kind"].to_numpy()[nodes].copy()
        is_id = np.flatnonzero(kinds == "id")
        if len(is_id):
            texts = take(self.names, nodes[is_id])
            spaced = pc.struct_field(pc.extract_regex(texts, r"^(?P<kind>id:[^:]*):"), "kind")
            kinds[is_id] = pc.coalesce(spaced, "id").to_numpy(zero_copy_only=False)
        return kinds

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
    return Graph(edges, nodes.assign(humans=nodes["records"], ignored=False, because=""), names, records)


def _encode(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """(codes, texts): the same text has the same code, in order of first appearance."""
    encoded = column.cast("string").combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(), encoded.dictionary


def take(texts: pa.Array, rows: pd.Series | pd.Index | np.ndarray) -> pa.Array:
    return texts.take(pa.array(np.asarray(rows, dtype=np.int64)))
