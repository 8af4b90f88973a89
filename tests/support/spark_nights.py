"""Two nights of the sample shop on Sail, which speaks Spark's protocol and SQL: the same tables as on DuckDB."""

from pathlib import Path
from typing import Any

import pytest
from support import sail
from support.same_tables import differences
from support.shop import Shop

NIGHT_1, NIGHT_2 = "2026-03-28", "2026-03-29"  # those of the fixture's shop
# Columns that an engine fills with what is its own: a digest by its own function.
OF_THE_ENGINE = {"_slice_content"}
LEFT_OUT: dict[str, set[str]] = {
    "*": OF_THE_ENGINE,
    # views of the noes of this moment, which a push reads where it pushes from (docs/reference/spark.md)
    **{f"marts.{name}": set() for name in sail.OF_THE_MOMENT},
}


@pytest.fixture(scope="module")
def nights(shop_after: Any, tmp_path_factory: Any) -> dict[str, Any]:
    """The shop on DuckDB after each night, and what Sail made of the same sources: answers, tables.

    The first night is built once more, whole: a push has written to the ledger since. The second was built before its
    own push.
    """
    first, second = shop_after("night 1"), shop_after("night 2")
    first.fairlead("build", "--day", NIGHT_1, "--full")
    folder = tmp_path_factory.mktemp("sail")
    here, later = (str(shop.home / "warehouse.duckdb") for shop in (first, second))
    answers = sail.run(
        first.home,
        [
            sail.Night(NIGHT_1, dict.fromkeys(sail.SOURCES, here)),
            sail.Night(NIGHT_2, dict.fromkeys(sail.SOURCES, later) | {"activation": here}),
        ],
        folder,
    )
    return {"homes": {NIGHT_1: first, NIGHT_2: second}, "answers": answers, "folder": folder}


@pytest.mark.parametrize("night", [NIGHT_1, NIGHT_2])
def test_every_model_and_every_test_ends_well_on_spark(nights: dict[str, Any], night: str) -> None:
    answer = nights["answers"][[NIGHT_1, NIGHT_2].index(night)]
    assert answer["nodes"] > 350
    assert not answer["not_well"]


@pytest.mark.parametrize("night", [NIGHT_1, NIGHT_2])
def test_spark_builds_the_same_rows_as_duckdb(nights: dict[str, Any], night: str) -> None:
    shop: Shop = nights["homes"][night]
    folder: Path = nights["folder"]
    found = differences(shop.home / "warehouse.duckdb", folder / night, sail.BUILT, LEFT_OUT)
    assert not found, "\n".join(f"{table}: {words[:600]}" for table, words in found.items())
