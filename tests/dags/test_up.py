"""`make up` as a newcomer types it: a whole Airflow on an empty home, its DAGs unpaused, gone within seconds when it is
stopped.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEALTHY_WITHIN_SECONDS = 300


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            parts = json.load(answer)
    except OSError:
        return False
    return all(parts[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def running(home: Path) -> list[int]:
    """Processes of this home, whatever they call themselves and whoever their parent is."""
    own = f"FAIRLEAD_HOME={home}".encode()
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if own in (process / "environ").read_bytes().split(b"\0"):
                pids.append(int(process.name))
    return pids


@pytest.mark.airflow
def test_make_up_brings_airflow_up_with_the_dags_unpaused_and_says_where(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    venv = Path(sys.executable).parents[1]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FAIRLEAD_", "AIRFLOW_"))}
    # no source is there, and no task may start in an empty home: every run waits behind a pool of none
    environment = inherited | {
        "FAIRLEAD_HOME": str(tmp_path),
        "FAIRLEAD_TASK_RETRIES": "0",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
    }
    command = [
        "make",
        "--no-print-directory",
        "-f",
        "airflow.mk",
        "up",
        f"AIRFLOW_PORT={port}",
        f"VENV={venv}",
        f"FAIRLEAD_HOME={tmp_path}",
    ]
    with (tmp_path / "up.log").open("w") as log:
        up = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where pytest runs in background
        )  # fmt: skip
    try:
        deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
        while not healthy(port):
            assert up.poll() is None, (tmp_path / "up.log").read_text()[-3000:]
            assert time.monotonic() < deadline, (tmp_path / "up.log").read_text()[-3000:]
            time.sleep(2)
        log_text = (tmp_path / "up.log").read_text()
        assert f"http://localhost:{port}" in log_text and "password" in log_text
        listing = subprocess.run(
            [str(venv / "bin" / "airflow"), "dags", "list", "--output", "json"],
            env=environment | {"AIRFLOW_HOME": str(tmp_path / "airflow"),
                               "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
                               "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
                               "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        paused = {
            row["dag_id"]: str(row["is_paused"]) for row in json.loads(listing.stdout[listing.stdout.index("[{") :])
        }
        assert paused == {"nightly": "False", "weekly_training": "False", "hourly_feedback": "False"}
        assert running(tmp_path), "the test would prove nothing"
        os.killpg(up.pid, signal.SIGINT)  # what a terminal does at Ctrl-C
        up.wait(30)
        assert running(tmp_path) == []
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGKILL)
        for pid in running(tmp_path):
            os.kill(pid, signal.SIGKILL)
