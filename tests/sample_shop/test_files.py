"""Every line on the disk is accounted for, and stands in the form that the source files declare."""

import csv
import gzip
import io
import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
import yaml

from sample_shop.generate import FILES

SOURCES = Path(__file__).parents[2] / "connectors" / "sources"
NIGHTS = ("2026-03-28", "2026-03-29")


def declared(table: str) -> dict:
    source = {"events": "segment_events", "mail": "sendgrid_events"}.get(table, "sample_shop")
    tables = yaml.safe_load((SOURCES / f"{source}.yml").read_text())["tables"]
    return tables[table if source == "sample_shop" else "events"]


def lines_of(shop, table: str, day: str) -> list[str]:
    stem, suffix, _, encoding = FILES[table]
    data = shop.path(f"{stem}{day}{suffix}").read_bytes()
    text = (gzip.decompress(data) if suffix.endswith(".gz") else data).decode(encoding)
    assert text == "" or text.endswith("\n")
    return text.splitlines()


def days_of(shop, table: str) -> list[tuple[str, int, int, int]]:
    return shop.ask(
        f"""select day::text, lines, broken, duplicated from {shop.truth("lines")}
        where "table" = '{table}' order by day"""
    )


def is_whole(line: str, table: str, width: int) -> bool:
    if "jsonl" in FILES[table][1]:
        try:
            return isinstance(json.loads(line), dict)
        except json.JSONDecodeError:
            return False
    delimiter = ";" if table == "till_lines" else ","
    return len(next(csv.reader(io.StringIO(line), delimiter=delimiter))) == width


@pytest.mark.parametrize("table", FILES)
def test_lines_are_what_was_made_less_late_plus_late_plus_twice_plus_broken(shop, table):
    wrong = shop.ask(f"""select * from {shop.truth("lines")} where "table" = '{table}'
        and lines <> made - late_out + late_in + duplicated + broken""")
    assert wrong == []
    carried = shop.ask(f"""select count(*) from (select late_in, lag(late_out) over (order by day) as held
        from {shop.truth("lines")} where "table" = '{table}') where late_in <> held""")
    assert carried == [(0,)]
    assert shop.summary.lines[table] == sum(lines for _, lines, _, _ in days_of(shop, table))


@pytest.mark.parametrize("table", FILES)
def test_every_file_holds_as_many_whole_and_broken_lines_as_the_truth_says(shop, table):
    days = days_of(shop, table)
    assert len(days) == 546
    for day, count, broken, _ in days[::20] + days[-3:]:
        lines = lines_of(shop, table, day)
        head = 1 if FILES[table][1] == ".csv" else 0
        assert len(lines) - head == count, day
        delimiter = ";" if table == "till_lines" else ","
        width = len(lines[0].split(delimiter)) if head else 0
        assert sum(not is_whole(line, table, width) for line in lines[head:]) == broken, day


@pytest.mark.parametrize("table", ["events", "mail", "till_lines"])
def test_exact_duplicates_are_as_many_as_the_truth_says(shop, table):
    for day, _, _, duplicated in days_of(shop, table)[-4:]:
        counts = Counter(lines_of(shop, table, day))
        assert sum(count - 1 for count in counts.values()) >= duplicated
    assert sum(row[3] for row in days_of(shop, table)) > 100


@pytest.mark.parametrize("table", FILES)
def test_no_day_is_so_dirty_that_the_pull_would_stop(shop, table):
    limit = declared(table)["max_reject_share"]
    retyped = dict(shop.ask(f"select day::text, rows from {shop.truth('retyped')} where \"table\" = '{table}'"))
    for day, lines, broken, _ in days_of(shop, table):
        assert broken + retyped.get(day, 0) <= limit * max(lines, 1), (day, broken, lines)
    assert bool(retyped) == (table == "leads")


def test_the_two_nights_have_broken_late_and_retyped_lines(shop):
    rows = shop.ask(f"""select sum(broken), sum(late_in), sum(duplicated) from {shop.truth("lines")}
        where day::text in {NIGHTS}""")
    assert min(rows[0]) > 0
    heads = [row["employees"] for row in csv.DictReader(lines_of(shop, "leads", NIGHTS[0]))]
    assert (
        heads.count("50-200")
        == shop.ask(f"select rows from {shop.truth('retyped')} where day = '{NIGHTS[0]}'")[0][0]
        > 0
    )


@pytest.mark.parametrize("table", FILES)
def test_each_declared_column_is_in_the_files(shop, table):
    columns = declared(table)["columns"]
    names = [spec.get("from", name) if isinstance(spec, dict) else name for name, spec in columns.items()]
    day = next(day for day, lines, _, _ in reversed(days_of(shop, table)) if lines > 0)
    lines = lines_of(shop, table, day)
    if FILES[table][1] == ".csv":
        present = set(lines[0].split(";" if table == "till_lines" else ","))
        assert set(names) <= present
        assert present - set(names) <= {"video_views"}
        return
    found_paths: set[str] = set()
    for day, *_ in days_of(shop, table)[::40]:
        for line in lines_of(shop, table, day):
            if is_whole(line, table, 0):
                found_paths |= paths(json.loads(line))
    assert set(names) <= found_paths


def paths(value: dict, above: str = "") -> set[str]:
    found_paths = set()
    for name, inner in value.items():
        found_paths.add(above + name)
        if isinstance(inner, dict):
            found_paths |= paths(inner, f"{above}{name}.")
    return found_paths


@pytest.mark.parametrize("table", ["customers", "orders", "order_lines", "returns", "products", "subscriptions"])
def test_the_database_has_the_declared_columns_and_nothing_of_the_future(shop, table):
    with sqlite3.connect(shop.path("shop.sqlite")) as db:
        columns = [row[1] for row in db.execute(f"pragma table_info({table})")]
        count, newest = db.execute(f"select count(*), max(updated_at) from {table}").fetchone()
    assert columns == list(declared(table)["columns"])
    assert count == shop.summary.rows[table] > 0
    assert newest < "2026-03-29 23:00:00"


def test_a_column_appears_in_the_advertising_files_and_a_field_in_the_web_events(shop):
    assert "video_views" not in lines_of(shop, "ads", "2025-12-31")[0]
    assert "video_views" in lines_of(shop, "ads", "2026-01-01")[0]
    assert not any("app_version" in line for line in lines_of(shop, "events", "2026-01-30"))
    assert any("app_version" in line for line in lines_of(shop, "events", "2026-02-02"))


def test_tills_write_windows_1252_that_is_not_utf_8(shop):
    raw = b"".join(f.read_bytes() for f in shop.path("till").glob("till-2025-1*.csv"))
    raw.decode("windows-1252")
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
