"""How fast a vendor may be asked: a token bucket a credential, for all syncs, which learns from the answers."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from activation.channel import NotSent, Quota
from activation.vendor import patience

BURST_SECONDS = 1.0  # what may be saved up while nobody asked; more would break limits that count by the second
# A vendor that wants to be left alone for longer has its syncs ended until the next run: no night hangs on it.
LONGEST_WAIT_SECONDS = 300.0


@dataclass
class Pace:
    """`wait` before each call. Tokens come at the declared rate; the vendor's own word on its limit comes first."""

    requests_per_minute: float | None
    sleep: Callable[[float], None] = patience.pause
    clock: Callable[[], float] = time.monotonic
    _tokens: float = field(default=1.0)
    _filled_at: float | None = None
    _blocked_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Take a token, or sleep until it is there; sleepers are served in the order of their coming.

        Raises NotSent where the vendor wants a longer pause than LONGEST_WAIT_SECONDS, Stopped where an end is wanted.
        """
        with self._lock:
            blocked = self._blocked_until - self.clock()
            if blocked > LONGEST_WAIT_SECONDS:
                words = (
                    f"the vendor wants no calls for {blocked:.0f} s; a push waits {LONGEST_WAIT_SECONDS:.0f} s at most"
                )
                raise NotSent(words, blocked, code="FL118")
            seconds = self._reserve()
        if seconds > 0:
            self.sleep(seconds)
            patience.check()

    def _reserve(self) -> float:
        now = self.clock()
        blocked = max(0.0, self._blocked_until - now)
        if self.requests_per_minute is None:
            return blocked
        rate = self.requests_per_minute / 60
        since = now - self._filled_at if self._filled_at is not None else 0.0
        self._filled_at = now
        self._tokens = min(max(1.0, rate * BURST_SECONDS), self._tokens + since * rate) - 1.0
        return max(blocked, -self._tokens / rate)

    def learn(self, quota: Quota | None) -> None:
        """The vendor has said how many calls are left: none left means nobody calls until its reset."""
        if quota is None or quota.remaining is None or quota.remaining > 0 or not quota.resets_in_seconds:
            return
        self.block(quota.resets_in_seconds)

    def block(self, seconds: float) -> None:
        """Nobody on this credential calls for so long: one sync's 429 is everybody's."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self.clock() + seconds)
