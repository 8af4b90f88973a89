"""`fairlead new source NAME --connector X`: a connector's files under a source's own name."""

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.kinds.api.spec import needs_account
from connectors.source import Source
from connectors.source_files import source_paths
from core.errors import ConfigError
from core.project.files import found, shown
from core.project.texts import text_of
from core.scaffold import checked_confirmer, checked_name, write_new
from core.settings import Settings, variable_of
from core.specs import LOADER

FOLDER = Path(__file__).parent
STAGING = "dbt_project/models/staging"
ID_REF = re.compile(r"id_ref\('(\w+)'")


def connectors() -> list[str]:
    """The names of all connectors."""
    return sorted(path.parent.name for path in FOLDER.glob("*/source.yml"))


def new_from_connector(
    settings: Settings, name: str, connector: str, shop: str = "", confirmed_by: str | None = None
) -> dict[str, Any]:
    """Write the source file and the staging models of a connector as source `name`, and say what it wants to know.

    shop            the source whose customers' and products' numbers stand in these events; without it they are its own
    confirmed_by    who has read the forms on which people agreed; None: nobody, and no yes counts
    {ok, files, connector, give: {variable: what it holds}, page, next}. Raises ConfigError for an unknown connector,
    and where a file is there already.
    """
    checked_name(name)
    confirmed_by = checked_confirmer(confirmed_by)
    if connector not in connectors():
        raise ConfigError(
            f"No connector {connector!r}. Connectors: {', '.join(connectors())}. "
            f"Anything else: `fairlead new source {name} --from PATH`."
        )
    for path in source_paths(settings).get(name, []):
        raise ConfigError(f"{shown(settings, path)} is there already. Take another name, or edit it.")
    has_consents = (FOLDER / connector / "staging/consents.sql").is_file()
    if confirmed_by and not has_consents:
        raise ConfigError(f"--confirmed-by: {connector} brings no consents. Leave it out.")
    files = files_of(name, connector, confirmed_by=confirmed_by, **_others(settings, connector, shop))
    source = source_of(name, connector)
    written = write_new(settings, files)["files"]
    give = _given(source)
    return {
        "ok": True, "files": written, "connector": connector, "give": give, "page": f"docs/sources/{connector}.md",
        "next": f"set {', '.join(give)}, then run `fairlead pull {name}`.{_unconfirmed(name, files, confirmed_by)}",
    }  # fmt: skip


def _unconfirmed(name: str, files: dict[str, str], confirmed_by: str) -> str:
    waits = not confirmed_by and any("confirmed_by" in text for text in files.values())
    return (
        f" A yes to marketing does not count yet: read the forms, then write your name into stg_{name}__consents.sql."
        if waits
        else ""
    )


def _others(settings: Settings, connector: str, shop: str) -> dict[str, str]:
    """What stands for `{shop}` and `{people}`: the other source's name, and the namespace of its customers' numbers."""
    if not shop:
        return {}
    if shop not in source_paths(settings):
        raise ConfigError(f"--shop: no source {shop!r}. Sources: {', '.join(source_paths(settings))}.")
    if not any("{people}" in path.read_text(encoding="utf-8") for path in (FOLDER / connector).glob("staging/*.sql")):
        raise ConfigError(f"--shop: the numbers of {connector} are no other source's. Leave it out.")
    models = [path for paths in found(settings, "staging").values() for path in paths]
    texts = [text_of(path) for path in models if path.stem == f"stg_{shop}__people"]
    namespaces = [namespace for text in texts for namespace in ID_REF.findall(text)]
    return {"shop": shop, "people": namespaces[0] if namespaces else shop}


def files_of(name: str, connector: str, **others: str) -> dict[str, str]:
    """Path in the project -> text, for a source of that name; `others` as `_others` gives them."""
    folder = FOLDER / connector
    staging = f"{STAGING}/{name}"
    paths = {folder / "source.yml": f"connectors/sources/{name}.yml"}
    paths |= {folder / "staging/schema.yml": f"{staging}/_{name}.yml"}
    paths |= {p: f"{staging}/stg_{name}__{p.name}" for p in sorted((folder / "staging").glob("*.sql"))}
    return {place: named(path.read_text(encoding="utf-8"), name, **others) for path, place in paths.items()}


def named(text: str, name: str, shop: str = "", people: str = "", confirmed_by: str = "") -> str:
    """`{source}` is the source's name, `{SOURCE}` the same as a variable of the environment has it; `{shop}` and
    `{people}` say whose numbers of products and customers a stream of events has.
    """
    answers_for_it = re.sub(r"['\\{}%\n]", " ", confirmed_by)  # it stands in a template, as a literal
    texts = {
        "{confirmed_by}": answers_for_it,
        "{source}": name,
        "{SOURCE}": name.upper(),
        "{shop}": shop or name,
        "{people}": people or name,
    }
    for place, word in texts.items():
        text = text.replace(place, word)
    return text


def source_of(name: str, connector: str) -> Source:
    """A connector's source file, read. Raises ConfigError: its mistakes are ours."""
    text = named((FOLDER / connector / "source.yml").read_text(encoding="utf-8"), name)
    try:
        return Source.model_validate({**yaml.load(text, Loader=LOADER), "name": name})
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
