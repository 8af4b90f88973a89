"""Google Analytics' BigQuery export, a day's table extracted as JSON lines: numbers as texts, NULLs left out."""

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

    def expected(self) -> dict[str, Any]:
        return {
            "events": {
                "event": ["login", "my_own_event", "order_completed", "page_viewed", "product_added"],
                "platform": ["app", "web", "web", "web", "web"], "revenue": [None, None, None, None, 19.9],
                "page_url": ["https://shop.example/?q=\u00e4", *["https://shop.example/a"] * 4],
            },
            "people": {"email": ["bo@example.com", None]},
        }  # fmt: skip
