"""The campaign report of Fivetran's package ad_reporting, as its documentation lists the columns, in SQLite."""

from datetime import date
from typing import Any

from support.sources.folder import Database

COLUMNS = "source_relation, date_day, platform, account_id, account_name, campaign_id, campaign_name, clicks, " \
    "impressions, spend, conversions, conversions_value"  # fmt: skip


class Api(Database):
    connector = "ad_reporting"
    places = {"ad_reporting.ad_reporting__campaign_report": "ad_reporting__campaign_report"}

    def __init__(self) -> None:
        super().__init__()
        self.run(f"create table ad_reporting__campaign_report ({COLUMNS})")
        self.add("2026-02-28", "google_ads", "11", 36.15, conversions=1.6)
        self.add("2026-03-01", "google_ads", "11", 0.005)
        self.add("2026-03-01", "facebook_ads", "11", 76.53, clicks=10)

    def add(
        self, day: str, platform: str, campaign: str, spend: float, clicks: int = 0, conversions: float = 0
    ) -> None:
        row = ("", day, platform, "A1", "Shop", campaign, "Brand", clicks, 100, spend, conversions, 0)
        self.run("insert into ad_reporting__campaign_report values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def night(self) -> None:
        self.run("update ad_reporting__campaign_report set spend = 77 where platform = 'facebook_ads'")
        self.add("2026-03-02", "google_ads", "11", 2)

    def expected(self) -> dict[str, Any]:
        google = {"platform": "google_ads", "campaign_id": "11", "campaign": "Brand", "currency": None}
        return {"ad_spend": [
            google | {"spend_day": date(2026, 2, 28), "cost": 36.15, "conversions": 2, "impressions": 100},
            google | {"spend_day": date(2026, 3, 1), "cost": 0.01},
            google | {"spend_day": date(2026, 3, 2), "cost": 2.0},
            {"platform": "facebook_ads", "campaign_id": "11", "cost": 77.0, "clicks": 10},
        ]}  # fmt: skip
