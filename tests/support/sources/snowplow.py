"""Snowplow's table atomic.events, in SQLite, which has no schemas: there it is called events."""

from datetime import datetime
from typing import Any

from support.sources.folder import Database

COLUMNS = (
    "event_id", "app_id", "platform", "event_name", "event_vendor", "collector_tstamp", "derived_tstamp", "user_id",
    "domain_userid", "network_userid", "domain_sessionid", "geo_country", "page_url", "page_referrer", "mkt_source",
    "mkt_medium", "mkt_campaign", "se_category", "se_action", "unstruct_event", "tr_orderid", "tr_total", "ti_sku",
    "useragent",
)  # fmt: skip


def event(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}", "app_id": "shop", "platform": "web", "event_name": name, "domain_userid": "d1",
        "collector_tstamp": f"2026-03-01 09:0{number}:00.123", "derived_tstamp": f"2026-03-01 09:0{number}:00",
        "domain_sessionid": "s1",
    } | more  # fmt: skip


EVENTS = [
    event(1, "page_view", page_url="https://shop.example/a", mkt_source="News", mkt_medium="email"),
    event(2, "page_ping"),
    event(3, "event", se_category="shop", se_action="Add To Cart", ti_sku="p1"),
    event(4, "transaction", user_id="4711", tr_total=19.9, geo_country="de"),
    event(5, "product_view", user_id="Bo@Example.com", platform="mob", unstruct_event='{"a": "\\"x\\""}'),
]
LATE = event(6, "screen_view", platform="app", collector_tstamp="2026-03-02 09:00:00", derived_tstamp="")


def rows(source: str) -> dict[str, Any]:
    return {
        "events": [
            {"event_key": f"{source}:e1", "event": "page_viewed", "utm_source": "news", "device_ref": "device:d1",
             "session_key": f"{source}:s1", "page_url": "https://shop.example/a", "platform": "web"},
            {"event_key": f"{source}:e3", "event": "product_added", "product_key": f"{source}:p1"},
            {"event_key": f"{source}:e4", "event": "order_completed", "revenue": 19.9,
             "person_ref": f"id:{source}:4711", "occurred_at": datetime(2026, 3, 1, 9, 4)},
            {"event_key": f"{source}:e5", "event": "product_viewed", "platform": "app",
             "person_ref": "email:bo@example.com"},
            {"event_key": f"{source}:e6", "event": "page_viewed", "occurred_at": datetime(2026, 3, 2, 9)},
        ],
        "people": [
            {"person_ref": f"id:{source}:4711", "email": None, "country": "DE"},
            {"person_ref": "email:bo@example.com", "email": "bo@example.com", "country": None},
        ],
    }  # fmt: skip


class Api(Database):
    connector = "snowplow"
    places = {"from atomic.events": "from events"}

    def __init__(self) -> None:
        super().__init__()
        others = [f"br_feature_{number}" for number in range(131 - len(COLUMNS))]  # which nobody declares
        self.run(f"create table events ({', '.join([*COLUMNS, *others])})")
        for row in EVENTS:
            self.add(row)

    def add(self, row: dict[str, Any]) -> None:
        values = [row.get(column) for column in COLUMNS]
        self.run(f"insert into events ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})", values)

    def night(self) -> None:
        self.add(LATE)

    def expected(self) -> dict[str, Any]:
        return rows(self.connector)
