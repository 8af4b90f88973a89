"""The names that are taken: the columns of our entities, marts and profiles, by the files that say them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.project.files import found, shown
from core.project.texts import text_of
from core.settings import Settings
from core.specs import LOADER

ENTITY = re.compile(r"'(\w+)': \{\n(.*?)\n        \}", re.DOTALL)  # as macros/entities.sql writes them
COLUMN = re.compile(r"'(\w+)': (\w+)")
LETTERS = {"t": "text", "i": "integer", "n": "money", "b": "boolean", "ts": "timestamp", "d": "date"}
# What models call a column on the way, beside all columns of an entity.
ON_THE_WAY = frozenset(
    """as_of_day buyer_id first_day first_first first_seen_day instant_state instant_state_before is_believed is_change
    is_newest is_refused kind kinds known_on last_left lead_created_at lifecycle_rank local_at newest_first oldest_first
    place pulled_day state state_before""".split()  # noqa: SIM905 - readable as words
)


@dataclass(frozen=True)
class Ours:
    """entities   entity -> its columns, with their types
    marts         entity -> every column of its mart; of people, that the golden record makes
    person        columns of marts.profiles and marts.features__person, and who says so
    """

    entities: dict[str, dict[str, str]]
    marts: dict[str, set[str]]
    person: dict[str, str]

    def taken(self, entity: str, column: str) -> bool:
        names = self.entities.get(entity, {}).keys() | self.marts.get(entity, set())
        return column in names | ON_THE_WAY | {"person_id", "_source", "_day"}

    def moments(self, entity: str) -> set[str]:
        """The entity's own columns that are a day or an instant."""
        return {name for name, kind in self.entities.get(entity, {}).items() if kind in ("timestamp", "date")}


def find_ours(settings: Settings) -> Ours:
    """Of a project that holds only some of our models, the names of those."""
    project, entities = settings.root / "dbt_project", entities_of(settings)
    marts = dict(_columns(project / "models/marts/customers"))
    person = {
        c: "marts.features__person" for _, columns in _columns(project / "models/marts/features") for c in columns
    }
    of_people = dict(_columns(project / "models/intermediate/people"))
    marts["people"] = of_people.get("int_people__golden", set())
    person |= dict.fromkeys(of_people.get("int_people__profiled", set()), "marts.profiles")
    for model, paths in found(settings, "models").items():
        person |= dict.fromkeys((model, f"{model}_decile"), shown(settings, paths[0]))
    return Ours(entities, marts, person)


def entities_of(settings: Settings) -> dict[str, dict[str, str]]:
    """Entity -> its own columns, with their types."""
    contract = settings.root / "dbt_project/macros/entities.sql"
    text = text_of(contract) if contract.is_file() else ""
    return {name: {c: LETTERS[t] for c, t in COLUMN.findall(body)} for name, body in ENTITY.findall(text)}


def _columns(folder: Path) -> Iterator[tuple[str, set[str]]]:
    """Each model that the folder's YAML describes, with its columns."""
    for path in sorted(folder.glob("*.yml")):
        content: dict[str, Any] = yaml.load(text_of(path), Loader=LOADER) or {}
        for model in content.get("models", []):
            yield model["name"], {column["name"] for column in model.get("columns", [])}
