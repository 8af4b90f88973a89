"""Which secrets the sources in use need, by their environment variables; and which sources are the sample's."""

from connectors.places import place_of
from connectors.source_files import readable_sources
from core.settings import Settings, variable_of

SAMPLE = "{home}/sample"  # where `fairlead sample` writes


def secrets(settings: Settings) -> list[tuple[str, str]]:
    """(variable, what it is for) of every source that is not switched off, and is no sample's."""
    needed = []
    for name, source in readable_sources(settings)[0].items():
        section = settings.sources.get(name)
        if (section and section.enabled is False) or name in of_sample(settings):
            continue
        auths = {table.auth.secret for table in source.tables.values() if table.auth}
        needed += [(secret, f"source {name}") for secret in sorted(auths)]
        is_sql = any(table.kind == "sql" for table in source.tables.values())
        if is_sql and not place_of(settings, source).url:
            needed.append((variable_of("sources", name, "url"), f"source {name}: the database's address"))
    return needed


def of_sample(settings: Settings) -> list[str]:
    """The sources that read what `fairlead sample` has written, unless a setting leads them elsewhere."""
    sources = readable_sources(settings)[0]
    return [name for name, source in sources.items() if SAMPLE in f"{source.defaults.path} {source.defaults.url}"]
