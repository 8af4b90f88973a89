"""Which records are one human: ids join always, contacts where names and birth dates allow, a steward's word above all.

Most records need no weighing: those that hang together and show one name at most are one human. The rest is joined edge
by edge (union.py), in groups that nothing takes apart: the records of one id, and those of one name at one contact.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from people import union
from people.evidence import Against, Evidence, read_against, read_decisions, read_links
from people.graph import CONTACT_KINDS, Graph
from people.pairs import Group, edges_of, refusals
from people.person_ids import hashes
from people.traits import Traits

# groups of records from which on so small a share of pairs makes a chain; in the towns of the bench no human's do
LARGE, THIN = 12, 0.25


@dataclass(frozen=True)
class Clusters:
    """label: (records,) a number for each human; refused and joined: pairs of records, and why, where names, links or a
    steward decided. A refused pair has the identifier that it shares as `node`, or -1.
    """

    label: np.ndarray
    refused: pd.DataFrame
    joined: pd.DataFrame


def cluster(graph: Graph, traits: Traits, evidence: Evidence, unique_namespaces: tuple[str, ...] = ()) -> Clusters:
    """unique_namespaces   of whose ids one human has one"""
    size = len(graph.records)
    against = read_against(graph, traits, evidence.decisions, unique_namespaces)
    is_contact = graph.nodes["kind"].isin(CONTACT_KINDS).to_numpy()
    joining = graph.edges[~graph.nodes["ignored"].to_numpy()[graph.edges["node"]]]
    by_id = joining[~is_contact[joining["node"]]]
    verdicts, links = read_decisions(graph, evidence.decisions), read_links(graph, evidence)
    same = verdicts.loc[verdicts["verdict"] == "same", ["a", "b"]]
    joined = pd.concat([same.assign(because="a steward's word"), links.assign(because="a probable link")])
    joined = joined.rename(columns={"a": "record_a", "b": "record_b"})[["record_a", "record_b", "because"]]
    whole = components(size, joining, pd.concat([same, links[["a", "b"]]]))
    atom = components(size, by_id)
    is_thin = _thin(whole, atom, joining)
    is_doubtful = (_doubtful(whole, against) | is_thin)[whole]
    if not is_doubtful.any():
        return Clusters(whole, refusals(None, None), joined)
    tense = np.isin(atom, against.regrouped(atom).inner_conflicts())
    atom = _numbered(np.where(tense, size + np.arange(size), atom))
    by_contact = joining[is_contact[joining["node"]] & is_doubtful[joining["record"]]]
    kept_apart = atom[verdicts.loc[verdicts["verdict"] == "different", ["a", "b"]].to_numpy().ravel()]
    group = _grouped(graph, against, atom, by_contact, by_id, kept_apart)
    parted = by_id[tense[by_id["record"]]]
    thin = by_contact.loc[is_thin[whole[by_contact["record"]]], "node"].unique()
    edges, refused = edges_of(graph, group, by_contact, parted, same, links[is_doubtful[links["a"]]], thin)
    label, refused_later = union.join(edges, len(group.hash), group.against)
    found = _numbered(np.where(is_doubtful, label[group.of_record] + size, whole))
    return Clusters(found, refusals(group, pd.concat([refused, refused_later])), joined)


def components(size: int, edges: pd.DataFrame, pairs: pd.DataFrame | None = None) -> np.ndarray:
    """(size,) the connected part of each record, by the identifiers they share and the pairs that are one."""
    place, distinct = pd.factorize(edges["node"])
    one, other = edges["record"].to_numpy(), place + size
    if pairs is not None:
        one, other = np.concatenate([one, pairs["a"]]), np.concatenate([other, pairs["b"]])
    matrix = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(size + len(distinct),) * 2)
    return np.asarray(connected_components(matrix, directed=False)[1][:size])


def _doubtful(whole: np.ndarray, against: Against) -> np.ndarray:
    """(parts,) whether it shows several names or dates, or something that cannot be one human's."""
    parts = against.regrouped(whole)
    is_doubtful = np.bincount(parts.held["group"], minlength=whole.max(initial=-1) + 1) > 1
    is_doubtful[parts.inner_conflicts()] = True
    return is_doubtful


def _thin(whole: np.ndarray, atom: np.ndarray, joining: pd.DataFrame) -> np.ndarray:
    """(parts,) whether it is a chain: many groups of records that no id holds together, of whose pairs few share
    anything. A human's records share most of what they have, however many they are.
    """
    found = np.zeros(whole.max(initial=-1) + 1, dtype=bool)
    groups = pd.Series(whole).groupby(atom).first()
    sizes = np.bincount(groups, minlength=len(found))
    large = np.flatnonzero(sizes > LARGE)
    if len(large):
        near = joining[np.isin(whole[joining["record"]], large)]
        held = pd.DataFrame({"node": near["node"], "atom": atom[near["record"]]}).drop_duplicates()
        held["at_node"] = held.groupby("node")["atom"].transform("size")
        pairs = np.bincount(groups.reindex(held["atom"]), weights=(held["at_node"] - 1) / 2, minlength=len(found))
        found[large] = pairs[large] < THIN * sizes[large] * (sizes[large] - 1) / 2
    return found


def _grouped(
    graph: Graph, against: Against, atom: np.ndarray, by_contact: pd.DataFrame, by_id: pd.DataFrame, alone: np.ndarray
) -> Group:
    """Atoms, and of those with one first name all that bear it with the same date at one contact.

    alone   atoms that a steward keeps apart from others: they are weighed edge by edge, so that another word of the
            steward's comes before a name
    """
    parts = against.regrouped(atom)
    one_trait = parts.held[~parts.held["group"].duplicated(keep=False)].set_index("group")["trait"]
    one_trait = one_trait[(against.traits.rows["first"].to_numpy() >= 0)[one_trait]]
    at = pd.DataFrame({"record": atom[by_contact["record"]], "contact": by_contact["node"].to_numpy()})
    at = at[at["record"].isin(one_trait.index) & ~at["record"].isin(alone)]
    trait = one_trait.reindex(at["record"]).to_numpy()
    count = int(atom.max(initial=-1)) + 1
    named = components(count, at.assign(node=at["contact"] * (len(against.traits.rows) + 1) + trait))
    torn = np.isin(named, parts.regrouped(named).inner_conflicts())
    of_record = _numbered(np.where(torn, count + np.arange(count), named))[atom]
    lowest = np.full(int(of_record.max(initial=-1)) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
    key = hashes(graph.records)
    np.minimum.at(lowest, of_record, key)
    has_id = np.zeros(len(lowest), dtype=bool)
    has_id[of_record[by_id["record"]]] = True
    is_silent = against.traits.of_record < 0
    first_record = pd.Series(of_record).iloc[np.lexsort((key, is_silent))].drop_duplicates()
    speaker = np.zeros(len(lowest), dtype=np.int64)
    speaker[first_record] = first_record.index
    return Group(of_record, lowest, speaker, has_id, against.regrouped(of_record))


def _numbered(label: np.ndarray) -> np.ndarray:
    return np.unique(label, return_inverse=True)[1]
