"""What must be true before anything is sent. Each can be overridden by name for one run, with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Any

from core.errors import ConfigError

GUARDS = {  # name -> its number in docs/reference/errors.md
    "empty_upstream": "FL201", "max_change_share": "FL202", "unknown_denominator": "FL203", "unusual_size": "FL204",
    "stale_day": "FL205", "unbuilt_day": "FL206", "mapping_changed": "FL207",
    "credential_expiry": "FL208", "plan_moved": "FL209",
    "unknown_run": "FL210", "other_home": "FL211", "place_changed": "FL212",
}  # fmt: skip
HISTORY_DAYS = 4  # a size is unusual only against so many earlier ones
UNUSUAL = 5.0  # times the usual distance of an audience from its median size (a robust z-score; 5 is one in millions)
SMALLEST_SPREAD = 0.1  # of the median: an audience that never changed may still grow by half without a question
FEW = 20  # people who withdraw at once, whatever their share: a slip at the source makes hundreds of them
DAYS_BEFORE_EXPIRY = 3  # a credential that ends sooner stops a push while there is time to renew it


@dataclass(frozen=True)
class Evidence:
    """The numbers that the guards judge by."""

    day: date
    audience: int  # people wanted on the channel
    removes: int
    leavers: int  # of them, those who have left the audience otherwise than by withdrawing
    delivered: int  # people of ours on the channel now
    max_change_share: float
    newest_day: date | None  # the newest day ever pushed
    delivered_after: int | None  # what the last push left on the channel, by its own count
    built: str  # "" when the audience was built for this day from this sync file, else what is wrong
    follows_leavers: bool = (
        True  # False: nobody is taken out for leaving, so the audience may be smaller than what is there
    )
    withdrawals_only: bool = False  # nobody is taken out but who has withdrawn
    retired: bool = False  # everybody is to be taken out, so no share of them is too large
    sizes: Mapping[date, int] = field(default_factory=dict)  # the audience at earlier pushes, by day
    mapping: str = (
        ""  # how the mapping differs from the last push's, "" when it does not or the caller has chosen what to do
    )
    expires: date | None = None  # when the credential ends
    moved: str = ""  # how the world differs from the saved plan that is to be applied
    unknown_run: str = (
        ""  # what a mark outside the warehouse knows and the ledger does not; the caller may have chosen what to do
    )
    other_home: str = ""  # who else pushes to the same place


@dataclass(frozen=True)
class Guard:
    guard: str
    tripped: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        return {"guard": self.guard, "tripped": self.tripped, "detail": self.detail}


def judge(e: Evidence) -> list[Guard]:
    """One verdict a guard, all of them, tripped or not."""
    removed = _share(e.removes, e.delivered)
    cut = _share(max(e.delivered - e.audience, 0), e.delivered) if e.follows_leavers else 0.0
    lost = e.delivered == 0 and bool(e.delivered_after)
    ledger = f"{e.delivered} delivered by the ledger"
    if lost:
        ledger = f"the ledger knows nobody there, the last push left {e.delivered_after}"
    few = e.withdrawals_only and e.removes <= FEW
    limit = f"allowed {e.max_change_share:.1%}"
    share = f"{e.removes} of {e.delivered} removed ({removed:.1%}), the audience {cut:.1%} smaller; {limit}"
    soon = e.expires is not None and e.expires <= e.day + timedelta(days=DAYS_BEFORE_EXPIRY)
    return [
        Guard(
            "empty_upstream",
            e.audience == 0 and e.delivered > 0 and e.leavers > 0 and not e.retired,
            f"{e.audience} people wanted, {e.delivered} delivered",
        ),
        Guard("max_change_share", max(removed, cut) > e.max_change_share and not (e.retired or few), share),
        Guard("unknown_denominator", lost, ledger),
        _unusual_size(e),
        Guard(
            "stale_day",
            e.newest_day is not None and e.day < e.newest_day,
            f"pushing {e.day}, newest pushed {e.newest_day or 'never'}",
        ),
        Guard("unbuilt_day", bool(e.built), e.built or f"audiences built for {e.day}"),
        Guard("mapping_changed", bool(e.mapping), e.mapping or "the mapping is the last push's"),
        Guard("credential_expiry", soon, f"the credential ends on {e.expires or 'no known day'}"),
        Guard("plan_moved", bool(e.moved), e.moved or "no saved plan, or the same changes as in it"),
        Guard("unknown_run", bool(e.unknown_run), e.unknown_run or "the ledger knows the last run that sent"),
        Guard("other_home", bool(e.other_home), e.other_home or "nobody else pushes to this place"),
    ]


def _unusual_size(e: Evidence) -> Guard:
    """Against the audience's own history: its distance from the median in units of the usual distance."""
    sizes = [size for day, size in e.sizes.items() if day != e.day]
    if len(sizes) < HISTORY_DAYS:
        return Guard("unusual_size", False, f"{e.audience} people; {len(sizes)} earlier days are too few to judge by")
    middle = median(sizes)
    spread = max(median(abs(size - middle) for size in sizes), SMALLEST_SPREAD * middle, 1.0)
    far = abs(e.audience - middle) / spread
    return Guard(
        "unusual_size",
        far > UNUSUAL and not e.retired,
        f"{e.audience} people, {middle:.0f} usual; {far:.1f} times the usual distance, {UNUSUAL:.0f} allowed",
    )


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
        raise ConfigError(*unknown, *silent, code="FL412")
