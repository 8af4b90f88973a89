"""What `--json` makes of values: numbers that are numbers, and one text that every reader of JSON takes."""

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import to_json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.50"), "12.5"), (Decimal("3.000000000"), "3"), (Decimal("1E+3"), "1000"), (Decimal("-0.00"), "-0"),
        (Decimal("NaN"), "null"),
        (Decimal("0.1234567890123456789012345678901234567"), "0.1234567890123456789012345678901234567"),
        (2**127, str(2**127)),
        (0.1, "0.1"), (1e300, "1e+300"), (float("nan"), "null"), (float("-inf"), "null"), (True, "true"),
        (None, "null"),
        (np.int64(3), "3"), (np.float64(0.5), "0.5"), (np.bool_(True), "true"), (date(2026, 3, 29), '"2026-03-29"'),
        (time(10), '"10:00:00"'),
        (datetime(2026, 3, 29, 10, tzinfo=UTC), '"2026-03-29T10:00:00+00:00"'), (timedelta(minutes=90), "5400.0"),
        (b"a", '"YQ=="'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'), (Path("a/b"), '"a/b"'), ("ü", '"ü"'),
        ("\ud83d", '"\\ud83d"'),
        ({"n": [Decimal("2.50")], 1: ()}, '{"n": [2.5], "1": []}'),
    ],
)  # fmt: skip
def test_a_value_is_written_as_what_it_is(value: Any, text: str) -> None:
    assert to_json(value) == text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False,
                                                                          allow_infinity=False) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_whatever_json_can_hold_comes_back_as_it_was(value: Any) -> None:
    assert json.loads(to_json(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_decimal_is_lost(number: Decimal) -> None:
    assert json.loads(to_json(number), parse_float=Decimal, parse_int=Decimal) == number
