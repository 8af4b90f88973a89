"""`make bench`: run every measurement in a process of its own and write bench/results/latest.{json,md}.

`python -m bench [NAME …] [--scale S]`; S = 1 is the size of the figures in docs/reference/performance.md, 0.01 a smoke
test.
"""

import argparse
import importlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def names() -> list[str]:
    return sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_"))


def measure(name: str, scale: float) -> dict[str, Any]:
    """One measurement in a process of its own, so that peak memory is its own; a failure is a result too."""
    command = [sys.executable, "-m", "bench", "--one", name, "--scale", str(scale)]
    started = time.monotonic()
    process = subprocess.run(command, capture_output=True, text=True, cwd=HERE.parent)
    if process.returncode:
        return {
            "failed": process.stderr.strip().splitlines()[-1:] or ["no message"],
            "seconds": round(time.monotonic() - started, 1),
        }
    return {**json.loads(process.stdout.splitlines()[-1]), "seconds": round(time.monotonic() - started, 1)}


def one(name: str, scale: float) -> None:
    figures = importlib.import_module(f"bench.{name}").run(scale)
    peak = max(
        resource.getrusage(processes).ru_maxrss for processes in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(json.dumps({"peak_mib": round(peak / 1024), **figures}, default=str))


def markdown(result: dict[str, Any]) -> str:
    lines = [f"# Measured {result['at']}", "", f"{result['machine']}, scale {result['scale']}", ""]
    for name, figures in result["benches"].items():
        lines += [f"## {name}", "", "| figure | value |", "|---|---|"]
        lines += [f"| {key} | {value} |" for key, value in flat(figures)]
        lines.append("")
    return "\n".join(lines)


def flat(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in figures.items():
        pairs += flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", value)]
    return pairs


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("names", nargs="*", choices=[[], *names()])
    parser.add_argument("--scale", type=float, default=float(os.environ.get("BENCH_SCALE", "1")))
    parser.add_argument("--one", choices=names())
    options = parser.parse_args()
    if options.one:
        one(options.one, options.scale)
        return 0
    benches = {name: measure(name, options.scale) for name in options.names or names()}
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "scale": options.scale,
        "benches": benches,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(result, indent=2))
    (RESULTS / "latest.md").write_text(markdown(result))
    print(markdown(result))
    return 1 if any("failed" in figures for figures in benches.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
