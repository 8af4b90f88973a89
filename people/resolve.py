"""Who is whom, exactly: records that share an identifier are one person. Tables in, tables out, no warehouse.

Texts become numbers once (`person_ids.py`, Arrow's dictionaries) and everything between runs on integers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.graph import Graph, is_mention, number_parts, parts_of, read, take
from people.person_ids import hex_texts, numbers, rehash

RECORDS_PER_IDENTIFIER = {"email": 50, "phone": 50}  # a switchboard or a till's placeholder is not one human being

IDENTIFIERS = pa.schema({"identifier": "string", "person_id": "string", "kind": "string", "first_seen_day": "date32"})
PEOPLE = pa.schema({"person_id": "string", "first_seen_day": "date32", "records": "int64", "identifiers": "int64"})
# person_id: who it is now, however often merged since; merged_into: who it was on merged_day, by which an earlier day
# is resolved
MERGES = pa.schema(
    {
        "merged_person_id": "string",
        "person_id": "string",
        "merged_day": "date32",
        "because": "string",
        "merged_into": "string",
    }
)
LINKS = pa.schema({"record_id": "string", "identifier": "string"})
ISSUED = pa.schema({"person_id": "string", "founder": "string", "first_seen_day": "date32", "issued_day": "date32"})


@dataclass(frozen=True)
class History:
    """What earlier nights decided. `issued` holds every id ever given; its `founder` is the hash of the identifier
    that the id was made from, so that an id stays taken even when its person was forgotten."""

    issued: pa.Table = field(default_factory=ISSUED.empty_table)
    merges: pa.Table = field(default_factory=MERGES.empty_table)
    identifiers: pa.Table = field(default_factory=IDENTIFIERS.empty_table)


@dataclass(frozen=True)
class Resolution:
    """The whole of the identity schema as of the day; `ignored` holds the identifiers that too many records share."""

    person_identifiers: pa.Table
    people: pa.Table
    merges: pa.Table
    links: pa.Table
    issued: pa.Table
    ignored: pa.Table
    records: int  # of sources; who is only named by other rows has none
    merged: int  # people who became part of another on this day
    split: int  # people whose identifiers now lie in several parts

    @property
    def history(self) -> History:
        return History(self.issued, self.merges, self.person_identifiers)


def resolve(
    identifiers: pa.Table, history: History, day: date, limits: Mapping[str, int] = RECORDS_PER_IDENTIFIER
) -> Resolution:
    """Join records into people and give every person an id that later nights keep.

    identifiers  record_id, identifier, kind, first_seen_day; one row a record and identifier, NULLs are left out.
    history      yesterday's result; merges after `day` are put aside, so a past day can be recomputed.
    limits       most records that one identifier of a kind may join; above it the identifier joins nobody.
    """
    today = (day - date(1970, 1, 1)).days
    graph = number_parts(read(identifiers, today), limits)
    parts = parts_of(graph)
    issued, earlier_merges = _issued_frame(history.issued), _merged_by(history.merges, today)
    earlier_nodes = _before(history.identifiers, graph)
    live = issued[~issued["id"].isin(numbers(earlier_merges["merged_person_id"]))]
    live = live.sort_values(["issued_day", "id"]).drop_duplicates("founder")
    claims, split = _claims(live, earlier_nodes, graph)
    ids, new = _ids(parts, claims.drop_duplicates("part"), issued, today)
    merges = _to_the_last(pa.concat_tables([earlier_merges, _merges(claims, ids, earlier_nodes, graph, today)]))
    person_identifiers, people = _people(graph, parts, ids)
    return Resolution(
        person_identifiers=person_identifiers,
        people=people,
        merges=merges,
        links=_links(graph),
        issued=pa.concat_tables([history.issued.select(ISSUED.names).cast(ISSUED), new]),
        ignored=_ignored(graph),
        records=int((~is_mention(graph)).sum()),
        merged=int((merges["merged_day"].cast("int32").to_numpy() == today).sum()),
        split=split,
    )


def _people(graph: Graph, parts: pd.DataFrame, ids: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """One row an identifier that joins somebody, and one a person: `person_identifiers` and `people`."""
    inside = graph.nodes[graph.nodes["part"] >= 0]
    owners = hex_texts(ids[inside["part"]], "p_")
    identifiers = [take(graph.names, inside.index), owners, inside["kind"].to_numpy(), _days(inside["day"])]
    people = [hex_texts(ids, "p_"), _days(parts["day"]), parts["records"], parts["identifiers"]]
    return pa.table(identifiers, schema=IDENTIFIERS), pa.table(people, schema=PEOPLE)


def _claims(live: pd.DataFrame, earlier_nodes: pd.DataFrame, graph: Graph) -> tuple[pd.DataFrame, int]:
    """The one part each live id goes to (that of its founder, or, when the founder is gone, the one with most of its
    records), oldest id of a part first; and how many people were split."""
    inside = graph.nodes.loc[graph.nodes["part"] >= 0, ["hash", "part"]].rename(columns={"hash": "founder"})
    founded = live.merge(inside, on="founder")
    still_used = earlier_nodes[earlier_nodes["id"].isin(live["id"]) & (earlier_nodes["part"] >= 0)]
    shares = still_used.groupby(["id", "part"], as_index=False)["records"].sum()
    split = int((shares.groupby("id").size() > 1).sum())
    orphans = shares[~shares["id"].isin(founded["id"])].sort_values(["records", "part"], ascending=[False, True])
    orphans = orphans.drop_duplicates("id").merge(live, on="id")
    columns = ["id", "part", "day"]
    return pd.concat([founded[columns], orphans[columns]]).sort_values(["part", "day", "id"]), split


def _ids(parts: pd.DataFrame, winners: pd.DataFrame, issued: pd.DataFrame, today: int) -> tuple[np.ndarray, pa.Table]:
    """(parts,) uint64: the id each part has won, or a new one; and the rows of the new ones for `issued`.

    Never by way of a column with gaps: pandas would carry it as a float and lose the last digits of an id.
    """
    ids, is_won = np.zeros(len(parts), dtype=np.uint64), np.zeros(len(parts), dtype=bool)
    ids[winners["part"]], is_won[winners["part"]] = winners["id"], True
    unclaimed = parts[~is_won]
    new_ids = unclaimed["founder"].to_numpy(np.uint64).copy()
    while (is_taken := np.isin(new_ids, issued["id"]) | pd.Series(new_ids).duplicated().to_numpy()).any():
        # after a split the founder's first id is another's or merged away
        new_ids[is_taken] = rehash(new_ids[is_taken])
    ids[~is_won] = new_ids
    founders, issued_day = hex_texts(unclaimed["founder"].to_numpy(np.uint64)), _days(np.full(len(unclaimed), today))
    return ids, pa.table([hex_texts(new_ids, "p_"), founders, _days(unclaimed["day"]), issued_day], schema=ISSUED)


def _merges(claims: pd.DataFrame, ids: np.ndarray, earlier_nodes: pd.DataFrame, graph: Graph, today: int) -> pa.Table:
    """One row for each id that lost its part to an older one, and a record that holds identifiers of both."""
    losers = claims[claims.duplicated("part")].reset_index(drop=True)
    near = earlier_nodes[earlier_nodes["part"].isin(losers["part"])]
    shared_edges = graph.edges.merge(near[["node", "id"]], on="node")
    several = shared_edges.groupby("record")["id"].nunique()
    bridges = shared_edges[shared_edges["record"].isin(several[several > 1].index)].groupby("id")["record"].min()
    record = graph.records.take(pa.array(losers["id"].map(bridges), pa.int64(), from_pandas=True))
    because = pc.fill_null(pc.binary_join_element_wise("record", record, " "), "records that share identifiers")
    survivor = hex_texts(ids[losers["part"]], "p_")
    merged_day = _days(np.full(len(losers), today))
    merged = hex_texts(losers["id"].to_numpy(np.uint64), "p_")
    return pa.table([merged, survivor, merged_day, because, survivor], schema=MERGES)


def _to_the_last(merges: pa.Table) -> pa.Table:
    """Lead every merged id to the one that stands for it as of the day, so that nobody who reads has to follow a chain.

    An id merged away is never worn again, so there are no circles, and each round halves the way that is left.
    """
    merged, survivor = merges["merged_person_id"].combine_chunks(), merges["merged_into"].combine_chunks()
    while True:
        place = pc.index_in(survivor, value_set=merged)
        further = pc.if_else(pc.is_valid(place), survivor.take(pc.fill_null(place, 0)), survivor)
        if further.equals(survivor):
            return merges.set_column(1, "person_id", survivor)
        survivor = further


def _issued_frame(issued: pa.Table) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": numbers(issued["person_id"]),
            "founder": numbers(issued["founder"]),
            "day": issued["first_seen_day"].cast("int32").to_numpy(),
            "issued_day": issued["issued_day"].cast("int32").to_numpy(),
        }
    )


def _before(identifiers: pa.Table, graph: Graph) -> pd.DataFrame:
    """The nodes that had a person before: node, id, and the node's part and records today."""
    node = pc.index_in(identifiers["identifier"], value_set=graph.names)
    is_present = pc.is_valid(node)
    at = node.filter(is_present).to_numpy()
    today = graph.nodes[["part", "records"]].take(at).reset_index(drop=True)
    return today.assign(node=at, id=numbers(identifiers["person_id"].filter(is_present)))


def _merged_by(merges: pa.Table, today: int) -> pa.Table:
    merges = merges.select(MERGES.names).cast(MERGES)
    return merges.filter(pc.less_equal(merges["merged_day"].cast("int32"), today))


def _links(graph: Graph) -> pa.Table:
    inside = graph.edges[graph.edges["part"] >= 0]
    return pa.table([take(graph.records, inside["record"]), take(graph.names, inside["node"])], schema=LINKS)


def _ignored(graph: Graph) -> pa.Table:
    over = graph.nodes[graph.nodes["ignored"]]
    columns = {"identifier": take(graph.names, over.index), "kind": pa.array(over["kind"], pa.string())}
    return pa.table({**columns, "records": pa.array(over["records"], pa.int64())})


def _days(days: pd.Series | np.ndarray) -> pa.Array:
    return pa.array(np.asarray(days, dtype=np.int32)).cast("date32")
