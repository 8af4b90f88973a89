"""Twilio's messages as its documentation describes them: one a call, form-encoded, refusals by code, a list that can be
deleted from.
"""

import base64
import re

from support.fakes.server import Answer, Fake, Request

ACCOUNT, SERVICE, TOKEN = "AC" + "0" * 32, "MG" + "1" * 32, "twilio-test-token"
PERSON = re.compile(r"\+4477009(\d{5})")
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"


class Vendor(Fake):
    channel = "twilio"
    description = "twilio"
    environment = {"FAIRLEAD_TWILIO_AUTH_TOKEN": TOKEN}
    account = {"account_sid": ACCOUNT, "messaging_service": SERVICE}
    options = {"text": "Hello {{ first_name }}, you have {{ value }} points. Reply STOP to leave."}
    fields = {"phone": "phone", "first_name": "first_name", "value": "value"}
    consent = "sms"
    message = True
    removes = False

    def __init__(self):
        super().__init__()
        self.messages = []
        self.stopped = set()  # numbers that have answered STOP
        self.on_their_way = set()  # sids that cannot be deleted yet
        self.refusal = None  # (code, message) for every message
        self.page_size = 1000
        self.user = ACCOUNT

    def answer(self, request: Request) -> Answer:
        credentials = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        if credentials != f"{self.user}:{TOKEN}":
            return refusal(20003, "Authenticate", 401)
        if request.path == f"{MESSAGES}.json":
            return self.create(request.form()) if request.method == "POST" else self.page(request)
        if request.method == "DELETE" and request.path.startswith(f"{MESSAGES}/"):
            return self.delete(request.path.rpartition("/")[2].removesuffix(".json"))
        return refusal(20404, "The requested resource was not found", 404)

    def create(self, form) -> Answer:
        to, body = form.get("To", ""), form.get("Body", "")
        sender = form.get("From") or form.get("MessagingServiceSid")
        if self.refusal:
            return refusal(*self.refusal)
        if not sender:
            return refusal(21603, "A 'From' phone number is required.")
        if not body:
            return refusal(21602, "Message body is required.")
        if len(body) > 1600:
            return refusal(21617, "The concatenated message body exceeds the 1600 character limit.")
        if not re.fullmatch(r"\+\d{7,15}", to) or email(to) in self.poison:
            return refusal(21211, f"The 'To' number {to} is not a valid phone number.")
        if to in self.stopped:
            return refusal(21610, "Attempt to send to unsubscribed recipient")
        sid = f"SM{len(self.messages):032x}"
        message = {
            "sid": sid,
            "to": to,
            "from": form.get("From"),
            "body": body,
            "status": "accepted",
            "error_code": None,
            **form,
        }
        self.messages.append(message)
        return Answer(201, {k: v for k, v in message.items() if k.islower()})

    def page(self, request: Request) -> Answer:
        sides = {side.lower(): v[0] for side, v in request.query.items() if side in ("To", "From")}
        messages = [m for m in self.messages if all(m[side] == number for side, number in sides.items())]
        size = min(int(request.query.get("PageSize", ["50"])[0]), self.page_size)
        start = int(request.query.get("Page", ["0"])[0]) * size
        query = "&".join(f"{k}={v[0].replace('+', '%2B')}" for k, v in request.query.items() if k != "Page")
        more = f"{MESSAGES}.json?{query}&Page={start // size + 1}" if start + size < len(messages) else None
        return Answer(200, {"messages": messages[start : start + size], "next_page_uri": more, "page_size": size})

    def delete(self, sid) -> Answer:
        if sid in self.on_their_way:
            return refusal(20009, "Cannot delete message because delivery has not been completed.", 409)
        if sid not in {m["sid"] for m in self.messages}:
            return refusal(20404, "The requested resource was not found", 404)
        self.messages = [m for m in self.messages if m["sid"] != sid]
        return Answer(204)

    def audience(self):
        return {email(m["to"]) for m in self.messages}

    def received(self, address):
        return sum(email(m["to"]) == address for m in self.messages)

    def values(self, address):
        bodies = [m["body"] for m in self.messages if email(m["to"]) == address]
        return {"first_name": bodies[0].split(",")[0].removeprefix("Hello ")} if bodies else {}


def email(number):
    match = PERSON.fullmatch(number)
    return f"person{int(match.group(1))}@example.com" if match else None


def refusal(code, message, status=400):
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Answer(status, {"code": code, "message": message, "more_info": more, "status": status})
