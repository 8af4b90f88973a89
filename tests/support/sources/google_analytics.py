"""Google Analytics' Data API, runReport, as its discovery document (v1beta) and its guide describe it."""

from datetime import date
from itertools import groupby
from typing import Any

from support.sources.google import GoogleVendor, error
from support.sources.server import Answer, Request

DIMENSIONS = ("date", "sessionSource", "sessionMedium", "sessionCampaignId", "sessionCampaignName")
COST = ("advertiserAdCost", "advertiserAdImpressions", "advertiserAdClicks")
METRICS = (*COST, "keyEvents", "sessions", "totalUsers", "totalRevenue")
PROPERTY = "4711"


class Api(GoogleVendor):
    """Its state is one row a day and campaign; a report adds them up by the dimensions that are asked for."""

    connector = "google_analytics"
    path = "/v1beta"
    scope = "https://www.googleapis.com/auth/analytics.readonly"
    settings = {"account": PROPERTY}
    places = GoogleVendor.places | {"size: 10000": "size: 2"}

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self.day("20260227", "google", "cpc", "7001", "Brand", advertiserAdCost=12.5, advertiserAdClicks=5, sessions=4)
        self.day("20260228", "google", "cpc", "7001", "Brand", advertiserAdCost=8, advertiserAdImpressions=90)
        self.day("20260301", "google", "cpc", "7001", "Brand", advertiserAdCost=2.005, keyEvents=1.5, sessions=9)
        self.day("20260301", "bing", "cpc", "(not set)", "Shoes", advertiserAdCost=3, advertiserAdClicks=1)
        self.day("20260301", "(direct)", "(none)", "(not set)", "(direct)", sessions=40, totalRevenue=99.5)

    def day(self, *dimensions: str, **metrics: float) -> dict[str, Any]:
        row = dict(zip(DIMENSIONS, dimensions, strict=True)) | dict.fromkeys(METRICS, 0) | metrics
        self.rows.append(row)
        return row

    def read(self, request: Request) -> Answer:
        if request.path != f"/v1beta/properties/{PROPERTY}:runReport":
            return error(403, "PERMISSION_DENIED", "User does not have sufficient permissions for this property.")
        if request.method != "POST":
            return error(404, "NOT_FOUND", "Not found")
        asked = request.json()
        dimensions = [d["name"] for d in asked["dimensions"]]
        metrics = [m["name"] for m in asked["metrics"]]
        unknown = set(dimensions) - set(DIMENSIONS) | set(metrics) - set(METRICS)
        if unknown or len(asked["dateRanges"]) != 1:
            return error(400, "INVALID_ARGUMENT", f"Field {', '.join(unknown)} is not a valid dimension or metric.")
        return Answer(200, self._report(asked, dimensions, metrics))

    def _report(self, asked: dict[str, Any], dimensions: list[str], metrics: list[str]) -> dict[str, Any]:
        since, until = (asked["dateRanges"][0][end].replace("-", "") for end in ("startDate", "endDate"))
        within = [row for row in self.rows if since <= row["date"] <= until]
        order = [o["dimension"]["dimensionName"] for o in asked.get("orderBys", [])]
        assert order == dimensions, "pages without an order of their own may repeat rows"
        rows = [
            (values, [sum(column) for column in zip(*map(_by(metrics), group), strict=True)])
            for values, group in groupby(sorted(within, key=_by(dimensions)), _by(dimensions))
        ]
        rows = [row for row in rows if any(row[1])]  # keepEmptyRows is false
        start, size = int(asked.get("offset", 0)), min(int(asked.get("limit", 10_000)), 250_000)
        answer: dict[str, Any] = {
            "dimensionHeaders": [{"name": d} for d in dimensions],
            "metricHeaders": [{"name": m, "type": "TYPE_FLOAT"} for m in metrics],
            "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Berlin"}, "kind": "analyticsData#runReport",
        }  # fmt: skip
        if rows:  # what is empty or nought is left out
            answer |= {"rows": [_row(*row) for row in rows[start : start + size]], "rowCount": len(rows)}
        return answer

    def night(self) -> None:
        self.rows[1]["advertiserAdCost"] = 8.75
        self.day("20260302", "google", "cpc", "7001", "Brand", advertiserAdCost=1)

    def expected(self) -> dict[str, Any]:
        brand = {"platform": "google", "campaign_id": "7001", "campaign": "Brand", "currency": None}
        return {"ad_spend": [
            brand | {"spend_day": date(2026, 2, 27), "cost": 12.5, "clicks": 5, "conversions": 0},
            brand | {"spend_day": date(2026, 2, 28), "cost": 8.75, "impressions": 90},
            brand | {"spend_day": date(2026, 3, 1), "cost": 2.01, "conversions": 2},
            brand | {"spend_day": date(2026, 3, 2), "cost": 1.0},
            {"platform": "bing", "campaign_id": "Shoes", "cost": 3.0, "clicks": 1},
        ]}  # fmt: skip


def _by(dimensions: list[str]) -> Any:
    return lambda row: [row[d] for d in dimensions]


def _row(dimensions: list[str], metrics: list[float]) -> dict[str, Any]:
    return {
        "dimensionValues": [{"value": d} for d in dimensions], "metricValues": [{"value": f"{m:g}"} for m in metrics]
    }  # fmt: skip
