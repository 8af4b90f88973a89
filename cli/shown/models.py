"""The pages of `train` and `score`."""

from rich.console import Console

from cli.shown.layout import Result, table

TRAINED = {
    "model": "model", "version": "version", "promoted": "promoted", "metrics": "metrics", "baseline": "baseline",
    "reasons": "reasons",
}  # fmt: skip
SCORED = {"model": "model", "version": "version", "rows": "people", "seconds": "s", "reason": "why not"}


def train(console: Console, result: Result) -> None:
    table(console, f"Trained for {result['day']}", result["models"], TRAINED)


def score(console: Console, result: Result) -> None:
    table(console, f"Scored for {result['day']}", result["models"], SCORED)
