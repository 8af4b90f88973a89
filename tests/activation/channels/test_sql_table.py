"""What is special to tables: ownership, policies, batches exactly once; on SQLite, PostgreSQL and MariaDB."""

import pyarrow as pa
import pytest
import sqlalchemy as sa
from support import servers

from activation.channel import BatchRejected, NotSent
from activation.channels import sql_table
from activation.channels.sql_table import rows as sql_table_rows
from activation.delivery import usual
from core.errors import FatalError
from core.settings import load_settings
from tests.activation.channels.opened import changes, settled, statuses

KEY = "loyal__test.2026-01-15.run1"


@pytest.fixture(scope="module")
def mariadb():
    with servers.mariadb() as port:
        yield f"mysql://fairlead:secret@127.0.0.1:{port}/shop"


@pytest.fixture(
    params=["sqlite", "sqlite, as any other", "mariadb", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def url(request, tmp_path, monkeypatch):
    """A database without the table. `as any other`: by the way that needs no dialect's own upsert."""
    kind = request.param
    if "any other" in kind:
        monkeypatch.setattr(sql_table_rows, "UPSERTS", {})
    if kind.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/shop.db"
    address = request.getfixturevalue(kind)
    with rows_in(address) as connection:
        for name in ("fairlead_loyal", "own", "_fairlead_batches"):
            connection.execute(sa.text(f"drop table if exists {name}"))
    return address


@pytest.fixture
def table(url, tmp_path, monkeypatch):
    opened = channel(url, tmp_path, monkeypatch)
    yield opened
    usual.close(opened)


def channel(url, tmp_path, monkeypatch, **options):
    monkeypatch.setenv("FAIRLEAD_SQL_TABLE_URL", url)
    return sql_table.open_channel(load_settings(home=tmp_path), sql_table.Options(**options))


def rows_in(url):
    driver = url.replace("postgresql://", "postgresql+psycopg2://").replace("mysql://", "mysql+pymysql://")
    return sa.create_engine(driver, poolclass=sa.NullPool).begin()


def rows(url, name="fairlead_loyal"):
    with rows_in(url) as connection:
        found = connection.execute(sa.text(f"select * from {name} order by 1")).mappings().all()
    return {row["person_id"]: {k: v for k, v in row.items() if k != "person_id"} for row in found}


def two(key="run1", **more):
    columns = {
        "email": ["a@example.com", "b@example.com"],
        "orders": [1, 2],
        "value": [1.5, None],
        "keen": [True, False],
    }
    return changes(key=key, **{**columns, **more})


def test_the_table_is_made_with_the_fields_types(table, url):
    assert statuses(table, two()) == ["accepted"] * 2
    assert rows(url)["p1"] == {
        "email": "b@example.com",
        "orders": 2,
        "value": None,
        "keen": False,
        "_fairlead_sync": "loyal__test",
    }
    kinds = {c["name"]: c["type"] for c in sa.inspect(table.engine).get_columns("fairlead_loyal")}
    assert isinstance(kinds["orders"], sa.Integer) and isinstance(kinds["email"], sa.String)
    assert isinstance(kinds["value"], sa.Numeric | sa.Float)


def test_a_batch_is_applied_once_and_known_exactly(table, url):
    assert table.look_up(KEY) is False
    statuses(table, two())
    assert table.look_up(KEY) is True and table.look_up(KEY + "x") is False
    with rows_in(url) as connection:
        connection.execute(sa.text("update fairlead_loyal set orders = 99 where person_id = 'p0'"))
    assert statuses(table, two()) == ["accepted"] * 2
    assert rows(url)["p0"]["orders"] == 99, "the same key again does nothing"
    statuses(table, two("run2"))
    assert rows(url)["p0"]["orders"] == 1


def test_two_people_with_one_address_in_a_unique_column_are_not_made_one(table, url):
    with rows_in(url) as connection:
        connection.execute(
            sa.text(
                "create table fairlead_loyal"
                " (person_id varchar(50) primary key, email varchar(60) unique, _fairlead_sync varchar(60))"
            )
        )
    statuses(table, changes(email=["a@example.com", "b@example.com"]))
    with pytest.raises(BatchRejected):
        table.push(changes(key="run2", keys=["p7"], email=["a@example.com"]))
    with pytest.raises(BatchRejected):
        table.push(changes(key="run3", keys=["p1"], email=["a@example.com"]))
    assert {p: row["email"] for p, row in rows(url).items()} == {"p0": "a@example.com", "p1": "b@example.com"}


def test_a_batch_that_fails_leaves_neither_rows_nor_its_key(table, url):
    with rows_in(url) as connection:
        connection.execute(
            sa.text(
                "create table fairlead_loyal"
                " (person_id varchar(50) primary key, email varchar(60) unique, _fairlead_sync varchar(60))"
            )
        )
    with pytest.raises(BatchRejected) as told:
        table.push(changes(email=["same@example.com", "same@example.com"]))
    assert "insert into" not in str(told.value).lower() and "p0" not in str(told.value)
    assert rows(url) == {} and table.look_up(KEY) is False


def test_policies_are_kept_by_the_database(table, url):
    statuses(table, two())
    silent = changes(
        key="run2", email=["new@example.com", "b2@example.com"],
        orders=pa.array([None, None], pa.int64()), value=[9.0, 9.0],
        keen=pa.array([None, None], pa.bool_()), policies={"orders": "never_null", "value": "set_if_empty"},
    )  # fmt: skip
    statuses(table, silent)
    found = rows(url)
    assert [found[p]["orders"] for p in ("p0", "p1")] == [1, 2], "never_null"
    assert [found[p]["value"] for p in ("p0", "p1")] == [1.5, 9.0], "set_if_empty"
    assert [found[p]["keen"] for p in ("p0", "p1")] == [None, None] and found["p0"]["email"] == "new@example.com"


def test_create_only_and_update_only_leave_the_others_alone_and_say_so_again_after_a_crash(table, url):
    statuses(table, changes(email=["a@example.com"]))
    both = {"email": ["changed@example.com", "b@example.com"]}
    for _ in range(2):
        said = settled(table, changes(key="run2", mode="create_only", **both))
        assert [s for s, _ in said] == ["skipped", "accepted"] and "only creates" in said[0][1]
    assert [row["email"] for row in rows(url).values()] == ["a@example.com", "b@example.com"]
    third = changes(key="run3", mode="update_only", keys=["p0", "p7"], **both)
    assert statuses(table, third) == ["accepted", "skipped"]
    assert set(rows(url)) == {"p0", "p1"} and rows(url)["p0"]["email"] == "changed@example.com"


def test_only_rows_of_this_syncs_making_are_deleted_and_foreign_columns_stay(url, tmp_path, monkeypatch):
    with rows_in(url) as connection:
        connection.execute(
            sa.text(
                "create table own"
                " (person_id varchar(50) primary key, email varchar(60), note varchar(60), _fairlead_sync varchar(60))"
            )
        )
        connection.execute(sa.text("insert into own values ('p0', 'a@example.com', 'theirs', null)"))
    table = channel(url, tmp_path, monkeypatch, table="own", create_table=False)
    new = changes(email=["new@example.com", "b@example.com"])
    statuses(table, new)
    assert rows(url, "own")["p0"] == {"email": "new@example.com", "note": "theirs", "_fairlead_sync": None}
    assert statuses(table, changes("remove", "run2", email=["new@example.com", "b@example.com"])) == ["accepted"] * 2
    assert set(rows(url, "own")) == {"p0"}
    table.erase(changes("remove", "run3", email=["new@example.com", "b@example.com"]))
    assert rows(url, "own") == {}
    usual.close(table)


def test_ids_that_differ_in_case_are_two_people(table, url):
    statuses(table, changes(email=["a@example.com", "b@example.com"], keys=["abc", "ABC"]))
    assert len(rows(url)) == 2


def test_any_text_comes_back_as_it_was(table, url):
    nasty = ["😀 ½", "'; drop table fairlead_loyal; --", "%s :x ?", "a\\'b\n"]
    assert statuses(table, changes(email=nasty)) == ["accepted"] * 4
    assert [row["email"] for row in rows(url).values()] == nasty


def test_a_whole_batch_is_written_and_removed_within_the_databases_limits(table, url):
    many = [f"p{i}@example.com" for i in range(table.limits.batch_size)]
    for key, op in (("run1", "add"), ("run2", "update"), ("run3", "remove")):
        assert set(statuses(table, changes(op, key, email=many))) == {"accepted"}
        assert len(rows(url)) == (0 if op == "remove" else len(many))


def test_a_column_that_is_missing_ends_the_sync_with_its_name(table, url):
    statuses(table, changes(email=["a@example.com"]))
    with pytest.raises(FatalError, match="has no column shoe_size"):
        table.push(changes(key="run2", email=["a@example.com"], shoe_size=[9]))


def test_a_table_that_may_not_be_made_is_not_made(tmp_path, monkeypatch):
    table = channel(f"sqlite:///{tmp_path}/shop.db", tmp_path, monkeypatch, create_table=False)
    with pytest.raises(FatalError, match="there is no table fairlead_loyal"):
        table.push(two())


@pytest.mark.postgres
def test_a_password_that_is_wrong_ends_the_sync_and_a_server_that_is_away_does_not(postgres, tmp_path, monkeypatch):
    nobody = postgres.replace("fairlead@", "nobody:secret@")
    with pytest.raises(FatalError, match="does not let us in") as told:
        channel(nobody, tmp_path, monkeypatch).push(two())
    assert "secret" not in str(told.value) and "nobody" not in str(told.value)
    away = f"postgresql://fairlead@127.0.0.1:{servers.free_port()}/x"
    with pytest.raises(NotSent):
        channel(away, tmp_path, monkeypatch).push(two())


@pytest.mark.postgres
def test_postgresql_refuses_a_nul_and_a_text_that_is_too_long_as_content(postgres, tmp_path, monkeypatch):
    with rows_in(postgres) as connection:
        connection.execute(
            sa.text("create table short (person_id text primary key, email varchar(5), _fairlead_sync text)")
        )
    table = channel(postgres, tmp_path, monkeypatch, table="public.short")
    for address in ("a\x00b", "longer than five"):
        with pytest.raises(BatchRejected):
            table.push(changes(key="nul", email=[address]))
    assert statuses(table, changes(key="nul", email=["ok"])) == ["accepted"]
    usual.close(table)


def test_a_url_without_a_driver_ends_the_sync(tmp_path, monkeypatch):
    with pytest.raises(FatalError, match="Is its driver installed"):
        channel("nosuchbase://x/y", tmp_path, monkeypatch).push(two())
