"""Klaviyo's JSON:API of profiles, metrics and events, revision 2026-07-15, as its OpenAPI document has it."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from support.sources.server import Answer, Request, Vendor, first, part

REVISION = "2026-07-15"
AT = "2026-02-15T10:00:00+00:00"
NIGHT = "2026-03-02T20:00:00+00:00"
FILTER = re.compile(r"(?P<sign>greater-than|greater-or-equal)\((?P<field>\w+),(?P<value>[^)]+)\)")
FILTERS = {"profiles": {"greater-than": "updated"}, "events": {"greater-or-equal": "datetime"}, "metrics": {}}
SORTS = {"profiles": {"updated"}, "events": {"datetime"}, "metrics": set()}
MOST = {"profiles": 100, "events": 1000, "metrics": 200}


def error(status: int, code: str, title: str, headers: dict[str, str] | None = None) -> Answer:
    fault = {"id": "c0ffee", "status": status, "code": code, "title": title, "detail": title,
             "source": {"pointer": "/data/"}}  # fmt: skip
    return Answer(status, {"errors": [fault]}, headers or {})


LIMIT = error(429, "throttled", "Request was throttled. Expected available in 1 second.", {"Retry-After": "1"})


class Api(Vendor):
    connector = "klaviyo"
    secrets = {"FAIRLEAD_{SOURCE}_TOKEN": "pk_right"}
    places = {'"page[size]": 100': '"page[size]": 2', '"page[size]": 200': '"page[size]": 3'}
    refusal = error(401, "authentication_failed", "Incorrect authentication credentials.")

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"profiles": {}, "metrics": {}, "events": {}}
        self._fill()

    def _fill(self) -> None:
        for name in ("ann", "ben", "cat", "dan", "eve"):
            self.profile(name, email=f"{name}@example.com", first_name=name.title(), location={"country": "GB"})
        self.profile("ghost", phone_number="+442079460022")
        self.consents("ann", "email", "SUBSCRIBED", "2026-01-05T10:00:00+00:00")
        self.consents("ben", "email", "UNSUBSCRIBED", "2026-01-06T12:00:00+02:00")
        self.consents("ghost", "sms", "SUBSCRIBED", "2026-01-07T10:00:00+00:00")
        self.suppress("cat", "SPAM_COMPLAINT", "2026-01-08T10:00:00+00:00")
        self.suppress("dan", "HARD_BOUNCE", "2026-01-09T10:00:00+00:00")
        kinds = {"R": "Received Email", "O": "Opened Email", "C": "Clicked Email", "B": "Bounced Email",
                 "U": "Unsubscribed from Email Marketing", "X": "Placed Order", "S": "Received SMS"}  # fmt: skip
        for number, (key, name) in enumerate(kinds.items()):
            self.rows["metrics"][key] = {"type": "metric", "id": key, "attributes": {
                "name": name, "created": AT, "updated": AT, "integration": {"name": "Klaviyo"}}}  # fmt: skip
            who = "ghost" if key == "S" else "ben"
            self.event(f"e{number}", key, who, f"2026-02-1{number}T10:00:00+00:00")

    # -- what happens there -----------------------------------------------------------------------------------------

    def profile(self, key: str, at: str = AT, **attributes: Any) -> None:
        one = self.rows["profiles"].setdefault(key, {
            "type": "profile", "id": key, "links": {"self": f"/api/profiles/{key}"},
            "attributes": {"email": None, "phone_number": None, "created": at, "subscriptions": {
                channel: {"marketing": {"consent": "NEVER_SUBSCRIBED", "consent_timestamp": None, "method": None}}
                for channel in ("email", "sms")}},
        })  # fmt: skip
        one["attributes"] |= attributes | {"updated": at}
        one["attributes"]["subscriptions"]["email"]["marketing"].setdefault("suppression", [])

    def consents(self, key: str, channel: str, word: str, said_at: str, at: str = AT) -> None:
        self.profile(key, at)
        marketing = self.rows["profiles"][key]["attributes"]["subscriptions"][channel]["marketing"]
        marketing |= {"consent": word, "consent_timestamp": said_at, "method": "PREFERENCE_PAGE"}

    def suppress(self, key: str, reason: str, said_at: str, at: str = AT) -> None:
        self.profile(key, at)
        marketing = self.rows["profiles"][key]["attributes"]["subscriptions"]["email"]["marketing"]
        marketing["suppression"] = [*marketing["suppression"], {"reason": reason, "timestamp": said_at}]

    def event(self, key: str, metric: str, profile: str, at: str, **properties: Any) -> None:
        known = {"$message": "M1", "Campaign Name": "Spring", "Subject": "Hello", "Bounce Type": "Soft"} | properties
        self.rows["events"][key] = {
            "type": "event", "id": key, "links": {"self": f"/api/events/{key}"},
            "attributes": {"timestamp": int(datetime.fromisoformat(at).timestamp()), "datetime": at, "uuid": key,
                           "event_properties": known},
            "relationships": {"profile": {"data": {"type": "profile", "id": profile}},
                              "metric": {"data": {"type": "metric", "id": metric}}},
        }  # fmt: skip

    def night(self) -> None:
        self.consents("ann", "email", "UNSUBSCRIBED", "2026-03-02T19:00:00+00:00", NIGHT)
        self.profile("fay", NIGHT, email="fay@example.com")
        for _ in range(2):
            self.suppress("eve", "UNSUBSCRIBE", "2026-03-02T18:00:00+00:00", NIGHT)
        self.event("late", "C", "fay", NIGHT, URL="https://shop.example/sale")
        del self.rows["profiles"]["cat"]  # nothing says so

    # -- what it answers --------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        return request.headers.get("authorization") == "Klaviyo-API-Key pk_right"

    def read(self, request: Request) -> Answer:
        if not request.headers.get("revision"):
            return error(400, "invalid", "A revision header is required.")
        name = request.path.removeprefix("/api/")
        return self._rows(name, request) if name in self.rows else error(404, "not_found", "Not found.")

    def _rows(self, name: str, request: Request) -> Answer:
        rows, size = list(self.rows[name].values()), int(first(request, "page[size]", 20 if name != "metrics" else 200))
        sort, wanted = first(request, "sort"), first(request, "filter")
        if size > MOST[name] or (sort and sort not in SORTS[name]):
            return error(400, "invalid", "Invalid input.")
        if wanted:
            rule = FILTER.fullmatch(wanted)
            if not rule or FILTERS[name].get(rule["sign"]) != rule["field"]:
                return error(400, "invalid", "Invalid filter provided.")
            since, field, strictly = (
                datetime.fromisoformat(rule["value"]),
                rule["field"],
                rule["sign"] == "greater-than",
            )
            rows = [r for r in rows if _after(r["attributes"][field], since, strictly)]
        if sort:
            rows.sort(key=lambda row: row["attributes"][sort])
        start = int(first(request, "page[cursor]", 0))
        shown, more = part([_shown(row, request) for row in rows], start, size)
        query = {k: v[0] for k, v in request.query.items()} | {"page[cursor]": start + size}
        link = f"{self.url}{request.path}?{urlencode(query)}" if more else None
        return Answer(200, {"data": shown, "links": {"self": self.url + request.path, "next": link, "prev": None}})

    def expected(self) -> dict[str, Any]:
        """After the night."""
        person = "id:klaviyo:{}".format
        return {
            "people": [{"email": f"{name}@example.com", "person_ref": person(name)}
                       for name in ("ann", "ben", "cat", "dan", "eve", "fay")]
                      + [{"phone": "+442079460022", "email": None}],
            "consents": [
                {"email": "ann@example.com", "status": "withdrawn", "occurred_at": datetime(2026, 3, 2, 19)},
                {"email": "ben@example.com", "status": "withdrawn", "occurred_at": datetime(2026, 1, 6, 10)},
                {"person_ref": person("ghost"), "phone": "+442079460022", "channel": "sms", "status": "granted"},
                {"email": "cat@example.com", "status": "withdrawn", "collected_by": "spam_complaint"},
                {"email": "eve@example.com", "status": "withdrawn", "occurred_at": datetime(2026, 3, 2, 18)},
            ],
            "messages": [
                *({"person_ref": person("ben"), "email": "ben@example.com", "event": event, "is_hard_bounce": False,
                   "campaign": "Spring"} for event in ("delivered", "opened", "clicked", "bounced", "unsubscribed")),
                {"person_ref": person("ghost"), "channel": "sms", "event": "delivered", "email": None},
                {"person_ref": person("dan"), "event": "bounced", "is_hard_bounce": True},
                {"email": "fay@example.com", "event": "clicked", "url": "https://shop.example/sale"},
            ],
        }  # fmt: skip


def _after(text: str, since: datetime, strictly: bool) -> bool:
    at = datetime.fromisoformat(text)
    return at > since if strictly else at >= since


def _shown(row: dict[str, Any], request: Request) -> dict[str, Any]:
    """Subscriptions are shown to who asks for them alone."""
    if row["type"] != "profile" or "subscriptions" in first(request, "additional-fields[profile]", ""):
        return row
    return row | {"attributes": {k: v for k, v in row["attributes"].items() if k != "subscriptions"}}
