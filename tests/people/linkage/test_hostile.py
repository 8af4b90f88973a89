"""Records as nobody should send them."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.errors import ConfigError
from people.linkage import LINKS, count_pairs, find_links, train

BLNS = Path(__file__).resolve().parents[4] / "shared/data/bad_input/blns/blns.json"
ODD = [
    "'; drop table records; --",
    "\x00",
    "Ω≈ç√∫",
    "田中さん",
    "ﷺ",
    "🏳0🌈",
    "null",
    "-1",
    "<b>",
    "{{ x }}",
    "%s",
    "\u202e",
    "a" * 5000,
]
DAY = date(2026, 3, 29)


def table(**columns: list) -> pa.Table:
    size = len(next(iter(columns.values())))
    ids = columns.pop("record_id", [f"r{n}" for n in range(size)])
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({"record_id": pa.array(ids, pa.string()), "source": pa.array(["s"] * size, pa.string()), **texts})


@pytest.mark.parametrize("size", [0, 1])
def test_nothing_and_one_record_have_no_links(size, spec, model, settings):
    links = find_links(table(first_name=["Ann"] * size), spec, model, settings=settings)
    assert links.schema == LINKS and links.num_rows == 0


def test_columns_that_are_all_missing_have_no_links(spec, model, settings):
    empty = table(first_name=[None] * 50, email=[None] * 50)
    assert find_links(empty, spec, model, settings=settings).num_rows == 0
    assert find_links(table(record_id=["a", "b"]), spec, model, settings=settings).num_rows == 0


def test_a_hundred_thousand_identical_records_make_no_pairs_and_that_is_told(spec, model, settings):
    size = 100_000
    same = {name: pa.repeat(value, size) for name, value in (("first_name", "Ann"), ("last_name", "Bee"),
            ("email", "ann@bee.example"), ("birth_date", "1980-02-03"), ("postal_code", "AB1"))}  # fmt: skip
    crowd = pa.table({"record_id": np.arange(size).astype(str), "source": pa.repeat("s", size), **same})
    assert find_links(crowd, spec, model, settings=settings).num_rows == 0
    left_out = {rule.rule: rule for rule in count_pairs(crowd, spec, settings=settings) if rule.values_left_out}
    assert left_out["last_name + birth_date"].pairs_left_out == size * (size - 1) // 2
    assert "1 values of more than 60 records" in left_out["last_name + birth_date"].notice


def test_a_record_id_that_comes_twice_is_one_record(spec, model, settings):
    twice = table(record_id=["a", "a", "b"], first_name=["Ann", "Zoe", "Ann"], last_name=["Bee", "Zed", "Bee"],
                  email=["ann@bee.example", "zoe@zed.example", "ann@bee.example"])  # fmt: skip
    links = find_links(twice, spec, model, settings=settings).to_pylist()
    assert [(row["record_a"], row["record_b"]) for row in links] == [("a", "b")]


def test_odd_texts_are_compared_as_any_other(spec, model, settings):
    odd = ODD + (json.loads(BLNS.read_text()) if BLNS.exists() else [])
    columns = dict.fromkeys(("first_name", "last_name", "street", "company", "email"), odd * 2)
    ids = [f"{n}'\"" for n in range(len(odd) * 2)]
    rows = table(record_id=ids, birth_date=["1980-02-03"] * len(ids), **columns)
    links = find_links(rows, spec, model, settings=settings)
    assert links.num_rows > 0
    assert all(json.loads(text) for text in links["comparison"].to_pylist())


def test_too_little_to_learn_from_is_said(spec, settings):
    with pytest.raises(ConfigError, match=r"Too little to learn from: 2 records.*training\.min_pairs in people"):
        train(table(first_name=["Ann", "Ann"], email=["a@b.example"] * 2), spec, DAY, settings)
    with pytest.raises(ConfigError, match="Too little"):
        train(table(record_id=[]), spec, DAY, settings)
    same = {"first_name": ["Ann"], "last_name": ["Bee"], "birth_date": ["1980-02-03"], "email": ["a@b.example"]}
    with pytest.raises(ConfigError, match="Too little to learn from: 0 records"):
        train(table(**{name: value * 50_000 for name, value in same.items()}), spec, DAY, settings)
