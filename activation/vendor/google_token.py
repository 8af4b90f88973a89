"""A Google access token from a service account's key or a user's refresh token (RFC 7523, RFC 6749 6).

Source  https://developers.google.com/identity/protocols/oauth2/service-account
"""

import json
import time
from typing import Any

import jwt

from activation.vendor.http import Http, Request, Token
from core.errors import FatalError

TOKEN_URL = (
    "https://oauth2.googleapis.com/token"  # never the file's own token_uri: a credential does not choose who sees it
)
LIVES_SECONDS = 3600  # the longest that Google takes for an assertion
NEEDS = {
    "service_account": ("client_email", "private_key"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
}


def unusable(credentials: str) -> str:
    """What is wrong with the JSON of a credential; '' when it can be tried. Names no value."""
    content = _read(credentials)
    needed = NEEDS.get(str(content.get("type")))
    if needed is None:
        return f"is not the JSON of a credential of type {' or '.join(NEEDS)}"
    missing = [name for name in needed if not content.get(name)]
    return f"lacks {', '.join(missing)}" if missing else ""


def google_token(channel: str, credentials: str, scope: str, url: str = TOKEN_URL) -> Token:
    """Raises FatalError at its first use when Google refuses the credential."""
    http, credential = Http(channel, url), _read(credentials)

    def fetch() -> tuple[str, float]:
        reply = http.call(Request("POST", "", form=_grant(channel, credential, scope, url), passes=(400, 401, 403)))
        content = reply.json()
        if reply.status != 200 or "access_token" not in content:
            why = content.get("error", reply.status) if isinstance(content, dict) else reply.status
            raise FatalError(
                f"{channel}: Google refuses the credential ({why}). Renew it; `fairlead doctor` asks again.",
                code="FL103",
            )
        return content["access_token"], float(content.get("expires_in", LIVES_SECONDS))

    return Token(fetch)


def _grant(channel: str, credential: dict[str, Any], scope: str, url: str) -> dict[str, str]:
    if credential.get("type") == "authorized_user":
        parts = {name: credential[name] for name in NEEDS["authorized_user"]}
        return {"grant_type": "refresh_token", **parts}
    now = int(time.time())
    claims = {"iss": credential["client_email"], "scope": scope, "aud": url, "iat": now, "exp": now + LIVES_SECONDS}
    named = {"kid": credential["private_key_id"]} if credential.get("private_key_id") else None
    try:
        signed = jwt.encode(claims, credential["private_key"], "RS256", headers=named)
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise FatalError(
            f"{channel}: the private key is not readable ({type(error).__name__}).", code="FL103"
        ) from None
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}


def _read(credentials: str) -> dict[str, Any]:
    try:
        content = json.loads(credentials)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
