"""Intercom 2.15 as its documentation and its recorded answers show it: contacts, an archive, tags by id, one contact a
call.
"""

import re
import secrets

from support.fakes.server import Answer, Fake, Request

TOKEN = "intercom-test-token"


class Vendor(Fake):
    channel = "intercom"
    description = "intercom"
    environment = {"FAIRLEAD_INTERCOM_TOKEN": TOKEN}
    fields = {"email": "email", "name": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.contacts = {}  # id -> contact with "tags" and "archived"
        self.tags = {}  # id -> name

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return fault(401, "unauthorized", "Access Token Invalid")
        assert request.headers["intercom-version"] == "2.15"
        for method, shape, work in (
            ("GET", r"/me", lambda: Answer(200, {"type": "admin", "id": "1"})),
            ("POST", r"/tags", lambda: self.tag(request.json()["name"])),
            ("POST", r"/contacts", lambda: self.create(request.json())),
            ("POST", r"/contacts/search", lambda: self.search(request.json()["query"])),
            ("PUT", r"/contacts/(\w+)", lambda at: self.update(at, request.json())),
            ("DELETE", r"/contacts/(\w+)", self.delete),
            ("POST", r"/contacts/(\w+)/unarchive", self.unarchive),
            ("POST", r"/contacts/(\w+)/tags", lambda at: self.put_tag(at, request.json()["id"])),
            ("DELETE", r"/contacts/(\w+)/tags/(\w+)", self.drop_tag),
        ):
            match = re.fullmatch(shape, request.path)
            if match and method == request.method:
                reply = work(*match.groups())
                reply.headers = {
                    "x-ratelimit-limit": "1667",
                    "x-ratelimit-remaining": "1600",
                    "x-ratelimit-reset": "1487332520",
                }
                return reply
        return fault(404, "not_found", "Resource Not Found")

    def tag(self, name):
        tag_id = next((i for i, n in self.tags.items() if n.lower() == name.lower()), None) or str(len(self.tags) + 7)
        self.tags[tag_id] = name
        return Answer(200, {"type": "tag", "id": tag_id, "name": name})

    def search(self, query):
        filters = query["value"] if query["operator"] == "OR" else [query]
        if len(filters) > 15:
            return fault(400, "parameter_invalid", "too many filters")
        external_ids = {f["value"] for f in filters}
        hits = [
            self.page_of(i) for i, c in self.contacts.items() if c["external_id"] in external_ids and not c["archived"]
        ]
        return Answer(
            200,
            {
                "type": "list",
                "data": hits,
                "total_count": len(hits),
                "pages": {"type": "pages", "page": 1, "per_page": 50},
            },
        )

    def page_of(self, at):
        return {
            "type": "contact",
            "id": at,
            **{k: v for k, v in self.contacts[at].items() if k not in ("tags", "archived")},
        }

    def create(self, content):
        if content.get("email") in self.poison:
            return fault(400, "parameter_invalid", "email is invalid")
        for at, contact in self.contacts.items():
            if contact["external_id"] == content["external_id"]:
                kind = "An archived contact" if contact["archived"] else "A contact"
                return fault(409, "conflict", f"{kind} matching those details already exists with id={at}")
        at = secrets.token_hex(12)
        self.contacts[at] = {"tags": set(), "archived": False, "custom_attributes": {}, "external_id": None}
        return self.update(at, content)

    def update(self, at, content):
        if at not in self.contacts or self.contacts[at]["archived"]:
            return fault(404, "not_found", "User Not Found")
        if content.get("email") in self.poison:
            return fault(400, "parameter_invalid", "email is invalid")
        contact = self.contacts[at]
        contact["custom_attributes"].update(content.pop("custom_attributes", {}))
        contact.update(content)
        return Answer(200, self.page_of(at))

    def delete(self, at):
        if self.contacts.pop(at, None) is None:
            return fault(404, "not_found", "User Not Found")
        return Answer(200, {"id": at, "object": "contact", "deleted": True})

    def unarchive(self, at):
        self.contacts[at]["archived"] = False
        return Answer(200, {"id": at, "object": "contact", "archived": False})

    def put_tag(self, at, tag):
        if at not in self.contacts or tag not in self.tags:
            return fault(404, "not_found", "Resource Not Found")
        self.contacts[at]["tags"].add(tag)
        return Answer(200, {"type": "tag", "id": tag, "name": self.tags[tag]})

    def drop_tag(self, at, tag):
        if tag not in self.contacts.get(at, {"tags": ()})["tags"]:
            return fault(404, "not_found", "Resource Not Found")
        self.contacts[at]["tags"].discard(tag)
        return Answer(200, {"type": "tag", "id": tag, "name": self.tags[tag]})

    def carries(self, request: Request) -> bool:
        return request.path.startswith("/contacts") and request.path != "/contacts/search"

    def audience(self):
        ours = {i for i, name in self.tags.items() if name == "fairlead_loyal"}
        return {c["email"] for c in self.contacts.values() if c["tags"] & ours and not c["archived"]}

    def values(self, email):
        contact = next((c for c in self.contacts.values() if c.get("email") == email), None)
        return {**contact, **contact["custom_attributes"]} if contact else {}


def fault(status, code, message):
    return Answer(status, {"type": "error.list", "request_id": "000", "errors": [{"code": code, "message": message}]})
