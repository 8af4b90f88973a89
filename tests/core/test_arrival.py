"""The files of a new source are all there or none, wherever the command that writes them is killed."""

import os
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.project import arrival
from core.project.arrival import WAITING, finish, unfinished
from core.scaffold import write_new
from core.settings import Settings, load_settings

FILES = {
    "connectors/sources/shop.yml": "description: a shop\n",
    "dbt_project/models/staging/shop/_shop.yml": "sources: []\n",
    "dbt_project/models/staging/shop/stg_shop__people.sql": "select 1 as record_id\n",
}


@pytest.fixture(params=["project", "company"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    own = tmp_path / "own"
    (tmp_path / "root/dbt_project").mkdir(parents=True)
    own.mkdir()
    (own / "fairlead.toml").touch()
    folder = {"folder": str(own)} if request.param == "company" else {}
    return load_settings(root=tmp_path / "root", home=tmp_path / "home", project=folder)


def written(settings: Settings) -> dict[str, str]:
    base = Path(settings.project.folder or settings.root)
    paths = [path for path in base.rglob("*") if path.is_file() and path.name != "fairlead.toml"]
    return {path.name: path.read_text() for path in paths}


def killed(settings: Settings, step: int) -> bool:
    """Write in a process of its own that ends, without any end of blocks, before its `step`-th touch of the disk."""
    child = os.fork()
    if child == 0:
        steps = 0

        def counted(work):
            def touch(*args, **kwargs):
                nonlocal steps
                steps += 1
                if steps == step:
                    os._exit(9)
                return work(*args, **kwargs)

            return touch

        for name in ("mkdir", "write_text", "touch", "replace"):
            setattr(Path, name, counted(getattr(Path, name)))
        arrival.shutil.rmtree = counted(arrival.shutil.rmtree)
        write_new(settings, FILES)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_anywhere_the_next_command_leaves_all_files_or_none(settings: Settings) -> None:
    whole, seen = {Path(name).name: text for name, text in FILES.items()}, set()
    for step in range(1, 100):
        if not killed(settings, step):
            break
        half = written(settings)
        waits = unfinished(settings)
        assert written(settings) == half, "whoever only looks moves nothing"
        told = finish(settings)
        assert bool(told) <= bool(waits)
        assert written(settings) in ({}, whole), f"killed at step {step}"
        assert bool(told) <= (written(settings) == whole) and finish(settings) == []
        seen.add(bool(written(settings)))
        for path in Path(settings.project.folder or settings.root).rglob("*.*"):
            if path.is_file() and path.name != "fairlead.toml":
                path.unlink()
    assert step > 8 and seen == {True, False} and written(settings) == whole


def test_what_stands_there_is_never_written_over(settings: Settings, tmp_path: Path) -> None:
    write_new(settings, FILES)
    with pytest.raises(ConfigError, match=r"shop\.yml.* is there already"):
        write_new(settings, FILES | {"connectors/sources/other.yml": ""})
    assert "other.yml" not in written(settings)


def test_a_rest_that_cannot_be_moved_is_told_and_holds_up_nothing(settings: Settings, monkeypatch) -> None:
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError):
        write_new(settings, FILES)
    assert f"{WAITING} holds what a killed `fairlead new` has not put in its place" in finish(settings)[0]
    monkeypatch.undo()
    assert "sources/shop.yml" in finish(settings)[0] and len(written(settings)) == 3
