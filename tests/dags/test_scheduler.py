"""Under a real scheduler: two nights, one behind the other, and a step that fails."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import pytest

pytestmark = pytest.mark.airflow
LONDON = ZoneInfo("Europe/London")
STEPS_A_NIGHT = 11  # seven, three pushes, and that of syncs without a file; what waits for a vendor's job knows no day


@contextlib.contextmanager
def processes(project, *commands: str) -> Iterator[None]:
    """Each in a session of its own, so that what it forks ends with it."""
    running = []
    try:
        for command in commands:
            log = (project.home / f"{command}.log").open("w")
            words = [sys.executable, "-m", "airflow", command]
            with_them = {"env": project.environment, "cwd": project.root, "stdout": log, "stderr": log}
            running.append(subprocess.Popen(words, start_new_session=True, **with_them))
        yield
    finally:
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def call(project, path: str, body: dict[str, Any] | None = None, method: str = "GET", token: str = "") -> Any:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    url = f"http://127.0.0.1:{project.environment['AIRFLOW__API__PORT']}/{path}"
    data = json.dumps(body).encode() if body is not None else None
    return json.load(urlopen(Request(url, data, headers, method=method), timeout=10))


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if value := condition():
                return value
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s: {what}")


def ready(project) -> bool:
    health = call(project, "api/v2/monitor/health")
    parts = ("metadatabase", "scheduler", "dag_processor")
    return all(health[part]["status"] == "healthy" for part in parts) and len(_dags(project)) == 3


def _dags(project) -> list[str]:
    token = call(project, "auth/token")["access_token"]
    return [dag["dag_id"] for dag in call(project, "api/v2/dags", token=token)["dags"]]


def test_the_second_night_waits_until_the_first_has_ended_and_a_failed_hour_is_told(project):
    project.fresh(fails="--feedback")
    with processes(project, "api-server", "scheduler", "dag-processor"):
        until(lambda: ready(project), 180, "scheduler, dag processor and three DAGs")
        token = call(project, "auth/token")["access_token"]

        def dag_runs() -> list[dict[str, Any]]:
            return call(project, "api/v2/dags/nightly/dagRuns?run_type=manual", token=token)["dag_runs"]

        before = {run["dag_run_id"] for run in dag_runs()}
        for day in (
            "2026-03-29T00:00:00Z",
            "2026-06-30T23:30:00Z",
        ):  # the second is half past midnight, 1 July, in London
            call(project, "api/v2/dags/nightly/dagRuns", {"logical_date": day}, "POST", token)
        for dag in ("nightly", "hourly_feedback"):
            call(project, f"api/v2/dags/{dag}", {"is_paused": False}, "PATCH", token)

        def ended() -> list[dict[str, Any]]:
            runs = [run for run in dag_runs() if run["dag_run_id"] not in before]
            return runs if all(run["state"] in ("success", "failed") for run in runs) else []

        runs = until(ended, 480, "two nights")
        failures = until(lambda: (project.home / "failures.jsonl").exists(), 240, "the failed hour") and (
            (project.home / "failures.jsonl").read_text().splitlines()
        )
        tell = until(
            lambda: [words for _, words in project.diary() if words.startswith("tell ")], 60, "who hears of it"
        )[0]

    assert [run["state"] for run in runs] == ["success", "success"]
    first, second = sorted(runs, key=lambda run: run["start_date"])
    assert second["queued_at"] < first["end_date"], "the second was there before the first had ended"
    assert second["start_date"] >= first["end_date"]
    nights: dict[str, list[float]] = {}
    for at, words in project.diary():
        if "--feedback" not in words and "--day" in words:
            nights.setdefault(words.split()[-1], []).append(at)
    assert {"2026-03-29", "2026-07-01"} <= set(nights)
    assert all(len(times) == STEPS_A_NIGHT for times in nights.values())
    spans = sorted((min(times), max(times)) for times in nights.values())
    assert all(earlier[1] < later[0] for earlier, later in pairwise(spans))

    alert = json.loads(failures[0])
    hour = datetime.fromisoformat(alert["log"].split("scheduled__")[1].split("/")[0]).astimezone(LONDON)
    assert (alert["dag"], alert["task"]) == ("hourly_feedback", "pull_feedback")
    assert alert["last_lines"][-1] == "sources/shop.yml: --feedback is down"
    assert tell.startswith("tell hourly_feedback.pull_feedback --error ")
    assert " sources/shop.yml: --feedback is down --day " in tell
    assert alert["command"].startswith("fairlead pull --feedback --day ")
    assert abs((datetime.fromisoformat(alert["command"].split()[-1]).date() - hour.date()).days) <= 1


def test_a_push_or_a_wait_that_is_marked_as_failed_is_ended_at_fairlead_and_at_the_vendor(project):
    project.fresh(hangs="hot_leads__webhook", polls="1000")
    ads, stopped = "lapsing_loyal__ads__spring", "stopped push hot_leads__webhook --no-wait --day 2026-02-01"

    def commands_run() -> list[str]:
        return [words for _, words in project.diary()]

    with processes(project, "api-server", "scheduler", "dag-processor"):
        until(lambda: ready(project), 180, "scheduler, dag processor and three DAGs")
        token = call(project, "auth/token")["access_token"]
        nightly = "api/v2/dags/nightly"
        run = call(project, f"{nightly}/dagRuns", {"logical_date": "2026-02-01T00:00:00Z"}, "POST", token)["dag_run_id"]
        call(project, nightly, {"is_paused": False}, "PATCH", token)

        def state(task: str) -> str:
            return call(project, f"{nightly}/dagRuns/{run}/taskInstances/{task}", token=token)["state"]

        def fail(task: str) -> None:
            call(project, f"{nightly}/dagRuns/{run}/taskInstances/{task}", {"new_state": "failed"}, "PATCH", token)

        until(lambda: any("push hot_leads" in words for words in commands_run()), 120, "a push that hangs")
        fail("push.hot_leads__webhook")
        until(lambda: stopped in commands_run(), 60, "SIGTERM at the command")
        until(lambda: state(f"collect.{ads}") == "up_for_reschedule", 120, "a wait without a process")
        assert f"cancel {ads} --reason nobody waits" not in commands_run()
        fail(f"collect.{ads}")
        until(lambda: f"cancel {ads} --reason nobody waits" in commands_run(), 60, "the vendor's job is stopped")
        until(lambda: call(project, f"{nightly}/dagRuns/{run}", token=token)["state"] == "failed", 60, "a failed night")
