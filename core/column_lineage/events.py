"""What a build tells whoever follows the lineage: of which columns each model's columns are made."""

import logging
from datetime import date

from core import lineage
from core.column_lineage.graph import Model, load_graph
from core.column_lineage.origin import ROWS, Statement
from core.settings import Settings

log = logging.getLogger("fairlead.lineage")


def tell_build(settings: Settings, day: date, step: str, built: tuple[str, ...]) -> None:
    """One event of a build step, its models as outputs. A build is no worse for what cannot be told of it."""
    try:
        graph = load_graph(settings, is_built_anew=True)
        models = [model for model in graph.models.values() if model.name in built and model.statement]
        outputs = {model.table for model in models}
        inputs = set().union(*(model.statement.tables for model in models if model.statement)) - outputs
        if models:
            run = lineage.Run(
                room="dbt", job=step, day=day.isoformat(), kind="COMPLETE", inputs=tuple(sorted(inputs)),
                outputs=tuple(_output(model, model.statement) for model in models if model.statement),
            )  # fmt: skip
            lineage.emit(settings, [run])
    except Exception as error:
        log.warning("lineage of %s: %s", step, type(error).__name__)


def _output(model: Model, statement: Statement) -> lineage.Output:
    """How many rows there are of a table is of no column of it, and the standard knows columns alone."""
    columns = {name: [o for o in origins if o.column != ROWS] for name, origins in statement.columns.items()}
    return lineage.Output(model.table, columns=columns, deciding=statement.deciding)
