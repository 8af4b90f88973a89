"""`choices`: a connector chosen in a little project of the test's own, beside its vendor's fake."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from support.sources.chosen import Choices


@pytest.fixture
def choices(project: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Choices]:
    with ExitStack() as stack:
        yield Choices(project, monkeypatch, stack)
