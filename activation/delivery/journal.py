"""Which batches of messages have left, written to disk before each leaves: what a claim cannot say after a kill.

A claim covers a window of batches and is written once; opening the warehouse for each message would cost more than
the message. So beside it, for channels whose messages must never go out twice, stands a line before each batch and
one after it, forced to disk. Without its journal (another host took over) a claimed batch counts as sent: rather one
message too few than one twice.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Pages:
    """What a run's journal tells of its batches, by their keys."""

    exist: bool = False  # False: another host had it, or there never was one
    begun: frozenset[str] = frozenset()
    ended: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # with what became of their rows


class Journal:
    """FAIRLEAD_HOME/journals/<sync>.jsonl of a run: {"began": key}, {"ended": key, "statuses": […], "errors": […]}."""

    def __init__(self, home: Path, sync: str) -> None:
        self.path = home / "journals" / f"{sync}.jsonl"

    def begin(self, key: str) -> None:
        self._write({"began": key})

    def end(self, key: str, statuses: list[str], errors: list[str | None]) -> None:
        self._write({"ended": key, "statuses": statuses, "errors": errors})

    def _write(self, line: Mapping[str, Any]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> Pages:
        """A torn last line counts as not written."""
        if not self.path.is_file():
            return Pages()
        begun, ended = set(), {}
        for line in self.path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if "began" in entry:
                begun.add(entry["began"])
            else:
                ended[entry["ended"]] = entry
        return Pages(True, frozenset(begun), ended)

    def start(self) -> None:
        """An empty journal: nothing of this run has left yet."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(b"")

    def finish(self) -> None:
        self.path.unlink(missing_ok=True)
