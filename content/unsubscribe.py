"""The token in an unsubscribe link: whom it is about and which list, and a seal that nobody can forge without the key
(RFC 8058, 3.1).

It has no end: a link must work long after the message (CAN-SPAM asks for 30 days, people read old mail). It holds the
key of the change and the sync's name, never an address: links stand in proxies' logs. Changing the key ends all links
sent before.
"""

import base64
import hashlib
import hmac

SEAL_BYTES = 16  # of HMAC-SHA256: 128 bits are beyond guessing (RFC 2104, 5) and keep the link short


def token(key: bytes, person: str, sync: str) -> str:
    """person   the person's id, or the event's in mode append. URL-safe, without padding."""
    payload = f"{sync}\0{person}".encode()
    return _text(payload + _seal(key, payload))


def read_token(key: bytes, text: str) -> tuple[str, str] | None:
    """(person, sync); None where the token was not made with this key."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    payload, seal = sealed[:-SEAL_BYTES], sealed[-SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(key, payload)) or _text(sealed) != text:
        return None
    sync, _, person = payload.decode().partition("\0")
    return person, sync


def _seal(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, b"unsubscribe\0" + payload, hashlib.sha256)[:SEAL_BYTES]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
