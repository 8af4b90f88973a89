"""The audiences as dbt exposures, so that dbt's own graph ends where the data ends: written from the sync files.

`fairlead new sync` writes them anew; a test holds them to the files.
"""

from pathlib import Path
from typing import Any

import yaml

from activation.catalogue import find_channel
from activation.sync import Sync, load_syncs
from core.settings import Settings

FILE = Path("dbt_project/models/marts/activation/_exposures.yml")
HEAD = "# Written by `fairlead new sync` from activation/syncs/; edit those files instead.\n"


def render(settings: Settings) -> str:
    """The whole file."""
    exposures = [_exposure(settings, sync) for sync in load_syncs(settings).values()]
    content = {"version": 2, "exposures": exposures}
    return HEAD + yaml.dump(content, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=100)


class _Indented(yaml.SafeDumper):
    """Lists stand further in than their key, as the house's YAML does."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _exposure(settings: Settings, sync: Sync) -> dict[str, Any]:
    title = find_channel(settings, sync.channel).ABOUT.title
    return {
        "name": f"audience__{sync.name}", "type": "application", "label": f"{sync.stem} on {title}",
        "description": sync.description, "owner": {"name": "marketing"},
        "depends_on": [f"ref('{model}')" for model in _models(sync)],
        "config": {"meta": {"channel": sync.channel, "contact_channel": sync.contact_channel, "mode": sync.mode}},
    }  # fmt: skip


def _models(sync: Sync) -> list[str]:
    return (
        ["feed_audiences", f"feed__{sync.feed}"] if sync.feed else ["audiences", "profiles", f"segment__{sync.segment}"]
    )


def write(settings: Settings) -> str:
    """Write the file; its path under the project."""
    (settings.root / FILE).write_text(render(settings), encoding="utf-8")
    return str(FILE)
