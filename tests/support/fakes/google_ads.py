"""Google's Data Manager API as its documentation describes it: members by hashed keys, answers that come later, one
token server.

Keeps members as sets of keys, and finds them again by hashes made here from hand-normalised addresses.
"""

import json
import re
import secrets
from contextlib import contextmanager
from hashlib import sha256

import jwt
from support.fakes.keys import pem, rsa_key
from support.fakes.server import Answer, Fake, Request, serve

LIST, ACTION, CUSTOMER, MANAGER = "7001", "9001", "1234567890", "9876543210"
HEX = re.compile(r"[0-9a-f]{64}")
CREDENTIALS = json.dumps(
    {"type": "service_account", "client_email": "fairlead@example.iam.gserviceaccount.com",
     "private_key": pem(rsa_key()),
     "private_key_id": "k1", "token_uri": "https://oauth2.example.com/never-asked"}
)  # fmt: skip


class TokenServer(Fake):
    """oauth2.googleapis.com: takes assertions that are signed with the account's key, and refresh tokens."""

    def __init__(self):
        super().__init__()
        self.valid = set()

    def answer(self, request: Request) -> Answer:
        form = request.form()
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") == "refresh-1":
            return self.grant()
        try:
            claims = jwt.decode(form["assertion"], rsa_key().public_key(), ["RS256"], audience=self.url + "/token")
        except (KeyError, jwt.PyJWTError):
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        fine = claims["iss"].endswith("gserviceaccount.com") and claims["scope"].endswith("/auth/datamanager")
        return (
            self.grant() if fine and claims["exp"] - claims["iat"] <= 3600 else Answer(400, {"error": "invalid_scope"})
        )

    def grant(self) -> Answer:
        token = secrets.token_hex(8)
        self.valid.add(token)
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


class Vendor(Fake):
    channel = "google_ads"
    consent = "ads"
    description = "google/datamanager"
    environment = {"FAIRLEAD_GOOGLE_ADS_CREDENTIALS": CREDENTIALS}
    account = {"customer_id": "123-456-7890", "login_customer_id": MANAGER, "terms_accepted": True}
    options = {"destination_id": LIST}
    fields = {"email": "email", "phone": "phone", "first_name": "first_name", "country": "country"}

    def __init__(self):
        super().__init__()
        self.tokens = TokenServer()
        self.members = {}  # a key -> the member (a set of keys) that has it
        self.events = {}  # by transactionId
        self.statuses = {}  # request id -> [polls until done, status]
        self.names_records = True  # False: counts only, as Google did before it named the records

    def section(self):
        return {"url": self.url, "options": {**self.account, "token_url": self.tokens.url + "/token"}}

    @contextmanager
    def running(self, folder, check=None):
        with serve(self.tokens), serve(self, check):
            yield

    def expire(self):
        self.tokens.valid.clear()

    def carries(self, request: Request) -> bool:
        return request.method == "POST" and b'"validateOnly":true' not in request.body

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens.valid:
            return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if request.path == "/v1/requestStatus:retrieve":
            return self.status(request.query["requestId"][0])
        if (
            request.method == "GET"
            and request.path == f"/v1/accountTypes/GOOGLE_ADS/accounts/1234567890/userLists/{LIST}"
        ):
            sizes = {"searchNetworkMembersCount": str(len(self.members)), "displayNetworkMembersCount": "0"}
            return Answer(200, {"name": request.path[4:], "id": LIST, "sizeInfo": sizes})
        verbs = {
            "/v1/audienceMembers:ingest": self.ingest,
            "/v1/audienceMembers:remove": self.remove,
            "/v1/events:ingest": self.convert,
        }
        if request.path not in verbs:
            return error(404, "NOT_FOUND", "no such method")
        content = request.json()
        fault = self.fault(content, request.path)
        if fault:
            return error(400, "INVALID_ARGUMENT", fault)
        if content.get("validateOnly"):
            return Answer(200, {})
        failed = verbs[request.path](content)
        name = secrets.token_hex(6)
        self.statuses[name] = [
            1,
            self.outcome(
                content["destinations"][0],
                failed,
                len(content.get("audienceMembers", content.get("events"))),
                request.path.endswith("audienceMembers:ingest"),
            ),
        ]
        return Answer(200, {"requestId": name})

    def fault(self, content, path) -> str:
        """The fast-fail validation: one bad record and nothing of the request is done."""
        event = path.endswith("events:ingest")
        records = content.get("events" if event else "audienceMembers") or []
        if not 0 < len(records) <= (2000 if event else 10_000):
            return "TOO_MANY_AUDIENCE_MEMBERS" if records else "REQUIRED_FIELD_MISSING"
        for to in content["destinations"]:
            if (
                to["operatingAccount"] != {"accountType": "GOOGLE_ADS", "accountId": CUSTOMER}
                or to["loginAccount"]["accountId"] != MANAGER
            ):
                return "INVALID_DESTINATION"
            if to["productDestinationId"] != (ACTION if event else LIST):
                return "INVALID_USER_LIST_ID"
        adding = path.endswith("audienceMembers:ingest")
        if adding and content.get("termsOfService") != {"customerMatchTermsOfServiceStatus": "ACCEPTED"}:
            return "TERMS_AND_CONDITIONS_NOT_SIGNED"
        if content.get("encoding") != "HEX":
            return "INVALID_HEX_ENCODING"
        if len({next(iter(r)) for r in records if not event}) > 1:
            return "MULTIPLE_DATA_TYPES_NOT_ALLOWED"
        return next(
            (
                f"{'events' if event else 'audience_members'}[{at}]: {why}"
                for at, r in enumerate(records)
                if (why := bad(r, event))
            ),
            "",
        )

    def ingest(self, content) -> dict[int, str]:
        failed = {}
        for at, one in enumerate(content["audienceMembers"]):
            keys = frozenset(keys_of(one))
            if keys & hashes(self.poison):
                failed[at] = "INVALID_FORMAT"
            elif content["consent"]["adUserData"] != "CONSENT_GRANTED":
                failed[at] = "DENIED_CONSENT"
            else:
                self.drop(keys)
                self.members.update(dict.fromkeys(keys, keys))
        return failed

    def remove(self, content) -> dict[int, str]:
        for one in content["audienceMembers"]:
            self.drop(keys_of(one))
        return {}

    def drop(self, keys):
        """Whoever has one of the keys is out, with all their keys."""
        for key in list(keys):
            for other in self.members.get(key, ()):
                self.members.pop(other, None)

    def convert(self, content) -> dict[int, str]:
        self.events |= {e["transactionId"]: {**e, "consent": content["consent"]} for e in content["events"]}
        return {}

    def outcome(self, to, failed, records, ingesting):
        counts = [
            {"reason": f"PROCESSING_ERROR_REASON_{why}", "recordCount": str(list(failed.values()).count(why)),
             **({"recordIndices": [at for at, w in failed.items() if w == why]} if self.names_records else {})}
            for why in sorted(set(failed.values()))
        ]  # fmt: skip
        word = "SUCCESS" if not failed else "FAILED" if len(failed) == records else "PARTIAL_SUCCESS"
        matched = {"uploadMatchRateRange": "MATCH_RATE_RANGE_51_TO_60", "recordCount": str(records)}
        ingested = (
            {} if "eventSource" in to else {"audienceMembersIngestionStatus": {"userDataIngestionStatus": matched}}
        )
        return {
            "destination": to,
            "requestStatus": word,
            **ingested,
            **({"errorInfo": {"errorCounts": counts}} if counts else {}),
        }

    def status(self, name) -> Answer:
        if name not in self.statuses:
            return error(404, "NOT_FOUND", "no such request")
        polls_left, answer_of_one = self.statuses[name]
        self.statuses[name][0] = polls_left - 1
        if polls_left > 0:
            answer_of_one = {"destination": answer_of_one["destination"], "requestStatus": "PROCESSING"}
        return Answer(200, {"requestStatusPerDestination": [answer_of_one]})

    def audience(self) -> set[str]:
        return {addresses_by_key()[key] for key in self.members if key in addresses_by_key()}


def bad(record, event) -> str:
    if event and not (
        record.get("transactionId") and record.get("eventTimestamp", "").endswith("Z") and record.get("eventSource")
    ):
        return "REQUIRED_FIELD_MISSING"
    if not event and len(record) != 1:
        return "INVALID_AUDIENCE_MEMBER"
    identifiers = record.get("userData", {}).get("userIdentifiers", [])
    if not 0 < len(identifiers) <= 10 and not event and "userData" in record:
        return "TOO_MANY_USER_IDENTIFIERS"
    for one in identifiers:
        secret = [v for k, v in one.items() if k != "address"]
        address = one.get("address", {})
        if address and {"givenName", "familyName", "regionCode", "postalCode"} - set(address):
            return "REQUIRED_FIELD_MISSING"
        if not all(HEX.fullmatch(v) for v in [*secret, *(address[k] for k in ("givenName", "familyName") if address)]):
            return "INVALID_SHA256_FORMAT"
    return ""


def keys_of(member) -> set[str]:
    identifiers = member.get("userData", {}).get("userIdentifiers", [])
    keys = {json.dumps(v, sort_keys=True) if isinstance(v, dict) else v for one in identifiers for v in one.values()}
    return keys | set(member.get("mobileData", {}).get("mobileIds", [])) | set(member.get("userIdData", {}).values())


def error(status, word, message) -> Answer:
    return Answer(status, {"error": {"code": status, "status": word, "message": message}})


def hashes(addresses) -> set[str]:
    return {sha256(a.encode()).hexdigest() for a in addresses}


_ADDRESSES: dict[str, str] = {}


def addresses_by_key() -> dict[str, str]:
    """Hash -> address, of everybody in the tests; at example.com lower case is all that Google asks."""
    if not _ADDRESSES:
        everybody = [*(f"person{i}@example.com" for i in range(3000)), "moved@example.com"]
        _ADDRESSES.update({sha256(a.encode()).hexdigest(): a for a in everybody})
    return _ADDRESSES
