"""The URL of a PostgreSQL warehouse: what it must be, and what is added so that nobody waits for a silent server."""

import math
from urllib.parse import parse_qsl, urlsplit

from core.addresses import PLAIN, is_understood
from core.errors import ConfigError

CONNECT_SECONDS = (2, 10)  # of each address: the least that libpq knows, and what a server far away needs
CONNECTS = 6  # ADBC connects twice, and a name may have several addresses
# A server that is gone without a word (its machine, the network) is noticed a minute later, whatever the system's own
# clocks are.
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}


def check_url(url: str) -> None:
    """Raises ConfigError where it is none."""
    if not url:
        raise ConfigError("warehouse.engine is postgres, but warehouse.url is empty. Set FAIRLEAD_WAREHOUSE__URL.")
    if not is_understood(url, ("postgresql", "postgres")):
        raise ConfigError(f"warehouse.url is no postgresql://{PLAIN}")


def with_timeouts(url: str, patience_seconds: float) -> str:
    """The URL with what keeps a silent server from being waited for; what it says itself stands."""
    shortest, longest = CONNECT_SECONDS
    timeouts = {"connect_timeout": int(min(max(shortest, patience_seconds), longest)), **ALIVE}
    parameters = _parameters(url)
    options = [f"{key}={value}" for key, value in timeouts.items() if key not in parameters]
    return url + ("&" if "?" in url else "?") + "&".join(options) if options else url


def connect_limit(url: str) -> float:
    """Seconds after which no address of the URL can still be answering."""
    seconds = _parameters(url)["connect_timeout"]
    return CONNECTS * int(seconds) if seconds.isdecimal() and int(seconds) else math.inf  # libpq: 0 is without an end


def _parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))
