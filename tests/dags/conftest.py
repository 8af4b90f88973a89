"""A project of its own for each session: the real DAG files and their plugin, three sync files, and a `fairlead` that
only keeps a diary.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.servers import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
DIARY = """#!/bin/sh
note() { echo "$(date +%s.%N) $*" >> "$FAIRLEAD_HOME/diary"; }
note "$*"
trap 'note "stopped $*"; exit 1' TERM
for word in $(cat "$FAIRLEAD_HOME/fails" 2>/dev/null); do
  case " $* " in *" $word "*) echo "sources/shop.yml: $word is down" >&2; exit 1;; esac
done
for word in $(cat "$FAIRLEAD_HOME/off" 2>/dev/null); do
  case " $* " in *" push $word "*) exit 4;; esac
done
for word in $(cat "$FAIRLEAD_HOME/hangs" 2>/dev/null); do
  case " $* " in *" push $word "*) sleep 100 & wait $!;; esac
done
polls=$(cat "$FAIRLEAD_HOME/polls" 2>/dev/null || echo 0)
case "$1" in collect) [ "$(grep -c " $*" "$FAIRLEAD_HOME/diary")" -gt "$polls" ] || exit 3;; esac
"""
# as `register` writes it: csv_outbox and webhook answer at once; the vendor of `ads` works in jobs
CHANNELS = {"csv_outbox": {"in_jobs": False}, "webhook": {"in_jobs": False}, "ads": {"in_jobs": True}}
SYNCS = ("hot_leads__webhook", "lapsing_loyal__ads__spring", "lapsing_loyal__csv_outbox")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "airflow: needs Airflow's own processes, and about a minute")


@dataclass(frozen=True)
class Project:
    root: Path
    environment: dict[str, str]

    @property
    def home(self) -> Path:
        return Path(self.environment["FAIRLEAD_HOME"])

    def airflow(self, *words: str, timeout: float = 100, **extra: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "airflow", *words]
        environment = self.environment | extra
        return subprocess.run(command, env=environment, cwd=self.root, capture_output=True, text=True, timeout=timeout)

    def diary(self) -> list[tuple[float, str]]:
        """What `fairlead` was asked, in order: (second, words)."""
        file = self.home / "diary"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(float(line.split(" ", 1)[0]), line.split(" ", 1)[1]) for line in lines]

    def fresh(self, **words: str) -> None:
        """Begin anew, with a `fairlead` that does as it is told: fails, off, hangs (words); polls (a number)."""
        for name in ("diary", "failures.jsonl", "fails", "off", "hangs", "polls"):
            (self.home / name).unlink(missing_ok=True)
        for name, text in words.items():
            (self.home / name).write_text(text)

    def delivered(self) -> list[str]:
        """The assets that had an event, in order; each event once."""
        with sqlite3.connect(self.home / "airflow" / "airflow.db") as db:
            rows = db.execute("select a.name from asset_event e join asset a on a.id = e.asset_id order by e.id")
            return [name for (name,) in rows]


def make_project(root: Path) -> Project:
    for folder in ("dags", "plugins"):
        shutil.copytree(REPOSITORY / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    syncs, home, programs = root / "activation" / "syncs", root / "home", root / "bin"
    for folder in (syncs, home, programs):
        folder.mkdir(parents=True)
    (home / "channels.json").write_text(json.dumps(CHANNELS))
    for sync in SYNCS:
        (syncs / f"{sync}.yml").write_text("description: read by its name alone\n")
    (programs / "fairlead").write_text(DIARY)
    (programs / "fairlead").chmod(0o755)
    api, logs = free_port(), free_port()
    own = {
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "FAIRLEAD_HOME": str(home),
        "FAIRLEAD_TASK_RETRIES": "0",  # for all: a DAG serialised with other retries would still be run by them
        "FAIRLEAD_POLL_SECONDS": "5",
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Europe/London",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(api),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(logs),
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "FAIRLEAD"))}
    return Project(root, inherited | own)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """With a migrated SQLite metadata base and the pools, as `make airflow-init` leaves them."""
    new_project = make_project(tmp_path_factory.mktemp("project"))
    pools = new_project.home / "pools.json"
    pools.write_text(subprocess.check_output(["sh", str(new_project.root / "dags" / "pools.sh")], text=True))
    for words in (("db", "migrate"), ("pools", "import", str(pools))):
        process = new_project.airflow(*words)
        assert process.returncode == 0, process.stdout + process.stderr
    return new_project


@pytest.fixture(scope="session")
def parse(project: Project) -> Callable[..., str]:
    """Runs a Python snippet with `bag`, the parsed DAGs, in a process of its own; gives what it printed last.

    extra   environment variables
    """

    def run(snippet: str, **extra: str) -> str:
        head = "from airflow.dag_processing.dagbag import DagBag\nbag = DagBag('dags')\n"
        command = [sys.executable, "-c", head + snippet]
        ours = ("FAIRLEAD_TASK_RETRIES", "FAIRLEAD_POLL_SECONDS")
        as_shipped = {name: value for name, value in project.environment.items() if name not in ours}
        process = subprocess.run(command, env=as_shipped | extra, cwd=project.root, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        return process.stdout.splitlines()[-1]

    return run
