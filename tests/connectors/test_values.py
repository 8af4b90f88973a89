"""What lands is what was written, or it is refused with its reason: a table of cases a type, and properties over texts
of any shape.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.column import Column

QUICK = settings(  # 40 texts in each example; a failure names its text, so that none need be made smaller
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
REFUSED = object()
LONDON = {"type": "timestamp", "time_zone": "Europe/London"}


def expect(pairs: list[tuple[Any, str | None]], expected: dict[str, Any]) -> None:
    results = {text: REFUSED if reason else value for text, (value, reason) in zip(expected, pairs, strict=True)}
    assert results == expected
    assert all(
        reason and value is None for (value, reason), w in zip(pairs, expected.values(), strict=True) if w is REFUSED
    )


def refused(*texts: str) -> dict[str, Any]:
    return dict.fromkeys(texts, REFUSED)


NUMBERS = {
    "12.50": 12.5, "+5": 5.0, ".5": 0.5, "5.": 5.0, "007": 7.0, " 5 ": 5.0, "-0.25": -0.25, "1e3": 1000.0,
    "2.5E-3": 0.0025, "": None, " ": None,
    "0.30000000000000004": 0.30000000000000004, "51.507350000000002": 51.50735, "1.50000000000000000000": 1.5,
    "9007199254740992": 2.0**53,
    **refused("9007199254740993", "12345678901234567", "0.12345678901234567890", "4.3333333333333333", "1e400",
              "1e-400", "3e-324", "1_000",
              "１２", "٣", "0x10", "0x1p3", "NaN", "inf", "-Infinity", "1,000", "1,5", "--5", "5-", "5 5", "\t5", "5\n",
              "1e", "€5", "5%"),
}  # fmt: skip
COMMAS = {
    "12,50": 12.5, "1.234,56": 1234.56, "-1.234.567,8": -1234567.8, "1.000": 1000.0, "1234,5": 1234.5, ",5": 0.5,
    "5,": 5.0,
    "1\u00a0234,50": 1234.5, "1\u202f234": 1234.0, "1 234 567": 1234567.0,
    **refused("12.50", "0.99", "1.2.3,4", "1.5", "10.00", "0.123", "01.234", "1234.567,8", "1.234 567", "12\u00a034,5",
              "1,234.50", "1'234,5"),
}  # fmt: skip
INTEGERS = {
    "5": 5, "+5": 5, "-0": 0, "007": 7, "1.0": 1, "1.": 1, "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63),
    **refused("1.5", "1e3", ".5", "9223372036854775808", "1_000", "１２", "0x10", "1,000", "1.234.567", "NaN",
              "12345678901234567890123"),
}  # fmt: skip
DATES = {
    "1990-02-28": date(1990, 2, 28), "9999-12-31": date(9999, 12, 31), "2024-02-29": date(2024, 2, 29),
    " 1990-02-28 ": date(1990, 2, 28),
    "1990-02-28 00:00:00": date(1990, 2, 28), "1990-02-28T00:00": date(1990, 2, 28),
    **refused("12-11-10", "85-03-20", "7-1-1", "1990-2-3", "1990/02/28", "19900228", "epoch", "today", "infinity",
              "1990-02-28 garbage",
              "1990-02-28 (BC)", "1990-02-30", "2023-02-29", "0000-00-00", "0027-06-27", "10000-01-01", "-1990-01-01",
              "+1990-01-01",
              "1990-02-28T10:00:00", "1990-02-28T00:00:00Z", "1990-02-28 00:00:00+02", "２０２３-02-28"),
}  # fmt: skip
INSTANTS = {
    "2026-03-29T10:00:00Z": datetime(2026, 3, 29, 10), "2026-03-29t10:00:00z": datetime(2026, 3, 29, 10),
    "2026-03-29": datetime(2026, 3, 29),
    "2026-03-29 10:00:00 UTC": datetime(2026, 3, 29, 10), "2026-03-29T10:00+02:00": datetime(2026, 3, 29, 8),
    "2026-03-29 10:00:00 -0500": datetime(2026, 3, 29, 15), "2026-03-29 10:00:00-05": datetime(2026, 3, 29, 15),
    "2015-10-25T01:00:30+0800": datetime(2015, 10, 24, 17, 0, 30),
    "2026-03-29T10:00:00-03:30": datetime(2026, 3, 29, 13, 30),
    "2026-03-29T10:00:00+14:00": datetime(2026, 3, 28, 20),
    "2026-03-29T10:00:00,5Z": datetime(2026, 3, 29, 10, 0, 0, 500_000),
    "2026-03-29T10:00:00.123456000Z": datetime(2026, 3, 29, 10, 0, 0, 123_456),
    "2026-03-29 10:00": datetime(2026, 3, 29, 10),
    "1767261600": datetime(2026, 1, 1, 10), "1767261600000": datetime(2026, 1, 1, 10),
    "1767261600.000001": datetime(2026, 1, 1, 10, 0, 0, 1),
    "9999-12-31T23:59:59Z": datetime(9999, 12, 31, 23, 59, 59),
    **refused("2026032915", "202603291530", "20260329", "20260329153000", "1999123123", "946684800", "-5",
              "2026-03-29T10:00:00.1234567Z",
              "2026-03-29T10:00:60Z", "2026-03-29T24:00:00", "2026-03-29T10:00:00+15:00", "2026-03-29T10:00:00+14:30",
              "2026-03-29T10:00:00+5",
              "2015-09-15T10:06:21 am+0400", "0027-06-27T08:23:48+0300", "2026-03-29 10:00 PM", "2026-03-29 10", "now",
              "epoch", "infinity",
              "2026-02-30 10:00:00", "2026-03-29T10:00:00 Europe/London", "2026-03-29 10:00:00 BC", "2026-03-29+02:00",
              "9999-12-31T23:59:59-01:00", "2026-088", "2026-W13-7"),
}  # fmt: skip
LOCALS = {
    "2026-07-01 10:00:00": datetime(2026, 7, 1, 9), "2026-07-01T10:00:00,25": datetime(2026, 7, 1, 9, 0, 0, 250_000),
    "2026-07-01T10:00+02:00": datetime(2026, 7, 1, 8), "2026-07-01T10:00:00Z": datetime(2026, 7, 1, 10),
    "2026-07-01": datetime(2026, 6, 30, 23),
    "2026-10-25 01:30:00": datetime(2026, 10, 25, 1, 30), "2026-10-25 00:59:59": datetime(2026, 10, 24, 23, 59, 59),
    **refused("2026-03-29 01:00:00", "2026-03-29T01:30", "2026-03-29 01:59:59"),
    "2026-03-29 02:00:00": datetime(2026, 3, 29, 1),
}  # fmt: skip


def stamp(pattern: str) -> dict[str, str]:
    return {"type": "timestamp", "format": pattern}


CASES = [
    ("number", {}, NUMBERS), ("number", {"decimal": ","}, COMMAS), ("integer", {}, INTEGERS),
    ("integer", {"decimal": ","}, {"1.000": 1000, "1 234": 1234, "1,0": 1, **refused("1.5", "10.00", "12.50", "1,5")}),
    ({"type": "number", "unit": "€"}, {"decimal": ","},
     {"29,90 €": 29.9, "-€5": -5.0, "€ 5": 5.0, "1.234,50\u00a0€": 1234.5, "5": 5.0,
      **refused("€5€", "$5", "€", "5 € 5", "12.50 €")}),
    ({"type": "number", "unit": "$", "accounting": True}, {"thousands": ","},
     {"$1,234.50": 1234.5, "($5.00)": -5.0, "(1,000)": -1000.0, "-$5.25": -5.25, "7": 7.0,
      **refused("1,23", "$12,34,567", "(-5)", "((5))", "(5", "5)", "()")}),
    ("number", {"thousands": ","}, {"1,234": 1234.0, "1,234,567.5": 1234567.5,
                                    **refused("0,234", "1,2", "1234,567", "(5)")}),
    ("date", {}, DATES), ("timestamp", {}, INSTANTS), (LONDON, {}, LOCALS),
    ("boolean", {}, {"TRUE": True, "t": True, "Yes": True, "y": True, "1": True, "0": False, "no": False, "N": False,
                     "False": False,
                     **refused("on", "off", "2", "1.0", "ja", "truee")}),
    ("json", {}, {'{"a": 1.50}': '{"a": 1.50}', "[]": "[]", "-0": "-0", "1e400": "1e400",
                  '"a\\\\u0000b"': '"a\\\\u0000b"',
                  '[{"a": 1}, {"a": 2}]': '[{"a": 1}, {"a": 2}]', '{"a": "NaN,}"}': '{"a": "NaN,}"}',
                  '{"a": "\\u0022b"}': '{"a": "\\u0022b"}',
                  **refused("{", "nul", "{'a': 1}", '{"a": NaN}', "[-inf]", "[Infinity]", '{"a": 1,}', "[1, ]",
                            '"\\u0000"', '"\\\\\\u0000"',
                            '"\\ud83d"', '{"a": 1, "a": 1}', '[{"b": {"a": 1, "a" : 2}}]', '{"a": 1, "\\u0061": 2}',
                            "1e20000", "[" * 5000 + "]" * 5000)}),
    ("text", {"nulls": ["NA"]}, {"  x ": "  x ", "007": "007", "NA": None, "": None, "1E5": "1E5"}),
    ("number", {"nulls": ["-", "NA"]}, {"-": None, "NA": None, "5": 5.0, **refused("N/A")}),
    (stamp("%Y%m%d%H"), {}, {"2026032915": datetime(2026, 3, 29, 15),
                             **refused("202603291", "2026032924", "26032915", "20260329150")}),
    (stamp("epoch_seconds"), {}, {"0": datetime(1970, 1, 1), "-86400": datetime(1969, 12, 31),
                                  "946684800.5": datetime(2000, 1, 1, 0, 0, 0, 500_000),
                                  **refused("1767261600000", "202603291530", "2026-03-29", "1.0000001", "1e9")}),
    (stamp("epoch_milliseconds"), {}, {"1767261600123": datetime(2026, 1, 1, 10, 0, 0, 123_000),
                                       **refused("1767261600000000")}),
    (stamp("epoch_microseconds"), {}, {"1767261600000001": datetime(2026, 1, 1, 10, 0, 0, 1),
                                       **refused("1767261600000001.5")}),
    (stamp("iso_to_microseconds"), {}, {"2026-03-29T10:00:00.1234569Z": datetime(2026, 3, 29, 10, 0, 0, 123_456),
                                        **refused("2026032915")}),
    (stamp("%Y-%m-%dT%H:%M:%S.%f%z"), {}, {"2026-03-29T10:00:00.5+0200": datetime(2026, 3, 29, 8, 0, 0, 500_000),
                                          "2026-03-29T10:00:00.25Z": datetime(2026, 3, 29, 10, 0, 0, 250_000),
                                          **refused("2026-03-29T10:00:00.5", "2026-03-29T10:00:00.5-15:00")}),
    ({**LONDON, "format": "%d/%m/%Y %H:%M"}, {},
     {"1/7/2026 9:05": datetime(2026, 7, 1, 8, 5), **refused("29/03/2026 01:30", "29/03/26 10:00")}),
    ({"type": "date", "format": "%d/%m/%Y"}, {},
     {"2/3/1990": date(1990, 3, 2), **refused("28/02/90", "31/11/1990", "28/02/1990 x", "02/28/1990")}),
    ({"type": "date", "format": "%d.%m.%y"}, {}, {"28.02.90": date(1990, 2, 28), **refused("28.02.1990")}),
    ({"type": "date", "format": "%A %d %B %Y"}, {},
     {"tuesday 3 february 2026": date(2026, 2, 3), **refused("Monday 3 February 2026")}),
    ({"type": "date", "format": "%Y-%m-%d %H:%M"}, {},
     {"1990-02-28 00:00": date(1990, 2, 28), **refused("1990-02-28 10:00")}),
]  # fmt: skip


@pytest.mark.parametrize(("column", "table", "expected"), CASES, ids=[f"{c} {t or ''}" for c, t, _ in CASES])
def test_each_text_lands_as_it_was_written_or_is_refused(landed, column, table, expected):
    expect(landed(column, list(expected), **table), expected)


def micro(text: str) -> datetime:
    return datetime.fromisoformat(text)


NATIVE = [
    ("json", pa.array([{"a": 1.5}, {"a": float("nan")}]), ['{"a":1.5}', REFUSED]),
    ("integer", pa.array([1.0, 2.0**53, 1.5, float("nan"), 2.0**60]), [1, 2**53, REFUSED, REFUSED, REFUSED]),
    ("integer", pa.array([2**63 - 1, 2**63], pa.uint64()), [2**63 - 1, REFUSED]),
    ("integer", pa.array([Decimal("5.00"), Decimal("5.50")], pa.decimal128(9, 2)), [5, REFUSED]),
    ("number", pa.array([2**53, 2**53 + 1, -7], pa.int64()), [2.0**53, REFUSED, -7.0]),
    ("number", pa.array([Decimal("1.10"), Decimal("12345678901234567.10")], pa.decimal128(25, 2)), [1.1, REFUSED]),
    ("number", pa.array([Decimal("1.10"), None], pa.decimal256(50, 2)), [1.1, None]),
    ("number", pa.array([1.5, float("inf")], pa.float16()), [1.5, REFUSED]),
    ("text", pa.array([b"caf\xc3\xa9", b"\xff", b"a\x00"], pa.binary()), ["café", "\\xFF", "a\\x00"]),
    ("number", pa.array([b"1.5", b"x"], pa.binary()), [1.5, REFUSED]),
    ("date", pa.array([7000, 10**9], pa.int32()).view(pa.date32()), [date(1989, 3, 2), REFUSED]),
    ("date", pa.array([micro("1990-02-28"), micro("1990-02-28T10:00")], pa.timestamp("us")),
     [date(1990, 2, 28), REFUSED]),
    ("timestamp", pa.array([10**9, 2**60, -(2**50)], pa.int64()).view(pa.timestamp("s")),
     [datetime(2001, 9, 9, 1, 46, 40), REFUSED, REFUSED]),
    ("timestamp", pa.array([1000, 1001], pa.int64()).view(pa.timestamp("ns")),
     [datetime(1970, 1, 1, 0, 0, 0, 1), REFUSED]),
    ("timestamp", pa.array([1000, 1001], pa.timestamp("ns", "Europe/Paris")),
     [datetime(1970, 1, 1, 0, 0, 0, 1), REFUSED]),
    ("text", pa.array([1001], pa.timestamp("ns", "UTC")), ["1970-01-01 00:00:00.000001001+00"]),
    (LONDON, pa.array([micro("2026-07-01T10:00"), micro("2026-03-29T01:30")], pa.timestamp("us")),
     [datetime(2026, 7, 1, 9), REFUSED]),
    (LONDON, pa.array([micro("2026-07-01T10:00")], pa.timestamp("us", "UTC")), [datetime(2026, 7, 1, 10)]),
    ("timestamp", pa.array([date(2026, 7, 1)]), [datetime(2026, 7, 1)]),
    ("timestamp", pa.array([1767261600, 2026032915]), [datetime(2026, 1, 1, 10), REFUSED]),
]  # fmt: skip


@pytest.mark.parametrize(("column", "values", "expected"), NATIVE, ids=[f"{c} of {v.type}" for c, v, _ in NATIVE])
def test_a_value_with_a_type_of_its_own_lands_whole_or_is_refused(landed, column, values, expected):
    assert [REFUSED if reason else value for value, reason in landed(column, values)] == expected


def test_declared_nothings_and_decimals_hold_for_texts_and_leave_numbers_their_point(landed):
    assert landed("integer", pa.array([-999, 5]), nulls=["-999"]) == [(None, None), (5, None)]
    assert landed("number", pa.array([1.234, 12.5]), decimal=",") == [(1.234, None), (12.5, None)]
    assert landed("number", pa.array(["1.234", "1,5"], pa.large_string()), decimal=",") == [(1234.0, None), (1.5, None)]


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("timestamp", "2026032915", "a bare number; declare its format"),
        ("timestamp", "0027-06-27T08:23:48+0300", "a year before 1000"),
        ("timestamp", "2026-03-29T10:00:00.1234567Z", "more than six digits of a second"),
        ("date", "0027-06-27", "a year before 1000"),
        (LONDON, "2026-03-29 01:30:00", "the clock change in Europe/London skipped"),
        ("integer", "9223372036854775808", "larger than 64 bits"),
        ("number", "9007199254740993", "more digits than a double keeps"),
        (stamp("%Y%m%d%H"), "x", "not a timestamp of format %Y%m%d%H"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_wrong_and_what_to_declare(landed, column, text, reason):
    assert reason in landed(column, [text])[0][1]
    assert "points part groups of three" in landed("number", ["12.50"], decimal=",")[0][1]


@pytest.mark.parametrize(
    ("column", "fault"),
    [
        ({"type": "timestamp", "format": "epoch"}, "is none of epoch_seconds"),
        ({"type": "date", "format": "%H:%M"}, "has no year"),
        ({"type": "timestamp", "format": "%Y-%m-%d %I:%M"}, "without %p"),
        ({"type": "date", "format": "%Y-%m-%d %-I:%M"}, "without %p"),
        ({"type": "timestamp", "format": "%Y-%m-%d %H:%M %p"}, "%p without %I"),
        ({"type": "date", "format": "%%Y %d"}, "has no year"),
        ({"type": "timestamp", "format": "%Y-%m-%d %Z"}, "%Z is not read"),
        ({"type": "timestamp", "format": "%z %Y"}, "%z stands at the end"),
        ({"type": "date", "format": "%Y-%m-%d%z"}, "has an offset"),
        ({"type": "date", "format": "epoch_seconds"}, "belongs to a timestamp"),
        ({"type": "number", "format": "%Y"}, "belongs to a date or a timestamp"),
        ({"type": "date", "format": "%Q%Y"}, "a directive that is not read"),
    ],
)  # fmt: skip
def test_a_format_that_cannot_say_the_day_is_a_mistake_of_the_file(column, fault):
    with pytest.raises(ValidationError, match=re.escape(fault)):
        Column.model_validate(column)


# Properties: texts near the grammar, spoilt at will; whatever lands must be told back by arithmetic that shares nothing
# with the projection.

SPACES = " \u00a0"
SPOILS = st.sampled_from(
    ["", "", "", " ", "0", "5", "-", "+", ".", ",", ":", "_", "e", "Z", "T", "９", "\t", "\u00a0", "x", "00"]
)


@st.composite
def spoilt(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    text = draw(texts)
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(SPOILS) + text[place + draw(st.integers(0, 1)) :]


def check_round_trip(pairs: list[tuple[Any, str | None]], texts: list[str], gives_back: Any) -> None:
    for text, (value, reason) in zip(texts, pairs, strict=True):
        if value is None:
            assert (reason is None) == (not text.strip(SPACES)), (text, reason)
        else:
            assert reason is None and gives_back(text.strip(SPACES), value), (text, value)


def same_number(text: str, value: float) -> bool:
    """The double, written with as many digits as came, is the text."""
    number = Decimal(text)
    digits = len("".join(map(str, number.as_tuple().digits)).strip("0"))
    return bool(Decimal(f"{value:.{max(digits, 1) - 1}e}") == number) and text.isascii() and "_" not in text


decimals = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**19), 10**19).map(str),
    st.from_regex(r"[+-]?[0-9]{0,18}\.?[0-9]{0,20}(e-?[0-9]{1,3})?", fullmatch=True),
)
whole = st.integers(-(2**64), 2**64).map(str) | st.from_regex(r"[+-]?0{0,2}[0-9]{1,5}(\.0{0,3})?", fullmatch=True)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
offsets = st.sampled_from(
    ["", "Z", "z", "+02:00", "-0530", "+05", " -03:30", "+14:00", "-00:00", "+15:00", " UTC", "+02:75"]
)
iso = st.builds(lambda m, t, o: m.isoformat(t) + o, moments, st.sampled_from("T t"), offsets)


@given(st.lists(spoilt(decimals), min_size=40, max_size=40))
@QUICK
def test_a_number_that_landed_gives_back_its_digits(landed, texts):
    check_round_trip(landed("number", texts), texts, same_number)


@given(st.lists(spoilt(whole), min_size=40, max_size=40))
@QUICK
def test_an_integer_that_landed_gives_back_its_digits(landed, texts):
    def gives_back(text: str, value: int) -> bool:
        return bool(re.fullmatch(r"[+-]?[0-9]+(\.0*)?", text)) and Decimal(text) == value

    check_round_trip(landed("integer", texts), texts, gives_back)


@given(
    st.lists(
        spoilt(st.integers(-(10**9), 10**9).map(lambda i: f"{i / 100:,.2f}".translate(str.maketrans(",.", ".,")))),
        min_size=40,
    )
)
@QUICK
def test_a_number_with_a_decimal_comma_gives_back_its_groups(landed, texts):
    def gives_back(text: str, value: float) -> bool:
        mantissa, _, power = text.lower().removeprefix("+").partition("e")
        whole, _, rest = mantissa.partition(",")
        mark = next((m for m in ". \u00a0" if m in whole), "")
        plain = whole.replace(mark, "") if mark else whole
        grouped = not mark or f"{int(plain):,}".replace(",", mark) == whole
        return grouped and same_number(
            f"{plain or '0'}.{rest or '0'}{'e' + power if power else ''}".replace("-.", "-0."), value
        )

    check_round_trip(landed("number", texts, decimal=","), texts, gives_back)


@given(st.lists(spoilt(st.dates(date(1, 1, 1)).map(str) | iso), min_size=40, max_size=40))
@QUICK
def test_a_date_that_landed_is_the_text_that_came(landed, texts):
    def gives_back(text: str, value: date) -> bool:
        return text[:10] == value.isoformat() and value.year >= 1000 and not text[10:].strip("T 0:.")

    check_round_trip(landed("date", texts), texts, gives_back)


def same_instant(text: str, value: datetime) -> bool:
    """By the standard library's own reading of ISO 8601."""
    if re.fullmatch(r"1[0-9]{9}([0-9]{3})?(\.[0-9]*)?", text):
        seconds = Decimal(text) / (1 if len(text.partition(".")[0]) == 10 else 1000)
        return Decimal((value - datetime(1970, 1, 1)) // timedelta(microseconds=1)) == seconds * 10**6
    body = re.sub(r" *(UTC|Z)$", "+00:00", text, flags=re.I)
    moment = datetime.fromisoformat(re.sub(r" *([+-][0-9:]{2,5})$", r"\1", body) if len(body) > 16 else body)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None) == value


@given(st.lists(spoilt(iso | st.integers(10**8, 10**15).map(str)), min_size=40, max_size=40))
@QUICK
def test_an_instant_that_landed_is_the_one_that_was_written(landed, texts):
    check_round_trip(landed("timestamp", texts), texts, same_instant)


@given(
    st.lists(moments, min_size=40, max_size=40),
    st.sampled_from(["Europe/London", "America/New_York", "Australia/Lord_Howe"]),
)
@QUICK
def test_a_local_time_that_landed_reads_the_same_on_a_clock_there(landed, local, zone):
    changes = [datetime(2026, month, day, hour, 15) for month in (3, 4, 10, 11) for day in range(1, 32) for hour in (1,
                                                                                                                     2)
               if day <= 30 or month in (3, 10)]  # fmt: skip
    texts = [m.isoformat(" ") for m in local + changes]

    def gives_back(text: str, value: datetime) -> bool:
        wall_clock = value.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        return wall_clock == datetime.fromisoformat(text)

    pairs = landed({"type": "timestamp", "time_zone": zone}, texts)
    check_round_trip(pairs, texts, gives_back)
    assert sum(reason is not None for _, reason in pairs[40:]) <= 1  # the one hour that its spring skipped


PATTERNS = [
    "%Y%m%d%H",
    "%Y%m%d%H%M%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%d.%m.%y",
    "%d %b %Y %H:%M:%S.%f",
    "%j %Y",
]


@given(st.sampled_from(PATTERNS), st.lists(moments, min_size=40, max_size=40), st.data())
@QUICK
def test_what_was_read_by_a_format_written_back_by_it_is_the_text_that_came(landed, pattern, instants, data):
    texts = [data.draw(spoilt(st.just(m.strftime(pattern)))) for m in instants]

    def bare(text: str) -> str:
        text = re.sub(r"(^|[^0-9])0+(?=[0-9])", r"\1", text.lower()).replace(" ", "")
        return re.sub(r"(\.[0-9]*?)0+$", r"\1", text) if pattern.endswith("%f") else text

    check_round_trip(
        landed(stamp(pattern), texts), texts, lambda text, value: bare(value.strftime(pattern)) == bare(text)
    )


@given(st.lists(moments, min_size=40, max_size=40), offsets.filter(lambda o: o not in ("+15:00", "+02:75")))
@QUICK
def test_nothing_that_is_iso_is_refused(landed, instants, offset):
    texts = [m.isoformat("T") + offset for m in instants] + [m.isoformat(" ", "minutes") + offset for m in instants]
    assert not [t for t, (value, _) in zip(texts, landed("timestamp", texts), strict=True) if value is None]
    numbers = [str(m.microsecond * 37 / 100) for m in instants] + [str(m.toordinal()) for m in instants]
    assert all(reason is None for _, reason in landed("number", numbers))
