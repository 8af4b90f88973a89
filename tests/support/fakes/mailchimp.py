"""Mailchimp as its reference and its recorded answers show it: one audience, its members by MD5 of the address, tags as
static segments.

Failures of a batch stand in a 200, by address in the case it was sent in. A batch that does not update leaves a member
alone; one that does would re-subscribe. What a tag is already is told as an error as well.
"""

import base64
import hashlib
import re
import uuid

from support.fakes.server import Answer, Fake, Request

KEY = "0123456789abcdef0123456789abcdef-us6"
BATCH = 500


def name_of(email):
    return hashlib.md5(email.lower().encode()).hexdigest()


class Vendor(Fake):
    channel = "mailchimp"
    description = "mailchimp"
    environment = {"FAIRLEAD_MAILCHIMP_API_KEY": KEY}
    options = {"list_id": "a36b032126"}
    fields = {"email": "email", "FNAME": "first_name", "VALUE": "value"}

    def __init__(self):
        super().__init__()
        self.members = {}  # MD5 -> member
        self.tags = {}  # id -> [name, MD5s]
        self.forgotten = set()
        self.compliance = set()  # addresses that bounced or complained once, and are no members now
        self.unnamed = set()  # addresses that a batch's answer passes over

    def answer(self, request: Request) -> Answer:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind != "Basic" or base64.b64decode(secret).decode().partition(":")[2] != KEY:
            return problem(
                401,
                "API Key Invalid",
                "Your API key may be invalid, or you've attempted to access the wrong datacenter.",
            )
        path = re.fullmatch(r"/3\.0/lists/a36b032126(/.*)?", request.path)
        if not path:
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        call, content = f"{request.method} {path[1] or '/'}", request.json() if request.body else {}
        if call == "GET /":
            return Answer(200, {"id": "a36b032126", "name": "Shop"})
        if call == "POST /":
            return self.batch(request, content)
        if call == "GET /tag-search":
            match = [
                {"id": i, "name": name}
                for i, (name, _) in self.tags.items()
                if name.startswith(request.query["name"][0])
            ]
            return Answer(200, {"tags": match, "total_items": len(match)})
        if call == "POST /segments":
            self.tags[900 + len(self.tags)] = [content["name"], set()]
            return Answer(
                200, {"id": 899 + len(self.tags), "name": content["name"], "type": "static", "member_count": 0}
            )
        if match := re.fullmatch(r"POST /segments/(\d+)", call):
            return self.mark(self.tags[int(match[1])][1], content)
        if match := re.fullmatch(r"(PUT|PATCH) /members/(\w{32})", call):
            return self.put(match[1], match[2], content)
        if match := re.fullmatch(r"POST /members/(\w{32})/actions/delete-permanent", call):
            return self.forget(match[1])
        return problem(404, "Resource Not Found", "The requested resource could not be found.")

    def batch(self, request, content) -> Answer:
        people, update = content["members"], content.get("update_existing", False)
        if len(people) > BATCH:
            return problem(400, "Invalid Resource", "You may only batch sub/unsub 500 members at a time.")
        addresses = [p["email_address"].lower() for p in people]
        if len(set(addresses)) < len(addresses) and request.query.get("skip_duplicate_check") != ["true"]:
            return problem(400, "Invalid Resource", "Duplicate items found in members.")
        created, changed, errors = [], [], []
        for person in people:
            email = person["email_address"]
            if wrong := self.unfit(email, person):
                errors.append({"email_address": email, **wrong})
            elif name_of(email) in self.members and not update:
                error = (
                    f"{email} is already a list member, do you want to update? please provide "
                    f"update_existing:true in the request body"
                )
                errors.append(
                    {
                        "email_address": email,
                        "error": error,
                        "error_code": "ERROR_CONTACT_EXISTS",
                        "field": "",
                        "field_message": "",
                    }
                )
            elif name_of(email) in self.members:
                changed.append(self.keep(name_of(email), person, person.get("status")))
            else:
                created.append(self.keep(name_of(email), person, person["status"]))
        created = [m for m in created if m["email_address"] not in self.unnamed]
        counts = {"total_created": len(created), "total_updated": len(changed), "error_count": len(errors)}
        return Answer(200, {"new_members": created, "updated_members": changed, "errors": errors, **counts})

    def unfit(self, email, person):
        if email.lower() in {p.lower() for p in self.poison}:
            return {
                "error": f"{email} looks fake or invalid, please enter a real email address.",
                "error_code": "ERROR_GENERIC",
                "field": "",
                "field_message": "",
            }
        if email in self.compliance:
            error = (
                f"{email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be "
                f"subscribed."
            )
            return {"error": error, "error_code": "ERROR_GENERIC", "field": "", "field_message": ""}
        if name_of(email) in self.forgotten:
            return {
                "error": f"{email} was permanently deleted and cannot be re-imported.",
                "error_code": "ERROR_GENERIC",
                "field": "",
                "field_message": "",
            }
        if isinstance(person.get("merge_fields", {}).get("VALUE"), str) and person["merge_fields"]["VALUE"]:
            return {
                "error": "Your merge fields were invalid.",
                "error_code": "ERROR_GENERIC",
                "field": "VALUE",
                "field_message": "Please enter a number",
            }
        return None

    def keep(self, name, content, status):
        member = self.members.setdefault(name, {"merge_fields": {}, "status": status})
        if status:
            member["status"] = status
        member["merge_fields"] |= {k: v for k, v in content.get("merge_fields", {}).items() if v is not None}
        member |= {k: content[k] for k in ("email_address", "language", "vip") if k in content}
        return {"id": name, **member}

    def put(self, method, name, content) -> Answer:
        email = content.get("email_address")
        if wrong := self.unfit(email, content):
            title = "Member In Compliance State" if email in self.compliance else "Invalid Resource"
            errors = [{"field": wrong["field"], "message": wrong["field_message"]}] if wrong["field"] else []
            return problem(400, title, wrong["error"], **({"errors": errors} if errors else {}))
        if method == "PATCH" and name not in self.members:
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        new_name = name_of(email)
        if new_name != name and new_name in self.members:
            return problem(
                400, "Member Exists", f"{email} is already a list member. Use PUT to insert or update list members."
            )
        if new_name != name and name in self.members:
            self.members[new_name] = self.members.pop(name)
            for _, inside in self.tags.values():
                if name in inside:
                    inside.symmetric_difference_update({name, new_name})
        status = content.get("status") or (content.get("status_if_new") if new_name not in self.members else None)
        return Answer(200, self.keep(new_name, content, status))

    def mark(self, inside, content) -> Answer:
        errors = []
        for email in content.get("members_to_add", []):
            if name_of(email) in inside:
                errors.append({"email_addresses": [email], "error": "Email address already in segment"})
            elif email in self.unnamed:
                errors.append({"email_addresses": [email], "error": "The tag could not be set"})
            elif name_of(email) in self.members:
                inside.add(name_of(email))
        for email in content.get("members_to_remove", []):
            if name_of(email) not in inside:
                errors.append({"email_addresses": [email], "error": "Email address is not in the segment"})
            inside.discard(name_of(email))
        if max(len(content.get(k, [])) for k in ("members_to_add", "members_to_remove")) > BATCH:
            return problem(400, "Invalid Resource", "At most 500 members.")
        return Answer(200, {"members_added": [], "members_removed": [], "errors": errors, "error_count": len(errors)})

    def forget(self, name) -> Answer:
        if name not in self.members:
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        del self.members[name]
        self.forgotten.add(name)
        for _, inside in self.tags.values():
            inside.discard(name)
        return Answer(204)

    # -- what the tests ask -------------------------------------------------------------------------------------------

    def carries(self, request: Request) -> bool:
        return request.method in ("POST", "PUT", "PATCH") and not request.path.endswith("/segments")

    def tagged(self, tag) -> set[str]:
        inside = next((names for name, names in self.tags.values() if name == tag), set())
        return {self.members[name]["email_address"] for name in inside}

    def audience(self) -> set[str]:
        return self.tagged("loyal")

    def values(self, email):
        member = self.members.get(name_of(email))
        return {"email": member["email_address"], **member["merge_fields"]} if member else {}


def problem(status, title, detail, **more) -> Answer:
    content = {
        "type": "https://mailchimp.com/developer/marketing/docs/errors/",
        "title": title,
        "status": status,
        "detail": detail,
    }
    return Answer(
        status,
        {**content, "instance": str(uuid.uuid4()), **more},
        {"Content-Type": "application/problem+json; charset=utf-8"},
    )
