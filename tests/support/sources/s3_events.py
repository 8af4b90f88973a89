"""Events by the Segment specification, as Segment's and RudderStack's destinations for Amazon S3 write them."""

from typing import Any

from support.sources.folder import Folder


def event(number: int, kind: str, at: str, **more: Any) -> dict[str, Any]:
    return {"messageId": f"m-{number}", "type": kind, "anonymousId": "anon-1", "timestamp": at, "receivedAt": at} | more


EVENTS = [
    event(1, "page", "2026-03-01T09:00:00Z",
          context={"page": {"url": "https://shop.example/a", "referrer": "https://x.example"},
                   "campaign": {"source": "News", "medium": "Email", "name": "Spring"}}),
    event(2, "track", "2026-03-01T09:01:00Z", event="Product Added", properties={"product_id": "p1", "colour": "red"}),
    event(3, "identify", "2026-03-01T09:02:00Z", userId="u1",
          traits={"email": " Ann@Example.com ", "firstName": "Ann"}),
    event(4, "track", "2026-03-01T09:03:00Z", userId="u1", event="Order Completed", properties={"revenue": 19.9},
          context={"library": {"name": "analytics-ios"}, "traits": {"email": "ann@example.com"}}),
]  # fmt: skip
EXPECTED = {
    "events": {
        "event": ["identify", "order_completed", "page_viewed", "product_added"],
        "platform": ["app", "web", "web", "web"], "utm_source": [None, None, None, "news"],
        "revenue": [None, None, None, 19.9],
    },
    "people": {"email": ["ann@example.com"], "first_name": ["Ann"]},
}  # fmt: skip


class Api(Folder):
    connector = "s3_events"

    def __init__(self) -> None:
        super().__init__()
        self.write("segment-logs/AbC/1772323200000/part-0.gz", *EVENTS[:3])
        self.write("segment-logs/AbC/1772326800000/part-0.gz", EVENTS[2], EVENTS[3])  # delivered at least once

    def expected(self) -> dict[str, Any]:
        rows = {**EXPECTED["events"]}
        rows["event"] = sorted([*rows["event"], "identify"])  # staging holds what came twice; the next step does not
        return EXPECTED | {"events": {"event": rows["event"]}}
