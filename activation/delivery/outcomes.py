"""How a push ended, and why: types to decide by, so that nothing decides by the words that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from activation.planning.guards import Guard

# cancelled: somebody wanted an end · failed: the channel or the warehouse is in trouble · refused: a guard or a mark
# says no · waiting: the vendor still works on it
StopKind = Literal["cancelled", "failed", "refused", "waiting"]
Outcome = Literal["done", "partial"] | StopKind


@dataclass(frozen=True)
class Stop:
    """Why a push ends before everything was delivered."""

    kind: StopKind
    text: str  # for people, with its number of docs/reference/errors.md

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Pushed:
    """What one sync's push has come to."""

    sync: str
    channel: str
    run_id: str
    outcome: Outcome
    counts: Mapping[str, int]  # rows, by tally.COUNTS
    settled: Mapping[str, int]  # rows that an earlier run had left under way, by what became of them
    seconds: float
    stop: Stop | None = None
    place: str = ""  # where the files lie that it has written
    damage: str = ""  # what is wrong with what was delivered before
    refusing: Sequence[Guard] = ()
    overridden: Mapping[str, str] = field(default_factory=dict)  # guard -> reason

    @property
    def shows_channel_down(self) -> bool:
        """Whether other syncs of the same channel would fail as well; refused rows say nothing of the channel."""
        return self.outcome == "failed" and self.stop is not None

    def to_json(self) -> dict[str, Any]:
        return {
            "sync": self.sync, "channel": self.channel, "state": "ready", "outcome": self.outcome, **self.counts,
            "settled": dict(self.settled), "run_id": self.run_id, "seconds": round(self.seconds, 3),
            "error": self.stop.text if self.stop else None, "place": self.place or None,
            "damage": self.damage or None,
            "guards": [g.to_json() for g in self.refusing], "overridden": dict(self.overridden),
        }  # fmt: skip
