"""The type that a column's values seem to have: text, with a note, where a type would change a value or is in doubt."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from connectors.column import Column
from connectors.source import Table
from connectors.understand.looking.moments import MANY as MANY_DAYS
from connectors.understand.looking.moments import ways_to_read
from connectors.values.grammar import COMMA_NUMBER, CUT, EPOCH_MILLISECONDS, EPOCH_SECONDS, GROUPED_NUMBER, LAKH_NUMBER
from connectors.values.json_text import teach
from connectors.values.typed import typed_sql

FITS = 0.98  # share of a column's values that must read as a type; the others would be refused
CODES = re.compile(
    r"^id_|(^|_)(id|key|no|number|code|sku|uuid|zip|postcode|postal_code|phone|mobile|telephone|card|version|"
    r"nr|nummer|plz|cep|cap|prefix|telefon|handy|codigo|kod)$|"
    r"(^|_)(zip_code|codigo_postal|code_postal|kod_pocztowy)(_|$)|nummer$|nr$"
)
TIME_WORDS = re.compile(
    r"(^|_)(at|on|time|timestamp|ts|epoch|date|day|hour|created|updated|datum|fecha|data|dia|am|le|op|zeit|zeitpunkt)($|_)|"
    r"datum$|dat$|date$"
)
CODE = re.compile(r"[+-]?0\d+|\+\d+|\d+[eE]\d+")  # a leading zero or plus, or 1E5, is part of what it says
WORDS = ({"true"}, {"false"}, {"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"})  # `no` alone may be Norway
EPOCHS_BY_LENGTH = (
    (EPOCH_SECONDS, "epoch_seconds"), (EPOCH_MILLISECONDS, "epoch_milliseconds"), ("1[0-9]{15}", "epoch_microseconds"),
)  # fmt: skip
STAMPS = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
STAMP = re.compile(r"(19|20)\d+")
DAY = re.compile(r"\d{1,4}([/.-])\d{1,2}\1(\d{1,4})( \d{1,2}:\d{2}(:\d{2})?)?")
LONG_FRACTION = re.compile(r":\d{2}[.,]\d{6}\d*[1-9]")
GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")  # 1.234: a thousand and more, or one and a bit
NUMERIC = re.compile(r"[+-]?[\d., \u00a0\u202f]+")
POINT = re.compile(r"[+-]?\d*\.\d+")
COMMA = re.compile(COMMA_NUMBER)
SURELY_COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|[1-9]\d{0,2}(\.\d{3})+,\d+)")
DECLARE = "declare integer or number, and the file's `decimal`"
SIGNED = re.compile(r"[€$£¥%]")
BESIDE = r"[^\d\s.,+'\u00a0\u202f()-][^\d\s,+\u00a0\u202f()-]{0,4}"  # what a number may bear: €, R$, kg, EUR, руб.
BORNE = re.compile(rf"[+-]?\s*(?P<before>{BESIDE})?\s*[+-]?\d[\d., \u00a0\u202f]*?\s*(?P<behind>{BESIDE})?")
MARKS = {"٫": ".", "٬": "", "．": ".", "，": ""}  # of decimals and thousands, beside digits of their own
IN_PARENTHESES = re.compile(r"\(([^-+()]*\d[^-+()]*)\)|([^-+()]*\d[^-+()]*)-")  # (5.00), and 5.00- of old systems
GROUPED, LAKH = re.compile(GROUPED_NUMBER), re.compile(LAKH_NUMBER)
KNOWN_UNITS = (  # A in A12 is a part of a code
    "€ $ £ ¥ ₹ ₽ ₺ ₪ ₩ ₫ ฿ % R$ US$ A$ C$ zł kr Kč Ft lei лв руб р. Fr CHF EUR USD GBP PLN SEK NOK DKK CZK HUF RON BRL "
    "MXN INR JPY CNY TRY ZAR AUD CAD NZD SGD kg g km h min"
)
UNITS = frozenset(KNOWN_UNITS.split())
MANY = 20  # different values that are all days: by chance they would not be


@dataclass(frozen=True)
class Guess:
    type: str
    format: str | None = None
    note: str = ""
    unit: str | None = None
    accounting: bool = False
    words: dict[str, str] | None = None

    def column(self) -> dict[str, Any]:
        given = {"type": self.type, "format": self.format, "unit": self.unit, "accounting": self.accounting,
                 "words": self.words}  # fmt: skip
        return {key: value for key, value in given.items() if value}


def digits_of(texts: list[str]) -> dict[str, str]:
    """Digits of another script -> our own, with the marks that its numbers have; {} where there are none."""
    starts = {ord(c) - unicodedata.digit(c) for t in texts for c in t if c.isdecimal() and not c.isascii()}
    digits = {chr(start + n): str(n) for start in starts for n in range(10)}
    return digits | MARKS if digits else {}


def with_digits(text: str, digits: dict[str, str]) -> str:
    return "".join(digits.get(c, c) for c in text)


def are_accounts(texts: list[str]) -> bool:
    """Whether some numbers stand in parentheses or before their minus, as accountants write what is taken off."""
    return any(IN_PARENTHESES.fullmatch(t) for t in texts) and all(any(c.isdigit() for c in t) for t in texts)


def unit_of(texts: list[str]) -> str | None:
    """What every number of a column bears, on one side: 29,90 €. None where some bear another or none of it."""
    units = set()
    for text in texts:
        found = BORNE.fullmatch(text)
        if found is None or bool(found["before"]) == bool(found["behind"]):
            return None
        units.add(found["before"] or found["behind"])
    unit = units.pop() if len(units) == 1 else ""
    return unit if unit in UNITS or (unit and _is_borne_by_amounts(unit, texts)) else None


def _is_borne_by_amounts(unit: str, texts: list[str]) -> bool:
    """Whether the numbers beside an unknown unit are written as amounts are: many, parted from it, with marks."""
    bare = {without_unit(text, unit) for text in texts}
    is_apart = not unit[0].isascii() or all(any(c in t for c in " \u00a0\u202f") for t in texts)
    return len(bare) >= MANY and is_apart and any(c in text for text in bare for c in ".,")


def with_minus(text: str) -> str:
    """(5.00) and 5.00- are -5.00."""
    found = IN_PARENTHESES.fullmatch(text)
    return f"-{found[1] or found[2]}" if found else text


def without_unit(text: str, unit: str | None) -> str:
    if unit is None:
        return text
    return text.replace(unit, "", 1).strip(" \u00a0\u202f").replace("- ", "-", 1)


def thousands_of(columns: dict[str, list[str]]) -> str | None:
    """`,` or `lakh` where numbers have commas between their thousands, and none has one elsewhere.

    Sure where a point follows, or a second comma; else where many different numbers are written so.
    """
    numbers = [v for texts in columns.values() if texts and all(NUMERIC.fullmatch(v) for v in texts) for v in texts]
    commas = {v for v in numbers if "," in v}
    is_sure = any("." in v or v.count(",") > 1 for v in commas) or len(commas) >= MANY
    fitting = (name for name, written in ((",", GROUPED), ("lakh", LAKH)) if all(map(written.fullmatch, commas)))
    return next(fitting, None) if is_sure else None


def decimal_of(columns: dict[str, list[str]], delimiter: str | None) -> str | None:
    """`,` where a number of a file surely has a decimal comma, `.` where none has; None where others have a point."""
    if _have_thousands(columns):
        return ","
    if delimiter not in (";", "\t", "|"):  # between commas, 1,2 is more often a list
        sure = [t for t in columns.values() if len(t) >= MANY and all(re.fullmatch(r"-?\d+,\d\d", v) for v in t)]
        points = any(POINT.fullmatch(v) for texts in columns.values() for v in texts if NUMERIC.fullmatch(v))
        return "," if sure and not points else "."
    numbers = [v for texts in columns.values() if all(NUMERIC.fullmatch(v) for v in texts) for v in texts]
    if not any(SURELY_COMMA.fullmatch(v) for v in numbers):
        return "."
    return None if any(POINT.fullmatch(v) and not GROUPS.fullmatch(v) for v in numbers) else ","


def _have_thousands(columns: dict[str, list[str]]) -> bool:
    """Whether points surely part thousands (1.250.000), and part nothing else."""
    numbers = [v for texts in columns.values() if texts and all(map(NUMERIC.fullmatch, texts)) for v in texts]
    pointed = [v for v in numbers if "." in v and "," not in v]
    return any(v.count(".") > 1 for v in pointed) and all(GROUPS.fullmatch(v) for v in pointed)


def guess(
    name: str, texts: list[str], decimal: str | None = ".", delimiter: str | None = None, is_code: bool = False
) -> Guess:
    """The narrowest type that nearly all values read as. Codes stay text."""
    if not texts or is_code or CODES.search(name) or any(CODE.fullmatch(v) for v in texts):
        return Guess("text")
    if {v.lower() for v in texts} in WORDS:
        return Guess("boolean")
    if all(v[:1] in "[{" for v in texts) and _share("json", texts) >= FITS:
        return Guess("json")
    timed = bool(TIME_WORDS.search(name))
    if len(texts) >= MANY and all(len(v) == 8 and STAMP.fullmatch(v) for v in texts):
        timed = timed or _share("date", texts, STAMPS[8]) == 1
    if timed and all(v.isascii() and v.isdecimal() for v in texts):
        return _bare(texts) or Guess("integer" if _share("integer", texts) >= FITS else "text")
    if (points := _points(texts, decimal, delimiter)) is not None:
        return points
    order = ["timestamp", "integer", "number"] if timed else ["integer", "number", "timestamp"]
    if all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", v) for v in texts):
        order = ["date"]
    if any("." in v for v in texts):
        order.remove("integer") if "integer" in order else None  # 54.00 is an amount
    kind = next((t for t in order if _share(t, texts, decimal=decimal) >= FITS), None)
    return Guess(kind) if kind else _odd(texts)


def _bare(texts: list[str]) -> Guess | None:
    """Digits alone in a column of times: 2026032915 is an hour, 1767261600 are seconds. None where they are neither."""
    pattern = STAMPS.get(len(texts[0])) if len({len(v) for v in texts}) == 1 else None
    if pattern and all(STAMP.fullmatch(v) for v in texts):
        kind = "date" if pattern == STAMPS[8] else "timestamp"
        if _share(kind, texts, pattern) == 1:
            return Guess(kind, pattern, "" if kind == "date" else "has no zone and is read as UTC; declare time_zone")
    for expression, name in EPOCHS_BY_LENGTH:
        if all(re.fullmatch(expression, v) for v in texts):
            return Guess("timestamp", name)
    return None


def _points(texts: list[str], decimal: str | None, delimiter: str | None) -> Guess | None:
    """Text where a point or a comma may part thousands or decimals. None where nothing is in doubt."""
    numeric, pointed = all(NUMERIC.fullmatch(v) for v in texts), [v for v in texts if "." in v]
    if decimal is None and numeric and any("." in v or "," in v for v in texts):
        return Guess("text", note=f"numbers with points and numbers with commas in one file; {DECLARE}")
    if not pointed or not all(GROUPS.fullmatch(v) for v in pointed) or any("," in v for v in texts):
        return None
    is_doubtful = decimal == "," or delimiter == ";" or (len(set(pointed)) >= MANY and len(pointed) == len(texts))
    return Guess("text", note=f"points may part thousands; {DECLARE}") if is_doubtful else None


def _odd(texts: list[str]) -> Guess:
    """What is no type as it stands: other dates, more digits of a second than are kept, signs."""
    if any(LONG_FRACTION.search(v) for v in texts) and _share("timestamp", texts, CUT) >= FITS:
        return Guess("timestamp", CUT, "digits of a second behind the sixth are cut off")
    if (written := _written(texts)) is not None:
        return written
    if all(SIGNED.search(v) for v in texts):
        return Guess("text", note="amounts with a sign; cast them in staging")
    if any(SURELY_COMMA.fullmatch(v) for v in texts) and all(COMMA.fullmatch(v) for v in texts):
        return Guess("text", note=f"decimal commas, or lists; {DECLARE}")
    return Guess("text")


def _written(texts: list[str]) -> Guess | None:
    """A day or an instant that is not ISO, by the one way that reads every value; text where two do."""
    few = len(set(texts)) < MANY_DAYS
    read = [
        way
        for way in ways_to_read(texts)
        if not (few and "%y" in way.pattern) and _share(way.kind, texts, way.pattern, words=dict(way.words)) == 1
    ]
    if len(read) == 1:
        words = dict(read[0].words) or None
        return Guess(read[0].kind, read[0].pattern, "no other order of day and month fits", words=words)
    if len({way.pattern for way in read}) < len(read):
        return Guess("text", note="its words are months in several languages; declare a date, its format and its words")
    if read:
        told = f"day or month first? Declare date or timestamp, and a format such as {read[0].pattern}"
        return Guess("text", note=told)
    if all(DAY.fullmatch(v) for v in texts):
        return Guess("text", note="dates of no one known form; with years of two digits say %y in a format")
    return None


def _share(
    kind: Any, texts: list[str], pattern: str | None = None, decimal: Any = ".", words: dict[str, str] | None = None
) -> float:
    """How many of the values the projection of a pull would read as `kind`."""
    column = Column(type=kind, format=pattern, words=words or None)
    table = Table(kind="files", pattern="x", columns={"v": column}, decimal=decimal)
    engine = _engine()
    engine.register("sample", pa.table({"v": pa.array(texts, pa.string())}))
    row = engine.execute(
        f"select count({typed_sql('v', column, pa.string(), table)}) / count(*) from sample"
    ).fetchone()
    engine.unregister("sample")
    return float(row[0]) if row else 0.0


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all columns: to open one costs more than to try a type."""
    engine = duckdb.connect(config={"threads": 1})
    engine.execute("set TimeZone = 'UTC'")
    teach(engine)
    return engine
