"""What keeps a command that moves no data frame from reading in the libraries for them, and for others' screens."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType

FRAMES = frozenset({"pandas"})
SCREENS = frozenset({"rich", "pygments", "tornado"})  # httpx has a command line, tenacity a way to wait in tornado


class _Absent(threading.local):
    """A finder that knows nothing of some modules, in a thread that says so and while it says so."""

    names: frozenset[str] = frozenset()

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in self.names:
            raise ImportError(name)
        return None


_absent = _Absent()


def spare_pandas() -> None:
    """Have pyarrow and DuckDB take pandas for absent. pyarrow would read it in, a third of a second, at the first list
    that becomes an array, and DuckDB at the first parameter, to see whether that is one of its values.

    For processes that never make a data frame, and before they make an array: where pandas is there already nothing
    is done. `to_pandas` asks anew and finds it, as does whoever imports it. What httpx and tenacity would read in of
    SCREENS, a tenth of a second, is spared too.
    """
    if "pandas" in sys.modules or _absent in sys.meta_path:
        return
    sys.meta_path.insert(0, _absent)
    with _without(SCREENS):
        import httpx  # noqa: F401
        import tenacity  # noqa: F401
    import pyarrow as pa

    with without_pandas():
        pa.array([""])


@contextmanager
def without_pandas() -> Iterator[None]:
    """Of a call into an engine that would look for pandas: it finds none, where the process spares it."""
    with _without(FRAMES):
        yield


@contextmanager
def _without(names: frozenset[str]) -> Iterator[None]:
    before, _absent.names = _absent.names, names
    try:
        yield
    finally:
        _absent.names = before
