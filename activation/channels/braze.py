"""Braze: user attributes, and custom events in mode append. Set-up: docs/channels/braze.md.

Membership  an attribute of the user, `fairlead_<segment>` unless `membership` names another: true in the audience,
            false outside. Braze segments filter by it; nobody's profile is deleted by leaving.
Consent     a sync that maps what people have chosen there is refused: an attribute would subscribe them again.
Source      https://www.braze.com/docs/api/endpoints/user_data/post_user_track/ (75 attributes and 75 events a call,
            50 deletions).
"""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from activation.channel import (
    ACCEPTED,
    AUDIENCE_MODES,
    IN_DOUBT,
    REJECTED,
    About,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.calls import after_the_first, pieces
from activation.vendor.http import Http, Request
from core.errors import FatalError
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Braze",
    modes=AUDIENCE_MODES | {"update_only", "append"},
    contacts=("email", "push", "sms"),
    place=("object", "membership"),
)
LIMITS = Limits(75, 50_000, body_bytes=4_000_000, seconds_per_call=0.3, concurrency=8)
DELETIONS = 50  # a call of /users/delete
CHOICES = ("email_subscribe", "push_subscribe", "subscription_groups")  # what a person has chosen there
WHO = ("external_id", "braze_id", "email", "phone")  # how an event names its user, the surest first

Verdict = tuple[str, str | None]


class Account(Spec):
    token_env: str = "FAIRLEAD_BRAZE_API_KEY"  # scopes users.track, users.delete


class Options(Spec):
    object: Literal["users", "events"] = "users"
    membership: str | None = None  # the attribute that says who is in; None: fairlead_<segment>
    event_name: str = "fairlead_event"  # for events that map no `name`


def open_channel(settings: Settings, options: Options) -> "Braze":
    return Braze(access(settings, "braze", Account), options)  # the host is the account's own, so there is no default


@dataclass(repr=False)
class Braze:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS

    @property
    def in_doubt(self) -> InDoubt:
        return "message" if self.options.object == "events" else "idempotent"  # Braze counts an event again

    @cached_property
    def http(self) -> Http:
        key = self.access.secrets["token"]
        return Http(
            "braze", self.access.base_url, {"Authorization": f"Bearer {key}"}, body_bytes=self.limits.body_bytes
        )

    def push(self, batch: ChangeBatch) -> Results:
        mapped = [name for name in batch.fields.column_names if name in CHOICES]
        if mapped:
            raise FatalError(
                f"braze: the sync maps {', '.join(mapped)}, which is the person's own choice there. Take it out."
            )
        kind = "events" if self.options.object == "events" else "attributes"
        rows = [self._event(k, r) for k, r in _rows(batch)] if kind == "events" else self._users(batch)
        items = {i: row for i, row in enumerate(rows) if not isinstance(row, str)}
        content = (
            self.http.call(Request("POST", "/users/track", json={kind: list(items.values())})).json() if items else {}
        )
        verdicts = dict(
            zip(items, _verdicts(content, kind, len(items), batch.removes or batch.mode == "update_only"), strict=True)
        )
        return Results.of(verdicts.get(i, (REJECTED, str(row))) for i, row in enumerate(rows))

    def _users(self, batch: ChangeBatch) -> list[dict[str, Any] | str]:
        member = self.options.membership or f"fairlead_{batch.sync.split('__')[0]}"
        if batch.removes:  # who was deleted there meanwhile is not made anew by leaving
            removal = {member: False, "_update_existing_only": True}
            return [{"external_id": key, **removal} for key in batch.keys.to_pylist()]
        only = {"_update_existing_only": True} if batch.mode == "update_only" else {}
        return [{**row, "external_id": key, member: True, **only} for key, row in _rows(batch)]

    def _event(self, key: str, row: dict[str, Any]) -> dict[str, Any] | str:
        """The event, or why there can be none: Braze takes none without a user and a time."""
        properties = {name: value for name, value in row.items() if value is not None}
        named = {name: properties.pop(name) for name in WHO if name in properties}
        who = next((name for name in WHO if named.get(name)), None)
        if who is None or not properties.get("time"):
            return "no time" if who else "nothing to know the user by"
        own = {who: named[who], "name": properties.pop("name", self.options.event_name), "time": properties.pop("time")}
        return {**own, "properties": {**properties, "event_id": key}}

    def erase(self, batch: ChangeBatch) -> Results:
        for number, piece in enumerate(pieces(batch.keys.to_pylist(), DELETIONS)):
            with after_the_first() if number else nullcontext():
                self.http.call(Request("POST", "/users/delete", json={"external_ids": piece}))
        return Results.accepted(len(batch))

    def check(self) -> Health:
        """An update of a user who is not there, and is not made either; a key that may not track is answered 401."""
        nobody = {"external_id": "fairlead-check", "_update_existing_only": True}
        return self.http.healthy(Request("POST", "/users/track", json={"attributes": [nobody]}))


def _verdicts(content: dict[str, Any], kind: str, rows: int, only_there: bool) -> list[Verdict]:
    """Braze names failures by position, and counts what it took; a failure that it does not name may be any row's.

    only_there   users who are not there were to be passed over: they may be missing from the count
    """
    errors = [e if isinstance(e, dict) else {"type": e} for e in content.get("errors") or []]
    faults = {
        e["index"]: str(e.get("type"))
        for e in errors
        if e.get("input_array", kind) == kind and e.get("index") in range(rows)
    }
    unnamed = [e for e in errors if e.get("index") not in faults]
    missing = not only_there and int(content.get(f"{kind}_processed", rows)) + len(faults) < rows
    doubt = "Braze failed on rows that it does not name: " + "; ".join(str(e.get("type")) for e in unnamed)
    rest: Verdict = (IN_DOUBT, doubt.rstrip(": ")) if unnamed or missing else (ACCEPTED, None)
    return [(REJECTED, faults[i]) if i in faults else rest for i in range(rows)]


def _rows(batch: ChangeBatch) -> list[tuple[str, dict[str, Any]]]:
    return list(zip(batch.keys.to_pylist(), batch.records(), strict=True))
