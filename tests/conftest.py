"""A small sample shop's two nights, made once a session through the command line as a person would type it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from support import servers, warm
from support.once import once
from support.shop import Shop

import core.build
from core.settings import Settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
FIRST_DAY, HISTORY_END, NIGHT_1, NIGHT_2 = "2025-06-01", "2026-03-27", "2026-03-28", "2026-03-29"
PEOPLE = 600
SHOP_TESTS = {
    "test_end_to_end.py",
    "test_docs.py",
    "test_compare.py",
}  # they share one shop: one worker, one making of it
LONG = {
    "tests": 0, "tests/dbt_project": 1, "tests/segments": 2, "tests/ml": 3, "tests/activation/delivery": 4,
}  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "numprocesses", None):  # this process has workers and is none
        warm.start()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With two workers (`-n 2 --dist loadgroup`) a file's tests stay together, and so do those that share the shop.

    Whole nights, which lie in this folder itself, come first, then the other folders with long files, and last what is
    short: a long file that starts last is waited for alone.
    """
    items.sort(key=lambda item: LONG.get(str(item.path.parent.relative_to(ROOT)), len(LONG)))
    for item in items:
        group = "shop" if item.path.name in SHOP_TESTS else str(item.path.relative_to(ROOT))
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session", autouse=True)
def warm_dbt() -> Iterator[None]:
    """dbt starts without its imports, wherever a test builds without a command; test_build.py starts the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core.build, "_run", warm.dbt)
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "data").is_dir():
        pytest.skip("needs ../shared/data, which is not part of the project")
    return SHARED


@pytest.fixture(scope="session")
def sample_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the shop's home after its first night, `night 1`, and after its second; nobody writes to them."""

    def make(folder: Path) -> None:
        shop = Shop(folder / "night 1")
        answers = {
            "sample": shop.fairlead("sample", "--people", str(PEOPLE), "--from", FIRST_DAY, "--to", NIGHT_2),
            "backfill": shop.fairlead("pull", "--from", FIRST_DAY, "--to", HISTORY_END),
            "night 1": shop.fairlead("run", "--day", NIGHT_1),
        }
        answers["night 2"] = shop.copied(folder / "night 2").fairlead("run", "--day", NIGHT_2)
        (folder / "answers.json").write_text(json.dumps(answers))

    return once(tmp_path_factory, "sample_nights", make)


@pytest.fixture(scope="session")
def shop_after(sample_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Shop]:
    """shop_after("night 1"): a home of your own."""
    answers = json.loads((sample_nights / "answers.json").read_text())

    def copy(night: str) -> Shop:
        return Shop(sample_nights / night, answers=answers).copied(tmp_path_factory.mktemp("shop") / "home")

    return copy


@pytest.fixture(scope="session")
def shop(shop_after: Callable[[str], Shop]) -> Shop:
    """The shop after its two nights, shared by a worker's tests: they leave it as they find it."""
    return shop_after("night 2")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[int]:
    """The port of a PostgreSQL whose superuser is `fairlead`; started once a session."""
    with servers.postgres() as port:
        yield port


@pytest.fixture(scope="module")
def postgres(postgres_server: int, request: pytest.FixtureRequest) -> str:
    """The URL of a database of the test file's own."""
    name = re.sub(r"\W", "_", request.module.__name__).lower()
    address = f"postgresql://fairlead@127.0.0.1:{postgres_server}"
    connection = psycopg2.connect(f"{address}/postgres")
    connection.autocommit = True
    connection.cursor().execute(f"create database {name}")
    connection.close()
    return f"{address}/{name}"


@pytest.fixture
def dump():  # type: ignore[no-untyped-def]
    """dump(settings, 'scores.leaves'): every row of a table, sorted, to compare states of the warehouse."""

    def read(settings: Settings, table: str) -> list[tuple[object, ...]]:
        with connect(settings) as db:
            rows = db.query(f"select * from {table}").to_pylist()
        return sorted((tuple(row.values()) for row in rows), key=repr)

    return read
