"""Brevo as its documentation describes it: contacts by lower-case address, imports that end at the second look, lists
of ids.
"""

import contextlib
import re
from urllib.parse import unquote

from support.fakes.server import Answer, Fake, Request

KEY = "xkeysib-brevo-test-key"
LIST = 76


class Vendor(Fake):
    channel = "brevo"
    description = "brevo"
    environment = {"FAIRLEAD_BREVO_API_KEY": KEY}
    options = {"list_id": LIST}
    fields = {"email": "email", "FIRSTNAME": "first_name", "VALUE": "value"}

    def __init__(self):
        super().__init__()
        self.contacts = {}  # address -> {"attributes", "listIds", "emailBlacklisted"}
        self.processes = {}

    @contextlib.contextmanager
    def running(self, folder, check=None):
        def faults_of(fake, request):
            # The description is of 2024 and has no `jsonBody` yet; the files of a process are no API.
            if request.path.startswith("/files/"):
                return []
            return [
                fault for fault in check(fake, request) if not re.search(r"/jsonBody\b|jsonBody: undeclared", fault)
            ]

        with super().running(folder, check and faults_of):
            yield

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/files/"):
            bad = self.processes[int(request.path.rpartition("/")[2])]["bad"]
            return Answer(400, {}) if "api-key" in request.headers else Answer(200, "\n".join(["EMAIL", *bad]).encode())
        if request.headers.get("api-key") != KEY:
            return Answer(401, {"code": "unauthorized", "message": "Key not found"})
        reply = self.api(request, request.method, request.path.removeprefix("/v3"))
        reply.headers = {
            "x-sib-ratelimit-limit": "100",
            "x-sib-ratelimit-remaining": "99",
            "x-sib-ratelimit-reset": "1",
        }
        return reply

    def api(self, request, method, path):
        if (method, path) == ("GET", "/contacts/attributes"):
            return Answer(200, {"attributes": [{"name": n, "category": "normal"} for n in ("FIRSTNAME", "VALUE")]})
        if (method, path) == ("GET", f"/contacts/lists/{LIST}"):
            return Answer(200, {"id": LIST, "name": "Champions"})
        if (method, path) == ("POST", "/contacts/import"):
            return self.take(request.json())
        if (method, path) == ("POST", f"/contacts/lists/{LIST}/contacts/remove"):
            return self.remove(request.json()["emails"])
        process = re.fullmatch(r"/processes/(\d+)", path)
        if method == "GET" and process:
            return self.process(int(process[1]))
        contact = re.fullmatch(r"/contacts/([^/]+)", path)
        if contact:
            return self.contact(method, unquote(contact[1]), request)
        return Answer(404, {"code": "document_not_found", "message": "not found"})

    def take(self, content):
        rows = content["jsonBody"]
        number = len(self.processes) + 1
        bad = [r["email"] for r in rows if r["email"] in self.poison]
        self.processes[number] = {"asked": 0, "bad": bad}
        for row in rows:
            if row["email"] in bad:
                continue
            fresh = {"attributes": {}, "listIds": set(), "emailBlacklisted": False}
            contact = self.contacts.setdefault(row["email"].lower(), fresh)
            for name, value in row.get("attributes", {}).items():
                if value != "" or content["emptyContactsAttributes"]:
                    contact["attributes"][name] = value
            contact["listIds"].update(content["listIds"])
        return Answer(202, {"processId": number})

    def process(self, number):
        process = self.processes[number]
        process["asked"] += 1
        if process["asked"] == 1:
            return Answer(200, {"id": number, "name": "IMPORTUSER", "status": "in_process"})
        url = f"{self.url.replace('127.0.0.1', 'localhost')}/files/invalid/{number}"
        info = {"import": {"invalid_emails": url if process["bad"] else None, "duplicate_contact_id": None}}
        return Answer(200, {"id": number, "name": "IMPORTUSER", "status": "completed", "info": info})

    def remove(self, addresses):
        if len(addresses) > 150:
            return Answer(400, {"code": "invalid_parameter", "message": "Max 150 emails"})
        removed = [a for a in addresses if LIST in self.contacts.get(a, {"listIds": ()})["listIds"]]
        if not removed:
            return Answer(
                400, {"code": "invalid_parameter", "message": "Contact already removed from list and/or does not exist"}
            )
        for address in removed:
            self.contacts[address]["listIds"].discard(LIST)
        return Answer(201, {"contacts": {"success": removed, "failure": [a for a in addresses if a not in removed]}})

    def contact(self, method, address, request):
        if address not in self.contacts:
            return Answer(404, {"code": "document_not_found", "message": "Contact does not exist"})
        if method == "DELETE":
            del self.contacts[address]
            return Answer(204)
        new = request.json()["attributes"]["EMAIL"]
        if new in self.contacts:
            return Answer(
                400, {"code": "duplicate_parameter", "message": "email is already associated with another Contact"}
            )
        self.contacts[new] = self.contacts.pop(address)
        return Answer(204)

    def audience(self):
        return {address for address, c in self.contacts.items() if LIST in c["listIds"]}

    def values(self, email):
        return self.contacts.get(email, {}).get("attributes", {})
