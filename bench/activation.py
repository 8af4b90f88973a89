"""`make bench-activation`: Fairlead, drt and dlt send the same people to the same receiver; result in
bench/results/activation.{json,md}.

`python -m bench.activation [--rows N] [--diff-rows N …] [--peers DIR] [--skip drt,dlt]`. The peers' environments are
made in DIR, outside
the repository. What is measured, and how: docs/reference/performance_activation.md. As one of `python -m bench` it
leaves the peers out, for they need a package index.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.peers import dlt, drt, drt_diff, fairlead, report, smtp
from bench.peers.course import Course
from bench.peers.process import Failed, receiving, script

RESULTS = Path(__file__).resolve().parent / "results"
PEERS: dict[str, Callable[[Course], dict[str, Any]]] = {
    "drt": drt.measure, "drt_diff": drt_diff.measure, "dlt": dlt.measure
}  # fmt: skip
CEILING_BATCH = 5_000  # rows a body: between the smallest and the largest that the senders use


def run(scale: float) -> dict[str, Any]:
    """For `python -m bench`: Fairlead and the bounds alone, on a million people times `scale`."""
    rows = max(int(1_000_000 * scale), 1_000)
    result = measure(rows, [rows], Path(tempfile.gettempdir()), skip=tuple(PEERS))
    return {
        **{name: result[name] for name in ("receiver", "bound", "fairlead", "smtp", "ratios")},
        "peak_mib": result["fairlead"]["peak_mib"],
    }


def measure(rows: int, diff_rows: Sequence[int], peers: Path, skip: Sequence[str] = ()) -> dict[str, Any]:
    """The whole result. A peer that cannot be installed or run is {"error": why}; one that is skipped says so."""
    with tempfile.TemporaryDirectory(prefix="bench-activation-") as work:
        course = Course(Path(work), peers, rows, diff_rows)
        result: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
            "rows": rows,
            "receiver": {shape: _ceiling(rows, shape) for shape in ("flat", "changes")},
            "bound": {str(n): _bound(course, n) for n in sorted({rows, *diff_rows})},
            "fairlead": fairlead.measure(course),
            "smtp": _result_or_error(smtp.measure, course),
        }
        for name, peer in PEERS.items():
            result[name] = (
                {"skipped": True} if name.split("_")[0] in skip or name in skip else _result_or_error(peer, course)
            )
    result["ratios"] = ratios(result)
    return result


def _result_or_error(peer: Callable[[Course], dict[str, Any]], course: Course) -> dict[str, Any]:
    try:
        return peer(course)
    except (Failed, AssertionError, OSError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _ceiling(rows: int, shape: str) -> dict[str, Any]:
    """What the receiver takes from a sender that does nothing but post bodies that are ready."""
    with receiving() as receiver:
        sender_run = script("sender", receiver.port, max(rows, CEILING_BATCH), CEILING_BATCH, shape).json()
        counts = receiver.counts()
    assert counts["taken"] == sender_run["rows"], "the receiver takes every row"
    return {"rows_per_second": round(sender_run["rows"] / sender_run["seconds"]), "rows_per_request": CEILING_BATCH}


def _bound(course: Course, rows: int) -> dict[str, Any]:
    file = course.people(rows, course.work / "bound.duckdb")
    process = script("bound", file)
    file.unlink()
    assert process.json()["changed"] == 0, "the bound compares equal rows"
    return {"seconds": round(process.json()["seconds"], 3), "peak_mib": process.peak_mib}


def ratios(result: dict[str, Any]) -> dict[str, Any]:
    """What the aims are about: Fairlead by the others and by the bound; a peer that was not measured has no ratio."""
    ours = result["fairlead"]
    theirs = {name: result[name].get("rows_per_second") for name in ("drt", "dlt")}
    return {
        **{f"rows_per_second_by_{name}": round(ours["rows_per_second"] / n, 2) for name, n in theirs.items() if n},
        **{
            f"{name}_{rows}_by_bound": round(night[name]["seconds"] / result["bound"][rows]["seconds"], 2)
            for rows, night in ours["sizes"].items()
            for name in ("diff_unchanged", "plan_unchanged")
        },
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.activation")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--diff-rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "fairlead-bench-peers")
    parser.add_argument("--skip", default="", help="of drt, drt_diff, dlt, with commas between")
    options = parser.parse_args()
    result = measure(options.rows, options.diff_rows, options.peers, [name for name in options.skip.split(",") if name])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "activation.json").write_text(json.dumps(result, indent=2))
    (RESULTS / "activation.md").write_text(report.markdown(result))
    print(report.markdown(result))
    return 1 if any("error" in result[name] for name in PEERS) else 0


if __name__ == "__main__":
    sys.exit(main())
