"""`fairlead check SOURCE`: reconciles a mapping with the source's own sums, after a pull and a build."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from core.errors import ConfigError
from core.settings import Settings
from core.warehouse import Warehouse, connect
from insight.reconciliation.doubt import WRONG
from insight.reconciliation.doubts import doubts_of
from insight.reconciliation.joins import join_rows, namespace_rows
from insight.reconciliation.mapping import models_of
from insight.reconciliation.people import consent_rows, record_counts
from insight.reconciliation.revenue import money_columns, revenue_rows, terms_of
from insight.reconciliation.scope import RawTable, Scope
from insight.reconciliation.shares import null_rows, word_rows
from insight.reconciliation.tables import entity_rows, table_rows

BUILDS = "('build', 'build.identity', 'build.before-scores', 'build.after-scores')"


def check(settings: Settings, source: str, tables: Sequence[RawTable], day: date | None = None) -> dict[str, Any]:
    """The object of `check --json`; `ok` is false where something is surely wrong.

    day      as of its end; left out, that of the last build
    Raises   ConfigError where nothing was pulled or built yet
    """
    with connect(settings) as db:
        build_day, built_at = _last_build(db, day)
        if not any(db.exists(f"raw.{table.raw}") for table in tables):
            raise ConfigError(f"Nothing of {source} was pulled yet. `fairlead pull {source} --day D`, then build.")
        if build_day is None:
            raise ConfigError(
                f"Nothing is built yet, so there is nothing to hold {source} against. `fairlead resolve --day D`, then"
                " `fairlead build --day D --stage before-scores`."
            )
        models = models_of(settings, source)
        return _answer(Scope(db, settings, source, build_day, built_at, list(tables), models))


def _answer(scope: Scope) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "source": scope.source,
        "day": scope.day.isoformat(),
        "ok": True,
        "tables": table_rows(scope),
        "entities": entity_rows(scope),
        "joins": join_rows(scope),
        "identifiers": namespace_rows(scope),
        "people": record_counts(scope),
        "consents": consent_rows(scope),
        "revenue": revenue_rows(scope),
        "revenue_from": [term.name for term in terms_of(scope)] if "orders" in scope.entities else [],
        "money_columns": money_columns(scope),
        "nulls": null_rows(scope),
        "values": word_rows(scope),
    }
    answer["doubts"] = doubts_of(scope, answer)
    answer["ok"] = all(doubt["weight"] != WRONG for doubt in answer["doubts"])
    return answer


def _last_build(db: Warehouse, day: date | None) -> tuple[date | None, datetime | None]:
    """The day that was built last, or the one asked for, and when its build ended."""
    if not db.exists("ops.runs"):
        return None, None
    condition = " and day = $1" if day else ""
    rows = db.query(
        f"select day, finished_at from ops.runs where step in {BUILDS} and outcome in ('ok', 'failed')"
        f" and day is not null{condition} order by finished_at desc limit 1",
        [day] if day else [],
    ).to_pylist()
    return (rows[0]["day"], rows[0]["finished_at"]) if rows else (None, None)
