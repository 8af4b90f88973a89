"""OpenLineage events of each push: from which tables of the warehouse to which audience at which channel, with row counts.

Written to FAIRLEAD_HOME/lineage/<day>.jsonl, and posted where [lineage] url leads. A receiver that is away costs nothing but its event.
Source   https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

import json
import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from activation.channel import BatchRejected
from activation.sync import Sync
from activation.vendor.http import Http, Request
from core.errors import FairleadError
from core.settings import Settings

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/definitions/RunEvent"
PRODUCER = "https://fairlead.example/activation"
STATISTICS = "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json"
ERROR = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json"
NOMINAL = "https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json"
SENDS_SECONDS = 5
log = logging.getLogger("fairlead.activation")


def events(settings: Settings, syncs: dict[str, Sync], pushed: dict[str, Any]) -> list[dict[str, Any]]:
    """One closing event for each sync that was tried: COMPLETE, FAIL, or ABORT where it was refused or cancelled."""
    kinds = {"done": "COMPLETE", "partial": "COMPLETE", "waiting": "COMPLETE", "refused": "ABORT", "cancelled": "ABORT"}
    return [
        _event(settings, syncs[p["sync"]], p, pushed["day"], kinds.get(p["outcome"], "FAIL"))
        for p in pushed["syncs"]
        if p["outcome"] != "off" and p["sync"] in syncs
    ]


def _event(settings: Settings, sync: Sync, pushed: dict[str, Any], day: str, kind: str) -> dict[str, Any]:
    space = settings.lineage.namespace
    run_id = str(uuid.UUID(pushed["run_id"])) if pushed.get("run_id") else str(uuid.uuid4())
    facets: dict[str, Any] = {
        "nominalTime": {"_producer": PRODUCER, "_schemaURL": NOMINAL, "nominalStartTime": f"{day}T00:00:00Z"}
    }
    if kind == "FAIL":
        words = pushed.get("error") or "every row was rejected"
        facets["errorMessage"] = {
            "_producer": PRODUCER,
            "_schemaURL": ERROR,
            "message": words,
            "programmingLanguage": "python",
        }
    counted = {"_producer": PRODUCER, "_schemaURL": STATISTICS, "rowCount": pushed["accepted"]}
    return {
        "eventType": kind, "eventTime": datetime.now(UTC).isoformat(), "producer": PRODUCER, "schemaURL": SCHEMA,
        "run": {"runId": run_id, "facets": facets}, "job": {"namespace": space, "name": f"push.{sync.name}"},
        "inputs": [{"namespace": space, "name": name} for name in (sync.audience, sync.records, "marts.consent_withdrawals")],
        "outputs": [{"namespace": sync.channel, "name": sync.name, "outputFacets": {"outputStatistics": counted}}],
    }  # fmt: skip


def emit(settings: Settings, day: str, told: Iterable[dict[str, Any]]) -> None:
    """Write the events down, then post them where they are wanted."""
    told = list(told)
    if not told:
        return
    folder = settings.home / "lineage"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{day}.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(event) + "\n" for event in told)
    if settings.lineage.url:
        http = Http("lineage", settings.lineage.url, timeout_seconds=SENDS_SECONDS, longest_seconds=SENDS_SECONDS)
        try:
            for event in told:
                http.call(Request("POST", settings.lineage.url, json=event))
        except (FairleadError, BatchRejected) as error:
            log.warning("lineage: %s; the events stand in %s", error, folder.name)
        finally:
            http.close()
