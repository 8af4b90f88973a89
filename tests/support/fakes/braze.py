"""Braze as its documentation describes it: users by external_id, at most 75 objects of a kind a call,
errors by index.
"""

from support.fakes.server import Answer, Fake, Request


class Vendor(Fake):
    channel = "braze"
    description = "braze"
    environment = {"FAIRLEAD_BRAZE_API_KEY": "braze-test-key"}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.users = {}
        self.events = []
        self.naming = "index"  # how a failure names its row: index, or nothing (a text alone)
        self.silent = False  # failures are left out of the count and not told

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Bearer braze-test-key":
            return Answer(401, {"message": "Invalid API key"})
        content = request.json()
        if request.path == "/users/track":
            return self.track(content)
        if request.path == "/users/delete":
            if len(content["external_ids"]) > 50:
                return Answer(400, {"message": "too many external_ids"})
            deleted = [self.users.pop(i) for i in content["external_ids"] if i in self.users]
            return Answer(201, {"deleted": len(deleted), "message": "success"})
        return Answer(404, {"message": "not found"})

    def track(self, content) -> Answer:
        kind = "attributes" if "attributes" in content else "events"
        rows = content.get(kind, [])
        if len(rows) > 75:
            return Answer(400, {"message": "at most 75 objects"})
        bad = {i for i, row in enumerate(rows) if row.get("email") in self.poison}
        errors = [{"type": "'email' is not valid", "input_array": kind, "index": i} for i in sorted(bad)]
        if not rows or len(bad) == len(rows):
            message = "Valid data must be provided in the 'attributes', 'events', or 'purchases' fields."
            return Answer(400, {"message": message, "errors": errors})
        for row in (row for i, row in enumerate(rows) if i not in bad):
            self.events.append(row) if kind == "events" else self.keep(dict(row))
        if self.naming == "nothing":
            errors = [e["type"] for e in errors]
        errors_shown = {"errors": errors} if errors and not self.silent else {}
        rate = {"X-RateLimit-Limit": "50000", "X-RateLimit-Remaining": "49990", "X-RateLimit-Reset": "1637708400"}
        return Answer(201, {"message": "success", f"{kind}_processed": len(rows) - len(bad), **errors_shown}, rate)

    def keep(self, row):
        if row.pop("_update_existing_only", False) and row["external_id"] not in self.users:
            return
        user = self.users.setdefault(row["external_id"], {})
        for name, value in row.items():
            user.pop(name, None) if value is None else user.update({name: value})

    def carries(self, request: Request) -> bool:
        return request.path.startswith("/users/") and b"fairlead-check" not in request.body

    def audience(self) -> set[str]:
        return {u["email"] for u in self.users.values() if u.get("fairlead_loyal")}

    def values(self, email):
        return next((u for u in self.users.values() if u.get("email") == email), {})
