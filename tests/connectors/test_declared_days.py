"""A declared `day` dates each row by its own instant: whatever days are pulled, in whatever order, however often."""

import random
import sqlite3
from datetime import date, timedelta

import pytest

from connectors.again import again
from connectors.landing.days import proposed_day
from connectors.pull import ensure
from connectors.rewind import rewind
from connectors.source import Table
from core.clock import today

FIRST, DAY = date(2026, 1, 1), date(2026, 3, 2)
FILES = """
description: Orders in one file
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "orders*.csv"
    day: ordered_at
    columns: {id: {type: integer, required: true}, ordered_at: timestamp}
"""
DATABASE = """
description: A shop database
defaults: {url: "sqlite:///{home}/shop.sqlite"}
tables:
  people:
    kind: sql
    table: customers
    key: [id]
    day: created_at
    deletes: snapshot
    columns: {id: {type: integer, required: true}, name: text, created_at: timestamp, updated_at: timestamp}
"""
UNDECLARED = DATABASE.replace("    day: created_at\n", "")


@pytest.fixture
def shop(project):
    connection = sqlite3.connect(project.home / "shop.sqlite", isolation_level=None)
    connection.execute(
        "create table customers (id integer primary key, name text, created_at timestamp, updated_at timestamp)"
    )
    project.source(DATABASE)
    yield connection
    connection.close()


def orders(project, *days: date | str, name: str = "orders.csv", first_id: int = 1) -> None:
    lines = "".join(f"{first_id + n},{day}{' 12:00:00' if day else ''}\n" for n, day in enumerate(days))
    project.data("id,ordered_at\n" + lines, name)


def days(project, name: str = "id") -> list[tuple]:
    return sorted((row[name], row["_day"]) for row in project.raw(f"{name}, _day"))


def feeds_consents(project) -> None:
    model = project.root / "dbt_project/models/staging/people/stg_people__consents.sql"
    model.parent.mkdir(parents=True, exist_ok=True)
    model.write_text("select * from {{ source('raw', 'people__people') }}")


def test_a_first_pull_dates_rows_by_their_instant_and_what_no_clock_has_shown_by_the_pull(project):
    project.source(FILES)
    ahead = today(project.settings) + timedelta(days=400)
    orders(project, date(2025, 7, 1), DAY, "", ahead, "1900-01-01")
    entry = project.pull()
    assert days(project) == [(1, date(2025, 7, 1)), (2, DAY), (3, DAY), (4, DAY), (5, DAY)]
    assert entry["days"] == f"2025-07-01 to {DAY}" and "3 rows have no ordered_at" in entry["warnings"][0]


def test_the_day_is_the_local_one(project):
    project.settings_given = {"project": {"time_zone": "America/New_York"}}
    project.source(FILES)
    project.data("id,ordered_at\n1,2026-03-01T03:00:00Z\n", "orders.csv")
    project.pull()
    assert days(project) == [(1, date(2026, 2, 28))]


@pytest.mark.parametrize("seed", range(3))
def test_a_file_that_does_not_change_gives_the_same_days_whatever_days_are_pulled(project, seed):
    dice = random.Random(seed)
    project.source(FILES)
    own = [FIRST + timedelta(days=dice.randrange(90)) for _ in range(9)]
    orders(project, *own)
    for _ in range(4):
        project.pull(FIRST + timedelta(days=dice.randrange(90)))
    assert days(project) == list(enumerate(own, 1))


def test_what_an_earlier_pull_did_not_show_was_not_known_on_its_day(project):
    project.source(FILES)
    orders(project, FIRST)
    project.pull(DAY)
    orders(project, DAY - timedelta(days=9), DAY + timedelta(days=2), name="orders_late.csv", first_id=2)
    project.pull(DAY + timedelta(days=3))
    assert days(project) == [(1, FIRST), (2, DAY + timedelta(days=1)), (3, DAY + timedelta(days=2))]
    orders(project, DAY - timedelta(days=9), name="orders_later.csv", first_id=4)
    project.pull(DAY + timedelta(days=3))
    assert days(project)[-1] == (4, DAY + timedelta(days=3)), "of one more pull of that day: that day"


def test_a_backfill_of_a_file_that_came_later_dates_rows_from_its_first_day_on(project):
    project.source(FILES)
    orders(project, DAY)
    project.pull(DAY)
    orders(project, FIRST, FIRST + timedelta(days=30), name="orders_old.csv", first_id=2)
    since = FIRST + timedelta(days=9)
    project.pull(DAY, first_day=since)
    assert days(project) == [(1, DAY), (2, since), (3, FIRST + timedelta(days=30))]


def test_a_changed_row_is_dated_by_its_pull_and_a_deleted_one_stays_deleted(project, shop):
    shop.execute(
        "insert into customers values (1, 'Ann', '2026-02-01 10:00', null), (2, 'Bo', '2026-02-20 10:00', null)"
    )
    project.pull(FIRST)  # a day before both were created
    assert days(project, "name") == [("Ann", date(2026, 2, 1)), ("Bo", date(2026, 2, 20))]
    shop.execute("update customers set name = 'Anna' where id = 1")
    shop.execute("delete from customers where id = 2")
    project.pull(date(2026, 2, 10))
    rows = [(r["id"], r["name"], r["_day"]) for r in project.raw("id, name, _day")]
    assert sorted(rows, key=str) == [
        (1, "Ann", date(2026, 2, 1)), (1, "Anna", date(2026, 2, 10)), (2, "Bo", date(2026, 2, 20)),
        (2, None, date(2026, 2, 20)),
    ]  # fmt: skip


def test_a_postgres_warehouse_dates_rows_alike_and_gives_days_back(tmp_path, project, shop, postgres):
    other = type(project)(tmp_path / "other")
    other.source(UNDECLARED.replace("{home}", str(project.home)))
    other.settings_given = {"warehouse": {"engine": "postgres", "url": postgres}}
    shop.execute("insert into customers values (1, 'Ann', '2026-02-01 23:30', null), (2, 'Bo', null, null)")
    for step, day in enumerate((DAY, DAY + timedelta(days=4))):
        for one in (project, other):
            one.pull(day)
        shop.execute("update customers set name = 'Anna' where id = 1")
        shop.execute("delete from customers where id = 2")
        shop.execute("insert into customers values (?, 'Cy', '2026-03-04 10:00', null)", (3 + step,))
    other.source(DATABASE.replace("{home}", str(project.home)))
    for one in (project, other):
        one.pull(DAY + timedelta(days=4))
    assert days(other, "_row_key") == days(project, "_row_key")
    feeds_consents(other)
    ensure(other.settings)
    assert {row["_day"] for row in other.raw("_day")} == {DAY, DAY + timedelta(days=4)}


def test_a_range_over_a_table_without_a_day_is_told_with_the_column_and_mended_by_the_next_pull(project):
    project.source(FILES.replace("    day: ordered_at\n", ""))
    orders(project, FIRST, DAY)
    entry = project.pull(DAY, first_day=FIRST)
    assert "2 rows of 2026-01-01 to 2026-03-02 all land under 2026-03-02" in entry["warnings"][0]
    assert "`day: ordered_at`" in entry["warnings"][0] and days(project) == [(1, DAY), (2, DAY)]
    project.source(FILES)
    entry = project.pull(DAY, first_day=FIRST)
    assert (entry["rows_landed"], entry["rows_dated"]) == (0, 2) and "--full" in entry["warnings"][0]
    assert days(project) == [(1, FIRST), (2, DAY)]
    assert "rows_dated" not in project.pull(DAY)


def test_days_follow_when_a_mended_source_file_is_read_again(project, shop):
    shop.execute("insert into customers values (1, 'Ann', '2026-02-01 23:30', '2026-02-10 10:00')")
    project.pull(DAY)
    shop.execute("update customers set name = 'Anna', updated_at = '2026-03-03 10:00'")
    project.pull(DAY + timedelta(days=2))
    as_local = "created_at: {type: timestamp, time_zone: America/New_York}"
    project.source(DATABASE.replace("created_at: timestamp", as_local))
    again(project.settings, "people.people")  # reads what stands there now; Ann's first version stays as it was read
    assert days(project, "name") == [("Ann", date(2026, 2, 1)), ("Anna", DAY + timedelta(days=2))]
    project.source(DATABASE.replace("day: created_at", "day: updated_at"))
    again(project.settings, "people.people")
    assert days(project, "name") == [("Ann", date(2026, 2, 10)), ("Anna", DAY + timedelta(days=2))]


def test_a_local_time_that_is_declared_later_moves_its_day_when_it_is_read_again(project):
    project.source(FILES)
    project.data("id,ordered_at\n1,2026-02-01 23:30:00\n2,\n", "orders.csv")
    project.pull(DAY)
    project.source(FILES.replace("ordered_at: timestamp", "ordered_at: {type: timestamp, time_zone: America/New_York}"))
    entry = again(project.settings, "people.people")["sources"][0]
    assert days(project) == [(1, date(2026, 2, 2)), (2, DAY)] and entry["rows_dated"] == 2


@pytest.mark.parametrize("seed", range(2))
def test_a_day_that_is_declared_late_gives_what_it_would_have_given_from_the_start(tmp_path, project, shop, seed):
    dice = random.Random(seed)
    other = type(project)(tmp_path / "other")
    other.source(UNDECLARED.replace("{home}", str(project.home)))
    pulled_day = FIRST + timedelta(days=40)
    for step in range(4):
        for _ in range(3):
            created = FIRST + timedelta(days=dice.randrange(60))
            shop.execute("insert or replace into customers values (?, ?, ?, null)",
                         (dice.randrange(6), f"n{step}{dice.randrange(99)}", f"{created} 10:00"))  # fmt: skip
        shop.execute("delete from customers where id = ?", (dice.randrange(6),))
        project.pull(pulled_day)
        other.pull(pulled_day)
        pulled_day += timedelta(days=dice.randrange(4))
    other.source(DATABASE.replace("{home}", str(project.home)))
    project.pull(pulled_day)
    other.pull(pulled_day)
    assert days(other, "_row_key") == days(project, "_row_key")


@pytest.mark.parametrize("seed", range(4))
def test_a_table_that_feeds_consents_has_the_days_of_its_pulls_whatever_is_declared(tmp_path, project, shop, seed):
    """Pulled again, for wrong days too, rewound, declared before it fed consents or after: no stop is older."""
    dice, now = random.Random(seed), today(project.settings)
    plain = type(project)(tmp_path / "plain")
    for one, text in ((project, DATABASE), (plain, UNDECLARED.replace("{home}", str(project.home)))):
        one.source(text)
    for one in (project, plain)[seed % 2 :]:  # half the time it comes to feed them only at the end
        feeds_consents(one)
    for _ in range(4):
        shop.execute("insert or replace into customers values (?, ?, '2025-06-01 10:00', null)",
                     (dice.randrange(4), f"n{dice.randrange(9)}"))  # fmt: skip
        day = dice.choice([DAY + timedelta(days=dice.randrange(9)), now, now + timedelta(days=90)])
        for one in (project, plain):
            one.pull(day)
            if seed > 1:
                rewind(one.settings, now, apply=True)
    feeds_consents(project)
    ensure(project.settings)
    own = {row["_row_key"]: row["_day"] for row in project.raw("_row_key, _day")}
    if seed % 2 == 0:
        assert own == {row["_row_key"]: row["_day"] for row in plain.raw("_row_key, _day")}
        assert "does not count" in project.pull(now)["warnings"][0]
    assert min(own.values()) >= DAY


def test_a_table_that_feeds_consents_by_way_of_another_model_is_known_too(project, shop):
    feeds_consents(project)
    folder = project.root / "dbt_project/models/staging/people"
    (folder / "stg_people__people.sql").write_text("select * from {{ source('raw', 'people__people') }}")
    (folder / "stg_people__consents.sql").write_text("select * from {{ ref('stg_people__people') }}")
    shop.execute("insert into customers values (1, 'Ann', '2025-02-01 10:00', null)")
    assert "does not count" in project.pull()["warnings"][0] and days(project) == [(1, DAY)]


def test_a_slip_into_the_future_and_its_rewind_leave_rows_their_own_days(project):
    project.source(FILES)
    now = today(project.settings)
    orders(project, FIRST, "")
    project.pull(now + timedelta(days=90))
    assert days(project) == [(1, FIRST), (2, now + timedelta(days=90))]
    rewind(project.settings, now, apply=True)
    project.pull(DAY)
    assert days(project) == [(1, FIRST), (2, now)]


@pytest.mark.parametrize(
    ("columns", "column"),
    [
        ({"order_purchase_timestamp": "timestamp", "order_approved_at": "timestamp"}, "order_purchase_timestamp"),
        ({"updated_at": "timestamp", "created_at": "timestamp"}, "created_at"),
        ({"birth_date": "date", "email": "text"}, None),
        ({"mql_id": "text", "first_contact_date": "date"}, "first_contact_date"),
        ({"updated_at": "timestamp"}, None),
        ({"at_one": "timestamp", "at_two": "timestamp"}, None),
        ({"won_on": "date"}, "won_on"),
        ({"spend_day": "date", "loaded_at": "timestamp"}, "spend_day"),
    ],
)
def test_the_column_that_says_when_a_row_came_to_be(columns, column):
    assert proposed_day(Table.model_validate({"kind": "files", "pattern": "*.csv", "columns": columns})) == column


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"day": "other"}, "no column"),
        ({"day": "name"}, "which is text"),
        ({"day": "seen_at", "pattern": "{day}.csv"}, "does not go with"),
    ],
)
def test_a_day_that_dates_nothing_is_refused(more, fault):
    columns = {"name": "text", "seen_at": "timestamp"}
    with pytest.raises(ValueError, match=fault):
        Table.model_validate({"kind": "files", "pattern": "*.csv", "columns": columns, **more})
