"""Meta's Insights API of an ad account, as the Marketing API's reference describes it."""

import base64
import json
from datetime import date
from typing import Any

from support.sources.server import Answer, Request, Vendor, first, part

ACCOUNT, TOKEN = "1700252260", "meta-token"
PIXEL, OMNI = "offsite_conversion.fb_pixel_purchase", "omni_purchase"


def error(code: int, message: str, status: int = 400) -> Answer:
    return Answer(status, {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}})


class Api(Vendor):
    connector = "meta_ads"
    path = "/v26.0"
    settings = {"account": ACCOUNT}
    secrets = {"FAIRLEAD_{SOURCE}_TOKEN": TOKEN}
    places = {"limit: 500": "limit: 2"}
    refusal = error(190, "Invalid OAuth access token.")

    def __init__(self) -> None:
        super().__init__()
        self.days: list[dict[str, Any]] = []
        self.day("2026-02-27", "76.53", inline_link_clicks="10")
        self.day("2026-02-28", "55.26", actions=[_action("like", 4), _action(PIXEL, 2), _action(OMNI, 3)])
        self.day("2026-03-01", "1", actions=[_action(PIXEL, 2)])
        self.day("2026-03-01", "2.5", number="22", name="Shoes", inline_link_clicks="0")

    def day(self, date: str, spend: str, number: str = "11", name: str = "Brand", **more: Any) -> dict[str, Any]:
        row = {"campaign_id": number, "campaign_name": name, "account_currency": "GBP", "spend": spend,
               "impressions": "100", "clicks": "9", "date_start": date, "date_stop": date} | more  # fmt: skip
        self.days.append(row)
        return row

    def knows(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {TOKEN}"

    def read(self, request: Request) -> Answer:
        if request.path != f"/v26.0/act_{ACCOUNT}/insights":
            return error(100, "Unsupported get request. Object with that ID does not exist.")
        if (first(request, "level"), first(request, "time_increment")) != ("campaign", "1"):
            return error(100, "(#100) param level must be one of: ad, adset, campaign, account")
        span = json.loads(first(request, "time_range"))
        fields = {*first(request, "fields").split(","), "date_start", "date_stop"}
        rows = [{k: v for k, v in row.items() if k in fields} for row in self.days
                if span["since"] <= row["date_start"] <= span["until"]]  # fmt: skip
        start = int(base64.b64decode(first(request, "after", "")) or 0)
        page, has_more = part(rows, start, int(first(request, "limit", 25)))
        if not page:
            return Answer(200, {"data": []})
        after = base64.b64encode(str(start + len(page)).encode()).decode()
        following = {"next": f"{self.url}{request.path}?after={after}"} if has_more else {}
        return Answer(200, {"data": page, "paging": {"cursors": {"before": "MAZDZD", "after": after}, **following}})

    def night(self) -> None:
        self.days[1]["spend"] = "55.27"
        self.day("2026-03-02", "4")

    def expected(self) -> dict[str, Any]:
        brand = {"platform": "meta_ads", "campaign_id": "11", "campaign": "Brand", "currency": "GBP"}
        return {"ad_spend": [
            brand | {"spend_day": date(2026, 2, 27), "cost": 76.53, "clicks": 10, "conversions": 0},
            brand | {"spend_day": date(2026, 2, 28), "cost": 55.27, "clicks": 0, "conversions": 3},
            brand | {"spend_day": date(2026, 3, 1), "cost": 1.0, "conversions": 2},
            brand | {"spend_day": date(2026, 3, 2), "cost": 4.0},
            {"spend_day": date(2026, 3, 1), "campaign_id": "22", "campaign": "Shoes", "cost": 2.5},
        ]}  # fmt: skip


def _action(kind: str, count: int) -> dict[str, str]:
    return {"action_type": kind, "value": str(count)}
