"""Events by the Segment specification, as Segment's and RudderStack's destinations for Amazon S3 write them."""

from datetime import datetime
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
LATE = event(5, "track", "2026-03-02T08:00:00Z", event="Product Viewed")


def rows(source: str) -> dict[str, Any]:
    """What all of them are, each once."""
    ann = f"id:{source}:u1"
    return {
        "events": [
            {"event_key": f"{source}:m-1", "event": "page_viewed", "device_ref": "device:anon-1", "person_ref": None,
             "utm_source": "news", "utm_medium": "email", "utm_campaign": "Spring", "page_url": "https://shop.example/a",
             "occurred_at": datetime(2026, 3, 1, 9)},
            {"event_key": f"{source}:m-2", "event": "product_added", "product_key": f"{source}:p1", "platform": "web"},
            {"event_key": f"{source}:m-3", "event": "identify", "person_ref": ann},
            {"event_key": f"{source}:m-4", "event": "order_completed", "person_ref": ann, "revenue": 19.9,
             "platform": "app"},
            {"event_key": f"{source}:m-5", "event": "product_viewed"},
        ],
        "people": [{"email": "ann@example.com", "person_ref": ann, "first_name": "Ann", "lifecycle": "contact"}],
    }  # fmt: skip


class Api(Folder):
    connector = "s3_events"

    def __init__(self) -> None:
        super().__init__()
        self.write("segment-logs/AbC/1772323200000/part-0.gz", *EVENTS[:3])
        self.write("segment-logs/AbC/1772326800000/part-0.gz", EVENTS[2], EVENTS[3])  # delivered at least once

    def night(self) -> None:
        self.write("segment-logs/AbC/1772409600000/part-0.gz", LATE)

    def expected(self) -> dict[str, Any]:
        """Staging holds what came twice; the next step does not."""
        all_rows = rows(self.connector)
        return all_rows | {"events": [*all_rows["events"], {"event_key": f"{self.connector}:m-3"}]}
