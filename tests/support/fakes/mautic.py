"""Mautic as its documentation and source describe it: batches of 200 keyed by row, segments by contact id, OAuth 2 or
Basic.
"""

import base64
import itertools

from support.fakes.server import Answer, Fake, Request


class Vendor(Fake):
    channel = "mautic"
    environment = {"FAIRLEAD_MAUTIC_CLIENT_ID": "1_client", "FAIRLEAD_MAUTIC_CLIENT_SECRET": "secret-1"}
    basic = {"FAIRLEAD_MAUTIC_USERNAME": "fairlead", "FAIRLEAD_MAUTIC_PASSWORD": "password-1"}
    options = {"segment_id": 5}
    fields = {"email": "email", "firstname": "first_name", "points_value": "value"}

    def __init__(self):
        super().__init__()
        self.tokens = 0
        self.people = {}  # id -> {"fields": …, "doNotContact": […]}
        self.segment = set()
        self.unique = "email"
        self.ids = itertools.count(41)

    @property
    def description(self):
        """Its OAuth endpoint is described nowhere in ../shared, nor by hand."""
        return None if self.requests and self.requests[-1].path.startswith("/oauth/") else "mautic"

    def answer(self, request: Request) -> Answer:
        if request.path == "/oauth/v2/token":
            return self.token(request.form())
        key = base64.b64encode(b"fairlead:password-1").decode()
        if request.headers.get("authorization") not in (f"Bearer token-{self.tokens}", f"Basic {key}"):
            return fault(401, "The access token provided has expired or is invalid.")
        parts = request.path.split("/")[2:]
        if parts[0] == "contacts":
            return self.contacts(request, parts[1:])
        if parts == ["segments"]:
            return Answer(200, {"total": 1, "lists": {"5": {"id": 5, "name": "Loyal"}}})
        if parts[:2] == ["segments", "5"]:
            return self.members(request, parts[2:])
        return fault(404, "Item was not found.")

    def token(self, form) -> Answer:
        if (form["grant_type"], form["client_id"], form["client_secret"]) != (
            "client_credentials",
            "1_client",
            "secret-1",
        ):
            return Answer(400, {"error": "invalid_client", "error_description": "The client credentials are invalid"})
        self.tokens += 1
        return Answer(
            200, {"access_token": f"token-{self.tokens}", "expires_in": 3600, "token_type": "bearer", "scope": None}
        )

    def expire(self) -> None:
        self.tokens += 1

    def contacts(self, request, tail) -> Answer:
        if not tail:
            text = request.query["search"][0].partition(":")[2].lower()
            matches = {
                str(i): self.page_of(i)
                for i, p in self.people.items()
                if text in str(p["fields"].get(self.unique, "")).lower()
            }
            return Answer(200, {"total": len(matches), "contacts": matches or []})
        if tail == ["batch", "delete"]:
            return self.delete([int(i) for i in request.query["ids"][0].split(",")])
        rows = request.json()
        if len(rows) > 200:
            return fault(500, "The batch limit of 200 has been exceeded.")
        outcomes = {at: self.save(row, "edit" in tail) for at, row in enumerate(rows)}
        return self.batch_reply(outcomes, 200 if "edit" in tail else 201)

    def save(self, row, edit):
        """A contact's id and code, or an error."""
        if row.get("email") in self.poison:
            return {
                "code": 400,
                "message": f"email: {row['email']} is not a valid email address.",
                "details": {},
                "type": None,
            }
        same = next(
            (
                i
                for i, p in self.people.items()
                if str(p["fields"].get(self.unique)).lower() == str(row.get(self.unique)).lower()
            ),
            None,
        )
        own = int(row["id"]) if edit else same
        if edit and own not in self.people:
            return {"code": 404, "message": "Item was not found.", "type": "api"}
        if same not in (None, own):  # edited to what another is: the two become one
            self.people.pop(same)
            if same in self.segment:
                self.segment = self.segment - {same} | {own}
        created = own is None
        own = next(self.ids) if created else own
        person = self.people.setdefault(own, {"fields": {}, "doNotContact": []})
        blank = row.get("overwriteWithBlank")
        for name, value in row.items():
            if name not in ("id", "overwriteWithBlank", "doNotContact") and (blank or value not in ("", None)):
                person["fields"][name] = value
        if "doNotContact" in row:
            person["doNotContact"] = [d for d in row["doNotContact"] if d.get("reason")]
        return own, 201 if created else 200

    def batch_reply(self, outcomes, status) -> Answer:
        good = {at: self.page_of(outcome[0]) for at, outcome in outcomes.items() if isinstance(outcome, tuple)}
        errors = {at: outcome for at, outcome in outcomes.items() if isinstance(outcome, dict)}
        codes = {at: outcome[1] if isinstance(outcome, tuple) else outcome["code"] for at, outcome in outcomes.items()}
        content = {"contacts": as_php(good), "statusCodes": as_php(codes)} | (
            {"errors": as_php(errors)} if errors else {}
        )
        return Answer(status, content)

    def page_of(self, contact_id):
        person = self.people[contact_id]
        return {
            "id": contact_id,
            "fields": {"core": {}, "all": {"id": contact_id, **person["fields"]}},
            "doNotContact": person["doNotContact"],
        }

    def delete(self, ids) -> Answer:
        ids_here = [i for i in ids if i in self.people]
        for contact_id in ids_here:
            del self.people[contact_id]
            self.segment.discard(contact_id)
        return Answer(200, {"contacts": [{"id": None} for _ in ids_here]})

    def members(self, request, tail) -> Answer:
        if tail == ["contacts", "add"]:
            ids = request.json()["ids"]
            self.segment |= set(ids) & self.people.keys()
            return Answer(200, {"success": 1, "details": {str(i): {"success": i in self.people} for i in ids}})
        contact_id = int(tail[1])
        if contact_id not in self.people:
            return fault(404, "Item was not found.")
        self.segment.discard(contact_id)
        return Answer(200, {"success": 1})

    def carries(self, request: Request) -> bool:
        return request.method != "GET" and request.path.startswith("/api/")

    def audience(self) -> set[str]:
        return {self.people[i]["fields"]["email"] for i in self.segment}

    def values(self, email):
        return next((dict(p["fields"]) for p in self.people.values() if p["fields"].get("email") == email), {})


def as_php(rows):
    """json_encode writes an array with keys 0, 1, … as a list, and any other as an object."""
    return (
        [rows[at] for at in sorted(rows)]
        if sorted(rows) == list(range(len(rows)))
        else {str(at): v for at, v in rows.items()}
    )


def fault(status, message) -> Answer:
    return Answer(status, {"errors": [{"message": message, "code": status, "type": None}]})
