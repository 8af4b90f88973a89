"""Two shops: a small one, quick to write, and one of eighteen months, written once for all tests."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

import sample_shop

SMALL = {"people": 600, "first_day": date(2024, 9, 30), "last_day": date(2024, 10, 28)}


@dataclass(frozen=True)
class Shop:
    home: Path
    summary: sample_shop.Summary

    def truth(self, table: str) -> str:
        return f"read_parquet('{self.home}/sample_truth/{table}.parquet')"

    def ask(self, sql: str) -> list[tuple]:
        with duckdb.connect() as db:
            return db.execute(sql).fetchall()

    def path(self, relative: str) -> Path:
        return self.home / "sample" / relative


@pytest.fixture(scope="session")
def small_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    home = tmp_path_factory.mktemp("small")
    return Shop(home, sample_shop.write(home, **SMALL))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    home = tmp_path_factory.mktemp("shop")
    return Shop(home, sample_shop.write(home, people=2500))


@pytest.fixture(scope="session")
def crowded_shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Of so many that a tenth of a group, who were not mailed, can be compared with the others."""
    home = tmp_path_factory.mktemp("crowded")
    return Shop(home, sample_shop.write(home, people=8000, events_per_person=2))
