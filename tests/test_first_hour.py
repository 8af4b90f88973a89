"""The first hour's page, typed from above to below in a folder of its own: its files, its commands, its numbers."""

import csv
import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from support import warm

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/how_to/first_hour.md"
PARTS = re.compile(r"```(\w+)(?: (\S+))?\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder that the page makes, and the answer to each command."""
    place = tmp_path_factory.mktemp("hour")
    own, answers = place / "my_shop", dict[str, Any]()
    for path, text in [(path, text) for _, path, text in PARTS.findall(PAGE.read_text()) if "/data/" in path]:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")}
    environment |= {"FAIRLEAD_HOME": str(place / "home"), "PYTHONPATH": str(ROOT)}
    at = ROOT
    for language, path, text in PARTS.findall(PAGE.read_text()):
        if language == "sql":
            (place / path).write_text(text)
        for line in text.splitlines() if language == "sh" else ():
            if line.startswith("cd "):
                at = own
                continue
            words = shlex.split(line.replace("../my_shop", str(own)))[1:]
            if words[0] == "push":
                sync = own / f"syncs/{words[1]}.yml"
                sync.write_text("".join(s for s in sync.read_text().splitlines(True) if not s.startswith("paused")))
            done = warm.run("fairlead", [*words, "--json"], environment, at)
            assert done.returncode == 0, f"{line}: {done.stdout[-2000:]} {done.stderr[-2000:]}"
            answers[line] = json.loads(done.stdout)
    return own, answers


def of(answers: dict[str, Any], beginning: str) -> Any:
    return next(answer for line, answer in answers.items() if line.startswith(beginning))


def test_what_the_page_says_of_its_shop_is_so(hour: tuple[Path, dict[str, Any]]) -> None:
    _, answers = hour
    looked = of(answers, "fairlead new source shop --from data")
    assert not looked["written"] and [d["column"] for d in looked["doubts"] if d["weight"] == "heavy"] == [
        "accepts_marketing"
    ]
    assert looked["trial"]["counts"]["orders"]["sales"] == 145.25
    rows = {row[0]: row[1:] for row in of(answers, "fairlead query")["rows"]}
    assert rows["ann@shop.example"] == [2, 84.25] and rows["cy@shop.example"][0] == 1


def test_the_audience_is_ann_alone_and_the_file_holds_her(hour: tuple[Path, dict[str, Any]]) -> None:
    own, answers = hour
    (sync,) = of(answers, "fairlead push")["syncs"]
    assert sync["outcome"] == "done"
    (file,) = sorted((own.parent / "home/outbox/came_back__csv_outbox").glob("*.csv"))
    rows = list(csv.DictReader(file.open()))
    assert [row["email"] for row in rows] == ["ann@shop.example"]
    assert "came_back" in json.dumps(of(answers, "fairlead why"))
