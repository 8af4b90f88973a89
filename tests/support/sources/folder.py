"""What somebody else fills: the fakes of connectors that read a folder, or a database, instead of an API."""

import gzip
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from support.sources.server import Answer, Request, Vendor


class _Place(Vendor):
    """A folder that is there as long as the fake is; nothing asks its server."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = tempfile.TemporaryDirectory(prefix="fairlead-fake-")
        self.folder = Path(self._kept.name)

    def knows(self, request: Request) -> bool:
        return True

    def read(self, request: Request) -> Answer:
        return Answer(404)


class Folder(_Place):
    def __init__(self) -> None:
        super().__init__()
        self.settings = {"path": str(self.folder)}

    def write(self, name: str, *lines: Any) -> Path:
        """A packed file of lines; what is no text is written as JSON."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_bytes(gzip.compress("".join(f"{text}\n" for text in texts).encode()))
        return path


class Database(_Place):
    """Of SQLite, which has no schemas."""

    def __init__(self) -> None:
        super().__init__()
        self.file = self.folder / "vendor.sqlite"
        self.settings = {"url": f"sqlite:///{self.file}"}

    def run(self, sql: str, values: Any = ()) -> None:
        with sqlite3.connect(self.file) as db:
            db.execute(sql, values)
        db.close()
