"""The DAGs run in one process, without a scheduler, as `make run` does."""

import json

import pytest

pytestmark = pytest.mark.airflow
NIGHT = [
    "pull", "resolve", "build --stage before-scores", "train --missing", "score", "build --stage after-scores", "plan",
]  # fmt: skip
PUSHES = [
    f"push {sync} --no-wait"
    for sync in ("hot_leads__webhook", "lapsing_loyal__ads__spring", "lapsing_loyal__csv_outbox")
]
ORPHANS = "push --orphans"
JOBS = ["collect lapsing_loyal__ads__spring", "cancel lapsing_loyal__ads__spring --reason nobody waits"]


def commands(project) -> list[str]:
    return [words for _, words in project.diary()]


def test_a_night_asks_fairlead_for_each_step_with_the_day_it_was_told(project):
    project.fresh()
    process = project.airflow("dags", "test", "nightly", "2026-03-28")
    assert process.returncode == 0, process.stdout[-3000:]
    steps, pushes = [f"{words} --day 2026-03-28" for words in NIGHT], [f"{words} --day 2026-03-28" for words in PUSHES]
    assert commands(project)[: len(steps)] == steps
    assert sorted(commands(project)[len(steps) :]) == sorted([*pushes, ORPHANS + " --day 2026-03-28", *JOBS])
    assert [words for words in commands(project) if "__ads__" in words] == [pushes[1], *JOBS]


def test_only_a_delivered_audience_has_an_event_and_a_failed_push_fails_the_night_and_holds_up_no_other(project):
    project.fresh(fails="hot_leads__webhook", off="lapsing_loyal__csv_outbox", polls="1")
    before = len(project.delivered())
    process = project.airflow("dags", "test", "nightly", "2026-03-27", timeout=200)
    assert process.returncode != 0
    assert project.delivered()[before:] == ["profiles", "audience/lapsing_loyal__ads__spring"]
    assert commands(project).count(JOBS[0]) == 2, "asked again as long as the vendor is at it"
    (line,) = (project.home / "failures.jsonl").read_text().splitlines()
    assert json.loads(line)["task"] == "push.hot_leads__webhook"


def test_without_any_sync_the_night_ends_with_those_whose_file_is_gone(project):
    project.fresh()
    syncs = project.root / "activation" / "syncs"
    syncs.rename(syncs.with_name("none"))
    try:
        process = project.airflow("dags", "test", "nightly", "2026-03-26")
    finally:
        syncs.with_name("none").rename(syncs)
    assert process.returncode == 0, process.stdout[-3000:]
    assert commands(project) == [f"{words} --day 2026-03-26" for words in [*NIGHT, ORPHANS]]


def test_the_day_is_the_projects_and_not_utc(project):
    """Midnight of the 25th in Tokyo is still the 24th in UTC; it is also the day Europe's clocks change."""
    project.fresh()
    zone = {"FAIRLEAD_PROJECT__TIME_ZONE": "Asia/Tokyo", "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Tokyo"}
    process = project.airflow("dags", "test", "hourly_feedback", "2026-10-25", **zone)
    assert process.returncode == 0, process.stdout[-3000:]
    assert commands(project) == ["pull --feedback --day 2026-10-25"]


def test_a_failed_week_stops_there_and_says_what_failed(project):
    project.fresh(fails="before-scores")
    notify = "cat > $FAIRLEAD_HOME/told"
    process = project.airflow("dags", "test", "weekly_training", "2026-03-28", FAIRLEAD_NOTIFY_COMMAND=notify)
    assert process.returncode != 0
    step, tell = commands(project)
    assert step == "build --stage before-scores --day 2026-03-28"
    assert tell.startswith("tell weekly_training.build_before_scores --error "), "the same way as a push"
    assert "exit code 1" in tell and tell.endswith(" --day 2026-03-28")
    (line,) = (project.home / "failures.jsonl").read_text().splitlines()
    alert = json.loads(line)
    assert (alert["dag"], alert["task"]) == ("weekly_training", "build_before_scores")
    assert alert["command"] == "fairlead build --stage before-scores --day 2026-03-28"
    assert "exit code 1" in alert["error"]
    assert (project.home / "told").read_text() == line


def test_a_way_that_cannot_be_taken_keeps_none_of_the_others(project):
    project.fresh(fails="before-scores")
    process = project.airflow("dags", "test", "weekly_training", "2026-03-21", FAIRLEAD_NOTIFY_COMMAND="exit 7 # hush")
    assert (project.home / "failures.jsonl").exists() and commands(project)[-1].startswith("tell weekly_training.")
    assert "hush" not in process.stdout + process.stderr, "such a command may hold a secret"


def test_a_backfill_takes_whole_days_up_to_but_not_including_the_last_and_knows_the_clock_change(project):
    project.airflow("dags", "reserialize")
    span = ("--from-date", "2026-03-28", "--to-date", "2026-03-31")
    process = project.airflow("backfill", "create", "--dag-id", "nightly", *span, "--dry-run")
    days = [line.split()[1] for line in process.stdout.splitlines() if line.startswith("| 2026")]
    assert days == ["2026-03-28", "2026-03-29", "2026-03-30"], process.stdout + process.stderr
