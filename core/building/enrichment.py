"""Which sources only add to what people say of themselves, by their files: dbt ranks them last."""

import re

from core.project.files import found
from core.project.texts import text_or_nothing
from core.settings import Settings

ENRICHES = re.compile(r"^enrichment\s*:", re.MULTILINE)  # connectors/source.py reads the whole of it


def enrichment_sources(settings: Settings) -> list[str]:
    """The sources whose file has `enrichment`, in order."""
    paths = found(settings, "sources")
    return sorted(name for name, several in paths.items() if any(ENRICHES.search(text_or_nothing(p)) for p in several))
