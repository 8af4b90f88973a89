"""A little project in a temporary folder: source files, data files, pulls and looks into the warehouse."""

from datetime import date
from pathlib import Path
from typing import Any

from connectors.pull import pull
from core.settings import Settings, load_settings
from core.warehouse import connect

DAY = date(2026, 3, 2)
PEOPLE = """
description: People for tests
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "{day}.csv"
    max_reject_share: 0.5
    columns:
      id: {type: integer, required: true, min: 1}
      name: text
      email: {type: text, identifier: email}
      born: date
      seen_at: {type: timestamp, time_zone: Europe/London}
      spent: {type: number, min: 0, max: 1000}
      kind: {type: text, values: [lead, customer]}
"""


class Project:
    def __init__(self, root: Path) -> None:
        self.root, self.home, self.settings_given = root, root / "home", {}
        (root / "connectors" / "sources").mkdir(parents=True)
        (self.home / "in").mkdir(parents=True)

    @property
    def settings(self) -> Settings:
        return load_settings(root=self.root, home=self.home, **self.settings_given)

    def source(self, text: str = PEOPLE, name: str = "people") -> "Project":
        (self.root / "connectors" / "sources" / f"{name}.yml").write_text(text)
        return self

    def data(self, content: bytes | str, name: str = f"{DAY}.csv") -> Path:
        path = self.home / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def pull(self, day: date = DAY, first_day: date | None = None, source: str = "people") -> dict[str, Any]:
        """The one table's result; conservation is asserted on every pull of every test."""
        result = pull(self.settings, day, [source], first_day)
        assert len(result["sources"]) == 1
        entry = result["sources"][0]
        assert result["ok"] == ("error" not in entry)
        if result["ok"]:
            assert entry["rows_in"] == entry["rows_landed"] + entry["rows_rejected"] + entry["rows_unchanged"]
        return entry

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with connect(self.settings) as db:
            return db.query(sql).to_pylist()

    def raw(self, columns: str = "*", table: str = "people__people") -> list[dict[str, Any]]:
        return self.rows(f"select {columns} from raw.{table} order by _origin, _line, _row_key")

    def rejects(self) -> list[dict[str, Any]]:
        return self.rows("select * from raw.rejects order by file, line, reject_id")
