"""Iterable: users and a static list, and events in mode append. Set-up: docs/channels/iterable.md.

Membership  the static list `list_id`. Channels and message types somebody has unsubscribed from are never touched,
            and a new address is given to the same user, so that what was unsubscribed stays so.
Source      https://api.iterable.com/api/docs (1,000 users or events and 4 MB a call; 5 bulk updates, 10 bulk tracks,
            3 forgets a second).
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import model_validator

from activation.channel import AUDIENCE_MODES, REJECTED, About, ChangeBatch, Health, InDoubt, Limits, Results
from activation.channels.iterable import items
from activation.channels.iterable.items import Verdicts
from activation.vendor.access import Access, access
from activation.vendor.calls import after_the_first
from activation.vendor.http import Http, Reply, Request, failure
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Iterable",
    identifiers=("email", "userId"),
    modes=AUDIENCE_MODES | {"append"},
    contacts=("email", "push", "sms"),
    place=("object", "list_id", "identifier"),
)
LIMITS = Limits(1_000, 300, body_bytes=4_000_000, seconds_per_call=1.0, concurrency=2)  # of users; a push is two calls
EVENT_LIMITS = Limits(1_000, 600, body_bytes=4_000_000, seconds_per_call=0.5, concurrency=2)
UNKNOWN = ("UnknownEmailError", "UnknownUserIdError")
TAKEN = ("EmailAlreadyExists", "ExternalKeyConflict", "Conflict")


class Account(Spec):
    api_key_env: str = "FAIRLEAD_ITERABLE_API_KEY"  # a server-side key


class Options(Spec):
    object: Literal["users", "events"] = "users"
    list_id: int | None = None  # the static list; needed for users
    identifier: Literal["email", "userId"] = "email"  # how the project knows its users; userId: person_id
    create_new_fields: bool | None = None  # None: as the project is set
    event_name: str = "fairlead_event"  # for events that map no `eventName`

    @model_validator(mode="after")
    def _has_list(self) -> "Options":
        if self.object == "users" and self.list_id is None:
            raise ValueError("list_id is needed: the static list that the people are put into")
        return self


def open_channel(settings: Settings, options: Options) -> "Iterable":
    limits = EVENT_LIMITS if options.object == "events" else LIMITS
    return Iterable(access(settings, "iterable", Account, "https://api.iterable.com"), options, limits)


@dataclass(repr=False)
class Iterable:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"  # users are upserted; an event has its id
    _forgotten: set[str] = field(default_factory=set)  # so that a try after a 429 goes on where it stopped

    @cached_property
    def http(self) -> Http:
        headers = {"Api-Key": self.access.secrets["api_key"]}
        return Http("iterable", self.access.base_url, headers, body_bytes=self.limits.body_bytes)

    def push(self, batch: ChangeBatch) -> Results:
        items.refuse_choices(batch.fields.column_names)
        if self.options.object == "events":
            return self._events(batch)
        now, was = self._known_by(batch)
        verdicts = self._leave(now, was) if batch.removes else self._join(batch, now, was)
        return Results.of(items.verdicts(len(batch), verdicts))

    def _known_by(self, batch: ChangeBatch) -> tuple[list[str | None], list[str | None]]:
        """How each person is known there, now and before."""
        if self.options.identifier == "userId":
            return batch.keys.to_pylist(), [None] * len(batch)
        return batch.column("email"), batch.earlier("email")

    def _join(self, batch: ChangeBatch, now: list[str | None], was: list[str | None]) -> Verdicts:
        kind: str = self.options.identifier
        keys = batch.keys.to_pylist()
        verdicts: Verdicts = {i: (REJECTED, f"no {kind}") for i, who in enumerate(now) if not who}
        users = {i: items.user(kind, keys[i], row) for i, row in enumerate(batch.records()) if i not in verdicts}
        held = {who.lower() for who in now if who}
        old = {i: who for i, who in enumerate(was) if who and who.lower() not in held}
        moved = {i: self._move(old[i], users[i]) for i in list(old) if i in users}
        for i, verdict in moved.items():
            if verdict is not None:
                del old[i], users[i]
                verdicts |= {i: verdict} if verdict[0] == REJECTED else {}
        with after_the_first() if moved else nullcontext():
            verdicts |= self._bulk(users)
        with after_the_first():
            return self._unsubscribe({i: {kind: who} for i, who in old.items()}) | verdicts

    def _move(self, old: str, user: dict[str, Any]) -> items.Verdict | None:
        """Give a user the new address, then the fields in a call of its own: Iterable orders no bulk call after it.

        None where the old address is not known or the new one is another user's: then that one is meant.
        """
        with after_the_first():
            content = {"currentEmail": old, "newEmail": user["email"]}
            reply = self.http.call(Request("POST", "/api/users/updateEmail", json=content, passes=(400, 409)))
            if reply.json().get("code") in (*UNKNOWN, *TAKEN):
                return None
            if reply.status == 200:
                reply = self.http.call(
                    Request("POST", "/api/users/update", json={**user, **self._fields}, passes=(400, 409))
                )
        return items.of_one(reply)

    @property
    def _fields(self) -> dict[str, bool]:
        return {} if self.options.create_new_fields is None else {"createNewFields": self.options.create_new_fields}

    def _bulk(self, users: Mapping[int, dict[str, Any]]) -> Verdicts:
        """Their fields, and then the list, for those whom Iterable took."""
        if not users:
            return {}
        verdicts = self._counted("/api/users/bulkUpdate", {"users": list(users.values()), **self._fields}, users)
        subscribers = {
            i: {k: v for k, v in one.items() if k != "dataFields"} for i, one in users.items() if i not in verdicts
        }
        if subscribers:
            content = {"listId": self.options.list_id, "subscribers": list(subscribers.values())}
            with after_the_first():
                verdicts |= self._counted("/api/lists/subscribe", content, subscribers)
        return verdicts

    def _leave(self, now: list[str | None], was: list[str | None]) -> Verdicts:
        kind: str = self.options.identifier
        verdicts = self._unsubscribe({i: {kind: who} for i, who in enumerate(now) if who})
        before = {i: {kind: who} for i, who in enumerate(was) if who and who != now[i]}
        with after_the_first():
            return self._unsubscribe(before) | verdicts

    def _unsubscribe(self, people: Mapping[int, dict[str, Any]]) -> Verdicts:
        """Out of the list alone: channelUnsubscribe would end their e-mail altogether."""
        if not people:
            return {}
        content = {"listId": self.options.list_id, "subscribers": list(people.values())}
        return self._counted("/api/lists/unsubscribe", content, people, gone_is_done=True)

    def _events(self, batch: ChangeBatch) -> Results:
        kind: str = self.options.identifier
        keys = batch.keys.to_pylist()
        events = [items.event(kind, keys[i], row, self.options.event_name) for i, row in enumerate(batch.records())]
        verdicts: Verdicts = {i: (REJECTED, why) for i, why in enumerate(events) if isinstance(why, str)}
        valid_events = {i: {**one, **self._fields} for i, one in enumerate(events) if not isinstance(one, str)}
        if valid_events:
            verdicts |= self._counted("/api/events/trackBulk", {"events": list(valid_events.values())}, valid_events)
        return Results.of(items.verdicts(len(batch), verdicts))

    def _counted(
        self, path: str, content: dict[str, Any], payloads: Mapping[int, dict[str, Any]], gone_is_done: bool = False
    ) -> Verdicts:
        reply = self.http.call(Request("POST", path, json=content, passes=(400,)))
        if reply.status == 400:
            raise _refused(reply)
        return items.failures(reply.json(), payloads, gone_is_done)

    def erase(self, batch: ChangeBatch) -> Results:
        """A call a person, 3 a second and 1,000 a day; Iterable takes no data of them afterwards."""
        kind: str = self.options.identifier
        verdicts: Verdicts = {}
        for i, both in enumerate(zip(*self._known_by(batch), strict=True)):
            for name, who in {str(w).lower(): w for w in both if w and str(w).lower() not in self._forgotten}.items():
                with after_the_first():
                    reply = self.http.call(Request("POST", "/api/users/forget", json={kind: who}, passes=(400, 409)))
                if reply.json().get("code") in ("Success", "ForgottenUserError", *UNKNOWN):
                    self._forgotten.add(name)
                else:
                    verdicts[i] = items.of_one(reply)
        return Results.of(items.verdicts(len(batch), verdicts))

    def check(self) -> Health:
        """Reads the project's lists, and that ours is one that people can be put into."""
        health = self.http.healthy(Request("GET", "/api/lists"))
        if not health.ok or self.options.object == "events":
            return health
        lists = self.http.call(Request("GET", "/api/lists")).json()["lists"]
        if any(one["id"] == self.options.list_id and one.get("listType", "Standard") == "Standard" for one in lists):
            return health
        return Health(False, f"no static list {self.options.list_id} in this project")


def _refused(reply: Reply) -> Exception:
    """What a 400 of a whole call means: an unknown list ends the sync, all else may be one row's fault."""
    if b"invalidListId" in reply.body:
        return FatalError("iterable: HTTP 400: the list is not there. Check the sync's options.list_id.")
    return failure(reply)
