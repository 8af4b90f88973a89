"""LinkedIn's Reporting API (adAnalytics) and its campaigns, as the Marketing API's pages of version 202610 have them.

Rest.li 2.0: brackets, commas and the colons of a date stand as they are, colons inside a list are encoded.
"""

import re
from datetime import date
from typing import Any

from support.sources.server import Answer, Request, Vendor, first, part

ACCOUNT, TOKEN = "507515057", "linkedin-token"
DATES = re.compile(
    r"(?:^|&)dateRange=\(start:\(year:(\d+),month:(\d+),day:(\d+)\),end:\(year:(\d+),month:(\d+),day:(\d+)\)\)(?:&|$)"
)


class Api(Vendor):
    connector = "linkedin_ads"
    settings = {"account": ACCOUNT}
    secrets = {"FAIRLEAD_{SOURCE}_TOKEN": TOKEN}
    places = {"pageSize: 500": "pageSize: 1"}
    refusal = Answer(401, {"status": 401, "serviceErrorCode": 65600, "code": "INVALID_ACCESS_TOKEN"})

    def __init__(self) -> None:
        super().__init__()
        self.campaigns = [{"id": 148633856, "name": "Trade leads", "status": "ACTIVE"},
                          {"id": 148633857, "name": "Webinar", "status": "PAUSED"}]  # fmt: skip
        self.days: list[dict[str, Any]] = []
        self.day((2026, 2, 28), "48.10", clicks=18)
        self.day((2026, 3, 1), "12.345")
        self.day((2026, 3, 1), "7", 148633857, externalWebsiteConversions=2)

    def day(self, date: tuple[int, int, int], cost: str, campaign: int = 148633856, **more: Any) -> dict[str, Any]:
        at = dict(zip(("year", "month", "day"), date, strict=True))
        row = {"pivotValues": [f"urn:li:sponsoredCampaign:{campaign}"],
               "dateRange": {"start": {k: at[k] for k in ("month", "year", "day")}, "end": at},
               "costInLocalCurrency": cost, "impressions": 100, "clicks": 0,
               "externalWebsiteConversions": 0} | more  # fmt: skip
        self.days.append(row)
        return row

    def knows(self, request: Request) -> bool:
        return request.headers.get("authorization") == f"Bearer {TOKEN}"

    def read(self, request: Request) -> Answer:
        if request.headers.get("linkedin-version") != "202610":
            return Answer(
                426, {"status": 426, "code": "NONEXISTENT_VERSION", "message": "Requested version is not active"}
            )
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            return Answer(400, {"status": 400, "code": "ILLEGAL_ARGUMENT"})
        if request.path == "/rest/adAnalytics":
            return self._report(request)
        if request.path == f"/rest/adAccounts/{ACCOUNT}":
            return Answer(200, {"id": int(ACCOUNT), "name": "Shop", "currency": "EUR", "status": "ACTIVE"})
        if request.path == f"/rest/adAccounts/{ACCOUNT}/adCampaigns" and first(request, "q") == "search":
            start = int(first(request, "pageToken", "t0").removeprefix("t"))
            page, has_more = part(self.campaigns, start, int(first(request, "pageSize", 100)))
            token = {"nextPageToken": f"t{start + len(page)}"} if has_more else {}
            return Answer(200, {"elements": page, "metadata": token})
        return Answer(404, {"status": 404, "code": "RESOURCE_NOT_FOUND"})

    def _report(self, request: Request) -> Answer:
        dates = DATES.search(request.raw_query)
        account = f"accounts=List(urn%3Ali%3AsponsoredAccount%3A{ACCOUNT})"
        if not dates or account not in request.raw_query.split("&") or first(request, "timeGranularity") != "DAILY":
            return Answer(400, {"status": 400, "code": "PARAM_INVALID", "message": "Invalid query parameters"})
        numbers = [int(n) for n in dates.groups()]
        rows = [row for row in self.days if tuple(numbers[:3]) <= _at(row) <= tuple(numbers[3:])]
        return Answer(200, {"paging": {"start": 0, "count": 10, "links": []}, "elements": rows})

    def night(self) -> None:
        self.days[0]["clicks"] = 19
        self.campaigns[0]["name"] = "Trade leads 2"
        self.day((2026, 3, 2), "5")

    def expected(self) -> dict[str, Any]:
        leads = {"platform": "linkedin_ads", "campaign_id": "148633856", "campaign": "Trade leads 2", "currency": "EUR"}
        return {"ad_spend": [
            leads | {"spend_day": date(2026, 2, 28), "cost": 48.1, "clicks": 19, "impressions": 100},
            leads | {"spend_day": date(2026, 3, 1), "cost": 12.35, "conversions": 0},
            leads | {"spend_day": date(2026, 3, 2), "cost": 5.0},
            {"campaign_id": "148633857", "campaign": "Webinar", "cost": 7.0, "conversions": 2},
        ]}  # fmt: skip


def _at(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row["dateRange"]["start"][part] for part in ("year", "month", "day"))
