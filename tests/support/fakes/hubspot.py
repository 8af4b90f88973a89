"""HubSpot as its documentation describes it: CRM v3 batches of 100, lists by record id, subscriptions v4, events,
gdpr-delete.
"""

import itertools

from support.fakes.server import Answer, Fake, Request

LIMITS = {"X-HubSpot-RateLimit-Max": "100", "X-HubSpot-RateLimit-Remaining": "97",
          "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
          "X-HubSpot-RateLimit-Daily": "250000", "X-HubSpot-RateLimit-Daily-Remaining": "249990"}  # fmt: skip


class Vendor(Fake):
    channel = "hubspot"
    description = "hubspot"
    environment = {"FAIRLEAD_HUBSPOT_TOKEN": "pat-eu1-test-token"}
    options = {"list_id": "17"}
    fields = {"email": "email", "firstname": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.records = {"contacts": {}, "companies": {}}  # id -> properties
        self.members = set()
        self.statuses = {}  # (address, subscription) -> SUBSCRIBED | UNSUBSCRIBED
        self.events = []
        self.blocked = set()
        self.ids = itertools.count(501)

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Bearer pat-eu1-test-token":
            return fault(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        parts = request.path.strip("/").split("/")
        if request.path == "/account-info/v3/details":
            return Answer(200, {"portalId": 7974676}, LIMITS)
        content = request.json()
        if parts[:3] == ["crm", "v3", "objects"] and parts[4] == "batch":
            return self.batch(parts[3], parts[5], content)
        if request.path == "/crm/v3/objects/contacts/gdpr-delete":
            return self.forget(content)
        if parts[:3] == ["crm", "v3", "lists"]:
            return self.change_list(parts[3], content)
        if parts[0] == "communication-preferences":
            return self.preferences(parts[-1], content)
        if request.path == "/events/v3/send/batch":
            return self.occur(content["inputs"])
        return fault(404, "OBJECT_NOT_FOUND", "no such resource")

    def batch(self, kind, verb, content) -> Answer:
        inputs = content["inputs"]
        if len(inputs) > 100:
            return fault(400, "VALIDATION_ERROR", "The maximum batch size is 100")
        if verb == "archive":
            for one in inputs:
                self.drop(kind, one["id"])
            return Answer(204, None, LIMITS)
        if len({one["id"].lower() for one in inputs}) < len(inputs):
            return fault(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
        results, errors = [], []
        for one in inputs:
            outcome = self.upsert(kind, one) if verb == "upsert" else self.read(kind, one["id"], content)
            (errors if "category" in outcome else results).append(outcome)
        reply = {"status": "COMPLETE", "results": results} | (
            {"errors": errors, "numErrors": len(errors)} if errors else {}
        )
        return Answer(207 if errors else 200, reply, LIMITS)

    def upsert(self, kind, one):
        properties = dict(one["properties"])
        trace = {"objectWriteTraceId": [one["objectWriteTraceId"]]} if "objectWriteTraceId" in one else {}
        if properties.get("email") in self.poison or properties.get("email") in self.blocked:
            return {
                "status": "error",
                "category": "VALIDATION_ERROR",
                "message": "Property values were not valid: INVALID_EMAIL",
                "context": trace,
            }
        if "email" in properties:
            properties["email"] = properties["email"].lower()
        existing = self.id_of(kind, one["idProperty"], one["id"])
        record_id = existing or str(next(self.ids))
        record = self.records[kind].setdefault(record_id, {one["idProperty"]: one["id"].lower()})
        holder = existing and self.id_of(kind, "email", properties.get("email", ""))
        if holder and holder != record_id:
            return {
                "status": "error",
                "category": "CONFLICT",
                "message": f"Contact already exists. Existing ID: {holder}",
                "context": trace,
            }
        further = record.get("hs_additional_emails", "").split(";")
        if properties.get("email") in further:  # a further address becomes the first, and the first a further one
            record["hs_additional_emails"] = ";".join(
                [record["email"], *(f for f in further if f != properties["email"])]
            )
        for name, value in properties.items():
            record.pop(name, None) if value == "" else record.update({name: value})
        return {
            "id": record_id,
            "new": existing is None,
            "properties": dict(record),
            "objectWriteTraceId": one.get("objectWriteTraceId"),
        }

    def read(self, kind, name, content):
        record_id = self.id_of(kind, content["idProperty"], name) if "idProperty" in content else name
        if record_id not in self.records[kind]:
            return {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "message": "Could not get some objects",
                "context": {"ids": [name]},
            }
        record = self.records[kind][record_id]
        return {"id": record_id, "properties": {p: record.get(p) for p in content["properties"]}}

    def id_of(self, kind, id_property, name):
        for record_id, record in self.records[kind].items():
            also = record.get("hs_additional_emails", "").split(";") if id_property == "email" else []
            if name and name.lower() in [str(record.get(id_property, "")).lower(), *also]:
                return record_id
        return None

    def change_list(self, list_id, content) -> Answer:
        if list_id != "17":
            return fault(404, "OBJECT_NOT_FOUND", "List does not exist")
        join, leave = set(content["recordIdsToAdd"]), set(content["recordIdsToRemove"])
        everybody = self.records["contacts"].keys() | self.records["companies"].keys()
        self.members = (self.members | join & everybody) - leave
        return Answer(200, {
            "recordsIdsAdded": sorted(join & everybody), "recordIdsRemoved": sorted(leave & everybody),
            "recordIdsMissing": sorted((join | leave) - everybody),
        }, LIMITS)  # fmt: skip

    def preferences(self, verb, content) -> Answer:
        if verb == "read":
            id_of = [{"subscriberIdString": a, "statuses": [
                {"subscriptionId": 7, "channel": "EMAIL",
                 "status": self.statuses.get((a.lower(), 7), "NOT_SPECIFIED")}]}
                for a in content["inputs"]]  # fmt: skip
            return Answer(200, {"status": "COMPLETE", "results": id_of}, LIMITS)
        for one in content["inputs"]:  # like the real v4, it subscribes again whoever it is told to
            self.statuses[one["subscriberIdString"].lower(), one["subscriptionId"]] = one["statusState"]
        results = [
            {"subscriberIdString": one["subscriberIdString"], "status": one["statusState"]} for one in content["inputs"]
        ]
        return Answer(200, {"status": "COMPLETE", "results": results}, LIMITS)

    def occur(self, inputs) -> Answer:
        if len(inputs) > 500:
            return fault(400, "VALIDATION_ERROR", "at most 500")
        if any(one.get("email") in self.poison for one in inputs):
            return fault(400, "VALIDATION_ERROR", "one of the events has an invalid email")
        self.events += inputs
        return Answer(204, None, LIMITS)

    def forget(self, content) -> Answer:
        if "idProperty" in content and not self.id_of("contacts", content["idProperty"], content["objectId"]):
            self.blocked.add(content["objectId"])
            return Answer(204, None, LIMITS)
        self.drop("contacts", content["objectId"])
        return Answer(204, None, LIMITS)

    def drop(self, kind, record_id):
        self.records[kind].pop(record_id, None)
        self.members.discard(record_id)

    def carries(self, request: Request) -> bool:
        return request.method != "GET" and not request.path.endswith("/read")

    def audience(self) -> set[str]:
        everybody = {**self.records["contacts"], **self.records["companies"]}
        return {everybody[i].get("email", i) for i in self.members}

    def values(self, email):
        record = next((h for h in self.records["contacts"].values() if h.get("email") == email), {})
        return {name: float(value) if name == "value" else value for name, value in record.items()}

    def received(self, email: str) -> int:
        return sum(one.get("email") == email for one in self.events)


def fault(status, category, message) -> Answer:
    return Answer(status, {"status": "error", "category": category, "message": message, "correlationId": "0"}, LIMITS)
