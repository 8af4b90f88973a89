"""How Salesforce lets us in, and what its refusals mean."""

import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt

from activation.channel import BatchRejected, MaybeSent, NotSent, Quota
from activation.vendor.access import Access
from activation.vendor.http import Http, Reply, Request, Token
from core.errors import FatalError
from core.specs import Spec

TOKEN = "/services/oauth2/token"
LIVES_SECONDS = 900.0  # the answer tells no lifetime; 15 minutes is the shortest session an account can choose
ASSERTION_SECONDS = 180  # the longest that Salesforce takes for `exp`
WRONG_SET_UP = frozenset({"INVALID_FIELD", "INVALID_TYPE", "INVALID_EXTERNAL_ID_FIELD_NAME", "API_DISABLED_FOR_ORG"})


class Account(Spec):
    client_id_env: str = "FAIRLEAD_SALESFORCE_CLIENT_ID"  # the connected app's consumer key
    # Either the refresh token, with the secret where the app asks for it, or a certificate's key and the user's name.
    client_secret_env: str | None = "FAIRLEAD_SALESFORCE_CLIENT_SECRET"
    refresh_token_env: str | None = "FAIRLEAD_SALESFORCE_REFRESH_TOKEN"
    private_key_env: str | None = "FAIRLEAD_SALESFORCE_PRIVATE_KEY"  # PEM
    username: str | None = None  # whom the key stands for
    audience: str = "https://login.salesforce.com"  # https://test.salesforce.com for a sandbox
    api_version: str = "62.0"


def missing(access: Access[Account]) -> str:
    """What must still be set before anybody can be let in, in words."""
    if access.missing or "refresh_token" in access.secrets:
        return access.missing
    account = access.account
    if "private_key" not in access.secrets:
        return f"neither {account.refresh_token_env} nor {account.private_key_env} is set"
    return "" if account.username else "channels.salesforce.options.username is not set"


@dataclass(repr=False)
class Caller:
    """Calls under the API's path, with a token that is renewed when it ends."""

    access: Access[Account]
    body_bytes: int | None = None
    http: Http = field(init=False)

    def __post_init__(self) -> None:
        self.door = Http("salesforce", self.access.base_url)
        self.http = Http(
            "salesforce", self.access.base_url, auth=Token(self._token),
            body_bytes=self.body_bytes, timeout_seconds=120,
            read_quota=read_quota,
        )  # fmt: skip

    def path(self, tail: str) -> str:
        return f"/services/data/v{self.access.account.api_version}/{tail}"

    def call(self, method: str, tail: str, **request: Any) -> Reply:
        """As Http.call, but that a used-up day is no lack of rights, and a field that is not there no bad row."""
        reply = self.http.call(Request(method, self.path(tail), passes=(400, 403), **request))
        if reply.status < 300:
            return reply
        code = _code(reply)
        if code == "REQUEST_LIMIT_EXCEEDED":
            raise NotSent("salesforce: the account's calls for these 24 hours are used up")
        if reply.status == 403 or code in WRONG_SET_UP:
            raise FatalError(
                f"salesforce: HTTP {reply.status} {code}. Check the user's rights, the fields and the sync's options."
            )
        raise BatchRejected(reply.words())

    def close(self) -> None:
        self.http.close()
        self.door.close()

    def _token(self) -> tuple[str, float]:
        reply = self.door.call(Request("POST", TOKEN, form=self._grant(), passes=(400, 401, 403)))
        if reply.status != 200:
            content = reply.json()
            why = content.get("error", "") if isinstance(content, dict) else ""
            raise FatalError(
                f"salesforce: no token (HTTP {reply.status} {why}). Check the connected app and its secrets.",
                code="FL103",
            )
        return str(reply.json()["access_token"]), LIVES_SECONDS

    def _grant(self) -> dict[str, str]:
        secrets, account = self.access.secrets, self.access.account
        if "refresh_token" in secrets:
            grant = {
                "grant_type": "refresh_token",
                "client_id": secrets["client_id"],
                "refresh_token": secrets["refresh_token"],
            }
            return grant | ({"client_secret": secrets["client_secret"]} if "client_secret" in secrets else {})
        claims = {
            "iss": secrets["client_id"], "sub": account.username, "aud": account.audience,
            "exp": int(time.time()) + ASSERTION_SECONDS,
        }  # fmt: skip
        try:
            assertion = jwt.encode(claims, secrets["private_key"], algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise FatalError(f"salesforce: {account.private_key_env} is no RSA key in PEM.", code="FL103") from None
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}


def read_quota(headers: httpx.Headers) -> Quota | None:
    """Sforce-Limit-Info: api-usage=8401/15000, the calls of the last 24 hours."""
    for part in headers.get("sforce-limit-info", "").split(","):
        name, _, value = part.strip().partition("=")
        used, _, limit = value.partition("/")
        if name == "api-usage" and used.isdigit() and limit.isdigit():
            return Quota(max(0, int(limit) - int(used)))
    return None


def _code(reply: Reply) -> str:
    try:
        content = reply.json()
    except MaybeSent:  # no JSON
        return ""
    first = content[0] if isinstance(content, list) and content else content
    return str(first.get("errorCode", "")) if isinstance(first, dict) else ""
