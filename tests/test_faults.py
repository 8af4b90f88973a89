"""What a hostile world does to a night: kills, two runs at once, naughty strings, a full disk, a spec full of mistakes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
DAY = "2026-03-29"
STEPS = [
    "pull", "resolve", "build --stage before-scores", "train --missing", "score", "build --stage after-scores", "plan", "push",
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, run_fairlead, shop) -> Path:
    """A very small shop's home, with its backfill and its first night behind it."""
    home = tmp_path_factory.mktemp("small") / "home"
    run_fairlead(home, "sample", "--people", "150", "--from", "2025-12-01", "--to", DAY)
    run_fairlead(home, "pull", "--from", "2025-12-01", "--to", "2026-03-27")
    run_fairlead(home, "run", "--day", "2026-03-28")
    return home


@pytest.fixture(scope="module")
def calm(small: Path, tmp_path_factory: pytest.TempPathFactory, run_fairlead) -> Path:
    """The same home after an undisturbed second night: what every disturbed one must end as."""
    home = copied(small, tmp_path_factory.mktemp("calm") / "home")
    run_fairlead(home, "run", "--day", DAY)
    return home


def copied(home: Path, to: Path) -> Path:
    subprocess.run(["cp", "-r", str(home), str(to)], check=True)
    return to


def start(home: Path) -> "subprocess.Popen[str]":
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")}
    environment = {**inherited, "FAIRLEAD_HOME": str(home), "FAIRLEAD_ROOT": str(ROOT)}
    command = [sys.executable, "-m", "fairlead", "run", "--day", DAY, "--json"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kill_in(home: Path, number: int, after_seconds: float) -> bool:
    """Start a night and SIGKILL it, dbt and all, `after_seconds` into step `number`; False when the step was over before."""
    process = start(home)
    assert process.stderr
    done = 0
    while done < number:
        line = process.stderr.readline()
        assert line, f"the night ended before step {STEPS[number]}"
        done += any(line.startswith(f"{step}: done") for step in STEPS)
    time.sleep(after_seconds)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return alive


@pytest.mark.slow
def test_a_night_killed_in_every_step_ends_in_the_same_state_as_an_undisturbed_one(
    small: Path, calm: Path, tmp_path: Path, run_fairlead, shop
) -> None:
    stormy = copied(small, tmp_path / "stormy")
    killed = [kill_in(stormy, number, 0.7) for number in range(len(STEPS))]
    assert sum(killed) >= 6, "too few steps were still running when the kill came: it proved little"
    run_fairlead(stormy, "run", "--day", DAY)
    make = type(shop)
    assert make(stormy, ROOT, {}).digest() == make(calm, ROOT, {}).digest()
    lines = [
        sorted(line for p in (home / "outbox").rglob("*.csv") for line in p.read_text().splitlines())
        for home in (calm, stormy)
    ]
    assert lines[0] == lines[1]


@pytest.mark.slow
def test_two_nights_started_at_once_wait_for_each_other_and_agree(
    small: Path, calm: Path, tmp_path: Path, run_fairlead, shop
) -> None:
    twice = copied(small, tmp_path / "twice")
    both = [start(twice), start(twice)]
    outputs = [process.communicate(timeout=600) for process in both]
    # the loser of a race may stop with a clear error, never with half a result; one of the two goes through
    answers = [json.loads(out) for out, _ in outputs]
    assert any(answer["ok"] for answer in answers), [answer.get("steps", answer)[-1:] for answer in answers]
    run_fairlead(twice, "run", "--day", DAY)
    make = type(shop)
    assert make(twice, ROOT, {}).digest() == make(calm, ROOT, {}).digest()


def test_naughty_strings_go_through_the_whole_night(
    shared: Path, small: Path, tmp_path: Path, run_fairlead, shop
) -> None:
    """Every blns string as a name and as an address: landed or rejected, none lost, no step fails, none becomes an address."""
    strings = json.loads((shared / "data/bad_input/blns/blns.json").read_text())
    home = copied(small, tmp_path / "home")
    clean = [s.encode("utf-8", "replace").decode() for s in strings]
    leads = home / "sample" / "crm" / f"leads-{DAY}.csv"
    header = (
        leads.read_text().splitlines()[0]
        if leads.exists()
        else next((home / "sample/crm").glob("leads-*.csv")).read_text().splitlines()[0]
    )
    import csv
    import io

    out = io.StringIO()
    names = header.split(",")
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for number, text in enumerate(clean):
        row = dict.fromkeys(names, "") | {
            "lead_id": f"naughty{number}",
            "email": text,
            "first_name": text,
            "last_name": text,
        }
        writer.writerow(row | {"created_at": f"{DAY} 10:00:00", "updated_at": f"{DAY} 10:00:00", "status": "open"})
    leads.write_text(out.getvalue(), encoding="utf-8")
    answer: dict[str, Any] = run_fairlead(
        home, "run", "--day", DAY, FAIRLEAD_SOURCES__SAMPLE_SHOP__MAX_REJECT_SHARE="1"
    )
    pulled = next(r for s in answer["steps"] if s["step"] == "pull" for r in s["sources"] if r["table"] == "leads")
    assert pulled["rows_in"] == len(clean) == pulled["rows_landed"] + pulled["rows_rejected"]
    assert pulled["rows_landed"] > 0.9 * len(clean)
    night = type(shop)(home, ROOT, {})
    kept = {
        r[0]
        for r in night.rows(
            "select first_name from raw.sample_shop__leads where lead_id like 'naughty%' and first_name is not null"
        )
    }
    assert kept <= set(clean) | {s.strip() for s in clean}
    usable = night.rows(
        "select email__normalised from raw.sample_shop__leads where lead_id like 'naughty%' and email__normalised is not null"
    )
    assert len(usable) < 5


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A disk of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)], capture_output=True
        ).returncode
    ):
        pytest.skip("mounting a small tmpfs needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
def test_a_full_disk_fails_clearly_and_loses_nothing(
    small: Path, calm: Path, tiny_disk: Path, run_fairlead, shop
) -> None:
    """The home moves to a disk with no room; the night fails with the mend; with room again it ends as it would have."""
    home = tiny_disk / "home"
    subprocess.run(["mount", "-o", "remount,size=2g", str(tiny_disk)], check=True)
    copied(small, home)
    used = sum(p.stat().st_blocks * 512 for p in home.rglob("*") if p.is_file())
    subprocess.run(["mount", "-o", f"remount,size={used // 1024 + 256}k", str(tiny_disk)], check=True)
    answer = run_fairlead(home, "run", "--day", DAY, ok=False)
    assert not answer["ok"]
    assert "disk" in json.dumps(answer).lower() or "space" in json.dumps(answer).lower()
    subprocess.run(["mount", "-o", "remount,size=2g", str(tiny_disk)], check=True)
    run_fairlead(home, "run", "--day", DAY)
    assert type(shop)(home, ROOT, {}).digest() == type(shop)(calm, ROOT, {}).digest()


@pytest.mark.parametrize(
    ("folder", "words"),
    [("models", ["score"]), ("activation/syncs", ["plan"]), ("connectors/sources", ["pull"])],
)
def test_a_spec_with_three_mistakes_has_all_three_reported_with_file_and_line(
    folder: str, words: list[str], small: Path, tmp_path: Path, run_fairlead
) -> None:
    project = tmp_path / "project"
    ignored = [".venv", ".git", ".fairlead", "__pycache__"]
    import shutil

    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*ignored))
    spec = sorted((project / folder).glob("*.yml"))[0]
    lines = spec.read_text().splitlines()
    key = next(i for i, line in enumerate(lines) if line.startswith("description:") or line.startswith("question:"))
    lines[key] = lines[key].split(":")[0] + ": [not, a, text]"  # a wrong type
    lines += ["surprise: 1", "another_surprise: 2"]  # two unknown keys
    spec.write_text("\n".join(lines) + "\n")
    said = run_fairlead(small, *words, "--day", DAY, project=project, ok=False)["error"]
    name = f"{folder}/{spec.name}"
    assert f"{name}:{key + 1}:" in said
    assert f"{name}:{len(lines) - 1}: surprise" in said and f"{name}:{len(lines)}: another_surprise" in said
