"""kill -9 in the middle of `retry` and of `collect`: the next run ends with exactly what was wanted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from activation import jobs
from activation.delivery.route import PushRequest
from activation.delivery.send import Retry

ROOT = Path(__file__).resolve().parents[3]
PEOPLE = {p: (f"{p}@example.com", p, float(i)) for i, p in enumerate("abcdefgh")}
JOBS = """
import json, os, signal
from activation.channel import About, Health, Limits, Results, Submitted
from core.specs import Spec as Options

ABOUT = About("Jobs")


def open_channel(settings, options):
    return Jobs(settings.home / "jobs.json")


class Jobs:
    limits, in_doubt, not_configured = Limits(3), "idempotent", ""

    def __init__(self, path):
        self.path = path

    def push(self, batch):
        state = json.loads(self.path.read_text()) if self.path.exists() else []
        self.path.write_text(json.dumps([*state, batch.keys.to_pylist()]))
        return Submitted(f"job{len(state)}")

    def collect(self, job, keys):
        if job == "job1" and os.environ.get("KILL"):
            os.kill(os.getpid(), signal.SIGKILL)
        return Results.accepted(len(keys))

    def cancel(self, job):
        pass

    def quota(self):
        return None

    def check(self):
        return Health(True, "")

    def close(self):
        pass
"""


def command(project, *words, **environment):
    own = {
        "FAIRLEAD_ROOT": str(project.settings.root),
        "FAIRLEAD_HOME": str(project.settings.home),
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        [sys.executable, "-m", "fairlead", *words], env=os.environ | own | environment, cwd=project.settings.root,
        capture_output=True, timeout=120,
    ).returncode  # fmt: skip


@pytest.mark.parametrize("word", ["kill", "kill acts"])
def test_a_retry_that_is_killed_loses_nobody_and_holds_nothing(dummy, helpers, word):
    dummy.write_sync("dummy", options="{poison: [a, b, c, d]}")
    dummy.build(PEOPLE)
    assert dummy.push()["syncs"][0]["rejected"] == 4
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    helpers.script(dummy, word)
    assert command(dummy, "retry", "loyal__dummy", "--day", str(dummy.day)) == -signal.SIGKILL
    assert command(dummy, "retry", "loyal__dummy", "--day", str(dummy.day)) == 0
    dummy.push()
    assert set(helpers.told(dummy)["people"]) == set(PEOPLE)
    assert {r["status"] for r in dummy.ledger("loyal__dummy").values()} == {"delivered"}
    assert dummy.query("select * from activation.sending") == dummy.query("select * from activation.claims") == []


def test_a_collect_that_is_killed_is_asked_again_and_nobody_is_sent_again(dummy):
    (dummy.settings.root / "activation/channels/dummy.py").write_text(JOBS)
    dummy.build(PEOPLE)
    assert jobs.push(dummy.settings, dummy.day, PushRequest(retry=Retry(job_seconds=0)))["syncs"][0]["waiting"] == 8
    assert command(dummy, "collect", "loyal__dummy", KILL="1") == -signal.SIGKILL
    assert command(dummy, "collect", "loyal__dummy") == 0
    assert {r["status"] for r in dummy.ledger("loyal__dummy").values()} == {"delivered"}
    assert jobs.push(dummy.settings, dummy.day)["syncs"][0]["attempted"] == 0
