"""YAML -> frozen pydantic object.

Unknown keys are refused, and all mistakes of a file are reported at once, with lines.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import ConfigError
from core.project.texts import text_of

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, ten times as fast, where PyYAML was built with it


class Spec(BaseModel):
    """What every YAML of ours is built on: frozen, and it knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    _file: str = ""

    @property
    def file(self) -> str:
        """The file that it was read from, as errors name it."""
        return self._file


S = TypeVar("S", bound=BaseModel)


def load_spec(path: Path, model: type[S], root: Path | None = None, context: Any = None, **extra: Any) -> S:
    """Read one file. `extra` are fields that do not stand in the file (its stem as `name`); validators are handed the
    `context`, what else the project has.

    Raises ConfigError with one line for each mistake: file:line: key: what is wrong. Known keys.
    """
    label = path.relative_to(root) if root and path.is_relative_to(root) else path
    try:
        node, content, repeated = _read(text_of(path, label=label), str(label))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{label}: not readable as YAML: {error}.") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{label}: expected keys and values, found {type(content).__name__}. {_known_keys(model)}")
    mistakes = [f"{label}:{line}: {key}: stands twice; keep one." for key, line in repeated]
    try:
        spec = model.model_validate({**content, **extra}, context=context)
    except ValidationError as error:
        mistakes += [_mistake(str(label), node, model, e) for e in error.errors()]
    if mistakes:
        raise ConfigError(*mistakes)
    if isinstance(spec, Spec):
        spec._file = str(label)
    return spec


def read_value(text: str, label: str) -> Any:
    """A value that stands in no file, as a file would hold it. Raises ConfigError; `label` says where it stands."""
    _, value, repeated = _read(text, label)
    if repeated:
        raise ConfigError(*(f"{label}: {key}: stands twice; keep one." for key, _ in repeated))
    return value


def _read(text: str, label: str) -> tuple[yaml.Node | None, Any, list[tuple[str, int]]]:
    """As nodes, as values, and the keys that stand twice, with their lines. What libyaml does not take PyYAML's own
    reader is asked again: its words name the character.
    """
    try:
        return _parsed(_Fast(text))
    except (yaml.YAMLError, UnicodeEncodeError, RecursionError):
        pass
    try:
        return _parsed(_Loader(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{label}{line}: not readable as YAML: {getattr(error, 'problem', None) or error}.") from None
    except RecursionError:
        raise ConfigError(f"{label}: not readable as YAML: it is nested too deeply.") from None


def _parsed(loader: Any) -> tuple[yaml.Node | None, Any, list[tuple[str, int]]]:
    node = loader.get_single_node()
    repeated = list(_repeated_keys(node, [], set()))
    return node, loader.construct_document(node) if node else None, repeated


def load_specs(paths: Iterable[Path], load: Callable[[Path], S]) -> dict[str, S]:
    """Load every file with `load`; stem -> spec, sorted. The mistakes of all files come in one ConfigError."""
    specs: dict[str, S] = {}
    mistakes: list[str] = []
    for path in sorted(paths):
        try:
            specs[path.stem] = load(path)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(*mistakes)
    return specs


def _mistake(label: str, node: yaml.Node | None, model: type[BaseModel], error: Any) -> str:
    inner = ("function-", "tagged-", "[key]")  # steps of pydantic's own
    loc = [part for part in error["loc"] if not (isinstance(part, str) and part.startswith(inner))]
    key = ".".join(str(part) for part in loc) or "(the file)"
    hint = f" {_known_keys(model)}" if error["type"] in ("missing", "extra_forbidden") and len(loc) == 1 else ""
    return f"{label}:{_line(node, loc)}: {key}: {error['msg']}.{hint}"


def line_of(path: Path, *loc: str | int) -> int:
    """The line of a key of a file that was read without fault: of a mistake that only another file shows."""
    return _line(_nodes(text_of(path)), list(loc))


@lru_cache(maxsize=8)  # each of a thousand columns of one file is asked for its line
def _nodes(text: str) -> yaml.Node | None:
    node: yaml.Node | None = yaml.compose(text, Loader=_Fast)
    return node


def _line(node: yaml.Node | None, loc: list[str | int]) -> int:
    """The line (1-based) of the deepest part of `loc` that stands in the file."""
    line = node.start_mark.line + 1 if node else 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            pair = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _repeated_keys(
    node: yaml.Node | None, above: list[yaml.Node], visited: set[yaml.Node]
) -> Iterable[tuple[str, int]]:
    """Each part of a file once, however often it is pointed at.

    Raises YAMLError on one that holds itself, and on a key that is no word.
    """
    if node is None or isinstance(node, yaml.ScalarNode):
        return
    if any(node is ancestor for ancestor in above):
        raise _unread("an anchor points at what it stands in", node)
    if node in visited:
        return
    visited.add(node)
    inside = [*above, node]
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _unread("a key is one word", key)
            if key.value in keys:
                yield key.value, key.start_mark.line + 1
            keys.add(key.value)
            yield from _repeated_keys(value, inside, visited)
    else:
        for item in node.value:
            yield from _repeated_keys(item, inside, visited)


class _Lined:
    """A value that is not what it looks like (2026-02-30, !!int x) has its line as well."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)  # type: ignore[misc]
        except (ValueError, AttributeError, TypeError, OverflowError):
            raise _unread(f"the value is no {node.tag.rpartition(':')[2]}", node) from None


class _Loader(_Lined, yaml.SafeLoader): ...


class _Fast(_Lined, LOADER): ...  # type: ignore[misc,valid-type]


def _unread(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _known_keys(model: type[BaseModel]) -> str:
    return f"Known keys: {', '.join(model.model_fields)}."
