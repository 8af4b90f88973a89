"""What stands at the root says the same as what it is about: hooks, workflow, licence, version, changelog."""

import hashlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# https://www.apache.org/licenses/LICENSE-2.0.txt
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_the_hooks_run_the_words_of_make_lint() -> None:
    recipe = re.search(r"^lint:[^\n]*\n((?:\t[^\n]+\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    lint = [line.strip().replace("$(BIN)/", ".venv/bin/") for line in recipe[1].splitlines()]
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in repos] == ["local"], "nothing is fetched"
    hooks = repos[0]["hooks"]
    assert [hook["entry"] for hook in hooks] == lint
    how = {(hook["language"], hook["pass_filenames"], hook["always_run"]) for hook in hooks}
    assert how == {("system", False, True)}, "as they stand, over the whole project"


def test_the_workflow_of_a_fork_is_valid_and_calls_ci_run() -> None:
    for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
        words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(WORKFLOW)]
        checked = subprocess.run(words, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    workflow = yaml.safe_load(WORKFLOW.read_text())
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]
    assert workflow["permissions"] == {"contents": "read"}


def test_the_licence_is_apache_2_to_the_letter_and_the_package_says_so() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2
    assert (PROJECT["license"], PROJECT["license-files"]) == ("Apache-2.0", ["LICENSE"])


def test_the_changelog_begins_with_what_is_to_come_and_then_this_version() -> None:
    titles = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert titles[:2] == ["Unreleased", PROJECT["version"]]
    assert len(titles) == len(set(titles))
