"""Snowplow's enriched events as lines of 131 fields, in the order of the canonical event model."""

from typing import Any

from support.sources.folder import Folder
from support.sources.snowplow import EVENTS, LATE, rows

# Of the fields' places, those that are filled here; by Snowplow's Analytics SDK for Python.
PLACES = {
    "app_id": 0, "platform": 1, "collector_tstamp": 3, "event": 5, "event_id": 6, "user_id": 12, "domain_userid": 15,
    "geo_country": 18, "page_url": 29, "page_referrer": 31, "mkt_medium": 47, "mkt_source": 48, "mkt_campaign": 51,
    "se_category": 53, "se_action": 54, "unstruct_event": 58, "tr_total": 61, "ti_sku": 68, "useragent": 77,
    "domain_sessionid": 123, "derived_tstamp": 124, "event_vendor": 125, "event_name": 126,
}  # fmt: skip
FIELDS = 131


def line(event: dict[str, Any]) -> str:
    fields = [""] * FIELDS
    for name, value in event.items():
        fields[PLACES[name]] = str(value)
    return "\t".join(fields)


class Api(Folder):
    connector = "snowplow_files"

    def __init__(self) -> None:
        super().__init__()
        self.write("2026/03/01/09/run-1-part-0.gz", *map(line, EVENTS))

    def night(self) -> None:
        self.write("2026/03/02/09/run-2-part-0.gz", line(LATE))

    def expected(self) -> dict[str, Any]:
        return rows(self.connector)
