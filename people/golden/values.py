"""What a steward types as a field's value, read as the golden record holds it: by the rules by which it lands, or is
cleaned.
"""

from datetime import UTC, date, datetime

import pyarrow as pa

from core import clock
from core.errors import ConfigError
from core.golden.spec import ADDRESSES
from core.identifiers import normalise_emails, normalise_phones
from core.settings import Settings
from people.cleansing.languages import country_answer, language_answer, time_zone_answer
from people.cleansing.spec import load_cleansing

LONGEST = 500  # signs of a text; a profile's field is no letter
MOST = {"integer": 2**63, "money": 1e15, "double": float("inf")}  # what the column's type holds
YES, NO = ("true", "yes", "1"), ("false", "no", "0")
CODES = {"country": country_answer, "language": language_answer, "time_zone": time_zone_answer}
MENDS = {
    "email": "It has a name, an @ and a domain.",
    "phone": "With its country's code it is +44 20 7183 8750.",
    "country": "Write its code, as GB, or its name.",
    "language": "Write its code, as en-GB, or its name.",
    "time_zone": "Write it as Europe/London.",
    "birth_date": "Write it as 1984-05-17; nobody is born later than today, or so long ago.",
    "date": "Write it as 1984-05-17.",
    "boolean": "Write true or false.",
    "timestamp": "Write it in UTC, as 2026-05-17 12:30.",
    "text": f"At most {LONGEST} printable signs.",
}


def read_value(settings: Settings, country: str | None, field: str, kind: str, text: str) -> str | None:
    """The value as text, None of nothing.

    country   the person's, in which a number without a country's code is read
    Raises    ConfigError with the mend for what the field cannot be.
    """
    text = " ".join(text.split())
    if not text:
        return None
    typed = pa.array([text])
    if field == "email":
        value = normalise_emails(typed)[0].as_py()
    elif field == "phone":
        home = pa.array([country], pa.string())
        value = normalise_phones(typed, settings.project.default_country, home)[0].as_py()
    elif field in CODES:
        value = CODES[field](text).value
    else:
        value = _read(kind, text)
    if value is None or (field == "birth_date" and not _is_born(settings, value)):
        wanted = field if field in (*ADDRESSES, *CODES, "birth_date") else kind
        raise ConfigError(
            f"{field}: that is no {wanted} that can be. {MENDS.get(field) or MENDS.get(kind, 'Write a number.')}"
        )
    return str(value)


def _is_born(settings: Settings, text: str) -> bool:
    today = clock.now().date()
    oldest = today.replace(year=today.year - load_cleansing(settings).oldest_years, day=1)
    return oldest <= date.fromisoformat(text) <= today


def _read(kind: str, text: str) -> str | None:
    try:
        if kind == "date":
            return date.fromisoformat(text).isoformat()
        if kind == "timestamp":
            instant = datetime.fromisoformat(text)
            return (instant.astimezone(UTC) if instant.tzinfo else instant).replace(tzinfo=None).isoformat(" ")
        if kind in ("integer", "money", "double"):
            number = int(text) if kind == "integer" else float(text)
            return str(number) if abs(number) < MOST[kind] else None
    except (ValueError, OverflowError):
        return None
    if kind == "boolean":
        return "true" if text.lower() in YES else "false" if text.lower() in NO else None
    return text if len(text) <= LONGEST and text.isprintable() else None
