"""What keeps a command that moves no data frame from reading in the libraries for them."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Absent:
    """A finder that knows of no pandas."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name == "pandas":
            raise ImportError(name)
        return None


def spare_pandas() -> None:
    """Have pyarrow take pandas for absent. It would read it in, a third of a second, at the first list that becomes an
    array, to see whether the list is one of its series.

    For processes that never make a data frame, and before they make an array: where pandas is there already nothing
    is done. `to_pandas` asks anew and finds it.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    sys.meta_path.insert(0, _Absent)
    try:
        pa.array([""])
    finally:
        sys.meta_path.remove(_Absent)
