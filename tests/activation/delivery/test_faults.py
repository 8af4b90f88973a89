"""A channel that fails on purpose, a killed process, and any history of both: delivered = desired in the end."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p, float(i)) for i, p in enumerate("abcdefgh")}


def wanted(people):
    return {p: {"email": v[0], "first_name": v[1], "value": v[2]} for p, v in people.items()}


@pytest.mark.parametrize(
    "words",
    [["later"], ["maybe acts"], ["maybe"], ["later", "maybe acts", "later"], ["refuse"], ["refuse", "later"]],
)
def test_a_passing_fault_costs_nothing(dummy, helpers, words):
    dummy.build(PEOPLE)
    helpers.script(dummy, *words)
    pushed = dummy.push()["syncs"][0]
    assert (pushed["attempted"], pushed["accepted"]) == (8, 8)
    assert helpers.told(dummy)["people"] == wanted(PEOPLE)


@pytest.mark.parametrize(
    "words", [["later"] * 4, ["maybe"] * 4, ["maybe acts"] * 4, ["fatal"], ["bug"], ["short acts"], ["maybe", "fatal"]]
)
@pytest.mark.parametrize("before", [1])
def test_changes_equal_results_whatever_happens_and_the_next_run_ends_it(dummy, helpers, words, before):
    dummy.build(PEOPLE)
    helpers.script(dummy, *["ok"] * before, *words)
    first = dummy.push()["syncs"][0]
    assert first["outcome"] == "failed" and first["error"]
    assert first["attempted"] == first["accepted"] + first["rejected"] + first["in_doubt"]
    assert first["attempted"] + first["skipped"] == 8
    assert first["accepted"] == 3 * before
    ledger = dummy.ledger(NAME)
    assert sum(r["status"] == "delivered" for r in ledger.values()) == first["accepted"]
    assert sum(r["status"] == "in_doubt" for r in ledger.values()) == first["in_doubt"]
    assert not dummy.query("select * from activation.sending")
    assert not any("example.com" in (r["last_error"] or "") for r in ledger.values())
    second = dummy.push()["syncs"][0]
    assert (second["attempted"], second["accepted"]) == (8 - first["accepted"], 8 - first["accepted"])
    assert helpers.told(dummy)["people"] == wanted(PEOPLE)


def test_a_poison_row_costs_one_row_a_run_and_never_resends_the_good(dummy, helpers):
    dummy.write_sync("dummy", options="{poison: [d]}")
    dummy.build(PEOPLE)
    for run in range(3):
        pushed = dummy.push()["syncs"][0]
        assert (pushed["attempted"], pushed["rejected"]) == (8 if run == 0 else 1, 1)
    assert sorted(helpers.told(dummy)["sent"]) == sorted(set(PEOPLE) - {"d"})
    assert dummy.ledger(NAME)["d"]["attempts"] == 3


def test_a_message_channel_never_sends_twice_what_is_in_doubt(dummy, helpers):
    dummy.write_sync("dummy", mode="add_only", options="{rule: message}")
    dummy.build(PEOPLE)
    helpers.script(dummy, "ok", "maybe acts")
    first = dummy.push()["syncs"][0]
    assert (first["accepted"], first["in_doubt"], first["skipped"]) == (3, 3, 2)
    dummy.push()
    sent = helpers.told(dummy)["sent"]
    assert sorted(sent) == sorted(PEOPLE) and len(sent) == len(set(sent))


KILLS = """
import importlib.util, json, os, signal, sys
from pathlib import Path
described = importlib.util.spec_from_file_location("helpers", sys.argv[1])
helpers = importlib.util.module_from_spec(described)
sys.modules["helpers"] = helpers
described.loader.exec_module(helpers)
from activation import jobs
from activation.delivery import windows
from activation.ledger import delivered, runs
from activation.delivery import outgoing
from activation.channels import csv_outbox
from core.settings import load_settings
people = {f"p{i}": (f"p{i}@example.com", "P", float(i)) for i in range(8)}
doors = {"claim": (delivered, "claim"), "record": (delivered, "record"), "close": (runs, "close_run"),
         "pending": (outgoing, "keep_pending"), "outgoing": (outgoing, "keep"),
         "file": (csv_outbox._Replacing, "__exit__")}

def kill_at(door, when, nth):
    owner, name = doors[door]
    real, seen = getattr(owner, name), [0]
    def patched(*args, **kwargs):
        seen[0] += 1
        if when == "before" and seen[0] == nth: os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if when == "after" and seen[0] == nth: os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, patched)

def child(work):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work(); code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return status

for case in json.loads(sys.argv[3]):
    base = Path(sys.argv[2]) / case["name"]
    root = base / "project"
    for folder in ("activation/syncs", "activation/channels", "dbt_project/models/marts/segments"):
        (root / folder).mkdir(parents=True)
    (root / "dbt_project/models/marts/segments/segment__loyal.sql").write_text("select 1")
    (root / "activation/channels/dummy.py").write_text(helpers.DUMMY)
    settings = load_settings(root=root, home=base / "home")
    project = helpers.Project(settings)
    mode = "add_only" if "message" in case["options"] else "mirror"
    project.write_sync(case["channel"], mode=mode, options=case["options"])
    windows.WINDOW_ROWS = 3
    assert child(lambda: project.build(people)) == 0
    def disturbed():
        if case["door"] == "channel": helpers.script(project, *case["words"])
        else: kill_at(case["door"], case["when"], case["nth"])
        project.push()
    def settle():
        out = project.push()
        result = {"pushed": out, "ledger": project.ledger("loyal__" + case["channel"]), "told": helpers.told(project)}
        (base / "out.json").write_text(json.dumps(result, default=str))
    killed = child(disturbed)
    assert child(settle) == 0
    result = json.loads((base / "out.json").read_text())
    print(json.dumps({"case": case["name"], "killed": os.WIFSIGNALED(killed), **result}))
"""


def _killed(helpers, tmp_path, cases):
    named = [{**c, "name": f"case{i}"} for i, c in enumerate(cases)]
    ran = subprocess.run(
        [sys.executable, "-c", KILLS, str(helpers.here), str(tmp_path), json.dumps(named)],
        capture_output=True, text=True,
        cwd=Path(__file__).resolve().parents[3],
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return [json.loads(line) for line in ran.stdout.splitlines()]


POINTS = [
    {"door": door, "when": when, "nth": nth}
    for door, when, nth in (
        ("pending", "before", 1), ("claim", "before", 1), ("claim", "after", 1), ("record", "before", 1),
        ("record", "after", 1), ("claim", "after", 2), ("record", "before", 2), ("close", "before", 1),
    )
]  # fmt: skip


def test_killed_anywhere_an_idempotent_channel_holds_exactly_the_audience_after_the_next_run(helpers, tmp_path):
    channel = {"channel": "dummy", "options": "{batch_size: 3}"}
    words = [["kill"], ["ok", "kill acts"]]
    found = _killed(
        helpers, tmp_path, [channel | p for p in POINTS] + [channel | {"door": "channel", "words": w} for w in words]
    )
    expected = {f"p{i}": {"email": f"p{i}@example.com", "first_name": "P", "value": float(i)} for i in range(8)}
    assert len(found) == len(POINTS) + 2
    for end in found:
        assert end["killed"], end["case"]
        assert end["told"]["people"] == expected, end
        assert {r["status"] for r in end["ledger"].values()} == {"delivered"} and len(end["ledger"]) == 8, end


def test_killed_anywhere_a_message_channel_has_sent_nothing_twice(helpers, tmp_path):
    channel = {"channel": "dummy", "options": "{rule: message, batch_size: 3}"}
    words = [["kill"], ["kill acts"], ["ok", "kill acts"]]
    found = _killed(
        helpers,
        tmp_path,
        [channel | p for p in POINTS[2:6]] + [channel | {"door": "channel", "words": w} for w in words],
    )
    for end in found:
        sent = end["told"]["sent"]
        assert len(sent) == len(set(sent)), end
        assert len(sent) >= 5, "one batch at most is lost"
        assert len(end["ledger"]) == 8


def test_killed_anywhere_the_outbox_holds_each_person_once(helpers, tmp_path):
    channel = {"channel": "csv_outbox", "options": "{}"}
    files = [{"door": "file", "when": when, "nth": nth} for nth in (1, 2) for when in ("before", "after")]
    cases = [channel | p for p in [p for p in POINTS if p["nth"] == 1] + files]
    for end in _killed(helpers, tmp_path, cases):
        folder = tmp_path / end["case"] / "home" / "outbox" / "loyal__csv_outbox"
        lines = (folder / "2026-01-15.csv").read_text().splitlines()
        assert sorted(line.split(",")[1] for line in lines[1:]) == [f'"p{i}"' for i in range(8)], end
        assert json.loads((folder / "2026-01-15.manifest.json").read_text())["rows"] == 8
        assert {r["status"] for r in end["ledger"].values()} == {"delivered"}
        assert not list(folder.glob("*.part*"))


WORDS = st.lists(
    st.sampled_from(["ok", "ok", "later", "maybe", "maybe acts", "fatal", "refuse", "short acts", "bug"]), max_size=6
)
VALUES = st.tuples(
    st.sampled_from(["a@x.com", "b@x.com", None]), st.sampled_from(["", "A", None]), st.sampled_from([0.0, 1.5, None])
)
NIGHT = st.tuples(
    st.dictionaries(st.sampled_from("abcdef"), VALUES, max_size=6),
    st.sets(st.sampled_from("abcdef"), max_size=2),
    WORDS,
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(nights=st.lists(NIGHT, min_size=2, max_size=3))
def test_delivered_is_desired_after_any_history_of_changes_failures_and_retries(nights, helpers):
    from core.settings import load_settings

    with tempfile.TemporaryDirectory() as base:
        root = Path(base) / "project"
        for folder in ("activation/syncs", "activation/channels", "dbt_project/models/marts/segments"):
            (root / folder).mkdir(parents=True)
        (root / "dbt_project/models/marts/segments/segment__loyal.sql").write_text("select 1")
        (root / "activation/channels/dummy.py").write_text(helpers.DUMMY)
        project = helpers.Project(load_settings(root=root, home=Path(base) / "home"))
        project.write_sync("dummy", options="{batch_size: 2}")
        everyone = dict.fromkeys("abcdef", ("z@x.com", "Z", 9.0))
        people, excluded = {}, set()
        override = {"empty_upstream": "a random history empties it", "unknown_denominator": "and fills it"}
        for people, excluded, words in nights:
            held = {p: "unsubscribed" for p in excluded if p in people}
            project.build(people, held, profiles=everyone)
            helpers.script(project, *words)
            pushed = project.push(overrides=override)["syncs"][0]
            assert pushed["attempted"] == pushed["accepted"] + pushed["rejected"] + pushed["in_doubt"]
        helpers.script(project)
        planned = project.plan()["syncs"][0]
        pushed = project.push(overrides=override)["syncs"][0]
        assert pushed["accepted"] == planned["adds"] + planned["updates"] + planned["removes"]
        assert helpers.told(project)["people"] == wanted({p: v for p, v in people.items() if p not in excluded})
        after = project.plan()["syncs"][0]
        assert (after["adds"], after["updates"], after["removes"]) == (0, 0, 0)
