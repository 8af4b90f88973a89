"""A look at the warehouse (query), a source's mapping (check), its quality (quality) and the installation (doctor)."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from cli.answer import Result, answer, parse_day
from cli.options import Json
from cli.shown import check as check_page
from cli.shown import look as pages
from cli.shown import preview as preview_page
from cli.shown import quality as quality_page
from core.errors import ConfigError
from core.settings import Settings

if TYPE_CHECKING:
    from insight.reconciliation.scope import RawTable

BuiltDay = Annotated[
    date | None, typer.Option("--day", parser=parse_day, metavar="D", help="As of its end; left out, the last built.")
]

Rows = Annotated[int, typer.Option(min=1, max=1000, help="At most so many rows of each list.")]


def query(sql: str, as_json: Json = False) -> None:
    """A read-only look into the warehouse."""

    def work(settings: Settings) -> Result:
        import insight.query
        from connectors.patience import ended_by_signals

        with ended_by_signals():
            return insight.query.query(settings, sql)

    answer(work, as_json, pages.query, reads=True)


def check(source: str, day: BuiltDay = None, as_json: Json = False) -> None:
    """Hold a source's mapping against its own sums, after a pull and a build; exit 1 when something is surely wrong."""

    def work(settings: Settings) -> Result:
        import insight.reconciliation.check

        return insight.reconciliation.check.check(settings, source, declared_tables(settings, source), day)

    answer(work, as_json, check_page.check, day, reads=True)


def preview(segment: str, day: BuiltDay = None, rows: Rows = 10, as_json: Json = False) -> None:
    """An edited segment against last night's marts: its size, who comes and goes and why, what each sync would do.
    Builds and sends nothing."""

    def work(settings: Settings) -> Result:
        import insight.preview

        return insight.preview.preview(settings, segment, day, rows)

    answer(work, as_json, preview_page.preview, day, reads=True)


def quality(
    source: Annotated[str | None, typer.Argument(help="One source alone.")] = None,
    day: BuiltDay = None,
    examples: Annotated[bool, typer.Option("--examples", help="Show what sources said; personal data.")] = False,
    html: Annotated[bool, typer.Option("--html", help="Also as a page, in the home's artifacts/quality/.")] = False,
    as_json: Json = False,
) -> None:
    """How good the data is, by source and field, what has fallen, and what cleansing found."""

    def work(settings: Settings) -> Result:
        import insight.quality

        result = insight.quality.quality(settings, day, source, examples)
        result["alarm_lines"] = [insight.quality.in_words(alarm) for alarm in result["alarms"]]
        return result | ({"page": write_page(settings, result)} if html else {})

    answer(work, as_json, quality_page.quality, reads=True)


def write_page(settings: Settings, result: Result) -> str:
    """The page of a day in the home, for its owner's eyes alone: it may hold examples."""
    path = settings.home / "artifacts" / "quality" / f"{result['day']}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(quality_page.html_page(result, settings.project.name), encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def declared_tables(settings: Settings, name: str) -> list["RawTable"]:
    """The tables of a source as its file declares them. Raises ConfigError for a name that no file has."""
    from connectors.source_files import readable_sources, source_paths
    from insight.reconciliation.scope import RawTable

    sources, mistakes = readable_sources(settings, [name])
    if name in mistakes:
        raise ConfigError(*mistakes[name])
    if name not in sources:
        raise ConfigError(f"No source {name}. Sources: {', '.join(source_paths(settings))}.")
    return [
        RawTable(
            name, table_name, {column: declared.type for column, declared in table.columns.items()}, table.key,
            table.cursor, table.kind == "files",
        )
        for table_name, table in sources[name].tables.items()
    ]  # fmt: skip


def doctor(as_json: Json = False) -> None:
    """Check installation, settings, specs, warehouse, sources, channels and disk; say the mend for each fault."""

    def work(settings: Settings) -> Result:
        import activation.checks
        import connectors.check
        import core.building.quality
        import core.golden.load
        import insight.doctor
        import ml.jobs
        import people.cleansing.spec
        import people.groups.spec
        import people.linkage.jobs

        rooms = {
            "sources": connectors.check.check,
            "golden record": core.golden.load.check,
            "households": people.groups.spec.check_households,
            "accounts": people.groups.spec.check_accounts,
            "cleansing": people.cleansing.spec.check,
            "data quality": core.building.quality.check,
            "models": ml.jobs.check,
            "identity": people.linkage.jobs.check,
            "syncs and channels": activation.checks.check,
        }
        return insight.doctor.check(settings, rooms)

    answer(work, as_json, pages.doctor, reads=True)
