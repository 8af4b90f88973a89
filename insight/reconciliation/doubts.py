"""What a person should look at before anybody is written to, the heaviest first."""

from typing import Any

from insight.reconciliation.doubt import as_rows
from insight.reconciliation.doubts_of_people import of_consents, of_people
from insight.reconciliation.doubts_of_rows import of_joins, of_tables
from insight.reconciliation.doubts_of_values import of_nulls, of_revenue, of_words
from insight.reconciliation.scope import Scope

TOPICS = (of_tables, of_joins, of_people, of_revenue, of_nulls, of_words, of_consents)


def doubts_of(scope: Scope, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """[{weight, about, detail, mend, file, line}]: wrong (surely), doubtful, to_confirm."""
    return as_rows([doubt for topic in TOPICS for doubt in topic(scope, answer)])
