"""Google Analytics' BigQuery export, a day's table extracted as JSON lines: numbers as texts, NULLs left out."""

from datetime import datetime
from typing import Any

from support.sources.folder import Folder

AT = 1772355600000000  # 2026-03-01 09:00 UTC, in microseconds


def event(name: str, second: int, page: str = "https://shop.example/a", **more: Any) -> dict[str, Any]:
    return {
        "event_date": "20260301", "event_timestamp": str(AT + second * 1_000_000), "event_name": name,
        "event_params": [
            {"key": "ga_session_id", "value": {"int_value": "1772355500"}},
            {"key": "page_location", "value": {"string_value": page}},
        ],
        "user_pseudo_id": "11.22", "platform": "WEB", "event_bundle_sequence_id": "1", "batch_event_index": str(second),
        "geo": {"country": "Germany"}, "items": [],
    } | more  # fmt: skip


class Api(Folder):
    connector = "google_analytics_export"

    def __init__(self) -> None:
        super().__init__()
        news = {"manual_source": "News", "manual_medium": "email", "manual_campaign_name": "Spring"}
        self.write(
            "events_20260301-000000000000.jsonl.gz",
            event("page_view", 0, "https://shop.example/?q=\u00e4", collected_traffic_source=news),
            event("add_to_cart", 1, items=[{"item_id": "p1"}, {"item_id": "p2"}]),
            event("login", 2, user_id="4711"),
            event("purchase", 3, user_id="4711", ecommerce={"transaction_id": "T1", "purchase_revenue": 19.9}),
            event("my_own event", 4, user_id="bo@example.com", platform="IOS"),
        )

    def night(self) -> None:
        self.write("events_20260302.jsonl.gz", event("view_item", 86_400))

    def expected(self) -> dict[str, Any]:
        session = "google_analytics_export:11.22:1772355500"
        return {
            "events": [
                {"event": "page_viewed", "page_url": "https://shop.example/?q=\u00e4", "utm_source": "news",
                 "utm_campaign": "Spring", "device_ref": "device:11.22", "person_ref": None, "session_key": session},
                {"event": "product_added", "product_key": "google_analytics_export:p1", "platform": "web"},
                {"event": "login", "person_ref": "id:google_analytics_export:4711", "revenue": None},
                {"event": "order_completed", "revenue": 19.9, "occurred_at": datetime(2026, 3, 1, 9, 0, 3)},
                {"event": "my_own_event", "platform": "app", "person_ref": "email:bo@example.com"},
                {"event": "product_viewed", "page_url": "https://shop.example/a"},
            ],
            "people": [
                {"person_ref": "id:google_analytics_export:4711", "email": None, "lifecycle": "contact"},
                {"person_ref": "email:bo@example.com", "email": "bo@example.com"},
            ],
        }  # fmt: skip
