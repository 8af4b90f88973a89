"""A row of a database lands on the day on which its cursor lies, or is refused: of every type that a column may have
there, in every zone, and whatever the column is declared as.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from sqlalchemy.engine import make_url

from connectors.pull import pull

FIRST_NIGHT, SECOND_NIGHT = date(2026, 4, 15), date(2026, 4, 16)
FIRST, LAST = datetime(2026, 4, 14, 12), datetime(2026, 4, 17, 12)
MOMENTS = [FIRST + timedelta(hours=hours) for hours in range(0, int((LAST - FIRST).total_seconds()) // 3600, 3)]
MOMENTS += [moment + timedelta(minutes=59) for moment in MOMENTS]  # the last hour of a day, too
UTC_OFFSET, COLUMN_ZONE = "+00:00", "America/New_York"
ODD_TEXTS = ("29 March 2026", "20260415T100000Z", "2026-02-30", "now", "12:00", "2461146.5")


@dataclass(frozen=True)
class Case:
    """A column at the source, how it is declared here, and a moment as it holds it with the day that says."""

    sql_type: str
    declared: Any
    written: Callable[[datetime], Any]
    moment: Callable[[Any], datetime | date]
    odd: tuple[Any, ...] = ()  # values that are no moment, and come after the first night

    def days(self, zone: str) -> dict[int, date]:
        """Row -> the first of our two nights on which it is due; none of those that are ahead of both."""
        days = {}
        for number, value in enumerate(map(self.written, MOMENTS)):
            moment = self.moment(value)
            if isinstance(moment, datetime):
                moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(ZoneInfo(zone)).date()
            if moment <= SECOND_NIGHT:
                days[number] = max(moment, FIRST_NIGHT)
        return days


def in_zone(moment: datetime, zone: str = COLUMN_ZONE) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def from_zone(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(COLUMN_ZONE))


def offset_text(moment: datetime) -> str:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo")).isoformat()


LOCAL = {"type": "timestamp", "time_zone": COLUMN_ZONE}
DAY_FIRST = {"type": "date", "format": "%d/%m/%Y"}
SECONDS, MILLISECONDS = ({"type": "timestamp", "format": f"epoch_{unit}"} for unit in ("seconds", "milliseconds"))
TEXTS = {
    "day_first": Case(
        "varchar(40)", DAY_FIRST, "{:%d/%m/%Y}".format, lambda v: datetime.strptime(v, "%d/%m/%Y").date(), ODD_TEXTS
    ),
    "iso_date": Case("varchar(40)", "date", "{:%Y-%m-%d}".format, date.fromisoformat, ODD_TEXTS),
    "iso_z": Case("varchar(40)", "timestamp", "{:%Y-%m-%dT%H:%M:%SZ}".format, datetime.fromisoformat, ODD_TEXTS),
    "offset_in_zone": Case("varchar(40)", LOCAL, offset_text, datetime.fromisoformat, ODD_TEXTS),
    "local_text": Case("varchar(40)", LOCAL, lambda m: in_zone(m).isoformat(), from_zone, ODD_TEXTS),
}
CLOCKS = {
    "date_as_date": Case("date", "date", "{:%Y-%m-%d}".format, date.fromisoformat),
    "date_as_timestamp": Case("date", "timestamp", "{:%Y-%m-%d}".format, datetime.fromisoformat),
    "datetime": Case("{datetime}", "timestamp", "{:%Y-%m-%d %H:%M:%S}".format, datetime.fromisoformat),
    "local_datetime": Case("{datetime}", LOCAL, lambda m: in_zone(m).isoformat(" "), from_zone),
}
INSTANTS = {
    name: Case("{instant}", declared, f"{{:%Y-%m-%d %H:%M:%S{UTC_OFFSET}}}".format, datetime.fromisoformat)
    for name, declared in {"instant": "timestamp", "instant_in_zone": LOCAL}.items()
}


def since_1970(unit: int) -> tuple[Callable[[datetime], int], Callable[[int], datetime]]:
    return (
        lambda moment: int(moment.replace(tzinfo=UTC).timestamp()) * unit,
        lambda value: datetime.fromtimestamp(value / unit, UTC),
    )


NUMBERS = {
    "seconds": Case("bigint", SECONDS, *since_1970(1), odd=(-(10**13), 10**13)),
    "milliseconds": Case("decimal(20)", MILLISECONDS, *since_1970(1000)),
    "undeclared_seconds": Case("bigint", "timestamp", *since_1970(1), odd=(20260415, 5)),
    "undeclared_milliseconds": Case("bigint", "timestamp", *since_1970(1000)),
}
CASES = TEXTS | CLOCKS | NUMBERS | INSTANTS
WORDS = {
    "sqlite": {"datetime": "timestamp", "instant": "timestamp"},
    "postgres": {"datetime": "timestamp", "instant": "timestamptz"},
    "mariadb": {"datetime": "datetime(3)", "instant": "timestamp null"},
}
Execute = Callable[[str, list[Any]], object]


@contextlib.contextmanager
def connected(engine: str, url: str) -> Iterator[Execute]:
    """execute(sql with %s, values) in the engine's own library."""
    import psycopg2
    import pymysql

    if engine == "sqlite":
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            yield lambda sql, values: connection.execute(sql.replace("%s", "?"), values)
        return
    place = make_url(url)
    opened = (
        psycopg2.connect(url)
        if engine == "postgres"
        else pymysql.connect(
            host=place.host, port=place.port or 0, user=place.username, password="secret", database=place.database
        )
    )
    with contextlib.closing(opened) as connection, connection.cursor() as cursor:
        if engine == "mariadb":
            cursor.execute("set time_zone = '+00:00'")
        yield cursor.execute
        connection.commit()


def source_of(cases: dict[str, Case], url: str, **more: Any) -> str:
    table = {"kind": "sql", "key": ["id"], "cursor": "seen", "late_days": 1, "max_reject_share": 1, **more}
    tables = {
        name: table | {"table": f"c_{name}", "columns": {"id": "integer", "seen": case.declared}}
        for name, case in cases.items()
    }
    return yaml.safe_dump({"description": "Of all types", "defaults": {"url": url}, "tables": tables})


def fill(engine: str, url: str, cases: dict[str, Case]) -> None:
    with connected(engine, url) as execute:
        for name, case in cases.items():
            execute(f"drop table if exists c_{name}", [])
            execute(f"create table c_{name} (id integer, seen {case.sql_type.format_map(WORDS[engine])})", [])
            for number, value in enumerate(map(case.written, MOMENTS)):
                value = value.removesuffix(UTC_OFFSET) if name in INSTANTS and engine == "mariadb" else value
                execute(f"insert into c_{name} values (%s, %s)", [number, value])


def add_odd_values(engine: str, url: str, cases: dict[str, Case]) -> None:
    with connected(engine, url) as execute:
        for name, case in cases.items():
            for number, value in enumerate(case.odd, len(MOMENTS)):
                execute(f"insert into c_{name} values (%s, %s)", [number, value])


@pytest.fixture
def database_url(engine: str, project: Any, request: pytest.FixtureRequest) -> str:
    return f"sqlite:///{project.home}/shop.sqlite" if engine == "sqlite" else request.getfixturevalue(engine)


@pytest.mark.parametrize(
    ("engine", "zone"),
    [
        ("sqlite", "America/New_York"), ("mariadb", "Europe/London"),
        pytest.param("postgres", "Europe/London", marks=pytest.mark.postgres),
        pytest.param("postgres", "America/New_York", marks=pytest.mark.postgres),
    ],
)  # fmt: skip
def test_each_row_lands_on_its_own_day_or_is_refused_whatever_its_cursor_is_at_the_source(
    project, engine, zone, database_url
):
    fill(engine, database_url, CASES)
    project.source(source_of(CASES, database_url)).settings_given = {"project": {"time_zone": zone}}
    answers = [pull(project.settings, FIRST_NIGHT)]
    add_odd_values(engine, database_url, CASES)
    answers.append(pull(project.settings, SECOND_NIGHT))
    assert not [table["error"] for answer in answers for table in answer["sources"] if "error" in table]
    for name, case in CASES.items():
        landed = {row["id"]: row["_day"] for row in project.rows(f"select id, _day from raw.people__{name}")}
        assert landed == case.days(zone), name
        refused = project.rows(f"select value, reason from raw.rejects where table_name = '{name}'")
        assert len(refused) == len(case.odd), name
