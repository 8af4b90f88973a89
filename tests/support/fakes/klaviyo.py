"""Klaviyo as its reference describes it (revision 2026-07-15): profiles known by id, external id, address or number;
import jobs.

A bulk request is checked as a whole: one malformed address and nothing of it is taken (400, a pointer for each). What
is found only when the job runs stands in its import errors. The import passes over nulls; the one-profile operation
heeds them.
"""

import json
import re

from support.fakes.server import Answer, Fake, Request

KEY = "pk_klaviyo_test_key"
OWN = ("email", "phone_number", "external_id", "first_name", "last_name", "organization", "locale", "title", "image")


class Vendor(Fake):
    channel = "klaviyo"
    description = "klaviyo"
    environment = {"FAIRLEAD_KLAVIYO_API_KEY": KEY}
    options = {"list_id": "LIST01"}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}

    def __init__(self):
        super().__init__()
        self.profiles = {}  # id -> attributes
        self.consents = {}  # id -> the subscriptions object's email.marketing
        self.lists = {"LIST01": set()}
        self.jobs = {}
        self.events = []
        self.erased = []
        self.malformed = set()  # addresses that the check of a bulk request refuses at once
        self.polls = 2  # how often a job says that it is not done
        self.names_rows = "pointer"  # how an import error names its row: pointer, payload, or nothing
        self.per_minute = {}  # path -> calls until it says 429, once

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Klaviyo-API-Key {KEY}":
            return refusal(401, "not_authenticated", "Authentication credentials were not provided.")
        if request.headers.get("revision") != "2026-07-15":
            return refusal(400, "invalid", "A revision is needed.")
        if request.body and request.headers.get("content-type") != "application/vnd.api+json":
            return refusal(415, "unsupported", "Unsupported media type")
        if len(request.body) > 5 * 1024 * 1024:
            return refusal(413, "too_large", "Payload too large")
        if self.per_minute.get(request.path, 1) == 0:
            del self.per_minute[request.path]
            return Answer(
                429,
                {"errors": [{"id": "1", "status": 429, "code": "throttled", "title": "", "detail": ""}]},
                {"Retry-After": "1"},
            )
        if request.path in self.per_minute:
            self.per_minute[request.path] -= 1
        reply = self.route(request)
        reply.headers |= {"RateLimit-Limit": "150", "RateLimit-Remaining": "149", "RateLimit-Reset": "42"}
        reply.headers["Content-Type"] = "application/vnd.api+json"
        return reply

    def route(self, request: Request) -> Answer:
        call, content = f"{request.method} {request.path}", json.loads(request.body or b"null")
        if call == "POST /api/profile-bulk-import-jobs":
            return self.import_profiles(content["data"])
        if call == "POST /api/profile-import":
            return self.import_one(content["data"])
        if call == "GET /api/profiles":
            return self.search(request)
        if call == "POST /api/profile-subscription-bulk-create-jobs":
            return self.subscribe(content["data"])
        if call == "POST /api/event-bulk-create-jobs":
            return self.record(content["data"]["attributes"]["events-bulk-create"]["data"])
        if call == "POST /api/data-privacy-deletion-jobs":
            return self.forget(content["data"]["attributes"]["profile"]["data"])
        if call == "GET /api/accounts":
            return Answer(200, {"data": [], "links": {}})
        if match := re.fullmatch(r"GET /api/profile-bulk-import-jobs/(\w+)", call):
            return self.job(match[1])
        if match := re.fullmatch(r"GET /api/profile-bulk-import-jobs/(\w+)/import-errors", call):
            return self.page(request, self.jobs[match[1]]["errors"])
        if match := re.fullmatch(r"(GET|DELETE) /api/lists/(\w+)(/relationships/profiles)?", call):
            return self.of_list(match[1], match[2], content)
        return refusal(404, "not_found", "Not found.")

    # -- imports ------------------------------------------------------------------------------------------------------

    def import_profiles(self, data) -> Answer:
        people = data["attributes"]["profiles"]["data"]
        lists = [one["id"] for one in data.get("relationships", {}).get("lists", {}).get("data", [])]
        if len(people) > 10_000:
            return refusal(400, "invalid", "Too many profiles.", "/data/attributes/profiles/data")
        for one in lists:
            if one not in self.lists:
                return refusal(400, "invalid", f"List ID {one} does not exist.", "/data")
        if wrong := self.malformed_rows(people):
            return wrong
        name = f"JOB{len(self.jobs)}"
        self.jobs[name] = {"people": people, "lists": lists, "asked": 0, "errors": [], "status": "queued"}
        return Answer(202, {"data": self.job_page(name)})

    def malformed_rows(self, people) -> Answer | None:
        wrong = [i for i, p in enumerate(people) if p["attributes"].get("email") in self.malformed]
        none = [i for i, p in enumerate(people) if not p.get("id") and not any(p["attributes"].get(k) for k in OWN[:3])]
        if not wrong and not none:
            return None
        errors = [
            error(
                400, "invalid", "is not a valid email address", f"/data/attributes/profiles/data/{i}/attributes/email"
            )
            for i in wrong
        ]
        errors += [
            error(400, "invalid", "An identifier is needed", f"/data/attributes/profiles/data/{i}/attributes")
            for i in none
        ]
        return Answer(400, {"errors": errors})

    def job_page(self, name):
        job = self.jobs[name]
        counts = {"total_count": len(job["people"]), "failed_count": len({e["row"] for e in job["errors"]})}
        return {
            "type": "profile-bulk-import-job",
            "id": name,
            "links": {"self": f"{self.url}/api/profile-bulk-import-jobs/{name}"},
            "attributes": {"status": job["status"], "created_at": "2026-01-15T00:00:00+00:00", **counts},
        }

    def job(self, name) -> Answer:
        if name not in self.jobs:
            return refusal(404, "not_found", "A job with this id does not exist.")
        job = self.jobs[name]
        job["asked"] += 1
        if job["status"] in ("queued", "processing"):
            job["status"] = "processing" if job["asked"] <= self.polls else "complete"
            if job["status"] == "complete":
                self.run(job)
        return Answer(200, {"data": self.job_page(name)})

    def run(self, job):
        for row, person in enumerate(job["people"]):
            wrong = "is on no server" if person["attributes"].get("email") in self.poison else None
            profile_id = None if wrong else self.upsert(person, heeds_null=False)
            if profile_id is None:
                source = (
                    {"pointer": f"/data/attributes/profiles/data/{row}/attributes/email"}
                    if self.names_rows == "pointer"
                    else {"pointer": "/data"}
                )
                payload = {"original_payload": person["attributes"]} if self.names_rows == "payload" else {}
                attributes = {
                    "code": "invalid" if wrong else "duplicate_profile",
                    "title": "Invalid input",
                    "detail": str(wrong),
                    "source": source,
                    **payload,
                }
                job["errors"].append({"row": row, "type": "import-error", "id": f"e{row}", "attributes": attributes})
            for name in job["lists"] if profile_id else []:
                self.lists[name].add(profile_id)

    def upsert(self, person, heeds_null):
        """The profile's id; None where its identifiers belong to two profiles."""
        attributes = person["attributes"]
        ids = [
            i
            for key in ("external_id", "email", "phone_number")
            if attributes.get(key)
            for i in self.ids_of(key, attributes[key])
        ]
        email = self.ids_of("email", attributes["email"]) if attributes.get("email") else []
        if ids and email and email[0] != ids[0]:
            return None
        name = person.get("id") or (ids[0] if ids else f"01PROFILE{len(self.profiles):06d}")
        profile = self.profiles.setdefault(name, {"properties": {}, "location": {}})
        for key, value in attributes.items():
            if key in ("properties", "location"):
                profile[key] |= {k: v for k, v in value.items() if v is not None or heeds_null}
            elif value is not None or heeds_null:
                profile[key] = value
        for key in person.get("meta", {}).get("patch_properties", {}).get("unset", []):
            profile["properties"].pop(key, None)
        return name

    def import_one(self, data) -> Answer:
        if data["attributes"].get("email") in self.malformed | self.poison:
            return refusal(400, "invalid", "is not a valid email address", "/data/attributes/email")
        name = self.upsert(data, heeds_null=True)
        if name is None:
            return refusal(409, "duplicate_profile", "A profile already exists with one of these identifiers.")
        return Answer(200, {"data": {"type": "profile", "id": name, "attributes": {}}})

    # -- look-ups -----------------------------------------------------------------------------------------------------

    def ids_of(self, key, value):
        return [i for i, profile in self.profiles.items() if str(profile.get(key) or "").lower() == str(value).lower()]

    def search(self, request: Request) -> Answer:
        key, values = re.fullmatch(r"any\((\w+),(\[.*\])\)", request.query["filter"][0]).groups()
        values = json.loads(values)
        if len(values) > 100 or len(request.query["filter"][0]) > 8_000:
            return refusal(400, "invalid", "too many values in the filter")
        ids = [i for value in values for i in self.ids_of(key, value)]
        field_names = request.query["fields[profile]"][0].split(",")
        consent = request.query.get("additional-fields[profile]") == ["subscriptions"]
        profiles = []
        for i in ids:
            subscriptions = (
                {"subscriptions": {"email": {"marketing": self.consents.get(i, {"consent": "NEVER_SUBSCRIBED"})}}}
                if consent
                else {}
            )
            attributes = {
                k: v for k, v in {**dict.fromkeys(OWN), **self.profiles[i], **subscriptions}.items() if k in field_names
            }
            profiles.append({"type": "profile", "id": i, "attributes": attributes})
        return self.page(request, profiles)

    def page(self, request: Request, items) -> Answer:
        size, at = int(request.query["page[size]"][0]), int(request.query.get("page[cursor]", ["0"])[0])
        following = f"{self.url}{request.path}?page%5Bcursor%5D={at + size}" if at + size < len(items) else None
        return Answer(200, {"data": items[at : at + size], "links": {"self": self.url, "next": following}})

    # -- lists, consent, events, erasure ------------------------------------------------------------------------------

    def of_list(self, method, name, content) -> Answer:
        if name not in self.lists:
            return refusal(404, "not_found", f"A list with id {name} does not exist.")
        if method == "GET":
            return Answer(200, {"data": {"type": "list", "id": name, "attributes": {"name": "Loyal"}}})
        if len(content["data"]) > 1000:
            return refusal(400, "invalid", "At most 1000 profiles.")
        self.lists[name] -= {one["id"] for one in content["data"]}
        return Answer(204)

    def subscribe(self, data) -> Answer:
        people = data["attributes"]["profiles"]["data"]
        if len(people) > 1000:
            return refusal(400, "invalid", "At most 1000 profiles.")
        if wrong := self.malformed_rows(people):
            return wrong
        for one in people:
            name = self.upsert({"attributes": {"email": one["attributes"]["email"]}}, heeds_null=False)
            self.consents[name] = {"consent": "SUBSCRIBED", "suppression": []}
            self.lists[data["relationships"]["list"]["data"]["id"]].add(name)
        return Answer(202)

    def record(self, items) -> Answer:
        if len(items) > 1000:
            return refusal(400, "invalid", "At most 1000 events.")
        wrong = [
            i
            for i, e in enumerate(items)
            if e["attributes"]["profile"]["data"]["attributes"].get("email") in self.malformed
        ]
        if wrong:
            where = "/data/attributes/events-bulk-create/data/{}/attributes/profile/data/attributes/email"
            return Answer(
                400, {"errors": [error(400, "invalid", "is not a valid email address", where.format(i)) for i in wrong]}
            )
        for item in items:
            who = item["attributes"]["profile"]["data"]["attributes"]
            for event in item["attributes"]["events"]["data"]:
                attributes = event["attributes"]
                same = (attributes["unique_id"], attributes["metric"]["data"]["attributes"]["name"], who)
                if same not in [e["same"] for e in self.events]:
                    self.events.append({"same": same, **attributes})
        return Answer(202)

    def forget(self, person) -> Answer:
        if person.get("id") not in self.profiles:
            return refusal(404, "not_found", "A profile with this id does not exist.")
        self.erased.append(person["id"])
        del self.profiles[person["id"]]
        for members in self.lists.values():
            members.discard(person["id"])
        return Answer(202)

    # -- what the tests ask -------------------------------------------------------------------------------------------

    def carries(self, request: Request) -> bool:
        return request.method != "GET"

    def audience(self) -> set[str]:
        return {self.profiles[i].get("email") for i in self.lists["LIST01"]}

    def values(self, email):
        profile = next((p for p in self.profiles.values() if p.get("email") == email), {})
        return (
            {
                "email": email,
                "first_name": profile.get("first_name"),
                "value": profile.get("properties", {}).get("value"),
            }
            if profile
            else {}
        )


def error(status, code, detail, pointer="/data"):
    return {
        "id": "752f7ece",
        "status": status,
        "code": code,
        "title": "Invalid input.",
        "detail": detail,
        "source": {"pointer": pointer},
    }


def refusal(status, code, detail, pointer="/data") -> Answer:
    return Answer(status, {"errors": [error(status, code, detail, pointer)]})
