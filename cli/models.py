"""Predictive models: train and score."""

from datetime import date
from typing import Annotated

import typer

from cli.answer import Result, answer
from cli.options import Day, Json, Later, Names, refuse_both
from cli.shown import models as pages
from cli.shown.layout import facts
from cli.steps import log_step, totals
from core.settings import Settings

IDENTITY = "identity"  # who is whom: people/identity.yml, no predictive model


def train(
    day: Day,
    models: Names = None,
    missing: Annotated[bool, typer.Option("--missing", help="Only models without a promoted version.")] = False,
    later: Later = None,
    as_json: Json = False,
) -> None:
    """Train predictive models; promotion only by the spec's rule, and every reason said. `identity`: who is whom."""
    if models and IDENTITY in models:
        refuse_both(models[1:] or missing, True, f"{IDENTITY} is trained alone.")
        answer(lambda s: train_identity(s, day), as_json, facts, day, later)
    answer(lambda s: train_models(s, day, models, missing), as_json, pages.train, day, later)


def train_identity(settings: Settings, day: date) -> Result:
    import people.linkage.jobs

    work = people.linkage.jobs.train
    return log_step(settings, "train.identity", day, lambda: work(settings, day), lambda r: (r["records"], 1, 0))


def train_models(settings: Settings, day: date, models: list[str] | None = None, missing: bool = False) -> Result:
    import ml.jobs

    return log_step(
        settings,
        "train",
        day,
        lambda: ml.jobs.train(settings, day, models or [], missing_only=missing),
        lambda r: (0, len(r["models"]), 0),
    )


def score(day: Day, models: Names = None, later: Later = None, as_json: Json = False) -> None:
    """Score people with the promoted models."""
    answer(lambda s: score_people(s, day, models), as_json, pages.score, day, later)


def score_people(settings: Settings, day: date, models: list[str] | None = None) -> Result:
    import ml.jobs

    return log_step(
        settings,
        "score",
        day,
        lambda: ml.jobs.score(settings, day, models or []),
        lambda r: (0, *totals(r, "models", "rows"), 0),
    )
