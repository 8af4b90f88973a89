"""Empty tables build, and the newest file on the folder's list is found by name alone."""

from datetime import date

DAY = date(2026, 11, 20)


def test_a_warehouse_without_any_rows_builds_and_passes_its_tests(house):
    house.empty()
    house.night(DAY)
    assert house.one("select count(*) from marts.profiles") == 0
    assert "churn_90d_decile" in {c for c in house.rows("select column_name from information_schema.columns "
        "where table_schema = 'marts' and table_name = 'profiles'") for c in c.values()}  # fmt: skip
