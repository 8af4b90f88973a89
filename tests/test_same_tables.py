"""The comparison of what two engines have built tells every difference that is one, and no other."""

from pathlib import Path

import duckdb
import pytest
from support.same_tables import differences

SAME = "select 1 as a, 2.5::double as b, 'x' as c, date '2026-03-28' as day"


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (SAME, False),
        (SAME.replace("2.5::", "2.5000000000001::"), False),  # the order of a sum
        (SAME.replace("2.5::", "2.51::"), True),
        (SAME.replace("1 as a", "1::bigint as a"), False),
        (SAME.replace("'x'", "null"), True),
        (SAME.replace("03-28", "03-27"), True),
        (f"{SAME} union all {SAME}", True),
        (f"{SAME} limit 0", True),
        (f"select * exclude (c) from ({SAME})", True),
    ],
)
def test_a_difference_of_rows_or_columns_is_told(tmp_path: Path, theirs: str, found: bool) -> None:
    (tmp_path / "out/marts.t").mkdir(parents=True)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.execute(f"create schema marts; create table marts.t as {SAME}")
        db.execute(f"copy ({theirs}) to '{tmp_path}/out/marts.t/rows.parquet' (format parquet)")
    told = differences(tmp_path / "warehouse.duckdb", tmp_path / "out", ("marts",), {})
    assert list(told) == (["marts.t"] if found else [])


def test_a_table_that_one_of_them_lacks_is_told(tmp_path: Path) -> None:
    (tmp_path / "out/marts.theirs").mkdir(parents=True)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as db:
        db.execute(f"create schema marts; create table marts.ours as {SAME}")
    told = differences(tmp_path / "warehouse.duckdb", tmp_path / "out", ("marts",), {})
    assert set(told) == {"marts.ours", "marts.theirs"}
