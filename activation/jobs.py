"""What the command line calls: register, ensure, plan, push. The only part of the room that opens everything at once."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from activation import ledger
from activation.channel import Channel, Health, channel_folders, find_channels
from activation.guards import check_overrides
from activation.plan import check_marts, make_plan
from activation.push import Push, Tell
from activation.send import Pace, Retry
from activation.sync import Sync, load_syncs
from core.errors import FairleadError
from core.settings import Channel as ChannelSettings
from core.settings import Settings
from core.warehouse import connect


def ensure(settings: Settings) -> None:
    """Make the ledger's tables, empty, where there are none: dbt reads them from the first night on."""
    with connect(settings, writer="activation") as db:
        ledger.create_tables(db)


def register(settings: Settings) -> list[str]:
    """Write activation.syncs, from which dbt builds the audiences; the names of those that are on."""
    syncs = list(load_syncs(settings).values())
    enabled = [not _off(settings, s) for s in syncs]
    with connect(settings, writer="activation") as db:
        ledger.create_tables(db)
        ledger.write_syncs(db, syncs, enabled)
    return [s.name for s, on in zip(syncs, enabled, strict=True) if on]


def plan(settings: Settings, day: date, syncs: Sequence[str] = ()) -> dict[str, Any]:
    """The object of `fairlead plan --json`. ok when no guard has tripped."""
    wanted = load_syncs(settings, list(syncs))
    off = {name: state for name, s in wanted.items() if (state := _off(settings, s))}
    planned: list[dict[str, Any]] = []
    with connect(settings) as db:
        check_marts(db, [s for n, s in wanted.items() if n not in off], day)
        for name, sync in wanted.items():
            if name in off:
                planned.append({**_nothing(sync, off[name]), **_NO_PLAN})
                continue
            with _opened(settings, sync) as channel:
                planned.append(make_plan(db, sync, channel, day).to_json())
    return {"day": day.isoformat(), "ok": not any(g["tripped"] for p in planned for g in p["guards"]), "syncs": planned}


def push(
    settings: Settings, day: date, syncs: Sequence[str] = (), overrides: Mapping[str, str] | None = None,
    retry: Retry | None = None, tell: Tell = lambda sync, done, total: None,
) -> dict[str, Any]:  # fmt: skip
    """The object of `fairlead push --json`. One sync that is refused or fails does not hold up the others; ok when none did."""
    check_overrides(overrides or {})
    wanted, retry = load_syncs(settings, list(syncs)), retry or Retry()
    off = {name: state for name, s in wanted.items() if (state := _off(settings, s))}
    with connect(settings, writer="activation") as db:
        ledger.create_tables(db)
        check_marts(db, [s for n, s in wanted.items() if n not in off], day)
    paces: dict[str, Pace] = {}
    pushed: list[dict[str, Any]] = []
    for name, sync in wanted.items():
        if name in off:
            pushed.append({**_nothing(sync, off[name]), **_NO_PUSH})
            continue
        try:
            with _opened(settings, sync) as channel:
                pace = paces.setdefault(sync.channel, Pace(channel.limits.requests_per_minute, sleep=retry.sleep))
                pushed.append(Push(settings, sync, channel, day, retry, pace, tell).run(overrides or {}))
        except FairleadError as error:
            pushed.append(
                {**_nothing(sync, ""), **_NO_PUSH, "state": "ready", "outcome": "failed", "error": str(error)}
            )
    ok = all(p["outcome"] in ("done", "partial", "off") for p in pushed)
    return {"day": day.isoformat(), "ok": ok, "syncs": pushed}


def check(settings: Settings) -> list[dict[str, Any]]:
    """For `fairlead doctor`: every sync file, and each channel that a sync uses, once; asks the other side, changes nothing there."""
    syncs = load_syncs(settings)
    checks: list[dict[str, Any]] = [{"check": "sync files", "ok": True, "detail": f"{len(syncs)} read", "mend": ""}]
    for name, sync in {s.channel: s for s in syncs.values()}.items():
        off = _off(settings, sync)
        with _opened(settings, sync) as channel:
            health = Health(True, off) if off else channel.check()
        mend = "" if health.ok else f"See [channels.{name}] in fairlead.toml and activation/channels/{name}.py."
        checks.append({"check": f"channel {name}", "ok": health.ok, "detail": health.detail, "mend": mend})
    return checks


_NO_PLAN: dict[str, Any] = dict.fromkeys(("audience", "adds", "updates", "removes", "unchanged", "api_calls", "minutes"), 0) | {
    "held_back": {}, "guards": [], "mapping_change": {}}  # fmt: skip
_NO_PUSH: dict[str, Any] = dict.fromkeys(("attempted", "accepted", "rejected", "in_doubt", "skipped", "seconds"), 0) | {
    "outcome": "off", "error": None, "guards": [], "overridden": {}}  # fmt: skip


def _nothing(sync: Sync, state: str) -> dict[str, Any]:
    return {"sync": sync.name, "channel": sync.channel, "state": state}


def _off(settings: Settings, sync: Sync) -> str:
    """Why this sync takes no part, which is no fault; '' when it does."""
    if not sync.enabled:
        return "switched off in its file"
    if not settings.channels.get(sync.channel, ChannelSettings()).enabled:
        return f"channel {sync.channel} switched off in fairlead.toml"
    with _opened(settings, sync) as channel:
        return f"not configured: {channel.not_configured}" if channel.not_configured else ""


@contextlib.contextmanager
def _opened(settings: Settings, sync: Sync) -> Iterator[Channel]:
    file = find_channels(channel_folders(settings))[sync.channel]
    channel: Channel = file.open_channel(settings, file.Options.model_validate(sync.options))
    try:
        yield channel
    finally:
        channel.close()
