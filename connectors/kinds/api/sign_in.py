"""How a source signs in: keys as they are, or a token that is fetched once a pull and once more when it is refused."""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import requests

from connectors.kinds.api.spec import GOOGLE_TOKEN_URL, Auth
from connectors.reading import Request
from core.bounded import TooLateError, bounded
from core.errors import ConfigError, RetryableError

TOKEN_SECONDS = 60  # for a connection, and between two bytes
LIVES_SECONDS = 3600  # the longest that Google takes for an assertion
MOST_TOKEN_BYTES = 1 << 20  # an answer of more holds no token
IN_A_HEADER = re.compile(r"[ -~]+")  # what every server reads alike
NEEDED_OF_GOOGLE = ("client_email", "private_key")


class Token(requests.auth.AuthBase):
    """A bearer token, one for all tables of a source in a pull; `renew` forgets it."""

    def __init__(self, request: Request, auth: Auth, fetch: Callable[[], str]) -> None:
        self._fetch, self._kept, self._name = fetch, request.shared, f"token of {auth}"
        self._header, self._prefix = auth.name, auth.prefix
        if auth.name == "Authorization" and "prefix" not in auth.model_fields_set:
            self._prefix = "Bearer "

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._name not in self._kept:
            self._kept[self._name] = self._fetch()
        request.headers[self._header] = self._prefix + self._kept[self._name]
        return request

    def renew(self) -> None:
        self._kept.pop(self._name, None)


def sign_in(request: Request) -> Any:
    """What dlt's client signs with; None where the API wants nothing."""
    from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth

    auth = request.table.auth
    if auth is None:
        return None
    if auth.type in ("oauth2", "google"):
        return Token(request, auth, lambda: _fetched(request, auth))
    if auth.type == "bearer":
        return BearerTokenAuth(token=header_secret(request, auth.secret))
    secret = request.settings.secret(auth.secret)
    if auth.type == "basic":
        user = request.settings.secret(auth.client) if auth.client else auth.user
        return HttpBasicAuth(username=user, password=secret)
    if auth.location == "header":
        secret = header_secret(request, auth.secret)
    return APIKeyAuth(name=auth.name, api_key=auth.prefix + secret, location=auth.location)


def header_secret(request: Request, variable: str) -> str:
    """A secret that goes into a header. Raises ConfigError for one that no header may hold."""
    secret = request.settings.secret(variable)
    if not IN_A_HEADER.fullmatch(secret):
        raise ConfigError(
            f"{request.where}: the environment variable {variable} holds a line break, or a letter that is not of "
            "ASCII. No header takes it: is a newline of a file at its end?"
        )
    return secret


def _fetched(request: Request, auth: Auth) -> str:
    """A new token. Raises ConfigError where it is refused, RetryableError where nobody answers."""
    url = auth.token_url or GOOGLE_TOKEN_URL
    if url.startswith("/"):
        url = urljoin(request.place.url, url)
    form = _google_form(request, auth, url) if auth.type == "google" else _form(request, auth)
    seconds = request.settings.pull.call_seconds
    try:
        status, body = bounded(lambda: _posted(url, form), seconds, url, look_up=request.patience.alive)
    except requests.RequestException as error:
        raise RetryableError(f"{request.where}: {url} gives no token ({type(error).__name__}).") from None
    except TooLateError:
        raise RetryableError(f"{request.where}: {url} gave no token in {seconds:g} s (pull.call_seconds).") from None
    if status == 429 or status >= 500:
        raise RetryableError(f"{request.where}: {url} answered {status} and gave no token. Pull again.")
    token = _token(body) if status == 200 else ""
    if not token:
        raise ConfigError(
            f"{request.where}: {url} answered {status} and gave no token. Check "
            f"{', '.join(auth.variables)}{' and scope' if auth.scope else ''}."
        )
    return token


def _posted(url: str, form: dict[str, str]) -> tuple[int, bytes]:
    """Status and body, as much of it as a token may take."""
    body = bytearray()
    with requests.post(url, data=form, timeout=TOKEN_SECONDS, allow_redirects=False, stream=True) as answer:
        for chunk in answer.iter_content(MOST_TOKEN_BYTES):
            body += chunk
            if len(body) > MOST_TOKEN_BYTES:
                break
        return answer.status_code, bytes(body)


def _token(body: bytes) -> str:
    """What the answer calls so; empty where it holds none, or one that no header takes."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    token = content.get("access_token") if isinstance(content, dict) else None
    return token if isinstance(token, str) and IN_A_HEADER.fullmatch(token) else ""


def _form(request: Request, auth: Auth) -> dict[str, str]:
    secret = request.settings.secret
    form = {"grant_type": str(auth.grant), "client_id": secret(auth.client), "client_secret": secret(auth.secret)}
    if auth.grant == "refresh_token":
        form["refresh_token"] = secret(auth.refresh)
    return form | ({"scope": auth.scope} if auth.scope else {})


def _google_form(request: Request, auth: Auth, url: str) -> dict[str, str]:
    """An assertion signed with a service account's key (RFC 7523)."""
    import jwt

    fault = f"{request.where}: {auth.secret} is not the JSON of a Google service account"
    try:
        key = json.loads(request.settings.secret(auth.secret))
    except ValueError:
        raise ConfigError(f"{fault}.") from None
    if not isinstance(key, dict) or any(not key.get(name) for name in NEEDED_OF_GOOGLE):
        raise ConfigError(f"{fault}: it needs {' and '.join(NEEDED_OF_GOOGLE)}.")
    now = int(time.time())
    claims = {"iss": key["client_email"], "scope": auth.scope, "aud": url, "iat": now, "exp": now + LIVES_SECONDS}
    try:
        signed = jwt.encode(claims, key["private_key"], "RS256")
    except (ValueError, TypeError, jwt.PyJWTError) as error:
        raise ConfigError(f"{fault}: its private key is not readable ({type(error).__name__}).") from None
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
