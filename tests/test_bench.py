"""The measurements run, at a hundredth of their size; no time is asserted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BENCHES = sorted(p.stem for p in (ROOT / "bench").glob("*.py") if not p.stem.startswith("_"))


def test_the_benches_the_documentation_names_are_there() -> None:
    assert {"build", "plan", "pull", "score"} <= set(BENCHES)


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_gives_figures_and_a_ratio_to_its_bound(name: str) -> None:
    command = [sys.executable, "-m", "bench", "--one", name, "--scale", "0.01"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert any("ratio" in str(key) for key in json.dumps(figures).split('"'))
    assert figures["peak_mib"] > 0
