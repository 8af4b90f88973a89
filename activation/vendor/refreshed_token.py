"""An access token fetched with a refresh token (RFC 6749 section 6), where access tokens end within weeks."""

from collections.abc import Mapping

from activation.vendor.http import Http, Request, Token
from core.errors import FatalError

LIVES_SECONDS = 3600.0  # where the vendor does not say


def refreshed(channel: str, url: str, form: Mapping[str, str], basic: tuple[str, str] | None = None) -> Token:
    """form: what goes beside grant_type; basic: the app's id and secret, where they go in a header.

    Raises FatalError at its first use when the vendor refuses.
    """
    http = Http(channel, url, auth=basic)

    def fetch() -> tuple[str, float]:
        reply = http.call(Request("POST", "", form={"grant_type": "refresh_token", **form}, passes=(400, 401, 403)))
        content = reply.json()
        if reply.status >= 300 or not isinstance(content, dict) or not content.get("access_token"):
            raise FatalError(
                f"{channel}: HTTP {reply.status}: the refresh token is refused. Authorise again.", code="FL103"
            )
        return str(content["access_token"]), float(content.get("expires_in") or LIVES_SECONDS)

    return Token(fetch)
