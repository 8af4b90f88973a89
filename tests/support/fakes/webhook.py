"""A receiver of signed batches as docs/channels/webhook.md asks for: upsert and remove by key, a verdict for each
change.
"""

import hashlib
import hmac

from support.fakes.server import Answer, Fake, Request

SECRET = "a-webhook-test-secret"


class Vendor(Fake):
    channel = "webhook"
    environment = {"FAIRLEAD_WEBHOOK_SECRET": SECRET}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.people = {}

    def section(self):
        return {"url": self.url + "/hook?token=in-the-url", "secret_env": "FAIRLEAD_WEBHOOK_SECRET"}

    def answer(self, request: Request) -> Answer:
        stamp, _, mac = request.headers["fairlead-signature"].partition(",")
        signed_bytes = f"{stamp.removeprefix('t=')}.".encode() + request.body
        if mac != "v1=" + hmac.new(SECRET.encode(), signed_bytes, hashlib.sha256).hexdigest():
            return Answer(401, {"error": "bad signature"})
        results = []
        for change in request.json()["changes"]:
            fields = change.get("fields", {})
            if fields.get("email") in self.poison:
                results.append({"key": change["key"], "status": "rejected", "error": f"cannot use {fields}"})
                continue
            if change["op"] in ("remove", "erase"):
                self.people.pop(change["key"], None)
            else:
                self.people.setdefault(change["key"], {}).update(fields)
            results.append({"key": change["key"], "status": "accepted"})
        return Answer(200, {"results": results})

    def carries(self, request: Request) -> bool:
        return request.body != b'{"changes": []}'

    def audience(self):
        return {p["email"] for p in self.people.values()}

    def values(self, email):
        return next((p for p in self.people.values() if p["email"] == email), {})
