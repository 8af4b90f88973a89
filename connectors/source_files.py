"""The files in connectors/sources/: found, loaded, and every mistake said with its line."""

import ast
import importlib.util
from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from connectors.column import NAME
from connectors.source import Source
from core.errors import ConfigError
from core.project.files import base, clash, found, shown
from core.project.texts import bytes_of, refuse_odd
from core.settings import Settings
from core.specs import load_spec
from core.unexpected import line_of, words


def find_sources(settings: Settings) -> dict[str, Source]:
    """Every source file of the project by its stem. Raises ConfigError with the mistakes of all files."""
    sources, mistakes = readable_sources(settings)
    if mistakes:
        raise ConfigError(*(mistake for of_file in mistakes.values() for mistake in of_file))
    return sources


def readable_sources(
    settings: Settings, names: Collection[str] | None = None
) -> tuple[dict[str, Source], dict[str, list[str]]]:
    """The sources whose files are in order, or those named of them; and of each other name its mistakes.

    For what one broken file must not hold up: the opt-outs of the other sources.
    """
    sources: dict[str, Source] = {}
    mistakes: dict[str, list[str]] = {}
    for name, paths in source_paths(settings).items():
        if names and name not in names:
            continue
        try:
            if len(paths) > 1:
                raise ConfigError(_twice(settings, name, paths))
            sources[name] = _load(paths[0], base(settings, paths[0]))
        except ConfigError as error:
            mistakes[name] = error.mistakes
        except Exception as error:  # whatever a file does to its reader, it is that file's fault
            mistakes[name] = [f"{shown(settings, paths[0])}: {words(error)}."]
    return sources, mistakes


def source_paths(settings: Settings) -> dict[str, list[Path]]:
    """The files of each name, ours and a company's own, without reading any."""
    return found(settings, "sources")


def _twice(settings: Settings, name: str, paths: list[Path]) -> str:
    if len({path.parent for path in paths}) > 1:
        return clash(settings, paths)
    return f"{Path(shown(settings, paths[0])).parent}: {name} stands as .yml and as .py; keep one."


def _load(path: Path, root: Path) -> Source:
    if not NAME.match(path.stem) or "__" in path.stem:
        raise ConfigError(f"{path.relative_to(root)}: a source's file name is snake_case without a double underscore.")
    if path.suffix == ".yml":
        return load_spec(path, Source, root, name=path.stem)
    refuse_odd(path, path.relative_to(root))
    module_spec = importlib.util.spec_from_file_location(f"fairlead_source_{path.stem}", path)
    if module_spec is None or module_spec.loader is None:
        raise ConfigError(f"{path.relative_to(root)}: not importable.")
    module = importlib.util.module_from_spec(module_spec)
    try:
        module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{path.relative_to(root)}:{line_of(error, path)}: {words(error)}") from error
    source = getattr(module, "SOURCE", None)
    if isinstance(source, dict):
        if source.keys() & {"extra", "events"}:
            line = _line_of_source(path)
            text = f"extra and events are read from .yml alone; write {path.stem}.yml."
            raise ConfigError(f"{path.relative_to(root)}:{line}: SOURCE: {text}")
        try:
            source = Source.model_validate({**source, "name": path.stem})
        except ValidationError as error:
            line = _line_of_source(path)
            raise ConfigError(
                *(
                    f"{path.relative_to(root)}:{line}: SOURCE: {'.'.join(map(str, e['loc']))}: {e['msg']}"
                    for e in error.errors()
                )
            ) from None
    if not isinstance(source, Source):
        raise ConfigError(f"{path.relative_to(root)}: expose SOURCE, a connectors.source.Source.")
    return source


def _line_of_source(path: Path) -> int:
    """The line where SOURCE is given its value."""
    for statement in ast.parse(bytes_of(path)).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
        if any(isinstance(target, ast.Name) and target.id == "SOURCE" for target in targets):
            return statement.lineno
    return 1
