"""What Google's APIs have in common: a token for a service account's signed assertion, and the form of their errors."""

import json
import secrets
from typing import Any

import jwt
from support.fakes.keys import pem, rsa_key
from support.sources.server import Answer, Request, Vendor

KEY = json.dumps({
    "type": "service_account", "client_email": "fairlead@example.iam.gserviceaccount.com",
    "private_key": pem(rsa_key()), "token_uri": "https://oauth2.example.com/never-asked",
})  # fmt: skip


def error(status: int, word: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": status, "message": message, "status": word}})


class GoogleVendor(Vendor):
    secrets = {"FAIRLEAD_{SOURCE}_KEY": KEY}
    places: dict[str, str] = {"https://oauth2.googleapis.com/token": "{url}/token"}
    scope = ""
    refusal = error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")

    def __init__(self) -> None:
        super().__init__()
        self.tokens: set[str] = set()

    def answer(self, request: Request) -> Answer:
        return self._token(request) if request.path == "/token" else super().answer(request)

    def knows(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    def _token(self, request: Request) -> Answer:
        try:
            claims: dict[str, Any] = jwt.decode(
                request.form()["assertion"], rsa_key().public_key(), ["RS256"], audience=self.url + "/token"
            )
        except (KeyError, jwt.PyJWTError):
            return Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        if claims["scope"] != self.scope:
            return Answer(400, {"error": "invalid_scope"})
        token = secrets.token_hex(8)
        self.tokens.add(token)
        return Answer(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
