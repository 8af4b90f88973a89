"""Marketo Engage as its documentation describes it: always HTTP 200, failures in `errors` or in each result's
`reasons`.
"""

import itertools

from support.fakes.server import Answer, Fake, Request


class Vendor(Fake):
    channel = "marketo"
    environment = {"FAIRLEAD_MARKETO_CLIENT_ID": "client-1", "FAIRLEAD_MARKETO_CLIENT_SECRET": "secret-1"}
    options = {"list_id": 1159}
    fields = {"email": "email", "firstName": "first_name", "score": "value"}

    def __init__(self):
        super().__init__()
        self.tokens = 0
        self.leads = {}  # id -> fields
        self.on_list = set()
        self.ids = itertools.count(7149)
        self.errors = []  # codes of the coming calls, one each

    @property
    def description(self):
        """The identity service is described apart, and not in ../shared."""
        return None if self.requests and self.requests[-1].path.startswith("/identity/") else "marketo"

    def answer(self, request: Request) -> Answer:
        if request.path == "/identity/oauth/token":
            return self.token({name: values[0] for name, values in request.query.items()})
        if request.headers.get("authorization") != f"Bearer token-{self.tokens}":
            return failed("602", "Access token expired")
        if self.errors and (code := self.errors.pop(0)):
            return failed(code, "as the test asks")
        if len(request.body) > 1_000_000:
            return failed("413", "Request Entity Too Large")
        parts = request.path.removesuffix(".json").split("/")[3:]
        if parts == ["leads"]:
            return self.look(request.query) if request.method == "GET" else self.sync(request.json())
        if parts == ["leads", "delete"]:
            return succeeded([self.delete(one["id"]) for one in request.json()["input"]])
        if parts[0] == "lists" and parts[1] == "1159":
            return self.list(request, parts[2:])
        return failed("1013", "Object not found")

    def token(self, form) -> Answer:
        if (form["client_id"], form["client_secret"]) != ("client-1", "secret-1"):
            return Answer(401, {"error": "unauthorized", "error_description": "No client with requested id"})
        self.tokens += 1
        return Answer(200, {"access_token": f"token-{self.tokens}", "token_type": "bearer", "expires_in": 3599})

    def expire(self) -> None:
        self.tokens += 1

    def sync(self, content) -> Answer:
        if len(content["input"]) > 300:
            return failed("1003", "Too many records")
        return succeeded([self.save(content["action"], content["lookupField"], row) for row in content["input"]])

    def save(self, action, lookup, row):
        if row.get("email") in self.poison:
            return skip_of("1003", f"Value '{row['email']}' is invalid for field 'email'")
        same = [i for i, lead in self.leads.items() if str(lead.get(lookup)).lower() == str(row[lookup]).lower()]
        if len(same) > 1:
            return skip_of("1007", "Multiple lead match lookup criteria")
        if same and action == "createOnly":
            return skip_of("1005", "Lead already exists")
        if not same and action == "updateOnly":
            return skip_of("1004", "Lead not found")
        lead_id = same[0] if same else next(self.ids)
        record = self.leads.setdefault(lead_id, {})
        for name, value in row.items():
            record.pop(name, None) if value is None else record.update({name: value})
        return {"id": lead_id, "status": "updated" if same else "created"}

    def look(self, query) -> Answer:
        field, values = query["filterType"][0], query["filterValues"][0].split(",")
        if len(values) > 300:
            return failed("1003", "Too many values")
        return succeeded(
            [
                {"id": i, field: lead.get(field)}
                for i, lead in self.leads.items()
                if str(lead.get(field)).lower() in values
            ]
        )

    def list(self, request, tail) -> Answer:
        if not tail:
            return succeeded([{"id": 1159, "name": "Loyal"}])
        if request.method == "DELETE":
            ids = [int(i) for i in request.query["id"]]
            were_on_list = [i in self.on_list for i in ids]
            self.on_list -= set(ids)
            return succeeded([{"id": i, "status": "removed"} if was else {"id": i,
                                                                          **skip_of("1015", "Lead not in list")}
                              for i, was in zip(ids, were_on_list, strict=True)])  # fmt: skip
        ids = [one["id"] for one in request.json()["input"]]
        self.on_list |= set(ids) & self.leads.keys()
        return succeeded(
            [
                {"id": i, "status": "added"} if i in self.leads else {"id": i, **skip_of("1004", "Lead not found")}
                for i in ids
            ]
        )

    def delete(self, lead_id):
        self.on_list.discard(lead_id)
        if self.leads.pop(lead_id, None) is None:
            return {"id": lead_id, **skip_of("1004", "Lead not found")}
        return {"id": lead_id, "status": "deleted"}

    def carries(self, request: Request) -> bool:
        return request.method != "GET" and request.path.startswith("/rest/")

    def audience(self) -> set[str]:
        return {self.leads[i]["email"] for i in self.on_list}

    def values(self, email):
        return {k: v for lead in self.leads.values() if lead.get("email") == email for k, v in lead.items()}


def skip_of(code, message):
    return {"status": "skipped", "reasons": [{"code": code, "message": message}]}


def succeeded(result) -> Answer:
    return Answer(200, {"requestId": "262e#17d4f046342", "result": result, "success": True})


def failed(code, message) -> Answer:
    return Answer(
        200, {"requestId": "262e#17d4f046342", "success": False, "errors": [{"code": code, "message": message}]}
    )
