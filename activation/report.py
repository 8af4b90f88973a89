"""What a push tells when it has ended: its alerts, kept in activation.alerts, and a lineage event for each sync."""

from typing import Any, Literal

from activation.sync import Sync, readable_syncs
from core import alerts, lineage
from core.alerts import Alert
from core.clock import now
from core.column_lineage.origin import Origin
from core.settings import Settings
from core.warehouse import connect

ALL_REJECTED = "every row was rejected"
ENDS: dict[str, Literal["COMPLETE", "FAIL", "ABORT"]] = {
    "done": "COMPLETE", "partial": "COMPLETE", "waiting": "COMPLETE", "refused": "ABORT", "cancelled": "ABORT",
}  # fmt: skip


def report(settings: Settings, pushed: dict[str, Any]) -> list[Alert]:
    """Tell those who are to be told of a push, and whoever follows the lineage; the alerts.

    A sync whose file is gone or holds a mistake is told of as any other: nobody else speaks of a push.
    """
    syncs, _ = readable_syncs(settings)
    parts = [(syncs.get(part["sync"]), part) for part in pushed["syncs"]]
    known = [(sync, part) for sync, part in parts if sync is not None]
    lineage.emit(settings, [_run(sync, part, pushed["day"]) for sync, part in known if part["outcome"] != "off"])
    raised = [alert for sync, part in parts for alert in judge(sync, part)]
    raised += [{"step": "push", "kind": "failed", "detail": mistake} for mistake in pushed.get("mistakes", [])]
    if raised:
        outcomes = alerts.summed(alerts.tell(settings, pushed["day"], raised))
        with connect(settings, writer="activation") as db:
            for alert in raised:
                db.execute(
                    "insert into activation.alerts values ($1, $2, $3, $4, $5, $6)",
                    [alert.get("run_id"), alert.get("sync"), alert["kind"], alert["detail"], outcomes, now()],
                )
    return raised


def judge(sync: Sync | None, pushed: dict[str, Any]) -> list[Alert]:
    """What of one sync's push a person should hear of; None: its file is gone, and its limits with it."""
    reasons: list[tuple[str, str]] = []
    if pushed["outcome"] in ("failed", "refused"):
        reasons.append((pushed["outcome"], pushed["error"] or ALL_REJECTED))
    tried, limit = pushed["attempted"], Sync.model_fields["max_rejected_share"].default
    limit = limit if sync is None else sync.max_rejected_share
    if tried and pushed["rejected"] / tried > limit:
        reasons.append(("rejected", f"{pushed['rejected']} of {tried} rejected; {limit:.0%} is the sync's limit"))
    if pushed.get("damage"):
        reasons.append(("emptied", pushed["damage"]))
    if pushed["in_doubt"]:
        reasons.append(("in_doubt", f"{pushed['in_doubt']} rows without an answer"))
    return [
        {"step": "push", "sync": pushed["sync"], "run_id": pushed["run_id"], "kind": kind, "detail": detail}
        for kind, detail in reasons
    ]


def _run(sync: Sync, pushed: dict[str, Any], day: str) -> lineage.Run:
    """COMPLETE, FAIL, or ABORT where it was refused or cancelled."""
    return lineage.Run(
        room="activation", job=f"push.{sync.name}", day=day, kind=ENDS.get(pushed["outcome"], "FAIL"),
        inputs=(sync.audience, *sync.tables, "marts.consent_withdrawals"), outputs=(_output(sync, pushed["accepted"]),),
        run_id=pushed.get("run_id"), error=pushed.get("error") or ALL_REJECTED,
    )  # fmt: skip


def _output(sync: Sync, rows: int) -> lineage.Output:
    """The channel's fields, each the very value of its column; who is included decides whose rows there are."""
    columns = {name: [Origin(table, column, "identity")] for name, (table, column) in sync.origins.items()}
    deciding = [(sync.audience, "included"), (sync.audience, sync.key)]
    return lineage.Output(sync.name, sync.channel, rows, columns, deciding)
