"""TikTok: Customer File audiences, changed by uploaded files of hashed keys. Set-up: docs/channels/tiktok.md.

Membership  the custom audience `audience_id`, or the one of the name `audience_name`, which is made with the first
            file. TikTok takes a file as a whole and never says which of its rows it could use.
Source      https://business-api.tiktok.com/portal/docs (v1.3); columns of a file with several ids: ads.tiktok.com,
            "List of supported IDs and formats for a customer file". Errors stand in `code`, inside HTTP 200
            ("Appendix: Return codes").
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import Field

from activation.channel import (
    About,
    CallFailed,
    ChangeBatch,
    Health,
    InDoubt,
    Limits,
    MaybeSent,
    NotSent,
    Results,
)
from activation.vendor.access import Access, access
from activation.vendor.ad_members import Keys, departed, people, results, sendable
from activation.vendor.http import Http, Request
from core.errors import FatalError
from core.match_keys.forms import NO_COUNTRY
from core.settings import Settings
from core.specs import Spec

COLUMNS = {"email": "Email_SHA256", "phone": "Phone_SHA256", "mobile_ad_id": "MAID_SHA256"}
ABOUT = About(
    "TikTok",
    identifiers=tuple(COLUMNS),
    fields=(*COLUMNS, "country"),
    contacts=("ads",),
    place=("audience_id", "audience_name"),
)
LIMITS = Limits(
    50_000, 600, seconds_per_call=5.0
)  # a file may have 1 GB: this is one window of the loop; 600 calls a minute
KIND = "MULTIPLE_TYPES"  # one kind of audience for whatever a sync maps: the kind cannot be changed later
PATH = "/open_api/v1.3/dmp/custom_audience"
PAGE = 100  # audiences a page, the most
TOO_MANY = {40016, 40100, 40133}  # the app's or the account's rate
NOT_ALLOWED = {40001, *range(40101, 40120)}  # no permission; the token is missing, wrong, ended or revoked
THEIRS = 50_000  # from here on: TikTok's own faults


class Account(Spec):
    advertiser_id: str = ""
    token_env: str = "FAIRLEAD_TIKTOK_TOKEN"  # scope: Audience Management


class Options(Spec):
    audience_id: str | None = None
    audience_name: str | None = None  # None: Fairlead <segment>
    retention_in_days: int | None = Field(None, ge=1, le=365)  # of an audience that is made; None: as TikTok does
    default_country: str = NO_COUNTRY  # ISO alpha-2, of telephone numbers without a country code


def open_channel(settings: Settings, options: Options) -> "TikTok":
    return TikTok(access(settings, "tiktok", Account, "https://business-api.tiktok.com"), options)


@dataclass(repr=False)
class TikTok:
    access: Access[Account]
    options: Options
    limits: Limits = LIMITS
    in_doubt: InDoubt = "idempotent"  # only what is not in the audience is added, only what is there removed
    ids: dict[str, str] = field(default_factory=dict)  # name of an audience -> id

    @cached_property
    def http(self) -> Http:
        token = {"Access-Token": self.access.secrets["token"]}
        return Http("tiktok", self.access.base_url, token, timeout_seconds=300)

    def _call(self, method: str, place: str, **request: Any) -> dict[str, Any]:
        """The `data` of the answer. A refusal is never a row's fault, so it ends the sync: splitting mends nothing."""
        content = self.http.call(Request(method, f"{PATH}/{place}/", **request)).json()
        if not isinstance(content, dict) or "code" not in content:
            raise MaybeSent("tiktok: an answer without a code")
        code, words = int(content["code"]), str(content.get("message", ""))[:200]
        if code == 0:
            return content.get("data") or {}
        if code in TOO_MANY:
            raise NotSent(f"tiktok: too many calls (code {code})")
        if code >= THEIRS:
            raise MaybeSent(f"tiktok: code {code}: {words}")
        mend = "Check the token and its scopes" if code in NOT_ALLOWED else "Check the sync's options and the audience"
        raise FatalError(f"tiktok: code {code}: {words}. {mend}; `fairlead doctor` asks again.")

    def push(self, batch: ChangeBatch) -> Results:
        list_fields, country = tuple(COLUMNS), self.options.default_country
        now = people("tiktok", batch.fields, list_fields, country)
        self._change(
            batch, now.keys if batch.removes else departed("tiktok", batch, now, list_fields, country), "REMOVE"
        )
        if not batch.removes:
            self._change(batch, now.keys, "APPEND")
        return results(len(batch), now.refused)

    def _change(self, batch: ChangeBatch, keys: list[Keys], action: str) -> None:
        rows = sendable(keys)
        name = self.options.audience_name or f"Fairlead {batch.sync.split('__')[0]}"
        audience = self._audience(name) if rows else None
        if not rows or (audience is None and action == "REMOVE"):  # nobody can be in an audience that is not there
            return
        content = {
            "file_paths": [self._upload(batch, [keys[row] for row in rows], action)],
            "advertiser_id": self.advertiser,
        }
        if audience is not None:
            self._call("POST", "update", json={"custom_audience_id": audience, "action": action, **content})
            return
        days = {"retention_in_days": self.options.retention_in_days} if self.options.retention_in_days else {}
        new_audience = self._call(
            "POST", "create", json={"custom_audience_name": name, "calculate_type": KIND, **days, **content}
        )
        self.ids[name] = str(new_audience["custom_audience_id"])

    @property
    def advertiser(self) -> str:
        return self.access.account.advertiser_id

    def _upload(self, batch: ChangeBatch, keys: list[Keys], action: str) -> str:
        """The path of the file there. A column that nobody has is left out; a missing key is an empty cell."""
        names = [name for name in COLUMNS if any(name in one for one in keys)]
        lines = [",".join(COLUMNS[name] for name in names), *(",".join(one.get(n, "") for n in names) for one in keys)]
        content = ("\n".join(lines) + "\n").encode()
        form = {
            "advertiser_id": self.advertiser,
            "calculate_type": KIND,
            "file_signature": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        }
        file = (f"{batch.idempotency_key}.{action.lower()}.csv", content, "text/csv")
        return str(self._call("POST", "file/upload", form=form, files={"file": file})["file_path"])

    def _audience(self, name: str) -> str | None:
        if self.options.audience_id:
            return self.options.audience_id
        if name not in self.ids:
            own = (one for one in self._audiences() if one.get("is_creator", True))
            self.ids |= {str(one["name"]): str(one["audience_id"]) for one in own if one.get("name") == name}
        return self.ids.get(name)

    def _audiences(self, pages: int = 1000) -> Iterator[dict[str, Any]]:
        for page in range(1, pages + 1):
            query = {"advertiser_id": self.advertiser, "page": page, "page_size": PAGE}
            if self.options.audience_id:
                query["custom_audience_ids"] = json.dumps([self.options.audience_id])
            content = self._call("GET", "list", params=query)
            yield from content.get("list") or []
            if page >= int((content.get("page_info") or {}).get("total_page", 0)):
                return

    def erase(self, batch: ChangeBatch) -> Results:
        """Out of the audience. TikTok deletes the uploaded files itself, once they are matched."""
        members = people("tiktok", batch.fields, tuple(COLUMNS), self.options.default_country)
        self._change(batch, members.keys, "REMOVE")
        return results(len(batch), members.refused)

    def report(self) -> dict[str, float]:
        """How many users TikTok has matched; it says 0 of an audience that has expired or is not matched yet."""
        audience = self.options.audience_id or next(iter(self.ids.values()), None)
        if audience is None:  # by its name it is known once this process has pushed to it
            return {}
        query = {"advertiser_id": self.advertiser, "custom_audience_ids": json.dumps([audience]), "history_size": 1}
        details = [one["audience_details"] for one in self._call("GET", "get", params=query).get("list") or []]
        size = next((one.get("cover_num") for one in details if str(one.get("audience_id")) == audience), None)
        return {"size": float(size)} if size and size > 0 else {}

    def check(self) -> Health:
        try:
            audiences = list(self._audiences(pages=1))
        except (CallFailed, FatalError) as error:
            return Health(False, str(error))
        if self.options.audience_id and not audiences:
            return Health(False, "tiktok: no such audience in this advertiser's account")
        return Health(True, "tiktok answers")
