"""A workbench, and who is a household on it."""

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from support.groups import NO_WORDS, OURS, living, sets

from people.groups import households
from people.groups.spec import HouseholdSpec


@pytest.fixture
def bench() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        yield db


@pytest.fixture
def together(bench: duckdb.DuckDBPyConnection) -> Callable[..., set[frozenset[str]]]:
    """Who is a household, of records; those alone left out."""

    def found(*rows: dict[str, Any], spec: HouseholdSpec = OURS, said: pa.Table = NO_WORDS) -> set[frozenset[str]]:
        return {one for one in sets(households.find(bench, spec, living(*rows), said)) if len(one) > 1}

    return found
