"""What can be known about the DAGs without running them."""

import ast
import json
import os
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
DAGS = Path(__file__).resolve().parents[2] / "dags"
PLUGIN = DAGS.parent / "plugins" / "fairlead_airflow.py"
OURS = {"core", "connectors", "people", "content", "ml", "activation", "insight", "fairlead", "sample_shop", "dags"}
ADS = "lapsing_loyal__ads__spring"  # its vendor works in jobs
PUSHES = ["push.hot_leads__webhook", f"push.{ADS}", "push.lapsing_loyal__csv_outbox"]
ORDER = [
    "pull", "resolve", "build_before_scores", "train_missing", "score", "build_after_scores", "plan",
]  # fmt: skip


def test_the_folder_holds_the_three_dags_and_none_of_them_imports_what_is_slow(parse):
    stats = json.loads(
        parse(
            "import json\nprint(json.dumps({'ids': sorted(bag.dags), 'errors': bag.import_errors,"
            " 'seconds': [s.duration.total_seconds() for s in bag.dagbag_stats]}))"
        )
    )
    assert stats["ids"] == ["hourly_feedback", "nightly", "weekly_training"]
    assert stats["errors"] == {}
    # the first file pays for Airflow's own imports, and a busy machine takes twice as long: ours would take ten seconds
    assert len(stats["seconds"]) == 3 and sorted(stats["seconds"])[1] < 0.5 and max(stats["seconds"]) < 5


def test_a_dag_file_is_under_sixty_lines_and_imports_nothing_of_ours():
    files = sorted(DAGS.glob("*.py"))
    assert [f.stem for f in files] == ["hourly_feedback", "nightly", "weekly_training"]
    for file in files:
        text = file.read_text()
        assert len(text.splitlines()) < 60, file.name
        names = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(text))
            for name in (
                [a.name for a in node.names] if isinstance(node, ast.Import)
                else [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            )
        }  # fmt: skip
        assert not names & (OURS | {f.stem for f in files} | {"."}), file.name


def test_the_plugin_imports_nothing_of_ours_and_is_quick(parse, project):
    names = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(PLUGIN.read_text()))
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import)
                     else [node.module or "."] if isinstance(node, ast.ImportFrom) else [])
    }  # fmt: skip
    assert not names & (OURS | {"."})
    own = json.loads(
        parse(
            "import importlib, json, sys, time\nplugin = sys.modules['fairlead_airflow']\nbegan = time.monotonic()\n"
            "importlib.reload(plugin)\nprint(json.dumps([plugin.__file__, time.monotonic() - began]))"
        )
    )
    # what Airflow's own modules cost is paid by then: what is left is ours
    assert own[0] == str(project.root / "plugins" / "fairlead_airflow.py") and own[1] < 0.2


def test_airflow_lists_the_plugin(parse):
    parsed = "from airflow import plugins_manager as m\nprint([p.name for p in m._get_plugins()[0]])"
    assert "fairlead" in parse(parsed)


def test_the_night_runs_in_order_and_a_push_for_each_sync_waits_for_no_other(parse):
    parsed = json.loads(
        parse(
            "import json\nprint(json.dumps({t.task_id: sorted(t.downstream_task_ids) for t in "
            "bag.dags['nightly'].tasks}))"
        )
    )
    after = {f"push.{ADS}": [f"collect.{ADS}"], f"collect.{ADS}": [f"cancel.{ADS}"], f"cancel.{ADS}": []}
    usual = {task: [successor] for task, successor in pairwise(ORDER)} | {"plan": [*PUSHES, "push_orphans"]}
    successors = {
        task: sorted([*successor, "withdrawals"]) for task, successor in usual.items()
    }  # whichever of them fails
    assert parsed == successors | {p: [] for p in [*PUSHES, "push_orphans", "withdrawals"]} | after


def test_the_week_leaves_no_half_of_a_build_behind(parse):
    edges = "{t.task_id: sorted(t.downstream_task_ids) for t in bag.dags['weekly_training'].tasks}"
    parsed = json.loads(parse(f"import json\nprint(json.dumps({edges}))"))
    assert parsed == {"build_before_scores": ["build_after_scores", "train"], "build_after_scores": [], "train": []}


def test_withdrawals_go_out_when_a_step_has_failed_and_only_then(parse):
    rules = json.loads(
        parse("import json\nprint(json.dumps({t.task_id: t.trigger_rule for t in bag.dags['nightly'].tasks}))")
    )
    assert [task for task, rule in rules.items() if rule == "one_failed"] == ["withdrawals"]


def test_every_task_tries_again_later_and_a_step_ends_in_time(parse):
    tasks = json.loads(
        parse(
            "import json\nprint(json.dumps([[t.task_id, t.retries, bool(t.retry_exponential_backoff),"
            " len(t.on_failure_callback), d.max_active_runs, d.catchup] for d in bag.dags.values() for t in d.tasks]))"
        )
    )
    assert len(tasks) == len(ORDER + PUSHES) + 2 + 3 + 3
    assert all(task[1:] == [3, True, 1, 1, False] for task in tasks)
    timed = json.loads(
        parse(
            "import json\nprint(json.dumps({t.task_id: [bool(t.execution_timeout), getattr(t, 'skip_on_exit_code', 0)]"
            " for d in bag.dags.values() for t in d.tasks}))"
        )
    )
    del timed[f"collect.{ADS}"], timed[f"cancel.{ADS}"]
    assert all(step == [True, [4]] for step in timed.values()), timed


def test_a_push_waits_for_its_channel_and_everything_before_it_for_the_warehouse(parse):
    pools = json.loads(
        parse("import json\nprint(json.dumps({t.task_id: t.pool for d in bag.dags.values() for t in d.tasks}))")
    )
    ours = {
        "pull_feedback": "feedback",
        "push.hot_leads__webhook": "webhook",
        "push.lapsing_loyal__csv_outbox": "csv_outbox",
    }
    ours |= {f"{task}.{ADS}": "ads" for task in ("push", "collect", "cancel")}
    assert {task: pool for task, pool in pools.items() if pool != "warehouse"} == ours


def test_every_pool_that_a_task_waits_in_is_made_and_one_that_is_there_is_left_alone(parse, project, tmp_path):
    """A task of a pool that does not exist waits for ever, and nothing fails."""

    def pools_made(*words: str) -> dict[str, dict[str, object]]:
        return json.loads(subprocess.check_output(["sh", str(project.root / "dags" / "pools.sh"), *words], text=True))

    pools_used = json.loads(
        parse("import json\nprint(json.dumps(sorted({t.pool for d in bag.dags.values() for t in d.tasks})))")
    )
    assert sorted(pools_made()) == pools_used
    assert {pool["slots"] for pool in pools_made().values()} == {1}
    pools_file = tmp_path / "there.json"
    pools_file.write_text(json.dumps({"warehouse": {"slots": 4}, "ads": {"slots": 2}}, indent=4))
    assert sorted(pools_made(str(pools_file))) == ["csv_outbox", "feedback", "webhook"]


def test_files_that_are_no_syncs_make_no_pool_and_no_task(parse, project):
    strays = [project.root / "activation" / "syncs" / name for name in ("README.md", "old__mail.yml.bak", "notes.yml")]
    for stray in strays:
        stray.write_text("")
    try:
        pools = subprocess.check_output(["sh", str(project.root / "dags" / "pools.sh")], text=True)
        tasks = json.loads(parse("import json\nprint(json.dumps([t.task_id for t in bag.dags['nightly'].tasks]))"))
    finally:
        for stray in strays:
            stray.unlink()
    assert sorted(json.loads(pools)) == ["ads", "csv_outbox", "feedback", "warehouse", "webhook"]
    assert [task for task in tasks if task.startswith("push.")] == PUSHES


def test_the_syncs_and_the_time_zone_of_a_company_s_own_folder_count(parse, project, tmp_path):
    (tmp_path / "my_shop/syncs").mkdir(parents=True)
    (tmp_path / "my_shop/syncs/buyers__my_vendor.yml").write_text("")
    (tmp_path / "my_shop/fairlead.toml").write_text('[project]\ntime_zone = "America/Sao_Paulo"\n')
    own = {"FAIRLEAD_PROJECT__FOLDER": str(tmp_path / "my_shop")}
    snippet = "import json\nd = bag.dags['nightly']\nprint(json.dumps([str(d.timezone), [t.task_id for t in d.tasks]]))"
    zone, tasks = json.loads(parse(snippet, **own))
    assert "Sao_Paulo" in zone and {"push.buyers__my_vendor", *PUSHES} <= set(tasks)
    pools = subprocess.check_output(
        ["sh", str(project.root / "dags" / "pools.sh")], text=True, env={**os.environ, **own}
    )
    assert sorted(json.loads(pools)) == ["ads", "csv_outbox", "feedback", "my_vendor", "warehouse", "webhook"]


def test_a_file_name_that_a_shell_would_run_is_no_task_and_the_folder_s_own_name_is_quoted(parse, project, tmp_path):
    for name in ("hot_leads__webhook__$(touch ran)", "hot_leads__webhook__a b", "hot_leads__webhook__'; touch ran; '"):
        (project.root / "activation" / "syncs" / f"{name}.yml").write_text("")
    odd_folder = tmp_path / "our company's $(touch ran)"
    shutil.copytree(project.root / "activation", odd_folder / "activation")
    try:
        pools = subprocess.check_output(["sh", str(project.root / "dags" / "pools.sh")], text=True)
        snippet = "import json\nprint(json.dumps([t.task_id for t in bag.dags['nightly'].tasks]))"
        tasks = json.loads(parse(snippet))
        command = parse(
            f"print(bag.dags['nightly'].get_task('collect.{ADS}').bash_command)", FAIRLEAD_ROOT=str(odd_folder)
        )
    finally:
        for stray in project.root.glob("activation/syncs/*[ $]*"):
            stray.unlink()
    assert [task for task in tasks if task.startswith("push.")] == PUSHES
    assert sorted(json.loads(pools)) == ["ads", "csv_outbox", "feedback", "warehouse", "webhook"]
    process = subprocess.run(["bash", "-c", command.replace("fairlead", "echo")], capture_output=True, text=True)
    assert process.stdout == f"collect {ADS}\n" and not list(Path().glob("ran")), process.stderr


@pytest.mark.parametrize(
    ("zone", "run_after", "night", "hour"),
    [
        ("Europe/London", "2026-03-29T23:30:00+00:00", "2026-03-29", "2026-03-29"),  # half past midnight, the 30th
        ("Europe/London", "2026-10-25T23:30:00+00:00", "2026-10-24", "2026-10-25"),
        (
            "America/Santiago",
            "2026-04-05T03:30:00+00:00",
            "2026-04-03",
            "2026-04-04",
        ),  # 23:30, the hour that comes twice
        ("America/Santiago", "2026-09-06T04:30:00+00:00", "2026-09-05", "2026-09-05"),  # 01:30, there was no midnight
        ("Australia/Lord_Howe", "2026-10-04T13:45:00+00:00", "2026-10-04", "2026-10-04"),  # 00:45, the 5th
        ("Australia/Lord_Howe", "2026-04-05T13:15:00+00:00", "2026-04-04", "2026-04-05"),  # 23:45, the 5th
    ],
)
def test_a_run_without_a_logical_date_takes_the_day_before_by_the_calendar(parse, zone, run_after, night, hour):
    """Twenty-four hours before is another day in one hour of each clock change; an hour before is an hour before."""
    snippet = f"""
import json, types
from datetime import datetime, timedelta
import jinja2, pendulum
from airflow.sdk.definitions._internal.templater import FILTERS
engine = jinja2.Environment()
engine.filters |= FILTERS
run = types.SimpleNamespace(logical_date=None, run_after=datetime.fromisoformat({run_after!r}))
macros = types.SimpleNamespace(timedelta=timedelta)
def day(dag, task):
    words = bag.dags[dag].get_task(task).bash_command.partition(' --day ')[2]
    return engine.from_string(words).render(
        dag_run=run, macros=macros, dag=types.SimpleNamespace(timezone=pendulum.timezone({zone!r})))
print(json.dumps([day('nightly', 'pull'), day('weekly_training', 'train'), day('hourly_feedback', 'pull_feedback')]))"""
    assert json.loads(parse(snippet)) == [night, night, hour]


def test_who_waits_for_a_vendor_holds_no_slot(parse):
    parsed = parse(
        f"import json\nt = bag.dags['nightly'].get_task('collect.{ADS}')\n"
        "print(json.dumps([t.mode, t.retry_exit_code, t.bash_command.split(' && ')[1], t.poke_interval, t.timeout]))"
    )
    assert json.loads(parsed) == ["reschedule", 3, f"fairlead collect {ADS}", 60, 12 * 3600]


@pytest.mark.parametrize("text", [None, "{", "[]", '{"ads": 3}', "{}"])
def test_before_the_first_build_every_sync_is_collected_and_none_counts_as_delivered_too_early(parse, project, text):
    """A fresh checkout, or a file that is damaged: of a channel that answers at once `collect` finds nothing to ask,
    and ends well.
    """
    file = project.home / "channels.json"
    source_text = file.read_text()
    try:
        file.unlink() if text is None else file.write_text(text)
        parsed = json.loads(
            parse(
                "import json\nd = bag.dags['nightly']\n"
                "print(json.dumps({t.task_id: [o.name for o in t.outlets] for t in d.tasks if '__' in t.task_id}))"
            )
        )
    finally:
        file.write_text(source_text)
    syncs = [push.removeprefix("push.") for push in PUSHES]
    assert parsed == {
        f"{task}.{sync}": [f"audience/{sync}"] if task == "collect" else []
        for sync in syncs for task in ("push", "collect", "cancel")
    }  # fmt: skip


def test_profiles_and_each_sync_are_assets_and_the_night_can_be_begun_by_one(parse):
    parsed = json.loads(
        parse(
            "import json\nd = bag.dags['nightly']\nprint(json.dumps([{t.task_id: [o.name for o in t.outlets]"
            " for t in d.tasks if t.outlets}, d.timetable.asset_condition.name]))"
        )
    )
    assert parsed == [
        {
            "build_after_scores": ["profiles"],
            "push.hot_leads__webhook": ["audience/hot_leads__webhook"],
            f"collect.{ADS}": [f"audience/{ADS}"],
            "push.lapsing_loyal__csv_outbox": ["audience/lapsing_loyal__csv_outbox"],
        },
        "sources_ready",
    ]


def test_the_project_time_zone_comes_from_fairlead_toml(parse, project):
    zone = "print(bag.dags['nightly'].timezone.name)"
    assert parse(zone) == "Europe/London"
    toml = project.root / "fairlead.toml"
    toml.write_text('[project]\ntime_zone = "Asia/Tokyo"\n')
    try:
        assert parse(zone) == "Asia/Tokyo"
    finally:
        toml.unlink()


def test_feedback_waits_in_no_pool_that_a_step_of_the_night_waits_in(parse):
    """A pull that waits for a network would keep the slot: an opt-out that waits for it is a mail too many."""
    own = "import json\nprint(json.dumps({d: sorted({t.pool for t in bag.dags[d].tasks}) for d in bag.dags}))"
    pools = json.loads(parse(own))
    assert pools["hourly_feedback"] and not set(pools["hourly_feedback"]) & set(pools["nightly"])
