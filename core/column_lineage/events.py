"""What a build tells whoever follows the lineage: of which columns each model's columns are made."""

import hashlib
import json
import logging
from datetime import date

from core import lineage
from core.column_lineage.graph import Model, load_graph
from core.column_lineage.origin import ROWS, Statement
from core.settings import Settings

TOLD = "dbt/column_lineage_told.json"  # model's table -> a digest of what was told of its columns
log = logging.getLogger("fairlead.lineage")


def tell_build(settings: Settings, day: date, step: str, built: tuple[str, ...]) -> None:
    """One event of a build step, its models as outputs. A build is no worse for what cannot be told of it.

    A model's columns are told when they are made otherwise than was told before: a facet stands until another comes,
    and all of them each night would be some 200 MB a year.
    """
    try:
        graph = load_graph(settings, is_built_anew=True)
        models = {model.table: model for model in graph.models.values() if model.name in built and model.statement}
        if not models:
            return
        told = _read(settings)
        digests = {table: _digest(settings, model) for table, model in models.items()}
        inputs = {table for model in models.values() if model.statement for table in model.statement.tables}
        outputs = [_output(model, is_new=told.get(table) != digests[table]) for table, model in models.items()]
        lineage.emit(settings, [lineage.Run(
            room="dbt", job=step, day=day.isoformat(), kind="COMPLETE", inputs=tuple(sorted(inputs - models.keys())),
            outputs=tuple(outputs),
        )])  # fmt: skip
        (settings.home / TOLD).write_text(json.dumps({**told, **digests}))
    except Exception as error:
        log.warning("lineage of %s: %s", step, type(error).__name__)


def _output(model: Model, is_new: bool) -> lineage.Output:
    """How many rows there are of a table is of no column of it, and the standard knows columns alone."""
    statement = model.statement or Statement({}, [])
    if not is_new:
        return lineage.Output(model.table)
    columns = {name: [o for o in origins if o.column != ROWS] for name, origins in statement.columns.items()}
    return lineage.Output(model.table, columns=columns, deciding=statement.deciding)


def _digest(settings: Settings, model: Model) -> str:
    """Also of whom it is told: another receiver knows nothing yet."""
    statement = model.statement or Statement({}, [])
    content = [settings.lineage.namespace, settings.lineage.url, statement.columns, statement.deciding]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _read(settings: Settings) -> dict[str, str]:
    try:
        told = json.loads((settings.home / TOLD).read_text())
        return told if isinstance(told, dict) else {}
    except (OSError, ValueError):
        return {}
