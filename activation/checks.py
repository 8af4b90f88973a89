"""What stands otherwise than it should at the channels: for `fairlead doctor` and `summary`. It sends nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from activation import orphans
from activation.channel import Health
from activation.delivery.mapping import find_faults
from activation.ledger import delivered, marks
from activation.ledger.tables import is_current
from activation.participation import closed_ones, fault, opened, participation, why_off
from activation.places import look
from activation.sync import Sync, load_syncs
from activation.vendor import patience
from core.errors import FairleadError
from core.settings import Settings
from core.warehouse import connect

CHECK_SECONDS = 60.0  # of doctor, a channel


def check(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`: every sync file, and once each channel that a sync uses; changes nothing there."""
    syncs = load_syncs(settings)
    checks: list[dict[str, Any]] = [{"check": "sync files", "ok": True, "detail": f"{len(syncs)} read", "mend": ""}]
    for name, sync in {s.channel: s for s in syncs.values()}.items():
        try:
            off = why_off(settings, sync)
            with opened(settings, sync) as channel:
                health = Health(True, off) if off else _ask_health(channel.check, name)
        except Exception as error:  # the other channels are looked at all the same
            health = Health(False, fault(sync, error))
        mend = "" if health.ok else f"See docs/channels/{name}.md and [channels.{name}] in fairlead.toml."
        checks.append({"check": f"channel {name}", "ok": health.ok, "detail": health.detail, "mend": mend})
    mend = "Send everybody anew, as the detail says; or ask who took it away."
    checks += [
        {"check": f"place of {p['sync']}", "ok": False, "detail": p["detail"], "mend": mend} for p in places(settings)
    ]
    checks += [_check_mark(settings, sync) for sync in participation(settings, syncs).ready(syncs)]
    faults = field_faults(settings)
    mend = "Correct the column in the sync's file, or bring it back in its segment or source file, and build."
    detail = "; ".join(faults) or "every field has its column"
    checks.append({"check": "fields of syncs", "ok": not faults, "detail": detail, "mend": mend if faults else ""})
    return checks + _check_orphans(settings, syncs)


def field_faults(settings: Settings) -> list[str]:
    """Fields that cannot be had, of the syncs that take part and whose tables are built. For `build` and `doctor`."""
    syncs = load_syncs(settings)
    ready_syncs = participation(settings, syncs).ready(syncs)
    with connect(settings) as db:
        built = [sync for sync in ready_syncs if all(db.exists(table) for table in sync.tables)]
        return [fault for sync in built for fault in find_faults(db, sync)]


def places(settings: Settings) -> list[dict[str, Any]]:
    """The syncs whose place somebody has emptied or damaged: {sync, channel, detail}. For `doctor` and `summary`."""
    syncs = load_syncs(settings)
    ready_syncs = participation(settings, syncs).ready(syncs)
    with connect(settings) as db:
        has_ledger = db.exists("activation.delivered")
        counts = {s.name: delivered.held_count(db, s.name) if has_ledger else 0 for s in ready_syncs}
    faults: list[dict[str, Any]] = []
    for sync in ready_syncs:
        with opened(settings, sync) as channel:
            if detail := look(channel, sync, counts[sync.name]):
                faults.append({"sync": sync.name, "channel": sync.channel, "detail": detail})
    return faults


def _ask_health(check: Callable[[], Health], channel: str) -> Health:
    """A vendor that does not answer is a fault of its own, and holds up none of the other checks."""
    try:
        return patience.bounded(check, CHECK_SECONDS, channel)
    except FairleadError as error:
        return Health(False, str(error))


def _check_mark(settings: Settings, sync: Sync) -> dict[str, Any]:
    """Whether the ledger knows the last run that sent, as the home and the channel remember it."""
    result = {"check": f"mark {sync.name}", "ok": True, "detail": "the ledger knows the last run", "mend": ""}
    try:
        with opened(settings, sync) as channel:
            last_marks = marks.Marks(settings.home, sync.name, channel).read(looks=True)
    except FairleadError as error:
        return result | {"ok": False, "detail": str(error), "mend": "The check of its channel says more."}
    with connect(settings) as db:
        doubt = marks.doubt(db, sync.mode, last_marks) if is_current(db) else marks.Doubt()
    mend = "See FL210 and FL211 in docs/reference/errors.md before the next push."
    return result | {"ok": False, "detail": str(doubt), "mend": mend} if doubt else result


def _check_orphans(settings: Settings, syncs: Mapping[str, Sync]) -> list[dict[str, Any]]:
    with connect(settings) as db:
        orphan_rows = orphans.find(db, syncs)
    return [
        {"check": f"orphaned sync {o['sync']}", "ok": False, "mend": o["mend"].capitalize() + ".",
         "detail": f"has no file, and {o['people']} people are still on {o['channel'] or 'its channel'}"}
        for o in orphan_rows
    ] + [
        {"check": f"resting sync {o['sync']}", "ok": False, "mend": o["mend"].capitalize() + ".",
         "detail": f"{o['why']}, and {o['withdrawn']} of its {o['people']} people on {o['channel']} have withdrawn"}
        for o in resting(settings)
    ]  # fmt: skip


def resting(settings: Settings) -> list[dict[str, Any]]:
    """Syncs whose channel cannot be used, and who has withdrawn and is there still. For `doctor` and `summary`."""
    syncs = load_syncs(settings)
    with connect(settings) as db:
        return [o for o in orphans.resting(db, syncs, closed_ones(settings, syncs)) if o["withdrawn"]]
