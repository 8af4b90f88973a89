"""A Mastodon server as its documentation describes it: statuses, scheduled ones, keys that make a repetition harmless
for an hour.
"""

from datetime import UTC, datetime, timedelta

from support.fakes.server import Answer, Fake, Request

TOKEN = "mastodon-test-token"


class Vendor(Fake):
    channel = "mastodon"
    description = "mastodon"
    environment = {"FAIRLEAD_MASTODON_TOKEN": TOKEN}
    options = {"text": "{{ email }} {{ first_name }} {{ value }}"}
    fields = {"email": "email", "first_name": "first_name", "value": "value"}
    consent = "none"
    message = True
    removes = False

    def __init__(self):
        super().__init__()
        self.statuses = {}
        self.scheduled = {}
        self.replies = {}  # idempotency key -> answer
        self.remaining = 299
        self.number = 100

    def answer(self, request: Request) -> Answer:
        reset = (datetime.now(UTC) + timedelta(seconds=120)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        rate = {"X-RateLimit-Limit": "300", "X-RateLimit-Remaining": str(self.remaining), "X-RateLimit-Reset": reset}
        reply = self._reply(request)
        return Answer(reply.status, reply.content, rate)

    def _reply(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"error": "The access token is invalid"})
        if request.path == "/api/v1/accounts/verify_credentials":
            return Answer(200, {"id": "1", "acct": "press"})
        if request.path == "/api/v1/statuses" and request.method == "POST":
            return self.post(request)
        kind, _, number = request.path.removeprefix("/api/v1/").partition("/")
        posts = {"statuses": self.statuses, "scheduled_statuses": self.scheduled}.get(kind)
        if request.method == "DELETE" and posts is not None:
            removed = posts.pop(number, None)
            return Answer(200, {"id": number}) if removed else Answer(404, {"error": "Record not found"})
        return Answer(404, {"error": "Record not found"})

    def post(self, request: Request) -> Answer:
        if self.remaining == 0:
            return Answer(429, {"error": "Too many requests"})
        key, content = request.headers.get("idempotency-key"), request.json()
        if key in self.replies:
            return self.replies[key]
        text = content.get("status", "")
        if not text.strip() or len(text) > 500 or any(email in text for email in self.poison):
            return Answer(422, {"error": "Validation failed: Text character limit of 500 exceeded"})
        self.number += 1
        number, at = str(self.number), content.get("scheduled_at")
        if at:
            if datetime.fromisoformat(at) < datetime.now(UTC) + timedelta(minutes=5):
                return Answer(422, {"error": "Validation failed: Scheduled at must be in the future"})
            self.scheduled[number] = content
            reply = Answer(200, {"id": number, "scheduled_at": at, "params": {"text": text}, "media_attachments": []})
        else:
            self.statuses[number] = content
            reply = Answer(
                200,
                {
                    "id": number,
                    "content": text,
                    "visibility": content.get("visibility"),
                    "url": "https://m.example.com/1",
                },
            )
        self.replies[key] = reply
        return reply

    def carries(self, request: Request) -> bool:
        return request.path == "/api/v1/statuses"

    def audience(self):
        return {s["status"].split(" ")[0] for s in self.statuses.values()}

    def received(self, email):
        return sum(s["status"].split(" ")[0] == email for s in self.statuses.values())

    def values(self, email):
        words = [s["status"].split(" ") for s in self.statuses.values() if s["status"].startswith(email)]
        return {"first_name": words[0][1]} if words else {}
