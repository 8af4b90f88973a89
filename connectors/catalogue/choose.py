"""`fairlead new source NAME --connector X`: a connector's files under a source's own name."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.kinds.api.spec import needs_account
from connectors.source import Source
from connectors.source_files import source_paths
from core.errors import ConfigError
from core.project.files import shown
from core.scaffold import checked_name, write_new
from core.settings import Settings, variable_of

FOLDER = Path(__file__).parent
STAGING = "dbt_project/models/staging"


def connectors() -> list[str]:
    """The names of all connectors."""
    return sorted(path.parent.name for path in FOLDER.glob("*/source.yml"))


def new_from_connector(settings: Settings, name: str, connector: str) -> dict[str, Any]:
    """Write the source file and the staging models of a connector as source `name`, and say what it wants to know.

    {ok, files, connector, give: {variable: what it holds}, page, next}. Raises ConfigError for an unknown connector,
    and where a file is there already.
    """
    checked_name(name)
    if connector not in connectors():
        raise ConfigError(
            f"No connector {connector!r}. Connectors: {', '.join(connectors())}. "
            f"Anything else: `fairlead new source {name} --from PATH`."
        )
    for path in source_paths(settings).get(name, []):
        raise ConfigError(f"{shown(settings, path)} is there already. Take another name, or edit it.")
    files = files_of(name, connector)
    source = source_of(name, connector)
    written = write_new(settings, files)["files"]
    give = _given(source)
    return {
        "ok": True, "files": written, "connector": connector, "give": give, "page": f"docs/sources/{connector}.md",
        "next": f"set {', '.join(give)}, then run `fairlead pull {name}`.",
    }  # fmt: skip


def files_of(name: str, connector: str) -> dict[str, str]:
    """Path in the project -> text, for a source of that name."""
    folder = FOLDER / connector
    staging = f"{STAGING}/{name}"
    paths = {folder / "source.yml": f"connectors/sources/{name}.yml"}
    paths |= {folder / "staging/schema.yml": f"{staging}/_{name}.yml"}
    paths |= {p: f"{staging}/stg_{name}__{p.name}" for p in sorted((folder / "staging").glob("*.sql"))}
    return {place: named(path.read_text(encoding="utf-8"), name) for path, place in paths.items()}


def named(text: str, name: str) -> str:
    """`{source}` is the source's name, `{SOURCE}` the same as a variable of the environment has it."""
    return text.replace("{source}", name).replace("{SOURCE}", name.upper())


def source_of(name: str, connector: str) -> Source:
    """A connector's source file, read. Raises ConfigError: its mistakes are ours."""
    text = named((FOLDER / connector / "source.yml").read_text(encoding="utf-8"), name)
    try:
        return Source.model_validate({**yaml.safe_load(text), "name": name})
    except (ValidationError, yaml.YAMLError) as error:
        raise ConfigError(f"connectors/catalogue/{connector}/source.yml: {error}") from None


def _given(source: Source) -> dict[str, str]:
    """The variables that the source wants: its address where it has none, its account, and its secrets."""
    tables, defaults = source.tables.values(), source.defaults
    given = {} if defaults.path or defaults.url else {_address(source): "the address"}
    if any(needs_account(table) for table in tables):
        given[variable_of("sources", source.name, "account")] = "the vendor's number of the account"
    variables = [v for table in source.tables.values() for v in table.secrets]
    return given | dict.fromkeys(variables, "a secret")


def _address(source: Source) -> str:
    is_of_files = all(table.kind == "files" for table in source.tables.values())
    return variable_of("sources", source.name, "path" if is_of_files else "url")
