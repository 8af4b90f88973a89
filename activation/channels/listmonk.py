"""listmonk: subscribers and a list of theirs, on a server of one's own. Set-up: docs/channels/listmonk.md.

Membership  the list `list_id`. Who has unsubscribed from it, or is blocklisted, is never put back, and his mark is
            never taken away: listmonk's own `add` would do the first and `remove` the second, so both are asked only
            for those they may touch.
Source      https://listmonk.app/docs/apis/subscribers/; queries/subscribers.sql of listmonk for what each call does
            to a status.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from activation.channel import (
    ACCEPTED,
    REJECTED,
    SKIPPED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Quota,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.http import Http, Request
from core.settings import Settings
from core.specs import Spec

ABOUT = About("listmonk", identifiers=("email",), contacts=("email",), place=("list_id",))
LIMITS = Limits(100, seconds_per_call=3, concurrency=2)  # people one search finds; each is then a call of its own
SEARCHED = 50  # addresses a query: it stands in the URL, which proxies cut at 8 kB
UNWANTED = "has unsubscribed at listmonk, or is blocklisted there"
Subscriber = Mapping[str, Any]
Verdict = tuple[str, str | None]


class Account(Spec):
    user: str = ""  # an API user's name
    token_env: str = "FAIRLEAD_LISTMONK_TOKEN"


class Options(Spec):
    list_id: int
    status: Literal["confirmed", "unconfirmed"] = "confirmed"  # of a new subscription


def open_channel(settings: Settings, options: Options) -> "Listmonk":
    return Listmonk(access(settings, "listmonk", Account), options)  # a server of one's own, so there is no default


@dataclass(repr=False)
class Listmonk:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"

    @cached_property
    def http(self) -> Http:
        login = (self.access.account.user, self.access.secrets["token"])
        return Http("listmonk", self.access.base_url, auth=login)

    def push(self, batch: ChangeBatch) -> Results:
        now, old = batch.column("email"), batch.earlier("email")
        subscribers = self._subscribers([*now, *old])
        if batch.removes:
            self._take_out(subscribers.get((a or "").lower()) for a in now)
            return Results.accepted(len(batch))
        verdicts: list[Verdict] = []
        ids: list[str | None] = []
        joining: list[int] = []
        for row, before in zip(batch.records(), old, strict=True):
            subscriber, verdict = self._save(row, subscribers, (before or "").lower())
            if subscriber and verdict[0] == ACCEPTED:
                if self._unwanted(subscriber):
                    verdict = (SKIPPED, UNWANTED)
                elif self._status(subscriber) is None:
                    joining.append(int(subscriber["id"]))
            verdicts.append(verdict)
            ids.append(str(subscriber["id"]) if subscriber else None)
        self._change("add", joining, status=self.options.status)
        return Results.of(verdicts, ids)

    def _save(
        self, row: dict[str, Any], subscribers: dict[str, Subscriber], before: str
    ) -> tuple[Subscriber | None, Verdict]:
        """The subscriber as listmonk has it now, or why there is none."""
        address = str(row.get("email") or "").lower()
        if not address:
            return None, (REJECTED, "no e-mail address")
        subscriber, earlier = subscribers.get(address), subscribers.get(before) if before != address else None
        if subscriber and earlier:
            self._take_out([earlier])  # two subscribers stay two: only one of them is this person's now
        subscriber = subscriber or earlier
        reply = (
            self.http.call(
                Request(
                    "PUT", f"/api/subscribers/{subscriber['id']}", json=self._changed(subscriber, row), passes=(400,)
                )
            )
            if subscriber
            else self.http.call(Request("POST", "/api/subscribers", json=self._new(row), passes=(400,)))
        )
        if reply.status == 400:
            return None, (REJECTED, reply.words())
        return reply.json()["data"], (ACCEPTED, None)

    def _new(self, row: dict[str, Any]) -> dict[str, Any]:
        confirmed = self.options.status == "confirmed"
        attribs = {k: v for k, v in row.items() if k not in ("email", "name") and v is not None}
        name = (
            row.get("name") or row["email"].partition("@")[0]
        )  # listmonk wants one, and takes this itself on an import
        own = {"email": row["email"], "name": name, "status": "enabled", "lists": [self.options.list_id]}
        return {**own, "attribs": attribs, "preconfirm_subscriptions": confirmed}

    def _changed(self, subscriber: Subscriber, row: dict[str, Any]) -> dict[str, Any]:
        """Everything, since a PUT takes away what it leaves out: his lists, his status and other attributes stay."""
        attribs = {**(subscriber.get("attribs") or {}), **{k: v for k, v in row.items() if k not in ("email", "name")}}
        return {
            "email": row["email"], "name": row.get("name") or subscriber["name"], "status": subscriber["status"],
            "lists": [one["id"] for one in subscriber.get("lists") or []],
            "attribs": {k: v for k, v in attribs.items() if v is not None},
        }  # fmt: skip

    def _subscribers(self, addresses: Iterable[str | None]) -> dict[str, Subscriber]:
        emails = sorted({a.lower() for a in addresses if a})
        subscribers: dict[str, Subscriber] = {}
        for at in range(0, len(emails), SEARCHED):
            words = ", ".join("'" + a.replace("'", "''") + "'" for a in emails[at : at + SEARCHED])
            query = {"query": f"LOWER(subscribers.email) IN ({words})", "per_page": "all"}
            page = self.http.call(Request("GET", "/api/subscribers", params=query)).json()["data"]
            subscribers |= {one["email"].lower(): one for one in page["results"]}
        return subscribers

    def _status(self, subscriber: Subscriber) -> str | None:
        """Of the subscription to our list; None where there is none."""
        return next(
            (str(s["subscription_status"]) for s in subscriber.get("lists") or [] if s["id"] == self.options.list_id),
            None,
        )

    def _unwanted(self, subscriber: Subscriber) -> bool:
        return subscriber["status"] == "blocklisted" or self._status(subscriber) == "unsubscribed"

    def _take_out(self, subscribers: Iterable[Subscriber | None]) -> None:
        """Who has unsubscribed keeps that mark: without it he would be a new subscriber next time."""
        ids = [int(s["id"]) for s in subscribers if s and self._status(s) not in (None, "unsubscribed")]
        self._change("remove", ids)

    def _change(self, action: str, ids: list[int], **more: str) -> None:
        if ids:
            body = {"ids": ids, "action": action, "target_list_ids": [self.options.list_id], **more}
            self.http.call(Request("PUT", "/api/subscribers/lists", json=body))

    def erase(self, batch: ChangeBatch) -> Results:
        subscribers = self._subscribers([*batch.column("email"), *batch.earlier("email")])
        if subscribers:
            self.http.call(
                Request("DELETE", "/api/subscribers", params={"id": [one["id"] for one in subscribers.values()]})
            )
        return Results.accepted(len(batch))

    def quota(self) -> Quota | None:
        return None  # listmonk has no limit to tell of

    def check(self) -> Health:
        """Asks with a query, for that is a permission of its own."""
        query = {"query": "subscribers.id = 0", "per_page": "1"}
        return self.http.healthy(Request("GET", "/api/subscribers", params=query))
