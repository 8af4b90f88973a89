"""A table or an outbox that somebody emptied is said by whatever looks at it, and one command makes it whole again."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from activation import checks, jobs
from activation.delivery.route import Wish

PEOPLE = {p: (f"{p}@example.com", p, 1.0) for p in "abc"}


@pytest.fixture(params=["csv_outbox", "object_store", "sql_table"])
def place(request, project, monkeypatch, tmp_path):
    """(project, sync, empty it, rows of people there)"""
    kind, there = request.param, tmp_path / "there"
    there.mkdir()
    options = {"object_store": f"{{url: 'file://{there}'}}"}.get(kind, "{}")
    name = project.write_sync(kind, options=options)
    monkeypatch.setenv("FAIRLEAD_SQL_TABLE_URL", f"sqlite:///{there}/shop.db")
    folder = project.settings.home / "outbox" / name if kind == "csv_outbox" else there / name

    def empty():
        if kind != "sql_table":
            return shutil.rmtree(folder)
        with sqlite3.connect(there / "shop.db") as db:
            db.execute("delete from fairlead_loyal")

    def rows():
        if kind == "sql_table":
            with sqlite3.connect(there / "shop.db") as db:
                return db.execute("select count(*) from fairlead_loyal").fetchone()[0]
        return sum(len(f.read_text().splitlines()) - 1 for f in folder.rglob("*.csv"))

    project.build(PEOPLE)
    project.push()
    return project, name, empty, rows


def test_a_push_says_where_the_files_lie_that_it_has_written(project, tmp_path):
    project.write_sync("csv_outbox", name="loyal__csv_outbox")
    project.write_sync("object_store", name="loyal__object_store", options=f"{{url: 'file://{tmp_path}/store'}}")
    project.build(PEOPLE)
    pushed = {one["channel"]: one["place"] for one in project.push()["syncs"]}
    outbox = Path(pushed["csv_outbox"])
    assert outbox.is_file() and outbox.parent == project.settings.home / "outbox/loyal__csv_outbox"
    assert pushed["object_store"].startswith(f"file://{tmp_path}/store/loyal__object_store/")
    assert list(Path(pushed["object_store"].removeprefix("file://")).glob("*.csv"))
    assert {one["place"] for one in project.push()["syncs"]} == {None}, "nothing was written"


def test_an_emptied_place_is_said_by_push_plan_and_doctor_and_made_whole_again(place):
    project, name, empty, rows = place
    assert rows() == 3 and checks.places(project.settings) == []
    assert project.push()["syncs"][0]["damage"] is None, "all is there"
    empty()
    said = project.push()["syncs"][0]
    assert said["outcome"] == "done" and said["damage"].startswith(f"FL311 {name}") and "--resend" in said["damage"]
    assert project.plan()["syncs"][0]["damage"] == said["damage"]
    assert [p["sync"] for p in checks.places(project.settings)] == [name]
    assert [c["check"] for c in checks.check(project.settings) if not c["ok"]] == [f"place of {name}"]
    assert [a["kind"] for a in jobs.report(project.settings, {"day": "2026-01-15", "syncs": [said]})] == ["emptied"]
    project.push(wish=Wish(resend=True))
    assert rows() == 3 and checks.places(project.settings) == []
