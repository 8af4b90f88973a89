"""Which channels' vendors work in jobs: FAIRLEAD_HOME/channels.json, for the DAGs, which import nothing of ours."""

import inspect
import json
import os
from pathlib import Path
from typing import Any

from activation.catalogue import find_channel
from activation.channel import TakesJobs
from activation.sync import load_syncs
from core.settings import Settings

FILE = "channels.json"  # {channel: {"in_jobs": bool}}, of the channels that have a sync


def write(settings: Settings) -> dict[str, dict[str, bool]]:
    """In one piece, and only where something has changed; what stands in the file."""
    names = sorted({sync.channel for sync in load_syncs(settings).values()})
    channels = {name: {"in_jobs": in_jobs(find_channel(settings, name))} for name in names}
    path, text = settings.home / FILE, json.dumps(channels, indent=1) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        _replace(path, text)
    return channels


def in_jobs(channel: Any) -> bool:
    """Whether a channel's own class can be asked for a job's outcome."""
    own = [c for _, c in inspect.getmembers(channel, inspect.isclass) if c.__module__ == channel.__name__]
    return any(issubclass(c, TakesJobs) for c in own)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")  # a build and `make airflow-init` may be at it at once
    part.write_text(text, encoding="utf-8")
    part.replace(path)
