"""One answer judged: whether it holds the declared records, all of them, and what a message may say of it."""

import json
import re
from typing import Any

from connectors.kinds.api.spec import Busy
from connectors.kinds.told_errors import perhaps_an_error, tells_an_error
from connectors.reading import Reading, Request
from connectors.values.json_text import marked_outside
from core.errors import FatalError
from core.settings import without_secrets

# What errors are said in.
ERROR_KEYS = (
    "code", "error", "errors", "message", "status", "title", "type", "detail", "reason", "errorCode", "category",
    "error_description",
)  # fmt: skip
PRIVATE = re.compile(  # addresses, numbers and what looks like a key, which an error of ours may not hold
    r"\S*@\S*|\+?[0-9][0-9 ().-]{5,}|(?i:(?<=bearer )|(?<=basic )|(?<=token )|(?<=key ))\S+|(?=[^\s,;]*\d)[^\s,;]{12,}"
)
PARTLY = {202: "was accepted and is not yet there", 206: "is a part"}


def refuse_missing_records(request: Request, response: Any) -> None:
    """An answer without the declared records is no empty page. `null` is: so some APIs write an empty list.

    Others leave it out: then it is an empty page with what is declared as `empty_with` alone.
    """
    answer, path, empty_with = response.json(), request.table.records, request.table.empty_with
    if not _has(answer, path) and not (empty_with and _has(answer, empty_with)):
        raise FatalError(
            f"{request.where}: an answer of {response.status_code} without {path!r}. It holds: "
            f"{outline(answer)}. Is it an error, or is `records` wrong? Nothing was kept."
        )


def refuse_errors(request: Request, reading: Reading, response: Any, records: list[Any]) -> None:
    """Raises FatalError for an answer that tells an error beside its records; a mere message is a warning."""
    answer, code = response.json(), response.status_code
    if request.table.cut_at and len(records) >= request.table.cut_at:
        raise FatalError(
            f"{request.where}: an answer of {len(records)} records, which is the most that the API gives: others may "
            "be missing. Ask for fewer days (`since_first`, `late_days`). Nothing was kept."
        )
    if marked_outside(answer, records):
        raise FatalError(
            f"{request.where}: an answer in which a key stands twice beside the records. Nothing was kept."
        )
    if code in PARTLY or tells_an_error(answer, records):
        told = PARTLY.get(code, "tells an error")
        raise FatalError(
            f"{request.where}: an answer of {code} with {len(records)} records {told}, so others may be "
            f"missing. It holds: {outline(answer)}. Nothing was kept."
        )
    if not records and perhaps_an_error(answer):
        reading.warnings.append(
            f"{reading.at or 'page 1'}: no records, but a message: {outline(answer)}. Is it an error?"
        )


def is_busy(rule: Busy, response: Any) -> bool:
    """Whether an answer is the limit that the source file describes."""
    from dlt.common import jsonpath

    if response.status_code != rule.status or not rule.at:
        return response.status_code == rule.status
    try:
        values = jsonpath.find_values(rule.at, json.loads(response.content))
    except ValueError:
        return False
    return any(str(value) in map(str, rule.values) for value in values)


def reason(response: Any) -> str:
    """What a refusal says, without anything that could be somebody's or a key; empty where it says nothing as JSON."""
    try:
        content = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    content = content[0] if isinstance(content, list) and content else content
    return f" ({outline(content)})" if isinstance(content, dict) else ""


def _has(answer: Any, path: str) -> bool:
    """Whether the place of the records is there; what is chosen among them (`[*]`, a filter) may well be nothing."""
    from dlt.common import jsonpath

    fixed = re.split(r"\.?\[\s*[*?:]|\.\*|\.\.", path, maxsplit=1)[0].rstrip(".")
    return fixed in ("", "$") or bool(jsonpath.find_values(fixed, answer))


def outline(answer: Any) -> str:
    """What an answer holds, by its keys and by what errors are usually said in; nothing that could be somebody's."""
    if isinstance(answer, list):
        return f"a list of {len(answer)}"
    if not isinstance(answer, dict):
        return f"a {type(answer).__name__}"
    parts = []
    for key, value in list(answer.items())[:12]:
        text = _discreet(str(key), 40)
        if isinstance(value, dict):
            text += f" ({outline(value)})" if key in ERROR_KEYS else ""
        elif key in ERROR_KEYS and isinstance(value, str | int | float):
            text += f": {_discreet(str(value), 120)}"
        parts.append(text)
    return (", ".join(parts) or "nothing").encode("utf-8", "replace").decode()


def _discreet(text: str, most_characters: int) -> str:
    return PRIVATE.sub("…", without_secrets(text))[:most_characters]
