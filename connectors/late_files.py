"""Files of one day each that came after their day's pull, or have grown since: a night did not run, a day was appended.

Where a no may be in them the next pull reads them, for `late_days`; of other tables they are told.
"""

from dataclasses import replace
from datetime import date, timedelta

from connectors.kinds.storage import StoredFile, filesystem, late_files_of, reaching
from connectors.reading import Request

UNDECLARED_DAYS = 31  # where no late_days are declared: longer than a holiday, and still quick to look through
SHOWN = 3


def late_request(request: Request) -> Request | None:
    """A request for these files alone; None where there are none, or where none is to be read."""
    late = _late(request) if request.holds_a_no else []
    return replace(request, late_files=tuple(file.day for file in late)) if late else None


def late_file_warnings(request: Request) -> list[str]:
    """Of a table whose late files are not read by themselves, or of one that is but looked at."""
    late = _late(request) if request.late_files is None else []
    if not late:
        return []
    first, last = min(file.day for file in late), max(file.day for file in late)
    return [
        f"{_names(late)} came after the pull of their day, or have changed since, and were not read: `fairlead pull "
        f"{request.source} --from {first} --to {last}` reads them."
    ]


def read_words(request: Request) -> str:
    days = request.late_files or ()
    shown = ", ".join(str(day) for day in days[:SHOWN]) + (" …" if len(days) > SHOWN else "")
    return f"{len(days)} files of earlier days ({shown}) had come late, or were changed since: they were read now"


def _late(request: Request) -> list[StoredFile]:
    """Nothing of days before the first that was ever pulled: that is the past, and loaded when somebody wants it."""
    table = request.table
    days = table.late_days if "late_days" in table.model_fields_set else UNDECLARED_DAYS
    if table.kind != "files" or not table.by_day or request.is_anew or not request.pulled_days or not days:
        return []
    since: date = max(min(request.pulled_days.values()), request.first_day - timedelta(days=days))
    with reaching(request.source):
        system, root = filesystem(request)
        return late_files_of(request, system, root, since)


def _names(files: list[StoredFile]) -> str:
    return ", ".join(file.name for file in files[:SHOWN]) + (f" and {len(files) - SHOWN} more" * (len(files) > SHOWN))
