"""Files that somebody else writes: the fake of a connector that reads a folder or a bucket instead of an API."""

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from support.sources.server import Answer, Request, Vendor


class Folder(Vendor):
    """Its folder is there as long as the fake is; nothing asks its server."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = tempfile.TemporaryDirectory(prefix="fairlead-fake-")
        self.folder = Path(self._kept.name)
        self.settings = {"path": str(self.folder)}

    def write(self, name: str, *lines: Any) -> Path:
        """A packed file of lines; what is no text is written as JSON."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_bytes(gzip.compress("".join(f"{text}\n" for text in texts).encode()))
        return path

    def knows(self, request: Request) -> bool:
        return True

    def read(self, request: Request) -> Answer:
        return Answer(404)
