"""A night: all its steps in order (run), what it did (summary), and how to take it back (rewind)."""

import sys
import time
import traceback
from collections.abc import Callable
from datetime import date
from typing import Annotated

import typer
from rich.console import Console

from cli.answer import Result, answer, parse_day
from cli.data import build_stage, pull_sources, resolve_people
from cli.delivery import plan_syncs, push_syncs
from cli.models import score_people, train_models
from cli.options import Day, Json, Later
from cli.shown import night as pages
from cli.steps import log_step, totals
from core import clock
from core.answers import to_json
from core.errors import StoppedError
from core.settings import Settings, debug
from core.unexpected import as_ours, message

Step = Callable[[Settings, date], Result]
NIGHT: list[tuple[str, Step]] = [
    ("pull", pull_sources),
    ("resolve", resolve_people),
    ("build --stage before-scores", lambda s, d: build_stage(s, d, "before-scores")),
    ("train --missing", lambda s, d: train_models(s, d, missing=True)),
    ("score", score_people),
    ("build --stage after-scores", lambda s, d: build_stage(s, d, "after-scores")),
    ("plan", plan_syncs),
    ("push", push_syncs),
]


def run(day: Day, later: Later = None, as_json: Json = False) -> None:
    """The whole night, in order, without Airflow: the same commands that the DAG runs."""
    answer(lambda s: run_night(s, day), as_json, pages.run, day, later)


def run_night(settings: Settings, day: date) -> Result:
    """The night in order; the first step that fails ends it, but for the withdrawals, which need no step before."""
    from core.build import one_dbt
    from core.engines.lingering import lingering

    start = time.monotonic()
    with one_dbt(settings, day), lingering(settings):
        steps = _steps(settings, day)
    ok = all(s["ok"] for s in steps)
    return {"day": day.isoformat(), "ok": ok, "seconds": round(time.monotonic() - start, 2), "steps": steps}


def _steps(settings: Settings, day: date) -> list[Result]:
    from core.alerts import tell_of_step

    steps: list[Result] = []
    for name, work in NIGHT:
        steps.append(tell_of_step(settings, day, run_step(settings, day, name, work)))
        if not steps[-1]["ok"]:
            # a push whose syncs had their turn took out who withdrew; who asked for the end gets it
            if "stopped" not in steps[-1] and not (name == "push" and "syncs" in steps[-1]):
                owed = run_step(settings, day, "push --withdrawals", push_withdrawals)
                steps.append(tell_of_step(settings, day, owed))
            break
    return steps


def run_step(settings: Settings, day: date, name: str, work: Step) -> Result:
    """One step of a night, with why it failed."""
    from insight.reasons import why_failed

    start = time.monotonic()
    try:
        result = work(settings, day)
    except StoppedError as error:
        result = {"ok": False, "error": str(error), "stopped": str(error)}
    except Exception as error:  # whatever went wrong, the night says so, and owes what it owes
        if as_ours(error) is None and debug():
            traceback.print_exc()
        result = {"ok": False, "error": message(error)}
    step_result = {**result, "step": name, "ok": result.get("ok", True), "seconds": round(time.monotonic() - start, 2)}
    if not step_result["ok"]:
        step_result["error"] = result.get("error") or why_failed(result)
    line = f"{name}: {'done' if step_result['ok'] else 'FAILED'} in {step_result['seconds']} s"
    Console(stderr=True).print(line, highlight=False)
    return step_result


def push_withdrawals(settings: Settings, day: date) -> Result:
    """What a night that failed still owes: who has withdrawn is taken out of every channel."""
    from activation.delivery.route import PushRequest, Wish

    return push_syncs(settings, day, PushRequest(wish=Wish(withdrawals_only=True)))


def summary(day: Day, later: Later = None, as_json: Json = False) -> None:
    """What the night did, for a marketer."""

    def work(settings: Settings) -> Result:
        import activation.checks
        import insight.summary

        clock.refuse_later_day(settings, day, later)  # nothing is logged: what reads does not write
        places, resting = activation.checks.places(settings), activation.checks.resting(settings)
        return insight.summary.summary(settings, day, places, resting)

    answer(work, as_json, pages.summary, reads=True)


def rewind(
    day: Day,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this it is only shown.")] = False,
    as_json: Json = False,
) -> None:
    """Take back what lies after a day, each room its own; what was really sent is never forgotten."""
    answer(lambda s: rewind_rooms(s, day, apply), as_json, pages.rewind, day, reads=not apply)


def rewind_rooms(settings: Settings, day: date, apply: bool) -> Result:
    """Each room takes back its own; shown first, and done with `apply`."""
    import activation.rewind
    import connectors.rewind
    import core.rewind
    import ml.rewind
    import people.rewind

    def work() -> Result:
        rooms = (connectors.rewind, people.rewind, ml.rewind, core.rewind, activation.rewind)
        parts = [part for room in rooms for part in room.rewind(settings, day, apply)]
        return {"day": day.isoformat(), "ok": True, "applied": apply, "parts": parts}

    return log_step(settings, "rewind", day, work, lambda r: totals(r, "parts", "rows") * 3) if apply else work()


def tell(
    step: str,
    error: Annotated[str, typer.Option(help="Why it failed, in a line.")],
    day: Annotated[date | None, typer.Option("--day", parser=parse_day, metavar="D", help="Else today.")] = None,
    as_json: Json = False,
) -> None:
    """Tell whoever [alerts] names that a step has failed: what Airflow types when a task has no try left. Needs no
    warehouse.
    """
    from core.alerts import tell_of_task

    result = tell_of_task(step, error, day)
    sys.stdout.write(to_json(result) + "\n" if as_json else f"{result['step']}: {result['told']}\n")
    raise typer.Exit(0 if result["ok"] else 1)
