"""What must be true before anything is sent. On by default; each can be overridden by name for one run, with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import ConfigError

GUARDS = ("empty_upstream", "max_change_share", "unknown_denominator", "stale_day", "unbuilt_day")


@dataclass(frozen=True)
class Evidence:
    """The numbers that the guards judge by."""

    day: date
    audience: int  # people wanted on the channel
    removes: int
    delivered: int  # people of ours on the channel now
    max_change_share: float
    newest_day: date | None  # the newest day ever pushed
    delivered_after: int | None  # what the last push left on the channel, by its own count
    built: str  # "" when the audience was built for this day from this sync file, else what is wrong


@dataclass(frozen=True)
class Guard:
    guard: str
    tripped: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        return {"guard": self.guard, "tripped": self.tripped, "detail": self.detail}


def judge(e: Evidence) -> list[Guard]:
    """One verdict a guard, all of them, tripped or not."""
    removed, cut = _share(e.removes, e.delivered), _share(max(e.delivered - e.audience, 0), e.delivered)
    worst = max(removed, cut)
    lost = e.delivered == 0 and bool(e.delivered_after)
    return [
        Guard(
            "empty_upstream",
            e.audience == 0 and e.delivered > 0,
            f"{e.audience} people wanted, {e.delivered} delivered",
        ),
        Guard(
            "max_change_share",
            worst > e.max_change_share,
            f"{e.removes} of {e.delivered} removed ({removed:.1%}), the audience {cut:.1%} smaller; allowed {e.max_change_share:.1%}",
        ),
        Guard(
            "unknown_denominator",
            lost,
            f"the ledger knows nobody there, the last push left {e.delivered_after}"
            if lost
            else f"{e.delivered} delivered by the ledger",
        ),
        Guard(
            "stale_day",
            e.newest_day is not None and e.day < e.newest_day,
            f"pushing {e.day}, newest pushed {e.newest_day or 'never'}",
        ),
        Guard("unbuilt_day", bool(e.built), e.built or f"audiences built for {e.day}"),
    ]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def check_overrides(overrides: Mapping[str, str]) -> None:
    """Raises ConfigError for an unknown guard and for a missing reason, all at once."""
    unknown = [f"No guard {name!r}. Guards: {', '.join(GUARDS)}." for name in overrides if name not in GUARDS]
    silent = [
        f'--override {name}: say why, as in --override {name}="the autumn list ends".'
        for name, why in overrides.items()
        if not why.strip()
    ]
    if unknown or silent:
        raise ConfigError(*unknown, *silent)
