"""What nobody would send: chains without names, strings that break things, one address for all, nothing at all."""

import json
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from support.identity_tables import DAY, groups, held, named

from bench.town.sets import data_folder
from people.evidence import Evidence
from people.resolve import resolve
from people.schemas import History, Resolution

NAUGHTY = data_folder("bad_input")
MANY = 20_000


def sizes(found: Resolution) -> list[int]:
    return sorted(len(group) for group in groups(found))


def test_a_long_chain_of_records_without_names_is_not_one_human():
    links = [(f"r{n}", f"email:{n}") for n in range(200)] + [(f"r{n}", f"email:{n + 1}") for n in range(200)]
    found = resolve(held(*links), History(), DAY)
    assert max(sizes(found)) == 1
    assert found.vetoes["because"].unique().to_pylist() == ["a chain of many, and neither says who they are"]
    again = resolve(held(*links), found.history, DAY + timedelta(days=1))
    assert groups(again) == groups(found) and again.split == 0


def test_many_records_of_one_human_are_no_chain():
    star = [(f"r{n}", "email:ann") for n in range(40)] + [(f"r{n}", f"id:s:{n}") for n in range(40)]
    assert sizes(resolve(held(*star), History(), DAY)) == [40]
    ids = [(f"r{n}", f"id:s:{n}") for n in range(200)] + [(f"r{n}", f"id:s:{n + 1}") for n in range(200)]
    assert sizes(resolve(held(*ids), History(), DAY)) == [200], "ids join always"
    links = [(f"r{n}", f"email:{n}") for n in range(40)] + [(f"r{n}", f"email:{n + 1}") for n in range(40)]
    names = named(*[(f"r{n}", "Ann", "Smith", "1980-03-05") for n in range(40)])
    assert sizes(resolve(held(*links), History(), DAY, None, Evidence(names))) == [40], "they say who they are"


def test_one_address_on_all_records_joins_nobody_and_ends():
    rows = held(
        *[(f"r{n}", "email:test@test.com") for n in range(MANY)], *[(f"r{n}", f"id:s:{n}") for n in range(MANY)]
    )
    names = named(*[(f"r{n}", f"N{n % 977}x{n % 31}", None, None) for n in range(MANY)])
    found = resolve(rows, History(), DAY, None, Evidence(names))
    assert found.people.num_rows == MANY and found.ignored["records"].to_pylist() == [MANY]


def test_identical_records_are_one_human_and_a_record_twice_is_one_record():
    rows = held(*[(f"r{n}", "email:ann") for n in range(MANY)])
    names = named(*[(f"r{n}", "Ann", "Smith", "1980-03-05") for n in range(MANY)])
    found = resolve(rows, History(), DAY, None, Evidence(names))
    assert found.people["records"].to_pylist() == [MANY]
    twice = pa.concat_tables([held(("r", "email:a"), ("r", "phone:1"))] * 2)
    traits = pa.concat_tables([named(("r", "Ann", "Smith", None)), named(("r", "Bob", "Jones", None))])
    doubled = resolve(twice, History(), DAY, None, Evidence(traits))
    assert (doubled.records, doubled.people["records"].to_pylist(), doubled.links.num_rows) == (1, [1], 2)


def test_nothing_is_nothing_and_one_is_one():
    empty = held(("a", "email:a")).slice(0, 0)
    found = resolve(empty, History(), DAY)
    assert found.people.num_rows == found.validity.num_rows == found.vetoes.num_rows == 0
    assert resolve(held(("a", "email:a")), found.history, DAY).people.num_rows == 1


@pytest.mark.skipif(NAUGHTY is None, reason="../shared/data/bad_input is not part of the project")
def test_naughty_strings_are_names_and_identifiers_like_others():
    strings = sorted(set(json.loads(Path(NAUGHTY / "blns/blns.json").read_text(encoding="utf-8"))))
    rows = [(f"r{n}", f"email:{text}") for n, text in enumerate(strings)] + [(text, "email:shared") for text in strings]
    names = [(f"r{n}", text, text[::-1], None) for n, text in enumerate(strings)]
    names += [(text, text, None, None) for text in strings]
    found = resolve(held(*rows), History(), DAY, None, Evidence(named(*names)))
    assert (
        found.records == 2 * len(strings)
        and resolve(held(*rows), found.history, DAY, None, Evidence(named(*names))) == found
    )
