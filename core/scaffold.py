"""`fairlead new …`: writes the files of a new thing, ready to run, and never over one that is there."""

import re
from typing import Any

from core.errors import ConfigError
from core.project.arrival import arrive
from core.project.files import placed, shown
from core.settings import Settings

NAME = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
NAMED = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)  # two letters; so the macro is_named asks it of the model, too


def checked_name(name: str) -> str:
    """The stem is the key everywhere: a table, a task, a command.

    Raises ConfigError where it cannot be all of these.
    """
    if not NAME.match(name) or len(name) > 40:
        raise ConfigError(
            f"{name!r} cannot be a name. Use lower-case words joined by single underscores, at most 40 characters."
        )
    return name


def checked_confirmer(confirmed_by: str | None) -> str:
    """Who has read the forms on which people agreed, '' where nobody has. Raises ConfigError where it is no name."""
    if confirmed_by is not None and not NAMED.search(confirmed_by):
        raise ConfigError(
            "--confirmed-by holds no name. Write who has read the forms on which people agreed, in letters, or leave "
            "it out: then a yes does not count yet."
        )
    return (confirmed_by or "").strip()


def write_new(settings: Settings, files: dict[str, str]) -> dict[str, Any]:
    """Write all of `files` (path in the project -> text) or none, whatever happens meanwhile and where one exists
    already: into the company's own folder, where there is one. {ok, files}.
    """
    paths = {placed(settings, name): text for name, text in files.items()}
    existing = [path for path in (*paths, *(settings.root / name for name in files)) if path.exists()]
    if existing:
        names = ", ".join(dict.fromkeys(shown(settings, path) for path in existing))
        raise ConfigError(f"{names} is there already. Take another name, or edit it.")
    arrive(settings, paths)
    return {"ok": True, "files": [shown(settings, path) for path in paths]}


def new_segment(settings: Settings, name: str) -> dict[str, Any]:
    """A segment's SQL and its YAML twin."""
    stem = f"dbt_project/models/marts/segments/segment__{checked_name(name)}"
    sql = f"""-- segment__{name}.sql: say in one line who is in it, and why they matter
select
    person_id,
    lifetime_orders,          -- columns beside person_id are kept as the values that decided
    days_since_last_order
from {{{{ ref('profiles') }}}}
where
    lifetime_orders >= 1
    and days_since_last_order <= 30
"""
    twin = f"""models:
  - name: segment__{name}
    description: One row a person who … . Grain person_id.
    config: {{meta: {{owner: lifecycle, purpose: marketing, retention: rebuilt, review_by: 2027-06-01}}}}
    columns:
      - name: person_id
        config: {{meta: {{data_class: identifier}}}}
        description: The person, resolved.
        data_tests: [unique, not_null]
      - name: lifetime_orders
        config: {{meta: {{data_class: derived}}}}
      - name: days_since_last_order
        config: {{meta: {{data_class: derived}}}}
"""
    return write_new(settings, {f"{stem}.sql": sql, f"{stem}.yml": twin})
