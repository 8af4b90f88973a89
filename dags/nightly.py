"""The night: takes in the day that just ended, decides who is in which audience, and tells the channels.
One task is one command that a person can type. Days, pools, cancelling, failures: docs/how_to/run_with_airflow.md."""

import json
import os
import re
import shlex
import subprocess
import tomllib
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.configuration import conf
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronDataIntervalTimetable

ROOT = Path(__file__).resolve().parents[1]
PROJECT = next((tomllib.loads(file.read_text()) for file in ROOT.glob("fairlead.toml")), {}).get("project", {})
ZONE = os.environ.get("FAIRLEAD_PROJECT__TIME_ZONE") or PROJECT.get("time_zone", "Europe/London")
# The logical date names the day; a run that an asset or a bare trigger began has none: it takes the day before, by the calendar.
DAY = "{{ (dag_run.logical_date or dag_run.run_after).astimezone(dag.timezone).date() - macros.timedelta(days=not dag_run.logical_date) }}"
AT_ONCE = {f.stem if f.stem != "__init__" else f.parent.name for f in ROOT.glob("activation/channels/**/*.py") if "def collect(" not in f.read_text()}  # fmt: skip


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
PATIENT = {"retry_exit_code": 3, "mode": "reschedule", "poke_interval": int(os.environ.get("FAIRLEAD_POLL_SECONDS", 60)), "timeout": 12 * 3600}  # fmt: skip
WHEN = AssetOrTimeSchedule(timetable=CronDataIntervalTimetable("0 4 * * *", ZONE), assets=Asset("sources_ready"))
with DAG("nightly", schedule=WHEN, start_date=START, catchup=False, max_active_runs=1, default_args=FIRM):
    pull, resolve, score = step("pull", "pull", 4), step("resolve", "resolve"), step("score", "score")
    before_scores, after_scores = step("build_before_scores", "build --stage before-scores", 4), step("build_after_scores", "build --stage after-scores", 4, outlets=[Asset("profiles")])  # fmt: skip
    train_missing, plan = step("train_missing", "train --missing", 4), step("plan", "plan", inlets=[Asset("profiles")])
    pull >> resolve >> before_scores >> train_missing >> score >> after_scores >> plan >> step("push_orphans", "push --orphans", 4)  # fmt: skip
    [pull, resolve, before_scores, train_missing, score, after_scores, plan] >> step("withdrawals", "push --withdrawals", trigger_rule="one_failed")  # fmt: skip
    for sync in sorted(f.stem for f in ROOT.glob("activation/syncs/*.yml") if re.fullmatch(r"[\w-]+__[\w-]+", f.stem, re.ASCII)):  # the plan refuses others  # fmt: skip
        channel, delivered, name = sync.split("__")[1], [Asset(f"audience/{sync}")], shlex.quote(sync)
        push = plan >> step(f"push.{sync}", f"push {name} --no-wait", 4, channel, outlets=delivered * (channel in AT_ONCE))  # fmt: skip
        if channel not in AT_ONCE:  # the vendor works in jobs: delivered when they have ended
            wait = BashSensor(task_id=f"collect.{sync}", bash_command=f"cd {shlex.quote(str(ROOT))} && fairlead collect {name}", pool=channel, outlets=delivered, **PATIENT)  # fmt: skip
            push >> wait >> BashOperator(task_id=f"cancel.{sync}", bash_command=f"fairlead cancel {name} --reason 'nobody waits'", cwd=str(ROOT), pool=channel).as_teardown()  # fmt: skip
