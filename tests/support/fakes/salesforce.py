"""Salesforce as its documentation describes it: OAuth, Bulk 2.0 ingest, sObject collections, SOQL as far as it is asked
here.
"""

import csv
import io
import itertools
import re
import time

import jwt
from support.fakes.keys import pem, rsa_key
from support.fakes.server import Answer, Fake, Request

USAGE = {"Sforce-Limit-Info": "api-usage=8401/15000"}
CAMPAIGN = "7014S00000097HcQAI"
FIELDS = {
    "Id",
    "Email",
    "FirstName",
    "LastName",
    "Value__c",
    "Fairlead_Id__c",
    "In_Audience__c",
    "Customer__c",
    "Company",
    "HasOptedOutOfEmail",
}
REQUIRED = {"Contact": ["LastName"], "Lead": ["LastName", "Company"]}


class Vendor(Fake):
    channel = "salesforce"
    description = "salesforce"
    environment = {
        "FAIRLEAD_SALESFORCE_CLIENT_ID": "consumer-key-1",
        "FAIRLEAD_SALESFORCE_PRIVATE_KEY": pem(rsa_key()),
    }
    refreshing = {
        "FAIRLEAD_SALESFORCE_CLIENT_ID": "consumer-key-1",
        "FAIRLEAD_SALESFORCE_CLIENT_SECRET": "consumer-secret-1",
        "FAIRLEAD_SALESFORCE_REFRESH_TOKEN": "5Aep-refresh-1",
    }
    account = {"username": "fairlead@example.com"}
    options = {"campaign_id": CAMPAIGN}
    fields = {"Email": "email", "FirstName": "first_name", "LastName": "last_name", "Value__c": "value"}

    def __init__(self):
        super().__init__()
        self.tokens = 0
        self.people = {"Contact": {}, "Lead": {}}  # id -> fields
        self.members = {}  # id -> {CampaignId, ContactId or LeadId, Status}
        self.jobs = {}
        self.ids = itertools.count(1)
        self.polls = 1  # how often a closed job is InProgress before it is over
        self.unprocessed = 0  # how many rows of the next job are never come to

    def answer(self, request: Request) -> Answer:
        if request.path == "/services/oauth2/token":
            return self.token(request.form())
        if request.headers.get("authorization") != f"Bearer 00D-session-{self.tokens}":
            return fault(401, "INVALID_SESSION_ID", "Session expired or invalid")
        match = re.fullmatch(r"/services/data/v\d+\.\d/(.*)", request.path)
        tail = match[1] if match else ""
        if tail.startswith("jobs/ingest"):
            return self.ingest(request, *tail.split("/")[2:])
        if tail.startswith("composite/sobjects"):
            return self.collection(request, *tail.split("/")[2:])
        if tail == "query":
            return self.query(request.query["q"][0])
        return fault(404, "NOT_FOUND", "The requested resource does not exist")

    def token(self, form) -> Answer:
        if form["grant_type"] == "refresh_token":
            credentials = [form.get("client_id"), form.get("client_secret"), form.get("refresh_token")]
            good = credentials == list(self.refreshing.values())
        else:
            good = form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" and self.asserted(
                form["assertion"]
            )
        if not good:
            return Answer(400, {"error": "invalid_grant", "error_description": "not approved for access"})
        self.tokens += 1
        return Answer(
            200, {"access_token": f"00D-session-{self.tokens}", "instance_url": self.url, "token_type": "Bearer"}
        )

    def asserted(self, text) -> bool:
        """The certificate of the connected app is the key's own public half."""
        try:
            claims = jwt.decode(
                text, rsa_key().public_key(), algorithms=["RS256"], audience="https://login.salesforce.com"
            )
        except jwt.PyJWTError:
            return False
        soon = claims["exp"] - time.time() <= 300
        return soon and claims["iss"] == "consumer-key-1" and claims["sub"] == "fairlead@example.com"

    def expire(self) -> None:
        self.tokens += 1

    # -- records ------------------------------------------------------------------------------------------------------

    def save(self, sobject, external_id, row):
        """(id, created, error code, error text) of one upserted record; None clears."""
        if row.get("Email") in self.poison:
            return None, False, "INVALID_EMAIL_ADDRESS", f"Email: invalid email address: {row['Email']}"
        record = next(
            (
                r
                for r in self.people[sobject].values()
                if str(r.get(external_id)).lower() == str(row[external_id]).lower()
            ),
            None,
        )
        values = {name: value for name, value in row.items() if name != "attributes"}
        absent = [name for name in REQUIRED[sobject] if not (values.get(name, (record or {}).get(name)))]
        if absent:
            return None, False, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(absent)}]"
        created = record is None
        if created:
            record = {"Id": f"{'003' if sobject == 'Contact' else '00Q'}4S{next(self.ids):010d}AAA"}
            self.people[sobject][record["Id"]] = record
        for name, value in values.items():
            record.pop(name, None) if value is None else record.update({name: value})
        return record["Id"], created, None, None

    def join(self, row):
        kind = next(k for k in ("Contact", "Lead") if f"{k}Id" in row)
        if row["CampaignId"] != CAMPAIGN or row[f"{kind}Id"] not in self.people[kind]:
            return None, False, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"
        same = [i for i, m in self.members.items() if m.get(f"{kind}Id") == row[f"{kind}Id"]]
        if same:
            return (
                None,
                False,
                "DUPLICATE_VALUE",
                f"Already a campaign member. duplicates value on record with id: {same[0]}",
            )
        member_id = f"00v4S{next(self.ids):010d}AAA"
        self.members[member_id] = {k: v for k, v in row.items() if k != "attributes"}
        return member_id, True, None, None

    def remove(self, record_id):
        if record_id in self.members:
            del self.members[record_id]
            return None
        for kind, people in self.people.items():
            if people.pop(record_id, None):
                self.members = {i: m for i, m in self.members.items() if m.get(f"{kind}Id") != record_id}
                return None
        return "ENTITY_IS_DELETED"

    def collection(self, request, sobject=None, external_id=None) -> Answer:
        if request.method == "DELETE":
            ids = request.query["ids"][0].split(",")
            return Answer(200, [result(i, self.remove(i), "entity is deleted") for i in ids], USAGE)
        content = request.json()
        if len(content["records"]) > 200:
            return fault(400, "LIMIT_EXCEEDED", "The number of records exceeds 200")
        unknown = (
            {name for row in content["records"] for name in row}
            - FIELDS
            - {"attributes", "CampaignId", "ContactId", "LeadId", "Status"}
        )
        if unknown:
            return fault(400, "INVALID_FIELD", f"No such column '{unknown.pop()}' on sobject of type {sobject}")
        names = [row.get(external_id) for row in content["records"]]
        if external_id and len(set(names)) < len(names):
            return fault(400, "DUPLICATE_VALUE", "Duplicate external id specified")
        save = (lambda row: self.save(sobject, external_id, row)) if external_id else self.join
        saved_rows = [save(row) for row in content["records"]]
        return Answer(
            200,
            [
                result(i, code, text) | ({"created": is_created} if external_id and not code else {})
                for i, is_created, code, text in saved_rows
            ],
            USAGE,
        )

    def query(self, text) -> Answer:
        fields, sobject, where = re.fullmatch(
            r"SELECT (.*) FROM (\w+) WHERE (.*?)(?: LIMIT 1)?", text, re.DOTALL
        ).groups()
        unknown = {f.split(".")[-1] for f in fields.split(", ")} - FIELDS
        if unknown:
            return fault(400, "INVALID_FIELD", f"No such column '{unknown.pop()}' on entity '{sobject}'")
        values = [re.sub(r"\\(.)", r"\1", v).lower() for v in re.findall(r"'((?:[^'\\]|\\.)*)'", where)]
        column = where.split(" ")[0]
        if sobject == "CampaignMember":
            kind, name = column.split(".")
            rows = [
                {"Id": i, kind: {name: self.people[kind][m[f"{kind}Id"]].get(name)}}
                for i, m in self.members.items()
                if f"{kind}Id" in m
            ]
            rows = [row for row in rows if str(row[kind][name]).lower() in values]
        else:
            rows = [
                {f: r.get(f) for f in fields.split(", ")}
                for r in self.people[sobject].values()
                if str(r.get(column)).lower() in values
            ]
        return Answer(200, {"totalSize": len(rows), "done": True, "records": rows}, USAGE)

    # -- jobs ---------------------------------------------------------------------------------------------------------

    def ingest(self, request, job_id=None, part=None) -> Answer:
        if job_id is None:
            new_id = f"7504S{len(self.jobs):010d}AAA"
            self.jobs[new_id] = {
                **request.json(),
                "id": new_id,
                "state": "Open",
                "csv": "",
                "polls": self.polls,
                "told": {},
            }
            return Answer(200, public(self.jobs[new_id]), USAGE)
        job = self.jobs.get(job_id)
        if job is None:
            return fault(404, "NOT_FOUND", "The requested resource does not exist")
        if part == "batches":
            assert request.headers["content-type"].startswith("text/csv") and job["state"] == "Open"
            job["csv"] = request.body.decode()
            return Answer(201, None, USAGE)
        if request.method == "PATCH":
            job["state"] = request.json()["state"]
            if job["state"] == "UploadComplete":
                self.work(job)
            return Answer(200, public(job), USAGE)
        if part:
            return Answer(
                200,
                job["told"].get(part.replace("Records", "records"), "").encode(),
                {"Content-Type": "text/csv", **USAGE},
            )
        if job["state"] in ("UploadComplete", "InProgress"):
            job["state"] = "JobComplete" if job["polls"] <= 0 else "InProgress"
            job["polls"] -= 1
        return Answer(200, public(job), USAGE)

    def work(self, job):
        rows = list(csv.DictReader(io.StringIO(job["csv"], newline="")))
        unsent_rows, self.unprocessed = (rows[-self.unprocessed :] if self.unprocessed else []), 0
        delivered, failed = [], []
        for row in rows[: len(rows) - len(unsent_rows)]:
            cells = {k: None if v == "#N/A" else v for k, v in row.items() if v != ""}
            record_id, is_created, code, text = self.bulk_row(job, cells)
            if code:
                failed.append({"sf__Id": "", "sf__Error": f"{code}:{text}:--", **row})
            else:
                delivered.append({"sf__Id": record_id, "sf__Created": str(is_created).lower(), **row})
        job["told"] = {
            "successfulResults": table(delivered),
            "failedResults": table(failed),
            "unprocessedrecords": table(unsent_rows),
        }

    def bulk_row(self, job, values):
        if job["operation"] == "upsert":
            return self.save(job["object"], job["externalIdFieldName"], values)
        column = next(c for c in values if "." in c)
        kind, name = column.split(".")
        person = next((i for i, r in self.people[kind].items() if r.get(name) == values[column]), None)
        if person is None:
            return (
                None,
                False,
                "INVALID_FIELD",
                f"Foreign key external ID: {values[column]} not found for field {name} in entity {kind}",
            )
        return self.join({"CampaignId": values["CampaignId"], f"{kind}Id": person, "Status": values.get("Status")})

    # -- what the tests ask -------------------------------------------------------------------------------------------

    def carries(self, request: Request) -> bool:
        return "/composite/" in request.path or (request.method in ("PUT", "PATCH") and "/jobs/" in request.path)

    def audience(self) -> set[str]:
        return {
            self.people[k][m[f"{k}Id"]]["Email"] for m in self.members.values() for k in self.people if f"{k}Id" in m
        }

    def values(self, email):
        record = next((r for r in self.people["Contact"].values() if r.get("Email") == email), {})
        return {k: float(v) if k == "Value__c" else v for k, v in record.items()}


def result(record_id, code, text):
    if code:
        return {"success": False, "errors": [{"statusCode": code, "message": text, "fields": []}]}
    return {"id": record_id, "success": True, "errors": []}


def public(job):
    page = {name: value for name, value in job.items() if name not in ("csv", "told", "polls")}
    failed, delivered = (
        max(0, job["told"].get(part, "").count("\n") - 1) for part in ("failedResults", "successfulResults")
    )
    return {**page, "apiVersion": 62.0, "numberRecordsFailed": failed, "numberRecordsProcessed": failed + delivered}


def table(rows):
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def fault(status, code, message) -> Answer:
    return Answer(status, [{"errorCode": code, "message": message}], USAGE)
