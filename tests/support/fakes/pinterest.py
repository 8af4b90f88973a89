"""Pinterest's API v5 as its description has it: lists of hashed records, events that are told of one by one."""

import re
from hashlib import sha256

from support.fakes.server import Answer, Fake, Request

ACCOUNT, LIST = "549755885175", "643654365"
ROOT = f"/v5/ad_accounts/{ACCOUNT}"
NAMES = {"checkout", "signup", "lead", "custom", "add_to_cart", "page_visit"}


class Vendor(Fake):
    channel = "pinterest"
    consent = "ads"
    description = "pinterest"
    environment = {"FAIRLEAD_PINTEREST_TOKEN": "pinterest-test-token"}
    account = {"ad_account_id": ACCOUNT}
    options = {"list_id": LIST}
    fields = {"email": "email"}
    per_row_poison = False  # of a list's records Pinterest tells nothing

    def __init__(self):
        super().__init__()
        self.lists = {LIST: {"name": "there already", "records": set(), "type": "EMAIL"}}
        self.events = {}  # by event_id
        self.counted = []  # event_id of each event that counts
        self.exceptions = {}
        self.answers = "200"  # how some failed events are told: 200, 422 with events, 422 without
        self.tokens = {"pinterest-test-token"}
        self.audiences = {}  # id -> {"audience_type", "rule"}; one that is made from no list has its "people" counted
        self.matching = False  # Pinterest has not looked for the records' accounts yet; up to two days at the real one
        self.least = 1  # accounts that an audience must have; 100 at the real one
        self.strangers = set()  # e-mail addresses of people who have no account

    def answer(self, request: Request) -> Answer:
        if request.path == "/v5/oauth/token":
            return self.renew(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Answer(401, {"code": 2, "message": "Authentication failed."})
        parts = request.path.removeprefix(ROOT).strip("/").split("/")
        if not request.path.startswith(ROOT):
            return Answer(403, {"code": 29, "message": "You are not permitted to access that resource."})
        if parts == [""]:
            return Answer(200, {"id": ACCOUNT, "name": "shop"})
        if parts == ["events"]:
            return self.convert(request.json()["data"], "true" in request.query.get("test", []))
        if parts[0] == "audiences" and parts[1:] and parts[1] in self.audiences and request.method == "GET":
            return Answer(200, self.audience_page(parts[1]))
        if parts == ["customer_lists"] and request.method == "GET":
            return self.list_page(request.query)
        if parts[0] != "customer_lists":
            return Answer(404, {"code": 404, "message": "not found"})
        content = request.json()
        if not all(re.fullmatch("[0-9a-f]{64}", one) for one in content["records"].split(",")):
            return Answer(400, {"code": 400, "message": "Invalid customer list parameters."})
        if len(parts) == 1:
            number = str(70_000 + len(self.lists))
            self.lists[number] = {"name": content["name"], "records": set(), "type": content["list_type"]}
            return self.changed(number, "ADD", content["records"])
        if parts[1] not in self.lists:
            return Answer(404, {"code": 404, "message": "not found"})
        return self.changed(parts[1], content["operation_type"], content["records"])

    def changed(self, number, operation, records) -> Answer:
        members, changes = self.lists[number]["records"], set(records.split(","))
        self.lists[number]["records"] = members | changes if operation == "ADD" else members - changes
        return Answer(
            200,
            {"id": number, "name": self.lists[number]["name"], "status": "PROCESSING", "exceptions": self.exceptions},
        )

    def audience_page(self, number):
        """The audience of that id: its size is that of its list, as far as the records' people have accounts."""
        one = dict(self.audiences[number])
        unknown = {sha256(address.encode()).hexdigest() for address in self.strangers}
        listed = one["rule"].get("customer_list_id")
        size = len(self.lists[listed]["records"] - unknown) if listed else one.pop("people")
        status = "INITIALIZING" if self.matching else "READY" if size >= self.least else "TOO_SMALL"
        return {
            "type": "audience", "id": number, "ad_account_id": ACCOUNT, "name": "made of a list", **one,
            "size": None if self.matching else size, "status": status,
        }  # fmt: skip

    def list_page(self, query) -> Answer:
        start, size = int(query.get("bookmark", ["0"])[0]), int(query.get("page_size", ["25"])[0])
        items = [{"id": number, "name": one["name"]} for number, one in self.lists.items()]
        more = str(start + size) if start + size < len(items) else None
        return Answer(200, {"items": items[start : start + size], "bookmark": more})

    def renew(self, request) -> Answer:
        basic = request.headers.get("authorization") == "Basic aWQtMTpzZWNyZXQtMQ=="  # id-1:secret-1
        if not basic or request.form().get("refresh_token") != "refresh-1":
            return Answer(401, {"code": 2, "message": "Authentication failed."})
        self.tokens = {f"renewed-{len(self.requests)}"}
        return Answer(
            200,
            {
                "access_token": next(iter(self.tokens)),
                "expires_in": 2592000,
                "token_type": "bearer",
                "scope": "ads:write",
            },
        )

    def convert(self, events, test) -> Answer:
        verdicts = []
        for event in events:
            bad = event["event_name"] not in NAMES or set(event["user_data"].get("em", [])) & {
                digest(a) for a in self.poison
            }
            verdicts.append(
                {"status": "failed", "error_message": "event is not valid"} if bad else {"status": "processed"}
            )
            if bad or test or self.answers == "422 without":
                continue
            if event["action_source"] == "offline" or event["event_id"] not in self.events:
                self.counted.append(event["event_id"])
            self.events[event["event_id"]] = event
        failed = [one for one in verdicts if one["status"] == "failed"]
        content = {
            "num_events_received": len(verdicts),
            "num_events_processed": len(verdicts) - len(failed),
            "events": verdicts,
        }
        if self.answers != "200" and failed:
            return Answer(
                422,
                {
                    "code": 1,
                    "message": "Not all events were processed",
                    "details": content if self.answers == "422 with" else {},
                },
            )
        return Answer(200, content)

    def carries(self, request: Request) -> bool:
        return request.method in ("POST", "PATCH") and "oauth" not in request.path and not request.query.get("test")

    def audience(self) -> set[str]:
        records = set().union(*(one["records"] for one in self.lists.values()))
        return {addresses_by_hash()[record] for record in records if record in addresses_by_hash()}


def digest(text) -> str:
    return sha256(text.encode()).hexdigest()


_ADDRESSES: dict[str, str] = {}


def addresses_by_hash() -> dict[str, str]:
    if not _ADDRESSES:
        everybody = [*(f"person{i}@example.com" for i in range(3000)), "moved@example.com"]
        _ADDRESSES.update({digest(a): a for a in everybody})
    return _ADDRESSES
