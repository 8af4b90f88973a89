"""A little project in a temporary folder: source files, data files, pulls and looks into the warehouse."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support import servers

from connectors.kinds.files import place_rows
from connectors.pull import pull
from connectors.reading import Batch
from connectors.source import Table
from connectors.values.projection import Shape
from connectors.values.projection import project as projection
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
        return self.rows(f"select {columns} from raw.{table} order by _file, _line, _row_id")

    def rejects(self) -> list[dict[str, Any]]:
        return self.rows("select * from raw.rejects order by file, line, reject_id")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def generic() -> Callable[..., str]:
    """A source file of text columns for any header: `generic(["a", "b"], format="csv")`."""

    def make(columns: list[str], name: str = "{day}.csv", share: float = 1, **more: Any) -> str:
        options = "".join(f"    {k}: {v}\n" for k, v in more.items())
        column_lines = "".join(f"      c{i}: {{type: text, from: {column!r}}}\n" for i, column in enumerate(columns))
        return (
            'description: Any file\ndefaults: {path: "{home}/in"}\ntables:\n  people:\n    kind: files\n'
            f'    pattern: "{name}"\n    max_reject_share: {share}\n{options}    columns:\n{column_lines}'
        )

    return make


Landed = Callable[..., list[tuple[Any, str | None]]]


@pytest.fixture(scope="session")
def landed() -> Landed:
    """`landed("date", ["1990-02-28", …])`: value and reason of each, by the projection that every pull runs."""

    def read(column: Any, values: list[str] | pa.Array, **table: Any) -> list[tuple[Any, str | None]]:
        declared = Table.model_validate({"kind": "files", "pattern": "x.csv", "columns": {"v": column}, **table})
        array = values if isinstance(values, pa.Array) else pa.array(values, pa.string())
        nothing = pa.nulls(len(array), pa.string())
        data = place_rows([array], np.arange(1, len(array) + 1), "x", DAY, nothing, nothing)
        batches = projection([Batch(("v",), data)], "s", Shape(declared, {}), 0, "GB")
        return [
            pair
            for batch in batches
            for pair in zip(batch.column("v").to_pylist(), batch.column("_bad_reason").to_pylist(), strict=True)
        ]

    return read


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """The URL of a MariaDB's database, started once a session."""
    with servers.mariadb() as port:
        yield f"mariadb://fairlead:secret@127.0.0.1:{port}/shop"
