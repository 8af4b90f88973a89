"""`fairlead new source`: look at the data, understand it, try what came of it, and write it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from connectors.source_files import source_paths
from connectors.understand.looking.databases import Wanted
from connectors.understand.looking.look import EVERYTHING, looked_at
from connectors.understand.looking.proposal import Proposal
from connectors.understand.mapping import Mapper
from connectors.understand.plan import Doubt
from connectors.understand.report import report
from connectors.understand.writing.source_file import files_of
from connectors.understand.writing.trial import tried
from core.clock import today
from core.errors import ConfigError
from core.project.files import shown
from core.scaffold import checked_confirmer, checked_name, write_new
from core.settings import Settings, variable_of

Ask = Callable[[list[Doubt]], dict[str, str]]


def new_source(
    settings: Settings,
    name: str,
    data: str,
    write: bool = True,
    ask: Ask | None = None,
    is_tried: bool = True,
    confirmed_by: str | None = None,
    wanted: Wanted = EVERYTHING,
) -> dict[str, Any]:
    """What the data at `data` (a file, a pattern, a folder or a database URL) means, and the files that say so.

    Nothing is overwritten. A model that does not build on a copy is written as `….sql.failed`, which dbt does not read.

    confirmed_by    who has read the forms on which people agreed; None: nobody, and no yes counts
    wanted          which schemas, tables and views of a database
    Raises ConfigError where who confirms is no name that can be read.
    """
    checked_name(name)
    confirmed_by = checked_confirmer(confirmed_by)
    _refuse_existing(settings, name)
    with looked_at(settings, data, wanted) as proposal:
        plan = Mapper(name, proposal, settings, {}).understand()
        doubts = [doubt for doubt in plan.doubts if doubt.choices]
        answers = ask(doubts) if ask and doubts else {}
        if answers:
            plan = Mapper(name, proposal, settings, answers).understand()
        files = files_of(settings, name, proposal, plan, confirmed_by)
        trial = (
            tried(settings, name, proposal, plan, files) if is_tried else {"tried": False, "ok": True, "failures": []}
        )
        result = report(name, proposal, plan)
    failed = {failure["model"] for failure in trial["failures"] if failure["model"]}
    files = {f"{path}.failed" if Path(path).stem in failed else path: text for path, text in files.items()}
    written = write_new(settings, files)["files"] if write else []
    ok = bool(trial["ok"])
    return {"ok": ok, "written": write, "files": written, "would_write": [] if write else list(files), "trial": trial,
            "answers": answers, **result, "next": _next(name, proposal, written, ok, today(settings))}  # fmt: skip


def _refuse_existing(settings: Settings, name: str) -> None:
    """Before a long look. Raises ConfigError."""
    for path in source_paths(settings).get(name, []):
        raise ConfigError(f"{shown(settings, path)} is there already. Take another name, or edit it.")


def _next(name: str, proposal: Proposal, written: list[str], ok: bool, day: date) -> str:
    place = f"Set {variable_of('sources', name, 'url')} to the database's address, then " if proposal.secret else ""
    if not written:
        return "nothing was written: add --yes to write it as it is, or --ask to be asked about the doubts."
    mend = "" if ok else "mend what failed, then "
    span = f"--from {proposal.days[0]} --to {proposal.days[-1]}" if proposal.days else f"--day {day}"
    return f"{place}{mend}read {written[0]} and run `fairlead pull {name} {span}`."
