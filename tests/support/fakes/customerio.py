"""Customer.io's Track API v2 as its description has it: items that are taken or named by position in a 207; nothing of
a 400 is taken.

A workspace knows people by id and by address, and lets the address be changed by id. Null removes an attribute.
"""

import base64
import re

from support.fakes.server import Answer, Fake, Request

SITE, KEY = "cio-site-0001", "cio-key-0001"


class Vendor(Fake):
    channel = "customerio"
    description = "customerio"
    environment = {"FAIRLEAD_CUSTOMERIO_SITE_ID": SITE, "FAIRLEAD_CUSTOMERIO_API_KEY": KEY}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.people = []  # attributes, id and email among them
        self.events = {}  # ULID -> item
        self.mute = False  # its errors name no position

    def answer(self, request: Request) -> Answer:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind != "Basic" or base64.b64decode(secret).decode() != f"{SITE}:{KEY}":
            return Answer(401, {"meta": {"error": "Unauthorized request"}})
        if request.path == "/api/v1/accounts/region":
            return Answer(200, {"url": "track.customer.io", "data_center": "us", "environment_id": 1})
        if request.path != "/api/v2/batch":
            return Answer(404, {})
        if len(request.body) > 500_000:
            return Answer(400, {"errors": [{"reason": "invalid", "field": "", "message": "batch larger than 500kb"}]})
        batch = request.json()["batch"]
        errors = [{"batch_index": i, **wrong} for i, item in enumerate(batch) if (wrong := self.unfit(item))]
        for i, item in enumerate(batch):
            if i not in {e["batch_index"] for e in errors}:
                self.take(item)
        if self.mute:
            errors = [{k: v for k, v in e.items() if k != "batch_index"} for e in errors]
        if errors:
            return Answer(400 if len(errors) == len(batch) else 207, {"errors": errors})
        return Answer(200, {})

    def unfit(self, item):
        (value,) = item["identifiers"].values()
        attributes = item.get("attributes", {})
        if value in self.poison or attributes.get("email") in self.poison:
            return {"reason": "invalid", "field": "email", "message": "is not a valid email address"}
        if item["action"] == "event" and not re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", item.get("id", "0" * 26)):
            return {"reason": "invalid", "field": "id", "message": "is not a ULID"}
        return (
            {"reason": "invalid", "field": "item", "message": "larger than 32kb"} if len(str(item)) > 32_000 else None
        )

    def take(self, item):
        ((kind, value),) = item["identifiers"].items()
        person = next((p for p in self.people if str(p.get(kind, "")).lower() == str(value).lower()), None)
        if item["action"] == "event":
            self.events.setdefault(item.get("id") or len(self.events), item)
        elif item["action"] == "delete":
            self.people = [p for p in self.people if p is not person]
        else:
            attributes = dict(item.get("attributes", {}))
            if attributes.pop("_update", False) and person is None:
                return
            if person is None:
                by_email = (p for p in self.people if attributes.get("email") and p.get("email") == attributes["email"])
                person = next(by_email, None)
            if person is None:
                self.people.append(person := {})
            person[kind] = value
            for name, new in attributes.items():
                person.pop(name, None) if new in (None, "") else person.update({name: new})

    # -- what the tests ask -------------------------------------------------------------------------------------------

    def carries(self, request: Request) -> bool:
        return request.method == "POST"

    def audience(self) -> set[str]:
        return {p.get("email") for p in self.people if p.get("fairlead_loyal") is True}

    def values(self, email):
        return next((p for p in self.people if p.get("email") == email), {})
