"""Which rows a cursor asks a database for. They are at least those of the day: landing, which reads each value by its
declared type, leaves those that are ahead of it for their own day.

So a bound is set only where the source sorts the column as its declared type does. Everywhere else the table is read
whole: dates in a text, sorted by their letters, would leave rows out in silence.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.column import Column
from connectors.kinds.database import Order
from connectors.reading import NO_CLOCK, Request
from connectors.values.grammar import CUT, EPOCHS

DOUBTFUL_SECONDS = 2 * 3600  # of the session's local time around a clock change
LOCAL_SLACK = timedelta(days=1)  # local times repeat an hour, and a text beside them may have an offset of its own
DOUBLES_APART = 2  # steps between doubles by which a decimal read as one may lie beside it
SQLITE_DAY = "[1-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"  # datetime() takes more: `now`, 12:00, days since 4714 BC
SQLITE_SECONDS = (1_000_000_000, 1_900_000_000)  # numbers that are read as seconds since 1970 without a `format`
Comparison = Callable[[str, datetime], str]  # ("<", a moment in UTC, or a date's midnight) -> a condition of SQL


@dataclass(frozen=True)
class Bounds:
    """Conditions of SQL, empty where there is none; a row whose cursor is nothing, or what no clock shows, is in both.

    due         what belongs to the day or an earlier one
    low         what is not older than the high-water mark less the late days
    is_whole    whether every row is read because the source cannot tell
    """

    due: str = ""
    low: str = ""
    is_whole: bool = False


def bounds_of(request: Request, name: str, order: Order) -> Bounds:
    """By the table's cursor, whose quoted name in the source is `name`."""
    column = request.table.columns[str(request.table.cursor)]
    if column.type in ("integer", "number"):
        return _from_number(request, column, name, order)
    compared = _comparison(column, name, order)
    if compared is None:
        return Bounds(is_whole=True)
    slack = LOCAL_SLACK if column.time_zone else timedelta()
    mark = _moment(request.since, column)
    low = compared(">=", mark - timedelta(days=request.table.late_days) - slack) if mark else ""
    return Bounds(compared("<", request.end + slack), low)


def _moment(mark: str | None, column: Column) -> datetime | None:
    """A high-water mark; None also for one of another type, which the cursor had before."""
    try:
        moment = datetime.fromisoformat(mark) if mark else None
    except ValueError:
        return None
    if moment and column.type == "date":
        return datetime.combine(moment, datetime.min.time())
    return moment and moment.replace(microsecond=0)


def _from_number(request: Request, column: Column, name: str, order: Order) -> Bounds:
    """A number has no end. What is read as a double may be less at the source: it is asked for again."""
    if order not in (Order.NUMBER, Order.ANY):
        return Bounds(is_whole=True)
    try:
        mark = int(str(request.since)) if column.type == "integer" else float(str(request.since))
    except ValueError:  # there is none, or one of another type
        return Bounds()
    if column.type == "number":
        mark -= DOUBLES_APART * math.ulp(mark)
    if not math.isfinite(mark):
        return Bounds()
    return Bounds(low=f"{name} > {mark!r} or {name} is null{_no_number(name, order)}")


def _no_number(name: str, order: Order) -> str:
    return f" or typeof({name}) not in ('integer', 'real')" if order is Order.ANY else ""


def _comparison(column: Column, name: str, order: Order) -> Comparison | None:
    """None where the source does not sort the column by its moments."""
    if column.format in EPOCHS:
        unit = EPOCHS[column.format][1]
        return _numbers(name, unit, order) if order in (Order.NUMBER, Order.ANY) else None
    if column.type not in ("timestamp", "date") or column.format not in (None, CUT):
        return None
    zone = column.time_zone
    ways: dict[Order, Comparison] = {
        Order.CLOCK: _compared(name, lambda moment: f"timestamp '{_local(moment, zone)}'"),
        Order.INSTANT: _compared(name, lambda moment: f"timestamptz '{moment}+00'"),
        Order.MYSQL_INSTANT: lambda sign, moment: _mysql_instant(name, sign, moment),
        Order.ANY: _compared(_sqlite_moment(name), lambda moment: f"'{_local(moment, zone)}'"),
    }
    return ways.get(order)


def _compared(value: str, written: Callable[[datetime], str], other: str = "") -> Comparison:
    first, last = (written(moment) for moment in NO_CLOCK)

    def condition(sign: str, moment: datetime) -> str:
        return f"{value} {sign} {written(moment)} or {value} is null or {value} < {first} or {value} >= {last}{other}"

    return condition


def _numbers(name: str, unit: int, order: Order) -> Comparison:
    """Whole seconds since 1970, in a unit of so many microseconds."""
    return _compared(name, lambda moment: str(_second(moment) * 1_000_000 // unit), _no_number(name, order))


def _second(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())


def _local(moment: datetime, zone: str | None) -> datetime:
    """A UTC instant as the source writes it."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) if zone else moment


def _sqlite_moment(name: str) -> str:
    """SQLite's values are numbers or texts of any shape; one that is not surely a moment gives NULL and comes along."""
    first, last = SQLITE_SECONDS
    is_a_day = f"date(substr({name}, 1, 10), '0 days') = substr({name}, 1, 10)"  # it takes 30 February
    return (
        f"case when typeof({name}) = 'text' and {name} glob '{SQLITE_DAY}' and {is_a_day} then datetime({name})"
        f" when typeof({name}) in ('integer', 'real') and {name} >= {first} and {name} < {last}"
        f" then datetime({name}, 'unixepoch') end"
    )


def _mysql_instant(name: str, sign: str, moment: datetime) -> str:
    """MySQL's instants, which reach to 2038: exactly, and before that widely in the session's zone, as an index can be
    asked.
    """
    second = _second(moment)
    wide = second + (DOUBTFUL_SECONDS if sign == "<" else -DOUBTFUL_SECONDS)
    exact = f"{name} {sign} from_unixtime({wide}) and unix_timestamp({name}) {sign} {second}"
    return f"({exact}) or {name} is null or {name} < '{NO_CLOCK[0]}'"
