"""The same plan and push on PostgreSQL: the plumbing SQL is engine-neutral as a fact."""

import pytest
from support.feeds import Feed, Visit

from activation import jobs
from activation.delivery.route import Wish
from core.settings import load_settings
from core.warehouse import hold

pytestmark = pytest.mark.postgres
PEOPLE = {p: (f"{p}@example.com", p if p != "c" else None, float(i)) for i, p in enumerate("abcdefgh")}


def test_a_history_of_nights_ends_as_on_duckdb(postgres, dummy, helpers):
    dummy.settings = load_settings(
        root=dummy.settings.root, home=dummy.settings.home, warehouse={"engine": "postgres", "url": postgres}
    )
    dummy.write_sync("dummy", mode="mirror", options="{batch_size: 3, poison: [h]}")
    dummy.build(PEOPLE, excluded={"b": "no_consent"})
    assert dummy.plan()["syncs"][0]["adds"] == 7
    first = dummy.push()["syncs"][0]
    assert (first["accepted"], first["rejected"]) == (6, 1), str(first)
    again = dummy.plan()["syncs"][0]
    assert (again["adds"], again["unchanged"], again["held_back"]) == (1, 6, {"no_consent": 1})
    changed = {p: v for p, v in PEOPLE.items() if p not in "ah"} | {"c": ("c@example.com", "Now", None)}
    dummy.build(changed, profiles=PEOPLE, withdrawn={"d"})
    helpers.script(dummy, "ok", "maybe acts", "maybe acts", "maybe acts", "maybe acts")
    planned = dummy.plan()["syncs"][0]
    assert (planned["adds"], planned["updates"], planned["removes"]) == (1, 1, 2)
    second = dummy.push()["syncs"][0]
    assert (second["accepted"], second["in_doubt"]) == (2, 2), "removals go in a batch of their own"
    dummy.push()
    assert set(helpers.told(dummy)["people"]) == set("bcefg")
    assert helpers.told(dummy)["people"]["c"] == {"email": "c@example.com", "first_name": "Now", "value": None}
    assert {p for p, r in dummy.ledger("loyal__dummy").items() if r["delivered_hash"]} == set("bcefg")
    assert dummy.push()["syncs"][0]["attempted"] == 0


def test_an_address_that_has_said_no_is_found_as_on_duckdb(postgres, dummy, helpers):
    dummy.settings = load_settings(
        root=dummy.settings.root, home=dummy.settings.home, warehouse={"engine": "postgres", "url": postgres}
    )
    name = "loyal__dummy__addresses"
    dummy.write_sync("dummy", mode="add_only", name=name)
    path = dummy.settings.root / f"activation/syncs/{name}.yml"
    path.write_text(path.read_text().replace("{email: email", '{"$e/m~a\'il": email'))
    dummy.build(PEOPLE)
    assert dummy.push(name)["syncs"][0]["accepted"] == 8
    dummy.build(PEOPLE | {"a": ("a_new@example.com", "a", 0.0)})
    dummy.stop_addresses("email:a@example.com")
    for there in (set("bcdefgh"), set("abcdefgh")):
        assert dummy.push(name)["syncs"][0]["accepted"] == 1 and set(helpers.told(dummy)["people"]) == there


def test_a_feed_ends_as_on_duckdb(postgres, project, helpers):
    (project.settings.root / "activation/channels/dummy.py").write_text(helpers.DUMMY)
    project.settings = load_settings(
        root=project.settings.root, home=project.settings.home, warehouse={"engine": "postgres", "url": postgres}
    )
    feed = Feed(project)
    feed.write_sync(options="{batch_size: 2, poison: [e4]}")
    visits = {
        "e1": Visit("ann"),
        "e2": Visit("bob"),
        "e3": Visit("cat", reason="too_old"),
        "e4": Visit("dan"),
        "e5": Visit("eve"),
    }
    feed.build(visits, withdrawn={"bob"})
    assert project.push(wish=Wish(only="ann"))["syncs"][0]["accepted"] == 1
    planned = jobs.plan(project.settings, project.day, detail=True)["syncs"][0]
    assert (planned["adds"], planned["held_back"], len(planned["sample"])) == (2, {"too_old": 1, "withdrawn": 1}, 2)
    helpers.script(project, *["maybe"] * 4)
    assert project.push()["syncs"][0]["in_doubt"] == 2
    feed.build({**visits, "e1": Visit("ann", 9.0), "e5": Visit("eve", reason="too_old")}, withdrawn={"ann", "bob"})
    assert [project.push()["syncs"][0][count] for count in ("accepted", "rejected")] == [0, 1]
    assert project.push(wish=Wish(resend=True))["syncs"][0]["attempted"] == 1
    assert helpers.told(project)["sent"] == ["e1"]


def test_two_hosts_do_not_push_one_sync_at_once(postgres, dummy, tmp_path):
    """Another home, the same warehouse: what a lock file cannot keep apart."""
    here = dummy.settings
    dummy.settings = load_settings(root=here.root, home=here.home, warehouse={"engine": "postgres", "url": postgres})
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    elsewhere = load_settings(
        root=here.root, home=tmp_path / "other", warehouse={"engine": "postgres", "url": postgres}
    )
    with hold(elsewhere, "push.loyal__dummy"):
        pushed = dummy.push()
    assert not pushed["ok"] and "another process" in pushed["syncs"][0]["error"]
    assert dummy.push()["ok"]
