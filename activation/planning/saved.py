"""A plan on paper: with a digest of each sync's changes, and applied only while these are the same."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from core.errors import ConfigError

VERSION = 1


def write(path: Path, planned: dict[str, Any]) -> str:
    """The object of `plan --detail` as a file; its name. Nothing personal is in it but person_ids and masked values."""
    path.write_text(json.dumps({"fairlead_plan": VERSION, **planned}, indent=1, ensure_ascii=False, default=str) + "\n")
    return str(path)


def read(path: Path, day: date) -> dict[str, str]:
    """Sync -> digest, of the syncs that take part. Raises ConfigError where it is no plan, or one of another day."""
    try:
        plan = json.loads(path.read_text())
        digests = {s["sync"]: s["digest"] for s in plan["syncs"] if s["state"] == "ready"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: not a plan ({type(error).__name__}). `fairlead plan --save {path}` writes one.", code="FL407"
        ) from None
    if plan.get("fairlead_plan") != VERSION or plan["day"] != day.isoformat():
        raise ConfigError(
            f"{path}: a plan of {plan.get('day')}, pushed for {day}. Plan again, or push --day {plan.get('day')}.",
            code="FL405",
        )
    return digests
