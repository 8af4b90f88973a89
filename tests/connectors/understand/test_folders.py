"""Which files are one table, by what pattern the next export is found, and what the table is called."""

from datetime import date

import pytest

from connectors.understand.looking.folders import NO_DAYS, file_tables
from connectors.understand.scaffold import new_source


def laid_out(folder, *names, header="id,email\n"):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(header + "1,a@example.com\n")
    return {t.pattern: t.name for t in file_tables(folder)[1]}


@pytest.mark.parametrize(
    ("names", "tables"),
    [
        (["prod.clients.2024-08-31.csv"], {"prod.clients.*.csv": "prod_clients"}),
        (["export_orders_30-06-2024.csv"], {"export_orders_*.csv": "export_orders"}),
        (["orders_20240701_093012.csv"], {"orders_*.csv": "orders"}),
        (["orders_2023.csv", "orders_2024.csv"], {"orders_*.csv": "orders"}),
        (["Gifts_07012019-06302025.csv"], {"Gifts_*.csv": "gifts"}),
        (["orders_2024.csv", "orders_old.csv"], {"orders_2024.csv": "orders", "orders_old.csv": "orders_old"}),
        (["a-2024-01-01.csv", "a-2024-01-02.csv"], {"a-{day}.csv": "a"}),
        (["orders_export (1).csv"], {"orders_export (1).csv": "orders_export"}),
        (["new/a_2024.csv", "old/a_2023.csv"], {"new/a_*.csv": "new_a", "old/a_*.csv": "old_a"}),
        (["customers.csv", "readme.md"], {"customers.csv": "customers"}),
        (["Q1.csv"], {"Q1.csv": "q1"}),
    ],
)  # fmt: skip
def test_files_that_differ_in_a_date_are_one_table(tmp_path, names, tables):
    assert laid_out(tmp_path, *names) == tables


def test_files_of_two_headers_are_two_tables_and_daily_ones_know_their_days(tmp_path):
    laid_out(tmp_path, "orders_2023.csv")
    assert set(laid_out(tmp_path, "orders_2024.csv", header="id,mail\n")) == {"orders_2023.csv", "orders_2024.csv"}
    laid_out(tmp_path / "daily", "a-2024-01-02.csv", "a-2024-01-01.csv")
    (daily,) = file_tables(tmp_path / "daily")[1]
    assert daily.days == (date(2024, 1, 1), date(2024, 1, 2))
    (given,) = file_tables(tmp_path / "daily" / "a-*.csv")[1]
    assert (given.pattern, given.days) == ("a-{day}.csv", daily.days)
    (one,) = file_tables(tmp_path / "orders_2023.csv")[1]
    assert one.days == NO_DAYS and file_tables(tmp_path / "nothing")[1] == []


def test_the_answer_names_the_days_that_a_pull_finds(project):
    for day in (1, 2):
        project.data("id,email\n1,a@example.com\n", f"drop/people-2026-03-0{day}.csv")
    answer = new_source(project.settings, "drop", str(project.home / "in" / "drop"), is_tried=False)
    assert "fairlead pull drop --from 2026-03-01 --to 2026-03-02" in answer["next"]
