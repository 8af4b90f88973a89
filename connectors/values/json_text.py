"""JSON as it was written: what the engine's lenient reader lets pass, or would change in silence, is found here.

DuckDB takes NaN, Infinity and a comma behind the last value, and of a key that stands twice the first; PostgreSQL
refuses those, and takes the last. A look over the whole text says which rows are in doubt; only those are read again,
by the letter.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from connectors.kinds.streams import UNREADABLE
from connectors.source import Table

LONG_NUMBER = r"[0-9][0-9.]{16}|[0-9.][eE][+-]?[0-9]{3}"  # perhaps a number that a double does not hold
LENIENT = r"[:,\[]\s*-?[NnIi][AaNn][NnFf]|,\s*[\]}]"  # NaN, Infinity, a comma behind the last value
# A number that the engine writes in another way: 1.10, 0.00001, 1e5, -0.
ODD_NUMBER = r"(?:-?[0-9]+\.(?:[0-9]+0|000[0-9]*)\b|-?[0-9]+(?:\.[0-9]+)?[eE]|-0\b)"
# Perhaps a number that PostgreSQL does not hold, a NUL, or a key that is not seen.
DOUBTFUL = re.compile(r'[eE][+-]?[0-9]{4}|[0-9]{1000}|\\u00|"\s+:')
NUL = r"(^|[^\\])(\\\\)*\\u0000"  # behind an even number of backslashes; a\\u0000b is text
LISTED = re.compile(r"([^\[\]]+)((?:\[[0-9]+\])+)")  # a key of a path with a place in its list
PLACE = re.compile(r"[0-9]+")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
MOST_POWER = 16_000  # PostgreSQL keeps 131,072 digits before the point and 16,383 behind it
MOST_DIGITS = 4000  # Python reads no integer of more than 4,300

TWICE = "not JSON with one value a key: a key stands twice in one object"
NO_NUMBER = "not JSON: NaN or Infinity"
COMMA = "not JSON: a comma behind the last value"
TOO_DEEP = "nested too deeply to be read"
TOO_LARGE = f"a number beyond 1e{MOST_POWER}"
HOLDS_NUL = "a NUL character"
MARK = f"{UNREADABLE}twice"  # a key that no honest text holds, in an object whose key stood twice


Step = str | int  # a key of an object, or a place in a list


class NotPlainError(ValueError):
    """JSON that two readers would not read alike; the message is the reason, and holds nothing of the text."""


class Written(float):
    """A number with its text, for where it lands as text."""

    text: str

    def __new__(cls, text: str) -> "Written":
        out = super().__new__(cls, text)
        out.text = text
        return out


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise NotPlainError(TWICE)
    return out


def marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """As `once`, for an answer of many records, of which only this one is to be refused."""
    out = dict(pairs)
    return out if len(out) == len(pairs) else {**out, MARK: True}


def marked_outside(answer: Any, records: Iterable[Any]) -> bool:
    """Whether a key stands twice in what is around the records."""
    inside = {id(record) for record in records}

    def look(value: Any) -> bool:
        return isinstance(value, dict) and id(value) not in inside and (MARK in value or any(map(look, value.values())))

    return look(answer)


def _no_number(_: str) -> Any:
    raise NotPlainError(NO_NUMBER)


def read(text: str, number: Callable[[str], Any], integer: Callable[[str], Any]) -> Any:
    """Raises ValueError for what is no JSON, NotPlainError among them with its reason, RecursionError."""
    return json.loads(
        text, parse_float=number, parse_int=integer, parse_constant=_no_number, object_pairs_hook=without_repeats
    )


def fault_of(text: str) -> str | None:
    """Why a JSON text, valid to the engine, is none to all; None where it is."""
    try:
        read(text, _bounded_number, _bounded_number)
    except NotPlainError as fault:
        return str(fault)
    except RecursionError:
        return TOO_DEEP
    except ValueError:
        return COMMA  # of what the engine takes, all that is left
    return HOLDS_NUL if re.search(NUL, text) else None


def _bounded_number(text: str) -> str:
    digits, _, power = text.lower().partition("e")
    if len(digits) > MOST_POWER or len(power) > 6 or abs(int(power or 0)) > MOST_POWER:
        raise NotPlainError(TOO_LARGE)
    return text


def plain_fault(text: str) -> str:
    """As `fault_of`, empty where there is none. A round through a fast and strict reader finds the doubtful texts."""
    try:
        round_trip = orjson.dumps(orjson.loads(text))  # with each key once
        doubtful = text.count('":') != round_trip.count(b'":') or bool(DOUBTFUL.search(text))
    except (ValueError, RecursionError):
        doubtful = True
    return (fault_of(text) or "") if doubtful else ""


def teach(engine: duckdb.DuckDBPyConnection) -> None:
    """Give the engine `json_fault(text)`.

    By value: of a text that comes from Arrow it would keep the place and not the text.
    """
    engine.create_function("json_fault", plain_fault, ["varchar"], "varchar")


class Keeping:
    """Which values of a table's records land as text, and so keep a number as it was written."""

    def __init__(self, table: Table, undeclared: Iterable[str] = ()) -> None:
        paths = {name: steps_of(c.source or name) for name, c in table.columns.items()}
        texts = [path for name, path in paths.items() if table.columns[name].type == "text"]
        self._nested = [path for path in texts if len(path) > 1]
        self._others = {path[0] for path in paths.values()} - {path[0] for path in texts if len(path) == 1}
        last_keys = {*undeclared, *(next(s for s in reversed(path) if isinstance(s, str)) for path in texts)}
        keys = "|".join(re.escape(json.dumps(key, ensure_ascii=False)) for key in last_keys)
        self.doubtful = f"{LONG_NUMBER}|{LENIENT}" + (rf"|(?:{keys})\s*:\s*{ODD_NUMBER}" if keys else "")

    def as_written(self, record: Any) -> bool:
        """Put a number's text in its place where it lands as text; whether there was one."""
        if not isinstance(record, dict):
            return False
        places: list[tuple[Any, Step]] = [
            (record, key) for key, value in record.items() if type(value) is Written and key not in self._others
        ]
        for path in self._nested:
            inner: Any = record
            for step in path[:-1]:
                inner = _inside(inner, step)
            if type(_inside(inner, path[-1])) is Written:
                places.append((inner, path[-1]))
        for owner, key in places:
            owner[key] = owner[key].text
        return bool(places)

    def exact(self, text: str) -> tuple[str, str | None]:
        """A record with every digit of its numbers; and why it is none, where the engine would take it for one."""
        numbers = _Numbers()
        try:
            record = read(text, numbers.number, numbers.integer)
            if not self.as_written(record) and not numbers.changed:
                return text, None
            exact = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
            exact.encode()  # half a surrogate pair is no text: the row is refused as it came
        except NotPlainError as fault:
            return text, str(fault)
        except RecursionError:
            return text, TOO_DEEP
        except ValueError:
            return text, COMMA if re.search(r",\s*[\]}]", STRING.sub('""', text)) else None
        return exact, None


class _Numbers:
    """Reads numbers: one that a double does not give back becomes text, digit by digit as it was written."""

    changed = False

    def number(self, text: str) -> float | str:
        if _keeps_its_digits(text):
            return Written(text)
        self.changed = True
        return text

    def integer(self, text: str) -> float | int | str:
        if len(text) >= MOST_DIGITS:
            self.changed = True
            return text
        return Written(text) if text == "-0" else int(text)


def _keeps_its_digits(number: str) -> bool:
    """Whether the double gives back the digits."""
    digits = "".join(c for c in number.lower().partition("e")[0] if c.isdigit()).strip("0")
    digits_back = f"{abs(float(number)):.{max(len(digits) - 1, 0)}e}".partition("e")[0].replace(".", "").strip("0")
    return digits_back == digits and len(digits) <= 17


def steps_of(source: str) -> list[Step]:
    """The keys of a dotted path, and the places in its lists: `rows[0].value`."""
    steps: list[Step] = []
    for part in source.split("."):
        listed = LISTED.fullmatch(part)
        steps += [listed[1], *(int(place) for place in PLACE.findall(listed[2]))] if listed else [part]
    return steps


def _inside(value: Any, step: Step) -> Any:
    """What stands there; None where nothing does, or the value is of another shape."""
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


def json_path(steps: Iterable[Step]) -> str:
    """The path as a literal of SQL."""
    path = "$" + "".join(f"[{step}]" if isinstance(step, int) else _quoted(step) for step in steps)
    return "'" + path.replace("'", "''") + "'"


def _quoted(key: str) -> str:
    return '."' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def refused(data: pa.RecordBatch, reasons: list[str | None] | pa.Array) -> pa.RecordBatch:
    """Rows of JSON text with a reason for each, None where there is none, as `_error` where they have none yet."""
    reason_array = reasons if isinstance(reasons, pa.Array) else pa.array(reasons, pa.string())
    for name, value in (
        ("_raw", pc.if_else(pc.is_valid(reason_array), data.column("c0"), None)),
        ("_error", reason_array),
    ):
        place = data.schema.get_field_index(name)
        data = data.set_column(place, name, pc.coalesce(data.column(place), value))
    return data
