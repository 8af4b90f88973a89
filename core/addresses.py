"""A database's address: whether it can be understood, before a driver reads it, whose words would repeat a part of the
password.
"""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

PLAIN = (
    "user:password@host:port/database. Signs of a user or a password that mean something in a URL (/ @ : # ? %) are"
    " written as % and two digits, e.g. %2F."
)


def is_understood(url: str, schemes: tuple[str, ...]) -> bool:
    """Whether each part of it is where it seems to be: a password with a sign of its own would be a part of the
    host.
    """
    try:
        parts = urlsplit(url)
        whole = parts.scheme in schemes and parts.port != 0
    except ValueError:
        return False
    whole = whole and "@" not in parts.path + parts.query + parts.fragment and parts.netloc.count("@") < 2
    return whole and not re.search(r"%(?![0-9a-fA-F]{2})|[\s\x00-\x1f]", url)


def secrets_of(url: str) -> list[str]:
    """The passwords in it, as they stand and as they are meant, longest first. Of an understood one."""
    parts = urlsplit(url)
    secrets = {parts.password or "", *(value for key, value in parse_qsl(parts.query) if "pass" in key.lower())}
    return sorted({s for f in secrets for s in (f, unquote(f)) if s}, key=len, reverse=True)
