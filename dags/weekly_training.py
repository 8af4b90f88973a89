"""The week: trains every model again on all that is known by the end of Saturday; the spec decides promotion.

One task is one command that a person can type. Days, pool, backfill, failures: docs/how_to/run_with_airflow.md.
"""

import json
import os
import subprocess
import tomllib
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.configuration import conf
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, CronTriggerTimetable

ROOT = Path(__file__).resolve().parents[1]
PROJECT = next((tomllib.loads(file.read_text()) for file in ROOT.glob("fairlead.toml")), {}).get("project", {})
ZONE = os.environ.get("FAIRLEAD_PROJECT__TIME_ZONE") or PROJECT.get("time_zone", "Europe/London")
# The logical date names the day; a run that an asset or a bare trigger began has none: it takes the day before, by the calendar.
DAY = "{{ (dag_run.logical_date or dag_run.run_after).astimezone(dag.timezone).date() - macros.timedelta(days=not dag_run.logical_date) }}"


def tell(context) -> None:
    """Say what failed, why and where its log is: a line of failures.jsonl, handed to the notify command as well."""
    ti = context["ti"]
    log = Path(conf.get("logging", "base_log_folder"), f"dag_id={ti.dag_id}/run_id={ti.run_id}/task_id={ti.task_id}/attempt={ti.try_number}.log")  # fmt: skip
    said = [json.loads(row)["event"] for row in log.open() if ".standard." in row] if log.exists() else []
    what = {"dag": ti.dag_id, "task": ti.task_id, "command": ti.task.bash_command, "log": str(log)}
    line = json.dumps(what | {"error": str(context.get("exception")), "last_lines": said[-20:]})
    with Path(os.environ.get("FAIRLEAD_HOME", ROOT / ".fairlead"), "failures.jsonl").open("a") as failures:
        failures.write(line + "\n")
    subprocess.run(os.environ.get("FAIRLEAD_NOTIFY_COMMAND", ":"), shell=True, input=line, text=True, timeout=60)


def step(task: str, command: str, hours: int = 1, pool: str = "warehouse", **more) -> BashOperator:
    return BashOperator(task_id=task, bash_command=f"fairlead {command} --day {DAY}", cwd=str(ROOT), pool=pool, execution_timeout=timedelta(hours=hours), skip_on_exit_code=4, **more)  # fmt: skip


RETRIES = int(os.environ.get("FAIRLEAD_TASK_RETRIES", 3))  # 0 where somebody is waiting: `make nights`, tests
FIRM = {"retries": RETRIES, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": 2, "on_failure_callback": tell}  # fmt: skip
START = pendulum.datetime(2010, 12, 1, tz=ZONE)
WHEN = CronTriggerTimetable("0 8 * * 0", timezone=ZONE, interval=timedelta(days=1))  # the day that ended: Saturday

with DAG("weekly_training", schedule=WHEN, start_date=START, catchup=False, max_active_runs=1, default_args=FIRM):
    before_scores = step("build_before_scores", "build --stage before-scores", 4, inlets=[Asset("profiles")])
    # the second half too: with one half of a build alone no push sends anything until the night
    before_scores >> [step("train", "train", 8), step("build_after_scores", "build --stage after-scores", 4)]
