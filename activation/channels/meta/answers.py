"""What Meta's Graph API says: errors by their code, whatever the status; what it did not take; usage.

Sources  https://developers.facebook.com/docs/graph-api/guides/error-handling, …/overview/rate-limiting; recorded
         answers, 2021.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from activation.channel import IN_DOUBT, REJECTED, BatchRejected, MaybeSent, NotSent, Quota
from activation.vendor.ad_members import Verdict
from activation.vendor.http import Reply
from core.errors import FatalError

PASSES = (400, 401, 403)  # statuses that carry an error code; the code says what it is
CREDENTIAL = {102, 190, 463, 467}  # session or token ended or not valid
FULL = {
    4,
    17,
    32,
    341,
    613,
    *range(80000, 80015),
}  # too many calls: app, user, page, ad account; 80003 is custom audiences
PASSING = {1, 2}  # "unknown" and "temporarily unavailable"
NOT_ALLOWED = {3, 10, *range(200, 300)}
OURS = {33, 1713230}  # subcodes of 100: no such object, or no right to it; an audience that Meta has blocked


def content_of(reply: Reply) -> Any:
    """The content of an answer; raises as the loop needs it where Meta says that something went wrong."""
    content = reply.json()
    error = content.get("error") if isinstance(content, dict) else None
    if reply.status == 200 and error is None:
        return content
    raise _failure(reply, error if isinstance(error, dict) else {})


def _failure(reply: Reply, error: dict[str, Any]) -> Exception:
    code, subcode = error.get("code"), error.get("error_subcode")
    words = (
        f"meta: error {code}/{subcode or '-'}: {error.get('error_user_msg') or error.get('message') or reply.status}"
    )
    if code in FULL:
        usage = read_quota(reply.headers)
        return NotSent(f"meta: too many calls (error {code})", usage.resets_in_seconds if usage else None)
    if code in PASSING or error.get("is_transient"):
        return MaybeSent(f"meta: error {code}")
    if code in CREDENTIAL or code in NOT_ALLOWED or reply.status in (401, 403):
        return FatalError(
            f"meta: error {code}: the token or its rights. Renew it; `fairlead doctor` asks again.", code="FL103"
        )
    if subcode in OURS:
        return FatalError(
            f"meta: error {code}/{subcode}: no such audience or pixel, or it is blocked. Check the sync's options."
        )
    return BatchRejected(words)


def refused(content: dict[str, Any], rows: Sequence[list[str]]) -> dict[int, Verdict]:
    """Which of the sent rows were not taken. Meta counts the invalid ones and shows samples, each as its row's JSON.

    Counted and not shown: any row that is not shown may be it, so all of those are in doubt.
    """
    received, invalid = int(content.get("num_received", -1)), int(content.get("num_invalid_entries", 0))
    samples = content.get("invalid_entry_samples") or {}
    reasons = {_row(text): str(why) for text, why in samples.items()} if isinstance(samples, dict) else {}
    shown: dict[int, Verdict] = {at: (REJECTED, reasons[tuple(r)]) for at, r in enumerate(rows) if tuple(r) in reasons}
    if received == len(rows) and len(shown) >= invalid:
        return shown
    if received == len(rows) == invalid:
        return {at: shown.get(at, (REJECTED, "invalid, as all of this request")) for at in range(len(rows))}
    why = f"Meta received {received} of {len(rows)} and found {invalid} invalid, of which it shows {len(shown)}"
    return {at: shown.get(at, (IN_DOUBT, why)) for at in range(len(rows))}


def _row(text: str) -> tuple[str, ...]:
    try:
        entry = json.loads(text)
    except ValueError:
        entry = text
    return tuple(map(str, entry)) if isinstance(entry, list) else (str(entry),)


def read_quota(headers: httpx.Headers) -> Quota | None:
    """Meta tells shares of a limit, in per cent: only that nothing is left, and for how long, can be used."""
    used, minutes, seconds = 0.0, 0.0, 0.0
    for usage in _usages(headers):
        names = ("call_count", "total_cputime", "total_time", "acc_id_util_pct")
        used = max([used, *(float(usage.get(name) or 0) for name in names)])
        minutes = max(minutes, float(usage.get("estimated_time_to_regain_access") or 0))
        seconds = max(seconds, float(usage.get("reset_time_duration") or 0))
    wait = minutes * 60 or seconds
    full = used >= 100 or minutes > 0
    return Quota(0 if full else None, wait or None) if used or wait else None


def _usages(headers: httpx.Headers) -> Iterator[dict[str, Any]]:
    for name in ("x-business-use-case-usage", "x-ad-account-usage"):
        try:
            usage = json.loads(headers.get(name, "{}"))
        except ValueError:
            continue
        for one in usage.values() if name.startswith("x-business") else [usage]:
            yield from one if isinstance(one, list) else [one]
