"""A channel that cannot be opened is the fault of its own syncs: whoever withdraws is taken out of all others."""

import sys

import pytest

from activation import checks, jobs, under_way
from activation.delivery.route import Wish
from activation.orphans import MEND
from core.errors import ConfigError
from core.settings import load_settings

PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abcd"}
WITHDRAWALS = Wish(withdrawals_only=True)
OPEN = "def open_channel(settings, options):\n"


@pytest.fixture
def two(dummy):
    """Everybody is on dummy and on mine, of which each has a file of its own; then a withdraws."""
    text = (dummy.settings.root / "activation/channels/dummy.py").read_text()
    path = dummy.settings.root / "activation/channels/mine.py"
    path.write_text(text.replace("dummy.json", "mine.json"))
    dummy.write_sync("mine")
    dummy.build(PEOPLE)
    assert [p["accepted"] for p in dummy.push()["syncs"]] == [4, 4]
    dummy.build(PEOPLE, withdrawn={"a"})
    yield dummy
    sys.modules.pop("activation.channels.mine", None)


def write_channel(project, text):
    """As the next command finds it, which is a process of its own."""
    sys.modules.pop("activation.channels.mine", None)
    path = project.settings.root / "activation/channels/mine.py"
    path.unlink() if text is None else path.write_text(text)


def opening(project, line):
    text = (project.settings.root / "activation/channels/mine.py").read_text()
    write_channel(project, text.replace(OPEN, f"{OPEN}    {line}\n"))


def refuses_to_open(project):
    opening(project, "from core.errors import ConfigError; raise ConfigError('mine: the key file is missing')")
    return "mine: the key file is missing"


def fails_to_open(project):
    opening(project, "{}['ann@example.com']")
    return "FL107 loyal__mine: failed with KeyError"


def has_a_wrong_section(project):
    section = {"mine": {"credential_expires": "soon", "colour": "blue"}}
    project.settings = load_settings(root=project.settings.root, home=project.settings.home, channels=section)
    return "FL411 fairlead.toml (or FAIRLEAD_CHANNELS__MINE__CREDENTIAL_EXPIRES): channels.mine.credential_expires"


def is_no_python(project):
    write_channel(project, "\ndef open_channel(:\n")
    return "FL413 activation/channels/mine.py:2: SyntaxError"


def raises_when_read(project):
    write_channel(project, "ABOUT = {}['ann@example.com']\n")
    return "FL413 activation/channels/mine.py:1: KeyError"


def ends_the_program(project):
    write_channel(project, "import sys\nsys.exit('no key')\n")
    return "FL413 activation/channels/mine.py:2: SystemExit"


def is_gone(project):
    write_channel(project, None)
    return "FL401 no channel 'mine'"


NOT_OPENED = [refuses_to_open, fails_to_open, has_a_wrong_section]
NOT_READ = [is_no_python, raises_when_read, ends_the_program, is_gone]


@pytest.mark.parametrize(
    ("fault", "wish", "paused"),
    [(fault, WITHDRAWALS, "") for fault in NOT_OPENED]
    + [(has_a_wrong_section, Wish(), ""), (fails_to_open, Wish(), "paused: the copy is being checked\n")],
)
def test_a_channel_that_cannot_be_opened_is_told_and_the_others_have_their_turn(two, helpers, fault, wish, paused):
    path = two.settings.root / "activation/syncs/loyal__mine.yml"
    path.write_text(path.read_text() + paused)
    words = fault(two)
    pushed = two.push(wish=wish)
    assert set(helpers.told(two)["people"]) == set("bcd")
    parts = {part["sync"]: part for part in pushed["syncs"]}
    assert (parts["loyal__dummy"]["outcome"], parts["loyal__mine"]["outcome"]) == ("done", "failed")
    assert words in parts["loyal__mine"]["error"] and "example.com" not in str(pushed)
    assert not pushed["ok"] and "exit_code" not in pushed
    (left,) = pushed["orphans"]
    assert (left["sync"], left["withdrawn"]) == ("loyal__mine", 1) and words in left["why"]
    assert [alert["sync"] for alert in jobs.report(two.settings, pushed)] == ["loyal__mine"]


@pytest.mark.parametrize("fault", NOT_READ)
def test_a_channel_whose_file_cannot_be_read_holds_up_no_withdrawal(two, helpers, fault):
    words = fault(two)
    for _ in range(2):
        with pytest.raises(ConfigError) as refused:
            two.push()
        assert f"activation/syncs/loyal__mine.yml:3: channel: {words}" in str(refused.value)
    pushed = two.push(wish=WITHDRAWALS)
    assert set(helpers.told(two)["people"]) == set("bcd")
    assert not pushed["ok"] and words in pushed["mistakes"][0] and "example.com" not in str(pushed)
    two.push("loyal__dummy")


@pytest.mark.parametrize(
    ("fault", "only_orphans"), [(fails_to_open, False), (fails_to_open, True), (is_no_python, False), (is_gone, False)]
)
def test_an_orphan_whose_channel_is_broken_holds_up_nobody(two, helpers, fault, only_orphans):
    (two.settings.root / "activation/syncs/loyal__mine.yml").unlink()
    (two.settings.root / "activation/syncs/loyal__dummy.yml").unlink()
    fault(two)
    pushed = two.push(only_orphans=only_orphans)
    assert set(helpers.told(two)["people"]) == set("bcd")
    parts = {part["sync"]: part["outcome"] for part in pushed["syncs"]}
    assert parts == {"loyal__dummy": "done", "loyal__mine": "failed"} and not pushed["ok"]
    assert {o["mend"] for o in pushed["orphans"]} == {MEND}


@pytest.mark.parametrize("fault", NOT_OPENED)
def test_a_build_a_plan_a_collection_and_the_doctor_go_on_beside_a_channel_that_cannot_be_opened(two, fault):
    words = fault(two)
    assert jobs.register(two.settings) == ["loyal__dummy", "loyal__mine"], "its audience is there when it is mended"
    two.build(PEOPLE, withdrawn={"a"})
    planned = two.plan()
    parts = {part["sync"]: part for part in planned["syncs"]}
    assert not planned["ok"] and parts["loyal__dummy"]["removes"] == 1 and "error" not in parts["loyal__dummy"]
    assert words in parts["loyal__mine"]["error"] and parts["loyal__mine"]["state"] == "failed"
    collected = under_way.collect(two.settings)
    assert [(c["sync"], words in c["error"]) for c in collected["syncs"]] == [("loyal__mine", True)]
    assert (collected["ok"], collected["exit_code"]) == (False, 1)
    results = {check["check"]: check for check in checks.check(two.settings)}
    assert results["channel dummy"]["ok"] and words in results["channel mine"]["detail"]
    assert checks.places(two.settings) == []
    cancelled = under_way.cancel(two.settings, ["loyal__dummy", "loyal__mine"], "a test")
    assert cancelled["ok"] and cancelled["cancelled"] == ["loyal__dummy", "loyal__mine"]


@pytest.mark.parametrize("line", ["mode: 2026-02-30", "fields: &a {x: *a}", "\x07"])
def test_a_sync_file_that_is_no_yaml_at_all_holds_up_no_withdrawal(two, helpers, line):
    path = two.settings.root / "activation/syncs/loyal__mine.yml"
    path.write_text(f"{line}\n")
    (path.parent / "nowhere__mine.yml").symlink_to(path.parent / "gone.yml")
    pushed = two.push(wish=WITHDRAWALS)
    assert set(helpers.told(two)["people"]) == set("bcd")
    told = "\n".join(pushed["mistakes"])
    assert not pushed["ok"] and "loyal__mine.yml" in told and "nowhere__mine.yml: is no file" in told
    assert two.push("loyal__dummy")["ok"], "and a sync that is named asks nothing of the other files"


def test_a_sync_of_a_column_that_is_not_there_takes_out_who_withdrew_and_fails(two, helpers):
    path = two.settings.root / "activation/syncs/loyal__mine.yml"
    path.write_text(path.read_text().replace("value: value_180d", "value: value_99d"))
    with pytest.raises(ConfigError, match="value_99d"):
        two.push()
    pushed = two.push(wish=WITHDRAWALS)
    assert set(helpers.told(two)["people"]) == set("bcd") and not pushed["ok"]
    failed = next(part for part in pushed["syncs"] if part["sync"] == "loyal__mine")
    assert failed["outcome"] == "failed" and failed["error"].startswith("FL409 activation/syncs/loyal__mine.yml")
    assert failed["accepted"] == 1 and pushed["orphans"] == [], "who withdrew is out of there as well"


def test_a_ledger_that_holds_a_torn_file_of_an_orphan_holds_up_no_withdrawal(two, helpers):
    from core.warehouse import connect

    (two.settings.root / "activation/syncs/loyal__mine.yml").unlink()
    with connect(two.settings, writer="activation") as db:
        db.execute("update activation.sync_files set file = '{' where sync = 'loyal__mine'")
    pushed = two.push(wish=WITHDRAWALS)
    assert set(helpers.told(two)["people"]) == set("bcd")
    assert [(o["sync"], o["withdrawn"]) for o in pushed["orphans"]] == [("loyal__mine", None)]
