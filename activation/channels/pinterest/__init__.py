"""Pinterest: customer lists, and conversions in mode append. Set-up: docs/channels/pinterest.md.

Membership  the customer list `list_id`, or the one of the name `list_name`, which is made with its first people.
            Pinterest takes the records of a list as a whole; of conversions it tells one by one.
Source      Pinterest API v5, OpenAPI 5.23: customer_lists, /ad_accounts/{id}/events (1,000 events a call, 5,000 calls
            a minute).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

from activation.channel import (
    AUDIENCE_MODES,
    IN_DOUBT,
    REJECTED,
    About,
    BatchRejected,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
)
from activation.channels.pinterest.events import CLIENT, USER_DATA, event, event_verdicts
from activation.channels.pinterest.lists import anything, size
from activation.vendor.access import Access, access
from activation.vendor.ad_events import EVENT_FIELDS
from activation.vendor.ad_members import Keys, Verdict, departed, people, results, sendable
from activation.vendor.calls import Pages
from activation.vendor.http import Http, Request
from activation.vendor.refreshed_token import refreshed
from core.errors import FatalError
from core.match_keys.forms import NO_COUNTRY
from core.settings import Settings
from core.specs import Spec

RECORDS = ("email", "mobile_ad_id")
ABOUT = About(
    "Pinterest",
    identifiers=(*RECORDS, "client_ip_address"),
    fields=(*USER_DATA, *EVENT_FIELDS, "event_name", "event_source_url", *CLIENT),
    modes=AUDIENCE_MODES | {"append"},
    contacts=("ads",),
    place=("object", "list_id", "list_name", "audience_id"),
)
LIMITS = Limits(10_000, seconds_per_call=3.0)  # no size is documented: a body of about a megabyte
EVENTS = Limits(1_000, 5_000, seconds_per_call=1.0)
PAGE = 250  # lists a page, the most


class Account(Spec):
    ad_account_id: str = ""
    token_env: str | None = (
        "FAIRLEAD_PINTEREST_TOKEN"  # scopes ads:read, ads:write; or a conversion token. Or the three below:
    )
    refresh_token_env: str | None = "FAIRLEAD_PINTEREST_REFRESH_TOKEN"
    client_id_env: str | None = "FAIRLEAD_PINTEREST_CLIENT_ID"
    client_secret_env: str | None = "FAIRLEAD_PINTEREST_CLIENT_SECRET"
    token_url: str = "https://api.pinterest.com/v5/oauth/token"


class Options(Spec):
    object: Literal["audience", "conversions"] = "audience"
    list_id: str | None = None
    list_name: str | None = None  # None: Fairlead <segment>
    audience_id: str | None = None  # the audience made from the list, whose size is asked; None: no size is
    default_country: str = NO_COUNTRY  # ISO alpha-2, of telephone numbers without a country code
    event_name: str = "checkout"  # of conversions that map none
    action_source: Literal["web", "offline", "app_android", "app_ios"] = "web"


def open_channel(settings: Settings, options: Options) -> "Pinterest":
    return Pinterest(access(settings, "pinterest", Account, "https://api.pinterest.com"), options)


@dataclass(repr=False)
class Pinterest:
    access: Access[Account]
    options: Options
    ids: dict[str, str] = field(default_factory=dict)  # name of a list -> id

    @property
    def limits(self) -> Limits:
        return EVENTS if self.options.object == "conversions" else LIMITS

    @property
    def in_doubt(self) -> InDoubt:
        """A list holds a record once; an event is counted once by its event_id, except one that took place offline."""
        offline = self.options.object == "conversions" and self.options.action_source == "offline"
        return "message" if offline else "idempotent"

    @property
    def not_configured(self) -> str:
        account, secrets = self.access.account, self.access.secrets
        renewing = {"refresh_token", "client_id", "client_secret"} <= secrets.keys()
        lacking = (
            "" if renewing or "token" in secrets else f"neither {account.token_env} is set, nor the three that renew it"
        )
        return ", ".join(w for w in (self.access.missing, lacking) if w)

    @cached_property
    def http(self) -> Http:
        secrets = self.access.secrets
        if "token" in secrets:
            bearer = {"Authorization": f"Bearer {secrets['token']}"}
            return Http("pinterest", self.access.base_url, bearer, timeout_seconds=60)
        app = (secrets["client_id"], secrets["client_secret"])
        token = refreshed("pinterest", self.access.account.token_url, {"refresh_token": secrets["refresh_token"]}, app)
        return Http("pinterest", self.access.base_url, auth=token, timeout_seconds=60)

    @property
    def root(self) -> str:
        return f"/v5/ad_accounts/{self.access.account.ad_account_id}"

    def push(self, batch: ChangeBatch) -> Results:
        if self.options.object == "conversions":
            return self._convert(batch)
        now = people("pinterest", batch.fields, RECORDS, NO_COUNTRY)
        departed_keys = now.keys if batch.removes else departed("pinterest", batch, now, RECORDS, NO_COUNTRY)
        verdicts = self._change(batch, departed_keys, "REMOVE")
        if not batch.removes:
            verdicts = self._change(batch, now.keys, "ADD") | verdicts
        return results(len(batch), verdicts | now.refused)

    def _change(self, batch: ChangeBatch, keys: list[Keys], operation: str) -> dict[int, Verdict]:
        rows = sendable(keys)
        name = self.options.list_name or f"Fairlead {batch.sync.split('__')[0]}"
        list_id = self._list(name) if rows else None
        if not rows or (list_id is None and operation == "REMOVE"):  # nobody can be on a list that is not there
            return {}
        records = ",".join(value for row in rows for value in keys[row].values())
        if list_id is not None:
            content = self._write(
                "PATCH", f"customer_lists/{list_id}", {"operation_type": operation, "records": records}
            )
        else:
            kind = "EMAIL" if any("email" in keys[row] for row in rows) else "MAID"
            content = self._write("POST", "customer_lists", {"name": name, "list_type": kind, "records": records})
            self.ids[name] = str(content["id"])
        exceptions = content.get("exceptions")
        words = f"Pinterest tells of exceptions, and not whose: {exceptions}"[:200]
        return dict.fromkeys(rows, (IN_DOUBT, words)) if anything(exceptions) else {}

    def _write(self, method: str, place: str, content: dict[str, Any]) -> dict[str, Any]:
        """A refusal is never one record's fault (all are hashes), so it ends the sync: splitting would mend nothing."""
        try:
            answer = self.http.call(Request(method, f"{self.root}/{place}", json=content)).json()
        except BatchRejected as error:
            raise FatalError(f"pinterest: {error}. Check the account and the sync's options.") from None
        return answer if isinstance(answer, dict) else {}

    def _list(self, name: str) -> str | None:
        if self.options.list_id:
            return self.options.list_id
        if name not in self.ids:
            self.ids |= {str(one["name"]): str(one["id"]) for one in self._lists() if one.get("name") == name}
        return self.ids.get(name)

    def _lists(self) -> Iterator[dict[str, Any]]:
        bookmark: dict[str, str] | None = {}
        pages = Pages("pinterest: customer lists")
        while bookmark is not None:
            pages.turn(bookmark)
            page = self.http.call(
                Request("GET", f"{self.root}/customer_lists", params={"page_size": PAGE, **bookmark})
            ).json()
            yield from page.get("items") or []
            bookmark = {"bookmark": page["bookmark"]} if page.get("bookmark") else None

    def _convert(self, batch: ChangeBatch) -> Results:
        o = self.options
        keys = people("pinterest", batch.fields, tuple(USER_DATA), o.default_country, none_is_fine=True)
        events: dict[int, dict[str, Any]] = {}
        verdicts: dict[int, Verdict] = {}
        for row, (key, record) in enumerate(zip(batch.keys.to_pylist(), batch.records(), strict=True)):
            candidate = event(key, record, keys.keys[row], keys.reasons[row], o.event_name, o.action_source)
            if isinstance(candidate, dict):
                events[row] = candidate
            else:
                verdicts[row] = candidate
        if events:
            reply = self.http.call(
                Request("POST", f"{self.root}/events", json={"data": list(events.values())}, passes=(422,))
            )
            verdicts |= event_verdicts(reply, list(events), may_repeat=self.in_doubt == "idempotent")
        return results(len(batch), verdicts)

    def erase(self, batch: ChangeBatch) -> Results:
        """Off the list. Pinterest deletes the uploaded records itself once they are matched; it takes no event back."""
        if self.options.object == "conversions":
            return Results.of((REJECTED, "Pinterest has no call that deletes an event") for _ in range(len(batch)))
        members = people("pinterest", batch.fields, RECORDS, NO_COUNTRY)
        return results(len(batch), self._change(batch, members.keys, "REMOVE") | members.refused)

    def report(self) -> dict[str, float]:
        """The size of the audience made from the list: a list itself tells only how many records were ever uploaded."""
        if self.options.object != "audience" or not self.options.audience_id:
            return {}
        content = self.http.call(Request("GET", f"{self.root}/audiences/{self.options.audience_id}")).json()
        return size(content, self.options.list_id or next(iter(self.ids.values()), None))

    def check(self) -> Health:
        """Reads the account; a conversion token may not: it tests an event of nobody (`test=true` records nothing)."""
        if self.options.object == "audience":
            return self.http.healthy(Request("GET", self.root))
        keys = people("pinterest", pa.table({"email": ["nobody@example.com"]}), RECORDS, NO_COUNTRY).keys[0]
        now = {"occurred_at": datetime.now(UTC).isoformat()}
        one = event("fairlead-check", now, keys, None, self.options.event_name, self.options.action_source)
        return self.http.healthy(Request("POST", f"{self.root}/events", json={"data": [one]}, params={"test": "true"}))
