"""Identifiers of too many humans say nothing of anybody: a switchboard, `test@test.com`, a till's placeholder."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from people.graph import Graph
from people.limits import count_humans
from people.traits import Traits

BACK_BELOW = 0.8  # of its limit: an identifier that was over it joins again only from here


def ignore_crowded(
    graph: Graph, traits: Traits, declared: Mapping[str, int], learned: Mapping[str, int], ignored_before: pa.Array
) -> Graph:
    """Put aside the identifiers of too many humans: by the declared limit, for which records of one name and birth date
    count once and silent ones each; and by the learned one of its kind, for which first names count that are not alike.

    One that was put aside before stays so until it is well below its limit, so that no single record flips it.
    """
    nodes = graph.nodes
    was_ignored = np.asarray(pc.is_in(graph.names, value_set=ignored_before.cast(graph.names.type)))
    share = np.where(was_ignored, BACK_BELOW, 1.0)
    limit = nodes["kind"].map(dict(declared)).astype(float).fillna(np.inf).to_numpy()
    humans = _by_trait(graph, traits, np.flatnonzero(nodes["records"] > limit * BACK_BELOW))
    because = np.where(humans > limit * share, "declared", "")
    if learned and not traits.is_silent:
        lowest = min(learned.values()) * BACK_BELOW
        suspects = np.flatnonzero((nodes["records"].to_numpy() > lowest) & (because == ""))
        most = np.array([learned.get(kind, np.inf) for kind in graph.kind_of(suspects)])
        suspects, most = suspects[np.isfinite(most)], most[np.isfinite(most)]
        is_over = count_humans(graph, traits, suspects) > most * share[suspects]
        because[suspects[is_over]] = "learned"
    return replace(graph, nodes=nodes.assign(humans=humans, ignored=because != "", because=because))


def _by_trait(graph: Graph, traits: Traits, suspects: np.ndarray) -> np.ndarray:
    """(nodes,) records, of the suspects those of one name and birth date once."""
    humans = graph.nodes["records"].to_numpy().copy()
    if len(suspects) and not traits.is_silent:
        near = graph.edges[np.isin(graph.edges["node"], suspects)]
        trait = traits.of_record[near["record"]]
        spoken = near.assign(trait=trait)[trait >= 0]
        repeated = spoken[spoken.duplicated(["node", "trait"])]["node"]
        humans = humans - np.bincount(repeated, minlength=len(humans))
    return humans
