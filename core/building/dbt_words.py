"""What dbt says of a failure, without anybody's value: it goes to the terminal, into ops.runs and into alerts. The
whole text stays in the home, in dbt/logs/dbt.log.
"""

import json
import re
from typing import Any

from core.project.files import DBT_KINDS, KINDS, folder_of
from core.project.texts import text_or_nothing
from core.settings import Settings
from core.unexpected import without_values

# A statement that was run may have met people's rows, and its engine's words show a value in many ways: behind a colon,
# as a number, or all through (DuckDB's Invalid Input Error, by which `error(…)` speaks too).
KIND = re.compile(r"\w[\w ]* Error: ")
ANY_VALUE = re.compile(r":(\s|$)|(?<![\w.,(])[-+]?\d")
FREE_WORDS = "Invalid Input Error: "
NODE_LENGTH, RUN_LENGTH, RUN_LINES, EVENTS = 400, 1500, 6, 3
UNFORESEEN = "MainEncounteredError"  # dbt's event where it gives up before any row was met: its files, its connection


def of_node(result: dict[str, Any], known: frozenset[str]) -> str:
    """`name: what went wrong` of one of dbt's run_results.

    known   the words of the project's files
    """
    name, sql = result["unique_id"].split(".")[2], result.get("compiled_code")
    lines = [line.strip() for line in (result.get("message") or "no message").splitlines() if line.strip()]
    heading = [line for line in lines[:1] if f" {name} (" in line]  # dbt's own: Runtime Error in model NAME (path)
    rest = lines[len(heading) :][:1]
    if sql and result["status"] in ("error", "runtime error"):
        rest = [_of_statement(line, frozenset(re.findall(r"\w+", sql))) for line in rest]
    else:
        rest = [without_values(line, known) for line in rest]
    return f"{name}: {' '.join(heading + rest)[:NODE_LENGTH]}"


def _of_statement(line: str, known: frozenset[str]) -> str:
    kind = match[0] if (match := KIND.match(line)) else ""
    if kind == FREE_WORDS:
        return f"{kind}…"
    words = without_values(line[len(kind) :], known)
    value = ANY_VALUE.search(words)
    return kind + (f"{words[: value.start()]} …" if value else words)


def of_run(output: str, settings: Settings) -> str:
    """Why dbt did not run, from its output as JSON lines: its last errors, or what is no event of its own."""
    events = [_event(line) for line in output.splitlines()]
    errors = [event for event in events if event["level"] == "error" and event["msg"].strip()]
    others = [event for event in events if not event["level"] and event["msg"].strip()]
    known = words_of(settings)
    texts = [_of_event(event, known) for event in errors[-EVENTS:] or others[-1:]]
    return " | ".join(texts)[:RUN_LENGTH] or "it gives no reason"


def _event(line: str) -> dict[str, str]:
    """level, name and msg of one line; a line that is none of dbt's (Python's, the system's) has no level."""
    try:
        info = json.loads(line)["info"]
        return {key: str(info[key]) for key in ("level", "name", "msg")}
    except (ValueError, TypeError, KeyError):
        return {"level": "", "name": UNFORESEEN, "msg": line}


def _of_event(event: dict[str, str], known: frozenset[str]) -> str:
    """Up to the first value; of an event that may speak of rows, strictly."""
    lines = [line.strip() for line in event["msg"].splitlines() if line.strip()]
    if event["name"] != UNFORESEEN:
        return _of_statement(lines[0], known)
    return without_values("\n".join(lines[:RUN_LINES]), known).replace("\n", " ")


def words_of(settings: Settings) -> frozenset[str]:
    """The words in the project's SQL and YAML, and in the warehouse's address but for its secrets: nobody's values."""
    own = folder_of(settings)
    places = [settings.root / "dbt_project", *([own / KINDS[kind].own for kind in DBT_KINDS] if own else [])]
    files = [path for place in places for kind in ("sql", "yml") for path in place.rglob(f"*.{kind}") if path.is_file()]
    texts = [text for path in files for text in (path.name, text_or_nothing(path))]
    return frozenset(re.findall(r"\w+", "\n".join([*texts, str(settings.duckdb_path), *_address(settings)])))


def _address(settings: Settings) -> list[str]:
    from core.engines.postgres_url import parameters_of

    if settings.warehouse.engine != "postgres":
        return []
    parameters = parameters_of(settings.warehouse.url)
    return [parameters.get(key, "") for key in ("host", "port", "user", "dbname")]
