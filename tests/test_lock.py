"""What is installed is what was looked at: every package by version and hashes, from whatever index."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text()
PACKAGE = re.compile(
    r"^([A-Za-z0-9][\w.-]*)==([\w.+!-]+) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_line_of_the_lock_is_a_version_or_one_of_its_hashes() -> None:
    found = PACKAGE.findall(LOCK)
    assert "".join(f"{name}=={version} \\\n{hashes}" for name, version, hashes in found) == LOCK
    assert len({canonical(name) for name, _, _ in found}) == len(found) > 250


def test_what_the_project_asks_for_and_what_builds_it_stand_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    asked = [re.match(r"[\w.-]+", line).group() for line in wanted]  # type: ignore[union-attr]
    locked = {canonical(name) for name, _, _ in PACKAGE.findall(LOCK)}
    assert {canonical(name) for name in asked} | {"setuptools"} <= locked


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_nothing_is_installed_without_its_hash(file: str) -> None:
    installs = re.findall(r"pip install[^\n&]*", (ROOT / file).read_text())
    assert len(installs) == 2
    for words in installs:  # the project itself is built from its own folder, by the setuptools of the lock
        assert "--no-deps" in words and ("--require-hashes" in words or "--no-build-isolation --editable ." in words), (
            words
        )
