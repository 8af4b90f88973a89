"""Slack as its documentation describes it: 200 to everything it understands, `ok` says whether it was done."""

import html

from support.fakes.server import Answer, Fake, Request

TOKEN = "xoxb-slack-test-token"


class Vendor(Fake):
    channel = "slack"
    description = "slack"
    environment = {"FAIRLEAD_SLACK_TOKEN": TOKEN}
    options = {"channel": "C0123456789", "text": "{{ email }} {{ first_name }} {{ value }}"}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    message = True
    removes = False

    def __init__(self):
        super().__init__()
        self.posted = []
        self.refusal = ""  # the error of every message
        self.scopes = "chat:write,users:read"
        self.channels = {"C0123456789": "C0123456789", "#sales": "C0123456789"}

    def answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(200, {"ok": False, "error": "invalid_auth"})
        if request.path == "/api/auth.test":
            return Answer(200, {"ok": True, "team": "Example", "user": "bot"}, {"X-OAuth-Scopes": self.scopes})
        if not request.headers["content-type"].startswith("application/json"):
            return Answer(200, {"ok": False, "error": "invalid_post_type"})
        content = request.json()
        if request.path == "/api/chat.delete":
            return self.delete(content)
        if request.path == "/api/chat.postMessage":
            return self.post(content)
        return Answer(404, b"not found")

    def post(self, content) -> Answer:
        place, text = self.channels.get(content.get("channel")), content.get("text", "")
        word = self.refusal or ("" if place else "channel_not_found") or ("" if text else "no_text")
        if any(email in text for email in self.poison):
            word = "msg_too_long"
        if word:
            return Answer(200, {"ok": False, "error": word})
        ts = f"1700000000.{len(self.posted):06d}"
        self.posted.append({"ts": ts, "channel": place, **content})
        return Answer(
            200, {"ok": True, "channel": place, "ts": ts, "message": {"type": "message", "text": text, "ts": ts}}
        )

    def delete(self, content) -> Answer:
        messages = [m for m in self.posted if (m["channel"], m["ts"]) == (content["channel"], content["ts"])]
        if not messages:
            return Answer(200, {"ok": False, "error": "message_not_found"})
        self.posted.remove(messages[0])
        return Answer(200, {"ok": True, "channel": content["channel"], "ts": content["ts"]})

    def carries(self, request: Request) -> bool:
        return request.path == "/api/chat.postMessage"

    def lines(self):
        return [html.unescape(line).split(" ") for m in self.posted for line in m["text"].split("\n")]

    def audience(self):
        return {line[0] for line in self.lines()}

    def received(self, email):
        return sum(line[0] == email for line in self.lines())

    def values(self, email):
        return next(({"email": line[0], "first_name": line[1]} for line in self.lines() if line[0] == email), {})
