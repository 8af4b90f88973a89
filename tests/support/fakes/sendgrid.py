"""SendGrid Marketing as its documentation describes it: contacts by lower-case address, made by jobs that finish at the
second look.
"""

import contextlib
import json
import re
import uuid

from support.fakes.server import Answer, Fake, Request

FIELDS = {
    "custom_fields": [
        {"id": "e1_N", "name": "value", "field_type": "Number"},
        {"id": "w1", "name": "pet", "field_type": "Text"},
    ],
    "reserved_fields": [
        {"id": "_rf0_T", "name": "first_name", "field_type": "Text"},
        {"id": "_rf2_T", "name": "email", "field_type": "Text"},
        {"id": "_rf20_T", "name": "automation_id", "field_type": "Text", "read_only": True},
    ],
}
RATES = {"x-ratelimit-limit": "200", "x-ratelimit-remaining": "199", "x-ratelimit-reset": "20"}


class Vendor(Fake):
    channel = "sendgrid"
    description = "sendgrid"
    environment = {"FAIRLEAD_SENDGRID_API_KEY": "SG.sendgrid-test-key"}
    fields = {"email": "email", "first_name": "first_name"}

    def __init__(self):
        super().__init__()
        self.contacts = {}  # id -> contact
        self.lists = {}  # id -> name
        self.jobs = {}
        self.error_file = "json"

    @contextlib.contextmanager
    def running(self, folder, check=None):
        # The vendor's published descriptions have no file for custom fields, and the file of errors is no API.
        described = re.compile(r"/v3/marketing/(?!field_definitions)")
        with super().running(folder, check and (lambda fake, r: check(fake, r) if described.match(r.path) else [])):
            yield

    def answer(self, request: Request) -> Answer:
        reply = self.file(request) if request.path.startswith("/errors/") else self.api(request)
        reply.headers = {**RATES, **reply.headers}
        return reply

    def file(self, request):
        if "authorization" in request.headers:
            return Answer(400, {"message": "Only one auth mechanism allowed"})  # as a presigned address of S3 answers
        job = self.jobs[request.path.removeprefix("/errors/")]
        if self.error_file == "csv":
            return Answer(200, "\n".join(["email,error", *(f"{a},invalid address" for a in job["bad"])]).encode())
        return Answer(200, [{"email": a, "error": "invalid address"} for a in job["bad"]])

    def api(self, request):
        if request.headers.get("authorization") != "Bearer SG.sendgrid-test-key":
            return Answer(401, {"errors": [{"field": None, "message": "authorization required"}]})
        method, path = request.method, request.path.removeprefix("/v3/marketing")
        if (method, path) == ("GET", "/field_definitions"):
            return Answer(200, FIELDS)
        if path == "/lists":
            return self.make_list(request) if method == "POST" else self.show_lists(request)
        if (method, path) == ("PUT", "/contacts"):
            return self.upsert(request.json())
        if (method, path) == ("DELETE", "/contacts"):
            for one in request.query["ids"][0].split(","):
                self.contacts.pop(one, None)
            return Answer(202, {"job_id": str(uuid.uuid4())})
        if (method, path) == ("POST", "/contacts/search/emails"):
            return self.search(request.json()["emails"])
        if method == "GET" and path.startswith("/contacts/imports/"):
            return self.status(path.rpartition("/")[2])
        match = re.fullmatch(r"/lists/([^/]+)/contacts", path)
        if method == "DELETE" and match:
            for one in request.query["contact_ids"][0].split(","):
                self.contacts[one]["list_ids"].discard(match[1])
            return Answer(202, {"job_id": str(uuid.uuid4())})
        return Answer(404, {"errors": [{"message": "not found"}]})

    def make_list(self, request):
        name = request.json()["name"]
        if name in self.lists.values():
            return Answer(400, {"errors": [{"field": "name", "message": "name must be unique"}]})
        list_id = str(uuid.uuid4())
        self.lists[list_id] = name
        return Answer(201, {"id": list_id, "name": name, "contact_count": 0})

    def show_lists(self, request):
        """One a page, so that whoever reads them must turn it."""
        at = int(request.query.get("page_token", ["0"])[0])
        page = list(self.lists.items())[at : at + 1]
        more = (
            {"next": f"{self.url}/v3/marketing/lists?page_size=1&page_token={at + 1}"}
            if at + 1 < len(self.lists)
            else {}
        )
        return Answer(
            200,
            {
                "result": [{"id": i, "name": n, "contact_count": 0} for i, n in page],
                "_metadata": {"count": len(self.lists), **more},
            },
        )

    def upsert(self, content):
        rows = content["contacts"]
        if len(rows) > 30_000:
            return Answer(400, {"errors": [{"field": "contacts", "message": "too many contacts"}]})
        faults = [
            {"field": f"contacts[{at}].email", "message": f"email '{row['email']}' is not valid"}
            for at, row in enumerate(rows) if "@" not in row["email"]
        ]  # fmt: skip
        if faults:
            return Answer(400, {"errors": faults})
        field_ids = {f["id"] for f in FIELDS["custom_fields"]}
        bad = {
            row["email"].lower()
            for row in rows
            if row["email"] in self.poison or set(row.get("custom_fields", {})) - field_ids
        }
        job = str(uuid.uuid4())
        self.jobs[job] = {
            "rows": [json.loads(json.dumps(r)) for r in rows],
            "lists": content.get("list_ids", []),
            "bad": bad,
            "asked": 0,
        }
        self.work(self.jobs[job])
        return Answer(202, {"job_id": job})

    def work(self, job):
        of_address = {c["email"]: c for c in self.contacts.values()}
        for row in job["rows"]:
            address = row["email"].lower()
            if address in job["bad"]:
                continue
            contact = of_address.get(address)
            if contact is None:
                contact = of_address[address] = {"id": str(uuid.uuid4()), "list_ids": set(), "custom_fields": {}}
                self.contacts[contact["id"]] = contact
            contact["custom_fields"].update(row.pop("custom_fields", {}))
            contact.update(row, email=address)
            contact["list_ids"].update(job["lists"])

    def status(self, name):
        job = self.jobs.get(name)
        if job is None:
            return Answer(404, {"errors": [{"message": "not found"}]})
        job["asked"] += 1
        if job["asked"] == 1:
            return Answer(200, {"id": name, "status": "pending", "job_type": "upsert", "results": {}})
        rows, bad = len(job["rows"]), len(job["bad"])
        status = "failed" if bad == rows else "errored" if bad else "completed"
        counts = {"requested_count": rows, "created_count": rows - bad, "errored_count": bad}
        host = self.url.replace("127.0.0.1", "localhost")
        return Answer(
            200,
            {
                "id": name,
                "status": status,
                "job_type": "upsert",
                "results": {**counts, "errors_url": f"{host}/errors/{name}"},
            },
        )

    def search(self, addresses):
        if len(addresses) > 100:
            return Answer(400, {"errors": [{"field": "emails", "message": "at most 100 emails"}]})
        of_address = {c["email"]: c for c in self.contacts.values()}
        contacts = {a.lower(): of_address.get(a.lower()) for a in addresses}
        if not any(contacts.values()):
            return Answer(404, {"errors": [{"message": "contacts not found"}]})
        result = {
            a: {"contact": {**c, "list_ids": sorted(c["list_ids"])}} if c else {"error": "contact not found"}
            for a, c in contacts.items()
        }
        return Answer(200, {"result": result})

    def carries(self, request: Request) -> bool:
        return request.method in ("PUT", "DELETE")

    def audience(self) -> set[str]:
        ours = {i for i, name in self.lists.items() if name == "fairlead_loyal"}
        return {c["email"] for c in self.contacts.values() if c["list_ids"] & ours}

    def values(self, email):
        return next((c for c in self.contacts.values() if c["email"] == email), {})
