"""The same plan and push on PostgreSQL: the plumbing SQL is engine-neutral as a fact."""

import pytest

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
