"""Zendesk Support's incremental exports and satisfaction ratings, as developer.zendesk.com describes them."""

import base64
from datetime import UTC, datetime
from typing import Any

from support.sources.server import Answer, Request, Vendor, first

AT = "2026-02-15T10:00:00Z"
NIGHT = "2026-03-02T20:00:00Z"
LIMIT = Answer(429, b"Number of allowed incremental ticket export API requests per minute exceeded",
               {"Retry-After": "1", "Content-Type": "text/plain; charset=UTF-8"})  # fmt: skip


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


class Api(Vendor):
    connector = "zendesk"
    user, token = "agent@shop.example/token", "right-token"
    secrets = {"FAIRLEAD_{SOURCE}_USER": user, "FAIRLEAD_{SOURCE}_TOKEN": token}
    places = {'"page[size]": 100': '"page[size]": 1'}
    refusal = Answer(401, {"error": "Couldn't authenticate you"})
    batch = 2  # records an answer of an export; the vendor gives up to 1,000, and fewer where they are large

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, dict[str, Any]] = {}
        self.users: dict[int, dict[str, Any]] = {}
        self.ratings: dict[int, dict[str, Any]] = {}
        self._fill()

    def _fill(self) -> None:
        for number, name in enumerate(["Ann Smith", "Ben van Dam", "Cher"], 11):
            email = f"{name.split()[0].lower()}@example.com"
            self.user_says(number, name=name, email=email, locale="en-US", iana_time_zone="Europe/London")
        self.user_says(19, name="Agnes Agent", email="agent@shop.example", role="agent")
        for number, status in enumerate(["new", "pending", "solved", "closed", "bespoke"], 35436):
            solved = "2026-02-14T09:00:00Z" if status in ("solved", "closed") else None
            self.ticket_is(number, requester_id=11, status=status, solved=solved, priority="high")
        self.rate(62, ticket=35438, requester=11, score="good", comment="Quick!")
        self.rate(63, ticket=35439, requester=12, score="bad")
        self.rate(64, ticket=35440, requester=12, score="offered")

    # -- what happens there -----------------------------------------------------------------------------------------

    def ticket_is(self, number: int, at: str = AT, solved: str | None = None, **fields: Any) -> None:
        one = self.tickets.setdefault(number, {
            "id": number, "url": f"{self.url}/api/v2/tickets/{number}.json", "subject": f"Ticket {number}",
            "created_at": at, "satisfaction_rating": {"score": "unoffered"}, "organization_id": None,
        })  # fmt: skip
        one |= fields | {"updated_at": at, "generated_timestamp": seconds(at),
                         "metric_set": {"ticket_id": number, "solved_at": solved}}  # fmt: skip

    def delete_ticket(self, number: int, at: str) -> None:
        """An export goes on to show it, with what was in it scrubbed later; `updated_at` stays as it was."""
        updated = self.tickets[number]["updated_at"]
        self.ticket_is(number, at, status="deleted")
        self.tickets[number]["updated_at"] = updated

    def user_says(self, number: int, at: str = AT, **fields: Any) -> None:
        one = self.users.setdefault(number, {"id": number, "role": "end-user", "active": True, "phone": None,
                                             "created_at": at})  # fmt: skip
        one |= fields | {"updated_at": at}

    def rate(self, number: int, at: str = AT, *, ticket: int, requester: int, score: str, comment: str = "") -> None:
        one = self.ratings.setdefault(number, {"id": number, "created_at": at, "reason": "No reason provided"})
        one |= {"ticket_id": ticket, "requester_id": requester, "score": score, "comment": comment, "updated_at": at}
        self.tickets[ticket]["satisfaction_rating"] = {"id": number, "score": score, "comment": comment}

    def night(self) -> None:
        self.delete_ticket(35437, NIGHT)
        self.ticket_is(35436, NIGHT, status="solved", solved=NIGHT)
        self.ticket_is(35441, NIGHT, requester_id=12, status="new", subject="Another")
        self.user_says(13, NIGHT, active=False)
        self.user_says(12, NIGHT, phone="+44 20 7946 0011")
        self.rate(63, NIGHT, ticket=35439, requester=12, score="good", comment="All right then")
        self.ticket_is(35439, NIGHT)

    # -- what it answers --------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        right = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        return request.headers.get("authorization") == f"Basic {right}"

    def read(self, request: Request) -> Answer:
        match request.path:
            case "/api/v2/incremental/tickets/cursor.json":
                hidden = set() if first(request, "include") == "metric_sets" else {"metric_set"}
                rows = [{k: v for k, v in one.items() if k not in hidden} for one in self.tickets.values()]
                return self._export("tickets", rows, lambda one: one["generated_timestamp"], request)
            case "/api/v2/incremental/users/cursor.json":
                return self._export("users", list(self.users.values()), lambda u: seconds(u["updated_at"]), request)
            case "/api/v2/satisfaction_ratings.json":
                return self._ratings(request)
        return Answer(404, {"error": "InvalidEndpoint", "description": "Not found"})

    def _export(self, name: str, rows: list[dict[str, Any]], clock: Any, request: Request) -> Answer:
        cursor, start = first(request, "cursor"), first(request, "start_time")
        if cursor is None and not str(start).isdigit():
            return Answer(400, {"error": "InvalidValue", "description": "start_time is required"})
        if start and int(start) > datetime.now(UTC).timestamp() - 60:
            return Answer(422, {"error": "StartTimeTooRecent", "description": "Too recent start_time"})
        since, after = base64.b64decode(cursor).decode().split("|") if cursor else (start, "0")
        found = sorted((one for one in rows if clock(one) >= int(since)), key=lambda one: (clock(one), one["id"]))
        end = int(after) + self.batch
        token = base64.b64encode(f"{since}|{min(end, len(found))}".encode()).decode()
        return Answer(200, {
            name: found[int(after) : end], "after_cursor": token, "before_cursor": None, "before_url": None,
            "after_url": f"{self.url}{request.path}?include=metric_sets&cursor={token}",
            "end_of_stream": end >= len(found),
        })  # fmt: skip

    def _ratings(self, request: Request) -> Answer:
        start, received = int(first(request, "start_time", 0)), ("good", "bad")
        found = [r for r in self.ratings.values() if seconds(r["created_at"]) >= start]
        found = [r for r in found if first(request, "score") != "received" or r["score"] in received]
        after, size = int(first(request, "page[after]", 0)), int(first(request, "page[size]", 100))
        more = after + size < len(found)
        link = f"{self.url}{request.path}?score=received&page[size]={size}&page[after]={after + size}"
        return Answer(200, {
            "satisfaction_ratings": found[after : after + size],
            "meta": {"has_more": more, "after_cursor": str(after + size)}, "links": {"next": link, "prev": None},
        })  # fmt: skip

    def expected(self) -> dict[str, Any]:
        """After the night."""
        ann, ben = "id:zendesk:11", "id:zendesk:12"
        return {
            "people": [
                {"person_ref": ann, "email": "ann@example.com", "first_name": "Ann", "last_name": "Smith"},
                {"person_ref": ben, "phone": "+442079460011", "first_name": "Ben", "last_name": "van Dam"},
            ],
            "tickets": [
                {"ticket_key": "zendesk:35436", "status": "closed", "closed_at": datetime(2026, 3, 2, 20)},
                {"ticket_key": "zendesk:35438", "status": "closed", "satisfaction": 5, "person_ref": ann},
                {"ticket_key": "zendesk:35439", "status": "closed", "satisfaction": 5},
                {"ticket_key": "zendesk:35440", "status": None, "satisfaction": None},
                {"ticket_key": "zendesk:35441", "status": "open", "person_ref": ben, "subject": "Another"},
            ],
            "survey_answers": [
                {"answer_key": "zendesk:62", "person_ref": ann, "survey": "csat", "score": 5, "answer_text": "Quick!"},
                {"answer_key": "zendesk:63", "person_ref": ben, "score": 5, "answer_text": "All right then"},
            ],
        }
