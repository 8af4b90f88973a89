"""What a command answers, as JSON that says what the values are: numbers as numbers, to the last digit."""

import base64
import json
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any


def to_json(value: Any) -> str:
    """One JSON text. Decimals and huge integers are numbers with all their digits; what JSON has no number for (NaN,
    infinity) is null.

    Days and times are ISO 8601, bytes base64, durations seconds, and whatever else there is its own text.
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(str(key))}: {to_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(map(to_json, value)) + "]"
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value) if value - value == 0 else "null"
    if isinstance(value, Decimal):
        return _digits(value) if value.is_finite() else "null"
    if isinstance(value, timedelta):
        return to_json(value.total_seconds())
    if isinstance(value, (date, time)):
        return _text(value.isoformat())
    if isinstance(value, (bytes, bytearray)):
        return _text(base64.b64encode(value).decode())
    if hasattr(value, "item"):  # one number of numpy's
        return to_json(value.item())
    return _text(str(value))


def _digits(number: Decimal) -> str:
    """12.50 is 12.5 and 3.000 is 3: a number has no scale, and so both engines give the same text."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: str) -> str:
    """Letters as they are; half a surrogate pair, which no UTF-8 can hold, is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isascii() or text.encode(errors="replace").decode() == text else json.dumps(value)
