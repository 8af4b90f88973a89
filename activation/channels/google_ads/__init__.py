"""Google Ads through the Data Manager API: Customer Match lists, and conversions in mode append.
Set-up: docs/channels/google_ads.md.

Membership  the user list `destination_id`. Google answers with a request's id and tells later what became of its
            records.
Source      https://developers.google.com/data-manager/api (v1), discovery document of October 2026; limits from its
            ErrorReason page.
"""

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
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    Results,
    Submitted,
)
from activation.channels.google_ads.job import Job, match_rate, verdicts
from activation.channels.google_ads.rows import (
    CLICKS,
    CONSENTS,
    CONTACT,
    GRANTED,
    LISTS,
    NOBODY,
    by_consent,
    event,
    member,
)
from activation.vendor.access import Access, access
from activation.vendor.ad_events import EVENT_FIELDS
from activation.vendor.ad_members import Keys, Verdict, departed, people, sendable
from activation.vendor.google_token import TOKEN_URL, google_token, unusable
from activation.vendor.http import Http, Request
from core.match_keys.forms import NO_COUNTRY
from core.settings import Settings
from core.specs import Spec

ABOUT = About(
    "Google Ads",
    identifiers=("email", "phone", "last_name", "mobile_ad_id", "external_id", *CLICKS),
    fields=(*CONTACT, "mobile_ad_id", "external_id", *CONSENTS, *EVENT_FIELDS, *CLICKS),
    modes=AUDIENCE_MODES | {"append"},
    contacts=("ads",),
    place=("object", "destination_id", "list_type"),
)
LIMITS = Limits(
    10_000, 300, seconds_per_call=2.0
)  # TOO_MANY_AUDIENCE_MEMBERS; 300 a minute and project: the API's own quota
SIZES = {
    "size_search": "searchNetworkMembersCount", "size_display": "displayNetworkMembersCount",
    "size_youtube": "youtubeMembersCount", "size_gmail": "gmailMembersCount",
}  # fmt: skip
EVENTS = Limits(2_000, 300, seconds_per_call=1.0)  # events of a call of events:ingest
SCOPE = "https://www.googleapis.com/auth/datamanager"
TERMS = {
    "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"}
}  # only where the account says so: not_configured
PATIENCE_SECONDS = 120  # 10,000 members are a body of megabytes


class Account(Spec):
    customer_id: str = ""  # the Google Ads account that owns the list, digits
    login_customer_id: str | None = None  # the manager account whose access is used; None: the account itself
    terms_accepted: bool = False  # the account's owner has accepted Google's Customer Match terms
    credentials_env: str = "FAIRLEAD_GOOGLE_ADS_CREDENTIALS"  # JSON of a service account or an authorised user
    token_url: str = TOKEN_URL


class Options(Spec):
    object: Literal["audience", "conversions"] = "audience"
    destination_id: str  # the id of the user list, or of the conversion action
    list_type: Literal["contact", "mobile", "user_id"] = "contact"
    default_country: str = NO_COUNTRY  # ISO alpha-2, of telephone numbers without a country code
    event_source: Literal["WEB", "APP", "IN_STORE", "PHONE", "MESSAGE", "OTHER"] = "WEB"


def open_channel(settings: Settings, options: Options) -> "GoogleAds":
    return GoogleAds(access(settings, "google_ads", Account, "https://datamanager.googleapis.com"), options)


@dataclass(repr=False)
class GoogleAds:
    access: Access[Account]
    options: Options
    in_doubt: InDoubt = "idempotent"  # a list holds a key once; a conversion's transactionId is counted once
    match_rate: dict[str, float] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        return EVENTS if self.options.object == "conversions" else LIMITS

    @property
    def not_configured(self) -> str:
        credentials = self.access.secrets.get("credentials", "")
        fault = unusable(credentials) if credentials else ""
        terms = "" if self.access.account.terms_accepted else "channels.google_ads.options.terms_accepted is not true"
        words = [self.access.missing, fault and f"{self.access.account.credentials_env} {fault}", terms]
        return ", ".join(w for w in words if w)

    @cached_property
    def http(self) -> Http:
        token = google_token("google_ads", self.access.secrets["credentials"], SCOPE, self.access.account.token_url)
        return Http("google_ads", self.access.base_url, auth=token, timeout_seconds=PATIENCE_SECONDS)

    def push(self, batch: ChangeBatch) -> Results | Submitted:
        job = self._events(batch) if self.options.object == "conversions" else self._members(batch)
        return Submitted(job.text()) if job.requests else job.results(len(batch), [])

    def _members(self, batch: ChangeBatch) -> Job:
        list_fields, country = LISTS[self.options.list_type], self.options.default_country
        now = people("google", batch.fields, list_fields, country)
        job = Job(refused=now.refused)
        self._remove(job, now.keys if batch.removes else departed("google", batch, now, list_fields, country))
        if not batch.removes:
            for consent, rows in by_consent(batch, sendable(now.keys)):
                content = {"consent": consent, **TERMS, **self._listed(now.keys, rows)}
                job.requests.append((self._ask("audienceMembers:ingest", content), rows))
        return job

    def _remove(self, job: Job, keys: list[Keys]) -> None:
        if rows := sendable(keys):
            job.requests.append((self._ask("audienceMembers:remove", self._listed(keys, rows)), rows))

    def _listed(self, keys: list[Keys], rows: list[int]) -> dict[str, Any]:
        return {"audienceMembers": [member(keys[row], self.options.list_type) for row in rows]}

    def _events(self, batch: ChangeBatch) -> Job:
        keys = people("google", batch.fields, CONTACT, self.options.default_country, none_is_fine=True).keys
        job, events = Job(), {}
        for row, (key, record) in enumerate(zip(batch.keys.to_pylist(), batch.records(), strict=True)):
            candidate = event(key, record, keys[row], self.options.event_source)
            if isinstance(candidate, dict):
                events[row] = candidate
            else:
                job.refused[row] = candidate
        for consent, rows in by_consent(batch, list(events)):
            content = {"consent": consent, "events": [events[row] for row in rows]}
            job.requests.append((self._ask("events:ingest", content), rows))
        return job

    def _body(self, content: dict[str, Any]) -> dict[str, Any]:
        account = self.access.account
        owner = {"accountType": "GOOGLE_ADS", "accountId": account.customer_id.replace("-", "")}
        login = (account.login_customer_id or account.customer_id).replace("-", "")
        accounts = {"operatingAccount": owner, "loginAccount": {**owner, "accountId": login}}
        return {
            "destinations": [{**accounts, "productDestinationId": self.options.destination_id}],
            "encoding": "HEX",
            **content,
        }

    def _ask(self, verb: str, content: dict[str, Any]) -> str:
        return str(self.http.call(Request("POST", f"/v1/{verb}", json=self._body(content))).json()["requestId"])

    def collect(self, job: str, keys: pa.Array) -> Results | None:
        request_job = Job.read(job)
        verdicts_by_request: list[dict[int, Verdict]] = []
        for request, rows in request_job.requests:
            reply = self.http.call(
                Request("GET", "/v1/requestStatus:retrieve", params={"requestId": request}, passes=(400, 404))
            )
            outcome: dict[int, Verdict] | None = dict.fromkeys(rows, (IN_DOUBT, "Google no longer knows the request"))
            if reply.status == 200:
                outcome = verdicts(reply.json(), rows)
                self.match_rate = match_rate(reply.json()) or self.match_rate
            if outcome is None:
                return None
            verdicts_by_request.append(outcome)
        return request_job.results(len(keys), verdicts_by_request)

    def cancel(self, job: str) -> None:
        """Google cannot stop a request that it has taken."""

    def erase(self, batch: ChangeBatch) -> Results:
        """Out of the list. Google keeps no profile there that could be erased, and takes no conversion back."""
        if self.options.object == "conversions":
            return Results.of((REJECTED, "Google has no call that deletes a conversion") for _ in range(len(batch)))
        members = people("google", batch.fields, LISTS[self.options.list_type], self.options.default_country)
        job = Job(refused=members.refused)
        self._remove(job, members.keys)
        return job.results(len(batch), [])

    def report(self) -> dict[str, float]:
        """The list's size in each network, and the match rate of the newest upload asked for in this process."""
        if self.options.object != "audience":
            return {}
        customer = self.access.account.customer_id.replace("-", "")
        path = f"/v1/accountTypes/GOOGLE_ADS/accounts/{customer}/userLists/{self.options.destination_id}"
        sizes = self.http.call(Request("GET", path)).json().get("sizeInfo") or {}
        figures = {name: float(sizes[key]) for name, key in SIZES.items() if key in sizes}
        return {**figures, **self.match_rate}

    def check(self) -> Health:
        """Google validates a request about nobody, and takes nothing in (validateOnly)."""
        list_fields = LISTS[self.options.list_type]
        fields = pa.table({name: [value] for name, value in NOBODY.items() if name in list_fields})
        keys = people("google", fields, list_fields, NO_COUNTRY).keys
        verb, content = "audienceMembers:ingest", {**TERMS, **self._listed(keys, [0])}
        if self.options.object == "conversions":
            record = {"occurred_at": datetime.now(UTC).isoformat()}
            verb, content = (
                "events:ingest",
                {"events": [event("fairlead-check", record, keys[0], self.options.event_source)]},
            )
        consent = dict.fromkeys(CONSENTS.values(), GRANTED)
        return self.http.healthy(
            Request("POST", f"/v1/{verb}", json=self._body({"consent": consent, "validateOnly": True, **content}))
        )
