"""What the command line runs: warehouse in, pure functions between, warehouse out. The only file of ml that connects.

LightGBM and scikit-learn take seconds to import: only the functions that learn or score do.
"""

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from core.clock import now
from core.errors import ConfigError
from core.project.files import placed, shown
from core.settings import Settings
from core.tables import ensure as ensure_tables
from core.warehouse import Warehouse, connect
from ml import tables
from ml.history import beginnings, gap_reasons
from ml.spec import ModelSpec, load_models

if TYPE_CHECKING:
    from ml.card import Model
    from ml.train import Outcome

Result = dict[str, Any]
NO_DECILES = "scored without deciles: the scores do not tell these people apart"


def ensure(settings: Settings) -> None:
    """Make every table of scores that dbt reads exist, empty where nothing has come yet."""
    specs = load_models(settings)
    with connect(settings, writer="scores") as db:
        ensure_tables(db, tables.VERSIONS, *map(tables.scores_of, specs))


def train(settings: Settings, day: date, models: list[str], missing_only: bool = False) -> Result:
    """Train the named models (none: all). missing_only leaves those alone that have a promoted version by `day`, and
    all the columns that it needs.
    """
    specs = _named_specs(settings, models)
    ensure(settings)
    with connect(settings, writer="scores") as db:
        due = [s for s in specs if not (missing_only and _can_score(db, settings, s, day))]
        trained = [_train(db, settings, spec, day) for spec in due]
    return {"day": day.isoformat(), "ok": True, "models": trained}


def _can_score(db: Warehouse, settings: Settings, spec: ModelSpec, day: date) -> bool:
    from ml import card

    promoted = tables.champion(db, spec.name, day)
    if promoted is None:
        return False
    folder = settings.home / promoted["card_path"]
    return not (folder.is_dir() and _missing(db, card.load(folder)))


def _missing(db: Warehouse, model: "Model") -> list[str]:
    """Columns that a version was trained with and its feature table no longer has."""
    column_types = db.columns(f"marts.{model.spec.features.table}")
    return [column for column in model.columns if column not in column_types]


def score(settings: Settings, day: date, models: list[str]) -> Result:
    """Score the named models (none: all) for the people of `day` with the version promoted by then."""
    specs = _named_specs(settings, models)
    ensure(settings)
    with connect(settings, writer="scores") as db:
        scored = [_score(db, settings, spec.name, day) for spec in specs]
    return {"day": day.isoformat(), "ok": True, "models": scored}


def check(settings: Settings) -> list[Result]:
    """For `fairlead doctor`: every model file reads, and every promoted version's artifact is where its card says."""
    specs = load_models(settings)
    checks: list[Result] = [{"check": "model files", "ok": True, "detail": f"{len(specs)} read", "mend": ""}]
    known = "select distinct model, version, card_path from scores.models where promoted order by 1, 2"
    with connect(settings) as db:
        promoted = db.query(known).to_pylist() if "card_path" in db.columns("scores.models") else []
    for row in promoted:
        exists = (settings.home / row["card_path"]).is_dir()
        mend = "" if exists else f"Restore artifacts/ from your backup, or `fairlead train {row['model']}`."
        checks.append({"check": f"model {row['model']}", "ok": exists, "detail": row["version"], "mend": mend})
    return checks


def _named_specs(settings: Settings, names: list[str]) -> list[ModelSpec]:
    specs = load_models(settings)
    unknown = [name for name in names if name not in specs]
    if unknown:
        place = shown(settings, placed(settings, "models"))
        raise ConfigError(
            *(
                f"No model {name!r}. Models: {', '.join(specs) or 'none'}. Add {place}/{name}.yml, or"
                f" `fairlead new model {name}`."
                for name in unknown
            )
        )
    return [specs[name] for name in dict.fromkeys(names or specs)]


def _train(db: Warehouse, settings: Settings, spec: ModelSpec, day: date) -> Result:
    from ml import card
    from ml.train import train as learn

    started = time.monotonic()
    columns, column_types = tables.feature_columns(db, spec, f"models/{spec.name}.yml")
    promoted = tables.champion(db, spec.name, day, before=True)
    champion = card.load(settings.home / promoted["card_path"]) if promoted else None
    naive = [name.removeprefix("-") for name in spec.baseline.rank_by]
    champion_columns = [name for name in champion.columns if name in column_types] if champion else []
    names = list(dict.fromkeys([*columns, *naive, *spec.fairness.by, *champion_columns]))
    rows = tables.training_rows(db, spec, names, day)
    outcome = learn(spec, rows, columns, day, champion)
    row = _row(spec, day, outcome)
    row["reasons"] = [*row["reasons"], *gap_reasons(db, day), *(beginnings(db) if outcome.model is None else [])]
    if outcome.model is not None:
        card.save(outcome.model, settings.home / row["card_path"])
    tables.write_model(db, {**row, "reasons": "; ".join(row["reasons"])})
    return {
        **row,
        "trained_day": day.isoformat(),
        "rows": rows.num_rows,
        "seconds": round(time.monotonic() - started, 3),
    }


def _row(spec: ModelSpec, day: date, outcome: "Outcome") -> Result:
    version = outcome.model.version if outcome.model else None
    return {
        "model": spec.name, "version": version, "trained_day": day, "promoted": outcome.decision.promoted,
        "reasons": outcome.decision.reasons, "metrics": outcome.report.metrics if outcome.report else {},
        "baseline": outcome.baseline.metrics if outcome.baseline else {},
        "card_path": str(Path("artifacts", "models", spec.name, version)) if version else None,
    }  # fmt: skip


def _score(db: Warehouse, settings: Settings, name: str, day: date) -> Result:
    from ml import card

    started = time.monotonic()
    promoted = tables.champion(db, name, day)
    if promoted is None:
        db.execute(f"delete from scores.{name} where as_of_day = $1", [day])
        reason = _why_not(db, name, day)
        return {
            "model": name,
            "version": None,
            "rows": 0,
            "seconds": round(time.monotonic() - started, 3),
            "reason": reason,
        }
    model = card.load(settings.home / promoted["card_path"])
    if missing := _missing(db, model):
        raise ConfigError(
            f"models/{name}.yml: version {model.version} needs {', '.join(missing)}, which marts."
            f"{model.spec.features.table} no longer has. Bring them back, or `fairlead train {name}`."
        )
    rows = scored_table(model, tables.rows_to_score(db, model.spec, model.columns, day), day)
    changed = tables.write_scores(db, name, day, rows)
    seconds = round(time.monotonic() - started, 3)
    answer = {"model": name, "version": model.version, "rows": rows.num_rows, "seconds": seconds, "changed": changed}
    return answer | ({"reason": NO_DECILES} if rows.num_rows and rows["decile"].null_count else {})


def _why_not(db: Warehouse, name: str, day: date) -> str:
    versions = db.query(
        "select version, reasons from scores.models where model = $1 and trained_day <= $2 order by trained_day desc"
        " limit 1",
        [name, day],
    ).to_pylist()
    if not versions:
        return f"not scored, because no version was trained by {day}: fairlead train {name} --day {day}"
    return f"not scored, because no version is promoted: {versions[0]['reasons']}"


def scored_table(model: "Model", batches: Any, day: date) -> pa.Table:
    """One row a person, as scores.<model> holds it, in the order of person_id; deciles over all batches together."""
    from ml import score as scoring

    people: list[pa.Array] = []
    parts: list[scoring.Scored] = []
    for batch in batches:
        people.append(batch.column("person_id").cast(pa.string()))
        parts.append(scoring.score(model, scoring.matrix(batch, model.columns)))
    person_id = pa.chunked_array(people, pa.string())
    raw = np.concatenate([part.raw for part in parts]) if parts else np.empty(0)
    rows = len(raw)
    return pa.table([
        person_id, pa.array(np.full(rows, np.datetime64(day, "D"))).cast("date32"),
        np.concatenate([part.score for part in parts]) if parts else raw,
        scoring.deciles(raw), pa.repeat(model.version, rows),
        pa.repeat(pa.scalar(now(), pa.timestamp("us")), rows),
        pa.chunked_array([part.reasons for part in parts], pa.string()),
    ], schema=tables.SCORES).sort_by("person_id")  # fmt: skip
