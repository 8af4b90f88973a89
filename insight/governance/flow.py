"""Where a column's values come from, step by step, and where they go."""

from collections.abc import Iterable

from core.column_lineage.graph import Graph
from core.column_lineage.origin import STRENGTH, Kind
from insight.governance.catalogue import Row

Column = tuple[str, str]


def dotted(column: Column) -> str:
    return ".".join(column)


def upstream(graph: Graph, start: Iterable[Column]) -> tuple[list[Row], dict[Column, Kind]]:
    """(one step a column, nearest first: column, model, kind, made_of; where it ends: column -> what is done to it)."""
    steps: list[Row] = []
    ends: dict[Column, Kind] = {}
    kinds: dict[Column, Kind] = dict.fromkeys(start, "identity")
    queue = list(kinds)
    for column in queue:  # grows while it is read
        origins = graph.origins(*column)
        model = graph.models.get(column[0])
        if model is None and not origins:
            ends[column] = kinds[column]
        else:
            path, fault = (model.path, model.fault) if model else ("", "")
            steps.append({
                "column": dotted(column), "model": path, "fault": fault, "kind": kinds[column],
                "made_of": [{"column": dotted((o.table, o.column)), "kind": o.kind} for o in origins],
            })  # fmt: skip
        for origin in origins:
            pair = (origin.table, origin.column)
            if pair not in kinds:
                queue.append(pair)
            kinds[pair] = weakest(kinds.get(pair), strongest(kinds[column], origin.kind))
    return steps, {column: kinds[column] for column in ends}


def downstream(graph: Graph, start: Iterable[Column]) -> dict[Column, Kind]:
    """Every column that is made of these, themselves among them -> what is done with the value on the way."""
    kinds: dict[Column, Kind] = dict.fromkeys(start, "identity")
    queue = list(kinds)
    for column in queue:
        for use in graph.uses.get(column, ()):
            pair = (use.table, use.column)
            if pair not in kinds:
                queue.append(pair)
            kinds[pair] = weakest(kinds.get(pair), strongest(kinds[column], use.kind))
    return kinds


def strongest(first: Kind, second: Kind) -> Kind:
    """What two steps in a row do to a value."""
    return max(first, second, key=STRENGTH.index)


def weakest(first: Kind | None, second: Kind) -> Kind:
    """Of two ways the one that leaves more of the value."""
    return second if first is None else min(first, second, key=STRENGTH.index)
