"""The home is its owner's alone, whoever made it and however it stood open before."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.shop import ROOT, environment, fairlead

from core.errors import ConfigError
from core.home import guard, scratch_folder


def modes(home: Path) -> dict[str, int]:
    return {str(path.relative_to(home)): stat.S_IMODE(path.stat().st_mode) for path in (home, *home.rglob("*"))}


def run(home: Path, *words: str) -> None:
    """A command under the umask that most machines have."""
    command = [sys.executable, "-m", "fairlead", *words]
    subprocess.run(command, cwd=ROOT, env=environment(home), check=True, capture_output=True, umask=0o022)


def test_whatever_a_command_writes_is_the_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(home, "sample", "--people", "5", "--from", "2026-03-28", "--to", "2026-03-29")
    run(home, "pull", "sample_shop", "--day", "2026-03-29")
    found_modes = modes(home)
    assert {"warehouse.duckdb", "sample", "tmp"} <= set(found_modes)
    assert not {name: oct(mode) for name, mode in found_modes.items() if mode & 0o077}


def test_a_home_that_stands_open_is_closed_with_all_that_lies_in_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "outbox").mkdir(parents=True)
    (home / "dbt" / "target").mkdir(parents=True)
    for path, mode in ((home / "outbox" / "audience.csv", 0o644), (home / "hook.sh", 0o755)):
        path.write_text("email\nsomebody@example.com\n")
        path.chmod(mode)
    outside = tmp_path / "outside.csv"
    outside.write_text("x")
    outside.chmod(0o644)
    (home / "link").symlink_to(outside)
    (home / "outbox").chmod(0o755)
    home.chmod(0o755)
    run(home, "query", "select 1")
    assert modes(home)["."] == 0o700 and modes(home)["outbox"] == 0o700
    assert (modes(home)["outbox/audience.csv"], modes(home)["hook.sh"]) == (0o600, 0o700)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644


def test_the_doctor_closes_a_single_file_that_stands_open_in_a_closed_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / ".sample").touch()
    (home / "left.log").write_text("somebody@example.com")
    (home / "left.log").chmod(0o644)
    checks = {c["check"]: c for c in fairlead(home, "doctor")["checks"]}
    assert checks["home is private"]["ok"] and modes(home)["left.log"] == 0o600


def test_a_projects_own_files_are_for_all_who_work_on_it(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "dbt_project/models/marts/segments").mkdir(parents=True)
    (project / "fairlead.toml").write_text("")
    command = [sys.executable, "-m", "fairlead", "new", "segment", "big_spenders", "--json"]
    places = environment(tmp_path / "home", project) | {"PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=places, check=True, capture_output=True, umask=0o022)
    (segment_file,) = project.rglob("segment__big_spenders.sql")
    assert stat.S_IMODE(segment_file.stat().st_mode) == 0o644
    assert os.access(segment_file, os.R_OK)


@pytest.mark.parametrize("place", ["shared", "mine", "above", "project"])
def test_a_folder_that_is_not_ours_is_refused_and_left_as_it_is(tmp_path: Path, place: str) -> None:
    for folder in ("shared", "mine", "above/project"):
        (tmp_path / folder).mkdir(parents=True)
    places = {"shared": "shared", "mine": "mine", "above": "above", "project": "above/project"}
    home = tmp_path / places[place]
    theirs = home / ("photo.jpg" if place == "shared" else "warehouse.duckdb")  # what only looks like ours saves nobody
    theirs.touch()
    for path, mode in ((home, 0o755), (theirs, 0o644)):
        path.chmod(mode)
    extra = {"HOME": str(tmp_path / "mine")}
    error_text = fairlead(home, "query", "select 1", ok=False, FAIRLEAD_ROOT=str(tmp_path / "above/project"), **extra)
    assert error_text["kind"] == "ConfigError" and "Set it to a folder of Fairlead's own" in error_text["error"]
    assert (stat.S_IMODE(home.stat().st_mode), stat.S_IMODE(theirs.stat().st_mode)) == (0o755, 0o644)
    assert theirs in home.iterdir() and not (home / "tmp").exists()


def test_the_root_of_all_files_is_no_home() -> None:
    with pytest.raises(ConfigError, match="root of all files"):
        guard(Path("/"), ROOT)


def test_data_that_lies_there_before_the_first_command_is_no_hindrance(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "in").mkdir(parents=True)
    assert fairlead(home, "query", "select 1 as a")["rows"] == [[1]]
    (home / "notes.txt").touch()  # from then on it is ours, whatever else comes to lie there
    assert fairlead(home, "query", "select 1 as a")["rows"] == [[1]]


@pytest.mark.parametrize("root", ["nowhere", "file"])
@pytest.mark.parametrize("command", [("doctor",), ("query", "select 1")])
def test_a_project_that_is_not_there_is_told_by_every_command(
    tmp_path: Path, root: str, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    words = [sys.executable, "-m", "fairlead", *command, "--json"]
    places = environment(tmp_path / "home", tmp_path / root) | {"PYTHONPATH": str(ROOT)}
    process = subprocess.run(words, cwd=ROOT, env=places, capture_output=True, text=True)
    assert process.returncode == 2 and "Set FAIRLEAD_ROOT" in json.loads(process.stdout)["error"]


def test_what_a_killed_process_left_is_swept_away_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    """A copy of the warehouse, or of a company's files, would stay for ever."""
    code = (
        "import os, pathlib, sys\n"
        "from core.home import scratch_folder\n"
        "with scratch_folder(pathlib.Path(sys.argv[1]), 'trial') as folder:\n"
        "    (folder / 'people.csv').write_text('ann@example.com')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, env=environment(tmp_path), check=False)
    (left,) = (tmp_path / "tmp").glob("*/people.csv")
    with scratch_folder(tmp_path, "look") as ours, scratch_folder(tmp_path, "upgrade"):
        assert not left.exists() and ours.is_dir()
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == [".sweep"]
