"""The one reader of the files that people write: a pipe, a device or a file without end holds nothing up."""

import os
import stat
from pathlib import Path

from core.errors import ConfigError

MOST_BYTES = 16 << 20  # of a file that a person writes; the longest of ours has a few hundred KB


def text_of(path: Path, errors: str = "strict", label: object = None) -> str:
    """What the file holds, in UTF-8.

    label    what errors call it; else the file's own name
    errors   as `bytes.decode` takes it
    Raises   ConfigError where it is no plain file, too large or not there; UnicodeDecodeError
    """
    return bytes_of(path, label).decode("utf-8", errors).replace("\r\n", "\n")


def bytes_of(path: Path, label: object = None) -> bytes:
    """As text_of. A pipe that nobody writes into is opened without waiting for anybody."""
    label = label or path.name
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ConfigError(f"{label}: is no file that can be read. Mend or remove it.") from None
    except OSError as error:
        raise ConfigError(f"{label}: cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise ConfigError(f"{label}: is no file that can be read, but a folder, a pipe or a device. Remove it.")
    with os.fdopen(number, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ConfigError(f"{label}: is larger than {MOST_BYTES >> 20} MB, and so no file of ours. Mend or remove it.")
    return content


def text_or_nothing(path: Path) -> str:
    """Of a file whose fault somebody else tells: "" where it cannot be read."""
    try:
        return text_of(path, "replace")
    except ConfigError:
        return ""


def refuse_odd(path: Path, label: object = None) -> None:
    """Before somebody else's reader opens it. Raises ConfigError as text_of does, without reading it."""
    label = label or path.name
    if path.exists() and not path.is_file():
        raise ConfigError(f"{label}: is no file that can be read, but a folder, a pipe or a device. Remove it.")
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise ConfigError(f"{label}: is larger than {MOST_BYTES >> 20} MB, and so no file of ours. Mend or remove it.")
