"""Desired minus delivered as counts, people held back, calls, minutes, cost, guards. Sends and writes nothing."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from activation.channel import Channel
from activation.delivery import usual
from activation.delivery.mapping import find_faults, without_absent
from activation.delivery.payload import plain
from activation.delivery.route import Wish
from activation.ledger import delivered, runs
from activation.ledger.marks import Doubt
from activation.ledger.tables import is_current
from activation.orphans import Orphan
from activation.planning import diff
from activation.planning.guards import Evidence, Guard, judge
from activation.sync import Sync
from activation.vendor.json_rows import table_of
from core.errors import ConfigError
from core.identifiers import mask
from core.warehouse import Warehouse

TABLES = ("marts.audience_sizes", "marts.consent_withdrawals", "activation.delivered")  # and what each sync reads
SAMPLE = 5  # people of each op that a plan shows, masked
NO_DOUBT = Doubt()
LOOKED_AT = 10_000  # updates that are looked into to say which fields change; a sample of them where there are more


@dataclass(frozen=True)
class SyncPlan:
    """What a push of this sync would do now."""

    sync: Sync
    audience: int
    ops: Mapping[str, int]
    held_back: Mapping[str, int]
    calls: int
    minutes: float
    cost: float  # in the project's currency; 0 where the channel charges nothing by the row
    guards: list[Guard]
    # fields added, dropped and moved since the last push: everybody is an update
    mapping_change: Mapping[str, list[str]]
    quota_left: int | None = None
    waiting: int = 0  # people under way in a vendor's job
    detail: Mapping[str, Any] = field(default_factory=dict)  # of `describe`, where it was asked for

    @property
    def changes(self) -> int:
        return sum(self.ops.values())

    def to_json(self) -> dict[str, Any]:
        adds, updates = (self.ops.get(op, 0) for op in ("add", "update"))
        removes = self.ops.get("remove", 0) + self.ops.get("exit", 0)
        return {
            "sync": self.sync.name, "channel": self.sync.channel, "state": "ready",
            "audience": self.audience, "adds": adds,
            "updates": updates, "removes": removes, "unchanged": self.audience - adds - updates,
            "waiting": self.waiting,
            "held_back": dict(self.held_back), "api_calls": self.calls,
            "minutes": round(self.minutes, 2), "cost": round(self.cost, 2),
            "quota_left": self.quota_left, "guards": [g.to_json() for g in self.guards],
            "mapping_change": {k: v for k, v in self.mapping_change.items() if v}, **self.detail,
        }  # fmt: skip


def make_plan(
    db: Warehouse, sync: Sync, channel: Channel, day: date, source: str, wish: Wish | None = None,
    expires: date | None = None, detail: Mapping[str, Any] | None = None, doubt: Doubt = NO_DOUBT,
) -> SyncPlan:  # fmt: skip
    """source   SELECT record_key, op, ours, reason with $1 = the sync's name: the diff, or what push has kept of it
    doubt    what the marks outside the warehouse know and this ledger does not
    """
    ops, leavers = _counted(db, sync, source)
    standing = db.query(diff.standings(sync), [sync.name])
    people = dict(zip(standing["standing"].to_pylist(), map(int, standing["people"].to_pylist()), strict=True))
    audience, past = people.pop("included", 0), runs.history(db, sync.name)
    if sync.wants_nobody:
        people, audience = {**people, "retired": audience}, 0
    mapping = _mapping_change(past["fields"], sync)
    evidence = Evidence(
        day=day, audience=audience, removes=ops.get("remove", 0) + ops.get("exit", 0), leavers=leavers,
        delivered=delivered.delivered_count(db, sync.name), max_change_share=sync.max_change_share,
        retired=sync.wants_nobody, newest_day=past["newest_day"],
        follows_leavers=sync.follows_leavers and not (wish and wish.withdrawals_only),
        withdrawals_only=bool(wish and wish.withdrawals_only),
        delivered_after=past["delivered_after"] or (doubt.mark.people if doubt.mark else None),
        built=_built(db, sync, day), sizes=past["sizes"],
        mapping=_to_choose(sync.mode, mapping, past, wish), expires=expires, moved=_moved(db, sync, source, wish),
        unknown_run=_lost(sync, channel, doubt, wish), other_home=doubt.other_home,
    )  # fmt: skip
    calls = math.ceil(sum(ops.values()) / channel.limits.batch_size)
    upsert_count = ops.get("add", 0) + ops.get("update", 0)
    quota = usual.quota(channel)
    return SyncPlan(
        sync, audience, ops, people, calls, _minutes(channel, calls),
        upsert_count * channel.limits.price_per_row, judge(evidence), mapping,
        quota.remaining if quota else None, _waiting(db, sync), detail or {},
    )  # fmt: skip


def _counted(db: Warehouse, sync: Sync, source: str) -> tuple[dict[str, int], int]:
    """Changes by op; and of those who are taken out, how many have not withdrawn."""
    withdrawn = ", ".join(f"'{reason}'" for reason in diff.MUST_GO)
    rows = db.query(
        f"""select op, count(*) as people,
            sum(case when op in ('remove', 'exit') and reason not in ({withdrawn}) then 1 else 0 end) as leavers
        from ({source}) as c group by op order by op""",
        [sync.name],
    ).to_pylist()
    return {row["op"]: int(row["people"]) for row in rows}, sum(int(row["leavers"]) for row in rows)


def _minutes(channel: Channel, calls: int) -> float:
    limits = channel.limits
    by_rate = calls / limits.requests_per_minute if limits.requests_per_minute else 0.0
    return max(by_rate, calls * limits.seconds_per_call / limits.concurrency / 60)


def _waiting(db: Warehouse, sync: Sync) -> int:
    sql = "select count(*) as people from activation.sending where sync = $1 and job is not null"
    return int(db.query(sql, [sync.name])["people"][0].as_py())


def _built(db: Warehouse, sync: Sync, day: date) -> str:
    """Whether dbt built this audience for this day by this sync file; the fault in words, or ''."""
    if diff.lacks_stopped_addresses(db, sync):
        return f"marts.address_withdrawals is not built; run `fairlead build --day {day}`"
    if isinstance(sync, Orphan):  # nothing is built for it, and nobody is wanted
        return ""
    cut_off = db.query("select stage, day, began_at from activation.builds order by began_at desc limit 1").to_pylist()
    if cut_off:
        stage, began = cut_off[0]["stage"].replace("build.", "build --stage "), cut_off[0]["began_at"]
        return (
            f"`fairlead {stage} --day {cut_off[0]['day']}` is due since {began:%Y-%m-%d %H:%M} UTC "
            "and has not ended well, "
            f"so tables of several builds may stand beside each other; run `fairlead build --day {day}`"
        )
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
    new = dict(sync.columns)
    old = json.loads(before) if before else new
    return {
        "added": sorted(new.keys() - old.keys()),
        "dropped": sorted(old.keys() - new.keys()),
        "moved": sorted(f for f in new.keys() & old.keys() if new[f] != old[f]),
    }


def _to_choose(mode: str, mapping: Mapping[str, list[str]], past: Mapping[str, Any], wish: Wish | None) -> str:
    """A changed mapping makes an update of everybody: somebody has to say that this is meant."""
    changed = [f"{', '.join(fields)} {how}" for how, fields in mapping.items() if fields]
    if mode == "append":  # what is there stays as it was sent
        return ""
    chosen = wish is not None and (wish.resend or wish.rebaseline or bool(wish.only))
    if not changed or not past["delivered_after"] or chosen:
        return ""
    return f"{'; '.join(changed)}: push --resend sends everybody anew, --rebaseline takes them as delivered"


def _lost(sync: Sync, channel: Channel, doubt: Doubt, wish: Wish | None) -> str:
    """A ledger from before the last run that sent. What may go twice goes to all, what may not is taken as sent."""
    once = sync.mode == "append" or channel.in_doubt == "message"
    chosen = wish is not None and not wish.only and (wish.rebaseline or (wish.resend and not once))
    if not doubt.unknown_run or chosen:
        return ""
    mend = "--rebaseline takes as sent what may have been" if once else "--resend sends everybody anew"
    return f"{doubt.unknown_run}: restore the warehouse that knows it; else push {mend}"


def _moved(db: Warehouse, sync: Sync, source: str, wish: Wish | None) -> str:
    if wish is None or not wish.digest:
        return ""
    now = find_digest(db, sync, source)
    return "" if now == wish.digest else f"the saved plan is {wish.digest}, the changes are now {now}"


def find_digest(db: Warehouse, sync: Sync, source: str) -> str:
    """What a saved plan is recognised by: the changes, what they say, and the mapping that they are sent by."""
    digest = db.query(diff.digest(db, sync, source), [sync.name]).to_pylist()[0]
    return f"{digest['changes']}-{digest['total']}-{sync.sending_hash}"


def describe(db: Warehouse, sync: Sync, source: str) -> dict[str, Any]:
    """sample           some people of each op, masked, with what changes
    fields_changed   {field: updates that change it}, of those looked at
    """
    fields = "".join(f", p.{column} as f{i}" for i, column in enumerate(sync.columns.values()))
    rows = db.query(
        f"""with numbered as (
            select c.*, row_number() over (partition by c.op order by c.record_key) as place from ({source}) as c
        )
        select n.record_key, n.op, n.reason, n.place, d.payload as before{fields} from numbered as n
        left join {sync.records} as p on p.{sync.key} = n.record_key
        left join activation.delivered as d on d.sync = $1 and d.record_key = n.record_key
        where n.place <= case when n.op = 'update' then {LOOKED_AT} else {SAMPLE} end order by n.op, n.place""",
        [sync.name],
    )
    now = plain(table_fields(rows, sync))
    before = table_of(rows["before"].combine_chunks(), now.schema)
    counts: dict[str, int] = {}
    sample: list[dict[str, Any]] = []
    heads = rows.select(["record_key", "op", "reason", "place", "before"]).to_pylist()
    for head, new, old in zip(heads, now.to_pylist(), before.to_pylist(), strict=True):
        delivered_before = head["before"] is not None
        changed = [name for name in new if delivered_before and head["op"] == "update" and new[name] != old[name]]
        for name in changed:
            counts[name] = counts.get(name, 0) + 1
        if head["place"] <= SAMPLE:
            shown = changed if head["op"] == "update" and delivered_before else list(new)
            values = {n: {"from": mask(old[n]), "to": mask(new[n])} for n in shown}
            sample.append(
                {"record_key": head["record_key"], "op": head["op"], "reason": head["reason"], "fields": values}
            )
    return {"sample": sample, "fields_changed": dict(sorted(counts.items(), key=lambda item: -item[1]))}


def table_fields(rows: pa.Table, sync: Sync) -> pa.Table:
    """The columns f0, f1, … of a query under the sync's names."""
    return pa.table({name: rows[f"f{i}"] for i, name in enumerate(sync.columns)})


def check_marts(db: Warehouse, syncs: list[Sync], day: date) -> None:
    """Raises ConfigError when there is nothing to plan from, or a field maps a column that cannot be had."""
    read = [table for s in syncs for table in (s.audience, *s.tables, *(() if s.feed else ("marts.contactability",)))]
    absent = [
        table
        for table in dict.fromkeys([*(read or ("marts.audiences", "marts.profiles")), *TABLES])
        if not db.exists(table)
    ]
    if not absent and not is_current(db):
        absent = ["the ledger, which is of an earlier version"]
    if absent:
        raise ConfigError(f"Not built yet: {', '.join(absent)}. Run `fairlead build --day {day}`.", code="FL410")
    wrong = [fault for sync in syncs for fault in find_faults(db, sync)]
    if wrong:
        raise ConfigError(*wrong, code="FL409")


def find_misfits(db: Warehouse, syncs: list[Sync], day: date, wish: Wish) -> tuple[dict[str, str], dict[str, Sync]]:
    """What is wrong with single syncs of a push of withdrawals alone, by name; any other push asks that all are right.

    Of those, the ones that can take people out without the fields whose columns are gone, as they then are.

    Raises ConfigError as `check_marts`
    """
    if not wish.withdrawals_only:
        check_marts(db, syncs, day)
        return {}, {}
    check_marts(db, [], day)
    misfits: dict[str, str] = {}
    reduced: dict[str, Sync] = {}
    for sync in syncs:
        try:
            check_marts(db, [sync], day)
        except ConfigError as error:
            misfits[sync.name] = str(error)
            if error.code == "FL409" and not find_faults(db, less := without_absent(db, sync)):
                reduced[sync.name] = less
    return misfits, reduced
