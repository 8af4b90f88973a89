"""Whether an answer of 200 tells an error: beside the records, in the words that APIs use for it."""

import re
from typing import Any

# Words of an answer, beside its records, that tell an error when they hold anything; and what a status says of one.
ERROR_WORDS = {"error", "errors", "errorcode", "errormessage", "exception", "fault"}
RESULTS = {"status", "stat", "result", "outcome"}
FAILED = {"error", "fail", "failed", "failure"}


def tells_an_error(answer: Any, records: list[Any]) -> bool:
    """Many APIs say with 200 that they have failed, or that a half of what was asked has. Beside the records, that is:
    a record may have a status of its own, and so may an answer that is one record itself.
    """
    if not isinstance(answer, dict):
        return False
    if any(record is answer for record in records):
        return _holds([answer.get("error"), answer.get("errors")]) or any(
            answer.get(k) is False for k in ("ok", "success")
        )
    meta = answer.get("meta")
    levels = [answer, *([meta] if isinstance(meta, dict) and not any(r is meta for r in records) else [])]
    return any(_is_an_error(word, value) for level in levels for word, value in _words(level).items())


def _words(answer: dict[str, Any]) -> dict[str, Any]:
    """By keys in small letters alone: `errorCode` and `error_code` are one word."""
    return {re.sub("[^a-z]", "", key.lower()): value for key, value in answer.items()}


def _is_an_error(word: str, value: Any) -> bool:
    if word in ERROR_WORDS:
        return _holds(value) and not _is_false(value)
    if word in ("ok", "success"):
        return _is_false(value)
    if word in RESULTS and isinstance(value, str):
        return value.strip().lower() in FAILED
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return word in ("code", "status", "statuscode") and is_number and 400 <= value < 600


def _is_false(value: Any) -> bool:
    """In any spelling; nothing is none."""
    return value is False or value == 0 or (isinstance(value, str) and value.strip().lower() in ("false", "0", "no"))


def perhaps_an_error(answer: Any) -> bool:
    """An empty day, and words beside it: perhaps `no records`, perhaps `invalid key`."""
    return isinstance(answer, dict) and _holds(_words(answer).get("message"))


def _holds(value: Any) -> bool:
    """Whether there is anything in it: an error of `{"count": 0, "items": []}` is none."""
    if isinstance(value, dict | list):
        return any(_holds(v) for v in (value.values() if isinstance(value, dict) else value))
    return bool(value)
