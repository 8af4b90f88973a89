"""The measurements run, at a thousandth of their size; no time is asserted."""

import json
import os
from pathlib import Path

import pytest
from support import warm

ROOT = Path(__file__).resolve().parents[1]
BENCHES = sorted(p.stem for p in (ROOT / "bench").glob("*.py") if not p.stem.startswith("_"))


def test_the_benches_the_documentation_names_are_there() -> None:
    assert {"build", "plan", "pull", "score"} <= set(BENCHES)


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_gives_figures_and_a_ratio_to_its_bound(name: str) -> None:
    done = warm.run("bench", ["--one", name, "--scale", "0.001"], dict(os.environ), ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])
    assert any("ratio" in str(key) for key in json.dumps(figures).split('"'))
    assert figures["peak_mib"] > 0
