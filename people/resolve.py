"""Who is whom: records that share an identifier, or are probably one human's, are one person, where nothing speaks
against it. Tables in, tables out, no warehouse.
"""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from people.claims import Claims, by_day, claim, days, to_the_last
from people.clusters import Clusters, cluster
from people.crowds import ignore_crowded
from people.evidence import Evidence
from people.graph import Graph, read, take
from people.parts import NOBODY, Parts, number_parts
from people.past import as_of, changes
from people.person_ids import hex_texts
from people.schemas import (
    IDENTIFIERS,
    IGNORED,
    LINKS,
    MERGES,
    PEOPLE,
    RECORD_PEOPLE,
    SHARED,
    SPLITS,
    VALIDITY,
    VETOES,
    History,
    Resolution,
    Rules,
)  # fmt: skip
from people.traits import read_traits
from people.validity import EVER, NEVER, spans

EPOCH = date(1970, 1, 1).toordinal()  # days are counted from here


def resolve(
    identifiers: pa.Table, history: History, day: date, rules: Rules | None = None, evidence: Evidence | None = None
) -> Resolution:
    """Join records into people and give every person an id that later nights keep.

    identifiers  record_id, identifier, kind, first_seen_day; one row a record and identifier, NULLs are left out.
    history      yesterday's result; what was decided after `day` is put aside, so a past day can be recomputed.
    """
    rules, evidence, history = rules or Rules(), evidence or Evidence(), as_of(history, day)
    today = day.toordinal() - EPOCH
    graph = read(identifiers, today)
    traits = read_traits(evidence.traits, graph.records)
    ignored = by_day(history.ignored, IGNORED, "since_day", today)
    graph = ignore_crowded(graph, traits, rules.limits, rules.learned, ignored["identifier"])
    clusters = cluster(graph, traits, evidence, rules.one_per_person)
    parts = number_parts(graph, clusters.label, rules.shared_owner)
    claims = claim(graph, parts, clusters, history, today)
    held = spans(graph, parts, evidence.passed, rules.shared_owner)
    return _resolution(graph, parts, clusters, claims, history, held, today)


def _resolution(
    graph: Graph, parts: Parts, clusters: Clusters, claims: Claims, history: History, held: pd.DataFrame, today: int
) -> Resolution:
    merges = pa.concat_tables([by_day(history.merges, MERGES, "merged_day", today), claims.merges])
    splits = pa.concat_tables([by_day(history.splits, SPLITS, "split_day", today), claims.splits])
    splits = splits.group_by(["split_from", "split_into", "split_day"]).aggregate([("because", "min")])
    splits = splits.rename_columns(["split_from", "split_into", "split_day", "because"])
    splits = splits.append_column("person_id", splits["split_into"]).select(SPLITS.names)
    person = hex_texts(claims.ids, "p_")
    record_people, identifiers = _record_people(graph, parts, person), _person_identifiers(graph, parts, person)
    return Resolution(
        person_identifiers=identifiers,
        people=pa.table(
            [person, days(parts.rows["day"]), parts.rows["records"], parts.rows["identifiers"]], schema=PEOPLE
        ),
        record_people=record_people,
        merges=to_the_last(merges, "merged_into", merges),
        splits=to_the_last(splits, "split_into", merges),
        links=_links(graph, parts),
        issued=claims.issued,
        ignored=_ignored(graph, history, today),
        shared=_shared(graph, parts, person),
        vetoes=_vetoes(graph, clusters.refused),
        validity=_validity(held, person),
        past=changes(history, record_people, identifiers, history.past, date.fromordinal(EPOCH + today)),
        records=int((~graph.is_mention).sum()),
        merged=_on(merges["merged_day"], today),
        split=_on(splits.group_by(["split_from", "split_day"]).aggregate([])["split_day"], today),
    )


def _on(column: pa.ChunkedArray, today: int) -> int:
    return int((column.cast("int32").to_numpy() == today).sum())


def _person_identifiers(graph: Graph, parts: Parts, person: pa.Array) -> pa.Table:
    """One row an identifier that joins somebody: its owner's."""
    node = np.flatnonzero(parts.of_node != NOBODY)
    owner = parts.holders.merge(pd.DataFrame({"node": node, "part": parts.of_node[node]}), on=["node", "part"])
    first = owner.sort_values("node")["first"]
    kinds = graph.nodes["kind"].to_numpy()[node]
    return pa.table(
        [take(graph.names, node), take(person, parts.of_node[node]), kinds, days(first)], schema=IDENTIFIERS
    )


def _record_people(graph: Graph, parts: Parts, person: pa.Array) -> pa.Table:
    record = np.flatnonzero((parts.of_record != NOBODY) & ~graph.is_mention)
    return pa.table([take(graph.records, record), take(person, parts.of_record[record])], schema=RECORD_PEOPLE)


def _links(graph: Graph, parts: Parts) -> pa.Table:
    """What each record of somebody holds of what joins."""
    record, node = graph.edges["record"].to_numpy(), graph.edges["node"].to_numpy()
    inside = (parts.of_record[record] != NOBODY) & ~graph.nodes["ignored"].to_numpy()[node]
    return pa.table([take(graph.records, record[inside]), take(graph.names, node[inside])], schema=LINKS)


def _shared(graph: Graph, parts: Parts, person: pa.Array) -> pa.Table:
    several = parts.holders[parts.holders["node"].duplicated(keep=False)].sort_values(["node", "part"])
    is_owner = parts.of_node[several["node"]] == several["part"].to_numpy()
    columns = [take(graph.names, several["node"]), take(person, several["part"]), is_owner, days(several["first"])]
    return pa.table(columns, schema=SHARED)


def _validity(held: pd.DataFrame, person: pa.Array) -> pa.Table:
    ends = [pa.array(held[name].to_numpy(np.int64), mask=(held[name] == missing).to_numpy()) for name, missing in
            (("from", EVER), ("until", NEVER))]  # fmt: skip
    dates = [end.cast("int32").cast("date32") for end in ends]
    return pa.table([held["identifier"].to_numpy(object), take(person, held["part"]), *dates], schema=VALIDITY)


def _ignored(graph: Graph, history: History, today: int) -> pa.Table:
    over = graph.nodes[graph.nodes["ignored"]]
    names = take(graph.names, over.index)
    earlier = by_day(history.ignored, IGNORED, "since_day", today)
    since = (
        earlier["since_day"].cast("int32").take(pc.index_in(names, value_set=earlier["identifier"].combine_chunks()))
    )
    since_day = pc.fill_null(since, today).cast("date32")
    columns = [names, over["kind"].to_numpy(), over["records"].to_numpy(), since_day, over["because"].to_numpy(object)]
    return pa.table(columns, schema=IGNORED)


def _vetoes(graph: Graph, refused: pd.DataFrame) -> pa.Table:
    node = refused["node"].to_numpy(np.int64)
    identifier = graph.names.take(pa.array(node, pa.int64(), mask=node < 0))
    a, b = take(graph.records, refused["record_a"]), take(graph.records, refused["record_b"])
    is_turned = pc.greater(a, b)
    low, high = pc.if_else(is_turned, b, a), pc.if_else(is_turned, a, b)
    return pa.table([low, high, identifier, pa.array(refused["because"], pa.string())], schema=VETOES)
