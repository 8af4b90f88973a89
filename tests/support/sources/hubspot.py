"""HubSpot's CRM v3 API and its communication preferences v4, as developers.hubspot.com describes them."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote

from support.sources.server import Answer, Request, Vendor, first

NIGHT = "2026-03-02T20:00:00Z"
MOST_FOUND = 10_000  # a search shows no more, however its pages are counted
CHANGED = {"contacts": "lastmodifieddate"}  # all others: hs_lastmodifieddate
MARKETING, SALES = "101", "102"  # types of subscription


def limit(policy: str) -> Answer:
    """What is answered to the request that is one too many; no Retry-After stands beside it."""
    message = {"SECONDLY": "You have reached your secondly limit.", "DAILY": "You have reached your daily limit."}
    return Answer(429, {"status": "error", "message": message[policy], "errorType": "RATE_LIMIT",
                        "correlationId": "c0ffee", "policyName": policy, "category": "RATE_LIMITS"})  # fmt: skip


class Api(Vendor):
    connector = "hubspot"
    secrets = {"FAIRLEAD_{SOURCE}_TOKEN": "pat-eu1-right"}
    places = {"limit: 100": "limit: 2"}
    refusal = Answer(401, {"status": "error", "message": "Authentication credentials not found.",
                           "correlationId": "c0ffee", "category": "INVALID_AUTHENTICATION"})  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, dict[int, dict[str, Any]]] = {
            kind: {} for kind in ("contacts", "companies", "deals", "tickets")
        }
        self.statuses: dict[str, list[dict[str, Any]]] = {}
        self._fill()

    def _fill(self) -> None:
        self.put("companies", 901, name="Gone Ltd")
        self.put("companies", 900, name="Bakers Ltd", domain="Bakers.example", numberofemployees="12")
        for number, name in enumerate(["ann", "ben", "cat", "dan", "eve"], 201):
            self.put("contacts", number, email=f"{name}@example.com", firstname=name.title(), lifecyclestage="lead")
        self.put("contacts", 206, firstname="Nobody", lifecyclestage="subscriber")
        self.put("contacts", 201, associatedcompanyid="900", lifecyclestage="customer", phone="+44 20 7946 0011")
        self.put("contacts", 205, hs_email_optout="true")
        self.put("deals", 301, dealname="Ovens", dealstage="closedwon", amount="1200.50", hs_is_closed="true",
                 hs_is_closed_won="true", deal_currency_code="GBP", closedate="2026-02-20T10:00:00Z")  # fmt: skip
        self.put("deals", 302, dealname="Flour", dealstage="qualifiedtobuy", amount="80",
                 closedate="2026-09-01T10:00:00Z")  # fmt: skip
        self.put("deals", 303, dealname="Salt", dealstage="closedlost", hs_is_closed="true", hs_is_closed_won="false")
        self.objects["deals"][301]["associations"] = {
            "contacts": {"results": [{"id": "201", "type": "deal_to_contact"}]},
            "companies": {"results": [{"id": "900", "type": "deal_to_company"}]},
        }
        self.put("tickets", 401, subject="Where is it?", hs_pipeline_stage="1", hs_ticket_priority="HIGH")
        self.put("tickets", 402, subject="Broken", hs_pipeline_stage="4", closed_date="2026-02-18T10:00:00Z")
        self.objects["tickets"][401]["associations"] = {"contacts": {"results": [{"id": "202", "type": "t"}]}}
        self.state("ann@example.com", MARKETING, "SUBSCRIBED", "2026-01-05T10:00:00Z")
        self.state("ben@example.com", MARKETING, "UNSUBSCRIBED", "2026-01-06T10:00:00Z")
        self.state("cat@example.com", SALES, "SUBSCRIBED", "2026-01-07T10:00:00Z")  # a yes, and none to marketing
        self.state("dan@example.com", MARKETING, "NOT_SPECIFIED", None)

    # -- what happens there -----------------------------------------------------------------------------------------

    def put(self, kind: str, number: int, at: str = "2026-02-15T10:00:00Z", **properties: str) -> None:
        """Add a record or change it."""
        one = self.objects[kind].setdefault(number, {"properties": {"createdate": at}, "archived": False})
        one["properties"] |= properties | {"hs_object_id": str(number), CHANGED.get(kind, "hs_lastmodifieddate"): at}

    def archive(self, kind: str, number: int, at: str) -> None:
        self.objects[kind][number] |= {"archived": True, "archivedAt": at}

    def restore(self, kind: str, number: int) -> None:
        self.objects[kind][number] |= {"archived": False, "archivedAt": None}

    def state(self, email: str, kind: str, status: str, at: str | None) -> None:
        """What somebody says of one type of subscription; it changes the contact too."""
        others = [s for s in self.statuses.get(email, []) if s["subscriptionId"] != int(kind)]
        self.statuses[email] = [*others, {
            "channel": "EMAIL", "subscriberIdString": email, "subscriptionId": int(kind), "status": status,
            "subscriptionName": f"Type {kind}", "source": "FORM", "legalBasis": "CONSENT_WITH_NOTICE",
            "timestamp": at,
        }]  # fmt: skip

    def night(self) -> None:
        self.put("contacts", 202, NIGHT, firstname="Benjamin", lifecyclestage="customer")
        self.put("contacts", 207, NIGHT, email="fay@example.com", hs_email_optout="true")
        self.archive("contacts", 203, NIGHT)
        self.state("ann@example.com", MARKETING, "UNSUBSCRIBED", "2026-03-02T19:00:00Z")
        self.put("contacts", 201, NIGHT)
        self.put("deals", 302, NIGHT, dealstage="closedlost", hs_is_closed="true")
        del self.objects["deals"][303]
        self.archive("companies", 901, NIGHT)
        self.archive("tickets", 402, NIGHT)

    # -- what it answers --------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        return request.headers.get("authorization") == "Bearer pat-eu1-right"

    def read(self, request: Request) -> Answer:
        parts = request.path.strip("/").split("/")
        match parts:
            case ["crm", "v3", "objects", kind, "search"] if request.method == "POST" and kind in self.objects:
                return self._search(kind, request.json())
            case ["crm", "v3", "objects", kind] if kind in self.objects:
                return self._list(kind, request)
            case ["communication-preferences", "v4", "definitions"]:
                return Answer(200, {"status": "COMPLETE", "results": [
                    {"id": MARKETING, "name": "News", "purpose": "Marketing", "communicationMethod": "Email",
                     "isActive": True, "isDefault": True, "isInternal": False},
                    {"id": SALES, "name": "One to one", "purpose": "Sales", "communicationMethod": "Email",
                     "isActive": True, "isDefault": True, "isInternal": True},
                ]})  # fmt: skip
            case ["communication-preferences", "v4", "statuses", email] if first(request, "channel") == "EMAIL":
                return Answer(200, {"status": "COMPLETE", "results": self.statuses.get(unquote(email), [])})
        return Answer(404, {"status": "error", "message": "Not found", "category": "OBJECT_NOT_FOUND"})

    def _search(self, kind: str, body: dict[str, Any]) -> Answer:
        found = [(number, one) for number, one in sorted(self.objects[kind].items()) if not one["archived"]]
        filters = body["filterGroups"][0]["filters"]
        for rule in filters:
            found = [(n, one) for n, one in found if _fits(one["properties"], rule)]
        after, size = int(body.get("after", 0)), int(body["limit"])
        if after + size > MOST_FOUND or size > 200:
            return Answer(400, {"status": "error", "message": "There was a problem with the request.",
                                "category": "VALIDATION_ERROR"})  # fmt: skip
        results = [_shown(n, one, body["properties"]) for n, one in found[after : after + size]]
        more = {"paging": {"next": {"after": str(after + size)}}} if after + size < len(found) else {}
        return Answer(200, {"total": len(found), "results": results} | more)

    def _list(self, kind: str, request: Request) -> Answer:
        archived = first(request, "archived", "false") == "true"
        after, size = int(first(request, "after", 0)), int(first(request, "limit", 10))
        found = [(n, o) for n, o in sorted(self.objects[kind].items()) if o["archived"] == archived and n > after]
        results = [_shown(n, one, first(request, "properties", "").split(",")) for n, one in found[:size]]
        if "associations" in request.query:
            for result, (_, one) in zip(results, found, strict=False):
                result |= {"associations": one["associations"]} if "associations" in one else {}
        more = {"paging": {"next": {"after": results[-1]["id"]}}} if len(found) > size else {}
        return Answer(200, {"results": results} | more)

    def expected(self) -> dict[str, Any]:
        """After the night."""
        ann, ben, fay = "id:hubspot:201", "id:hubspot:202", "id:hubspot:207"
        return {
            "people": [
                {"person_ref": ann, "email": "ann@example.com", "phone": "+442079460011", "lifecycle": "customer",
                 "account_key": "hubspot:900"},
                {"person_ref": ben, "first_name": "Benjamin", "lifecycle": "customer"},
                {"email": "dan@example.com", "lifecycle": "lead"}, {"email": "eve@example.com", "lifecycle": "lead"},
                {"first_name": "Nobody", "email": None, "lifecycle": "contact"}, {"person_ref": fay},
            ],
            "accounts": [{"account_key": "hubspot:900", "domain": "bakers.example", "employees": 12}],
            "deals": [
                {"deal_key": "hubspot:301", "person_ref": ann, "account_key": "hubspot:900", "status": "won",
                 "amount": 1200.5, "currency": "GBP", "closed_at": datetime(2026, 2, 20, 10)},
                {"deal_key": "hubspot:302", "person_ref": None, "status": "lost", "amount": 80.0},
            ],
            "tickets": [{"ticket_key": "hubspot:401", "person_ref": ben, "status": "open", "priority": "high"}],
            "consents": [
                {"email": "ann@example.com", "status": "withdrawn", "occurred_at": datetime(2026, 3, 2, 19)},
                {"email": "ben@example.com", "status": "withdrawn", "occurred_at": datetime(2026, 1, 6, 10)},
                {"email": "eve@example.com", "status": "withdrawn", "occurred_at": None},
                {"person_ref": fay, "email": "fay@example.com", "status": "withdrawn"},
            ],
        }  # fmt: skip


def _fits(properties: dict[str, Any], rule: dict[str, Any]) -> bool:
    value, wanted = properties.get(rule["propertyName"]), rule["value"]
    if value is None:
        return False
    number = float(value) if value.isdigit() else _milliseconds(value)
    return number >= float(wanted) if rule["operator"] == "GTE" else number > float(wanted)


def _milliseconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


def _shown(number: int, one: dict[str, Any], properties: list[str]) -> dict[str, Any]:
    known = one["properties"]
    changed = known.get("lastmodifieddate") or known.get("hs_lastmodifieddate")
    shown = {"id": str(number), "properties": {name: known.get(name) for name in properties},
             "createdAt": known["createdate"], "updatedAt": changed, "archived": one["archived"]}  # fmt: skip
    return shown | ({"archivedAt": one["archivedAt"]} if one["archived"] else {})
