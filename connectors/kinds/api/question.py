"""What an API is asked: path, parameters and body, with the mark, the day and the parent filled in."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

from connectors.kinds.api.spec import needs_account
from connectors.reading import Request
from core.errors import ConfigError, FatalError
from core.settings import variable_of

PLACE = re.compile(r"\{(since|day|next_day|parent|account)(?:\.(year|month|day))?\}")
DAYS_BEFORE = re.compile(r"([1-9][0-9]{0,4}) days")  # since_first: so many before the day
NUMBERS = ("epoch_seconds", "epoch_milliseconds")
LEFT_OUT = object()  # a value that names a mark which is not there yet


class UnaskableError(ConfigError):
    """A value that the question cannot hold."""


@dataclass(frozen=True)
class Question:
    path: str
    params: dict[str, Any]
    body: dict[str, Any] | None


def question_of(request: Request, parent: str | None = None) -> Question:
    """One question; `parent` is the value of `for_each`. Raises UnaskableError for one that asks something else."""
    table = request.table
    values = _values(request) | {"parent": parent}
    if values["account"] is None and needs_account(table):
        raise ConfigError(
            f"{request.source} has no account. Set [sources.{request.source}] account in fairlead.toml, or "
            f"{variable_of('sources', request.source, 'account')}: the vendor's number of it."
        )
    params = {key: text_of(v) if isinstance(v, bool) else v for key, v in _filled(table.params, values).items()}
    body = _filled(table.body, values)
    param, value = table.cursor_param, _filled(table.cursor_value, values)
    if param and value is not LEFT_OUT:
        if param.startswith("body."):
            put(body, param.removeprefix("body."), value)
        else:
            params[param] = value
    return Question(_path(table.path or "", values), params, body if table.method == "POST" else None)


def _path(template: str, values: dict[str, Any]) -> str:
    """Each value stays in its segment: percent-encoded, and none by which a client would go up or leave one out."""
    try:
        encoded = {k: v if v is None else quote(str(v), safe="") for k, v in values.items()}
    except UnicodeEncodeError:
        raise UnaskableError(f"path {template}: half a surrogate pair, a letter that was cut in two.") from None
    path = str(_filled(template, encoded))
    segments = zip(*(text.partition("?")[0].split("/") for text in (template, path)), strict=True)
    if any(filled in ("", ".", "..") for segment, filled in segments if segment != filled):
        raise UnaskableError(f"path {template}: an empty value, `.` or `..` would ask for another path.")
    return path.lstrip("/")


def put(body: Any, path: str, value: Any) -> None:
    """Write a value at a dotted path, of which a number is a place in a list that is there."""
    *parts, last = path.split(".")
    for part in parts:
        body = body[int(part)] if isinstance(body, list) else body.setdefault(part, {})
    body[int(last) if isinstance(body, list) else last] = value


def _values(request: Request) -> dict[str, Any]:
    return {
        "since": _since(request),
        "day": request.day.isoformat(),
        "next_day": (request.day + timedelta(days=1)).isoformat(),
        "account": request.place.account or None,
    }


def _since(request: Request) -> str | int | None:
    """The high-water mark less the late days, as the API wants it; before there is one `since_first`, or None."""
    table = request.table
    if not table.cursor:
        return None
    if table.columns[table.cursor].type not in ("timestamp", "date"):
        return request.since or table.since_first
    if request.since:
        return _written(datetime.fromisoformat(request.since) - timedelta(days=table.late_days), table.cursor_format)
    if table.since_first is None:
        return None
    if before := DAYS_BEFORE.fullmatch(table.since_first):
        first_day = request.first_day - timedelta(days=int(before[1]))
        return _written(datetime.combine(first_day, datetime.min.time()), table.cursor_format)
    first = datetime.fromisoformat(table.since_first)
    return _written(first.astimezone(UTC).replace(tzinfo=None) if first.tzinfo else first, table.cursor_format)


def _written(moment: datetime, cursor_format: str) -> str | int:
    """An instant in UTC as the API reads it."""
    if cursor_format in NUMBERS:
        seconds = int(moment.replace(tzinfo=UTC).timestamp())
        return seconds * (1000 if cursor_format == "epoch_milliseconds" else 1)
    if cursor_format == "date":
        return moment.date().isoformat()
    return moment.isoformat() + ("Z" if cursor_format == "iso_z" else "")


def _filled(content: Any, values: dict[str, Any]) -> Any:
    """The same with each place filled; a key whose value names a mark that is not there is left out."""
    if isinstance(content, dict):
        pairs = ((key, _filled(value, values)) for key, value in content.items())
        return {key: value for key, value in pairs if value is not LEFT_OUT}
    if isinstance(content, list):
        return [value for item in content if (value := _filled(item, values)) is not LEFT_OUT]
    if not isinstance(content, str):
        return content
    names = [name for name, _ in PLACE.findall(content)]
    if any(values[name] is None for name in names):
        return LEFT_OUT
    if content == f"{{{names[0] if names else ''}}}":  # alone it stays a number
        return values[names[0]]
    return PLACE.sub(lambda place: _part(str(values[place[1]]), place[2]), content)


def _part(value: str, part: str | None) -> str:
    """A value as it stands, or the year, month or day of a date, as a plain number."""
    return str(getattr(date.fromisoformat(value[:10]), part)) if part else value


def parent_value(record: Any, path: str) -> str | None:
    """A column's value in a record, as a question may hold it."""
    for part in path.split("."):
        record = record.get(part) if isinstance(record, dict) else None
    if isinstance(record, dict | list):
        raise FatalError(f"for_each: {path} holds no single value.")
    return None if record is None else text_of(record)


def text_of(value: Any) -> str:
    """A JSON value as the text that it lands as."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(getattr(value, "text", value))
