"""What answers' headers say of time and rate. They are the vendor's words: what cannot be read says nothing."""

import math
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from activation.channel import Quota


def standard_quota(headers: httpx.Headers) -> Quota | None:
    """From the headers most vendors send: X-RateLimit-* and RateLimit-* (seconds or an epoch)."""
    remaining = _number(headers.get("x-ratelimit-remaining") or headers.get("ratelimit-remaining"))
    reset = _number(headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset"))
    if remaining is None:
        return None
    if reset is not None and reset < 0:
        reset = None
    if reset is not None and reset > 1e9:  # an epoch, not a number of seconds
        reset = max(0.0, (reset / 1000 if reset > 1e11 else reset) - time.time())
    return Quota(int(remaining), reset)


def retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date (RFC 9110 10.2.3); None when there is none that is still to come.

    A negative number or a past date is no permission to call again at once: our own pauses count then.
    """
    if value is None:
        return None
    seconds, when = _number(value), _date(value)
    if seconds is None and when is not None:
        seconds = (when - datetime.now(UTC)).total_seconds()
    return seconds if seconds is not None and seconds > 0 else None


def clock_skew_seconds(headers: httpx.Headers) -> float | None:
    """How far the server's clock is ahead of ours, by its Date header."""
    when = _date(headers.get("date") or "")
    return None if when is None else (when - datetime.now(UTC)).total_seconds()


def _date(value: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _number(value: str | None) -> float | None:
    """A finite number, or None."""
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
