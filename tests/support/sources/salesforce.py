"""Salesforce's REST API, by its developer guide: client credentials, queries in SOQL, deleted rows by queryAll."""

import re
from datetime import date, datetime
from typing import Any

from support.sources.server import Answer, Request, Vendor, first

VERSION = "/services/data/v62.0/"
SOQL = re.compile(
    r"SELECT (?P<fields>[\w, ]+) FROM (?P<object>\w+)(?: WHERE (?P<field>\w+) (?P<sign>>=|>) (?P<value>\S+))?"
    r"(?: ORDER BY (?P<order>\w+))?"
)
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z")  # without quotes; no more than milliseconds
AT = "2026-02-15T10:00:00.000+0000"
NIGHT = "2026-03-02T20:00:00.000+0000"
COMMON = {"Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp"}
ADDRESS = {"City", "State", "PostalCode", "Country"}
PERSON = {"FirstName", "LastName", "Email", "Phone", "LeadSource", "HasOptedOutOfEmail"}
FIELDS = {
    "Contact": COMMON | PERSON | {"AccountId", "Birthdate", "MasterRecordId"} | {f"Mailing{part}" for part in ADDRESS},
    "Lead": COMMON | PERSON | ADDRESS | {
        "Company", "Status", "IsConverted", "ConvertedContactId", "ConvertedAccountId"},
    "Account": COMMON | {
        "Name", "Website", "Industry", "NumberOfEmployees", "AnnualRevenue", "BillingCountry", "OwnerId",
        "ParentId"},
    "Opportunity": COMMON | {
        "AccountId", "ContactId", "Name", "StageName", "Amount", "IsClosed", "IsWon", "CloseDate"},
}  # fmt: skip


def error(status: int, code: str, message: str) -> Answer:
    return Answer(status, [{"message": message, "errorCode": code}])


LIMIT = error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


class Api(Vendor):
    connector = "salesforce"
    secrets = {"FAIRLEAD_{SOURCE}_CLIENT": "3MVG9right", "FAIRLEAD_{SOURCE}_SECRET": "right-secret"}
    refusal = error(401, "INVALID_SESSION_ID", "Session expired or invalid")
    batch = 2  # rows an answer; 2,000 at most, and fewer where the vendor likes

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in FIELDS}
        self.tokens: set[str] = set()
        self.issued = 0
        self.results: dict[str, list[dict[str, Any]]] = {}
        self._fill()

    def _fill(self) -> None:
        self.put("Account", "001A", Name="Bakers Ltd", Website="https://www.Bakers.example/shop", AnnualRevenue=5e6,
                 ParentId="001G")  # fmt: skip
        for number, name in enumerate(["ann", "ben", "cat"], 1):
            self.put("Contact", f"003{number}", FirstName=name.title(), LastName="Smith", Email=f"{name}@example.com",
                     AccountId="001A", HasOptedOutOfEmail=name == "ben", Birthdate="1990-02-28")  # fmt: skip
        self.put("Lead", "00Q1", LastName="Day", Email="dan@example.com", Status="Open - Not Contacted",
                 HasOptedOutOfEmail=False, IsConverted=False)  # fmt: skip
        self.put("Lead", "00Q2", LastName="Smith", Email="ann.old@example.com", Status="Closed - Converted",
                 HasOptedOutOfEmail=True, IsConverted=True, ConvertedContactId="0031")  # fmt: skip
        stages = [("Closed Won", True, True), ("Closed Lost", True, False), ("Prospecting", False, False)]
        for number, (stage, closed, won) in enumerate(stages, 1):
            self.put("Opportunity", f"006{number}", AccountId="001A", ContactId="0031", Name=f"Deal {number}",
                     StageName=stage, Amount=100.5 * number, IsClosed=closed, IsWon=won,
                     CloseDate="2026-02-20")  # fmt: skip

    # -- what happens there -----------------------------------------------------------------------------------------

    def put(self, kind: str, key: str, at: str = AT, **fields: Any) -> None:
        one = self.rows[kind].setdefault(key, dict.fromkeys(FIELDS[kind]) | {
            "Id": key, "IsDeleted": False, "CreatedDate": at})  # fmt: skip
        one |= fields | {"LastModifiedDate": at, "SystemModstamp": at}

    def delete(self, kind: str, key: str, at: str) -> None:
        """Into the bin, where it stays for fifteen days."""
        self.put(kind, key, at, IsDeleted=True)

    def expire(self) -> None:
        self.tokens.clear()

    def night(self) -> None:
        self.put("Contact", "0031", NIGHT, MailingCity="Leeds")
        self.put("Contact", "0034", NIGHT, LastName="Ford", Email="fay@example.com", HasOptedOutOfEmail=False)
        self.delete("Contact", "0032", NIGHT)
        self.put("Opportunity", "0063", NIGHT, StageName="Closed Won", IsClosed=True, IsWon=True)
        self.delete("Opportunity", "0062", NIGHT)
        self.put("Lead", "00Q1", NIGHT, IsConverted=True, ConvertedContactId="0033", HasOptedOutOfEmail=True)

    # -- what it answers --------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return request.path == "/services/oauth2/token" or given in self.tokens

    def answer(self, request: Request) -> Answer:
        return self._token(request.form()) if request.path == "/services/oauth2/token" else super().answer(request)

    def _token(self, form: dict[str, str]) -> Answer:
        if form.get("grant_type") != "client_credentials":
            return Answer(400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"})
        if (form.get("client_id"), form.get("client_secret")) != tuple(self.secrets.values()):
            return Answer(400, {"error": "invalid_client_id", "error_description": "client identifier invalid"})
        self.issued += 1
        self.tokens.add(f"00D!token{self.issued}")
        return Answer(200, {"access_token": f"00D!token{self.issued}", "instance_url": self.url,
                            "token_type": "Bearer", "issued_at": "1772000000000"})  # fmt: skip

    def read(self, request: Request) -> Answer:
        if request.path.startswith(f"{VERSION}query/"):
            locator, _, start = request.path.removeprefix(f"{VERSION}query/").rpartition("-")
            if locator not in self.results:
                return error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
            return self._part(locator, int(start))
        if request.path not in (f"{VERSION}query", f"{VERSION}queryAll"):
            return error(404, "NOT_FOUND", "The requested resource does not exist")
        return self._query(first(request, "q", ""), request.path.endswith("queryAll"))

    def _query(self, text: str, with_deleted: bool) -> Answer:
        query = SOQL.fullmatch(text)
        if not query or (query["value"] and not DATE_TIME.fullmatch(query["value"])):
            return error(400, "MALFORMED_QUERY", "unexpected token")
        kind, fields = query["object"], query["fields"].split(", ")
        if unknown := set(fields) - FIELDS.get(kind, set()):
            return error(400, "INVALID_FIELD", f"No such column '{sorted(unknown)[0]}' on entity '{kind}'.")
        since = (
            datetime.fromisoformat(query["value"]) if query["value"] else datetime.fromisoformat("1970-01-01T00:00Z")
        )
        rows = [r for r in self.rows[kind].values() if datetime.fromisoformat(r[query["field"]]) >= since]
        rows = sorted((r for r in rows if with_deleted or not r["IsDeleted"]), key=lambda r: r[query["order"]])
        locator = f"01g{len(self.results)}"
        self.results[locator] = [
            {"attributes": {"type": kind, "url": f"{VERSION}sobjects/{kind}/{r['Id']}"}, **{f: r[f] for f in fields}}
            for r in rows
        ]
        return self._part(locator, 0)

    def _part(self, locator: str, start: int) -> Answer:
        rows, end = self.results[locator], start + self.batch
        more = {"nextRecordsUrl": f"{VERSION}query/{locator}-{end}"} if end < len(rows) else {}
        return Answer(200, {"totalSize": len(rows), "done": not more, "records": rows[start:end]} | more)

    def expected(self) -> dict[str, Any]:
        """After the night."""
        ann, cat = "id:salesforce:0031", "id:salesforce:0033"
        return {
            "people": [
                {"person_ref": ann, "email": "ann@example.com", "city": "Leeds", "birth_date": date(1990, 2, 28)},
                {"person_ref": cat, "email": "cat@example.com", "account_key": "salesforce:001A"},
                {"person_ref": cat, "email": "dan@example.com", "lifecycle": "contact"},
                {"person_ref": ann, "email": "ann.old@example.com", "lead_status": "closed - converted"},
                {"email": "fay@example.com", "last_name": "Ford", "lifecycle": "contact"},
            ],
            "accounts": [
                {
                    "account_key": "salesforce:001A",
                    "domain": "bakers.example",
                    "annual_revenue": 5e6,
                    "parent_account_key": "salesforce:001G",
                }
            ],
            "deals": [
                {"deal_key": "salesforce:0061", "person_ref": ann, "status": "won", "amount": 100.5},
                {"deal_key": "salesforce:0063", "status": "won", "closed_at": datetime(2026, 2, 20)},
            ],
            "consents": [  # of the deleted one too
                {"email": "ben@example.com", "status": "withdrawn", "occurred_at": None},
                {"email": "ann.old@example.com", "person_ref": ann, "status": "withdrawn"},
                {"email": "dan@example.com", "person_ref": cat, "status": "withdrawn"},
            ],
        }
