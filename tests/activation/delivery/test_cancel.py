"""What ends a push ends the vendor's job: by a signal, as Airflow sends it, and by `cancel` with nobody waiting."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from activation import jobs, under_way
from activation.delivery.route import PushRequest
from activation.delivery.send import Retry
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[3]
NAME = "loyal__vendor"
PEOPLE = {p: (f"{p}@example.com", p.upper(), float(i)) for i, p in enumerate("abcdefgh")}
VENDOR = '''
"""A vendor whose jobs end only when they are stopped; what it was told stands in its file."""
from activation.channel import About, Health, Limits, Results, Submitted
from core.specs import Spec as Options

ABOUT = About("Jobs")


def open_channel(settings, options):
    return Vendor(settings.home / "vendor.txt")


class Vendor:
    limits, in_doubt, not_configured = Limits(3), "idempotent", ""

    def __init__(self, path):
        self.path = path

    def told(self):
        return self.path.read_text().splitlines() if self.path.exists() else []

    def tell(self, line):
        self.path.write_text("\\n".join([*self.told(), line]))

    def push(self, batch):
        job = f"job{len(self.told())}"
        self.tell(f"took {job}")
        return Submitted(job)

    def collect(self, job, keys):
        return Results.accepted(len(keys)) if f"stopped {job}" in self.told() else None

    def cancel(self, job):
        self.tell(f"stopped {job}")

    def look_up(self, key):
        return None

    def quota(self):
        return None

    def check(self):
        return Health(True, "")

    def close(self):
        pass
'''


@pytest.fixture
def vendor(project):
    (project.settings.root / "activation/channels/vendor.py").write_text(VENDOR)
    project.write_sync("vendor")
    project.build(PEOPLE)
    return project


def told(project) -> list[str]:
    file = project.settings.home / "vendor.txt"
    return file.read_text().splitlines() if file.exists() else []


def test_a_push_that_waits_is_ended_by_the_signal_that_airflow_sends_and_the_vendors_job_is_stopped(vendor):
    """SIGTERM to the whole group: what BashOperator does when its task is killed."""
    own = {
        "FAIRLEAD_ROOT": str(vendor.settings.root),
        "FAIRLEAD_HOME": str(vendor.settings.home),
        "PYTHONPATH": str(ROOT),
    }
    command = f"{sys.executable} -m fairlead push {NAME} --day {vendor.day} --json"
    push = subprocess.Popen(
        ["bash", "-c", command],
        env=os.environ | own, cwd=vendor.settings.root, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while "took job0" not in told(vendor):
            assert push.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        time.sleep(0.5)  # it keeps the job's id, and waits
        os.killpg(push.pid, signal.SIGTERM)
        answer = json.loads(push.communicate(timeout=60)[0])
    finally:
        if push.poll() is None:
            os.killpg(push.pid, signal.SIGKILL)
    assert push.returncode == 1
    (pushed,) = answer["syncs"]
    assert (pushed["outcome"], pushed["accepted"], pushed["skipped"]) == ("cancelled", 3, 5)
    assert told(vendor) == ["took job0", "stopped job0"]


def test_a_job_that_nobody_waits_for_any_more_is_stopped_too_and_what_it_did_is_asked(vendor):
    left = jobs.push(vendor.settings, vendor.day, PushRequest([NAME], retry=Retry(job_seconds=0)))
    assert left["syncs"][0]["outcome"] == "waiting"
    assert under_way.collect(vendor.settings, [NAME])["exit_code"] == under_way.STILL_WAITING
    assert under_way.cancel(vendor.settings, [NAME], "nobody waits")["jobs"] == 3
    assert sorted(told(vendor)[3:]) == ["stopped job0", "stopped job1", "stopped job2"]
    collected = under_way.collect(vendor.settings, [NAME])
    assert (collected["exit_code"], collected["syncs"][0]["delivered"]) == (0, 8)
    assert under_way.cancel(vendor.settings, [NAME], "again")["jobs"] == 0


def test_a_job_of_another_sync_goes_on(vendor):
    other = vendor.write_sync("vendor", name="loyal__vendor__other")
    vendor.build(PEOPLE)
    jobs.push(vendor.settings, vendor.day, PushRequest(retry=Retry(job_seconds=0)))
    assert under_way.cancel(vendor.settings, [other], "the wrong template")["jobs"] == 3
    assert len([line for line in told(vendor) if line.startswith("stopped")]) == 3
    assert under_way.collect(vendor.settings, [NAME])["exit_code"] == under_way.STILL_WAITING


def test_a_named_sync_that_is_off_has_an_exit_code_of_its_own_since_nothing_was_delivered(vendor):
    file = vendor.settings.root / "activation" / "syncs" / f"{NAME}.yml"
    file.write_text(file.read_text() + "enabled: false\n")
    said = jobs.push(vendor.settings, vendor.day, PushRequest([NAME]))
    assert (said["ok"], said["exit_code"], told(vendor)) == (True, jobs.ALL_OFF, [])
    assert "exit_code" not in jobs.push(vendor.settings, vendor.day), (
        "a project whose syncs are all off has a night as well"
    )


def test_a_cancel_of_a_clock_that_was_a_year_ahead_ends_no_later_push(vendor):
    """It is of the run that it found, or of the one about to begin, and of no other whatever the clock says."""
    vendor.write_sync("csv_outbox")
    vendor.build(PEOPLE)
    other = "loyal__csv_outbox"
    for name in (NAME, other):
        under_way.cancel(vendor.settings, [name], "the wrong template")
    with connect(vendor.settings, writer="activation") as db:
        db.execute("update activation.cancels set asked_at = asked_at + interval '1 year'")
        db.execute(
            "insert into activation.cancels"
            " select sync, reason, asked_at, 'a run that was killed' from activation.cancels"
        )
    assert jobs.push(vendor.settings, vendor.day, PushRequest([other]))["syncs"][0]["outcome"] == "done"
    with connect(vendor.settings) as db:
        left = db.query("select sync, run_id from activation.cancels order by run_id").to_pylist()
    assert {row["sync"] for row in left} == {NAME}, "another sync's is left to its own push"
