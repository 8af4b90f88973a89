"""Firebase Cloud Messaging as its documentation describes it: a message a call to a registration token, errors with
FCM's own code.
"""

import json
import re
import secrets
from contextlib import contextmanager

import jwt
from support.fakes.keys import pem, rsa_key
from support.fakes.server import Answer, Fake, Request, serve

PROJECT = "example-shop"
CREDENTIALS = json.dumps(
    {"type": "service_account", "project_id": PROJECT, "client_email": "fairlead@example.iam.gserviceaccount.com",
     "private_key": pem(rsa_key()), "private_key_id": "k1", "token_uri": "https://oauth2.example.com/never-asked"}
)  # fmt: skip
TOKEN = re.compile(r"p(\d+)")


class TokenServer(Fake):
    """oauth2.googleapis.com: takes assertions that are signed with the account's key, for the scope of messages."""

    def __init__(self):
        super().__init__()
        self.valid = set()

    def answer(self, request: Request) -> Answer:
        form = request.form()
        try:
            claims = jwt.decode(form["assertion"], rsa_key().public_key(), ["RS256"], audience=self.url + "/token")
        except (KeyError, jwt.PyJWTError):
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if (
            claims["scope"] != "https://www.googleapis.com/auth/firebase.messaging"
            or claims["exp"] - claims["iat"] > 3600
        ):
            return Answer(400, {"error": "invalid_scope"})
        token = secrets.token_hex(8)
        self.valid.add(token)
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


class Vendor(Fake):
    channel = "fcm"
    description = "google/fcm"
    environment = {"FAIRLEAD_FCM_CREDENTIALS": CREDENTIALS}
    options = {"title": "For {{ first_name }}", "body": "You have {{ value }} points."}
    fields = {"device_token": "external_id", "first_name": "first_name", "value": "value"}
    consent = "push"
    message = True
    removes = False

    def __init__(self):
        super().__init__()
        self.tokens = TokenServer()
        self.sent = []
        self.refusal = None  # (status, canonical status, FCM's code) for every message

    def section(self):
        return {"url": self.url, "options": {"token_url": self.tokens.url + "/token", **self.account}}

    @contextmanager
    def running(self, folder, check=None):
        with serve(self.tokens), serve(self, check):
            yield

    def expire(self):
        self.tokens.valid.clear()

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens.valid:
            return refusal(401, "UNAUTHENTICATED", None, "Request had invalid authentication credentials.")
        if request.path != f"/v1/projects/{PROJECT}/messages:send":
            return refusal(404, "NOT_FOUND", None, "Requested entity was not found.")
        content = request.json()
        message = content["message"]
        if self.refusal:
            return refusal(*self.refusal, "as it was told")
        if content.get("validateOnly"):
            return Answer(200, {"name": f"projects/{PROJECT}/messages/fake_message_id"})
        if email(message["token"]) in self.poison:
            return refusal(404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found.")
        if any(not isinstance(value, str) for value in message.get("data", {}).values()):
            return refusal(400, "INVALID_ARGUMENT", None, "Invalid value at 'message.data[0].value' (TYPE_STRING)")
        self.sent.append(message)
        return Answer(200, {"name": f"projects/{PROJECT}/messages/0:{len(self.sent)}"})

    def carries(self, request: Request) -> bool:
        return request.path.endswith("/messages:send") and b"validateOnly" not in request.body

    def audience(self):
        return {email(m["token"]) for m in self.sent}

    def received(self, address):
        return sum(email(m["token"]) == address for m in self.sent)

    def values(self, address):
        titles = [m["notification"]["title"] for m in self.sent if email(m["token"]) == address]
        return {"first_name": titles[0].removeprefix("For ")} if titles else {}


def email(token):
    match = TOKEN.fullmatch(token)
    return f"person{match.group(1)}@example.com" if match else None


def refusal(status, word, code, text):
    details = [{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}] if code else []
    return Answer(status, {"error": {"code": status, "message": text, "status": word, "details": details}})
