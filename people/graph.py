"""Records and identifiers as a graph of integers, and its connected parts: the people."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from people.person_ids import hashes

PERSON_KINDS = ("email", "phone", "id")  # devices and handles alone are nobody (contracts: keys and references)


@dataclass(frozen=True)
class Graph:
    """Edges and nodes as integers; `part` numbers the people, -1 is nobody's.

    `names`, `records` give the texts back.
    """

    edges: pd.DataFrame  # record, node, part
    nodes: pd.DataFrame  # hash, kind, day, records, ignored, part
    names: pa.Array
    records: pa.Array


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
    edges = pd.DataFrame({"record": record, "node": node})
    key = pd.Series(record.astype(np.int64) * max(len(names), 1) + node)
    edges = edges[~key.duplicated().to_numpy()].reset_index(drop=True)
    nodes = pd.DataFrame(
        {
            "hash": hashes(names),
            "kind": kinds,
            "day": first,
            "records": np.bincount(edges["node"], minlength=len(names)),
        }
    )
    return Graph(edges, nodes, names, records)


def number_parts(graph: Graph, limits: Mapping[str, int]) -> Graph:
    """Connected parts that hold an e-mail, phone or id, numbered by their founder: the earliest such identifier."""
    nodes, edges = graph.nodes, graph.edges
    record_limit = nodes["kind"].map(dict(limits)).astype(float).fillna(np.inf)
    nodes = nodes.assign(ignored=(nodes["records"] > record_limit).to_numpy())
    joins = edges[~nodes["ignored"].to_numpy()[edges["node"]]]
    size = len(nodes)
    shape = (size + len(graph.records),) * 2
    links = coo_matrix((np.ones(len(joins), dtype=np.int8), (joins["node"], joins["record"] + size)), shape=shape)
    label = connected_components(links, directed=False)[1][:size]
    human = nodes.assign(label=label)[nodes["kind"].isin(PERSON_KINDS) & ~nodes["ignored"]]
    founders = human.sort_values(["day", "hash"]).drop_duplicates("label")
    number = np.full(shape[0] + 1, -1)
    number[founders["label"]] = np.arange(len(founders))
    part = np.where(nodes["ignored"], -1, number[label])
    return Graph(edges.assign(part=part[edges["node"]]), nodes.assign(part=part), graph.names, graph.records)


def parts_of(graph: Graph) -> pd.DataFrame:
    inside = graph.nodes[graph.nodes["part"] >= 0]
    human = inside[inside["kind"].isin(PERSON_KINDS)].sort_values(["day", "hash"]).drop_duplicates("part")
    seen = graph.edges[(graph.edges["part"] >= 0) & ~is_mention(graph)[graph.edges["record"]]]
    records = seen.drop_duplicates("record")["part"]
    return pd.DataFrame(
        {
            "founder": human.set_index("part")["hash"].sort_index(),
            "day": inside.groupby("part")["day"].min(),
            "records": np.bincount(records, minlength=len(human)),
            "identifiers": np.bincount(inside["part"], minlength=len(human)),
        }
    )


def is_mention(graph: Graph) -> np.ndarray:
    """(records,) whether it is no record of a source but an identifier that another row names, or a device: it bears
    that identifier as its name.
    """
    return np.asarray(pc.is_in(graph.records, value_set=graph.names))


def _encode(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """(codes, texts): the same text has the same code, in order of first appearance."""
    encoded = column.cast("string").combine_chunks().dictionary_encode()
    return encoded.indices.to_numpy(), encoded.dictionary


def take(texts: pa.Array, rows: pd.Series | pd.Index) -> pa.Array:
    return texts.take(pa.array(np.asarray(rows, dtype=np.int64)))
