"""The hour: brings back what the channels report (bounces, opt-outs, clicks), so that the next push knows it.

One task is one command that a person can type. Days, pool, backfill, failures: docs/how_to/run_with_airflow.md.
"""

from airflow.sdk import DAG, Asset, CronDataIntervalTimetable

from fairlead_airflow import DAY_OF_HOUR, FIRM, ZONE, step

with DAG("hourly_feedback", schedule=CronDataIntervalTimetable("5 * * * *", ZONE), **FIRM):
    # a pool of its own: an opt-out does not wait for a pull that waits for a network
    step("pull_feedback", "pull --feedback", pool="feedback", day=DAY_OF_HOUR, outlets=[Asset("feedback")])
