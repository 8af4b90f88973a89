"""Which person keeps which id: ids of earlier nights go where their records went, and what moved is told."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.clusters import Clusters
from people.graph import Graph, take
from people.parts import NOBODY, Parts
from people.person_ids import hashes, hex_texts, numbers, rehash
from people.schemas import ISSUED, MERGES, SPLITS, History


@dataclass(frozen=True)
class Claims:
    """ids: (parts,) uint64. issued is the whole table; merges and splits are this day's rows."""

    ids: np.ndarray
    issued: pa.Table
    merges: pa.Table
    splits: pa.Table


@dataclass(frozen=True)
class Earlier:
    """Who the records and identifiers of today were before, by numbers."""

    records: pd.DataFrame  # record, id, part (today's)
    nodes: pd.DataFrame  # node, id, part (its owner's), records, is_shared


def claim(graph: Graph, parts: Parts, clusters: Clusters, history: History, today: int) -> Claims:
    issued, past = _issued_frame(history.issued), by_day(history.merges, MERGES, "merged_day", today)
    earlier = _earlier(graph, parts, history)
    unmerged = issued[~issued["id"].isin(numbers(past["merged_person_id"]))].sort_values(["issued_day", "id"])
    is_held = unmerged["id"].isin(pd.concat([earlier.records["id"], earlier.nodes["id"]]))
    live = unmerged[(unmerged["issued_day"] <= today) | is_held]
    later = history.merges.filter(pc.greater(history.merges["merged_day"].cast("int32"), today))
    undone = pd.DataFrame({"id": numbers(later["merged_into"]), "into": numbers(later["merged_person_id"])})
    claims = _claims(graph, parts, live, earlier, undone["id"])
    # what a later or an earlier run of this day gave to a founder is given again
    again = unmerged[(unmerged["issued_day"] >= today) & ~is_held & ~unmerged["id"].isin(claims["id"])]
    ids, new = _ids(parts.rows, claims.drop_duplicates("part"), issued, again, today)
    moved = _moved(earlier, claims, ids, undone)
    return Claims(
        ids,
        _issued(history.issued, new, again[again["id"].isin(ids)], today),
        _merges(graph, clusters, claims, ids, earlier, today),
        _splits(graph, clusters, moved, earlier, today),
    )


def by_day(table: pa.Table, schema: pa.Schema, column: str, today: int) -> pa.Table:
    """What was decided by the day; the rest is put aside, so a past day can be recomputed."""
    table = table.select(schema.names).cast(schema)
    return table.filter(pc.less_equal(table[column].cast("int32"), today))


def to_the_last(table: pa.Table, new: str, merges: pa.Table) -> pa.Table:
    """Set person_id to the one that stands for `new` as of the day, so that nobody who reads has to follow a chain.

    An id merged away is never worn again, so there are no circles, and each round halves the way that is left.
    """
    merged, into = merges["merged_person_id"].combine_chunks(), merges["merged_into"].combine_chunks()
    survivor = table[new].combine_chunks()
    while True:
        place = pc.index_in(survivor, value_set=merged)
        further = pc.coalesce(into.take(place), survivor)
        if further.equals(survivor):
            return table.set_column(table.schema.get_field_index("person_id"), "person_id", survivor)
        survivor = further


def _earlier(graph: Graph, parts: Parts, history: History) -> Earlier:
    record, record_id = _present(history.record_people, "record_id", graph.records)
    node, node_id = _present(history.identifiers, "identifier", graph.names)
    records = pd.DataFrame({"record": record, "id": record_id, "part": parts.of_record[record]})
    nodes = pd.DataFrame({"node": node, "id": node_id, "part": parts.of_node[node]})
    is_shared = np.isin(node, parts.holders.loc[parts.holders["node"].duplicated(), "node"])
    return Earlier(records, nodes.assign(records=graph.nodes["records"].to_numpy()[node], is_shared=is_shared))


def _present(table: pa.Table, name: str, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    place = pc.index_in(table[name].cast(texts.type).combine_chunks(), value_set=texts)
    is_present = pc.is_valid(place)
    return place.filter(is_present).to_numpy(), numbers(table["person_id"].filter(is_present))


def _claims(graph: Graph, parts: Parts, live: pd.DataFrame, earlier: Earlier, larger_later: pd.Series) -> pd.DataFrame:
    """id, part, day: the one part each live id goes to, oldest id of a part first. Of the parts that have its records,
    that of its founder, else the one with most of them; of who has no record the identifiers count so.

    larger_later   ids that merges after this day made larger: their records of then say nothing of now
    """
    by_record = earlier.records.groupby(["id", "part"], as_index=False).size().rename(columns={"size": "records"})
    without = earlier.nodes[~earlier.nodes["id"].isin(by_record["id"])]
    by_node = without.groupby(["id", "part"], as_index=False)["records"].sum()
    shares = pd.concat([by_record, by_node])
    shares = shares[(shares["part"] != NOBODY) & shares["id"].isin(live["id"])]
    founded = live.assign(part=_founded(graph, parts, live["founder"].to_numpy(np.uint64)))
    founded = founded[founded["part"] != NOBODY]
    at_home = founded.merge(shares[["id", "part"]], on=["id", "part"])
    at_home = pd.concat([at_home, founded[founded["id"].isin(larger_later)]]).drop_duplicates(["id", "part"])
    orphans = shares[~shares["id"].isin(at_home["id"])].sort_values(["records", "part"], ascending=[False, True])
    # who was nobody's on the last night comes back with the founder, unless that is somebody's who has founded on it
    absent = founded[~founded["id"].isin(shares["id"])].drop_duplicates("founder")
    absent = absent[~absent["founder"].isin(live.loc[live["id"].isin(shares["id"]), "founder"])]
    claims = pd.concat([at_home[["id", "part"]], absent[["id", "part"]], orphans.drop_duplicates("id")[["id", "part"]]])
    return claims.merge(live[["id", "day"]], on="id").sort_values(["part", "day", "id"])


def _founded(graph: Graph, parts: Parts, founder: np.ndarray) -> np.ndarray:
    """(founders,) the part that has the identifier, or else the record, of this hash; NOBODY where none has."""
    by_node = pd.Series(parts.of_node, index=graph.nodes["hash"].to_numpy())
    found = by_node[~by_node.index.duplicated()].reindex(founder).fillna(NOBODY).to_numpy(np.int64).copy()
    missing = np.flatnonzero(found == NOBODY)
    if len(missing):
        by_record = pd.Series(parts.of_record, index=hashes(graph.records))
        by_record = by_record[by_record.index.isin(founder[missing]) & ~by_record.index.duplicated()]
        found[missing] = by_record.reindex(founder[missing]).fillna(NOBODY).to_numpy(np.int64)
    return found


def _ids(
    parts: pd.DataFrame, winners: pd.DataFrame, issued: pd.DataFrame, again: pd.DataFrame, today: int
) -> tuple[np.ndarray, pa.Table]:
    """(parts,) uint64: the id each part has won, else one of `again` of its founder, or a new one; and the rows of the
    new ones for `issued`.

    Never by way of a column with gaps: pandas would carry it as a float and lose the last digits of an id.
    """
    ids, is_won = np.zeros(len(parts), dtype=np.uint64), np.zeros(len(parts), dtype=bool)
    ids[winners["part"]], is_won[winners["part"]] = winners["id"], True
    again = again.drop_duplicates("founder")
    place = pd.Index(again["founder"]).get_indexer(parts["founder"].to_numpy(np.uint64))
    is_again = ~is_won & (place >= 0)
    ids[is_again], is_won[is_again] = again["id"].to_numpy(np.uint64)[place[is_again]], True
    unclaimed = parts[~is_won]
    new_ids = unclaimed["founder"].to_numpy(np.uint64).copy()
    while (is_taken := np.isin(new_ids, issued["id"]) | pd.Series(new_ids).duplicated().to_numpy()).any():
        # after a split the founder's first id is another's or merged away
        new_ids[is_taken] = rehash(new_ids[is_taken])
    ids[~is_won] = new_ids
    founders, issued_day = hex_texts(unclaimed["founder"].to_numpy(np.uint64)), days(np.full(len(unclaimed), today))
    return ids, pa.table([hex_texts(new_ids, "p_"), founders, days(unclaimed["day"]), issued_day], schema=ISSUED)


def _issued(before: pa.Table, new: pa.Table, again: pd.DataFrame, today: int) -> pa.Table:
    """The whole table; what a later day had given is of this day now."""
    before = before.select(ISSUED.names).cast(ISSUED)
    early = again.loc[again["issued_day"] > today, "id"]
    if len(early):
        is_early = pc.is_in(before["person_id"], value_set=hex_texts(early.to_numpy(np.uint64), "p_"))
        day = pc.if_else(is_early, days(np.array([today]))[0], before["issued_day"])
        before = before.set_column(before.schema.get_field_index("issued_day"), ISSUED.field("issued_day"), day)
    return pa.concat_tables([before, new])


def _merges(
    graph: Graph, clusters: Clusters, claims: pd.DataFrame, ids: np.ndarray, earlier: Earlier, today: int
) -> pa.Table:
    """One row for each id that lost its part to an older one, and what holds both together."""
    losers = claims[claims.duplicated("part")].reset_index(drop=True)
    near = earlier.nodes[earlier.nodes["part"].isin(losers["part"])]
    held = graph.edges.merge(near[["node", "id"]], on="node")[["record", "id"]]
    held = pd.concat([held, earlier.records.loc[earlier.records["part"].isin(losers["part"]), ["record", "id"]]])
    several = held.groupby("record")["id"].nunique()
    bridges = held[held["record"].isin(several[several > 1].index)].groupby("id")["record"].min()
    record = graph.records.take(pa.array(losers["id"].map(bridges), pa.int64(), from_pandas=True))
    told = _told(graph, clusters.joined, earlier, losers["id"], is_one=False)
    bridge = pc.binary_join_element_wise("record", record, " ")
    because = pc.coalesce(told, bridge, "records that share identifiers")
    survivor = hex_texts(ids[losers["part"]], "p_")
    merged = hex_texts(losers["id"].to_numpy(np.uint64), "p_")
    return pa.table([merged, survivor, days(np.full(len(losers), today)), because, survivor], schema=MERGES)


def _moved(earlier: Earlier, claims: pd.DataFrame, ids: np.ndarray, undone: pd.DataFrame) -> pd.DataFrame:
    """id, into: each earlier id, and who else has some of its records, or of its own identifiers, today."""
    pieces = pd.concat(
        [earlier.records[["id", "part"]], earlier.nodes.loc[~earlier.nodes["is_shared"], ["id", "part"]]]
    )
    pieces = pieces[pieces["part"] != NOBODY].drop_duplicates()
    gone_with = pieces.merge(claims[["id", "part"]], on=["id", "part"], how="left", indicator=True)
    pieces = gone_with[gone_with["_merge"] == "left_only"].sort_values(["id", "part"])
    moved = pd.DataFrame({"id": pieces["id"].to_numpy(np.uint64), "into": ids[pieces["part"]]})
    moved = moved[moved["id"] != moved["into"]]
    # a past day computed again: who was merged later is not split off now
    return moved[~pd.MultiIndex.from_frame(moved).isin(pd.MultiIndex.from_frame(undone))]


def _splits(graph: Graph, clusters: Clusters, moved: pd.DataFrame, earlier: Earlier, today: int) -> pa.Table:
    told = _told(graph, clusters.refused, earlier, moved["id"], is_one=True)
    because = pc.fill_null(told, "nothing joins their records any more")
    split_from, split_into = (hex_texts(moved[name].to_numpy(np.uint64), "p_") for name in ("id", "into"))
    return pa.table([split_from, split_into, days(np.full(len(moved), today)), because, split_into], schema=SPLITS)


def _told(graph: Graph, pairs: pd.DataFrame, earlier: Earlier, wanted: pd.Series, is_one: bool) -> pa.Array:
    """For each wanted id why two records, of which it had both (`is_one`) or one, were parted or joined; else NULL."""
    id_of = earlier.records.drop_duplicates("record").set_index("record")["id"]
    known = pairs[pairs["record_a"].isin(id_of.index) & pairs["record_b"].isin(id_of.index)]
    a, b = (id_of.loc[known[name]].to_numpy(np.uint64) for name in ("record_a", "record_b"))
    known = known.assign(a=a, b=b)[(a == b) == is_one]
    sides = pd.concat([known.assign(id=known["a"]), known.assign(id=known["b"])]).drop_duplicates("id").set_index("id")
    place = sides.index.get_indexer(wanted.to_numpy(np.uint64))
    found = sides.iloc[place[place >= 0]]
    texts = pc.binary_join_element_wise(
        pa.array(found["because"], pa.string()), ": records ", take(graph.records, found["record_a"]), " and ",
        take(graph.records, found["record_b"]), ""
    )  # fmt: skip
    row = np.cumsum(place >= 0) - 1
    return texts.take(pa.array(row, pa.int64(), mask=place < 0))


def _issued_frame(issued: pa.Table) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": numbers(issued["person_id"]),
            "founder": numbers(issued["founder"]),
            "day": issued["first_seen_day"].cast("int32").to_numpy(),
            "issued_day": issued["issued_day"].cast("int32").to_numpy(),
        }
    )


def days(numbers_of_days: pd.Series | np.ndarray) -> pa.Array:
    return pa.array(np.asarray(numbers_of_days, dtype=np.int32)).cast("date32")
