"""What keeps a command that moves no data frame from reading in the libraries for them."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Absent(threading.local):
    """A finder that knows of no pandas, in a thread that says so and while it says so."""

    asked_by_engine = False

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if self.asked_by_engine and name == "pandas":
            raise ImportError(name)
        return None


_absent = _Absent()


def spare_pandas() -> None:
    """Have pyarrow and DuckDB take pandas for absent. pyarrow would read it in, a third of a second, at the first list
    that becomes an array, and DuckDB at the first parameter, to see whether that is one of its values.

    For processes that never make a data frame, and before they make an array: where pandas is there already nothing
    is done. `to_pandas` asks anew and finds it, as does whoever imports it.
    """
    if "pandas" in sys.modules or _absent in sys.meta_path:
        return
    import pyarrow as pa

    sys.meta_path.insert(0, _absent)
    with without_pandas():
        pa.array([""])


@contextmanager
def without_pandas() -> Iterator[None]:
    """Of a call into an engine that would look for pandas: it finds none, where the process spares it."""
    before, _absent.asked_by_engine = _absent.asked_by_engine, True
    try:
        yield
    finally:
        _absent.asked_by_engine = before
