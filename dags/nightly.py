"""The night: takes in the day that just ended, decides who is in which audience, and tells the channels.

One task is one command that a person can type. Days, pools, cancelling, failures: docs/how_to/run_with_airflow.md.
"""

import os
import shlex

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronDataIntervalTimetable

from fairlead_airflow import FIRM, ROOT, ZONE, step, syncs, works_in_jobs

POLL = {"mode": "reschedule", "poke_interval": int(os.environ.get("FAIRLEAD_POLL_SECONDS", 60)), "timeout": 12 * 3600}
WHEN = AssetOrTimeSchedule(timetable=CronDataIntervalTimetable("0 4 * * *", ZONE), assets=Asset("sources_ready"))
IN_ROOT = f"cd {shlex.quote(str(ROOT))} &&"

with DAG("nightly", schedule=WHEN, **FIRM):
    pull = step("pull", "pull", 4)
    resolve = step("resolve", "resolve")
    before_scores = step("build_before_scores", "build --stage before-scores", 4)
    train_missing = step("train_missing", "train --missing", 4)
    score = step("score", "score")
    after_scores = step("build_after_scores", "build --stage after-scores", 4, outlets=[Asset("profiles")])
    plan = step("plan", "plan", inlets=[Asset("profiles")])
    night = [pull, resolve, before_scores, train_missing, score, after_scores, plan]
    pull >> resolve >> before_scores >> train_missing >> score >> after_scores >> plan
    plan >> step("push_orphans", "push --orphans", 4)
    night >> step("withdrawals", "push --withdrawals", trigger_rule="one_failed")
    for sync in syncs():
        channel, delivered = sync.split("__")[1], [Asset(f"audience/{sync}")]
        in_jobs = works_in_jobs(channel)
        push = step(f"push.{sync}", f"push {sync} --no-wait", 4, channel, outlets=[] if in_jobs else delivered)
        plan >> push
        if in_jobs:  # delivered when the vendor's job has ended
            collect = BashSensor(
                task_id=f"collect.{sync}", bash_command=f"{IN_ROOT} fairlead collect {sync}", retry_exit_code=3,
                pool=channel, outlets=delivered, **POLL,
            )  # fmt: skip
            cancel = BashOperator(
                task_id=f"cancel.{sync}", bash_command=f"fairlead cancel {sync} --reason 'nobody waits'",
                cwd=str(ROOT), pool=channel,
            )  # fmt: skip
            push >> collect >> cancel.as_teardown()
