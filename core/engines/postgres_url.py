"""The URL of a PostgreSQL warehouse: what it means to libpq, what is refused in it, and how each of our connections
(ADBC's, SQLAlchemy's, dbt's) comes to mean the same server with the same protection.
"""

import math

from core.addresses import PLAIN, is_understood
from core.errors import ConfigError
from core.settings import environment

CONNECT_SECONDS = (2, 10)  # of each address: the least that libpq knows, and what a server far away needs
CONNECTS = 6  # ADBC connects twice, and a name may have several addresses
# A server that is gone without a word (its machine, the network) is noticed a minute later, whatever the system's own
# clocks are.
ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
PORT = "5432"  # said to each connection: PGPORT would be heard by some of them only
NAMED = ("host", "user", "dbname")  # must be there: what stands for a missing one is not the same for dbt as for libpq
PROFILE = (*NAMED, "port", "password", "connect_timeout", "keepalives_idle")  # of dbt_project/profiles.yml
# What dbt's profile has no place for and libpq reads from the environment, where dbt's connections have it from.
VARIABLES = {
    "hostaddr": "PGHOSTADDR", "passfile": "PGPASSFILE", "options": "PGOPTIONS", "sslmode": "PGSSLMODE",
    "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "sslrootcert": "PGSSLROOTCERT", "sslcrl": "PGSSLCRL",
    "sslcrldir": "PGSSLCRLDIR", "sslcertmode": "PGSSLCERTMODE", "sslsni": "PGSSLSNI",
    "sslnegotiation": "PGSSLNEGOTIATION", "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION", "channel_binding": "PGCHANNELBINDING",
    "require_auth": "PGREQUIREAUTH", "requirepeer": "PGREQUIREPEER", "gssencmode": "PGGSSENCMODE",
    "krbsrvname": "PGKRBSRVNAME", "target_session_attrs": "PGTARGETSESSIONATTRS",
}  # fmt: skip
OURS_ALONE = ("keepalives", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "application_name")
KNOWN = (*PROFILE, *VARIABLES, *OURS_ALONE)
# A role, a database or the environment may say otherwise, and then a value would be another text, or another day.
SESSION = {
    "TimeZone": "UTC", "DateStyle": "ISO,MDY", "IntervalStyle": "postgres", "extra_float_digits": "1",
    "standard_conforming_strings": "on",
}  # fmt: skip


def check_url(url: str) -> None:
    """Raises ConfigError where it is none, or where dbt could not be given what it says."""
    if not url:
        raise ConfigError("warehouse.engine is postgres, but warehouse.url is empty. Set FAIRLEAD_WAREHOUSE__URL.")
    if not is_understood(url, ("postgresql", "postgres")):
        raise ConfigError(f"warehouse.url is no postgresql://{PLAIN}")
    parameters = parameters_of(url)
    if strangers := sorted(parameters.keys() - KNOWN):
        raise ConfigError(
            f"warehouse.url says {', '.join(strangers)}, which dbt cannot be given. Known are: {', '.join(KNOWN)}."
        )
    if missing := [key for key in NAMED if not parameters.get(key)]:
        raise ConfigError(f"warehouse.url names no {' and no '.join(missing)}. It is postgresql://{PLAIN}")
    if any("," in parameters.get(key, "") for key in ("host", "hostaddr", "port")):
        raise ConfigError("warehouse.url names several servers. Name one: dbt could build on another than we read.")
    for key in ("port", "connect_timeout", "keepalives_idle"):
        if not parameters.get(key, "1").isdecimal():
            raise ConfigError(f"warehouse.url: {key} is no number.")


def parameters_of(url: str) -> dict[str, str]:
    """What it says, as libpq reads it: each place, the escapes, `?host=` and its like. Of an understood one."""
    from psycopg2 import ProgrammingError
    from psycopg2.extensions import parse_dsn

    try:
        return dict(parse_dsn(url))
    except ProgrammingError:  # its words would repeat what it does not know
        raise ConfigError(
            f"warehouse.url says something that PostgreSQL's library does not know. Known are: {', '.join(KNOWN)}."
        ) from None


def with_timeouts(url: str, patience_seconds: float) -> str:
    """The URL with its port, and what keeps a silent server from being waited for; what it says itself stands."""
    shortest, longest = CONNECT_SECONDS
    timeouts = {"port": PORT, "connect_timeout": int(min(max(shortest, patience_seconds), longest)), **ALIVE}
    parameters = parameters_of(url)
    options = [f"{key}={value}" for key, value in timeouts.items() if key not in parameters]
    return url + ("&" if "?" in url else "?") + "&".join(options) if options else url


def connect_limit(url: str) -> float:
    """Seconds after which no address of the URL can still be answering."""
    seconds = int(parameters_of(url)["connect_timeout"])
    return CONNECTS * seconds if seconds else math.inf  # libpq: 0 is without an end


def session_options(url: str, *more: str) -> str:
    """libpq's `options` for a connection that wants more of them: the URL's own, or PGOPTIONS where it has none."""
    own = parameters_of(url).get("options", environment().get("PGOPTIONS", ""))
    return " ".join(part for part in (own, *more, *(f"-c {name}={value}" for name, value in SESSION.items())) if part)


def dbt_variables(url: str, patience_seconds: float, *options: str) -> dict[str, str]:
    """The environment in which dbt's profile and libpq mean what our own connections mean.

    Raises ConfigError as `check_url` does.
    """
    check_url(url)
    url = with_timeouts(url, patience_seconds)
    parameters = {"password": environment().get("PGPASSWORD", ""), **parameters_of(url)}
    profile = {f"FAIRLEAD_POSTGRES_{key.upper()}": parameters[key] for key in PROFILE}
    libpq = {VARIABLES[key]: value for key, value in parameters.items() if key in VARIABLES}
    alike = {"PGTZ": SESSION["TimeZone"], "PGDATESTYLE": SESSION["DateStyle"]}  # libpq takes them before PGOPTIONS
    return {**profile, **libpq, **alike, "PGOPTIONS": session_options(url, *options)}
