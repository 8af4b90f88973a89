"""LinkedIn: a DMP segment of users (Matched Audiences), streamed. Set-up: docs/channels/linkedin.md.

Membership  the segment `segment_id`, or the one of the name `segment_name`, which is made where there is none.
Source      https://learn.microsoft.com/linkedin/marketing/matched-audiences/create-and-manage-segment-users: 5,000
            users a call, 600 calls a minute and member, five seconds after a segment is made before it takes users, a
            status for each element.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from activation.channel import IN_DOUBT, REJECTED, About, ChangeBatch, Health, InDoubt, Limits, NotSent, Results
from activation.vendor.access import Access, access
from activation.vendor.ad_members import Keys, Verdict, departed, people, results
from activation.vendor.calls import Pages
from activation.vendor.http import Http, Request
from activation.vendor.refreshed_token import refreshed
from core.errors import FatalError
from core.match_keys.forms import NO_COUNTRY
from core.settings import Settings
from core.specs import Spec

ID_TYPES = {"email": "SHA256_EMAIL", "mobile_ad_id": "GOOGLE_AID"}
NAMES = {
    "first_name": "firstName",
    "last_name": "lastName",
    "country": "country",
}  # in plain text, as LinkedIn wants them
ABOUT = About(
    "LinkedIn",
    identifiers=tuple(ID_TYPES),
    fields=(*ID_TYPES, *NAMES),
    contacts=("ads",),
    place=("segment_id", "segment_name"),
)
LIMITS = Limits(5_000, 600, seconds_per_call=2.0)
PAGE = 100  # segments a page
UNTIL_USABLE_SECONDS = 5.0  # after a segment is made
LATER = (408, 425, 429)  # of an element: not its own fault
COUNTED = {"READY", "UPDATING", "ARCHIVED"}  # a segment that is built and has not failed or expired


class Account(Spec):
    account_id: str = ""  # the sponsored account, digits
    version: str = "202610"  # LinkedIn-Version: the year and month of the API; each lives about a year
    source_platform: str | None = None  # as LinkedIn has given it; only to make segments
    token_env: str | None = "FAIRLEAD_LINKEDIN_TOKEN"  # scope rw_dmp_segments; ends after 60 days. Or the three below:
    refresh_token_env: str | None = "FAIRLEAD_LINKEDIN_REFRESH_TOKEN"
    client_id_env: str | None = "FAIRLEAD_LINKEDIN_CLIENT_ID"
    client_secret_env: str | None = "FAIRLEAD_LINKEDIN_CLIENT_SECRET"
    token_url: str = "https://www.linkedin.com/oauth/v2/accessToken"


class Options(Spec):
    segment_id: str | None = None
    segment_name: str | None = None  # None: Fairlead <segment>


def open_channel(settings: Settings, options: Options) -> "LinkedIn":
    return LinkedIn(access(settings, "linkedin", Account, "https://api.linkedin.com"), options)


@dataclass(repr=False)
class LinkedIn:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"  # adding who is there, and removing who is not, answers 201
    ids: dict[str, str] = field(default_factory=dict)  # name of a segment -> id

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
        secrets, account = self.access.secrets, self.access.account
        headers = {"LinkedIn-Version": account.version, "X-Restli-Protocol-Version": "2.0.0"}
        if "token" in secrets:
            headers["Authorization"] = f"Bearer {secrets['token']}"
            return Http("linkedin", self.access.base_url, headers, timeout_seconds=60)
        form = {name: secrets[name] for name in ("refresh_token", "client_id", "client_secret")}
        token = refreshed("linkedin", account.token_url, form)
        return Http("linkedin", self.access.base_url, headers, auth=token, timeout_seconds=60)

    @property
    def account(self) -> str:
        return f"urn:li:sponsoredAccount:{self.access.account.account_id}"

    def push(self, batch: ChangeBatch) -> Results:
        list_fields = (*ID_TYPES, *NAMES)
        now = people("linkedin", batch.fields, list_fields, NO_COUNTRY)
        nameless = {
            at: (REJECTED, "neither a usable e-mail nor a device id")
            for at, one in enumerate(now.keys)
            if not _ids(one)
        }
        segment = self._segment(batch, make=not batch.removes)
        departed_keys = now.keys if batch.removes else departed("linkedin", batch, now, list_fields, NO_COUNTRY)
        verdicts = self._stream(segment, departed_keys, "REMOVE")
        if not batch.removes:
            verdicts = self._stream(segment, now.keys, "ADD") | verdicts
        return results(len(batch), verdicts | nameless | now.refused)

    def _stream(self, segment: str | None, keys: list[Keys], action: str) -> dict[int, Verdict]:
        rows = [at for at, one in enumerate(keys) if _ids(one)]
        if not rows or segment is None:  # nobody can be in a segment that is not there
            return {}
        elements = [_element(keys[row], action) for row in rows]
        path = f"/rest/dmpSegments/{segment}/users"
        content = self.http.call(
            Request("POST", path, json={"elements": elements}, headers={"X-RestLi-Method": "BATCH_CREATE"})
        ).json()
        answers = content.get("elements", []) if isinstance(content, dict) else []
        if len(answers) != len(rows):
            return dict.fromkeys(rows, (IN_DOUBT, f"LinkedIn told of {len(answers)} of {len(rows)} users"))
        return {row: verdict for row, one in zip(rows, answers, strict=True) if (verdict := _verdict(one))}

    def _segment(self, batch: ChangeBatch, make: bool) -> str | None:
        if self.options.segment_id:
            return self.options.segment_id
        name = self.options.segment_name or f"Fairlead {batch.sync.split('__')[0]}"
        if name not in self.ids:
            own = [one for one in self._segments() if one.get("name") == name and one.get("type", "USER") == "USER"]
            self.ids |= {str(one["name"]): str(one["id"]) for one in own}
        if name not in self.ids and make:
            self.ids[name] = self._make(name)
            raise NotSent("linkedin: the segment was made a moment ago", UNTIL_USABLE_SECONDS)
        return self.ids.get(name)

    def _make(self, name: str) -> str:
        platform = self.access.account.source_platform
        if not platform:
            raise FatalError(
                "linkedin: no such segment, and channels.linkedin.options.source_platform is not set to make one."
            )
        reply = self.http.call(Request("POST", "/rest/dmpSegments", json={
            "name": name, "sourcePlatform": platform, "account": self.account,
            "accessPolicy": "PRIVATE", "type": "USER",
            "destinations": [{"destination": "LINKEDIN"}],
        }))  # fmt: skip
        segment_id = reply.headers.get("x-restli-id") or reply.headers.get("x-linkedin-id")
        if not segment_id:
            raise NotSent("linkedin: the segment was made, and its id is not told", UNTIL_USABLE_SECONDS)
        return segment_id

    def _segments(self) -> Iterator[dict[str, Any]]:
        start, more, pages = 0, True, Pages("linkedin: segments")
        while more:
            query = {"q": "account", "account": self.account, "start": start, "count": PAGE}
            segments = self.http.call(Request("GET", "/rest/dmpSegments", params=query)).json().get("elements") or []
            pages.turn(segments)
            yield from segments
            start, more = start + len(segments), len(segments) == PAGE

    def erase(self, batch: ChangeBatch) -> Results:
        """Out of the segment. LinkedIn's members remain LinkedIn's."""
        members = people("linkedin", batch.fields, (*ID_TYPES, *NAMES), NO_COUNTRY)
        verdicts = self._stream(self._segment(batch, make=False), members.keys, "REMOVE")
        return results(len(batch), verdicts | members.refused)

    def report(self) -> dict[str, float]:
        """The members whom ads can reach, and what was matched of the last seven days' entries."""
        segment = self.options.segment_id or next(iter(self.ids.values()), None)
        if segment is None:  # by its name it is known once this process has pushed to it
            return {}
        return _figures(self.http.call(Request("GET", f"/rest/dmpSegments/{segment}")).json())

    def check(self) -> Health:
        if self.options.segment_id:
            return self.http.healthy(Request("GET", f"/rest/dmpSegments/{self.options.segment_id}"))
        query = {"q": "account", "account": self.account, "start": 0, "count": 1}
        return self.http.healthy(Request("GET", "/rest/dmpSegments", params=query))


def _ids(keys: Keys) -> list[dict[str, str]]:
    return [{"idType": kind, "idValue": keys[name]} for name, kind in ID_TYPES.items() if name in keys]


def _element(keys: Keys, action: str) -> dict[str, Any]:
    names = {theirs: keys[ours] for ours, theirs in NAMES.items() if ours in keys} if action == "ADD" else {}
    return {"action": action, "userIds": _ids(keys), **names}


def _verdict(element: dict[str, Any]) -> Verdict | None:
    """None where the user was taken."""
    status = int(element.get("status", 0))
    if 200 <= status < 300:
        return None
    error = element.get("error")
    words = f"{status}: {error.get('message', '') if isinstance(error, dict) else element.get('message', '')}".rstrip(
        ": "
    )
    return (REJECTED if 400 <= status < 500 and status not in LATER else IN_DOUBT), words


def _figures(segment: dict[str, Any]) -> dict[str, float]:
    """Only what is sure: 0 members may mean too few to be shown; a share above 1 is no match rate."""
    ours = [one for one in segment.get("destinations") or [] if one.get("destination") == "LINKEDIN"]
    if segment.get("type", "USER") != "USER" or not ours or ours[0].get("status") not in COUNTED:
        return {}
    reached, matched, entries = ours[0].get("audienceSize"), ours[0].get("matchedCount"), segment.get("inputCount")
    figures = {"size": float(reached)} if reached and reached > 0 else {}
    if matched is not None and entries and 0 <= matched <= entries:
        figures |= {"matched": float(matched), "match_rate": matched / entries}
    return figures
