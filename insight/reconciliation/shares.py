"""Shares: of NULLs a column, and of the words that decide (statuses, lifecycles, currencies)."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.project.texts import text_of
from core.specs import LOADER
from insight.reconciliation.scope import Row, Scope, share

DECIDING = ("lifecycle", "status", "is_return", "channel", "currency", "purpose", "event", "platform", "event_kind")
MOST_WORDS = 12  # of one column; an entity whose column has more holds no list of words there


def null_rows(scope: Scope) -> list[Row]:
    """{entity, column, rows, nulls, share, mapped}: of each entity; `mapped`: the staging model gives it."""
    out: list[Row] = []
    for entity, model in scope.entities.items():
        columns, staged = scope.entity_columns(entity), scope.columns(model.relation)
        counted = ", ".join(f'count("{c}") as c{n}' for n, c in enumerate(columns))
        counts = scope.rows(
            f"select count(*) as n, {counted} from {scope.entity(entity)} where _source = $1", [scope.source]
        )[0]
        rows = int(counts["n"])
        for number, column in enumerate(columns):
            nulls = rows - int(counts[f"c{number}"])
            row = {"entity": entity, "column": column, "rows": rows, "nulls": nulls, "share": share(nulls, rows)}
            out.append(row | {"mapped": column in staged})
    return out


def word_rows(scope: Scope) -> list[Row]:
    """{entity, column, value, rows, share, known}: `known` is None where the contract lists no words."""
    out: list[Row] = []
    for entity in scope.entities:
        for column in [c for c in scope.entity_columns(entity) if c in DECIDING]:
            words = scope.rows(
                f"""select cast("{column}" as varchar) as value, count(*) as n from {scope.entity(entity)}
                where _source = $1 group by 1 order by n desc, 1""",
                [scope.source],
            )
            known, rows = known_words(scope.settings.root, entity, column), sum(int(w["n"]) for w in words)
            for word in words[:MOST_WORDS]:
                row = {"entity": entity, "column": column, "value": word["value"], "rows": int(word["n"])}
                is_known = None if known is None or word["value"] is None else word["value"] in known
                out.append(row | {"share": share(word["n"], rows), "known": is_known})
    return out


@cache
def known_words(root: Path, entity: str, column: str) -> frozenset[str] | None:
    """The words that the marts' own tests accept; None where they accept any."""
    for path in sorted((root / "dbt_project/models/marts/customers").glob("*.yml")):
        for model in (yaml.load(text_of(path), Loader=LOADER) or {}).get("models", []):
            if model["name"] == entity:
                return _accepted(model, column)
    return None


def _accepted(model: dict[str, Any], column: str) -> frozenset[str] | None:
    for declared in model.get("columns", []):
        for test in declared.get("data_tests", []) if declared["name"] == column else []:
            if isinstance(test, dict) and "accepted_values" in test:
                return frozenset(map(str, test["accepted_values"]["arguments"]["values"]))
    return None
