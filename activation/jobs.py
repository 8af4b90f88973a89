"""What the command line calls: register, ensure, plan, push. This module alone opens everything at once."""

import threading
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

from activation import exposures, in_jobs, orphans
from activation.catalogue import find_channel
from activation.channel import Channel
from activation.delivery import outgoing
from activation.delivery.pace import Pace
from activation.delivery.results import numbered
from activation.delivery.route import PushRequest, Route
from activation.delivery.turn import turn
from activation.delivery.withdrawn import knows_addresses
from activation.ledger import builds, delivered, marks, runs
from activation.ledger.ready import make_ready
from activation.participation import (
    closed_ones,
    credential_expires,
    fault,
    opened,
    participation,
    why_paused,
    why_without_source,
)
from activation.places import look
from activation.planning import diff
from activation.planning.guards import GUARDS, Guard, check_overrides
from activation.planning.plan import check_marts, describe, find_digest, find_misfits, make_plan
from activation.push import Push
from activation.report import report as report
from activation.sync import Sync, identifiers, load_syncs, readable_syncs
from core.engines.recalled import recalling
from core.errors import ConfigError, FairleadError
from core.settings import Settings
from core.warehouse import Warehouse, connect

EVERYTHING = PushRequest()  # of every sync, as it stands
ALL_OFF = 4  # the exit code of a push whose named syncs all take no part: no failure, and no delivery either


def ensure(settings: Settings) -> None:
    """Make the ledger's tables, empty, where there are none: dbt reads them from the first night on."""
    with connect(settings, writer="activation") as db:
        make_ready(db)


def register(settings: Settings) -> list[str]:
    """Write activation.syncs, which dbt and the DAGs read; returns the names of the syncs that are on."""
    in_jobs.write(settings)
    exposures.write_own(settings)
    syncs_by_name = load_syncs(settings)
    syncs, off = list(syncs_by_name.values()), participation(settings, syncs_by_name).off
    enabled = [not off[s.name] for s in syncs]
    with connect(settings, writer="activation") as db:
        make_ready(db)
        builds.write_syncs(db, syncs, enabled, [_identifier(settings, s) for s in syncs])
        outgoing.sweep(settings, db)
    return [s.name for s, on in zip(syncs, enabled, strict=True) if on]


def begin_build(settings: Settings, stage: str, day: date) -> None:
    """Until `end_build` no push sends what this build may have left half done."""
    with connect(settings, writer="activation") as db:
        builds.begin_build(db, stage, day)


def end_build(settings: Settings, stage: str, day: date) -> None:
    with connect(settings, writer="activation") as db:
        builds.end_build(db, stage, day)


def _identifier(settings: Settings, sync: Sync) -> str | None:
    """The column of profiles by which the channel tells people apart, where that is not person_id."""
    mapped = identifiers(find_channel(settings, sync.channel).ABOUT, sync)
    return sync.columns[mapped[0]] if mapped else None


def plan(settings: Settings, day: date, syncs: Sequence[str] = (), detail: bool = False) -> dict[str, Any]:
    """The object of `fairlead plan --json`; with `detail` also a masked sample, changed fields, digests.

    ok when no guard has tripped and every sync could be planned
    """
    selection = load_syncs(settings, list(syncs))
    part = participation(settings, selection)
    planned: list[dict[str, Any]] = []
    with connect(settings) as db:
        check_marts(db, part.ready(selection), day)
        files, mistakes = readable_syncs(settings) if syncs else (selection, {})
        there = orphans.on_channels(db)
        orphan_rows = orphans.find(db, files, mistakes, there)
        orphan_rows += orphans.resting(db, selection, closed_ones(settings, selection), there)
        moves = orphans.find_moves(settings, db, selection, there)
        for name, sync in selection.items():
            if not syncs and why_without_source(settings, sync):
                continue
            if part.off[name] or name in part.faults:
                planned.append(_unplanned(sync, part.off[name], part.faults.get(name)))
                continue
            try:
                planned.append(_planned(settings, db, sync, day, detail))
                planned[-1]["guards"] += (
                    [Guard(orphans.MOVED, True, moves[name].text).to_json()] if name in moves else []
                )
            except Exception as error:
                planned.append(_unplanned(sync, "", fault(sync, error)))
    ok = not any(p.get("error") or any(g["tripped"] for g in p["guards"]) for p in planned)
    return {"day": day.isoformat(), "ok": ok, "syncs": planned, "orphans": orphan_rows}


def _planned(settings: Settings, db: Warehouse, sync: Sync, day: date, detail: bool) -> dict[str, Any]:
    with opened(settings, sync) as channel:
        sync.look_for_addresses(knows_addresses(db))
        diff.find_changed(db, sync)
        takes_back = find_channel(settings, sync.channel).ABOUT.takes_back
        source = diff.changes(sync, takes_back, channel.in_doubt == "idempotent")
        more = describe(db, sync, source) | {"digest": find_digest(db, sync, source)} if detail else {}
        doubt, unread = _doubt(settings, db, sync)
        sync_plan = make_plan(db, sync, channel, day, source, None, credential_expires(settings, sync), more, doubt)
        sync_plan.guards.extend([Guard("unread_mark", True, unread)] * bool(unread))
        damage = look(channel, sync, delivered.held_count(db, sync.name))
        return sync_plan.to_json() | {"damage": damage or None}


def _unplanned(sync: Sync, off: str, words: str | None) -> dict[str, Any]:
    """Of a sync that takes no part, or cannot."""
    return {**_nothing(sync, off or "failed"), **_NO_PLAN, **({"error": words} if words else {})}


def _doubt(settings: Settings, db: Warehouse, sync: Sync) -> tuple[marks.Doubt, str]:
    """What the home's mark knows and the ledger does not; why it cannot be read: this sync's own fault."""
    try:
        return marks.doubt(db, sync.mode, marks.Marks(settings.home, sync.name).read(looks=True)), ""
    except FairleadError as error:
        return marks.Doubt(), numbered(error)


def push(settings: Settings, day: date, request: PushRequest = EVERYTHING) -> dict[str, Any]:
    """The object of `fairlead push --json`. A sync that is refused or fails holds up no other; ok when none did.

    Syncs of one channel go one after another, the channels beside each other: a slow or dead one holds up nobody
    else, and once a channel is known to be down its other syncs are not tried (a circuit breaker). Who has withdrawn
    of syncs whose file is gone is taken out by any push that names no sync; a push of withdrawals alone takes a file
    with mistakes for one that is gone, and is not ok. A channel that cannot be opened is a failure of its own syncs.
    """
    wish = request.wish
    check_overrides(wish.overrides)
    names = list(request.syncs) if request.digests is None else _of_plan(request.digests, request.syncs)
    lenient = wish.withdrawals_only or request.only_orphans or names
    files, mistakes = readable_syncs(settings) if lenient else (load_syncs(settings), {})
    selection = {} if request.only_orphans else load_syncs(settings, names) if names else dict(files)
    part, closed = participation(settings, selection), closed_ones(settings, selection)
    with turn(settings, request.stopped) as db:
        make_ready(db)
        runs.forget_cancels(db, list(selection))
        misfits, reduced = find_misfits(db, part.ready(selection), day, wish)
        there = orphans.on_channels(db)
        moves = orphans.find_moves(settings, db, {n: s for n, s in selection.items() if n not in reduced}, there)
        overridden = moves if orphans.MOVED in wish.overrides else {}
        left = {name: move for name, move in moves.items() if name not in overridden}
        reduced |= {name: move.before for name, move in left.items()}
        misfits |= {name: f"{GUARDS[orphans.MOVED]} {orphans.MOVED}: {move.text}" for name, move in left.items()}
        selection |= reduced
        misfits, incomplete = {n: m for n, m in misfits.items() if n not in reduced}, {n: misfits[n] for n in reduced}
        faults, closed = part.faults | misfits, closed | misfits
        off = {n: "" if n in faults else part.off[n] or why_paused(s) for n, s in selection.items()}
        orphan_rows = orphans.find(db, files, mistakes, there)
        everybody = not names and not wish.only and not wish.rejected_only
        to_settle = [o["sync"] for o in orphan_rows if o["withdrawn"] or o["under_way"]]
        parents_gone = orphans.load(db, to_settle) if everybody else []
        resting = {o["sync"]: o for o in orphans.resting(db, selection, off | closed, there)}
    orphan_rows += [o for name, o in resting.items() if name in closed]
    taking = {name for name in resting if name not in closed and not wish.rejected_only}
    orphaned = {orphan.name: orphan for orphan in parents_gone}
    part = participation(settings, orphaned)
    selection, faults = selection | orphaned, faults | part.faults
    off |= dict.fromkeys(taking, "") | part.off
    ready = [sync for name, sync in selection.items() if not off[name] and name not in faults]
    words = {name: move.text for name, move in overridden.items()}
    with recalling(settings, "activation"):
        results = _Lanes(settings, day, request, taking | left.keys(), words).push(ready)
    for name in taking:
        results[name]["state"] = resting[name]["why"]
    results |= {name: _failed(selection[name], words) for name, words in faults.items()}
    for name in incomplete.keys() & results.keys():  # who withdrew is out of there; the sync has failed all the same
        results[name] |= {"outcome": "failed", "error": results[name]["error"] or incomplete[name]}
    mistakes = {} if names else mistakes
    shown = {n: s for n, s in selection.items() if n in results or request.syncs or not why_without_source(settings, s)}
    pushed = [results.get(n) or {**_nothing(s, str(off[n])), **_NO_PUSH} for n, s in shown.items()]
    ok = not mistakes and all(p["outcome"] in ("done", "partial", "off", "waiting") for p in pushed)
    broken = {"mistakes": list(mistakes.values())} if mistakes else {}
    idle = (request.only_orphans or (selection and request.syncs)) and all(off.values())
    return {"day": day.isoformat(), "ok": ok, "syncs": pushed, "orphans": orphan_rows, **broken} | (
        {"exit_code": ALL_OFF} if idle and ok else {}
    )


def _of_plan(digests: Mapping[str, str], syncs: Sequence[str]) -> list[str]:
    """The syncs of a saved plan, or the named ones of them. Raises ConfigError where there is none such."""
    missing = [name for name in syncs if name not in digests]
    if missing or not digests:
        raise ConfigError(
            f"The saved plan has no {', '.join(missing) or 'sync that is ready'}. Plan again with --save.", code="FL405"
        )
    return list(syncs) or list(digests)


class _Lanes:
    """The pushes of one command, a lane a channel."""

    def __init__(
        self, settings: Settings, day: date, request: PushRequest, resting: Container[str], moves: Mapping[str, str]
    ) -> None:
        """resting   the syncs that take no part: nobody but who has withdrawn
        moves     of those whose place is another now, and may be, what there is to be said
        """
        self.settings, self.day, self.resting, self.moves, self.lock = settings, day, resting, moves, threading.Lock()
        self.tell, self.request = request.tell, replace(request, tell=self._tell)

    def push(self, syncs: Sequence[Sync]) -> dict[str, dict[str, Any]]:
        """The JSON object of each sync, by its name."""
        lanes: dict[str, list[Sync]] = {}
        for sync in syncs:
            lanes.setdefault(sync.channel, []).append(sync)
        with ThreadPoolExecutor(max(1, len(lanes)), "channel") as pool:
            return {p["sync"]: p for lane in pool.map(self._lane, lanes.values()) for p in lane}

    def _lane(self, syncs: list[Sync]) -> list[dict[str, Any]]:
        """The syncs of one channel in turn, on one pace; the rest is not tried once the channel is found down."""
        pushes: list[dict[str, Any]] = []
        pace = Pace(None, sleep=self.request.retry.sleep)
        down = ""
        for sync in syncs:
            try:
                if down or self.request.stopped():
                    raise FairleadError(down or self.request.stopped())
                with opened(self.settings, sync) as channel:
                    pace.requests_per_minute = channel.limits.requests_per_minute  # each sync's own, by its options
                    pushed = Push(self._route(sync, channel, pace)).run()
                pushes.append(pushed.to_json())
                if pushed.shows_channel_down:
                    down = f"FL110 {sync.channel} is down since {sync.name} in this run: {pushed.stop}"
            except Exception as error:  # one sync's fault is not the other channels'
                pushes.append(_failed(sync, fault(sync, error)))
        return pushes

    def _route(self, sync: Sync, channel: Channel, pace: Pace) -> Route:
        digests = self.request.digests or {}
        wish = replace(self.request.wish, digest=digests.get(sync.name, ""), moved=self.moves.get(sync.name, ""))
        if sync.name in self.resting:
            wish = replace(wish, withdrawals_only=True, resend=False, rebaseline=False)
        about = find_channel(self.settings, sync.channel).ABOUT
        return Route(
            self.settings, self.day, sync, channel, about, self.request, wish,
            pace, credential_expires(self.settings, sync)
        )  # fmt: skip

    def _tell(self, sync: str, position: int, total: int) -> None:
        with self.lock:
            self.tell(sync, position, total)


def _failed(sync: Sync, words: str) -> dict[str, Any]:
    return {**_nothing(sync, "ready"), **_NO_PUSH, "outcome": "failed", "error": words}


_NO_PLAN: dict[str, Any] = dict.fromkeys(
    ("audience", "adds", "updates", "removes", "unchanged", "waiting", "api_calls", "minutes", "cost"), 0
) | {"held_back": {}, "guards": [], "mapping_change": {}, "quota_left": None, "damage": None}
_NO_PUSH: dict[str, Any] = dict.fromkeys(
    ("attempted", "accepted", "rejected", "in_doubt", "skipped", "waiting", "seconds"), 0
) | {"outcome": "off", "error": None, "place": None, "damage": None, "guards": [], "overridden": {}, "settled": {},
    "run_id": None}  # fmt: skip


def _nothing(sync: Sync, state: str) -> dict[str, Any]:
    return {"sync": sync.name, "channel": sync.channel, "state": state}
