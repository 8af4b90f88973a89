"""Marketo answers HTTP 200 whatever happens: what its codes mean, for a whole call and for single records.

Source  https://experienceleague.adobe.com/en/docs/marketo-developer/marketo/rest/error-codes
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from activation.channel import BatchRejected, MaybeSent, NotSent
from activation.vendor.access import Access
from activation.vendor.http import Http, Request, Token
from core.errors import FatalError
from core.specs import Spec

TOKEN_ENDED = frozenset({"601", "602"})  # invalid · expired
LATER = {
    "606": 20.0,
    "607": None,
    "608": None,
    "614": None,
    "615": None,
}  # rate (100 calls in 20 s), day, away, away, ten at once
UNSURE = frozenset({"502", "604", "611", "713"})  # gateway, time-out, system error, transient error
CONTENT = frozenset({"413", "414", "609", "701", "702", "709", "1001", "1002", "1003", "1007", "1011"})
LARGEST_BODY = 1_000_000  # bytes: 413 above


class Account(Spec):
    client_id_env: str = (
        "FAIRLEAD_MARKETO_CLIENT_ID"  # of a custom service in LaunchPoint, whose user may read and write leads
    )
    client_secret_env: str = "FAIRLEAD_MARKETO_CLIENT_SECRET"


@dataclass(repr=False)
class Caller:
    """Calls whose answer is `success: true`; raises for all else."""

    access: Access[Account]
    http: Http = field(init=False)
    token: Token = field(init=False)

    def __post_init__(self) -> None:
        self.http = Http("marketo", self.access.base_url, body_bytes=LARGEST_BODY)
        self.token = Token(self._fetch)

    def call(self, method: str, path: str, **request: Any) -> list[dict[str, Any]]:
        """The answer's `result`. A token that ended is renewed once; nothing was done with it."""
        used = self.token.value()
        content = self._content(method, path, used, request)
        if _codes(content) & TOKEN_ENDED:
            self.token.forget(used)
            content = self._content(method, path, self.token.value(), request)
        if content.get("success") is True:
            return list(content.get("result") or [])
        raise failure(content)

    def _content(self, method: str, path: str, token: str, request: Mapping[str, Any]) -> dict[str, Any]:
        content = self.http.call(Request(method, path, headers={"Authorization": f"Bearer {token}"}, **request)).json()
        if not isinstance(content, dict):
            raise MaybeSent("marketo: an answer that is no object")
        return content

    def _fetch(self) -> tuple[str, float]:
        query = {
            "grant_type": "client_credentials", "client_id": self.access.secrets["client_id"],
            "client_secret": self.access.secrets["client_secret"],
        }  # fmt: skip
        reply = self.http.call(Request("POST", "/identity/oauth/token", params=query, passes=(400, 401)))
        if reply.status != 200:
            raise FatalError(
                f"marketo: no token (HTTP {reply.status}). Check the client id and secret of the LaunchPoint service.",
                code="FL103",
            )
        content = reply.json()
        # Marketo gives the same token out until it ends, perhaps in a second; then 602 comes, and a new one is fetched.
        return str(content["access_token"]), float(content.get("expires_in", 3600))


def failure(content: Mapping[str, Any]) -> Exception:
    codes = _codes(content)
    words = (
        "; ".join(f"{e.get('code')} {e.get('message')}" for e in content.get("errors") or [])
        or "an error without a code"
    )
    for code in sorted(codes & LATER.keys()):
        return NotSent(f"marketo: error {code}", LATER[code])
    if codes & UNSURE or not codes:
        return MaybeSent(f"marketo: error {', '.join(sorted(codes)) or 'without a code'}")
    if codes & CONTENT:
        return BatchRejected(words)
    return FatalError(
        f"marketo: error {', '.join(sorted(codes))}. Check the rights of the service's user and the sync's options."
    )


def reasons(record: Mapping[str, Any]) -> tuple[set[str], str]:
    """(codes, words) of why a record was left out."""
    details = record.get("reasons") or []
    text = "; ".join(f"{one.get('code')}: {one.get('message')}" for one in details)
    return {str(one.get("code")) for one in details}, text or f"{record.get('status')} without a reason"


def _codes(content: Mapping[str, Any]) -> set[str]:
    return {str(error.get("code")) for error in content.get("errors") or []}
