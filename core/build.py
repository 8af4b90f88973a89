"""Runs dbt as a process of its own (its memory and its lock on the warehouse end with it) and reads what it reports."""

import json
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml
from yaml import CSafeDumper

from core.building import dbt_process
from core.building.dbt_words import of_node, of_run, words_of
from core.building.enrichment import enrichment_variables
from core.building.host import Host, start
from core.building.mail_providers import mail_providers
from core.building.quality import quality_variable
from core.engines.lingering import let_go
from core.engines.postgres_url import dbt_variables
from core.errors import ConfigError, FairleadError, FatalError
from core.extras.columns import extras
from core.golden.load import golden
from core.project.files import DBT_KINDS, dbt_models, files, found, shown
from core.project.links import as_written, dbt_project
from core.project.texts import refuse_odd, text_of, text_or_nothing
from core.settings import Settings, environment
from core.warehouse import hold

# dbt does not see the edge features -> Python -> scores; the scores are a source, and everything below it comes after.
# Each model is in one stage; `empty` keeps the tests of the first stage's models in the second, which runs them.
# Feeds are what the audiences of events are made of, and so are built with them, whether or not they read a score.
FIRST = tuple(f"+int_people__{name}" for name in ("identifiers", "records", "passed", "stated"))
LAST = ("source:scores+", "path:models/marts/feeds+")
STAGES: dict[str, list[str]] = {
    "identity": ["--select", *FIRST, "--exclude-resource-type", "test"],
    "before-scores": ["--exclude", *LAST, *FIRST, "--indirect-selection", "empty"],
    "after-scores": ["--select", *LAST],
    "all": [],
}
DBT = Path(dbt_process.__file__)
_run = start  # how a dbt command is run: a night has one process for all of its own (core/building/host.py)
RAW_TABLE = re.compile(r"""source\(\s*['"]raw['"]\s*,\s*['"](\w+)['"]\s*\)""")  # as a staging model names what it reads
MODEL = re.compile(r"""ref\(\s*['"](\w+)['"]\s*\)""")
FAILED, WARNED = ("error", "fail", "runtime error"), ("warn",)


@dataclass(frozen=True)
class BuildResult:
    models: int
    tests: int
    failed: list[str]
    warned: list[str]
    seconds: float
    built: tuple[str, ...] = ()  # the models that are built, by their names

    @property
    def ok(self) -> bool:
        return not self.failed

    def as_dict(self, day: date) -> dict[str, Any]:
        return {
            "day": day.isoformat(),
            "ok": self.ok,
            "models": self.models,
            "tests": self.tests,
            "failed": len(self.failed),
            "warned": len(self.warned),
            "failures": self.failed,
            "warnings": self.warned,
            "seconds": round(self.seconds, 2),
        }


def build(
    settings: Settings, day: date, stage: str = "all", select: str | None = None, full: bool = False
) -> BuildResult:
    """`dbt build` of one stage as of `day`; `full` computes again what is otherwise kept from earlier builds.

    Raises FatalError when dbt itself could not start, RetryableError when another build goes on for longer than we wait
    for the warehouse; failed nodes are in the result.
    """
    if stage not in STAGES:
        raise ConfigError(f"No stage {stage!r}. Stages: {', '.join(STAGES)}.")
    started = time.monotonic()
    choice = ["--select", *select.split()] if select else STAGES[stage]
    choice = [*choice, "--full-refresh"] if full else choice
    with hold(settings, "build", settings.warehouse.lock_wait_seconds):  # two builds would share dbt's files, too
        process = dbt(settings, day, ["build", *choice])
        results_file = target_path(settings) / "run_results.json"
        if process.returncode not in (0, 1) or not results_file.is_file():
            raise FatalError(f"dbt could not run: {as_written(settings, of_run(process.stdout, settings))}")
        results = json.loads(results_file.read_text())["results"]
    if process.returncode and not any(r["status"] in FAILED for r in results):
        raise FatalError(f"dbt could not run: {as_written(settings, of_run(process.stdout, settings))}")
    return _result(settings, results, time.monotonic() - started)


def dbt(settings: Settings, day: date, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Any dbt command with our settings, day and file scan; standard output and error together."""
    variables, project, target = variables_of(settings), dbt_project(settings), target_path(settings)
    target.mkdir(parents=True, exist_ok=True)
    (target / "run_results.json").unlink(missing_ok=True)
    (settings.home / "tmp").mkdir(parents=True, exist_ok=True)
    let_go(settings.duckdb_path)
    return _run(command_of(settings, words, target), variables, dbt_environment(settings, day), project)


@contextmanager
def one_dbt(settings: Settings, day: date) -> Iterator[None]:
    """One process of dbt for all commands in it, of `day`, which imports and reads the project from now on, while other
    things are done. What cannot be read is said by the build.
    """
    global _run
    host = _host(settings, day) if _run is start else None
    if host is None:
        yield
        return
    with host:
        _run = host.run
        try:
            yield
        finally:
            _run = start


def _host(settings: Settings, day: date) -> Host | None:
    with suppress(FairleadError, OSError):
        command = command_of(settings, ["parse"], settings.home / "dbt" / "night")
        return Host(command, variables_of(settings), dbt_environment(settings, day), dbt_project(settings))
    return None


def command_of(settings: Settings, words: list[str], target: Path) -> list[str]:
    """How a dbt command is typed; `target` is where dbt puts its files."""
    project = str(dbt_project(settings))
    return [
        sys.executable, "-P", str(DBT), *words, "--project-dir", project, "--profiles-dir", project,
        "--target-path", str(target), "--log-path", str(settings.home / "dbt" / "logs"),
    ]  # fmt: skip


def variables_of(settings: Settings) -> str:
    """dbt's `vars`, as it is given them."""
    return yaml.dump(scan(settings), Dumper=CSafeDumper, default_flow_style=True)


def target_path(settings: Settings) -> Path:
    return settings.home / "dbt" / "target"


def raw_tables_of(settings: Settings, entity: str) -> set[str]:
    """The raw tables that the staging models of one entity read, by the `source('raw', …)` in their SQL and in that of
    the models that they `ref`.
    """
    staging = [path for several in found(settings, "staging").values() for path in several]
    paths, texts = [path for path in staging if path.stem.endswith(f"__{entity}")], {}
    while paths:
        path = paths.pop()
        if path not in texts:
            texts[path] = text_or_nothing(path)  # the build tells it; noes of other sources come in meanwhile
            paths += [model for name in MODEL.findall(texts[path]) for model in dbt_models(settings, name)]
    return {name for text in texts.values() for name in RAW_TABLE.findall(text)}


def raw_tables_read(settings: Settings) -> set[str]:
    """The raw tables that any staging model names in its own text."""
    paths = [path for several in found(settings, "staging").values() for path in several]
    return {name for path in paths for name in RAW_TABLE.findall(text_of(path, "replace", shown(settings, path)))}


def scan(settings: Settings) -> dict[str, Any]:
    """What the project and the company's folder hold, by file name: entity -> sources, segments, feeds, predictive
    models. dbt's `vars`.

    Raises ConfigError where a name stands in both, or a source file's extra columns cannot be had.
    """
    for path in (path for kind in DBT_KINDS for paths in found(settings, kind).values() for path in paths):
        refuse_odd(path, shown(settings, path))
    entities: dict[str, list[str]] = defaultdict(list)
    for stem in files(settings, "staging"):
        source, _, entity = stem.removeprefix("stg_").partition("__")
        entities[entity].append(source)
    with_a_no = raw_tables_of(settings, "consents") | raw_tables_of(settings, "messages")
    declared = extras(settings)
    return {
        "entities": dict(entities),
        "segments": [stem.removeprefix("segment__") for stem in files(settings, "segments")],
        "feeds": [stem.removeprefix("feed__") for stem in files(settings, "feeds")],
        "hold_a_no": sorted(with_a_no),
        "devices": settings.identity.devices,
        "mail_providers": list(mail_providers()),
        "time_zones": _zones_of(settings, with_a_no),
        "models": list(files(settings, "models")),
        "extras": declared,
        "golden": golden(settings, declared.get("columns", {}).get("people", {})),
        "quality": quality_variable(settings),
        **enrichment_variables(settings),
    }


def _zones_of(settings: Settings, raw_tables: set[str]) -> list[str]:
    """The zones that the sources of raw tables read columns in: midnight there is what a date without an hour
    becomes.
    """
    sources = {table.partition("__")[0] for table in raw_tables}
    paths = [path for name, several in found(settings, "sources").items() if name in sources for path in several]
    declared = [
        zone for path in paths for zone in re.findall(r"time_zone[\"']?\s*[:=]\s*[\"']?([\w/+-]+)", text_of(path))
    ]
    return sorted(set(declared) & available_timezones())  # a column may be called time_zone, too


def dbt_environment(settings: Settings, day: date) -> dict[str, str]:
    """What dbt_project/profiles.yml and the macros read; secrets stay in the environment."""
    ours = {
        "FAIRLEAD_DAY": day.isoformat(),
        "FAIRLEAD_TIME_ZONE": settings.project.time_zone,
        "FAIRLEAD_HOME": str(settings.home),
        "FAIRLEAD_ENGINE": settings.warehouse.engine,
        "FAIRLEAD_DUCKDB_PATH": str(settings.duckdb_path),
        "FAIRLEAD_THREADS": str(settings.warehouse.threads),
        "FAIRLEAD_MEMORY_LIMIT": settings.warehouse.memory_limit,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    if settings.warehouse.engine == "postgres":
        # libpq reads it: dbt's statements wait for a lock no longer than our own
        patience = f"-c lock_timeout={settings.warehouse.lock_wait_milliseconds}"
        ours |= dbt_variables(settings.warehouse.url, settings.warehouse.lock_wait_seconds, patience)
    return environment(**ours)


def _result(settings: Settings, results: list[dict[str, Any]], seconds: float) -> BuildResult:
    kinds = [r["unique_id"].split(".")[0] for r in results]
    told = [r for r in results if r["status"] in FAILED + WARNED]
    known = words_of(settings) if told else frozenset()
    return BuildResult(
        models=sum(k in ("model", "seed", "snapshot") for k in kinds),
        tests=sum(k in ("test", "unit_test") for k in kinds),
        failed=[as_written(settings, of_node(r, known)) for r in told if r["status"] in FAILED],
        warned=[as_written(settings, of_node(r, known)) for r in told if r["status"] in WARNED],
        seconds=seconds,
        built=tuple(
            r["unique_id"].split(".")[2]
            for r in results
            if r["unique_id"].startswith("model.") and r["status"] == "success"
        ),
    )
