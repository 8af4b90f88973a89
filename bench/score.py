"""Scoring a million people, warehouse to warehouse, against LightGBM alone on the same matrix in memory.

The bound gives what scoring stores: the raw score and each feature's contribution (the reasons). Plain prediction
without contributions is reported beside it.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from core.settings import Settings, load_settings
from core.warehouse import connect
from ml import card, jobs, tables
from ml import score as scoring
from ml.calibrate import fit_calibrator
from ml.fit import fit, raw_scores
from ml.spec import ModelSpec, load_models

DAY = date(2026, 3, 29)
PEOPLE, FEATURES, LEARN = 1_000_000, 60, 50_000
SPEC = {
    "question": "bench", "owner": "bench", "task": "binary", "label": "labels__bench", "horizon_days": 90,
    "baseline": {"rank_by": ["f0"]}, "decision_effect": "none", "promote_if": {"min_auc": 0.5},
    "lightgbm": {"iterations": 100, "num_leaves": 15, "max_depth": 5, "min_data_in_leaf": 60},
}  # fmt: skip


def run(scale: float = 1.0) -> dict[str, Any]:
    """Rows a second of `score` and of LightGBM alone, and the ratio of their seconds."""
    people = max(int(PEOPLE * scale), 1000)
    with tempfile.TemporaryDirectory(prefix="bench-score-") as folder:
        settings = _project(Path(folder))
        model = _model(settings)
        _fill(settings, people)
        seconds = _timed(lambda: jobs.score(settings, DAY, []))
        second_run = _timed(lambda: jobs.score(settings, DAY, []))
        with connect(settings) as db:
            wide = scoring.matrix(
                db.query(f"select {', '.join(model.columns)} from marts.features__person"), model.columns
            )
        bound = _timed(lambda: model.booster.predict(wide, pred_contrib=True, num_threads=2))
        plain = _timed(lambda: model.booster.predict(wide, num_threads=2))
    return {
        "people": people,
        "features": FEATURES,
        "score_seconds": round(seconds, 2),
        "score_again_seconds": round(second_run, 2),
        "lightgbm_with_reasons_seconds": round(bound, 2),
        "lightgbm_plain_seconds": round(plain, 2),
        "rows_per_second": round(people / seconds),
        "ratio": round(seconds / bound, 2),
        "ratio_to_plain": round(seconds / plain, 2),
    }


def _project(folder: Path) -> Settings:
    (folder / "models").mkdir()
    (folder / "models" / "bench.yml").write_text(yaml.safe_dump(SPEC))
    return load_settings(root=folder, home=folder / "home")


def _model(settings: Settings) -> card.Model:
    """A model of the usual size, trained on noise with some signal and entered as the champion."""
    spec: ModelSpec = load_models(settings)["bench"]
    rng = np.random.default_rng(1)
    wide = rng.normal(size=(LEARN, FEATURES))
    label = (rng.random(LEARN) < 1 / (1 + np.exp(-wide[:, :20].sum(axis=1) / 3))).astype(float)
    columns = [f"f{n}" for n in range(FEATURES)]
    booster = fit(wide, label, columns, "binary", spec.lightgbm)
    calibrator = fit_calibrator("isotonic", "binary", raw_scores(booster, wide, "binary"), label)
    model = card.new_model(spec, DAY, columns, booster, calibrator, {})
    path = f"artifacts/models/bench/{model.version}"
    card.save(model, settings.home / path)
    jobs.ensure(settings)
    with connect(settings, writer="scores") as db:
        tables.write_model(
            db,
            {
                "model": "bench",
                "version": model.version,
                "trained_day": DAY,
                "promoted": True,
                "reasons": "bench",
                "metrics": {},
                "baseline": {},
                "card_path": path,
            },
        )
    return model


def _fill(settings: Settings, people: int) -> None:
    columns = ", ".join(f"case when random() < 0.9 then random() * 6 - 3 end as f{n}" for n in range(FEATURES))
    with connect(settings, writer="marts") as db:
        db.execute(
            "create table marts.features__person as select 'p_' || substr(md5(i::varchar), 1, 16) as person_id,"
            f" date '{DAY}' as as_of_day, {columns} from range({people}) t(i)"
        )


def _timed(work: Callable[[], Any]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started
