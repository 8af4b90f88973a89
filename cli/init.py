"""`fairlead init`: the shop's own defaults, asked once, and the secrets that it will need, by name."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.answer import Result, answer
from cli.options import Json
from cli.shown import new as pages
from core.errors import ConfigError, FairleadError
from core.settings import Settings

OPTIONS = {  # key of [project] -> its option
    "name": "--name", "default_country": "--country", "currency": "--currency", "time_zone": "--time-zone",
    "language": "--language", "week_starts_on": "--week-starts-on",
}  # fmt: skip
IGNORED = "# a home in this folder, and the secrets, are for no repository\n.fairlead/\n.env\n"


def init(
    folder: Annotated[Path | None, typer.Option(help="The company's own folder; made where it is not there.")] = None,
    name: Annotated[str | None, typer.Option(help="The shop's name.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166, e.g. BR.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217, e.g. BRL.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA, e.g. America/Sao_Paulo.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47, e.g. pt-BR.")] = None,
    week_starts_on: Annotated[str | None, typer.Option(help="monday, saturday or sunday.")] = None,
    sample: Annotated[bool | None, typer.Option(help="Whether the sample shop stays on.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: what no option says stays as it is.")] = False,
    as_json: Json = False,
) -> None:
    """The shop's own defaults, asked once: writes fairlead.toml and .env.example, and never over one that is there."""
    given = dict(zip(OPTIONS, (name, country, currency, time_zone, language, week_starts_on), strict=True))
    asks = not yes and not as_json and sys.stdin.isatty()
    answer(lambda s: _written(s, folder, given, sample, asks), as_json, pages.written, private=False)


def _written(
    settings: Settings, folder: Path | None, given: Mapping[str, str | None], sample: bool | None, asks: bool
) -> Result:
    from core.project import defaults
    from core.project.files import folder_of

    own = _folder(settings, folder or folder_of(settings), asks)
    settings = _settings_of(settings, own)
    project = _project(settings, own, given, asks)
    if sample is None:
        sample = typer.confirm("Does the sample shop stay on?", default=False, err=True) if asks else own is None
    content = defaults.wanted(project, () if sample else _sample_sources(settings))
    base = own or settings.root
    files = {base / "fairlead.toml": defaults.toml_of(content)} | ({base / ".gitignore": IGNORED} if own else {})
    base.mkdir(parents=True, exist_ok=True)
    result: Result = {"ok": True, "files": _new_files(files)}
    if base / "fairlead.toml" not in map(Path, result["files"]):
        result["would_change"] = defaults.changes(base / "fairlead.toml", content)
    secrets, lacking = _example(_settings_of(settings, own), base, own)
    result["files"] += secrets
    shared = "" if sample else _shared_home(settings)
    return result | {"lacking_in_env_example": lacking, "next": f"{shared}{_next(own, result)}"}


def _shared_home(settings: Settings) -> str:
    """What to do first where the home holds the sample shop's people, who would stand among the company's."""
    from core.warehouse import connect

    if settings.warehouse.engine == "duckdb" and not settings.duckdb_path.is_file():
        return ""
    with suppress(FairleadError), connect(settings, stopped=lambda: "it is only a look") as db:
        pulled = (
            db.query("select distinct source from raw.pulls")["source"].to_pylist() if db.exists("raw.pulls") else []
        )
        if set(pulled) & set(_sample_sources(settings)):
            return (
                f"First: {settings.home} holds the sample shop, whose people would stand among yours. Give yours a home"
                " of its own, `export FAIRLEAD_HOME=~/my_home` (in .env too), and on PostgreSQL a database of its own. "
            )
    return ""


def _folder(settings: Settings, named: Path | None, asks: bool) -> Path | None:
    """Raises ConfigError where a company's files cannot lie there."""
    from core.project.folder import fault_of

    if named is None and asks:
        text = typer.prompt("The company's own folder (empty: none)", "", show_default=False, err=True)
        named = Path(text.strip()) if text.strip() else None
    if named is None:
        return None
    folder = Path(os.path.normpath(Path.cwd() / named.expanduser()))
    fault = "which is no folder." if folder.exists() and not folder.is_dir() else fault_of(folder, settings.root)
    if fault:
        raise ConfigError(f"--folder is {folder}, {fault}")
    return folder


def _project(settings: Settings, own: Path | None, given: Mapping[str, str | None], asks: bool) -> dict[str, str]:
    """Each default, given, asked for, or as it is. Raises ConfigError with every option that is wrong."""
    from core.project import defaults

    standing, is_new = settings.project.model_dump(), not (own and (own / "fairlead.toml").is_file())
    if own and is_new:
        standing["name"] = own.name
    project: dict[str, str] = {}
    mistakes: list[str] = []
    for key, option in OPTIONS.items():
        country = project.get("default_country", settings.project.default_country)
        if key in ("time_zone", "currency") and country != settings.project.default_country:
            by_country = defaults.zone_of if key == "time_zone" else defaults.currency_of
            standing[key] = by_country(country) or standing[key] if is_new or key == "time_zone" else standing[key]
        text = given[key]
        try:
            project[key] = (
                _asked(key, standing[key]) if text is None and asks else defaults.checked(key, text or standing[key])
            )
        except ConfigError as error:
            mistakes += [f"{option}: {mistake}" for mistake in error.mistakes]
    if mistakes:
        raise ConfigError(*mistakes)
    return project


def _asked(key: str, default: str) -> str:
    from core.project import defaults

    def read(text: str) -> str:
        try:
            return defaults.checked(key, text)
        except ConfigError as error:
            raise typer.BadParameter(str(error)) from None

    value: str = typer.prompt(defaults.MEANINGS[key], default, value_proc=read, err=True)
    return value


def _settings_of(settings: Settings, own: Path | None) -> Settings:
    """As they are with the folder, and with what its fairlead.toml says by now."""
    from core.settings import load_settings

    return load_settings(root=settings.root, project={"folder": str(own)}) if own and own.is_dir() else settings


def _sample_sources(settings: Settings) -> list[str]:
    from connectors.places import of_sample

    return of_sample(settings)


def _new_files(files: Mapping[Path, str]) -> list[str]:
    """Those that were not there; what is there is left as it is."""
    new = [path for path in files if not path.exists()]
    for path in new:
        path.write_text(files[path], encoding="utf-8")
    return [str(path) for path in new]


def _example(settings: Settings, base: Path, own: Path | None) -> tuple[list[str], list[str]]:
    """The file, where it is new; else what it does not name yet."""
    import activation.vendor.secrets
    import connectors.places
    from core.project import defaults
    from core.project.texts import text_of

    alerts: list[tuple[str, str]] = [
        (settings.alerts.slack_env, "alerts to Slack, where they are wanted"),
        (settings.alerts.webhook_env, "alerts to a webhook"),
        (settings.alerts.smtp_url_env, "alerts by mail"),
    ]
    secrets = [*connectors.places.secrets(settings), *activation.vendor.secrets.secrets(settings), *alerts]
    lines, path = defaults.example_of(own, secrets), base / ".env.example"
    if path.is_file():
        text = text_of(path, "replace")
        return [], [line.rstrip("=") for line in lines if line not in text]
    head = "# Copy to .env, fill in, and let whatever starts Fairlead read it. .env is for no repository.\n"
    path.write_text(head + "".join(f"\n# {what}\n{line}\n" for line, what in lines.items()), encoding="utf-8")
    return [str(path)], []


def _next(own: Path | None, result: Mapping[str, Any]) -> str:
    if result.get("would_change"):
        return "fairlead.toml stands already and was left as it is: edit what you want changed."
    start = (
        f"Type commands in {own}, or set FAIRLEAD_PROJECT__FOLDER to it everywhere (Airflow needs that). "
        if own
        else ""
    )
    return f"{start}Then `fairlead new source NAME --from PATH`, and `fairlead doctor`."
