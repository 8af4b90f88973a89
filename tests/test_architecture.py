"""The house's two tables: who may import whom, and who may write which schema (one direction, one writer)."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "core": {"core"},
    "content": {"core", "content"},
    "connectors": {"core", "connectors"},
    "people": {"core", "people"},
    "ml": {"core", "ml"},
    "activation": {"core", "content", "activation"},
    "insight": {"core", "insight"},
    "sample_shop": {"core", "sample_shop"},
    "dags": set(),
    "plugins": set(),
    "cli": {"core", "content", "connectors", "people", "ml", "activation", "insight", "sample_shop", "cli"},
    "bench": {"core", "connectors", "people", "ml", "activation", "cli", "sample_shop", "bench"},
    "fairlead": {"cli"},
}
AIRFLOWS = {"dags", "plugins"}  # wiring: read by Airflow, which puts the plugins on the path by their own names
OURS = set(ROOMS) - AIRFLOWS
PRODUCT = OURS - {"bench"}  # which is not installed, fills warehouses of its own and sets its children's environment
# Where a library is at home; a library not named here may be used anywhere but in dags/ and plugins/.
HOMES = {
    "airflow": AIRFLOWS, "pendulum": {"plugins"},
    "duckdb": {"core", "connectors", "people", "sample_shop", "bench"},
    "adbc_driver_postgresql": {"core", "sample_shop"},
    "adbc_driver_manager": {"core"}, "sqlglot": {"core", "ml", "insight"}, "pydantic_settings": {"core"},
    "great_expectations": {"connectors"}, "dlt": {"connectors", "bench"}, "connectorx": {"connectors"},
    "confluent_kafka": {"connectors"},
    "fsspec": {"activation", "connectors"}, "httpx": {"core", "activation", "connectors"}, "liquid": {"content"},
    "lightgbm": {"ml"}, "sklearn": {"ml"}, "scipy": {"people", "ml", "bench"}, "pandas": {"people", "ml"},
    "splink": {"people"}, "numpy": {"connectors", "people", "ml", "sample_shop", "bench"},
    "typer": {"cli", "fairlead"}, "rich": {"cli"},
}  # fmt: skip
WRITERS = {"raw": "connectors", "identity": "people", "scores": "ml", "activation": "activation", "ops": "core"}

MOST_FILES, MOST_LINES, LARGEST_SHARE = 20, 300, 0.4


@cache
def files(room: str) -> list[Path]:
    return [ROOT / "fairlead.py"] if room == "fairlead" else sorted((ROOT / room).rglob("*.py"))


@cache
def imported(path: Path) -> set[str]:
    """Top-level names of every import in the file, those inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    assert files(room), f"{room} has no file: the test would prove nothing"
    wrong = {f"{p.relative_to(ROOT)} imports {name}" for p in files(room) for name in imported(p) & OURS - ROOMS[room]}
    assert not wrong


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_used_only_in_its_home(library: str) -> None:
    users = {room for room in ROOMS for path in files(room) if library in imported(path)}
    assert users <= HOMES[library]


def test_dags_import_airflow_their_plugin_and_the_standard_library_only() -> None:
    allowed = set(sys.stdlib_module_names) | {"airflow"}
    assert not {f"{p.name}: {n}" for p in files("dags") for n in imported(p) - allowed - {"fairlead_airflow"}}
    assert not {f"{p.name}: {n}" for p in files("plugins") for n in imported(p) - allowed - {"pendulum"}}


def test_each_schema_is_written_by_its_one_writer() -> None:
    asked = {
        (schema, room)
        for room in PRODUCT
        for path in files(room)
        for schema in re.findall(r"""writer=["'](\w+)["']""", path.read_text())
    }
    assert asked, "no writer found: the pattern no longer matches the code"
    assert asked <= set(WRITERS.items())


def test_the_environment_is_read_in_settings_alone() -> None:
    readers = {
        str(p.relative_to(ROOT))
        for room in PRODUCT
        for p in files(room)
        if re.search(r"os\.(environ|getenv)", p.read_text())
    }
    assert readers == {"core/settings.py"}


def test_no_folder_of_a_room_holds_more_than_twenty_files() -> None:
    folders = {path.parent for room in OURS for path in files(room)}
    crowded = {str(f.relative_to(ROOT)): n for f in folders if (n := len([*f.glob("[!_]*.py")])) > MOST_FILES}
    assert not crowded


def test_no_file_of_a_room_is_longer_than_three_hundred_lines() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for room in ROOMS for p in files(room)}
    assert {name: count for name, count in lengths.items() if count > MOST_LINES} == {}


def test_no_room_is_above_forty_percent_of_the_code() -> None:
    """The channels count as a room of their own: one file or folder a vendor, with only their protocol between."""
    lines = {"channels": 0} | dict.fromkeys(OURS, 0)
    for room in OURS:
        for path in files(room):
            lines["channels" if "channels" in path.parts else room] += len(path.read_text().splitlines())
    assert {room for room, count in lines.items() if count > LARGEST_SHARE * sum(lines.values())} == set()


def test_no_module_is_called_what_dbt_would_import() -> None:
    assert not list(ROOT.glob("dbt_*.py")) and not (ROOT / "dbt_project" / "__init__.py").exists()


def test_every_package_is_installed_by_pyproject() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {".".join(p.parent.relative_to(ROOT).parts) for room in PRODUCT for p in (ROOT / room).rglob("__init__.py")}
    assert listed == found


def test_nothing_personal_to_a_machine_is_tracked() -> None:
    import subprocess

    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    pattern = re.compile(
        r"/(?:work|farm|root)/|pypi\." + r"org|python" + r"hosted|registry\.npm" + r"js|deb\.deb" + "ian"
    )
    texts = {name: (ROOT / name).read_text(errors="ignore") for name in tracked if name and (ROOT / name).is_file()}
    assert texts
    assert not [name for name, text in texts.items() if name != "tests/test_architecture.py" and pattern.search(text)]
