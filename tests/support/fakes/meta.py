"""Meta's Graph API as its documentation and recorded traffic show it: errors as HTTP 400 with a code, invalid rows as
counts and samples.
"""

import json
import re
import time
from hashlib import sha256

from support.fakes.server import Answer, Fake, Request

AUDIENCE, PIXEL = "23849182047670582", "4455667788"
HEX = re.compile(r"[0-9a-f]{64}")
PLAIN = ("MADID", "EXTERN_ID")
IDS = ("EMAIL", "PHONE", "MADID", "EXTERN_ID")


class Vendor(Fake):
    channel = "meta"
    consent = "ads"
    description = "meta"
    environment = {"FAIRLEAD_META_TOKEN": "meta-test-token"}
    options = {"audience_id": AUDIENCE}
    fields = {
        "email": "email", "phone": "phone", "first_name": "first_name", "last_name": "last_name", "country": "country",
        "external_id": "external_id",
    }  # fmt: skip

    def __init__(self):
        super().__init__()
        self.members = []  # {key: value}, as uploaded
        self.events = {}  # by (event_id, event_name), which is how Meta tells a repetition
        self.samples = 10  # how many of the invalid rows are shown
        self.failure = None  # (code, subcode, message): the next calls fail so, with HTTP 400
        self.headers = {"x-ad-account-usage": json.dumps({"acc_id_util_pct": 12})}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Bearer meta-test-token" or "access_token" in request.query:
            return error(190, None, "Invalid OAuth access token - Cannot parse access token")
        if self.failure and request.method != "GET":
            return error(*self.failure, headers=self.headers)
        version, place, *more = request.path.strip("/").split("/")
        if not re.fullmatch(r"v\d+\.\d", version) or place not in (AUDIENCE, PIXEL):
            return error(100, 33, f"Unsupported request. Object with ID '{place}' does not exist")
        if not more:
            size = max(0, len(self.members) - 1) if len(self.members) >= 3 else -1  # Meta's own least size is 1,000
            bounds = {
                "approximate_count_lower_bound": size,
                "approximate_count_upper_bound": max(size, -1) + 2 if size >= 0 else -1,
            }
            fields = request.query.get("fields", [""])[0].split(",")
            content = {"id": place, "name": "loyal", **bounds}
            return Answer(200, {k: v for k, v in content.items() if k in {"id", *fields}}, self.headers)
        if more == ["users"] and place == AUDIENCE:
            return self.users(request.json(), request.method == "DELETE")
        if more == ["events"] and place == PIXEL:
            return self.convert(request.json()["data"])
        return error(2500, None, "Unknown path components")

    def users(self, content, removing) -> Answer:
        schema, rows = content["payload"]["schema"], content["payload"]["data"]
        session = content["session"]
        if not 0 < len(rows) <= 10_000 or session["batch_seq"] < 1 or session["estimated_num_total"] < len(rows):
            return error(100, None, "Invalid parameter")
        invalid = {}
        for row in rows:
            member = {key: value for key, value in zip(schema, row, strict=True) if value}
            if fault := self.fault(schema, row, member):
                invalid[json.dumps(row, separators=(",", ":"), ensure_ascii=False)] = fault
                continue
            ids = {(key, member[key]) for key in IDS if key in member} or set(member.items())
            self.members = [m for m in self.members if not ids & set(m.items())]
            if not removing:
                self.members.append(member)
        samples = dict(list(invalid.items())[: self.samples])
        answer = {"audience_id": AUDIENCE, "session_id": str(session["session_id"]), "num_received": len(rows),
                "num_invalid_entries": len(invalid), "invalid_entry_samples": samples or []}  # fmt: skip
        return Answer(200, answer, self.headers)

    def fault(self, schema, row, member) -> str:
        if "EXTERN_ID" in schema and not member.get("EXTERN_ID"):
            return "empty external ID"
        if not all(HEX.fullmatch(value) for key, value in member.items() if key not in PLAIN):
            return "not a SHA-256 hash"
        if member.get("EMAIL") in {digest(address) for address in self.poison}:
            return "invalid e-mail"
        return "" if member else "empty row"

    def convert(self, events) -> Answer:
        """All or nothing: one invalid event and the request is refused."""
        for event in events:
            oldest = 62 if event["action_source"] == "physical_store" else 7
            if not time.time() - oldest * 86_400 <= event["event_time"] <= time.time() + 60:
                return error(100, 2804003, "Event Timestamp Too Old")
            if set(event["user_data"].get("em", [])) & {digest(address) for address in self.poison}:
                return error(100, 2804019, "Invalid e-mail")
        self.events |= {(e["event_id"], e["event_name"]): e for e in events}
        return Answer(200, {"events_received": len(events), "messages": [], "fbtrace_id": "A1"}, self.headers)

    def audience(self) -> set[str]:
        return {addresses_by_hash()[m["EMAIL"]] for m in self.members if m.get("EMAIL") in addresses_by_hash()}


def error(code, subcode, message, headers=None) -> Answer:
    content = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A2"}
    return Answer(400, {"error": content | ({"error_subcode": subcode} if subcode else {})}, headers or {})


def digest(text) -> str:
    return sha256(text.encode()).hexdigest()


_ADDRESSES: dict[str, str] = {}


def addresses_by_hash() -> dict[str, str]:
    if not _ADDRESSES:
        everybody = [*(f"person{i}@example.com" for i in range(3000)), "moved@example.com"]
        _ADDRESSES.update({digest(a): a for a in everybody})
    return _ADDRESSES
