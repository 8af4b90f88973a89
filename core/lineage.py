"""OpenLineage events: from which tables of the warehouse to which place outside, with row counts; alike for every room.

Written to FAIRLEAD_HOME/lineage/<day>.jsonl, and posted where [lineage] url leads. A receiver that is away costs
nothing but its event, and so does a full disk.
Source   https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from core.errors import FairleadError
from core.outside import Place, post
from core.settings import Settings

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/definitions/RunEvent"
PRODUCER = "https://fairlead.example/"  # and the room
STATISTICS = "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json"
ERROR = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json"
NOMINAL = "https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json"
SENDS_SECONDS = 5
log = logging.getLogger("fairlead.lineage")


@dataclass(frozen=True)
class Run:
    """One step's run that has ended."""

    room: str
    job: str
    day: str
    kind: Literal["COMPLETE", "FAIL", "ABORT"]
    inputs: tuple[str, ...]  # tables
    output: tuple[str, str]  # (namespace, name): where the rows went
    rows: int
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
    producer, (place, name) = PRODUCER + run.room, run.output
    counted = {"_producer": producer, "_schemaURL": STATISTICS, "rowCount": run.rows}
    return {
        "eventType": run.kind, "eventTime": datetime.now(UTC).isoformat(), "producer": producer, "schemaURL": SCHEMA,
        "run": {"runId": str(uuid.UUID(run.run_id) if run.run_id else uuid.uuid4()), "facets": _facets(producer, run)},
        "job": {"namespace": namespace, "name": run.job},
        "inputs": [{"namespace": namespace, "name": table} for table in run.inputs],
        "outputs": [{"namespace": place, "name": name, "outputFacets": {"outputStatistics": counted}}],
    }  # fmt: skip


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
