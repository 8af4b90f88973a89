"""Why two records are, or are not, one human: their comparison part by part, whatever its probability."""

import json
from typing import Any

import pyarrow as pa

from core.errors import ConfigError
from core.settings import Settings, load_settings
from people.linkage import blocking, workbench
from people.linkage.cleaning import clean
from people.linkage.links import score
from people.linkage.model import Model
from people.linkage.spec import LinkageSpec


def compare(
    records: pa.Table, record_a: str, record_b: str, spec: LinkageSpec, model: Model, settings: Settings | None = None
) -> dict[str, Any]:
    """probability, match_weight, verdict (join, review, apart), prior (bits), parts (part, level, weight), compared_by
    (the blocking rules that bring them together; without one no night compares them).

    records   all of today's: how many share an identifier counts
    Raises    ConfigError on a record that is not there
    """
    cleaned = clean(records, spec, model.trained_days, model.placeholder_dates)
    with workbench.opened(settings or load_settings()) as db:
        workbench.load(db, spec, cleaned)
        rows = [_row(db, record) for record in (record_a, record_b)]
        rules = blocking.count_rules(db, spec)
        together = blocking.rules_of_pair(db, spec, rules, *rows)
        db.execute(
            f"create table part as select '0' as match_key, {min(rows)} as join_key_l, {max(rows)} as join_key_r"
        )
        link = score(db, model, "part", None).to_pylist()[0]
    prior = blocking.bits(model.parameters["probability_two_random_records_match"])
    parts = [{"part": name, **found} for name, found in json.loads(link.pop("comparison")).items()]
    probability = link["probability"]
    verdict = "apart" if probability < spec.thresholds.review else "review"
    verdict = "join" if probability >= spec.thresholds.join else verdict
    return link | {"verdict": verdict, "prior": prior, "parts": parts, "compared_by": together}


def lines(comparison: dict[str, Any]) -> list[str]:
    """The comparison as sentences for a person."""
    rows = [
        ("prior", comparison["prior"], "two records at random"),
        *((part["part"], part["weight"], part["level"]) for part in comparison["parts"]),
        ("together", comparison["match_weight"], f"probability {comparison['probability']:.4f}"),
    ]
    shown = [f"{name:<14} {weight:>7.2f}  {words}" for name, weight, words in rows]
    rules = ", ".join(comparison["compared_by"]) or "no rule: no night compares them"
    return [*shown, f"verdict: {comparison['verdict']}", f"compared by {rules}"]


def _row(db: blocking.Connection, record_id: str) -> int:
    found = db.execute("select row from records where record_id = $1", [record_id]).fetchone()
    if found is None:
        raise ConfigError(f"No record {record_id!r} in intermediate.int_people__records.")
    return int(found[0])
