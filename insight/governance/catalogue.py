"""All that is known of the columns: the graph of the SQL, what the YAML declares, and who reads and receives what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.column_lineage.graph import Graph, Model, load_graph
from core.column_lineage.origin import Origin, Statement
from core.governance.complete import complete_marts
from core.governance.declared import Mart
from core.settings import Settings

Row = dict[str, Any]


@dataclass(frozen=True)
class Rooms:
    """What the other rooms tell of themselves; `insight` imports none of them.

    receivers   of activation: one row a sync and field
    models      of ml: what each predictive model reads, given the tables' columns
    sources     of connectors: raw table -> column -> where its source file reads it
    """

    receivers: Callable[[Settings], list[Row]]
    models: Callable[[Settings, Mapping[str, list[str]]], list[Row]]
    sources: Callable[[Settings, Iterable[str]], dict[str, dict[str, Row]]]


@dataclass(frozen=True)
class Catalogue:
    settings: Settings
    rooms: Rooms
    graph: Graph
    marts: Mapping[str, Mart]
    receivers: list[Row]
    models: list[Row]


def load_catalogue(settings: Settings, rooms: Rooms) -> Catalogue:
    """Raises FatalError where nothing is built yet."""
    graph = load_graph(settings)
    models = rooms.models(settings, graph.tables)
    marts = complete_marts(settings, built_marts(graph.tables))
    whole = graph.with_models(_scores(models, graph.tables))
    return Catalogue(settings, rooms, whole, marts, rooms.receivers(settings), models)


def built_marts(tables: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {name.removeprefix("marts."): columns for name, columns in tables.items() if name.startswith("marts.")}


def _scores(models: list[Row], tables: Mapping[str, list[str]]) -> Iterable[Model]:
    """A table of scores as if it were a model of dbt's: every column that says something is made of all features."""
    for row in models:
        table = f"scores.{row['model']}"
        features = [Origin(row["table"], column, "model") for column in row["columns"]]
        columns = {
            name: [Origin(row["table"], name, "identity")] if name in ("person_id", "as_of_day") else features
            for name in tables.get(table, [])
            if name not in ("version", "scored_at")
        }
        learnt = [(row["table"], column) for column in row["eligible_by"]] + [(row["label"], "label")]
        yield Model(row["model"], table, row["file"], "", Statement(columns, learnt))
