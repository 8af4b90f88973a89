"""Which sources only add to what people say of themselves, and what they ask by consent alone: dbt's variables."""

import re
from typing import Any

import yaml

from core.project.files import found
from core.project.texts import text_or_nothing
from core.settings import Settings
from core.specs import LOADER

ENRICHES = re.compile(r"^enrichment\s*:", re.MULTILINE)  # connectors/source.py reads the whole of it


def enrichment_variables(settings: Settings) -> dict[str, Any]:
    """enrichment_sources: whose files have `enrichment` · asks_by_consent: the asks of those whose basis is consent."""
    sources, by_consent = [], set()
    for name, several in found(settings, "sources").items():
        for text in filter(ENRICHES.search, map(text_or_nothing, several)):
            sources.append(name)
            by_consent |= _asks(text)
    return {"enrichment_sources": sorted(set(sources)), "asks_by_consent": sorted(by_consent)}


def _asks(text: str) -> set[str]:
    """What a source asks; of one that cannot be read, whose pull says so, nothing more than before."""
    try:
        content = yaml.load(text, Loader=LOADER)
        basis, tables = content["enrichment"]["lawful_basis"], content["tables"].values()
        asks = {str((table.get("for_each") or {}).get("ask", "")) for table in tables} - {""}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return set()
    return asks if basis == "consent" else set()
