"""What a build needs of the ledger and leaves in it: which syncs there are, and whether the build has ended well."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from activation.sync import Sync
from core.clock import now
from core.warehouse import Warehouse


def write_syncs(
    db: Warehouse, syncs: Sequence[Sync], enabled: Sequence[bool], identifiers: Sequence[str | None]
) -> None:
    """identifiers   of each sync, the column of marts.profiles by which its channel knows people; None: person_id"""
    caps = [s.cap for s in syncs]
    texts = (
        "segment", "feed", "channel", "contact_channel", "purpose", "holdout_below", "holdout_per", "cap_per",
        "audience_hash",
    )  # fmt: skip
    table = pa.table(
        {
            **{k: pa.array([getattr(s, k) for s in syncs], pa.string()) for k in texts},
            "sync": pa.array([s.name for s in syncs], pa.string()),
            "cap_touches": pa.array([c.touches if c else None for c in caps], pa.int64()),
            "cap_days": pa.array([c.days if c else None for c in caps], pa.int64()),
            "max_age_days": pa.array([s.max_age_days if s.feed else None for s in syncs], pa.int64()),
            "enabled": pa.array(list(enabled), pa.bool_()),
            "identifier": pa.array(list(identifiers), pa.string()),
        }
    )
    db.load("activation.syncs", table, mode="replace")


def begin_build(db: Warehouse, stage: str, day: date) -> None:
    """A build that is under way, or was cut off: until it has ended well the audiences are of no day."""
    db.execute("delete from activation.builds where stage = $1", [stage])
    db.execute("insert into activation.builds values ($1, $2, $3)", [stage, day, now()])


def end_build(db: Warehouse, stage: str, day: date) -> None:
    """It has ended well, and with it whatever came before and is built by it as well.

    The first half of a build owes the second: until then people and consents are of one build and audiences of another.
    """
    earlier = {"build": "1 = 1", "build.after-scores": "stage not in ('build.identity', 'build.before-scores')"}
    with db.transaction():
        if stage == "build.before-scores":
            begin_build(db, "build.after-scores", day)
        db.execute(f"delete from activation.builds where stage = $1 or {earlier.get(stage, '1 = 0')}", [stage])
