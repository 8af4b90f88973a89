"""The ways values arrive (CSV, JSON lines, Parquet, a database), each through a whole pull: what stands in raw, and why
the rest does not.
"""

import json
import sqlite3
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support import shop as command_line

DAY = date(2026, 3, 2)
REPO = Path(__file__).resolve().parents[2]
SOURCE = (
    'description: Values\ndefaults: {{path: "{{home}}/in"}}\ntables:\n  people:\n    kind: files\n    pattern: '
    '"{{day}}.{form}"\n    max_reject_share: 1\n{more}    columns:\n'
)


def source(form: str, columns: dict[str, str], more: str = "") -> str:
    return SOURCE.format(form=form, more=more) + "".join(f"      {n}: {c}\n" for n, c in columns.items())


def pull_rows(project, select: str) -> tuple[list[Any], dict[int, str]]:
    """The rows that landed, in order, and the reason by line of those that did not."""
    entry = project.pull()
    assert "error" not in entry, entry
    return [tuple(r.values())[:-3] for r in project.raw(f"{select}, _origin, _line, _row_key")], {
        r["line"]: r["reason"] for r in project.rejects()
    }


def test_a_file_of_decimal_commas_refuses_the_lines_that_have_a_point(project):
    more = '    delimiter: ";"\n    decimal: ","\n'
    project.source(source("csv", {"number_no": "text", "sum": "number", "pieces": "integer"}, more)).data(
        "number_no;sum;pieces\n1;2.345,60;4.000\n2;7,25;3\n3;7.25;1\n4;3.2.1,0;1\n5;0.75;1\n6;1,00;20.00\n7;1,00;2.5\n"
        "8;1\u00a0234,5;1\n"
    )
    rows, reasons = pull_rows(project, "number_no, sum, pieces")
    assert rows == [("1", 2345.6, 4000), ("2", 7.25, 3), ("8", 1234.5, 1)]
    assert sorted(reasons) == [4, 5, 6, 7, 8] and "groups of three" in reasons[4] and reasons[5] == "not a number"


def test_birthdays_with_years_of_two_digits_and_words_are_no_dates(project):
    days = ["1984-02-29", "29-02-84", "84-02-29", "1984-2-9", "1984/02/29", "tomorrow", "epoch", "1984-02-29 or so",
            "1985-02-29",
            "0000-00-00", "9999-12-31", "1984-02-29T00:00:00Z"]  # fmt: skip
    project.source(source("csv", {"born": "date"})).data("born,x\n" + "".join(f"{d},1\n" for d in days))
    rows, reasons = pull_rows(project, "born")
    assert rows == [(date(1984, 2, 29),), (date(9999, 12, 31),)]
    assert sorted(reasons) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 13] and all(
        r.startswith("not a date") for r in reasons.values()
    )


def test_instants_with_every_offset_of_iso_land_and_others_do_not(project):
    times = {"2026-06-01T09:30:00+0800": datetime(2026, 6, 1, 1, 30),
             "2026-06-01T09:30+02:00": datetime(2026, 6, 1, 7, 30),
             "2026-06-01 09:30:00 -0500": datetime(2026, 6, 1, 14, 30),
             "2026-06-01 09:30:00-05": datetime(2026, 6, 1, 14, 30),
             "2026-06-01T09:30:00 pm+0400": None, "0026-06-01T09:30:00+0300": None, "2026060109": None,
             "202606010930": None}  # fmt: skip
    project.source(source("csv", {"at_local": "timestamp"})).data("at_local,x\n" + "".join(f"{t},1\n" for t in times))
    rows, reasons = pull_rows(project, "at_local")
    assert rows == [(t,) for t in times.values() if t]
    assert (
        "year before 1000" in reasons[7] and "declare its format" in reasons[8] and "declare its format" in reasons[9]
    )


def test_numbers_in_json_keep_every_digit_or_are_refused(project):
    columns = {
        "n": "integer",
        "x": "number",
        "id": "text",
        "doc": "json",
        "at_s": "{type: timestamp, format: epoch_seconds}",
    }
    project.source(source("jsonl", columns)).data(
        '{"n": 1.0, "x": 1.50, "id": 12345678901234567890123, "doc": {"a": 1.1}, "at_s": 1767261600}\n'
        '{"n": 9223372036854775808}\n{"n": 1.0000000000000000001}\n{"n": 1.5}\n'
        '{"x": 0.12345678901234567890}\n{"x": 1e400}\n{"x": 1e-400}\n{"x": "NaN"}\n{"x": 9007199254740993}\n{"at_s": '
        "1767261600000}\n"
        '{"id": 0.12345678901234567890, "doc": {"a": 0.12345678901234567890}, "text": "1.23456789012345678"}\n{"id": '
        '"\\ud800 1.234567890123456789"}\n',
        f"{DAY}.jsonl",
    )
    rows, reasons = pull_rows(project, "n, x, id, doc, at_s")
    assert rows == [
        (1, 1.5, "12345678901234567890123", '{"a":1.1}', datetime(2026, 1, 1, 10)),
        (None, None, "0.12345678901234567890", '{"a":"0.12345678901234567890"}', None),
    ]
    assert sorted(reasons) == [*range(2, 11), 12] and "64 bits" in reasons[2] and "more digits" in reasons[5]


def test_a_number_of_json_that_lands_as_text_is_the_text_that_came(project):
    columns = {"version": "text", "plan": "{type: text, from: context.plan}", "x": "number", "doc": "json"}
    project.source(source("jsonl", columns)).data(
        '{"version": 1.10, "x": 1.50, "doc": {"a": 1.50}, "build": 2.00}\n{"version": 1e5, "context": {"plan": 7.0}}\n'
        '{"version": -0, "context": {"plan": 7.10}, "build": 0.0000001}\n',
        f"{DAY}.jsonl",
    )
    rows, _ = pull_rows(project, "version, plan, x, doc, build")
    assert rows == [("1.10", None, 1.5, '{"a":1.5}', "2.00"), ("1e5", "7.0", None, None, None),
                    ("-0", "7.10", None, None, "0.0000001")]  # fmt: skip


def test_json_that_two_readers_would_not_read_alike_is_refused_row_by_row(project):
    columns = {"id": "text", "plan": "{type: text, from: context.plan}", "doc": "json"}
    lines = ['{"id": "1", "id": "2"}', '{"id": "3", "n": 12345678901234567890.5, "n": 1}',
             '{"context": {"plan": "a", "plan": "b"}}',
             '{"doc": {"a": {"b": 1, "b": 2}}}', '{"id": NaN}', '{"id": "4",}', '{"id": "5\\u0000"}',
             '{"id": "6\\\\u0000"}',
             '{"id": "NaN,}"}', '{"doc": [{"a": 1}, {"a": 2}]}', '{"id": "7", "context.plan": "flat"}']  # fmt: skip
    project.source(source("jsonl", columns)).data("\n".join(lines), f"{DAY}.jsonl")
    rows, reasons = pull_rows(project, "id, plan, doc, context_plan")
    assert rows == [("6\\u0000", None, None, None), ("NaN,}", None, None, None),
                    (None, None, '[{"a":1},{"a":2}]', None), ("7", None, None, "flat")]  # fmt: skip
    assert sorted(reasons) == list(range(1, 8))
    assert all("stands twice" in reasons[n] for n in range(1, 5)) and "NaN" in reasons[5] and "comma" in reasons[6]


def test_a_declared_decimal_comma_is_for_texts_and_not_for_numbers_of_json(project):
    project.source(source("jsonl", {"x": "number"}, '    decimal: ","\n')).data(
        '{"x": 1.234}\n{"x": "1.234"}\n{"x": "1,5"}\n{"x": 12.5}\n{"x": "12.5"}\n',
        f"{DAY}.jsonl",
    )
    assert pull_rows(project, "x")[0] == [(1.234,), (1234.0,), (1.5,), (12.5,)]


def test_types_of_parquet_land_whole_or_refuse_their_row(project):
    table = pa.table({
        "n": pa.array([1.0, 1.5, None], pa.float64()), "x": pa.array([2**53 + 1, 5, 7], pa.int64()),
        "at_ns": pa.array([1_000, 1_000, 1_001], pa.timestamp("ns", "UTC")),
        "ancient": pa.array([0, 0, 2**60], pa.int64()).view(pa.timestamp("ms")),
        "name": pa.array(["é".encode()] * 3, pa.binary()),
        "big": pa.array([1, 2, 3], pa.int64()).cast(pa.decimal256(50, 2)),
    })  # fmt: skip
    table = pa.concat_tables([table, table.slice(1, 1).set_column(0, "n", pa.array([2.0]))])
    columns = {"n": "integer", "x": "number", "at_ns": "timestamp", "ancient": "text", "name": "text", "big": "number"}
    project.source(source("parquet", columns))
    pq.write_table(table, project.home / "in" / f"{DAY}.parquet", version="2.6")
    rows, reasons = pull_rows(project, "n, x, at_ns, name, big")
    assert rows == [(2, 5.0, datetime(1970, 1, 1, 0, 0, 0, 1), "é", 2.0)]
    assert {line: reason[:14] for line, reason in reasons.items()} == {
        1: "not a number: ",
        2: "not an integer",
        3: "a time that no",
    }


def test_a_database_gives_every_digit_of_a_real_and_no_date_of_two_digits(project):
    with sqlite3.connect(project.home / "shop.sqlite") as shop:
        shop.execute("create table people (x real, y real, born text, at_ms integer)")
        shop.executemany("insert into people values (?, ?, ?, ?)", [
            (0.1 + 0.2, 0.1, "1984-02-29", 1767261600123), (1e300, 2.5, "84-02-29", None), (None, None, "epoch", None),
        ])  # fmt: skip
    shop.close()
    text = source(
        "csv", {"x": "number", "y": "text", "born": "date", "at_ms": "{type: timestamp, format: epoch_milliseconds}"}
    )
    text = text.replace('path: "{home}/in"', 'url: "sqlite:///{home}/shop.sqlite"').replace("kind: files", "kind: sql")
    project.source(text.replace('pattern: "{day}.csv"', "table: people"))
    rows, reasons = pull_rows(project, "x, y, born, at_ms")
    assert rows == [(0.1 + 0.2, "0.1", date(1984, 2, 29), datetime(2026, 1, 1, 10, 0, 0, 123_000))]
    assert list(reasons.values()) == ["not a date", "not a date"]


def test_an_export_of_web_analytics_goes_through_new_source_and_pull_by_their_commands(project):
    project.data("dateHour,date,sessionSource,sessions,revenue\n" + "".join(
        f"20260301{h:02},20260301,newsletter,{h},{h}.50\n" for h in range(5, 24)), "traffic.csv")  # fmt: skip
    project.data("dateHourMinute,eventName\n202603011530,page_view\n202603011531,page_view\n", "minutes.csv")
    (project.root / "fairlead.toml").write_text("")
    run: dict[str, Any] = {"project": project.root, "PYTHONPATH": str(REPO)}
    result = command_line.fairlead(
        project.home, "new", "source", "web", "--yes", "--from", str(project.home / "in"), **run
    )
    text = (project.root / "connectors/sources/web.yml").read_text()
    assert "dateHour: has no zone and is read as UTC; declare time_zone" in text and result["entities"] == {}
    answer = command_line.fairlead(project.home, "pull", "web", "--day", "2026-03-02", **run)
    assert [r["rows_landed"] for r in answer["sources"]] == [2, 19], json.dumps(answer)
    (first, *_), minutes = project.raw(table="web__traffic"), project.raw(table="web__minutes")
    assert (first["date_hour"], first["date"], first["revenue"]) == (datetime(2026, 3, 1, 5), date(2026, 3, 1), 5.5)
    assert [m["date_hour_minute"] for m in minutes] == [datetime(2026, 3, 1, 15, 30), datetime(2026, 3, 1, 15, 31)]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_refused_says_so_on_a_postgres_warehouse_too(project, postgres, form):
    project.source(source(form, {"x": "number", "born": "date"})).settings_given = {
        "warehouse": {"engine": "postgres", "url": postgres}
    }
    lines = {
        "csv": "x,born\n1.5,1984-02-29\n9007199254740993,\n2,84-02-29\n",
        "jsonl": '{"x": 1.5, "born": "1984-02-29"}\n{"x": 9007199254740993}\n{"x": 2, "born": "84-02-29"}\n',
    }
    project.data(lines[form], f"{DAY}.{form}")
    rows, reasons = pull_rows(project, "x, born")
    assert rows[-1:] == [(1.5, date(1984, 2, 29))] and len(reasons) >= 2
