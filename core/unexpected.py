"""What nobody foresaw, in one line: its kind, its words without the values in them, and the place in our code or the
project's.
"""

import errno
import re
import traceback
from collections.abc import Container
from pathlib import Path

from core.errors import FairleadError, FatalError
from core.settings import project_root

CODE = Path(__file__).resolve().parents[1]
MACHINE = {  # what no step can help, and the mend
    errno.ENOSPC: "The disk is full; free some",
    errno.EDQUOT: "The disk quota is used up; raise it",
    errno.EROFS: "The disk is read-only; mount it for writing",
    errno.EACCES: "No permission; give the user the right to",
}
# Whatever holds an @ or ://, and long numbers may be somebody's, or a secret.
VALUES = re.compile(r"\S*(?:@|://)\S*|\+?\d[\d ()./-]{4,}\d")
# Where somebody's value may begin: behind a quote (no apostrophe, as in can't), and in PostgreSQL's Key (…)=(…). Where
# it ends nobody can tell: a name may hold a quote (O'Brien), and a text several lines.
OPENING = re.compile(r"""(?<!\w)[beruBERU]?['"`“‘„«]|\)=\(""")
NAME = re.compile(r"""(['"`])([\w./-]+)\1(?!\w)""")
LONGEST = 200


def as_ours(error: Exception) -> FairleadError | None:
    """The error as one of ours, where somebody thought of it."""
    if isinstance(error, OSError) and error.errno in MACHINE:
        return FatalError(f"{MACHINE[error.errno]}: {error.filename or error}. Then run the step again.")
    return error if isinstance(error, FairleadError) else None


def message(error: Exception) -> str:
    """What to tell of any error."""
    if ours := as_ours(error):
        return str(ours)
    return f"{words(error)} ({place(error)}). Nobody foresaw this: FAIRLEAD_DEBUG=1 shows the whole way to it."


def words(error: BaseException) -> str:
    """Its kind and what it says, without the values in it."""
    line = without_values(next(iter(str(error).splitlines()), ""))[:LONGEST]
    return ": ".join(part for part in (type(error).__name__, line.rstrip(".")) if part)


def line_of(error: BaseException, path: Path) -> int:
    """The last line of the file itself that was run, or the one that is no Python."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    steps = traceback.extract_tb(error.__traceback__)
    return next((step.lineno or 1 for step in reversed(steps) if step.filename == str(path)), 1)


def without_values(text: str, known: Container[str] = ()) -> str:
    """The words of others up to the first value in them, and without what looks like one.

    known   words that are nobody's, though they are quoted: names in the project's own files
    """
    value = OPENING.search(text)
    while value and (name := NAME.match(text, value.start())) and all(w in known for w in re.findall(r"\w+", name[2])):
        value = OPENING.search(text, name.end())
    return VALUES.sub("…", f"{text[: value.start()]}…" if value else text)


def place(error: Exception) -> str:
    """file:line of the innermost step that is our code, or the project's."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename).resolve()
        for root in (project_root(), CODE):
            if path.is_relative_to(root) and "site-packages" not in path.parts:
                return f"{path.relative_to(root)}:{frame.lineno}"
    return "outside our code"
