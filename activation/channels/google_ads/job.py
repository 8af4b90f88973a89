"""Google's requests as a job: what `collect` must know to tell of each row, and how a request's status is read.

Google answers a request with an id and says later, for a destination: SUCCESS, FAILED, or PARTIAL_SUCCESS with the
number of records that failed for each reason and, where it can, their places in the request.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, Results
from activation.vendor.ad_members import Verdict

UNDER_WAY = ("PROCESSING", "REQUEST_STATUS_UNKNOWN")
PREFIX = "PROCESSING_ERROR_REASON_"
GOOGLES_OWN = "INTERNAL_ERROR"  # the one reason that says nothing about the records


@dataclass
class Job:
    """requests: (request id, its rows in the request's order); refused: rows that were never sent, and why."""

    requests: list[tuple[str, list[int]]] = field(default_factory=list)
    refused: dict[int, Verdict] = field(default_factory=dict)

    def text(self) -> str:
        """Ids, reasons and places; the places of 10,000 rows are at most 1.7 kB for each request and reason."""
        reasons: dict[str, list[int]] = {}
        for row, (_, why) in self.refused.items():
            reasons.setdefault(why or "", []).append(row)
        parts = [[name, _packed(rows)] for name, rows in self.requests]
        return json.dumps({"requests": parts, "refused": {why: _packed(rows) for why, rows in reasons.items()}})

    @classmethod
    def read(cls, text: str) -> "Job":
        content = json.loads(text)
        refused = {row: (REJECTED, why) for why, places in content["refused"].items() for row in _unpacked(places)}
        return cls([(name, _unpacked(places)) for name, places in content["requests"]], refused)

    def results(self, rows: int, verdicts: Iterable[Mapping[int, Verdict]]) -> Results:
        """Refused, else the first verdict that is not accepted: a removal is told before the addition after it."""
        by_row = dict(self.refused)
        for one in verdicts:
            by_row = {**one, **by_row}
        return Results.of(by_row.get(row, (ACCEPTED, None)) for row in range(rows))


def verdicts(content: Any, rows: list[int]) -> dict[int, Verdict] | None:
    """The rows of a request that were not accepted; None while Google is at it. Rows stand in the request's order.

    Where the counts say that more failed than are named, and not all, the unnamed rows are in doubt.
    """
    destinations = content.get("requestStatusPerDestination") or []
    if not destinations or any(one.get("requestStatus", UNDER_WAY[1]) in UNDER_WAY for one in destinations):
        return None
    by_row: dict[int, Verdict] = {}
    for one in destinations:
        if one["requestStatus"] != "SUCCESS":
            counts = (one.get("errorInfo") or {}).get("errorCounts") or []
            by_row = {**_failed(counts, rows, one["requestStatus"] == "FAILED"), **by_row}
    return by_row


def match_rate(content: Any) -> dict[str, float]:
    """The share of an upload that Google could match, between two bounds (MATCH_RATE_RANGE_31_TO_40); {}: not said."""
    for one in content.get("requestStatusPerDestination") or []:
        status = (one.get("audienceMembersIngestionStatus") or {}).get("userDataIngestionStatus") or {}
        bounds = [int(n) / 100 for n in re.findall(r"\d+", status.get("uploadMatchRateRange", ""))]
        if bounds:
            return {"match_rate_low": bounds[0] if len(bounds) > 1 else 0.0, "match_rate_high": bounds[-1]}
    return {}


def _failed(counts: list[dict[str, Any]], rows: list[int], all_of_them: bool) -> dict[int, Verdict]:
    why = ", ".join(_reason(c) for c in counts) or "no reason given"
    places = [(at, _reason(c)) for c in counts for at in c.get("recordIndices", [])]
    by_row: dict[int, Verdict] = {rows[at]: (REJECTED, reason) for at, reason in places if 0 <= at < len(rows)}
    if all_of_them:
        status = IN_DOUBT if why == GOOGLES_OWN else REJECTED
        return {row: by_row.get(row, (status, why)) for row in rows}
    complete = bool(counts) and all(
        len(set(c.get("recordIndices", []))) >= int(c.get("recordCount", 0)) for c in counts
    )
    if complete and len(by_row) == len({at for at, _ in places}):
        return by_row
    unknown = (IN_DOUBT, f"Google refused some of {len(rows)} records and does not name them all: {why}")
    return {row: by_row.get(row, unknown) for row in rows}


def _reason(count: dict[str, Any]) -> str:
    return str(count.get("reason", "")).removeprefix(PREFIX)


def _packed(rows: list[int]) -> str:
    """A bit for each row of the batch."""
    bits = bytearray(max(rows, default=-1) // 8 + 1)
    for row in rows:
        bits[row >> 3] |= 1 << (row & 7)
    return base64.b64encode(bits).decode()


def _unpacked(text: str) -> list[int]:
    """In ascending order, which is the order in which a request's rows are sent."""
    bits = base64.b64decode(text)
    return [row for row in range(8 * len(bits)) if bits[row >> 3] >> (row & 7) & 1]
