"""A personal data server as the lexicons describe it, and as @atproto/pds 0.4 was seen to behave: a key that is taken
is a 500.
"""

import re
import secrets

from support.fakes.server import Answer, Fake, Request

DID, PASSWORD = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "abcd-efgh-ijkl-mnop"
TID = re.compile(r"[234567a-j][234567a-z]{12}")


class Vendor(Fake):
    channel = "bluesky"
    description = "bluesky"
    environment = {"FAIRLEAD_BLUESKY_APP_PASSWORD": PASSWORD}
    account = {"identifier": "press.example.com"}
    options = {"text": "{{ email }} {{ first_name }} {{ value }}"}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    consent = "none"
    removes = False

    def __init__(self):
        super().__init__()
        self.records = {}
        self.sessions = set()
        self.handles = {"friend.example.com": "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"}
        self.stale = "ExpiredToken"
        self.refusal = None  # (status, error) for every post

    def expire(self):
        self.sessions.clear()

    def answer(self, request: Request) -> Answer:
        name = request.path.removeprefix("/xrpc/").rpartition(".")[2]
        query = {k: v[0] for k, v in request.query.items()}
        if name in ("createSession", "getRecord", "describeRepo", "resolveHandle"):
            return getattr(self, name)(request.json() if request.method == "POST" else query)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.sessions:
            return refusal(self.stale, "Token has expired")
        if name in ("createRecord", "deleteRecord"):
            return getattr(self, name)(request.json())
        return refusal("MethodNotImplemented", "Method Not Implemented", 501)

    def createSession(self, content):  # noqa: N802
        if (content["identifier"], content["password"]) != ("press.example.com", PASSWORD):
            return refusal("AuthenticationRequired", "Invalid identifier or password", 401)
        token = secrets.token_hex(8)
        self.sessions.add(token)
        return Answer(200, {"did": DID, "handle": "press.example.com", "accessJwt": token, "refreshJwt": "r"})

    def createRecord(self, content):  # noqa: N802
        record, rkey = content["record"], content["rkey"]
        if self.refusal:
            return refusal(self.refusal[1], "as it was told", self.refusal[0])
        if not TID.fullmatch(rkey):
            return refusal("InvalidRequest", "Invalid record key")
        if rkey in self.records:
            return refusal("InternalServerError", "Internal Server Error", 500)
        if any(email in record["text"] for email in self.poison):
            return refusal("InvalidRequest", f"Invalid app.bsky.feed.post record: {record['text']}")
        self.records[rkey] = record
        headers = {"RateLimit-Limit": "5000", "RateLimit-Remaining": "4997", "RateLimit-Reset": "1900000000"}
        return Answer(200, {"uri": uri(rkey), "cid": "bafyreib", "validationStatus": "valid"}, headers)

    def deleteRecord(self, content):  # noqa: N802
        self.records.pop(content["rkey"], None)
        return Answer(200, {})

    def getRecord(self, content):  # noqa: N802
        if content["rkey"] not in self.records:
            return refusal("RecordNotFound", "Could not locate record")
        return Answer(200, {"uri": uri(content["rkey"]), "cid": "bafyreib", "value": self.records[content["rkey"]]})

    def describeRepo(self, content):  # noqa: N802
        return Answer(
            200, {"handle": "press.example.com", "did": content["repo"], "collections": [], "handleIsCorrect": True}
        )

    def resolveHandle(self, content):  # noqa: N802
        did = self.handles.get(content["handle"])
        return Answer(200, {"did": did}) if did else refusal("InvalidRequest", "Unable to resolve handle")

    def carries(self, request: Request) -> bool:
        return request.path.endswith("createRecord")

    def audience(self):
        return {r["text"].split(" ")[0] for r in self.records.values()}

    def received(self, email):
        return sum(r["text"].split(" ")[0] == email for r in self.records.values())

    def values(self, email):
        words = [r["text"].split(" ") for r in self.records.values() if r["text"].startswith(email)]
        return {"first_name": words[0][1]} if words else {}


def uri(rkey):
    return f"at://{DID}/app.bsky.feed.post/{rkey}"


def refusal(word, text, status=400):
    return Answer(status, {"error": word, "message": text})
