"""A ledger of an earlier version keeps its rows: columns get their present names, nobody is sent again."""

import json

import pytest
from support.feeds import Feed, Visit

from activation import checks, jobs
from activation.ledger.tables import is_current
from core.errors import ConfigError
from core.settings import load_settings
from core.warehouse import connect

KEYED = ("delivered", "changelog", "pending", "sending")  # their record_key was once called person_id
NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abcd"}


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request, dummy):
    if request.param == "postgres":
        url = request.getfixturevalue("postgres")
        here = dummy.settings
        dummy.settings = load_settings(root=here.root, home=here.home, warehouse={"engine": "postgres", "url": url})
    return dummy


def make_earlier(project):
    """The ledger as it was when its keys were called person_id, and addresses in doubt stood in a cell, a line each."""
    rows = project.query("select record_key, address, payload from activation.addresses_in_doubt order by place")
    with connect(project.settings, writer="activation") as db:
        db.execute("alter table activation.delivered add column tried text")
        for key in {row["record_key"] for row in rows}:
            lines = [f"{row['address']}\t{row['payload']}" for row in rows if row["record_key"] == key]
            db.execute("update activation.delivered set tried = $1 where record_key = $2", ["\n".join(lines), key])
        db.execute("drop table activation.addresses_in_doubt")
        db.execute("drop view activation.dead_letters")
        for name in KEYED:
            db.execute(f"alter table activation.{name} rename column record_key to person_id")
        columns = "sync, person_id, op, attempts, last_error, run_id, updated_at"
        db.execute(
            f"create view activation.dead_letters as select {columns} from activation.delivered"
            " where status = 'rejected'"
        )


def test_keys_keep_what_they_hold_under_their_present_name(engine):
    engine.write_sync("dummy", options="{poison: [d]}")
    engine.build(PEOPLE)
    assert engine.push()["syncs"][0]["rejected"] == 1
    before = {name: engine.query(f"select * from activation.{name} order by 1, 2, 3") for name in KEYED}
    letters = engine.query("select * from activation.dead_letters")
    make_earlier(engine)
    jobs.ensure(engine.settings)
    assert {name: engine.query(f"select * from activation.{name} order by 1, 2, 3") for name in KEYED} == before
    assert engine.query("select * from activation.dead_letters") == letters != []
    planned = engine.plan()["syncs"][0]
    assert (planned["adds"], planned["updates"], planned["removes"], planned["unchanged"]) == (1, 0, 0, 3)


def test_addresses_in_doubt_become_rows_and_are_taken_out_one_by_one(engine, helpers):
    by_address = helpers.DUMMY.replace('About("Dummy", ', 'About("Dummy", identifiers=("email",), ')
    (engine.settings.root / "activation/channels/dummy.py").write_text(by_address)
    engine.build(PEOPLE)
    engine.push()
    for number in (2, 3):
        helpers.script(engine, *["maybe"] * 4)
        engine.build(PEOPLE | {"a": (f"a{number}@example.com", "A", 1.0), "b": (f"b{number}@example.com", "B", 1.0)})
        assert engine.push()["syncs"][0]["in_doubt"] == 2
    rows = "select * from activation.addresses_in_doubt order by sync, record_key, place"
    before, deliveries = engine.query(rows), engine.ledger(NAME)
    assert [json.loads(row["address"])["email"] for row in before] == [
        f"{name}@example.com" for name in ("a", "a2", "a3", "b", "b2", "b3")
    ]
    make_earlier(engine)
    for _ in range(2):
        jobs.ensure(engine.settings)
        assert (engine.query(rows), engine.ledger(NAME)) == (before, deliveries)
    assert [engine.push()["syncs"][0]["attempted"] for _ in range(3)] == [2, 2, 0]
    assert engine.query(rows) == []
    assert json.loads(engine.ledger(NAME)["a"]["payload"])["email"] == "a3@example.com"


def test_an_event_that_was_sent_is_known_by_its_id_afterwards(project, helpers):
    (project.settings.root / "activation/channels/dummy.py").write_text(helpers.DUMMY)
    feed = Feed(project)
    feed.write_sync()
    feed.build({"e1": Visit("ann")})
    assert project.push()["syncs"][0]["accepted"] == 1
    make_earlier(project)
    feed.build({"e1": Visit("ann"), "e2": Visit("bob")})
    assert project.push()["syncs"][0]["accepted"] == 1
    assert helpers.told(project)["sent"] == ["e1", "e2"]


def test_a_push_killed_by_the_upgrade_is_settled_after_it(dummy, helpers):
    """What it had written down of its rows stands under the earlier name."""
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    with connect(dummy.settings, writer="activation") as db:
        db.execute(f"insert into activation.pending values ('{NAME}', 1, 'a', 'add', false, 'entered')")
        db.execute(f"insert into activation.claims values ('{NAME}', 'r', 'k', 1, 1)")
    make_earlier(dummy)
    assert dummy.push()["syncs"][0]["settled"] == {"in_doubt": 1}
    assert set(helpers.told(dummy)["people"]) == set(PEOPLE)


def test_until_it_is_brought_up_to_date_a_reader_says_what_to_do(dummy):
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    dummy.push()
    make_earlier(dummy)
    with pytest.raises(ConfigError, match=r"FL410 .*earlier version.*fairlead build"):
        dummy.plan()
    with connect(dummy.settings) as db:
        assert not is_current(db)
    assert checks.check(dummy.settings)
