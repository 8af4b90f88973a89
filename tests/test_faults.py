"""What a hostile world does to a night: kills, two runs at once, naughty strings, a full disk, a bad spec."""

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support.shop import ROOT, Shop, environment

DAY = "2026-03-29"
STEPS = {
    "pull": ["pull"], "resolve": ["resolve"], "build before scores": ["build", "--stage", "before-scores"],
    "train": ["train", "--missing"], "score": ["score"], "build after scores": ["build", "--stage", "after-scores"],
    "plan": ["plan"], "push": ["push"],
}  # fmt: skip
SECONDS_INTO_THE_WORK = 0.5


@pytest.fixture(scope="module")
def small(shop_after: Callable[[str], Shop]) -> Shop:
    """A small shop's home, with its backfill and its first night behind it."""
    return shop_after("night 1")


@pytest.fixture(scope="module")
def calm(shop_after: Callable[[str], Shop]) -> Shop:
    """The same home after an undisturbed second night: what every disturbed one must end as."""
    return shop_after("night 2")


def start(shop: Shop, *words: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "fairlead", *words, "--day", DAY, "--json"]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(shop.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def has_the_warehouse(process: "subprocess.Popen[str]", shop: Shop) -> bool:
    """Whether the process or one it started has the warehouse file open."""
    for opened in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            is_ours = str(opened.readlink()).startswith(str(shop.home / "warehouse.duckdb"))
            if is_ours and os.getpgid(int(opened.parts[2])) == process.pid:
                return True
    return False


def kill_in(shop: Shop, step: str) -> None:
    """Start one step and SIGKILL it, dbt and all, shortly after it has opened the warehouse."""
    process = start(shop, *STEPS[step])
    while not has_the_warehouse(process, shop):
        assert process.poll() is None, f"{step} ended before it opened the warehouse"
        time.sleep(0.02)
    time.sleep(SECONDS_INTO_THE_WORK)
    assert process.poll() is None, f"{step} was over before the kill came: it proved nothing"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_night_killed_in_every_step_ends_in_the_same_state_as_an_undisturbed_one(
    small: Shop, calm: Shop, tmp_path: Path
) -> None:
    stormy = small.copied(tmp_path / "stormy")
    for step, words in STEPS.items():
        kill_in(stormy, step)
        stormy.fairlead(*words, "--day", DAY)
    assert stormy.digest() == calm.digest()
    lines = [
        sorted(line for p in (shop.home / "outbox").rglob("*.csv") for line in p.read_text().splitlines())
        for shop in (calm, stormy)
    ]
    assert lines[0] == lines[1]


def test_two_nights_started_at_once_wait_for_each_other_and_agree(small: Shop, calm: Shop, tmp_path: Path) -> None:
    twice = small.copied(tmp_path / "twice")
    with ThreadPoolExecutor(2) as pool:
        # the loser of a race (each may lose one, at another sync) stops with a clear error, never with half a result
        answers = list(pool.map(lambda _: twice.fairlead("run", "--day", DAY, ok=None), range(2)))
    if not any(answer["ok"] for answer in answers):
        pushes = [answer["steps"][-1] for answer in answers]
        errors = [sync["error"] for push in pushes for sync in push["syncs"] if sync["outcome"] == "failed"]
        assert errors and all("another process is at it" in error for error in errors), pushes
    if not all(answer["ok"] for answer in answers):
        twice.fairlead("run", "--day", DAY)
    assert twice.digest() == calm.digest()


def test_naughty_strings_go_through_the_whole_night(shared: Path, small: Shop, tmp_path: Path) -> None:
    """Every blns string as a name and as an address: landed or rejected, none lost, none becomes an address."""
    strings = json.loads((shared / "data/bad_input/blns/blns.json").read_text())
    shop = small.copied(tmp_path / "home")
    clean = [s.encode("utf-8", "replace").decode() for s in strings]
    leads = shop.home / "sample" / "crm" / f"leads-{DAY}.csv"
    header = (
        leads.read_text().splitlines()[0]
        if leads.exists()
        else next((shop.home / "sample/crm").glob("leads-*.csv")).read_text().splitlines()[0]
    )
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
    answer: dict[str, Any] = shop.fairlead("run", "--day", DAY, FAIRLEAD_SOURCES__SAMPLE_SHOP__MAX_REJECT_SHARE="1")
    pulled = next(r for s in answer["steps"] if s["step"] == "pull" for r in s["sources"] if r["table"] == "leads")
    assert pulled["rows_in"] == len(clean) == pulled["rows_landed"] + pulled["rows_rejected"]
    assert pulled["rows_landed"] > 0.9 * len(clean)
    kept = {
        r[0]
        for r in shop.rows(
            "select first_name from raw.sample_shop__leads where lead_id like 'naughty%' and first_name is not null"
        )
    }
    assert kept <= set(clean) | {s.strip() for s in clean}
    usable = shop.rows(
        "select email__normalised from raw.sample_shop__leads"
        " where lead_id like 'naughty%' and email__normalised is not null"
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


def test_a_full_disk_fails_clearly_and_loses_nothing(small: Shop, calm: Shop, tiny_disk: Path) -> None:
    """The home moves to a disk with no room: the night fails with the mend; with room again it ends well."""
    home = tiny_disk / "home"
    subprocess.run(["mount", "-o", "remount,size=2g", str(tiny_disk)], check=True)
    shop = small.copied(home)
    used = sum(p.stat().st_blocks * 512 for p in home.rglob("*") if p.is_file())
    subprocess.run(["mount", "-o", f"remount,size={used // 1024 + 256}k", str(tiny_disk)], check=True)
    answer = shop.fairlead("run", "--day", DAY, ok=False)
    assert not answer["ok"]
    assert "disk" in json.dumps(answer).lower() or "space" in json.dumps(answer).lower()
    subprocess.run(["mount", "-o", "remount,size=2g", str(tiny_disk)], check=True)
    shop.fairlead("run", "--day", DAY)
    assert shop.digest() == calm.digest()


@pytest.mark.parametrize(
    ("folder", "words"),
    [("models", ["score"]), ("activation/syncs", ["plan"]), ("connectors/sources", ["pull"])],
)
def test_a_spec_with_three_mistakes_has_all_three_reported_with_file_and_line(
    folder: str, words: list[str], small: Shop, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    ignored = [".venv", ".git", ".fairlead", "__pycache__"]
    shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*ignored))
    spec = sorted((project / folder).glob("*.yml"))[0]
    lines = spec.read_text().splitlines()
    key = next(i for i, line in enumerate(lines) if line.startswith("description:") or line.startswith("question:"))
    while lines[key + 1].startswith(" "):
        del lines[key + 1]  # the rest of its text
    lines[key] = lines[key].split(":")[0] + ": [not, a, text]"  # a wrong type
    lines += ["surprise: 1", "another_surprise: 2"]  # two unknown keys
    spec.write_text("\n".join(lines) + "\n")
    answer = Shop(small.home, project).fairlead(*words, "--day", DAY, ok=False)
    said = answer.get("error") or " ".join(str(entry.get("error")) for entry in answer["sources"])
    name = f"{folder}/{spec.name}"
    assert f"{name}:{key + 1}:" in said
    assert f"{name}:{len(lines) - 1}: surprise" in said and f"{name}:{len(lines)}: another_surprise" in said
