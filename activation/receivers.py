"""Who receives which column: the fields of every sync, and the templates in which a field is written out."""

from collections.abc import Iterator
from typing import Any

from activation.sync import Sync, readable_syncs
from content.templates import FromFile, compiled
from core.errors import ConfigError
from core.settings import Settings

LIQUID = ("{{", "{%")


def receivers(settings: Settings) -> list[dict[str, Any]]:
    """One dictionary a sync and field: sync, channel, field, table, column, segment, feed, file, enabled, templates.

    A sync whose file is at fault is left out; `fairlead doctor` tells it.
    """
    rows = []
    for sync in readable_syncs(settings)[0].values():
        templates = dict(_templates(settings, sync))
        for name, (table, column) in sync.origins.items():
            rows.append({
                "sync": sync.name, "channel": sync.channel, "field": name, "table": table, "column": column,
                "segment": sync.segment, "feed": sync.feed, "file": sync.file, "enabled": sync.enabled,
                "contact_channel": sync.contact_channel, "purpose": sync.purpose,
                "templates": sorted(place for place, variables in templates.items() if name in variables),
            })  # fmt: skip
    return rows


def _templates(settings: Settings, sync: Sync) -> Iterator[tuple[str, frozenset[str]]]:
    """Each template of the options, by its file or option, with the fields that it asks for."""
    for option, value in sync.options.items():
        is_file = isinstance(value, dict) and isinstance(value.get("template"), str)
        if is_file:
            words: str | FromFile = FromFile(template=value["template"])
        elif isinstance(value, str) and any(sign in value for sign in LIQUID):
            words = value
        else:
            continue
        try:
            for template in compiled(settings, sync.channel, {option: words}).parts.values():
                yield template.name, template.variables
        except ConfigError:
            continue  # the sync's own check tells it
