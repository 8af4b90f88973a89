"""A warehouse without any rows."""

from datetime import date

DAY = date(2026, 11, 20)


def test_a_warehouse_without_any_rows_builds_with_the_columns_of_every_predictive_model(house, project):
    house.night(DAY)
    assert house.one("select count(*) from marts.profiles") == 0
    columns = {r["column_name"] for r in house.rows(
        "select column_name from information_schema.columns where table_schema = 'marts'"
        " and table_name = 'profiles'")}  # fmt: skip
    models = {p.stem for p in (project / "models").glob("*.yml")}
    assert models and columns >= models | {f"{m}_decile" for m in models}
