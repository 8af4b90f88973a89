"""Where audiences cannot be computed nothing is added or changed; who has withdrawn is taken out all the same."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from activation import jobs
from activation.delivery.route import Wish
from activation.planning import guards
from cli import night
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abcdefgh"}
NEW = {**PEOPLE, "z": ("z@example.com", "Z", 1.0), "c": ("other@example.com", "C", 2.0)}


@pytest.fixture
def delivered(dummy):
    """Eight people are on the channel; then a has withdrawn within the hour, z is new and c has changed."""
    dummy.build(PEOPLE)
    assert dummy.push()["syncs"][0]["accepted"] == 8
    dummy.build(NEW, withdrawn={"a"})
    return dummy


def there(project, helpers):
    return set(helpers.told(project)["people"])


def test_a_push_after_a_build_that_failed_takes_out_who_withdrew_and_says_that_it_sent_nothing_else(delivered, helpers):
    jobs.begin_build(delivered.settings, "build.after-scores", delivered.day)  # as a failed or killed one leaves it
    sent = delivered.push()["syncs"][0]
    assert there(delivered, helpers) == set("bcdefgh")
    assert helpers.told(delivered)["people"]["c"]["email"] == "c@example.com", "no update of a half-built day"
    assert (sent["outcome"], sent["attempted"], sent["accepted"]) == ("refused", 1, 1)
    assert "FL206" in sent["error"] and "has not ended well" in sent["error"] and "1 who withdrew" in sent["error"]
    run = delivered.query("select outcome, accepted, error from activation.runs order by started_at desc limit 1")[0]
    assert (run["outcome"], run["accepted"]) == ("refused", 1) and run["error"] == sent["error"]
    jobs.end_build(delivered.settings, "build.after-scores", delivered.day)
    assert delivered.push()["syncs"][0]["outcome"] == "done"
    assert there(delivered, helpers) == set("bcdefghz")


@pytest.mark.parametrize("wish", [Wish(), Wish(withdrawals_only=True)], ids=["a push", "withdrawals"])
def test_where_nobody_knows_which_addresses_have_said_no_who_withdrew_goes_and_the_push_is_not_done(
    delivered, helpers, wish
):
    """As an earlier version built it, or a build that was cut off: no table of addresses is not none that said no."""
    with connect(delivered.settings, writer="marts") as db:
        db.execute("drop table marts.address_withdrawals")
    sent = delivered.push(wish=wish)["syncs"][0]
    assert there(delivered, helpers) == set("bcdefgh")
    assert (sent["outcome"], sent["accepted"]) == ("refused", 1)
    assert "FL206 unbuilt_day: marts.address_withdrawals is not built" in sent["error"]
    delivered.stop_addresses("email:b@example.com")
    assert delivered.push(wish=Wish(withdrawals_only=True))["syncs"][0]["outcome"] == "done"
    assert there(delivered, helpers) == set("cdefgh")


def test_audiences_older_than_the_day_are_no_reason_to_keep_who_withdrew(delivered, helpers):
    sent = delivered.push(day=delivered.day + timedelta(days=1))["syncs"][0]
    assert sent["outcome"] == "refused", sent["error"]
    assert there(delivered, helpers) == set("bcdefgh")


def test_withdrawals_alone_are_pushed_without_any_audience_of_the_day(delivered, helpers):
    day = delivered.day + timedelta(days=30)
    sent = delivered.push(day=day, wish=Wish(withdrawals_only=True))["syncs"][0]
    assert (sent["outcome"], sent["accepted"]) == ("done", 1), sent["error"]
    assert there(delivered, helpers) == set("bcdefgh")
    again = delivered.push(day=day, wish=Wish(withdrawals_only=True))["syncs"][0]
    assert (again["outcome"], again["attempted"]) == ("done", 0)


def test_a_few_who_withdraw_are_taken_out_whatever_share_of_a_small_list_they_are(dummy, helpers):
    dummy.write_sync("dummy", share=0.3)
    dummy.build(PEOPLE)
    dummy.push()
    dummy.build(PEOPLE, dict.fromkeys("abcd", "withdrawn"), withdrawn=set("abcd"))
    sent = dummy.push()["syncs"][0]
    assert (sent["outcome"], sent["accepted"]) == ("refused", 4) and "max_change_share" in sent["error"]
    assert there(dummy, helpers) == set("efgh")
    dummy.withdraw(set("efgh"))
    assert dummy.push(wish=Wish(withdrawals_only=True))["ok"] and not there(dummy, helpers)


def test_a_withdrawal_of_too_many_at_once_is_asked_about_first(dummy, helpers, monkeypatch):
    monkeypatch.setattr(guards, "FEW", 5)
    dummy.write_sync("dummy", share=0.3)
    dummy.build(PEOPLE)
    dummy.push()
    dummy.build(PEOPLE, withdrawn=set("abcdef"))
    jobs.begin_build(dummy.settings, "build", dummy.day)
    assert dummy.push()["syncs"][0]["attempted"] == 0 and len(there(dummy, helpers)) == 8
    sent = dummy.push(overrides={"max_change_share": "they have all said no"})["syncs"][0]
    assert sent["outcome"] == "refused", sent["error"]
    assert there(dummy, helpers) == set("gh")


def test_a_failed_part_of_a_build_is_forgotten_when_a_whole_one_has_ended_well(delivered):
    for stage in ("build --select segment__x", "build.identity"):
        jobs.begin_build(delivered.settings, stage, delivered.day)
    jobs.end_build(delivered.settings, "build.after-scores", delivered.day)
    assert [r["stage"] for r in delivered.query("select stage from activation.builds")] == ["build.identity"]
    jobs.end_build(delivered.settings, "build", delivered.day)
    assert delivered.query("select stage from activation.builds") == []


def test_the_first_half_of_a_build_owes_the_second_and_until_then_only_who_withdrew_leaves(delivered, helpers):
    jobs.begin_build(delivered.settings, "build.before-scores", delivered.day)
    jobs.end_build(delivered.settings, "build.before-scores", delivered.day)
    sent = delivered.push()["syncs"][0]
    assert (sent["outcome"], sent["accepted"]) == ("refused", 1) and "build --stage after-scores" in sent["error"]
    assert there(delivered, helpers) == set("bcdefgh")
    jobs.begin_build(delivered.settings, "build.after-scores", delivered.day)
    jobs.end_build(delivered.settings, "build.after-scores", delivered.day)
    assert delivered.push()["syncs"][0]["outcome"] == "done"


def test_a_first_half_that_failed_is_not_forgotten_for_a_second_that_ended_well(delivered):
    jobs.begin_build(delivered.settings, "build.before-scores", delivered.day)
    jobs.begin_build(delivered.settings, "build.after-scores", delivered.day)
    jobs.end_build(delivered.settings, "build.after-scores", delivered.day)
    assert [r["stage"] for r in delivered.query("select stage from activation.builds")] == ["build.before-scores"]


SOURCE = """raise RuntimeError("no key for 'somebody@example.com' at https://secret@vendor.example")"""


@pytest.mark.parametrize("broken", ["nothing", "source", "section"])
def test_a_night_that_fails_says_why_and_still_takes_out_who_withdrew(delivered, helpers, broken):
    """This project has no dbt files, so the night fails where it first builds; or at once, by a foreign error."""
    source = delivered.settings.root / "connectors/sources/broken.py"
    if broken == "source":
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(SOURCE)
    if broken == "section":  # of a channel that nobody uses, and of a source that is not there
        toml = "[channels.slack]\ncolour = 'blue'\n[sources.shop]\nmax_reject_share = 'few'\n"
        (delivered.settings.root / "fairlead.toml").write_text(toml)
    own = {"FAIRLEAD_ROOT": str(delivered.settings.root), "FAIRLEAD_HOME": str(delivered.settings.home)}
    command = [sys.executable, "-m", "fairlead", "run", "--day", str(delivered.day)]
    told = subprocess.run(
        [*command, "--json"], env=os.environ | own | {"PYTHONPATH": str(ROOT)}, cwd=delivered.settings.root,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    night = json.loads(told.stdout)
    assert told.returncode == 1 and not night["ok"]
    failed, last = night["steps"][-2:]
    assert not failed["ok"] and failed["error"]
    if broken == "source":
        assert failed["step"] == "pull" and failed["error"].startswith(
            "broken: connectors/sources/broken.py:1: RuntimeError: no key for …"
        )
        assert "secret" not in told.stdout + told.stderr
    if broken == "section":
        assert failed["step"] == "pull" and "sources.shop.max_reject_share: " in failed["error"]
    assert (last["step"], last["ok"], last["syncs"][0]["accepted"]) == ("push --withdrawals", True, 1)
    assert there(delivered, helpers) == set("bcdefgh")


def test_a_push_that_ends_before_its_syncs_had_their_turn_still_owes_the_withdrawals(delivered, helpers, monkeypatch):
    other = delivered.settings.root / "activation/syncs/loyal__other.yml"
    other.write_text("colour: blue\n")
    monkeypatch.setattr(night, "NIGHT", night.NIGHT[-1:])
    result = night.run_night(delivered.settings, delivered.day)
    assert [step["step"] for step in result["steps"]] == ["push", "push --withdrawals"] and not result["ok"]
    assert all("loyal__other.yml:1: colour" in step["error"] for step in result["steps"]), "a mistake is always told"
    assert there(delivered, helpers) == set("bcdefgh")
