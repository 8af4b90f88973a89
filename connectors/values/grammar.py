"""How a value of each type is written, as patterns that hold for the engine's expressions and for Python's.

In words it stands in docs/reference/values.md.
"""

import re

DIGITS = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
PLAIN_NUMBER = DIGITS + r"([eE][+-]?[0-9]+)?"
PLAIN_INTEGER = r"[+-]?[0-9]+(\.0*)?"
SPACES = " \u00a0\u202f"  # between groups of three, as French and ISO 31 have it: plain, no-break, narrow no-break
GROUPED = "|".join(rf"[1-9][0-9]{{0,2}}(?:{re.escape(mark)}[0-9]{{3}})+" for mark in "." + SPACES)
COMMA_NUMBER = rf"[+-]?(?:{GROUPED}|[0-9]+|)(?:,[0-9]*)?(?:[eE][+-]?[0-9]+)?"
GROUPED_NUMBER = r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?"  # `thousands: ","`: one or more, each of three
LAKH_NUMBER = r"[+-]?[1-9][0-9]?(,[0-9]{2})*,[0-9]{3}(\.[0-9]*)?"  # `thousands: lakh`: three behind the last, else two
SURE_DIGITS, MOST_DIGITS = 15, 17  # every decimal of 15 digits comes back from a double, of 16 and 17 some
EXACT_INTEGERS = 2**53  # above, a double no longer tells one whole number from the next

ISO_DAY = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"  # a year below 1000 is one that was written with two digits
ISO_DATE = rf"{ISO_DAY}([T ]00:00(:00(\.0+)?)?)?"  # what a database calls a date may carry a midnight
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]({point}[0-9]{{1,6}}0*)?)?"  # a timestamp keeps microseconds
LOCAL = rf"{ISO_DAY}([T ]{CLOCK.format(point='[.]')})?"
INSTANT = (
    rf"{ISO_DAY}[T ]{CLOCK.format(point='[.]').removesuffix('?')}( ?UTC|Z)"  # most often so, and the engine reads it
)
OFFSET = r" *(Z|UTC|[+-]((0[0-9]|1[0-3])(:?[0-5][0-9])?|14(:?00)?))"  # none in use is beyond 14 hours
ODD_LOCAL = rf"{ISO_DAY}[Tt ]{CLOCK.format(point='[.,]')}"
ODD_INSTANT = rf"(?i:{ODD_LOCAL}{OFFSET})"
# Undeclared: from 2001-09-09 to 2030-03-17 and 2033-05-18; the hour 2026032915 and the minute 202603291530 are neither.
EPOCH_SECONDS = r"1[0-8][0-9]{8}(\.[0-9]{1,6}0*)?"
EPOCH_MILLISECONDS = r"1[0-9]{12}(\.[0-9]{1,3}0*)?"
EPOCHS = {  # `format` -> how it is written, microseconds in one
    "epoch_seconds": (r"-?[0-9]{1,12}(\.[0-9]{1,6}0*)?", 1_000_000),
    "epoch_milliseconds": (r"-?[0-9]{1,15}(\.[0-9]{1,3}0*)?", 1000),
    "epoch_microseconds": (r"-?[0-9]{1,18}(\.0*)?", 1),
}
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
CUT = "iso_to_microseconds"  # `format`: ISO 8601 whose digits behind the sixth are cut off, by declaration
EARLIEST, LATEST = "1000-01-01 00:00:00", "9999-12-31 23:59:59.999999"
FIRST_EPOCH, LAST_EPOCH = "1900-01-01 00:00:00", "2199-12-31 23:59:59.999999"  # outside, the unit is another
