"""One dbt model's file as SQL, without starting dbt, which takes three seconds: for an analyst who edits a segment.

The macros are dbt's own and the project's, read from their files and called as dbt calls them: `return` ends one,
dispatch looks for the engine's before the default's. What needs more of dbt raises NeedsDbtError; that all else comes
out as dbt compiles it is tested over every model of the project (tests/segments/test_preview.py).
"""

import datetime
import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import yaml

from core.build import dbt_environment, scan
from core.errors import ConfigError
from core.project.files import folders
from core.project.texts import text_of
from core.settings import Settings
from core.warehouse import Warehouse

MACRO = re.compile(r"\{%-?\s*macro\s+(?P<name>\w+)\s*\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
LIBRARY = ("global_project", "postgres", "duckdb")  # of dbt; those of the engine that is used stand before the first
ENGINE_MACROS = "macros/utils"
BUILT = "marts", "intermediate", "staging"  # the schemas that dbt writes
TYPES = {"string": "TEXT", "integer": "INT"}  # dbt's own words -> an engine's; others are written large
OURS = "rendered_"  # before a macro's name: Jinja gives out none that begins with _


class NeedsDbtError(Exception):
    """The file asks for something that dbt alone has."""


class _ReturnError(Exception):
    """How dbt's `return` leaves a macro."""

    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(frozen=True)
class Relation:
    """A table as SQL names it."""

    schema: str
    identifier: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.identifier}" if self.schema else self.identifier


class Renderer:
    """Renders models of the settings' project as of a day.

    instead   name of a model, or `source.table` -> the table that stands in its place, e.g. a temporary one
    """

    def __init__(self, settings: Settings, db: Warehouse, day: date, instead: Mapping[str, str] | None = None) -> None:
        self._db, self._instead = db, dict(instead or {})
        self._engine = settings.warehouse.engine
        self._jinja = jinja2.Environment(
            undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"]
        )
        self._macros = _macros(folders(settings, "macros"), self._engine)
        self._variables = _declared_variables(settings) | scan(settings)
        self._environment = dbt_environment(settings, day)
        self._schemas, self._called = _schemas(db), dict[str, Callable[..., Any]]()
        self._context = self._functions() | {name: self._caller(name) for name in self._macros}

    def render(self, path: Path, shown: str) -> str:
        """The SQL of one file.

        Raises NeedsDbtError, and ConfigError with the line where the file is no Jinja.
        """
        try:
            return self._jinja.from_string(text_of(path)).render(self._context).strip()
        except jinja2.TemplateSyntaxError as error:
            raise ConfigError(f"{shown} line {error.lineno}: {error.message}.") from None
        except _CompilerError as error:
            raise ConfigError(f"{shown}: {error}") from None
        except (jinja2.TemplateError, TypeError, AttributeError, KeyError) as error:
            raise NeedsDbtError(str(error)) from error

    def _functions(self) -> dict[str, Any]:
        target = {"type": self._engine, "schema": "main", "name": self._engine}
        return {
            "ref": self._ref, "source": self._source, "var": self._variable, "env_var": self._environment_variable,
            "config": lambda *_, **__: "", "return": _return, "execute": True, "target": target, "this": None,
            "is_incremental": lambda: False, "modules": {"re": re, "datetime": datetime}, "adapter": _Adapter(self),
            "dbt": _Namespace(self), "exceptions": _Exceptions, "log": lambda *_, **__: "",
            "flags": SimpleNamespace(FULL_REFRESH=False), "load_relation": self._standing,
            "load_cached_relation": self._standing, "api": SimpleNamespace(Column=_Column, Relation=_Relations),
        }  # fmt: skip

    def _caller(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if name not in self._called:
                text = re.sub(rf"macro\s+{name}\b", f"macro {OURS}{name}", self._macros[name], count=1)
                self._called[name] = getattr(self._jinja.from_string(text).make_module(self._context), OURS + name)
            try:
                return self._called[name](*args, **kwargs)
            except _ReturnError as end:
                return end.value

        return call

    def macro(self, name: str) -> Callable[..., Any]:
        """Raises NeedsDbtError where no file has it."""
        if name not in self._macros:
            raise NeedsDbtError(f"no macro {name}")
        caller: Callable[..., Any] = self._context[name]
        return caller

    def dispatched(self, name: str) -> Callable[..., Any]:
        """The engine's macro of that name, else the default's."""
        own = f"{self._engine}__{name}"
        return self.macro(own if own in self._macros else f"default__{name}")

    def columns(self, relation: Relation) -> list[Any]:
        """As the engine has them, with `name` and `data_type`."""
        return [_Column(name, kind) for name, kind in self._db.columns(str(relation)).items()]

    def _ref(self, name: str, *more: str) -> Relation:
        if more:
            raise NeedsDbtError("a model of another package")
        if name in self._instead:
            return Relation("", self._instead[name])
        if name not in self._schemas:
            raise ConfigError(f"{name} was not built, or no file has it: `fairlead build`.")
        return Relation(self._schemas[name], name)

    def _standing(self, relation: "Relation") -> "Relation | None":
        return relation if self._db.exists(str(relation)) else None

    def _source(self, source: str, table: str) -> Relation:
        instead = self._instead.get(f"{source}.{table}")
        return Relation("", instead) if instead else Relation(source, table)

    def _variable(self, name: str, default: Any = None) -> Any:
        if name not in self._variables and default is None:
            raise _CompilerError(f"no variable {name!r}")
        return self._variables.get(name, default)

    def _environment_variable(self, name: str, default: str | None = None) -> str:
        if name not in self._environment and default is None:
            raise _CompilerError(f"no environment variable {name!r}")
        return self._environment.get(name, default or "")


@dataclass(frozen=True)
class _Column:
    name: str
    data_type: str

    @staticmethod
    def translate_type(word: str) -> str:
        return TYPES.get(word.lower(), word)


class _Relations:
    @staticmethod
    def create(database: str | None = None, schema: str = "", identifier: str = "") -> Relation:
        return Relation(schema, identifier)


class _Adapter:
    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def dispatch(self, name: str, *_: Any, **__: Any) -> Callable[..., Any]:
        return self._renderer.dispatched(name)

    def get_columns_in_relation(self, relation: Relation) -> list[Any]:
        return self._renderer.columns(relation)

    @staticmethod
    def quote(name: str) -> str:
        return f'"{name}"'


class _Namespace:
    """`dbt.dateadd(…)`."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._renderer.macro(name)


class _CompilerError(Exception):
    """What the project's own macros refuse, in their words."""


class _Exceptions:
    @staticmethod
    def raise_compiler_error(text: str) -> None:
        raise _CompilerError(text)


def _return(value: Any = None) -> None:
    raise _ReturnError(value)


def _macros(own: Sequence[Path], engine: str) -> dict[str, str]:
    """Name -> text; the project's stand before the engine's, and those before the default's."""
    spec = importlib.util.find_spec("dbt.include.global_project")
    if spec is None or not spec.submodule_search_locations:
        raise NeedsDbtError("dbt's own macros")
    library = Path(next(iter(spec.submodule_search_locations))).parent
    of_dbt = [library / part / ENGINE_MACROS for part in LIBRARY if part in ("global_project", engine)]
    return {
        found["name"]: found.group()
        for folder in [*of_dbt, *own]
        for path in sorted(folder.rglob("*.sql"))
        for found in MACRO.finditer(COMMENT.sub("", text_of(path)))
    }


def _declared_variables(settings: Settings) -> dict[str, Any]:
    file = settings.root / "dbt_project/dbt_project.yml"
    declared: dict[str, Any] = yaml.safe_load(text_of(file)).get("vars") or {}
    return declared


def _schemas(db: Warehouse) -> dict[str, str]:
    """Model or seed -> its schema, of what stands in the warehouse."""
    listed = ", ".join(f"'{schema}'" for schema in BUILT)
    rows = db.query(f"select table_name, table_schema from information_schema.tables where table_schema in ({listed})")
    return {row["table_name"]: row["table_schema"] for row in rows.to_pylist()}
