"""What the command line calls: register, ensure, plan, push. The only part of the room that opens everything at once."""

import contextlib
import logging
import threading
import traceback
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from activation import diff, in_jobs, marks, orphans
from activation.channel import MESSAGE_MODES, BatchRejected, Channel, Health, TakesJobs, find_channel
from activation.delivery import outgoing, usual
from activation.delivery.answers import Memory
from activation.delivery.feedback import keep_figures
from activation.delivery.journal import Journal
from activation.delivery.pace import Pace
from activation.delivery.route import PushRequest, Route, Wish
from activation.delivery.send import numbered
from activation.delivery.settle import settle
from activation.delivery.turn import turn
from activation.guards import Guard, check_overrides
from activation.ledger import builds, delivered, runs
from activation.ledger.tables import create_tables, is_current
from activation.places import look
from activation.plan import check_marts, describe, find_digest, make_plan
from activation.push import Push
from activation.report import report as report
from activation.sync import Sync, identifiers, load_syncs, readable_syncs
from activation.vendor import patience
from core.errors import ConfigError, FairleadError, StoppedError
from core.settings import ChannelSettings, Settings
from core.unexpected import place
from core.warehouse import Warehouse, connect, hold

log = logging.getLogger("fairlead.activation")
CHECK_SECONDS = 60.0  # of doctor, a channel
STILL_WAITING = 3  # the exit code that tells a sensor to come again
EVERYTHING = PushRequest()  # of every sync, as it stands
ALL_OFF = 4  # the exit code of a push whose named syncs all take no part: no failure, and no delivery either


def ensure(settings: Settings) -> None:
    """Make the ledger's tables, empty, where there are none: dbt reads them from the first night on."""
    with connect(settings, writer="activation") as db:
        create_tables(db)


def register(settings: Settings) -> list[str]:
    """Write activation.syncs, from which dbt builds the audiences, and what the DAGs read; the names of the syncs that are on."""
    in_jobs.write(settings)
    wanted = load_syncs(settings)
    syncs, off = list(wanted.values()), _states(settings, wanted).off
    enabled = [not off[s.name] for s in syncs]
    with connect(settings, writer="activation") as db:
        create_tables(db)
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
    """The object of `fairlead plan --json`; with `detail` also a masked sample, the fields that change, and a digest of each sync.

    ok when no guard has tripped and every sync could be planned: a channel that cannot be opened is its own sync's fault
    """
    wanted = load_syncs(settings, list(syncs))
    states = _states(settings, wanted)
    planned: list[dict[str, Any]] = []
    with connect(settings) as db:
        check_marts(db, states.ready(wanted), day)
        files, mistakes = readable_syncs(settings) if syncs else (wanted, {})
        left = orphans.find(db, files, mistakes)
        left += orphans.resting(db, wanted, _closed_ones(settings, wanted))
        for name, sync in wanted.items():
            if states.off[name] or name in states.faults:
                planned.append(_unplanned(sync, states.off[name], states.faults.get(name)))
                continue
            try:
                planned.append(_planned(settings, db, sync, day, detail))
            except Exception as error:
                planned.append(_unplanned(sync, "", _words(sync, error)))
    ok = not any(p.get("error") or any(g["tripped"] for g in p["guards"]) for p in planned)
    return {"day": day.isoformat(), "ok": ok, "syncs": planned, "orphans": left}


def _planned(settings: Settings, db: Warehouse, sync: Sync, day: date, detail: bool) -> dict[str, Any]:
    with _opened(settings, sync) as channel:
        diff.find_changed(db, sync)
        takes_back = find_channel(settings, sync.channel).ABOUT.takes_back
        source = diff.changes(sync, takes_back, channel.in_doubt == "idempotent")
        more = describe(db, sync, source) | {"digest": find_digest(db, sync, source)} if detail else {}
        doubt, unread = _doubt(settings, db, sync)
        made = make_plan(db, sync, channel, day, source, None, _expires(settings, sync), more, doubt)
        made.guards.extend([Guard("unread_mark", True, unread)] * bool(unread))
        place = look(channel, sync, delivered.held_count(db, sync.name))
        return made.to_json() | {"place": place or None}


def _unplanned(sync: Sync, off: str, fault: str | None) -> dict[str, Any]:
    """Of a sync that takes no part, or cannot."""
    failed = {"error": fault} if fault else {}
    return {**_nothing(sync, off or "failed"), **_NO_PLAN, **failed}


def _doubt(settings: Settings, db: Warehouse, sync: Sync) -> tuple[marks.Doubt, str]:
    """What the home's mark knows and the ledger does not; why it cannot be read, which is the fault of this sync alone."""
    try:
        return marks.doubt(db, sync.mode, marks.Marks(settings.home, sync.name).seen()), ""
    except FairleadError as error:
        return marks.Doubt(), numbered(error)


def push(settings: Settings, day: date, request: PushRequest = EVERYTHING) -> dict[str, Any]:
    """The object of `fairlead push --json`. One sync that is refused or fails does not hold up the others; ok when none did.

    Syncs of one channel go one after another, the channels beside each other: a slow or dead one holds up nobody else, and
    once a channel is known to be down its other syncs are not tried (a circuit breaker). Who has withdrawn of syncs whose file
    is gone is taken out by any push that names no sync; a push of withdrawals alone takes a file with mistakes for one that is
    gone, and is not ok. A channel that cannot be opened is a failure of its own syncs.
    """
    wish = request.wish
    check_overrides(wish.overrides)
    names = list(request.syncs) if request.digests is None else _of_plan(request.digests, request.syncs)
    lenient = wish.withdrawals_only or request.only_orphans or names
    files, mistakes = readable_syncs(settings) if lenient else (load_syncs(settings), {})
    wanted = {} if request.only_orphans else load_syncs(settings, names) if names else dict(files)
    states, closed = _states(settings, wanted), _closed_ones(settings, wanted)
    with turn(settings, request.stopped) as db:
        create_tables(db)
        runs.forget_cancels(db, list(wanted))
        misfits = _misfits(db, states.ready(wanted), day, wish)
        faults, closed = states.faults | misfits, closed | misfits
        off = {n: "" if n in faults else states.off[n] or _paused(s) for n, s in wanted.items()}
        left = orphans.find(db, files, mistakes)
        everybody = not names and not wish.only and not wish.rejected_only
        parents_gone = orphans.load(db, [o["sync"] for o in left if o["withdrawn"]]) if everybody else []
        resting = {o["sync"]: o for o in orphans.resting(db, wanted, off | closed)}
    left += [o for name, o in resting.items() if name in closed]
    taking = {name for name in resting if name not in closed and not wish.rejected_only}
    orphaned = {orphan.name: orphan for orphan in parents_gone}
    states = _states(settings, orphaned)
    wanted, faults = wanted | orphaned, faults | states.faults
    off |= dict.fromkeys(taking, "") | states.off
    ready = [sync for name, sync in wanted.items() if not off[name] and name not in faults]
    done = _Lanes(settings, day, request, taking).push(ready)
    for name in taking:
        done[name]["state"] = resting[name]["why"]
    done |= {name: _failed(wanted[name], words) for name, words in faults.items()}
    pushed = [done.get(n) or {**_nothing(s, str(off[n])), **_NO_PUSH} for n, s in wanted.items()]
    mistakes = {} if names else mistakes
    ok = not mistakes and all(p["outcome"] in ("done", "partial", "off", "waiting") for p in pushed)
    broken = {"mistakes": list(mistakes.values())} if mistakes else {}
    idle = (request.only_orphans or (wanted and request.syncs)) and all(off.values())
    return {"day": day.isoformat(), "ok": ok, "syncs": pushed, "orphans": left, **broken} | (
        {"exit_code": ALL_OFF} if idle and ok else {}
    )


def _of_plan(digests: Mapping[str, str], syncs: Sequence[str]) -> list[str]:
    """The syncs of a saved plan, or those of them that are named. Raises ConfigError where that is none, or one that it has not."""
    missing = [name for name in syncs if name not in digests]
    if missing or not digests:
        raise ConfigError(
            f"The saved plan has no {', '.join(missing) or 'sync that is ready'}. Plan again with --save.", code="FL405"
        )
    return list(syncs) or list(digests)


class _Lanes:
    """The pushes of one command, a lane a channel."""

    def __init__(self, settings: Settings, day: date, request: PushRequest, resting: Container[str]) -> None:
        """resting   the syncs that take no part: nobody but who has withdrawn"""
        self.settings, self.day, self.resting, self.lock = settings, day, resting, threading.Lock()
        self.tell, self.request = request.tell, replace(request, tell=self._tell)

    def push(self, syncs: Sequence[Sync]) -> dict[str, dict[str, Any]]:
        """The JSON object of each sync, by its name."""
        lanes: dict[str, list[Sync]] = {}
        for sync in syncs:
            lanes.setdefault(sync.channel, []).append(sync)
        with ThreadPoolExecutor(max(1, len(lanes)), "channel") as pool:
            return {p["sync"]: p for lane in pool.map(self._lane, lanes.values()) for p in lane}

    def _lane(self, syncs: list[Sync]) -> list[dict[str, Any]]:
        """The syncs of one channel in turn, on one pace; after one that found the channel down, the rest is not tried."""
        pushes: list[dict[str, Any]] = []
        pace = Pace(None, sleep=self.request.retry.sleep)
        down = ""
        for sync in syncs:
            try:
                if down or self.request.stopped():
                    raise FairleadError(down or self.request.stopped())
                with _opened(self.settings, sync) as channel:
                    pace.requests_per_minute = channel.limits.requests_per_minute  # each sync's own, by its options
                    pushed = Push(self._route(sync, channel, pace)).run()
                pushes.append(pushed.to_json())
                if pushed.shows_channel_down:
                    down = f"FL110 {sync.channel} is down since {sync.name} in this run: {pushed.stop}"
            except Exception as error:  # one sync's fault is not the other channels'
                pushes.append(_failed(sync, _words(sync, error)))
        return pushes

    def _route(self, sync: Sync, channel: Channel, pace: Pace) -> Route:
        wish = replace(self.request.wish, digest=(self.request.digests or {}).get(sync.name, ""))
        if sync.name in self.resting:
            wish = replace(wish, withdrawals_only=True, resend=False, rebaseline=False)
        about = find_channel(self.settings, sync.channel).ABOUT
        return Route(
            self.settings, self.day, sync, channel, about, self.request, wish, pace, _expires(self.settings, sync)
        )  # fmt: skip

    def _tell(self, sync: str, done: int, total: int) -> None:
        with self.lock:
            self.tell(sync, done, total)


def _failed(sync: Sync, words: str) -> dict[str, Any]:
    return {**_nothing(sync, "ready"), **_NO_PUSH, "outcome": "failed", "error": words}


def _misfits(db: Warehouse, syncs: list[Sync], day: date, wish: Wish) -> dict[str, str]:
    """Of a push of withdrawals alone, what keeps single syncs from it, by name. Any other push asks that all are in order.

    Raises ConfigError as `check_marts`
    """
    if not wish.withdrawals_only:
        check_marts(db, syncs, day)
        return {}
    check_marts(db, [], day)
    misfits: dict[str, str] = {}
    for sync in syncs:
        try:
            check_marts(db, [sync], day)
        except ConfigError as error:
            misfits[sync.name] = str(error)
    return misfits


def _words(sync: Sync, error: Exception) -> str:
    return str(error) if isinstance(error, FairleadError) else _fault(sync, error)


def _fault(sync: Sync, error: Exception) -> str:
    """Of what nobody foresaw only kind and place are told, for its text may hold a record; the log has the way to it."""
    log.error("%s", "".join(traceback.format_tb(error.__traceback__)))
    return f"FL107 {sync.name}: failed with {type(error).__name__} ({place(error)})."


def check(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`: every sync file, and each channel that a sync uses, once; asks the other side, changes nothing there."""
    syncs = load_syncs(settings)
    checks: list[dict[str, Any]] = [{"check": "sync files", "ok": True, "detail": f"{len(syncs)} read", "mend": ""}]
    for name, sync in {s.channel: s for s in syncs.values()}.items():
        try:
            off = _off(settings, sync)
            with _opened(settings, sync) as channel:
                health = Health(True, off) if off else _ask_health(channel.check, name)
        except Exception as error:  # the other channels are looked at all the same
            health = Health(False, _words(sync, error))
        mend = "" if health.ok else f"See docs/channels/{name}.md and [channels.{name}] in fairlead.toml."
        checks.append({"check": f"channel {name}", "ok": health.ok, "detail": health.detail, "mend": mend})
    mend = "Send everybody anew, as the detail says; or ask who took it away."
    checks += [
        {"check": f"place of {p['sync']}", "ok": False, "detail": p["detail"], "mend": mend} for p in places(settings)
    ]
    checks += [_check_mark(settings, sync) for sync in _states(settings, syncs).ready(syncs)]
    return checks + _check_orphans(settings, syncs)


def places(settings: Settings) -> list[dict[str, Any]]:
    """The syncs whose place somebody has emptied or damaged: {sync, channel, detail}. For `doctor` and `summary`."""
    syncs = load_syncs(settings)
    wanted = _states(settings, syncs).ready(syncs)
    with connect(settings) as db:
        has_ledger = db.exists("activation.delivered")
        counts = {s.name: delivered.held_count(db, s.name) if has_ledger else 0 for s in wanted}
    faults: list[dict[str, Any]] = []
    for sync in wanted:
        with _opened(settings, sync) as channel:
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
        with _opened(settings, sync) as channel:
            seen = marks.Marks(settings.home, sync.name, channel).seen()
    except FairleadError as error:
        return result | {"ok": False, "detail": str(error), "mend": "The check of its channel says more."}
    with connect(settings) as db:
        doubt = marks.doubt(db, sync.mode, seen) if is_current(db) else marks.Doubt()
    mend = "See FL210 and FL211 in docs/reference/errors.md before the next push."
    return result | {"ok": False, "detail": str(doubt), "mend": mend} if doubt else result


def _check_orphans(settings: Settings, syncs: Mapping[str, Sync]) -> list[dict[str, Any]]:
    with connect(settings) as db:
        left = orphans.find(db, syncs)
    return [
        {"check": f"orphaned sync {o['sync']}", "ok": False, "mend": o["mend"].capitalize() + ".",
         "detail": f"has no file, and {o['people']} people are still on {o['channel'] or 'its channel'}"}
        for o in left
    ] + [
        {"check": f"resting sync {o['sync']}", "ok": False, "mend": o["mend"].capitalize() + ".",
         "detail": f"{o['why']}, and {o['withdrawn']} of its {o['people']} people on {o['channel']} have withdrawn"}
        for o in resting(settings)
    ]  # fmt: skip


def resting(settings: Settings) -> list[dict[str, Any]]:
    """Syncs whose channel cannot be used, with people there who have withdrawn and cannot be taken out. For `doctor` and `summary`."""
    syncs = load_syncs(settings)
    with connect(settings) as db:
        return orphans.resting(db, syncs, _closed_ones(settings, syncs))


_NO_PLAN: dict[str, Any] = dict.fromkeys(
    ("audience", "adds", "updates", "removes", "unchanged", "waiting", "api_calls", "minutes", "cost"), 0
) | {"held_back": {}, "guards": [], "mapping_change": {}, "quota_left": None, "place": None}
_NO_PUSH: dict[str, Any] = dict.fromkeys(
    ("attempted", "accepted", "rejected", "in_doubt", "skipped", "waiting", "seconds"), 0
) | {"outcome": "off", "error": None, "place": None, "guards": [], "overridden": {}, "settled": {}, "run_id": None}


def _nothing(sync: Sync, state: str) -> dict[str, Any]:
    return {"sync": sync.name, "channel": sync.channel, "state": state}


def _off(settings: Settings, sync: Sync) -> str:
    """Why this sync takes no part, which is no fault; '' when it does."""
    return "switched off in its file" if not sync.enabled else _closed(settings, sync)


@dataclass(frozen=True)
class _States:
    """Who takes part: each sync is ready, off, or has a fault, which is nobody else's."""

    off: dict[str, str]  # of each sync why it takes no part, which is no fault; '' when it does, or should
    faults: dict[str, str]  # of those that should, and whose channel cannot be opened, why it cannot

    def ready(self, syncs: Mapping[str, Sync]) -> list[Sync]:
        return [sync for name, sync in syncs.items() if not self.off[name] and name not in self.faults]


def _states(settings: Settings, syncs: Mapping[str, Sync]) -> _States:
    states = _States(dict.fromkeys(syncs, ""), {})
    for name, sync in syncs.items():
        try:
            states.off[name] = _off(settings, sync)
        except Exception as error:  # a channel's file is anybody's code
            states.faults[name] = _words(sync, error)
    return states


def _paused(sync: Sync) -> str:
    """Why nobody is added, changed or taken out for leaving. Who withdraws goes all the same."""
    return f"paused: {sync.paused}" if sync.paused else ""


def _closed_ones(settings: Settings, syncs: Mapping[str, Sync]) -> dict[str, str]:
    """Why each channel that cannot be used cannot be, by sync; a mistake in what is switched off holds up nobody."""
    reasons: dict[str, str] = {}
    for name, sync in syncs.items():
        try:
            why = _closed(settings, sync)
        except Exception as error:
            why = f"without its channel: {_words(sync, error)}"
        if why:
            reasons[name] = why
    return reasons


def _closed(settings: Settings, sync: Sync) -> str:
    """Why its channel cannot be used; '' when it can."""
    if not settings.channels.get(sync.channel, ChannelSettings()).enabled:
        return f"channel {sync.channel} switched off in fairlead.toml"
    with _opened(settings, sync) as channel:
        lacking = usual.missing(channel)
        return f"not configured: {lacking}" if lacking else ""


def _expires(settings: Settings, sync: Sync) -> date | None:
    return settings.channels.get(sync.channel, ChannelSettings()).credential_expires


@contextlib.contextmanager
def _opened(settings: Settings, sync: Sync) -> Iterator[Channel]:
    settings.channels.get(sync.channel, ChannelSettings()).check("FL411")
    file = find_channel(settings, sync.channel)
    channel: Channel = file.open_channel(settings, file.Options.model_validate(sync.options_for(file.Options)))
    try:
        if channel.in_doubt == "message" and sync.mode not in MESSAGE_MODES:
            raise ConfigError(
                f"activation/syncs/{sync.name}.yml: mode: what goes to {sync.channel} with these options cannot be sent "
                f"twice or taken back, so only {' or '.join(sorted(MESSAGE_MODES))} will do."
            )
        yield channel
    finally:
        usual.close(channel)


def collect(settings: Settings, syncs: Sequence[str] = (), stopped: Callable[[], str] = lambda: "") -> dict[str, Any]:
    """The object of `fairlead collect --json`: what has become of the vendors' jobs; exit_code 3 while some are not done.

    stopped   why an end is wanted: what has not been asked by then stays under way. Raises Stopped

    ok unless a sync's jobs have delivered nobody and refused somebody: whoever waits for the audience is not told that it is there.
    """
    settled: list[dict[str, Any]] = []
    for name, sync in load_syncs(settings, list(syncs)).items():
        counts: Mapping[str, Any]
        try:
            counts = {} if _off(settings, sync) else _collected(settings, sync, stopped)
        except (StoppedError, patience.Stopped):
            raise
        except Exception as error:  # the other vendors' jobs are asked for all the same
            counts = {"error": _words(sync, error)}
        if counts:
            settled.append({"sync": name, "channel": sync.channel, **counts})
    waiting = sum(t.get("waiting", 0) for t in settled)
    ok = all(t.keys() & {"delivered", "removed", "waiting"} for t in settled)
    return {"ok": ok, "waiting": waiting, "syncs": settled, "exit_code": STILL_WAITING if waiting else int(not ok)}


def _collected(settings: Settings, sync: Sync, stopped: Callable[[], str]) -> Mapping[str, int]:
    """What has become of the people in one sync's jobs."""
    with hold(settings, f"push.{sync.name}"), _opened(settings, sync) as channel:
        memory = Memory.of(find_channel(settings, sync.channel).ABOUT, sync)
        warehouse = partial(turn, settings, stopped)
        counts = settle(warehouse, sync.name, channel, Journal(settings.home, sync.name), memory, stopped)
        if counts:
            keep_figures(warehouse, sync.name, None, channel)
        return counts


def cancel(settings: Settings, syncs: Sequence[str], reason: str) -> dict[str, Any]:
    """Ask the running pushes of these syncs to end, which they see within seconds, and stop the vendors' jobs that are under way.

    What a stopped job did until then `collect` or the next push asks. With nothing running it does nothing.
    """
    wanted = load_syncs(settings, list(syncs))
    with connect(settings, writer="activation") as db:
        create_tables(db)
        for name in wanted:
            runs.ask_to_cancel(db, name, reason)
        under_way = db.query(
            "select distinct sync, job from activation.sending where job is not null order by sync, job"
        )
    jobs = [row for row in under_way.to_pylist() if row["sync"] in wanted]
    failed = [words for row in jobs if (words := _stop_job(settings, wanted[row["sync"]], row["job"]))]
    more = {"errors": failed} if failed else {}
    return {"ok": not failed, "cancelled": list(wanted), "jobs": len(jobs), "reason": reason, **more}


def _stop_job(settings: Settings, sync: Sync, job: str) -> str:
    """Why the vendor could not be told, '' where it was: one that does not answer holds up none of the other jobs."""
    try:
        with _opened(settings, sync) as channel:
            if isinstance(channel, TakesJobs):
                cancel = channel.cancel
                patience.bounded(lambda: cancel(job), CHECK_SECONDS, sync.channel)
    except (FairleadError, BatchRejected) as error:
        return f"{sync.name}: {numbered(error)}"
    except Exception as error:
        return _fault(sync, error)
    return ""
