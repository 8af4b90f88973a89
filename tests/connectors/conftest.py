"""A little project in a temporary folder: source files, data files, pulls and looks into the warehouse."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support import servers
from support.little_project import DAY, Project

from connectors.kinds.files import place_rows
from connectors.reading import Batch
from connectors.source import Table
from connectors.values.projection import Shape
from connectors.values.projection import project as projection


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
        batches = projection([Batch(("v",), data)], "s", Shape(declared, {}), "GB")
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
