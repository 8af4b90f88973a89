"""listmonk as its documentation and its SQL describe it: `add` overwrites a status, `remove` forgets one, PUT takes
what is left out.
"""

import base64
import re

from support.fakes.server import Answer, Fake, Request

TOKEN = "listmonk-test-token"
LIST, OTHER = 3, 4


class Vendor(Fake):
    channel = "listmonk"
    description = "listmonk"
    environment = {"FAIRLEAD_LISTMONK_TOKEN": TOKEN}
    account = {"user": "fairlead"}
    options = {"list_id": LIST}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.people = {}  # id -> {"email", "name", "status", "attribs", "subscriptions": {list: status}}

    def answer(self, request: Request) -> Answer:
        login = base64.b64encode(f"fairlead:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return Answer(403, {"message": "invalid API credentials"})
        if request.path == "/api/subscribers":
            return {"GET": self.search, "POST": self.create, "DELETE": self.delete}[request.method](request)
        if (request.method, request.path) == ("PUT", "/api/subscribers/lists"):
            return self.manage(request.json())
        match = re.fullmatch(r"/api/subscribers/(\d+)", request.path)
        if request.method == "PUT" and match:
            return self.update(int(match[1]), request.json())
        return Answer(404, {"message": "Not Found"})

    def page_of(self, number):
        person = self.people[number]
        lists = [{"id": i, "name": f"List {i}", "subscription_status": s} for i, s in person["subscriptions"].items()]
        return {"id": number, **{k: v for k, v in person.items() if k != "subscriptions"}, "lists": lists}

    def search(self, request):
        addresses = {w.replace("''", "'") for w in re.findall(r"'((?:[^']|'')*)'", request.query["query"][0])}
        assert request.query["query"][0].startswith(("LOWER(subscribers.email) IN (", "subscribers.id = 0"))
        hits = [self.page_of(n) for n, p in self.people.items() if p["email"].lower() in addresses]
        return Answer(200, {"data": {"results": hits, "total": len(hits), "page": 1, "per_page": len(hits)}})

    def refusal(self, content, number=None):
        if content["email"] in self.poison or "@" not in content["email"]:
            return Answer(400, {"message": "Invalid email."})
        is_taken = any(p["email"].lower() == content["email"].lower() and n != number for n, p in self.people.items())
        return Answer(409, {"message": "E-mail already exists."}) if is_taken else None

    def create(self, request):
        content = request.json()
        refusal = self.refusal(content)
        if refusal:
            return refusal
        number = len(self.people) + 100
        status = "confirmed" if content.get("preconfirm_subscriptions") else "unconfirmed"
        own = {k: content[k] for k in ("name", "status")}
        subscriptions = dict.fromkeys(content["lists"], status)
        self.people[number] = {
            **own,
            "email": content["email"].lower(),
            "attribs": content["attribs"],
            "subscriptions": subscriptions,
        }
        return Answer(200, {"data": self.page_of(number)})

    def update(self, number, content):
        refusal = self.refusal(content, number)
        if refusal:
            return refusal
        person = self.people[number]
        person.update({k: content[k] for k in ("name", "status", "attribs")}, email=content["email"].lower())
        person["subscriptions"] = {i: person["subscriptions"].get(i, "unconfirmed") for i in content["lists"]}
        return Answer(200, {"data": self.page_of(number)})

    def manage(self, content):
        for number in content["ids"]:
            for one in content["target_list_ids"]:
                if content["action"] == "add":
                    self.people[number]["subscriptions"][one] = content["status"]
                else:
                    self.people[number]["subscriptions"].pop(one, None)
        return Answer(200, {"data": True})

    def delete(self, request):
        for number in request.query["id"]:
            self.people.pop(int(number), None)
        return Answer(200, {"data": True})

    def audience(self):
        return {
            p["email"] for p in self.people.values() if p["subscriptions"].get(LIST) in ("confirmed", "unconfirmed")
        }

    def values(self, email):
        return next((p["attribs"] for p in self.people.values() if p["email"] == email), {})
