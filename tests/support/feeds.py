"""A feed of visits in the small project: what dbt would have built of it, by hand."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from activation import jobs
from activation.sync import load_syncs
from core.warehouse import connect

SYNC = """\
description: For the tests
feed: visits
channel: {channel}
contact_channel: email
mode: append
fields: {{at: occurred_at, email: email, value: value}}
options: {options}
"""


@dataclass(frozen=True)
class Visit:
    person: str | None
    value: float | None = 1.0
    reason: str = "included"
    at: datetime = datetime(2026, 1, 15, 9)

    def held_back(self, reason: str) -> "Visit":
        return replace(self, reason=reason)


@dataclass(frozen=True)
class Feed:
    """`project` is the fixture of tests/activation/conftest.py."""

    project: Any

    def write_sync(self, channel: str = "dummy", options: str = "{batch_size: 2}", more: str = "") -> str:
        folder = self.project.settings.root / "dbt_project/models/marts/feeds"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "feed__visits.sql").write_text("select event_id from x")
        path = self.project.settings.root / f"activation/syncs/visits__{channel}.yml"
        path.write_text(SYNC.format(channel=channel, options=options) + more)
        return path.stem

    def build(self, visits: dict[str, Visit], day: date | None = None, withdrawn: set[str] = frozenset()) -> None:
        """visits   event_id -> what of it is in the feed on `day`, for every sync of a feed"""
        jobs.register(self.project.settings)
        syncs = {n: s for n, s in load_syncs(self.project.settings).items() if s.feed}
        text, moment = pa.string(), pa.timestamp("us")
        rows = [(s, e, v) for s in syncs for e, v in visits.items()]
        tables = {
            "feed__visits": {
                "event_id": pa.array(list(visits), text),
                "person_id": pa.array([v.person for v in visits.values()], text),
                "occurred_at": pa.array([v.at for v in visits.values()], moment),
                "email": pa.array([v.person and f"{v.person}@example.com" for v in visits.values()], text),
                "value": pa.array([v.value for v in visits.values()], pa.float64()),
            },
            "feed_audiences": {
                "sync": pa.array([s for s, _, _ in rows], text), "event_id": pa.array([e for _, e, _ in rows], text),
                "person_id": pa.array([v.person for _, _, v in rows], text),
                "occurred_at": pa.array([v.at for _, _, v in rows], moment),
                "included": pa.array([v.reason == "included" for _, _, v in rows], pa.bool_()),
                "reason": pa.array([v.reason for _, _, v in rows], text),
            },
            "audience_sizes": {
                "sync": pa.array(list(syncs), text),
                "as_of_day": pa.array([day or self.project.day] * len(syncs), pa.date32()),
                "audience_hash": pa.array([s.audience_hash for s in syncs.values()], text),
            },
        }  # fmt: skip
        with connect(self.project.settings, writer="marts") as db:
            for name, columns in tables.items():
                db.load(f"marts.{name}", pa.table(columns), mode="replace")
            has_addresses = db.exists("marts.address_withdrawals")
        if not has_addresses:
            self.project.stop_addresses()
        self.project.withdraw(withdrawn)
