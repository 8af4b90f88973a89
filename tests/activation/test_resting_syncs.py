"""A sync that is paused or off still takes out who withdraws; an unusable channel is told."""

import io
import os

import pytest
from rich.console import Console

from activation import checks, jobs
from activation.delivery.route import Wish
from cli.shown import delivery as shown_delivery
from core.errors import ConfigError
from core.settings import load_settings

NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abcd"}
RESTS = {
    "paused: the copy is being checked": "paused: the copy is being checked",
    "enabled: false": "switched off in its file",
}


@pytest.fixture
def delivered(dummy):
    dummy.build(PEOPLE)
    assert dummy.push()["syncs"][0]["accepted"] == 4
    return dummy


def write_line(project, line):
    path = project.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(f"{path.read_text()}{line}\n")


def there(project, helpers):
    return set(helpers.told(project)["people"])


@pytest.mark.parametrize(
    "asked", [Wish(), Wish(withdrawals_only=True), Wish(resend=True)], ids=["a push", "withdrawals", "resend"]
)
@pytest.mark.parametrize("line", RESTS)
def test_who_withdraws_from_a_sync_that_rests_is_taken_out_and_nobody_else_is_touched(delivered, helpers, line, asked):
    write_line(delivered, line)
    assert delivered.push(NAME, wish=asked)["exit_code"] == jobs.ALL_OFF, "nobody has withdrawn"
    delivered.build({p: PEOPLE[p] for p in "bc"} | {"e": ("e@example.com", "E", 1.0)}, withdrawn={"a"})
    pushed = delivered.push(NAME, wish=asked)
    (sent,) = pushed["syncs"]
    assert (sent["outcome"], sent["accepted"], sent["state"]) == ("done", 1, RESTS[line])
    assert pushed["ok"] and "exit_code" not in pushed and there(delivered, helpers) == set("bcd")
    assert delivered.push()["syncs"][0]["outcome"] == "off"
    assert checks.resting(delivered.settings) == [] == delivered.plan()["orphans"], "nothing is left to be said"


def test_a_retry_of_the_refused_lets_a_sync_that_rests_rest(delivered, helpers):
    write_line(delivered, "enabled: false")
    delivered.build(PEOPLE, withdrawn={"a"})
    assert delivered.push(wish=Wish(rejected_only=True))["syncs"][0]["outcome"] == "off"


def test_a_mistake_in_a_sync_that_is_switched_off_holds_up_nobody(delivered, helpers):
    other = delivered.write_sync("dummy", mode="mirror", options="{rule: message}", name="loyal__dummy__wrong")
    path = delivered.settings.root / f"activation/syncs/{other}.yml"
    path.write_text(path.read_text() + "enabled: false\n")
    delivered.build(PEOPLE, withdrawn={"a"})
    assert [p["outcome"] for p in delivered.push()["syncs"]] == ["done", "off"] and there(delivered, helpers) == set(
        "bcd"
    )


MISSING = "FL406 FAIRLEAD_X_TOKEN is not set"


@pytest.mark.parametrize("why", [f"not configured: {MISSING}", "channel dummy switched off in fairlead.toml"])
def test_where_the_channel_cannot_be_used_push_plan_and_doctor_say_how_many_have_withdrawn(
    dummy, helpers, monkeypatch, why
):
    path = dummy.settings.root / "activation/channels/dummy.py"
    opened = "self.not_configured = os.environ.get('FAIRLEAD_TEST_MISSING', '')\n        self.limits ="
    path.write_text(path.read_text().replace("self.limits =", opened))
    dummy.build(PEOPLE)
    dummy.push()
    if MISSING in why:
        monkeypatch.setenv("FAIRLEAD_TEST_MISSING", MISSING)
    else:
        off = {"dummy": {"enabled": False}}
        dummy.settings = load_settings(root=dummy.settings.root, home=dummy.settings.home, channels=off)
    dummy.build(PEOPLE, withdrawn={"a", "b"})
    pushed = dummy.push()
    assert (pushed["syncs"][0]["outcome"], there(dummy, helpers)) == ("off", set("abcd"))
    for told in (pushed["orphans"], dummy.plan()["orphans"], checks.resting(dummy.settings)):
        assert [(o["sync"], o["people"], o["withdrawn"], o["why"]) for o in told] == [(NAME, 4, 2, why)]
    (found,) = [c for c in checks.check(dummy.settings) if c["check"] == f"resting sync {NAME}"]
    assert not found["ok"] and "2 of its 4 people on dummy have withdrawn" in found["detail"] and found["mend"]
    shown = io.StringIO()
    shown_delivery.push(Console(file=shown, width=300), pushed)
    assert f"{NAME} is {why}, and 2 of its 4 people on dummy have withdrawn" in shown.getvalue()


@pytest.mark.parametrize("line", ["colour: blue", "mode: [", "channel: nowhere"])
def test_a_file_with_mistakes_holds_up_no_withdrawal(delivered, helpers, line):
    delivered.build({p: PEOPLE[p] for p in "bc"}, withdrawn={"a"})
    write_line(delivered, line)
    with pytest.raises(ConfigError):
        delivered.push()
    pushed = delivered.push(wish=Wish(withdrawals_only=True))
    assert not pushed["ok"] and f"{NAME}.yml" in pushed["mistakes"][0], "the fault is still said"
    assert pushed["orphans"][0]["sync"] == NAME and f"{NAME}.yml" in pushed["orphans"][0]["mend"]
    assert there(delivered, helpers) == set("bcd")
    (alert,) = jobs.report(delivered.settings, pushed)
    assert (alert["step"], alert["kind"]) == ("push", "failed") and f"{NAME}.yml" in alert["detail"]


def killed(project, helpers):
    """The first push: the channel has taken the first three, and nothing of it is in the ledger."""
    helpers.script(project, "kill acts")
    child = os.fork()
    if child == 0:
        project.push()
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]) and not project.query("select * from activation.delivered")
    helpers.script(project)


@pytest.mark.parametrize("what", ["paused: the copy is being checked", "enabled: false", "no file"])
def test_who_withdraws_is_taken_out_whom_a_killed_push_had_sent_before_its_sync_came_to_rest(dummy, helpers, what):
    dummy.build(PEOPLE)
    killed(dummy, helpers)
    if what == "no file":
        (dummy.settings.root / f"activation/syncs/{NAME}.yml").unlink()
    else:
        write_line(dummy, what)
    dummy.build(PEOPLE, withdrawn={"a"})
    assert there(dummy, helpers) == set("abc")
    (sent,) = dummy.push(wish=Wish(withdrawals_only=True))["syncs"]
    assert sent["outcome"] == "done" and there(dummy, helpers) == set("bc")
    assert [p for p in dummy.push()["syncs"] if p["outcome"] != "off"] == []
