"""Google Ads API, googleAds:search over REST, as its guide describes it: pages of 10,000 rows (here two)."""

import re
from datetime import date
from typing import Any

from support.sources.google import GoogleVendor, error
from support.sources.server import Answer, Request, part

CUSTOMER, DEVELOPER_TOKEN, PAGE_ROWS = "1234567890", "dev-token-1", 2
QUERY = re.compile(
    r"SELECT (?P<fields>.*) FROM campaign WHERE "
    r"segments\.date BETWEEN '(?P<since>[\d-]{10})' AND '(?P<until>[\d-]{10})' ORDER BY .*"
)
FIELDS = {
    "customer.id", "customer.currency_code", "campaign.id", "campaign.name", "campaign.status", "segments.date",
    "metrics.cost_micros", "metrics.impressions", "metrics.clicks", "metrics.conversions",
}  # fmt: skip


class Api(GoogleVendor):
    connector = "google_ads"
    path = "/v26"
    scope = "https://www.googleapis.com/auth/adwords"
    settings = {"account": CUSTOMER}
    secrets = GoogleVendor.secrets | {"FAIRLEAD_{SOURCE}_DEVELOPER_TOKEN": DEVELOPER_TOKEN}

    def __init__(self) -> None:
        super().__init__()
        self.days: list[dict[str, Any]] = []
        self.day("2026-02-27", 12_340_000, clicks=4)
        self.day("2026-02-28", 36_150_000, clicks=49, conversions=1.6)
        self.day("2026-03-01", 5_000)
        self.day("2026-03-01", 1_000_000, number=22, name="  Shoes ")

    def day(self, date: str, micros: int, number: int = 11, name: str = "Brand", **metrics: Any) -> dict[str, Any]:
        row = {"date": date, "id": number, "name": name, "cost_micros": micros, "impressions": 100, "clicks": 0,
               "conversions": 0.0} | metrics  # fmt: skip
        self.days.append(row)
        return row

    def read(self, request: Request) -> Answer:
        if request.headers.get("developer-token") != DEVELOPER_TOKEN:
            return error(401, "UNAUTHENTICATED", "The developer token is not valid.")
        if request.path != f"/v26/customers/{CUSTOMER}/googleAds:search" or request.method != "POST":
            return error(403, "PERMISSION_DENIED", "The caller does not have permission")
        query = QUERY.fullmatch(request.json()["query"])
        if not query or not set(query["fields"].split(", ")) <= FIELDS or "pageSize" in request.json():
            return error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        rows = [_row(d) for d in sorted(self.days, key=lambda d: (d["date"], d["id"]))
                if query["since"] <= d["date"] <= query["until"]]  # fmt: skip
        start = int(request.json().get("pageToken", "page-0").removeprefix("page-"))
        page, has_more = part(rows, start, PAGE_ROWS)
        return Answer(200, {
            "fieldMask": query["fields"].replace(" ", ""), "requestId": "r1", **({"results": page} if page else {}),
            **({"nextPageToken": f"page-{start + PAGE_ROWS}"} if has_more else {}),
        })  # fmt: skip

    def night(self) -> None:
        self.days[1]["conversions"] = 2.6
        self.day("2026-03-02", 2_000_000)

    def expected(self) -> dict[str, Any]:
        brand = {"platform": "google_ads", "campaign_id": "11", "campaign": "Brand", "currency": "USD"}
        return {"ad_spend": [
            brand | {"spend_day": date(2026, 2, 27), "cost": 12.34, "clicks": 4, "impressions": 100},
            brand | {"spend_day": date(2026, 2, 28), "cost": 36.15, "clicks": 49, "conversions": 3},
            brand | {"spend_day": date(2026, 3, 1), "cost": 0.01, "conversions": 0},
            brand | {"spend_day": date(2026, 3, 2), "cost": 2.0},
            {"spend_day": date(2026, 3, 1), "campaign_id": "22", "campaign": "Shoes", "cost": 1.0},
        ]}  # fmt: skip


def _row(day: dict[str, Any]) -> dict[str, Any]:
    return {
        "customer": {"resourceName": f"customers/{CUSTOMER}", "id": CUSTOMER, "currencyCode": "USD"},
        "campaign": {"resourceName": f"customers/{CUSTOMER}/campaigns/{day['id']}", "id": str(day["id"]),
                     "name": day["name"], "status": "ENABLED"},
        "segments": {"date": day["date"]},
        "metrics": {"costMicros": str(day["cost_micros"]), "impressions": str(day["impressions"]),
                    "clicks": str(day["clicks"]), "conversions": day["conversions"]},
    }  # fmt: skip
