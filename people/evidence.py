"""What speaks for and against two records being one human, beside the identifiers that they share."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.graph import Graph
from people.schemas import LINK, PASSED
from people.traits import DIFFERENT, SILENT, TRAITS, Traits, agreement

# a steward's word on two records; the newest of a pair counts
DECISION = pa.schema(
    {"record_a": "string", "record_b": "string", "verdict": "string", "reason": "string", "decided_at": "timestamp[us]"}
)
JOIN_FROM = 0.99  # probability of a link that joins by itself

BY_STEWARD, BY_ID, BY_EMAIL, BY_PHONE, BY_LINK = range(5)  # rules, most lenient first, but for links
# what a shared identifier says, before how many share it; a link says what it does by itself
BITS = np.array([1000.0, 60.0, 12.0, 8.0, 0.0])
# what agreement says: of a field that differs, is silent, is alike, is the same
FIRST_BITS, LAST_BITS, BIRTH_BITS = np.array([[0, 0, 3, 5], [0, 0, 2, 4], [0, 0, 5, 10]])
LINK_YIELDS = (
    0.5  # share of pairs of two groups' spellings that two things contradict, above which a link joins them not
)
CHAIN = "a chain of many, and neither says who they are"
REASONS = ("", "other names", "other birth dates", "other names and birth dates", "two ids of which a person has one",
           "a steward's word", CHAIN)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """All of it optional: without any, records that share an identifier are one person."""

    traits: pa.Table = field(default_factory=TRAITS.empty_table)
    links: pa.Table = field(default_factory=LINK.empty_table)
    decisions: pa.Table = field(default_factory=DECISION.empty_table)
    join_from: float = JOIN_FROM
    passed: pa.Table = field(default_factory=PASSED.empty_table)


@dataclass(frozen=True)
class Against:
    """What forbids that two groups of records are one human. Keyed by `group`: at first each record is one."""

    traits: Traits
    held: pd.DataFrame  # group, trait
    unique_ids: pd.DataFrame  # group, namespace, node
    different: pd.DataFrame  # a, b: groups that a steward has parted

    def regrouped(self, group_of: np.ndarray) -> "Against":
        """The same of larger groups."""
        held = self.held.assign(group=group_of[self.held["group"]]).drop_duplicates()
        unique_ids = self.unique_ids.assign(group=group_of[self.unique_ids["group"]]).drop_duplicates()
        different = pd.DataFrame({name: group_of[self.different[name]] for name in ("a", "b")})
        return Against(self.traits, held, unique_ids, different)

    def reasons(self, pairs: pd.DataFrame, compared: pd.DataFrame | None = None) -> np.ndarray:
        """(pairs,) places in REASONS: why the groups a and b of each pair (with its `rule`) are not one human."""
        found = np.zeros(len(pairs), dtype=np.int8)
        if len(pairs):
            compared = self.compared(pairs) if compared is None else compared
            found = contradictions(compared[compared["rule"] >= BY_EMAIL], len(pairs))
            found[self._by_ids(pairs)] = REASONS.index("two ids of which a person has one")
            found[self._by_steward(pairs)] = REASONS.index("a steward's word")
        return found

    def inner_conflicts(self) -> np.ndarray:
        """Groups that hold two ids of which a person has one, or two records that a steward has parted."""
        several = self.unique_ids[["group", "namespace"]].duplicated().to_numpy()
        parted = self.different.loc[self.different["a"] == self.different["b"], "a"]
        return np.union1d(self.unique_ids.loc[several, "group"], parted).astype(np.int64)

    def compared(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Each trait of a with each of b: pair (a place in `pairs`), rule, first, last, birth; no row of the silent."""
        wanted = np.unique(pairs[["a", "b"]].to_numpy())
        held = self.held[self.held["group"].isin(wanted)]
        one = pairs[["a", "b", "rule"]].assign(pair=np.arange(len(pairs))).merge(held, left_on="a", right_on="group")
        both = one.merge(held, left_on="b", right_on="group", suffixes=("_a", "_b"))
        levels = agreement(self.traits, both["trait_a"].to_numpy(), both["trait_b"].to_numpy())
        return pd.concat([both[["pair", "rule"]], levels], axis=1)

    def _by_ids(self, pairs: pd.DataFrame) -> np.ndarray:
        if not len(self.unique_ids):
            return np.zeros(0, dtype=np.int64)
        asked = pairs[["a", "b"]].assign(pair=np.arange(len(pairs)))[(pairs["rule"] != BY_STEWARD).to_numpy()]
        one = asked.merge(self.unique_ids, left_on="a", right_on="group")
        both = one.merge(self.unique_ids, left_on=["b", "namespace"], right_on=["group", "namespace"])
        return both.loc[both["node_x"] != both["node_y"], "pair"].unique()

    def _by_steward(self, pairs: pd.DataFrame) -> np.ndarray:
        parted, asked = (
            pd.MultiIndex.from_arrays(list(np.sort(frame[["a", "b"]].to_numpy(), axis=1).T))
            for frame in (self.different, pairs)
        )
        return np.flatnonzero(asked.isin(parted)) if len(parted) else np.zeros(0, dtype=np.int64)


def contradictions(compared: pd.DataFrame, count: int) -> np.ndarray:
    """(count,) of each pair what contradicts that it is one human, as a place in REASONS; silence never does."""
    first, last, birth = (compared[name].to_numpy() == DIFFERENT for name in ("first", "last", "birth"))
    rule = compared["rule"].to_numpy()
    # who marries keeps the address and the first name; a number that passes on may go to another Anna
    is_unsure = (compared["first"] == SILENT) | ((rule == BY_PHONE) & (compared["birth"] <= SILENT))
    name = first | (last & is_unsure.to_numpy())
    pair, is_other = compared["pair"].to_numpy(), first.astype(int) + last + birth >= 2
    share = np.bincount(pair, weights=is_other, minlength=count) / np.maximum(np.bincount(pair, minlength=count), 1)
    against = np.where(rule == BY_LINK, is_other & (share[pair] > LINK_YIELDS), name | birth)
    found = np.zeros(count, dtype=np.int8)
    np.maximum.at(found, pair, np.where(against, name + 2 * birth, 0).astype(np.int8))
    return found


def agreement_bits(compared: pd.DataFrame, count: int) -> np.ndarray:
    """(count,) how much names and dates speak for each pair, by its best two traits."""
    bits = np.zeros(len(compared))
    for name, table in (("first", FIRST_BITS), ("last", LAST_BITS), ("birth", BIRTH_BITS)):
        bits += table[compared[name].to_numpy() - DIFFERENT]
    found = np.zeros(count)
    np.maximum.at(found, compared["pair"].to_numpy(), bits)
    return found


def read_against(graph: Graph, traits: Traits, decisions: pa.Table, namespaces: tuple[str, ...]) -> Against:
    record = np.flatnonzero(traits.of_record >= 0)
    held = pd.DataFrame({"group": record, "trait": traits.of_record[record]})
    verdicts = read_decisions(graph, decisions)
    different = verdicts.loc[verdicts["verdict"] == "different", ["a", "b"]]
    return Against(traits, held, _unique_ids(graph, namespaces), different)


def read_decisions(graph: Graph, decisions: pa.Table) -> pd.DataFrame:
    """a, b (records), verdict: the newest of each pair whose records are here."""
    table = decisions.sort_by([("decided_at", "descending")])
    verdict = table["verdict"].to_pandas().to_numpy(object)
    pairs = _pairs_of_records(graph, table).assign(verdict=verdict)
    pairs = pairs.drop_duplicates(["a", "b"])
    return pairs[(pairs["a"] >= 0) & (pairs["a"] != pairs["b"])]


def read_links(graph: Graph, evidence: Evidence) -> pd.DataFrame:
    """a, b (records), bits of the links that join."""
    table = evidence.links.filter(pc.greater_equal(evidence.links["probability"], evidence.join_from))
    pairs = _pairs_of_records(graph, table).assign(bits=table["match_weight"].to_numpy())
    return pairs[(pairs["a"] >= 0) & (pairs["a"] != pairs["b"])]


def _pairs_of_records(graph: Graph, table: pa.Table) -> pd.DataFrame:
    a, b = (
        pc.fill_null(pc.index_in(table[name].cast(graph.records.type).combine_chunks(), value_set=graph.records), -1)
        for name in ("record_a", "record_b")
    )
    return pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b)})


def _unique_ids(graph: Graph, namespaces: tuple[str, ...]) -> pd.DataFrame:
    """record, namespace, node of every id in a namespace of which one human has one."""
    if not namespaces:
        return pd.DataFrame({name: np.zeros(0, dtype=int) for name in ("group", "namespace", "node")})
    namespace = pc.struct_field(pc.extract_regex(graph.names, r"^id:(?P<namespace>[^:]*):"), "namespace")
    place = pc.fill_null(pc.index_in(namespace, value_set=pa.array(namespaces, pa.string())), -1).to_numpy()
    held = graph.edges.loc[place[graph.edges["node"]] >= 0, ["record", "node"]]
    return held.assign(namespace=place[held["node"]]).rename(columns={"record": "group"})
