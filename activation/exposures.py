"""The audiences as dbt exposures, so that dbt's own graph ends where the data ends: written from the sync files.

`fairlead new sync` writes them anew; a test holds them to the files. Those of a company's own syncs are written into
the project that dbt reads, before each build.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from activation.catalogue import find_channel
from activation.sync import Sync, load_syncs
from core.project.files import folder_of, found
from core.project.links import OWN, dbt_project
from core.settings import Settings

FILE = Path("dbt_project/models/marts/activation/_exposures.yml")
HEAD = "# Written by `fairlead new sync` from activation/syncs/; edit those files instead.\n"


def render(settings: Settings, syncs: Iterable[Sync] | None = None) -> str:
    """The whole file; of all syncs, or of some."""
    exposures = [_exposure(settings, sync) for sync in (load_syncs(settings).values() if syncs is None else syncs)]
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
    if folder_of(settings):
        return ""  # no file of Fairlead's own is changed
    (settings.root / FILE).write_text(render(settings), encoding="utf-8")
    return str(FILE)


def write_own(settings: Settings) -> None:
    """Those of the company's syncs, where it has a folder of its own."""
    if own := folder_of(settings):
        paths = found(settings, "syncs")
        syncs = [sync for name, sync in load_syncs(settings).items() if paths[name][0].is_relative_to(own)]
        place = dbt_project(settings) / FILE.relative_to("dbt_project").parent / OWN / FILE.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(render(settings, syncs), encoding="utf-8")
