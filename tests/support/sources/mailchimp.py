"""Mailchimp's Marketing API 3.0: audiences, members, reports of campaigns, as its own description has them."""

import base64
from datetime import datetime
from typing import Any

from support.sources.server import Answer, Request, Vendor, first, part

AT = "2026-02-15T10:00:00+00:00"
NIGHT = "2026-03-02T20:00:00+00:00"
ERRORS = "https://mailchimp.com/developer/marketing/docs/errors/"


def error(status: int, title: str, detail: str) -> Answer:
    return Answer(status, {"type": ERRORS, "title": title, "status": status, "detail": detail, "instance": "c0ffee"})


LIMIT = error(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.")


class Api(Vendor):
    connector = "mailchimp"
    secrets = {"FAIRLEAD_{SOURCE}_TOKEN": "right-us3"}
    places = {"size: 500": "size: 2"}
    path = "/3.0"
    refusal = error(401, "API Key Invalid", "Your API key may be invalid, or you've attempted to access the wrong "
                    "datacenter.")  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, str] = {}
        self.members: dict[tuple[str, str], dict[str, Any]] = {}
        self.campaigns: dict[str, dict[str, Any]] = {}
        self.activity: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.gone: dict[str, dict[tuple[str, str], dict[str, Any]]] = {"unsubscribed": {}, "abuse-reports": {}}
        self._fill()

    def _fill(self) -> None:
        self.lists = {"l1": "News", "l2": "Offers"}
        for name, status in (("ann", "subscribed"), ("ben", "unsubscribed"), ("cat", "cleaned"), ("dan", "pending"),
                             ("eve", "archived")):  # fmt: skip
            self.member("l1", name, status=status)
        self.member("l2", "ann", status="subscribed", sms_phone_number="+442079460011",
                    sms_subscription_status="subscribed", sms_subscription_last_updated=AT)  # fmt: skip
        self.campaign("c1", "2025-11-01T10:00:00+00:00", ["ann"])
        self.campaign("c2", "2026-02-20T10:00:00+00:00", ["ann", "ben", "cat"])
        self.happens("c2", "ann", "open", "2026-02-20T11:00:00+00:00", ip="192.0.2.1")
        self.happens("c2", "ann", "click", "2026-02-20T11:01:00+00:00", url="https://shop.example/a", ip="192.0.2.1")
        self.happens("c2", "cat", "bounce", "2026-02-20T10:01:00+00:00", type="soft")
        self.leaves("c2", "ben", "2026-02-20T12:00:00+00:00")
        self.leaves("c2", "ann", "2026-02-20T13:00:00+00:00", "abuse-reports")

    # -- what happens there -----------------------------------------------------------------------------------------

    def member(self, list_id: str, name: str, at: str = AT, **fields: Any) -> None:
        one = self.members.setdefault((list_id, name), {
            "id": f"h{name}", "list_id": list_id, "email_address": f"{name}@example.com", "status": "pending",
            "merge_fields": {"FNAME": name.title(), "LNAME": "", "PHONE": ""}, "stats": {"avg_open_rate": 0.5},
            "language": "en", "source": "Embed Form", "location": {"country_code": "GB", "timezone": ""},
            "ip_opt": "192.0.2.9", "timestamp_signup": "", "timestamp_opt": "2026-01-05T10:00:00+00:00",
            "sms_phone_number": "", "sms_subscription_status": "nonsubscribed", "sms_subscription_last_updated": "",
            "_links": [{"rel": "self"}],
        })  # fmt: skip
        one |= fields | {"last_changed": at}

    def campaign(self, key: str, sent_at: str, names: list[str]) -> None:
        self.campaigns[key] = {"id": key, "list_id": "l1", "campaign_title": f"Campaign {key}", "subject_line": "Hi",
                               "emails_sent": len(names), "send_time": sent_at, "_links": []}  # fmt: skip
        self.activity |= {(key, name): [] for name in names}

    def happens(self, key: str, name: str, action: str, at: str, **more: str) -> None:
        self.activity[key, name].append({"action": action, "timestamp": at, **more})

    def leaves(self, key: str, name: str, at: str, how: str = "unsubscribed") -> None:
        when = (
            {"timestamp": at, "reason": "N/A"} if how == "unsubscribed" else {"date": at, "id": len(self.gone[how]) + 1}
        )
        self.gone[how][key, name] = {"campaign_id": key, "list_id": "l1", "email_id": f"h{name}",
                                     "email_address": f"{name}@example.com"} | when  # fmt: skip

    def night(self) -> None:
        self.member("l1", "ann", NIGHT, status="unsubscribed")
        self.member("l1", "ben", NIGHT, status="archived")
        self.member("l2", "fay", NIGHT, status="subscribed", timestamp_opt="2026-03-02T19:00:00+00:00")
        self.happens("c2", "ben", "open", NIGHT)
        self.campaign("c3", "2026-03-02T09:00:00+00:00", ["dan"])
        self.happens("c3", "dan", "bounce", NIGHT, type="hard")

    # -- what it answers --------------------------------------------------------------------------------------------

    def knows(self, request: Request) -> bool:
        given = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        return given.endswith(":right-us3")

    def read(self, request: Request) -> Answer:
        match request.path.removeprefix("/3.0/").split("/"):
            case ["lists"]:
                rows = [{"id": key, "name": name, "_links": []} for key, name in self.lists.items()]
                return self._page("lists", rows, request)
            case ["lists", key, "members"] if key in self.lists:
                return self._page("members", self._members(key, request), request)
            case ["reports"]:
                since = first(request, "since_send_time")
                rows = [c for c in self.campaigns.values() if not since or _after(c["send_time"], since)]
                return self._page("reports", rows, request)
            case ["reports", key, "email-activity"] if key in self.campaigns:
                rows = [{"campaign_id": key, "list_id": "l1", "list_is_active": True, "email_id": f"h{name}",
                         "email_address": f"{name}@example.com", "activity": items, "_links": []}
                        for (of, name), items in self.activity.items() if of == key]  # fmt: skip
                return self._page("emails", rows, request)
            case ["reports", key, ("unsubscribed" | "abuse-reports") as how] if key in self.campaigns:
                rows = [row for (of, _), row in self.gone[how].items() if of == key]
                return self._page("unsubscribes" if how == "unsubscribed" else "abuse_reports", rows, request)
        return error(404, "Resource Not Found", "The requested resource could not be found.")

    def _members(self, key: str, request: Request) -> list[dict[str, Any]]:
        since, status = first(request, "since_last_changed"), first(request, "status")
        rows = [one for (list_id, _), one in self.members.items() if list_id == key]
        rows = [one for one in rows if not since or _after(one["last_changed"], since)]
        return [one for one in rows if one["status"] == status or (not status and one["status"] != "archived")]

    def _page(self, name: str, rows: list[dict[str, Any]], request: Request) -> Answer:
        if name == "abuse_reports":  # has no pages
            return Answer(200, _only({name: rows, "total_items": len(rows)}, first(request, "fields", "").split(",")))
        count, offset = int(first(request, "count", 10)), int(first(request, "offset", 0))
        if count > 1000:
            return error(400, "Invalid Resource", "The resource submitted could not be validated.")
        shown, _ = part(rows, offset, count)
        answer = {name: shown, "total_items": len(rows), "_links": []}
        return Answer(200, _only(answer, first(request, "fields", "").split(",")))

    def expected(self) -> dict[str, Any]:
        """After the night; every version of a row of activity gives its events, which are one each by their keys."""
        people = [*(("l1", name) for name in ("ann", "ben", "cat", "dan", "eve")), ("l2", "ann"), ("l2", "fay")]
        events = [("c1", "ann", "sent"), ("c2", "ann", "sent"), ("c2", "cat", "sent"), ("c3", "dan", "sent"),
                  ("c2", "ben", "sent"), ("c2", "ben", "sent"), ("c2", "ann", "opened"), ("c2", "ann", "clicked"),
                  ("c2", "cat", "bounced"), ("c2", "ben", "opened"), ("c2", "ben", "unsubscribed"),
                  ("c2", "ann", "complained"), ("c3", "dan", "bounced"), ("l1", "cat", "bounced")]  # fmt: skip
        return {
            "people": [{"record_id": f"mailchimp:{of}:h{name}", "email": f"{name}@example.com"} for of, name in people],
            "consents": [
                {"email": "ann@example.com", "channel": "email", "status": "withdrawn", "occurred_at": None},
                {"email": "ann@example.com", "channel": "email", "status": "granted", "ip": "192.0.2.9"},
                {"phone": "+442079460011", "channel": "sms", "status": "granted"},
                {"email": "ben@example.com", "status": "withdrawn", "consent_key": "mailchimp:email:l1:hben"},
                {"email": "ben@example.com", "status": "withdrawn", "collected_by": "archived"},
                {"email": "eve@example.com", "status": "withdrawn", "collected_by": "archived"},
                {"email": "fay@example.com", "status": "granted", "occurred_at": datetime(2026, 3, 2, 19)},
            ],
            "messages": [
                {"message_key": f"mailchimp:{of}:h{name}", "event": event, "email": f"{name}@example.com",
                 "is_hard_bounce": event == "bounced" and of != "c2"} for of, name, event in events
            ],
        }  # fmt: skip


def _after(text: str, since: str) -> bool:
    return datetime.fromisoformat(text) > datetime.fromisoformat(since)


def _only(answer: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """What `fields` names, in dot notation; all of it where it names nothing."""
    if fields == [""]:
        return answer
    out: dict[str, Any] = {}
    for name, value in answer.items():
        inner = {field.split(".", 1)[1] for field in fields if field.startswith(f"{name}.")}
        if isinstance(value, list) and inner:
            out[name] = [{k: v for k, v in row.items() if k in inner} for row in value]
        elif name in fields:
            out[name] = value
    return out
