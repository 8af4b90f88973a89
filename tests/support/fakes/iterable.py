"""Iterable as its API reference and its recorded answers have it: an email-based project (or one by userId), static
lists, events.

Bulk calls count failures and list the identifiers of the failed; a data type that is not the field's fails the whole
call (400). Unsubscribed channels stand on the user and outlive every call that does not name them.
"""

import re

from support.fakes.server import Answer, Fake, Request

KEY = "iterable-test-key-0001"
BULK = {
    "/api/users/bulkUpdate": "users",
    "/api/lists/subscribe": "subscribers",
    "/api/lists/unsubscribe": "subscribers",
    "/api/events/trackBulk": "events",
}


class Vendor(Fake):
    channel = "iterable"
    description = "iterable"
    environment = {"FAIRLEAD_ITERABLE_API_KEY": KEY}
    options = {"list_id": 42}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.users = []  # email, userId, dataFields, channels (unsubscribed)
        self.lists = {42: []}
        self.events = {}
        self.gone = set()  # identifiers that were forgotten
        self.blocked = set()  # event names
        self.unlisted = False  # failures are counted and not listed
        self.older = False  # failures are listed in the older form
        self.types = {"value": (int, float)}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("api-key") != KEY:
            return reply(401, "BadApiKey", "Invalid API key")
        if request.path == "/api/lists" and request.method == "GET":
            dynamic = {"id": 43, "name": "Rule", "createdAt": 1768384800000, "listType": "Dynamic"}
            lists = [{"id": i, "name": "Loyal", "createdAt": 1768384800000, "listType": "Standard"} for i in self.lists]
            return Answer(200, {"lists": [*lists, dynamic]})
        content = request.json()
        if request.path in BULK:
            return self.bulk(request.path, content, content[BULK[request.path]])
        if request.path == "/api/users/updateEmail":
            return self.move(content)
        if request.path == "/api/users/update":
            return self.update_one(content)
        if request.path == "/api/users/forget":
            return self.forget(content)
        return reply(404, "NotFound", "")

    def bulk(self, path, content, rows) -> Answer:
        if len(rows) > 1000:
            return reply(400, "BatchTooLarge", "")
        if path.startswith("/api/lists") and content["listId"] not in self.lists:
            return reply(400, "BadParams", "error.lists.invalidListId")
        if any(self.mistyped(row) for row in rows):
            return reply(
                400,
                "RequestFieldsTypesMismatched",
                "The request does not have the same data types as the data previously submitted.",
            )
        failed, blocked = {}, []
        for row in rows:
            if kind := self.unfit(path, row):
                failed.setdefault(kind, []).append(row.get("email") or row.get("userId"))
            elif row.get("eventName") in self.blocked:
                blocked.append(row["eventName"])
            else:
                self.take(path, content, row)
        count = sum(map(len, failed.values())) + len(blocked)
        lists = {"failedUpdates": failed}
        if self.older:
            lists = {"invalidEmails": [e for values in failed.values() for e in values], "invalidUserIds": []}
        if self.unlisted:
            lists, blocked = {}, []
        return Answer(
            200, {"successCount": len(rows) - count, "failCount": count, "disallowedEventNames": blocked, **lists}
        )

    def mistyped(self, row):
        data = row.get("dataFields") or {}
        return any(data.get(name) is not None and not isinstance(data[name], kind) for name, kind in self.types.items())

    def unfit(self, path, row):
        who = row.get("email") or row.get("userId")
        ending = "Emails" if row.get("email") else "UserIds"
        if {who, (row.get("dataFields") or {}).get("email")} & self.poison or not str(who).strip():
            return f"invalid{ending}"
        if str(who).lower() in self.gone:
            return f"forgotten{ending}"
        return f"notFound{ending}" if path == "/api/lists/unsubscribe" and self.find(row) is None else None

    def find(self, row):
        kind = "email" if row.get("email") else "userId"
        return next((u for u in self.users if str(u.get(kind) or "").lower() == str(row.get(kind)).lower()), None)

    def take(self, path, content, row):
        if path == "/api/events/trackBulk":
            self.events[row.get("id") or len(self.events)] = row
            return
        user = self.find(row)
        if path == "/api/lists/unsubscribe":
            self.lists[content["listId"]] = [u for u in self.lists[content["listId"]] if u is not user]
            return
        if user is None:
            self.users.append(
                user := {"email": row.get("email"), "userId": row.get("userId"), "dataFields": {}, "channels": []}
            )
        self.write(user, row.get("dataFields") or {})
        if path == "/api/lists/subscribe" and user not in self.lists[content["listId"]]:
            self.lists[content["listId"]].append(user)

    def write(self, user, data):
        for name, value in data.items():
            if name == "email" and user["userId"]:
                user["email"] = value
            elif value is None:
                user["dataFields"].pop(name, None)
            else:
                user["dataFields"][name] = value

    def move(self, content) -> Answer:
        user, new = self.find({"email": content["currentEmail"]}), content["newEmail"]
        if new in self.poison or not re.fullmatch(r"\S+@\S+", new):
            return reply(400, "InvalidEmailAddressError", f"Invalid email: {new}")
        if user is None:
            return reply(400, "UnknownEmailError", "")
        if new.lower() in self.gone:
            return reply(409, "ForgottenUserError", "")
        if self.find({"email": new}) is not None:
            return reply(400, "EmailAlreadyExists", "")
        user["email"] = new
        return reply(200, "Success", "")

    def update_one(self, content) -> Answer:
        if self.mistyped(content):
            return reply(400, "RequestFieldsTypesMismatched", "")
        self.take("/api/users/update", content, content)
        return reply(200, "Success", "")

    def forget(self, content) -> Answer:
        who = content.get("email") or content.get("userId")
        if who in self.poison:
            return reply(400, "InvalidEmailAddressError", "")
        if who.lower() in self.gone:
            return reply(409, "ForgottenUserError", "")
        user = self.find(content)
        self.users = [u for u in self.users if u is not user]
        self.lists = {name: [u for u in people if u is not user] for name, people in self.lists.items()}
        self.gone.add(who.lower())
        return reply(200, "Success", "")

    # -- what the tests ask -------------------------------------------------------------------------------------------

    def carries(self, request: Request) -> bool:
        return request.method == "POST"

    def audience(self):
        return {u["email"] for u in self.lists[42]}

    def values(self, email):
        user = self.find({"email": email})
        return {"email": user["email"], **user["dataFields"]} if user else {}


def reply(status, code, msg) -> Answer:
    return Answer(status, {"msg": msg, "code": code, "params": None})
