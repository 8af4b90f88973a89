"""`fairlead doctor` reads every file of people/ that a company wrote, and says all of its mistakes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.shop import ROOT

MISTAKES = {
    "households": ("most_peple: 12", "households.yml:1: most_peple"),
    "accounts": ("names: {join: 1.2}", "accounts.yml:1: names.join"),
    "golden record": ("fields: {emial: newest}", "golden_record.yml:1: fields.emial"),
}


@pytest.fixture(scope="module")
def faults(tmp_path_factory) -> dict[str, str]:
    """Check -> what it says, of a folder in which each file holds a mistake."""
    folder: Path = tmp_path_factory.mktemp("company") / "radl"
    (folder / "people").mkdir(parents=True)
    (folder / "fairlead.toml").touch()
    for name, (text, _) in MISTAKES.items():
        (folder / f"people/{name.replace(' ', '_')}.yml").write_text(text + "\n")
    env = os.environ | {"FAIRLEAD_HOME": str(folder.with_name("home")), "FAIRLEAD_PROJECT__FOLDER": str(folder)}
    command = [sys.executable, "fairlead.py", "doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return {row["check"]: row["detail"] for row in json.loads(done.stdout)["checks"] if not row["ok"]}


@pytest.mark.parametrize("check", MISTAKES)
def test_a_mistake_in_a_file_of_people_is_a_fault_with_its_line(faults, check: str) -> None:
    assert MISTAKES[check][1] in faults[check]
    assert "company folder" not in faults
