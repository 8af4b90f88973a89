"""OpenLineage events: from which tables of the warehouse to which place outside, with row counts; alike for every room.

Written to FAIRLEAD_HOME/lineage/<day>.jsonl, and posted where [lineage] url leads. A receiver that is away costs
nothing but its event, and so does a full disk.
Source   https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.column_lineage.origin import Origin
from core.errors import FairleadError
from core.outside import Place, post
from core.settings import Settings

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/definitions/RunEvent"
PRODUCER = "https://fairlead.example/"  # and the room
STATISTICS = "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json"
ERROR = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json"
COLUMNS = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json"
TRANSFORMATIONS = {
    "identity": ("DIRECT", "IDENTITY"), "transformation": ("DIRECT", "TRANSFORMATION"),
    "aggregation": ("DIRECT", "AGGREGATION"), "model": ("DIRECT", "TRANSFORMATION"),
    "choice": ("INDIRECT", "CONDITIONAL"),
}  # fmt: skip
NOMINAL = "https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json"
SENDS_SECONDS = 5
log = logging.getLogger("fairlead.lineage")


@dataclass(frozen=True)
class Output:
    """Where rows went. namespace   of a place outside; '' the warehouse

    columns    its column or field -> what it is made of
    deciding   the columns that decide which rows there are
    """

    name: str
    namespace: str = ""
    rows: int | None = None  # None: not counted
    columns: Mapping[str, Sequence[Origin]] = field(default_factory=dict)
    deciding: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Run:
    """One step's run that has ended."""

    room: str
    job: str
    day: str
    kind: Literal["COMPLETE", "FAIL", "ABORT"]
    inputs: tuple[str, ...]  # tables
    outputs: tuple[Output, ...]
    run_id: str | None = None
    error: str = ""  # of a run that failed


def emit(settings: Settings, runs: Sequence[Run]) -> None:
    """Write an event for each run down, then post them where they are wanted."""
    if not runs:
        return
    events = [_event(settings.lineage.namespace, run) for run in runs]
    folder = settings.home / "lineage"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{runs[0].day}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
    except OSError as error:  # a full disk: what the step did stands, and somebody is still to be told of it
        log.warning("lineage: %s cannot be written (%s)", folder, error.strerror)
    if settings.lineage.url:
        try:
            post(Place("lineage", settings.lineage.url, "lineage.url", SENDS_SECONDS, SENDS_SECONDS), *events)
        except FairleadError as error:
            log.warning("lineage: %s; the events stand in %s", error, folder.name)


def _event(namespace: str, run: Run) -> dict[str, Any]:
    producer = PRODUCER + run.room
    return {
        "eventType": run.kind, "eventTime": datetime.now(UTC).isoformat(), "producer": producer, "schemaURL": SCHEMA,
        "run": {"runId": str(uuid.UUID(run.run_id) if run.run_id else uuid.uuid4()), "facets": _facets(producer, run)},
        "job": {"namespace": namespace, "name": run.job},
        "inputs": [{"namespace": namespace, "name": table} for table in run.inputs],
        "outputs": [_output(namespace, producer, output) for output in run.outputs],
    }  # fmt: skip


def _output(namespace: str, producer: str, output: Output) -> dict[str, Any]:
    dataset: dict[str, Any] = {"namespace": output.namespace or namespace, "name": output.name}
    if output.columns:
        fields = {
            name: {"inputFields": [_input(namespace, o.table, o.column, *TRANSFORMATIONS[o.kind]) for o in origins]}
            for name, origins in output.columns.items()
        }
        facet: dict[str, Any] = {"_producer": producer, "_schemaURL": COLUMNS, "fields": fields}
        if output.deciding:
            facet["dataset"] = [_input(namespace, *column, "INDIRECT", "FILTER") for column in output.deciding]
        dataset["facets"] = {"columnLineage": facet}
    if output.rows is not None:
        counted = {"_producer": producer, "_schemaURL": STATISTICS, "rowCount": output.rows}
        dataset["outputFacets"] = {"outputStatistics": counted}
    return dataset


def _input(namespace: str, table: str, column: str, kind: str, subtype: str) -> dict[str, Any]:
    done = {"type": kind, "subtype": subtype, "masking": False}
    return {"namespace": namespace, "name": table, "field": column, "transformations": [done]}


def _facets(producer: str, run: Run) -> dict[str, Any]:
    facets: dict[str, Any] = {
        "nominalTime": {"_producer": producer, "_schemaURL": NOMINAL, "nominalStartTime": f"{run.day}T00:00:00Z"}
    }
    if run.kind == "FAIL":
        facets["errorMessage"] = {
            "_producer": producer,
            "_schemaURL": ERROR,
            "message": run.error,
            "programmingLanguage": "python",
        }
    return facets
