"""Desired minus delivered as counts, people held back, calls, minutes and guards. Sends nothing, writes nothing."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from activation import diff, ledger
from activation.channel import Channel
from activation.guards import Evidence, Guard, judge
from activation.sync import Sync
from core.errors import ConfigError
from core.warehouse import Warehouse

TABLES = (
    "marts.audiences",
    "marts.audience_sizes",
    "marts.profiles",
    "marts.consent_withdrawals",
    "activation.delivered",
)


@dataclass(frozen=True)
class SyncPlan:
    """What a push of this sync would do now."""

    sync: Sync
    audience: int
    ops: Mapping[str, int]
    held_back: Mapping[str, int]
    calls: int
    minutes: float
    guards: list[Guard]
    mapping_change: Mapping[
        str, list[str]
    ]  # fields added, dropped and moved since the last push: everybody is an update

    @property
    def changes(self) -> int:
        return sum(self.ops.values())

    def to_json(self) -> dict[str, Any]:
        adds, updates, removes = (self.ops.get(op, 0) for op in ("add", "update", "remove"))
        return {
            "sync": self.sync.name, "channel": self.sync.channel, "state": "ready", "audience": self.audience, "adds": adds,
            "updates": updates, "removes": removes, "unchanged": self.audience - adds - updates, "held_back": dict(self.held_back),
            "api_calls": self.calls, "minutes": round(self.minutes, 2), "guards": [g.to_json() for g in self.guards],
            "mapping_change": {k: v for k, v in self.mapping_change.items() if v},
        }  # fmt: skip


def make_plan(db: Warehouse, sync: Sync, channel: Channel, day: date, source: str | None = None) -> SyncPlan:
    """source   SELECT with $1 = the sync's name that gives person_id, op, ours; left out, the diff itself (push has kept it)."""
    if source is None:
        diff.find_changed(db, sync)
        source = diff.changes(sync, channel.in_doubt)
    counted = db.query(f"select op, count(*) as people from ({source}) as c group by op order by op", [sync.name])
    ops = dict(zip(counted["op"].to_pylist(), map(int, counted["people"].to_pylist()), strict=True))
    standing = db.query(diff.standings(sync), [sync.name])
    people = dict(zip(standing["standing"].to_pylist(), map(int, standing["people"].to_pylist()), strict=True))
    audience, past = people.pop("included", 0), ledger.history(db, sync.name)
    evidence = Evidence(
        day=day, audience=audience, removes=ops.get("remove", 0), delivered=ledger.delivered_count(db, sync.name),
        max_change_share=sync.max_change_share, newest_day=past["newest_day"], delivered_after=past["delivered_after"],
        built=_built(db, sync, day),
    )  # fmt: skip
    calls = math.ceil(sum(ops.values()) / channel.limits.batch_size)
    return SyncPlan(
        sync,
        audience,
        ops,
        people,
        calls,
        _minutes(channel, calls),
        judge(evidence),
        _mapping_change(past["fields"], sync),
    )


def _minutes(channel: Channel, calls: int) -> float:
    rate = channel.limits.requests_per_minute
    return max(calls / rate if rate else 0.0, calls * channel.limits.seconds_per_call / 60)


def _built(db: Warehouse, sync: Sync, day: date) -> str:
    """Whether dbt built this audience for this day by this sync file; the fault in words, or ''."""
    built = db.query(
        "select as_of_day, audience_hash from marts.audience_sizes where sync = $1", [sync.name]
    ).to_pylist()
    if not built:
        return f"the audience was never built; run `fairlead build --day {day}`"
    if built[0]["as_of_day"] != day:
        return f"the audience stands as of {built[0]['as_of_day']}; run `fairlead build --day {day}`"
    if built[0]["audience_hash"] != sync.audience_hash:
        return f"the sync file has changed since the audience was built; run `fairlead build --day {day}`"
    return ""


def _mapping_change(before: str | None, sync: Sync) -> dict[str, list[str]]:
    old = json.loads(before) if before else dict(sync.fields)
    new = dict(sync.fields)
    return {
        "added": sorted(new.keys() - old.keys()),
        "dropped": sorted(old.keys() - new.keys()),
        "moved": sorted(f for f in new.keys() & old.keys() if new[f] != old[f]),
    }


def check_marts(db: Warehouse, syncs: list[Sync], day: date) -> None:
    """Raises ConfigError when there is nothing to plan from, or a field maps a column that profiles do not have."""
    absent = [table for table in TABLES if not db.exists(table)]
    if absent:
        raise ConfigError(f"Not built yet: {', '.join(absent)}. Run `fairlead build --day {day}`.")
    columns = db.columns("marts.profiles")
    wrong = [
        f"activation/syncs/{s.name}.yml: fields.{field}: marts.profiles has no column {column!r}. Columns: {', '.join(columns)}."
        for s in syncs for field, column in s.fields.items() if column not in columns
    ]  # fmt: skip
    if wrong:
        raise ConfigError(*wrong)
