"""What the YAML of the marts says of each table and column, read as it stands, without dbt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from core.governance.classes import Retention
from core.project.files import KINDS, MARTS, folder_of, shown
from core.project.texts import text_or_nothing
from core.settings import Settings
from core.specs import LOADER, line_of

OWN_KINDS = ("segments", "feeds", "labels")  # of marts that a company may have in a folder of its own
PROFILED = "dbt_project/models/intermediate/people/_profiled.yml"  # profiles is this table with the scores beside it
UNSAID = Retention("")
Meta = dict[str, str]


@dataclass(frozen=True)
class Column:
    """Governance of one column; '' where nobody says it. `place` is file:line."""

    name: str
    description: str = ""
    data_type: str = ""
    data_class: str = ""
    owner: str = ""
    purpose: str = ""
    retention: Retention = UNSAID
    place: str = ""

    def owned_as(self, mart: "Mart") -> "Column":
        """As the mart is, where the column says nothing itself."""
        retention = self.retention if self.retention.text else mart.retention
        return replace(self, owner=self.owner or mart.owner, purpose=self.purpose or mart.purpose, retention=retention)


@dataclass(frozen=True)
class Mart:
    """A table of marts. retention_by   the column whose date the age of a row is counted from"""

    name: str
    description: str = ""
    owner: str = ""
    purpose: str = ""
    retention: Retention = UNSAID
    retention_by: str = ""
    place: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)

    def with_columns(self, columns: Mapping[str, Column]) -> "Mart":
        """Further columns, which what the mart's own file says outweighs."""
        return replace(self, columns={name: c.owned_as(self) for name, c in {**columns, **self.columns}.items()})


def read_marts(settings: Settings) -> dict[str, Mart]:
    """Each mart that a YAML file describes, by its name. What cannot be read is left to dbt, which says so."""
    defaults = _folder_defaults(settings)
    marts = {}
    for path, folder in _paths(settings):
        for mart in _of_file(settings, path, defaults.get(folder, {})):
            marts[mart.name] = mart.with_columns({})
    profiled = settings.root / PROFILED
    if "profiles" in marts and profiled.is_file():
        (described,) = _of_file(settings, profiled, {})
        marts["profiles"] = marts["profiles"].with_columns(described.columns)
    return marts


def _paths(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Each file, and the folder of marts from which it takes its settings."""
    marts = settings.root / MARTS
    yield from ((path, path.relative_to(marts).parts[0]) for path in sorted(marts.rglob("*.yml")))
    if own := folder_of(settings):
        for kind in OWN_KINDS:
            folder = Path(KINDS[kind].ours).name
            yield from ((path, folder) for path in sorted((own / KINDS[kind].own).rglob("*.yml")))


def _folder_defaults(settings: Settings) -> dict[str, Meta]:
    """What dbt_project.yml says of all marts of a folder: folder -> meta."""
    content = _read(settings.root / "dbt_project/dbt_project.yml")
    for key in ("models", "fairlead", "marts"):
        content = _dictionary(content.get(key))
    return {name: _words(given.get("+meta")) for name, given in content.items() if isinstance(given, dict)}


def _of_file(settings: Settings, path: Path, defaults: Meta) -> Iterator[Mart]:
    label = shown(settings, path)
    for number, model in enumerate(_list(_read(path).get("models"))):
        if "name" in model:
            meta = {**defaults, **_meta(model)}
            columns = [
                _column(column, f"{label}:{line_of(path, 'models', number, 'columns', index)}")
                for index, column in enumerate(_list(model.get("columns")))
            ]
            yield Mart(
                str(model["name"]), _text(model), meta.get("owner", ""), meta.get("purpose", ""),
                Retention(meta.get("retention", "")), meta.get("retention_by", ""),
                f"{label}:{line_of(path, 'models', number)}", {column.name: column for column in columns},
            )  # fmt: skip


def _column(column: dict[str, Any], place: str) -> Column:
    meta = _meta(column)
    return Column(
        str(column.get("name", "")), _text(column), str(column.get("data_type", "")), meta.get("data_class", ""),
        meta.get("owner", ""), meta.get("purpose", ""), Retention(meta.get("retention", "")), place,
    )  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    try:
        return _dictionary(yaml.load(text_or_nothing(path), Loader=LOADER))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [_dictionary(item) for item in value] if isinstance(value, list) else []


def _text(node: dict[str, Any]) -> str:
    return " ".join(str(node.get("description") or "").split())


def _meta(node: dict[str, Any]) -> Meta:
    return _words(_dictionary(node.get("config")).get("meta"))


def _words(meta: Any) -> Meta:
    return {key: str(value) for key, value in _dictionary(meta).items() if value is not None}
