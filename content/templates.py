"""The words of a message: Liquid templates, inline in a sync's options or in `content/words/`, compiled and checked
when the sync is opened.

Variables are the sync's fields. Text is left as it is; in HTML every value is escaped. A variable without a value is an
error of that row and no blank in a message: `{{ first_name | default: 'there' }}` says what to write instead, `{% if
first_name %}` may ask. A variable that the sync does not map stops the sync.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import liquid
import pyarrow as pa
from liquid.exceptions import LiquidError, TemplateNotFoundError, UndefinedError
from liquid.span import Span

from core.errors import ConfigError, FatalError, RecordError
from core.project.files import clash, folders
from core.project.texts import text_of
from core.settings import Settings
from core.specs import Spec

FOLDER = "content/words"


class Batch(Protocol):
    """What a channel is handed: the people of one call, and their fields."""

    @property
    def sync(self) -> str: ...
    @property
    def removes(self) -> bool: ...
    @property
    def keys(self) -> pa.Array: ...
    @property
    def fields(self) -> pa.Table: ...
    def records(self) -> Iterable[dict[str, Any]]: ...


class FromFile(Spec):
    template: str  # content/words/<name>


Words = str | FromFile  # what an option that takes a template may be


class _Loader(liquid.FileSystemLoader):
    """Liquid's own, with our reader: what is no plain file of a template's size is refused."""

    def _read(self, source_path: Path) -> tuple[str, float]:
        return text_of(source_path, label=f"{FOLDER}/{source_path.name}"), source_path.stat().st_mtime


class _Environment(liquid.Environment):
    loop_iteration_limit = 10_000  # a template is written by people: a slip in it must not hang a night
    output_stream_limit = 2_000_000  # bytes; Gmail clips at 102 kB

    def __init__(self, folders: Sequence[Path], autoescape: bool) -> None:
        self.folders = folders
        loader = _Loader(folders)
        super().__init__(undefined=liquid.FalsyStrictUndefined, loader=loader, autoescape=autoescape)

    def label(self, source: object, name: str) -> str:
        """How an error calls a template: Liquid has a file's whole path, or its name under the folder, or an option's
        name.
        """
        for folder in self.folders:
            path = folder / str(source or name).removeprefix(f"{FOLDER}/")
            if path.is_file() and path.is_relative_to(folder):
                return f"{FOLDER}/{path.relative_to(folder)}"
        return name

    def file(self, name: str) -> Path:
        """The file that the loader takes for a name under the folder."""
        return next((path for folder in self.folders if (path := folder / name).is_file()), self.folders[0] / name)

    def place(self, name: str, error: LiquidError) -> str:
        """file:line, of the included template where the mistake stands there."""
        label, token = self.label(error.template_name, name), error.token
        if token is None:
            return label
        if token.start_index >= 0:
            return f"{label}:{_line(token.source, token.start_index)}"
        path = self.file(label.removeprefix(f"{FOLDER}/"))  # something is not closed: it shows at the file's end
        return f"{label}:{len(text_of(path).splitlines())}" if path.is_file() else label


@dataclass(frozen=True)
class Template:
    name: str  # its file, or the option it stands in
    variables: frozenset[str]  # what it asks for, included templates counted
    compiled: liquid.BoundTemplate = field(repr=False)
    environment: _Environment = field(repr=False)

    def render(self, values: Mapping[str, Any]) -> str:
        """Raises RecordError, with the template's name and line and no value, where it cannot be written for this
        person.
        """
        try:
            return self.compiled.render(values)
        except UndefinedError as error:
            raise RecordError(f"{self.environment.place(self.name, error)}: {_variable(error)} is empty") from None
        except LiquidError as error:
            raise RecordError(
                f"{self.environment.place(self.name, error)}: cannot be rendered ({type(error).__name__})"
            ) from None

    def bare(self, constants: Mapping[str, Any]) -> str:
        """What stands there for a person of whom nothing is known; '' where it cannot be said."""
        try:
            return self.compiled.render({**dict.fromkeys(self.variables), **constants})
        except LiquidError:
            return ""


@dataclass(frozen=True)
class Content:
    """A message's parts, e.g. subject, text and html."""

    parts: Mapping[str, Template]
    may_be_blank: frozenset[str] = frozenset()

    def render(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Every part, for one person. Raises RecordError where one cannot be written, or is blank and must not be."""
        present = {name: value for name, value in values.items() if value is not None}
        texts = {part: template.render(present) for part, template in self.parts.items()}
        for part, text in texts.items():
            if not text.strip() and part not in self.may_be_blank:
                raise RecordError(f"{self.parts[part].name}: the {part} is empty")
        return texts

    def only(self, batch: Batch, constants: Collection[str] = ()) -> tuple[str, dict[str, Any]]:
        """`rows` for a channel whose batches are of one: (key, values)."""
        (row,) = self.rows(batch, constants)
        return row

    def rows(self, batch: Batch, constants: Collection[str] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
        """(key, values) of each change. `constants`: variables that the channel itself adds to the fields.

        Raises FatalError where a template asks for what the sync does not map, and for a removal: a message cannot be
        taken back.
        """
        if batch.removes:
            raise FatalError(f"{batch.sync}: a message cannot be taken back. Use mode add_only or append.")
        mapped = {*batch.fields.column_names, *constants}
        unmapped = [f"{t.name}: {v}" for t in self.parts.values() for v in sorted(t.variables - mapped)]
        if unmapped:
            raise FatalError(f"{batch.sync}: {', '.join(unmapped)} is no field of the sync. Map it under `fields:`.")
        return zip(batch.keys.to_pylist(), batch.records(), strict=True)


def compiled(
    settings: Settings,
    channel: str,
    words: Mapping[str, Words | None],
    html: Iterable[str] = (),
    may_be_blank: Iterable[str] = (),
) -> Content:
    """The parts that are given. `html`: those whose values are escaped.

    Raises ConfigError with every mistake of every part.
    """
    places = _places(settings)
    plain, escaping = _Environment(places, autoescape=False), _Environment(places, autoescape=True)
    parts, mistakes = {}, []
    for part, source in words.items():
        if source is None:
            continue
        try:
            parts[part] = _template(escaping if part in html else plain, f"{channel} options.{part}", source)
        except ConfigError as error:
            mistakes += error.mistakes
    if mistakes:
        raise ConfigError(*mistakes, code="FL414")
    return Content(parts, frozenset(may_be_blank))


def _places(settings: Settings) -> list[Path]:
    """Where templates lie, ours and the company's own. Raises ConfigError where one stands in both."""
    places = [place.resolve() for place in folders(settings, "words")] or [(settings.root / FOLDER).resolve()]
    names = [{path.relative_to(place) for path in place.rglob("*") if path.is_file()} for place in places]
    twice = sorted(set.intersection(*names)) if len(places) > 1 else []
    if twice:
        raise ConfigError(*(clash(settings, [place / name for place in places]) for name in twice), code="FL414")
    return places


def _template(environment: _Environment, option: str, words: Words) -> Template:
    name = words.template if isinstance(words, FromFile) else option
    try:
        if isinstance(words, FromFile):
            template = environment.get_template(_short(option, name))
        else:
            template = environment.from_string(words, name=name)
        analysis = template.analyze()
    except LiquidError as error:
        raise ConfigError(f"{environment.place(name, error)}: {_complaint(error)}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: not readable ({type(error).__name__}).") from None
    unknown = [(f, spans[0]) for f, spans in sorted(analysis.filters.items()) if f not in environment.filters]
    if unknown:
        raise ConfigError(*(f"{_spot(environment, name, words, s)}: no filter {f!r} in Liquid." for f, s in unknown))
    return Template(name, frozenset(analysis.globals), template, environment)


def _short(option: str, name: str) -> str:
    """The name as the loader knows it, which looks into the folder and never out of it."""
    if not name.startswith(f"{FOLDER}/"):
        raise ConfigError(f"{option}: {name!r} is not under {FOLDER}/. Write `template: {FOLDER}/<name>`.")
    return name.removeprefix(f"{FOLDER}/")


def _spot(environment: _Environment, name: str, words: Words, span: Span) -> str:
    if span.template_name == name and isinstance(words, str):
        return f"{name}:{_line(words, span.index)}"
    source = text_of(environment.file(span.template_name))
    return f"{environment.label(span.template_name, name)}:{_line(source, span.index)}"


def _line(source: str, index: int) -> int:
    return source.count("\n", 0, index) + 1


def _complaint(error: LiquidError) -> str:
    if isinstance(error, TemplateNotFoundError):
        return f"there is no template {error.message!r}" if error.token else "there is no such template"
    return str(error.message)


def _variable(error: UndefinedError) -> str:
    quoted = re.search(r"'([^']*)'", str(error.message))
    return quoted.group(1) if quoted else "a variable"
