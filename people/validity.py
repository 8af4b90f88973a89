"""Whose an identifier was when: a number that somebody gave up and somebody else took is each one's in their time."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.graph import Graph
from people.parts import NOBODY, Parts

EVER, NEVER = -(2**31), 2**31 - 1  # days before and after all others
SPAN = ["identifier", "part", "from", "until"]


def spans(graph: Graph, parts: Parts, passed: pa.Table, shared_owner: str) -> pd.DataFrame:
    """identifier, part, from, until (days; EVER, NEVER): at most one part a day, of identifiers that passed on.

    An identifier goes to the next one when the last has given it up and that one has come. Who holds it all along is
    its owner also while others hold it beside them.
    """
    former = _given_up(graph, parts, passed)
    if shared_owner == "last":
        sharing = _taken_in_turn(graph, parts)
        since = (
            sharing.drop_duplicates("identifier").set_index("identifier")["owner_since"].reindex(former["identifier"])
        )
        former["owner_since"] = since.fillna(pd.Series(former["owner_since"].to_numpy(), since.index)).to_numpy(
            np.int64
        )
        former = pd.concat([former, sharing])
        former = former[former["first"] < former["owner_since"]]
    return _spans(former)


def _given_up(graph: Graph, parts: Parts, passed: pa.Table) -> pd.DataFrame:
    """One row a former holder: identifier, part, first, until, and of the owner of today: owner, owner_first,
    owner_since.
    """
    record = pc.index_in(passed["record_id"].cast(graph.records.type).combine_chunks(), value_set=graph.records)
    days = {name: _days(passed[name], EVER) for name in ("first_seen_day", "first_day", "since_day")}
    rows = pd.DataFrame(
        {"identifier": passed["identifier"].to_pandas(), "until": _days(passed["until_day"], NEVER)} | days
    )
    rows["part"] = parts.of_record[pc.fill_null(record, 0).to_numpy()] if len(parts.of_record) else NOBODY
    rows = rows[record.is_valid().to_numpy(zero_copy_only=False) & (rows["part"] != NOBODY).to_numpy()]
    held = rows.groupby(["identifier", "part"], as_index=False).agg(
        first=("first_day", "min"), since=("since_day", "min"), born=("first_seen_day", "min"), until=("until", "max")
    )
    node = pc.index_in(pa.array(held["identifier"], pa.string()), value_set=graph.names.cast(pa.string()))
    held["owner"] = np.where(node.is_valid(), parts.of_node[pc.fill_null(node, 0).to_numpy()], NOBODY)
    own = held[held["part"] == held["owner"]].set_index("identifier")
    former = held[(held["until"] != NEVER) & (held["part"] != held["owner"])].copy()
    for name in ("first", "since", "born"):
        former[f"owner_{name}"] = own[name].reindex(former["identifier"]).fillna(NEVER).to_numpy(np.int64)
    had_it_first = (former["first"] < former["owner_since"]) | (
        (former["first"] == former["owner_since"]) & (former["born"] < former["owner_born"])
    )
    return former[had_it_first]


def _taken_in_turn(graph: Graph, parts: Parts) -> pd.DataFrame:
    """The same of what several hold today, where it is whose record took it last: before that one it was another's."""
    held = parts.holders[parts.holders["node"].duplicated(keep=False)]
    held = held.assign(owner=parts.of_node[held["node"]])
    own = held[held["part"] == held["owner"]].set_index("node")["last"]
    others = held[held["part"] != held["owner"]]
    since = own.reindex(others["node"]).to_numpy()
    others = others.assign(owner_since=since, owner_first=NEVER, until=EVER)[others["first"].to_numpy() < since]
    names = graph.names.take(pa.array(others["node"].to_numpy(np.int64))).to_pandas()
    return others.assign(identifier=names.to_numpy())


def _spans(former: pd.DataFrame) -> pd.DataFrame:
    if not len(former):
        return pd.DataFrame(
            {"identifier": np.zeros(0, dtype=object)} | {name: np.zeros(0, dtype=int) for name in SPAN[1:]}
        )
    former = former.sort_values(["identifier", "first", "until", "part"]).reset_index(drop=True)
    of = former.groupby("identifier", sort=False)
    following = of["first"].shift(-1).fillna(former["owner_since"]).astype(np.int64)
    ends = np.where((following == NEVER) | (following < former["until"]), former["until"], following)
    former["until"] = pd.Series(ends).groupby(former["identifier"], sort=False).cummax()
    had_it_before = former["owner_first"] < former["first"]
    former["from"] = (
        of["until"].shift(1).fillna(pd.Series(np.where(had_it_before, former["first"], EVER))).astype(np.int64)
    )
    last = former.drop_duplicates("identifier", keep="last")
    own = last.drop(columns="from").rename(columns={"until": "from"}).assign(part=last["owner"], until=NEVER)
    rows = pd.concat([former, own[own["part"] != NOBODY]])
    return rows.loc[rows["from"] < rows["until"], SPAN]


def _days(column: pa.ChunkedArray, missing: int) -> np.ndarray:
    return column.cast("date32").cast("int32").fill_null(missing).to_numpy().astype(np.int64)
