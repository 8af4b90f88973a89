"""`fairlead new source` proposes no type that would change a value, and says where a column could be
read in two ways.
"""

import sqlite3
from datetime import date

import pytest
import yaml

from connectors.understand.looking.guess import decimal_of, guess, unit_of
from connectors.understand.scaffold import new_source

N = range(10, 28)


@pytest.mark.parametrize(
    ("name", "values", "kind", "pattern"),
    [
        ("date_hour", [f"20260329{h}" for h in range(10, 24)], "timestamp", "%Y%m%d%H"),
        ("date_hour_minute", ["202603291530", "202603292359"], "timestamp", "%Y%m%d%H%M"),
        ("date", ["20260329", "20240229"], "date", "%Y%m%d"),
        ("date", ["20260329", "20260230"], "integer", None),
        ("created", ["1767261600", "1767261601"], "timestamp", "epoch_seconds"),
        ("created_at", ["1767261600000"], "timestamp", "epoch_milliseconds"), ("day", ["1", "2"], "integer", None),
        ("visits", ["2026032915", "1767261600"], "integer", None), ("flag", ["0", "1"], "integer", None),
        ("flag", ["yes", "no"], "boolean", None),
        ("land", ["no", "No"], "text", None), ("shop", ["007", "12"], "text", None),
        ("caller", ["+4474001234"], "text", None),
        ("level", ["1E5", "22"], "text", None), ("app_version", ["1.1", "1.10"], "text", None),
        ("big", [str(10**19 + i) for i in N], "text", None),
        ("share", ["5%", "12"], "text", None), ("price", ["€5", "$6.50"], "text", None),
        ("room", ["A12", "A13"], "text", None),
        ("x", ["0.12345678901234567890"], "text", None),
        ("born", [f"{d}/02/2026" for d in N], "date", "%d/%m/%Y"),
        ("born", [f"2/{d}/2026" for d in N], "date", "%m/%d/%Y"),
        ("seen", [f"{d}.2.2026 10:00" for d in N], "timestamp", "%d.%m.%Y %H:%M"),
        ("born", ["03/04/2026", "05/06/2026"], "text", None),
        ("born", ["13/02/2026", "02/13/2026"], "text", None), ("born", ["12-11-10", "85-03-20"], "text", None),
        ("born", ["1990-02-28"], "date", None),
        ("at", ["2026-03-29T10:00:00.1234567Z"], "timestamp", "iso_to_microseconds"),
        ("at", ["2026-03-29 10:00:00 -0500"], "timestamp", None),
    ],
)  # fmt: skip
def test_a_column_is_given_a_type_only_where_that_changes_nothing(name, values, kind, pattern):
    guessed = guess(name, values)
    assert (guessed.type, guessed.format) == (kind, pattern)


LATE, EARLY = "2021-09-{:02} {} 1:55:19", "2021-09-{:02} {} 8:06:39"


@pytest.mark.parametrize(
    ("values", "pattern", "put"),
    [
        ([LATE.format(3, "오후"), EARLY.format(13, "오전")], "%Y-%m-%d %p %I:%M:%S", {"오후": "PM", "오전": "AM"}),
        ([LATE.format(3, "下午")], "%Y-%m-%d %p %I:%M:%S", {"下午": "PM", "上午": "AM"}),  # the other may come
        (["2024/03/15 3:05 ص", "2024/03/16 4:05 م"], "%Y/%m/%d %I:%M %p", {"ص": "AM", "م": "PM"}),
        (["12 ene. 2024 3:05 p. m.", "1 dic. 2023 4:00 a. m."], "%d %m. %Y %I:%M %p.", {"ene": "01", "p. m": "PM"}),
        (["3 мая 2024 г.", "14 июня 2023 г."], "%d %m %Y г.", {"мая": "05", "июня": "06"}),
        (["Mon, 05 Feb 2024 10:00:00", "Tue, 16 Feb 2024 10:00:00"], ", %d %m %Y %H:%M:%S", {"Feb": "02", "Mon": ""}),
        ([f"{d:02}-Jan-23 01:15 PM" for d in range(1, 28)], "%d-%m-%y %I:%M %p", {"Jan": "01", "Dec": "12"}),
        (["2024年1月15日", "2023年12月3日"], "%Y年%m月%d日", {}),
        ([f"{m}/{d}/23" for m in (1, 2) for d in range(1, 28)], "%m/%d/%y", {}),
        ([f"{d:02}.05.{y}" for y in (41, 99) for d in range(1, 28)], None, {}),  # of either century
        (["INV 12/03/2021", "INV 13/03/2021"], None, {}), (["5 listopad 2023"], None, {}),  # November, and October
    ],
)  # fmt: skip
def test_days_and_times_are_read_in_the_words_of_every_language(values, pattern, put):
    guessed = guess("x", values)
    assert guessed.format == pattern and put.items() <= (guessed.words or {}).items()


def test_numbers_are_known_in_the_digits_of_every_script_and_with_their_minus_behind(project):
    project.data("name;sum;pieces\nA;12,50-;٣\nB;1.250,00;٤\n", "sales.csv")
    new_source(project.settings, "people", str(project.home / "in" / "sales.csv"))
    project.pull()
    assert [tuple(r.values())[:2] for r in project.raw("sum, pieces", "people__sales")] == [(-12.5, 3), (1250.0, 4)]


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (["€5", "€6.50", "-€7"], "€"), (["29,90 €", "1.029,90 €"], "€"), (["R$ 10,00", "R$5,00"], "R$"), (["5%"], "%"),
        (["5 kg", "6 kg"], "kg"), (["5 kg", "6 g"], None), (["5 €", "6"], None), (["A12", "A13"], None),
        ([f"{n}.{n}00,50 TL" for n in range(1, 30)], "TL"), ([f"{n},200円" for n in range(1, 30)], "円"),
        ([f"{n} Main" for n in range(40)], None), (["€5€"], None), (["2026-01-02"], None), (["12"], None),
    ],
)  # fmt: skip
def test_what_every_number_bears_is_its_unit(values, unit):
    assert unit_of(values) == unit


def test_eight_digits_are_a_day_by_their_values_alone(project):
    days = [f"2026{m:02}{d:02}" for m in (1, 2, 3) for d in range(1, 20)]
    assert (guess("erdat", days).type, guess("erdat", days).format) == ("date", "%Y%m%d")
    assert (
        guess("pieces", [*days, "20261399"]).type == "integer" and guess("ordered", ["54.00", "7.00"]).type == "number"
    )


def test_the_thousands_of_india_are_declared_and_land(project):
    project.data('name,sum\n"A","12,34,567.50"\n"B","1,000.25"\n', "sales.csv")
    new_source(project.settings, "people", str(project.home / "in" / "sales.csv"))
    assert (
        yaml.safe_load((project.root / "connectors/sources/people.yml").read_text())["tables"]["sales"]["thousands"]
        == "lakh"
    )
    project.pull()
    assert [r["sum"] for r in project.raw("sum", "people__sales")] == [1234567.5, 1000.25]


def test_thousands_with_commas_are_declared_and_land(project):
    project.data('name,sum,tip\n"A","$1,234.50",1\n"B","$7.25",2\n"C","-$1,000,000.00",3\n', "sales.csv")
    new_source(project.settings, "people", str(project.home / "in" / "sales.csv"))
    spec = yaml.safe_load((project.root / "connectors/sources/people.yml").read_text())["tables"]["sales"]
    assert spec["thousands"] == "," and spec["columns"]["sum"] == {"type": "number", "unit": "$"}
    project.pull()
    assert [r["sum"] for r in project.raw("sum", "people__sales")] == [1234.5, 7.25, -1_000_000.0]


def test_whatever_is_in_doubt_is_text_with_a_note():
    notes = {
        "day or month first": guess("born", ["03/04/2026"]), "years of two digits": guess("born", ["12-11-10"]),
        "a sign": guess("price", ["5%", "€5"]), "no zone": guess("date_hour", ["2026032915"]),
        "part thousands": guess("sum", ["1.234"], ".", ";"),
        "decimal commas, or lists": guess("sum", ["12,5"]),
        "numbers with commas in one file": guess("sum", ["1.5"], None, ";"),
    }  # fmt: skip
    assert all(words in guessed.note for words, guessed in notes.items())


def test_a_decimal_comma_is_declared_only_where_no_number_of_the_file_has_a_point():
    assert decimal_of({"a": ["12,50"], "b": ["3"]}, ";") == "," and decimal_of({"a": ["1.234,56"]}, "\t") == ","
    assert decimal_of({"a": ["12,50"], "b": ["0.5"]}, ";") is None and decimal_of({"a": ["12.50"]}, ";") == "."
    assert decimal_of({"a": ["1,2"]}, ",") == "." and decimal_of({"a": ["red, blue"]}, ";") == "."
    assert (
        guess("a", ["12,50", "1.234,56"], ",", ";").type == "number" and guess("b", ["1.234"], ",", ";").type == "text"
    )


def test_a_file_of_decimal_commas_lands_right_as_it_is_proposed(project):
    project.data("name;sum;pieces\nLamp;1.234,50;4\nBook;7,25;3\n", "sales.csv")
    new_source(project.settings, "people", str(project.home / "in" / "sales.csv"))
    spec = yaml.safe_load((project.root / "connectors/sources/people.yml").read_text())["tables"]["sales"]
    assert spec["decimal"] == "," and spec["columns"]["sum"] == "number"
    project.pull()
    assert [(r["sum"], r["pieces"]) for r in project.raw("sum, pieces, _origin, _line, _row_key", "people__sales")] == [
        (1234.5, 4),
        (7.25, 3),
    ]


def test_a_row_committed_behind_the_mark_is_read_the_next_night_as_it_is_proposed(project):
    with sqlite3.connect(project.home / "shop.sqlite", isolation_level=None) as shop:
        shop.execute("create table customers (customer_id text primary key, name text, updated_at text)")
        shop.execute("insert into customers values ('c1', 'Ann', '2026-03-02 09:00:00')")
        new_source(project.settings, "people", f"sqlite:///{project.home}/shop.sqlite")
        assert project.pull()["rows_landed"] == 1
        shop.execute(
            "insert into customers values ('c2', 'Bo', '2026-03-02 08:59:59')"
        )  # stamped before, committed after
    shop.close()
    assert project.pull(date(2026, 3, 3))["rows_landed"] == 1
