"""What can be known about the DAGs without running them."""

import ast
import json
from itertools import pairwise
from pathlib import Path

import pytest

pytestmark = pytest.mark.airflow
DAGS = Path(__file__).resolve().parents[2] / "dags"
OURS = {"core", "connectors", "ml", "activation", "fairlead", "sample_shop", "dags"}
ORDER = [
    "pull", "resolve", "build_before_scores", "train_missing", "score", "build_after_scores", "plan", "push",
]  # fmt: skip


def test_the_folder_holds_the_three_dags_and_each_parses_well_under_a_second(parse):
    stats = json.loads(
        parse(
            "import json\nprint(json.dumps({'ids': sorted(bag.dags), 'errors': bag.import_errors,"
            " 'seconds': [s.duration.total_seconds() for s in bag.dagbag_stats]}))"
        )
    )
    assert stats["ids"] == ["hourly_feedback", "nightly", "weekly_training"]
    assert stats["errors"] == {}
    assert len(stats["seconds"]) == 3 and max(stats["seconds"]) < 0.9


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


def test_what_the_dag_files_share_is_letter_for_letter_the_same():
    """They stand alone (a plain DagBag does not put dags/ on the path), so sharing by import is not possible."""

    def shared(file: Path) -> dict[str, str]:
        tree = ast.parse(file.read_text())
        functions = {n.name: ast.unparse(n) for n in tree.body if isinstance(n, ast.FunctionDef)}
        constants = {ast.unparse(n.targets[0]): ast.unparse(n) for n in tree.body if isinstance(n, ast.Assign)}
        return functions | {n: constants[n] for n in ("ROOT", "TOML", "PROJECT", "ZONE", "RETRIES", "FIRM", "START")}

    nightly, weekly, hourly = (shared(DAGS / f"{n}.py") for n in ("nightly", "weekly_training", "hourly_feedback"))
    assert nightly == weekly == hourly
    assert {"tell", "step"} <= set(nightly)


def test_the_night_runs_in_order(parse):
    found = json.loads(
        parse(
            "import json\nprint(json.dumps({t.task_id: sorted(t.downstream_task_ids) for t in bag.dags['nightly'].tasks}))"
        )
    )
    assert found == {task: [after] for task, after in pairwise(ORDER)} | {"push": []}


def test_every_task_waits_for_the_warehouse_tries_again_later_and_ends_in_time(parse):
    tasks = json.loads(
        parse(
            "import json\nprint(json.dumps([[t.pool, t.retries, bool(t.retry_exponential_backoff), bool(t.execution_timeout),"
            " len(t.on_failure_callback), t.skip_on_exit_code, d.max_active_runs, d.catchup]"
            " for d in bag.dags.values() for t in d.tasks]))"
        )
    )
    assert len(tasks) == len(ORDER) + 3
    assert all(task == ["warehouse", 3, True, True, 1, [], 1, False] for task in tasks)


def test_profiles_and_each_sync_are_assets_and_the_night_can_be_begun_by_one(parse):
    found = json.loads(
        parse(
            "import json\nd = bag.dags['nightly']\nprint(json.dumps([[o.name for o in d.get_task(t).outlets]"
            " for t in ('build_after_scores', 'push')] + [d.timetable.asset_condition.name]))"
        )
    )
    assert found == [
        ["profiles"],
        ["audience/hot_leads__webhook", "audience/lapsing_loyal__csv_outbox"],
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


def test_feedback_comes_before_the_waiting_steps_of_a_night(parse):
    """They share one slot: an opt-out that waits for a night's end is a mail too many."""
    own = "import json\nprint(json.dumps({d: sum(t.priority_weight for t in bag.dags[d].tasks) for d in bag.dags}))"
    weights = json.loads(parse(own))
    assert weights["nightly"] == len(ORDER)  # a step's weight is its own and that of all after it: pull has them all
    assert weights["hourly_feedback"] > weights["nightly"]
