"""What a newcomer reads is true: every command in the documentation runs, every table it names exists.

Links, folders, files and the map of the rooms: test_pages.py, which needs no shop."""

import contextlib
import re
import shlex
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from support.shop import Shop

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NEW = {"marts.segment__recent_buyers"}  # made by the page's own commands
OF_THEIR_OWN = {"first_hour.md": "test_first_hour.py: its commands go from one folder to another"}
SCHEMAS = ("raw", "staging", "intermediate", "marts", "identity", "scores", "activation", "ops")
# Commands that other tests or .ci/run itself run; each is named with where.
ELSEWHERE = {
    "make run": ".ci/run", "make test": "this very run", "make test-times": "this very run",
    "make test-all": ".ci/run", "make test-postgres": ".ci/run", "make test-airflow": ".ci/run",
    "make test-spark": ".ci/run",
    "make check": ".ci/run, in its parts",
    "make install": "make run", "make up": "tests/dags", "make airflow-init": "tests/dags", "make nights": "make run",
    "make bench": "test_bench", "make bench-activation": "test_bench_activation",
}  # fmt: skip


def pages_files() -> list[tuple[str, str]]:
    """(path, text) of every block whose first line names a file below data/: what a page's commands read."""
    return [file for page in PAGES for file in re.findall(r"```\w+ (data/\S+)\n(.*?)```", page.read_text(), re.DOTALL)]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".sqlite":
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.executescript(text)
    else:
        path.write_text(text)


def commands() -> list[tuple[str, str]]:
    """(page, command) of every line in a ```sh block; comments and continuation lines folded."""
    found = []
    for page in PAGES:
        if page.name in OF_THEIR_OWN:
            continue
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.split("  #")[0].strip()
                if command and not command.startswith("#"):
                    found.append((str(page.relative_to(ROOT)), command))
    return found


@pytest.fixture(scope="module")
def copy(shop, tmp_path_factory: pytest.TempPathFactory):
    """A copy of the project and its home: what the pages tell a reader to write must not be written here."""
    project = tmp_path_factory.mktemp("project") / "fairlead"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name)
    home = tmp_path_factory.mktemp("home") / "home"
    shutil.copytree(shop.home, home)
    (project / "data").mkdir()
    rows = "customer_no,e_mail,given_name,family_name,signed_up\n" + "".join(
        f"{i},person{i}@example.com,Ann,Lee,2026-03-{i % 28 + 1:02d} 10:00:00\n" for i in range(200)
    )
    (project / "data" / "customers.csv").write_text(rows)
    for name, text in pages_files():
        write(project / name, text)
    return Shop(home, project, shop.answers)


def test_the_pages_hold_commands() -> None:
    assert len(commands()) >= 8


@pytest.mark.parametrize(("page", "command"), commands())
def test_every_command_of_the_pages_runs(page: str, command: str, copy) -> None:
    words = shlex.split(command)
    if words[0] == "make":
        assert " ".join(words[:2]) in ELSEWHERE, f"{page}: {command}: say in ELSEWHERE where it is run"
        assert subprocess.run(["make", "-n", words[1]], cwd=ROOT, capture_output=True).returncode == 0
        return
    assert words[0] == "fairlead", (
        f"{page}: {command}: neither make nor fairlead; use a plain code block for what is not to be typed"
    )
    if "PERSON" in words:
        person = copy.fairlead("query", "select person_id from marts.profiles order by 1 limit 1")["rows"][0][0]
        words = [person if word == "PERSON" else word for word in words]
    copy.fairlead(*words[1:], typed=page == "README.md")  # what a newcomer types first starts as it does for them


def test_every_table_that_a_page_names_exists(shop) -> None:
    """`marts.profiles`, with or without its columns; what goes on (`scores.<model>`, `outgoing_`) is no name."""
    made = {row[0] for row in shop.rows("select table_schema || '.' || table_name from information_schema.tables")}
    name = re.compile(rf"`((?:{'|'.join(SCHEMAS)})\.\w*[^\W_])(?![\w<…*{{])")
    named = {table: page.name for page in PAGES for table in name.findall(page.read_text())}
    assert len(named) > 30
    assert not {table: page for table, page in named.items() if table not in made | NEW}
