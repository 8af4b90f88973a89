"""The week: trains every model again on all that is known by the end of Saturday; the spec decides promotion.

One task is one command that a person can type. Days, pool, backfill, failures: docs/how_to/run_with_airflow.md.
"""

from datetime import timedelta

from airflow.sdk import DAG, Asset, CronTriggerTimetable

from fairlead_airflow import FIRM, ZONE, step

WHEN = CronTriggerTimetable("0 8 * * 0", timezone=ZONE, interval=timedelta(days=1))  # the day that ended: Saturday

with DAG("weekly_training", schedule=WHEN, **FIRM):
    before_scores = step("build_before_scores", "build --stage before-scores", 4, inlets=[Asset("profiles")])
    # the second half too: with one half of a build alone no push sends anything until the night
    before_scores >> [step("train", "train", 8), step("build_after_scores", "build --stage after-scores", 4)]
