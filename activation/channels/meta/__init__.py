"""Meta: Custom Audiences, and the Conversions API in mode append. Set-up: docs/channels/meta.md.

Membership  the custom audience `audience_id`. Meta answers with counts and samples of what it could not take.
Source      https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences (10,000 people a call),
            …/conversions-api/using-the-api (1,000 events a call, at most 7 days old; 62 days for physical_store).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import model_validator

from activation.channel import (
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
from activation.channels.meta.answers import PASSES, content_of, read_quota, refused
from activation.vendor.access import Access, access
from activation.vendor.ad_events import EVENT_FIELDS, moment, untimely
from activation.vendor.ad_members import Keys, People, Verdict, departed, people, results, sendable
from activation.vendor.http import Http, Request
from core.match_keys.forms import NO_COUNTRY
from core.settings import Settings
from core.specs import Spec

# As an audience's schema calls the keys. A birth date is missing: an audience wants its year, month and day apart.
SCHEMA = {
    "email": "EMAIL", "phone": "PHONE", "first_name": "FN", "last_name": "LN",
    "city": "CT", "region": "ST", "postal_code": "ZIP",
    "country": "COUNTRY", "gender": "GEN", "mobile_ad_id": "MADID", "external_id": "EXTERN_ID",
}  # fmt: skip
ALONE = ("mobile_ad_id", "external_id")  # a row with an empty one is invalid ("empty external ID"): no such column then
USER_DATA = {
    "email": "em", "phone": "ph", "first_name": "fn", "last_name": "ln",
    "city": "ct", "region": "st", "postal_code": "zp",
    "country": "country", "birth_date": "db", "gender": "ge", "mobile_ad_id": "madid", "external_id": "external_id",
}  # fmt: skip
CLIENT = ("client_ip_address", "client_user_agent", "fbc", "fbp")  # of the browser: sent as they are
ABOUT = About(
    "Meta",
    identifiers=("email", "phone", "mobile_ad_id", "external_id", "last_name", "fbc", "fbp"),
    fields=(*USER_DATA, *EVENT_FIELDS, "event_name", "event_source_url", *CLIENT),
    modes=AUDIENCE_MODES | {"append"},
    contacts=("ads",),
    place=("object", "audience_id", "pixel_id"),
)
LIMITS = Limits(10_000, seconds_per_call=2.0)  # people a call; the rate depends on the audience's size, and is learnt
SIZES = {"size_low": "approximate_count_lower_bound", "size_high": "approximate_count_upper_bound"}
EVENTS = Limits(1_000, seconds_per_call=1.0)
OLDEST_DAYS = {"physical_store": 62.0}  # of any other source: 7


class Account(Spec):
    version: str = "v25.0"
    token_env: str = "FAIRLEAD_META_TOKEN"  # a system user's, with ads_management
    app_secret_env: str | None = "FAIRLEAD_META_APP_SECRET"  # where the app asks for a proof (appsecret_proof)


class Options(Spec):
    object: Literal["audience", "conversions"] = "audience"
    audience_id: str | None = None
    pixel_id: str | None = None  # the data set of the conversions
    default_country: str = NO_COUNTRY  # ISO alpha-2, of telephone numbers without a country code
    event_name: str = "Purchase"  # of conversions that map none
    action_source: Literal[
        "email", "website", "app", "phone_call", "chat", "physical_store",
        "system_generated", "business_messaging", "other"
    ] = "system_generated"  # fmt: skip
    test_event_code: str | None = None

    @model_validator(mode="after")
    def names_its_object(self) -> "Options":
        if not (self.audience_id if self.object == "audience" else self.pixel_id):
            raise ValueError("object audience needs audience_id, object conversions needs pixel_id")
        return self


def open_channel(settings: Settings, options: Options) -> "Meta":
    return Meta(access(settings, "meta", Account, "https://graph.facebook.com"), options)


@dataclass(repr=False)
class Meta:
    access: Access[Account]
    options: Options
    in_doubt: InDoubt = (
        "idempotent"  # an audience holds a person once; events are counted once by event_id and event_name
    )

    @property
    def limits(self) -> Limits:
        return EVENTS if self.options.object == "conversions" else LIMITS

    @cached_property
    def http(self) -> Http:
        token = self.access.secrets["token"]  # in a header, never in the address: addresses are logged on the way
        bearer = {"Authorization": f"Bearer {token}"}
        return Http("meta", self.access.base_url, bearer, timeout_seconds=120, read_quota=read_quota)

    def _call(self, method: str, place: str, content: dict[str, Any]) -> Any:
        path = f"/{self.access.account.version}/{place}"
        return content_of(self.http.call(Request(method, path, json=content, params=self._proof, passes=PASSES)))

    @property
    def _proof(self) -> dict[str, str] | None:
        secret = self.access.secrets.get("app_secret")
        if not secret:
            return None
        token = self.access.secrets["token"].encode()
        return {"appsecret_proof": hmac.new(secret.encode(), token, hashlib.sha256).hexdigest()}

    def push(self, batch: ChangeBatch) -> Results:
        if self.options.object == "conversions":
            return self._convert(batch)
        list_fields, country = tuple(SCHEMA), self.options.default_country
        now = people("meta", batch.fields, list_fields, country)
        verdicts = now.refused
        departed_keys = now.keys if batch.removes else departed("meta", batch, now, list_fields, country)
        verdicts = self._users("DELETE", departed_keys) | verdicts
        if not batch.removes:
            verdicts = self._users("POST", now.keys) | verdicts
        return results(len(batch), verdicts)

    def _users(self, method: str, keys: list[Keys]) -> dict[int, Verdict]:
        """One call for each set of ids that people have, since a column of ids must have no gaps."""
        groups: dict[tuple[bool, ...], list[int]] = {}
        for row in sendable(keys):
            groups.setdefault(tuple(name in keys[row] for name in ALONE), []).append(row)
        verdicts: dict[int, Verdict] = {}
        for rows in groups.values():
            names = [name for name in SCHEMA if any(name in keys[row] for row in rows)]
            data = [[keys[row].get(name, "") for name in names] for row in rows]
            content = self._call(method, f"{self.options.audience_id}/users", {
                "session": {
                    "session_id": secrets.randbits(53), "batch_seq": 1,
                    "last_batch_flag": True, "estimated_num_total": len(rows),
                },
                "payload": {"schema": [SCHEMA[name] for name in names], "data": data},
            })  # fmt: skip
            verdicts |= {rows[at]: verdict for at, verdict in refused(content, data).items()}
        return verdicts

    def _convert(self, batch: ChangeBatch) -> Results:
        members = people("meta", batch.fields, tuple(USER_DATA), self.options.default_country, none_is_fine=True)
        events: dict[int, dict[str, Any]] = {}
        verdicts: dict[int, Verdict] = {}
        for row, (key, record) in enumerate(zip(batch.keys.to_pylist(), batch.records(), strict=True)):
            candidate = self._event(key, record, members, row)
            if isinstance(candidate, dict):
                events[row] = candidate
            else:
                verdicts[row] = candidate
        if events:
            code = {"test_event_code": self.options.test_event_code} if self.options.test_event_code else {}
            answer = self._call("POST", f"{self.options.pixel_id}/events", {"data": list(events.values()), **code})
            received = answer.get("events_received")
            if received != len(events):
                verdicts |= dict.fromkeys(events, (IN_DOUBT, f"Meta received {received} of {len(events)} events"))
        return results(len(batch), verdicts)

    def _event(self, key: str, record: dict[str, Any], members: People, row: int) -> dict[str, Any] | Verdict:
        when, options = moment(record.get("occurred_at")), self.options
        if fault := untimely(when, OLDEST_DAYS.get(options.action_source, 7)):
            return fault
        assert when is not None
        client = {name: record[name] for name in CLIENT if record.get(name)}
        enough = (
            members.keys[row]
            or client.keys() & {"fbc", "fbp"}
            or {"client_ip_address", "client_user_agent"} <= client.keys()
        )
        if not enough:
            return REJECTED, members.reasons[row] or "nothing to match by"
        user = {USER_DATA[name]: value if name in ALONE else [value] for name, value in members.keys[row].items()}
        money = {name: record[name] for name in ("value", "currency") if record.get(name) is not None}
        more = {"event_source_url": record.get("event_source_url"), "custom_data": money}
        return {
            "event_name": record.get("event_name") or options.event_name,
            "event_time": int(when.timestamp()), "event_id": key,
            "action_source": options.action_source, "user_data": {**user, **client},
            **{k: v for k, v in more.items() if v},
        }  # fmt: skip

    def erase(self, batch: ChangeBatch) -> Results:
        """Out of the audience. Meta deletes events by nobody's single request."""
        if self.options.object == "conversions":
            return Results.of((REJECTED, "Meta has no call that deletes an event") for _ in range(len(batch)))
        members = people("meta", batch.fields, tuple(SCHEMA), self.options.default_country)
        return results(len(batch), self._users("DELETE", members.keys) | members.refused)

    def report(self) -> dict[str, float]:
        """The audience's size, between two bounds. Meta shows none below 1,000 people, and -1 where it has none."""
        if self.options.object != "audience":
            return {}
        query = {"fields": ",".join(SIZES.values()), **(self._proof or {})}
        content = self.http.call(
            Request("GET", f"/{self.access.account.version}/{self.options.audience_id}", params=query)
        ).json()
        return {name: content[field] for name, field in SIZES.items() if content.get(field, -1) >= 0}

    def check(self) -> Health:
        place = self.options.audience_id if self.options.object == "audience" else self.options.pixel_id
        query = {"fields": "id,name", **(self._proof or {})}
        return self.http.healthy(Request("GET", f"/{self.access.account.version}/{place}", params=query))
