"""What Fairlead's three DAGs share, as one Airflow plugin: a step is one command, and somebody hears of a failed one.

Airflow puts its plugins folder (AIRFLOW__CORE__PLUGINS_FOLDER) on the path, so the DAG files import this by name. It
imports nothing of Fairlead's: with a broken installation the DAGs still parse, and somebody still hears of it.
See docs/how_to/run_with_airflow.md.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from airflow.providers.standard.operators.bash import BashOperator

ROOT = Path(os.environ.get("FAIRLEAD_ROOT") or Path(__file__).resolve().parents[1])
HOME = Path(os.environ.get("FAIRLEAD_HOME") or ROOT / ".fairlead")


def _project(folder: Path) -> dict[str, str]:
    """The section [project] of the fairlead.toml in a folder."""
    toml = folder / "fairlead.toml"
    section: dict[str, str] = tomllib.loads(toml.read_text()).get("project", {}) if toml.is_file() else {}
    return section


PROJECT = _project(ROOT)
OWN = os.environ.get("FAIRLEAD_PROJECT__FOLDER") or PROJECT.get("folder", "")  # the company's own files, from ROOT
FOLDER = (ROOT / Path(OWN).expanduser()).resolve() if OWN else None
PROJECT |= _project(FOLDER) if FOLDER else {}
ZONE = os.environ.get("FAIRLEAD_PROJECT__TIME_ZONE") or PROJECT.get("time_zone", "Europe/London")
START = pendulum.datetime(2010, 12, 1, tz=ZONE)

# The logical date names the day. A run that an asset or a bare trigger began has none: then it is the day before, by
# the calendar; and for what runs every hour the day of the hour before.
DAY = (
    "{{ (dag_run.logical_date or dag_run.run_after).astimezone(dag.timezone).date()"
    " - macros.timedelta(days=not dag_run.logical_date) }}"
)
DAY_OF_HOUR = (
    "{{ (dag_run.logical_date or dag_run.run_after - macros.timedelta(hours=1)).astimezone(dag.timezone) | ds }}"
)

NOTIFY_SECONDS = 60
TELL_SECONDS = 180  # Slack, a webhook and a mail server, none of which may answer; then half a minute for the warehouse
LAST_LINES = 20


def tell(context: Any) -> None:
    """Tell what failed, why, and where its log is: failures.jsonl, the notify command, and `fairlead tell`."""
    failure = _failure(context)
    line = json.dumps(failure)
    with _however_it_ends("failures.jsonl"), (HOME / "failures.jsonl").open("a") as failures:
        failures.write(line + "\n")
    with _however_it_ends("FAIRLEAD_NOTIFY_COMMAND"):
        _run(os.environ.get("FAIRLEAD_NOTIFY_COMMAND", ":"), NOTIFY_SECONDS, input=line, shell=True)
    reason = " ".join([failure["error"], *failure["last_lines"][-1:]])
    day = re.findall(r"(--day) (\S+)$", failure["command"])
    with _however_it_ends("fairlead tell"):
        words = ["fairlead", "tell", f"{failure['dag']}.{failure['task']}", "--error", reason]
        _run([*words, *(day[0] if day else [])], TELL_SECONDS)


@contextlib.contextmanager
def _however_it_ends(name: str) -> Iterator[None]:
    """One way that fails or hangs is no reason to leave out the next. Errors may hold secrets: their kind is shown."""
    try:
        yield
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{name}: {type(error).__name__}: perhaps nobody was told this way", file=sys.stderr)


def _run(command: str | list[str], seconds: float, **more: Any) -> None:
    subprocess.run(command, cwd=ROOT, text=True, timeout=seconds, check=True, **more)


def _failure(context: Any) -> dict[str, Any]:
    ti = context["ti"]
    log = Path(
        conf.get("logging", "base_log_folder"),
        f"dag_id={ti.dag_id}/run_id={ti.run_id}/task_id={ti.task_id}/attempt={ti.try_number}.log",
    )
    rows = [json.loads(row)["event"] for row in log.open() if ".standard." in row] if log.exists() else []
    lines = [row for row in rows if not re.match("Output:$|Command exited with return code", row)]
    return {
        "dag": ti.dag_id, "task": ti.task_id, "command": ti.task.bash_command, "log": str(log),
        "error": str(context.get("exception")), "last_lines": lines[-LAST_LINES:],
    }  # fmt: skip


def step(task: str, command: str, hours: int = 1, pool: str = "warehouse", day: str = DAY, **more: Any) -> BashOperator:
    """A task that types `fairlead <command> --day D`; exit code 4, a push that is off, skips it."""
    return BashOperator(
        task_id=task, bash_command=f"fairlead {command} --day {day}", cwd=str(ROOT), pool=pool,
        execution_timeout=timedelta(hours=hours), skip_on_exit_code=4, **more,
    )  # fmt: skip


def syncs() -> list[str]:
    """The names of the sync files; a name that the plan refuses makes no task."""
    files = [*ROOT.glob("activation/syncs/*.yml"), *(FOLDER.glob("syncs/*.yml") if FOLDER else [])]
    names = {file.stem for file in files}
    return sorted(name for name in names if re.fullmatch(r"[\w-]+__[\w-]+", name, re.ASCII))


def works_in_jobs(channel: str) -> bool:
    """As `register` has written it. Of a channel that is not there: yes, since a `collect` too many does no harm."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return bool(json.loads((HOME / "channels.json").read_text()).get(channel, {}).get("in_jobs", True))
    return True


DEFAULTS = {
    "retries": int(os.environ.get("FAIRLEAD_TASK_RETRIES", 3)),  # 0 where somebody is waiting: `make nights`, tests
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2,
    "on_failure_callback": tell,
}
FIRM = {"start_date": START, "catchup": False, "max_active_runs": 1, "default_args": DEFAULTS}  # of each DAG


class FairleadPlugin(AirflowPlugin):
    """So that Airflow's own list of plugins shows it."""

    name = "fairlead"
