"""Which columns of a mart are sensitive, by the files alone. Every command that reads syncs asks: so little is read."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from core.extras.declared import readable
from core.extras.person import columns_of
from core.governance.classes import SENSITIVE
from core.governance.declared import PROFILED
from core.project.files import found
from core.project.texts import text_or_nothing
from core.settings import Settings
from core.specs import LOADER

KINDS = {"segment": "segments", "feed": "feeds"}


class Sensitive:
    """For one look at the files; the classes of a file that has not changed are kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def of(self, mart: str) -> frozenset[str]:
        """The sensitive columns of marts.<mart>. Of a segment or feed whose own file gives a column no class, that of
        profiles' column of the same name.
        """
        kind = KINDS.get(mart.partition("__")[0], "")
        if mart == "profiles" or not kind:
            return self._of_profiles
        paths = found(self.settings, kind).get(mart, [])
        own = {name: c for path in paths for name, c in classes_of(path.with_suffix(".yml"), mart).items() if c}
        inherited = dict.fromkeys(self._of_profiles, SENSITIVE)
        return frozenset(name for name, data_class in {**inherited, **own}.items() if data_class == SENSITIVE)

    @cached_property
    def _of_profiles(self) -> frozenset[str]:
        classes = dict(classes_of(self.settings.root / PROFILED, "int_people__profiled"))
        for one in readable(self.settings):
            classes |= {column["name"]: column["data_class"] for column in columns_of(one)}
        return frozenset(name for name, data_class in classes.items() if data_class == SENSITIVE)


def classes_of(path: Path, model: str) -> Mapping[str, str]:
    """Column -> its data class, '' where the file says none; {} where it cannot be read, which dbt tells."""
    try:
        state = path.stat()
    except OSError:
        return {}
    return _classes(path, model, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _classes(path: Path, model: str, *_: int) -> Mapping[str, str]:
    try:
        content = yaml.load(text_or_nothing(path), Loader=LOADER)
        (described,) = [one for one in content["models"] if one["name"] == model]
        return {column["name"]: _class_of(column) for column in described["columns"]}
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _class_of(column: dict[str, Any]) -> str:
    return str(((column.get("config") or {}).get("meta") or {}).get("data_class") or "")
