"""What may lie in a drop folder: whatever it is, the command ends with a word about it, and what is good beside it
lands.
"""

import gzip
import os
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.kinds.parquet import columns, opened
from connectors.kinds.streams import unique_names
from connectors.pull import pull
from tests.connectors.conftest import Project

DAY = "2026-03-02"
GOOD = "id,name\n1,Ann\n2,Bo\n"
MANY = "\n".join(f"{i},name {i}" for i in range(3000))


def parquet(table: pa.Table, cut_bytes: int = 0) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    raw = sink.getvalue().to_pybytes()
    return raw[: len(raw) - cut_bytes] if cut_bytes else raw


ODD_TYPES = pa.table(
    {
        "id": pa.array([1, 2**64 - 1], pa.uint64()),
        "name": pa.array(["Ann", None]).dictionary_encode(),
        "big": pa.array([Decimal("1" * 50), None], pa.decimal256(60, 2)),
        "inner": pa.array([{"a": [1, 2]}, None], pa.struct([("a", pa.list_(pa.int8()))])),
        "moment": pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns", tz="Europe/London")),
        "half": pa.array([None, None], pa.float16()),
        "lasted": pa.array([1, None], pa.duration("s")),
        "at": pa.array([1, None], pa.time64("ns")),
        "raw": pa.array([b"\xff\x00", None], pa.binary()),
        "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int32())),
    }
)
LONG_TEXTS = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["x" * (1 << 20)]))
LISTS = pa.ListArray.from_arrays(pa.array(range(501), pa.int32()), LONG_TEXTS[:500])
LINE = b'{"id": "1", "name": "Ann"}\n'
# name -> content, rows that land, and a word of the reason where rows or the file are refused
CONTENTS: dict[str, tuple[str, bytes, int | None, str]] = {
    "half a surrogate pair": ("x.jsonl", LINE + b'{"id":"2","name":"Bo \\ud83d"}\n', 1, "JSON"),
    "a NUL in JSON": ("x.jsonl", LINE + b'{"id":"2","name":"B\\u0000"}\n', 1, "NUL"),
    "UTF-16 cut in the middle": ("x.jsonl", LINE.decode().encode("utf-16") + b"\x00", 1, "encoding"),
    "a byte order mark": ("x.jsonl", b"\xef\xbb\xbf" + LINE, 1, ""),
    "deep nesting": ("x.jsonl", LINE + b'{"id":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n", 2, ""),
    "nesting of two millions": ("x.jsonl", LINE + b'{"id":' + b"[" * 2_000_000 + b"]" * 2_000_000 + b"}\n", 1,
                                "nested too deeply"),
    "a giant integer": ("x.jsonl", b'{"id":' + b"9" * 6000 + b"}\n", 1, ""),
    "keys twice": ("x.jsonl", b'{"id":"1","id":"2"}\n', 0, "stands twice"),
    "data for keys": ("x.jsonl", b"{" + b",".join(b'"k%d":1' % i for i in range(5000)) + b"}\n", None, "undeclared"),
    "an array for rows": ("x.jsonl", b"[1,2]\n" + LINE, 1, "object"),
    "a line of seventy megabytes": ("x.jsonl", LINE + b'{"id":"' + b"x" * (70 << 20) + b'"}\n' + LINE, 2, "8 MB"),
    "a NUL in CSV": ("x.csv", b"id,name\n1,Ann\n2,B\x00o\n", 1, "NUL"),
    "a quote never closed": ("x.csv", b'id,name\n1,Ann\n2,"Bo\n3,Cy\n', 2, "quote"),
    "a row of a million cells": ("x.csv", b"id,name\n1,Ann\n" + b"x," * 1_000_000 + b"\n", 1, "fields"),
    "a header of a million cells": ("x.csv", b"id,name," + b"x,y," * 500_000 + b"\n1,Ann\n", None, "undeclared"),
    "a declared name 40,000 times": ("x.csv", b",".join([b"id"] * 40_000) + b"\n1,Ann\n", None, "undeclared"),
    "a header of five thousand": ("x.csv", ",".join(f"c{i}" for i in range(5000)).encode() + b"\n", None, "undeclared"),
    "a header cell of a megabyte": ("x.csv", b"id," + b"n" * 200_000 + b"\n1,Ann\n", None, ""),
    "no text at all": ("x.csv", bytes(range(256)) * 100, None, "no UTF-8"),
    "carriage returns and quotes": ("x.csv", b'id,name\r1,"A\rnn"\r', 1, ""),
    "gzip cut short": ("x.csv.gz", gzip.compress(MANY.encode())[:-9], None, "cut short"),
    "garbage behind gzip": ("x.csv.gz", gzip.compress(GOOD.encode()) + b"garbage" * 9, None, ""),
    "a gzip bomb": ("x.csv.gz", gzip.compress(b"id,name\n" + b"1,A\n" * (20 << 20)), None, "unpacks to more"),
    "a zstd bomb": ("x.csv.zst", pa.compress(b"id,name\n" + b"1,A\n" * (20 << 20), "zstd", asbytes=True), None,
                    "unpacks"),
    "text with the name of gzip": ("x.csv.gz", GOOD.encode(), None, "damaged"),
    "Parquet cut short": ("x.parquet", parquet(pa.table({"id": ["1"], "name": ["Ann"]}), cut_bytes=20), None,
                          "Parquet"),
    "text with the name of Parquet": ("x.parquet", GOOD.encode(), None, "Parquet"),
    "Parquet of odd types": ("x.parquet", parquet(ODD_TYPES), 2, ""),
    "a Parquet bomb": ("x.parquet", parquet(pa.table({"id": LONG_TEXTS})), None, "times its size"),
    "a Parquet bomb in lists": ("x.parquet", parquet(pa.table({"id": LISTS})), None, "times its size"),
    "Parquet of 5,000 columns": ("x.parquet", parquet(pa.table({f"c{i}": [1] for i in range(5000)})), None,
                                 "undeclared"),
}  # fmt: skip


@pytest.fixture(scope="module")
def entries_and_reasons(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, str]]:
    """All of them as tables of one source, in one pull: each table's entry, and the reasons of its refused rows."""
    project, tables = Project(tmp_path_factory.mktemp("hostile")), ""
    for number, (name, content, _, _) in enumerate(CONTENTS.values()):
        file = f"{number}.{name.removeprefix('x.')}"
        project.data(content, file)
        columns = "{id: text, name: text}"
        tables += f"  t{number}: {{kind: files, pattern: {file}, max_reject_share: 1, columns: {columns}}}\n"
    project.source(f'description: Anything\ndefaults: {{path: "{{home}}/in"}}\ntables:\n{tables}')
    start = time.monotonic()
    entries = pull(project.settings, date.fromisoformat(DAY), ["people"])["sources"]
    assert time.monotonic() - start < 60
    reasons: dict[str, str] = {}
    for row in project.rejects():
        reasons[row["table_name"]] = reasons.get(row["table_name"], "") + row["reason"]
    return {entry["table"]: entry for entry in entries}, reasons


def test_texts_of_parquet_come_in_pieces_of_bounded_size_and_words_of_every_row_are_no_bomb(tmp_path):
    long_texts = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 150, pa.int32()), pa.array(["x" * (1 << 20), "y"]))
    words = pa.array(["a word that stands in every row"] * 3_000_000)
    for array, most_bytes in ((long_texts, 33 << 20), (words, 33 << 20)):
        path = tmp_path / "x.parquet"
        pq.write_table(pa.table({"v": array}), path)
        with path.open("rb") as handle:
            size = path.stat().st_size if array is words else 1 << 30
            pieces = list(columns(opened(handle, path.name), size))
        assert max(piece[0].nbytes for piece, _ in pieces) <= most_bytes
        assert sum(row_count for _, row_count in pieces) == len(array)
        assert pa.concat_arrays([piece[0] for piece, _ in pieces]).equals(pa.array(array).cast(pa.string()))


def test_repeated_names_are_told_apart_in_no_time():
    assert unique_names(["a", "a", "a_2", "", "a ", "a_2"]) == ("a", "a_2", "a_2_2", "column_4", "a_3", "a_2_3")
    start = time.monotonic()
    assert len(set(unique_names(["a"] * 40_000))) == 40_000
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("what", CONTENTS)
def test_whatever_a_file_holds_is_rows_refusals_or_a_word(entries_and_reasons, what):
    number = list(CONTENTS).index(what)
    entry, (_, _, row_count, word) = entries_and_reasons[0][f"t{number}"], CONTENTS[what]
    report = str(entry.get("error", "")) + entries_and_reasons[1].get(f"t{number}", "")
    assert word in report, entry
    assert ("error" in entry) if row_count is None else entry["rows_landed"] == row_count, entry
    assert entry["rows_in"] == entry["rows_landed"] + entry["rows_rejected"] + entry["rows_unchanged"]
    assert entry["seconds"] < 15 and "holds something that cannot be read" not in report


def pipe(folder: Path) -> None:
    os.mkfifo(folder / f"{DAY}.csv")


def loop(folder: Path) -> None:
    (folder / f"{DAY}.csv").symlink_to(folder / f"{DAY}.csv")


def dangling(folder: Path) -> None:
    (folder / f"{DAY}.csv").symlink_to(folder / "nowhere")


def directory(folder: Path) -> None:
    (folder / f"{DAY}.csv").mkdir()


@pytest.mark.parametrize(
    ("make", "word"), [(pipe, "pipe"), (loop, "symbolic"), (dangling, "missing"), (directory, "missing")]
)
def test_what_is_no_file_is_told_and_never_waited_for(
    project, generic, make: Callable[[Path], None], word: str
) -> None:
    project.source(generic(["id", "name"]))
    make(project.home / "in")
    assert word in project.pull()["error"]


def test_a_name_that_is_no_text_is_told_and_a_strange_one_is_read(project, generic):
    project.source(generic(["id", "name"], name="*.csv"))
    project.data(GOOD, 'two\nlines, "quotes".csv')
    assert project.pull()["rows_landed"] == 2
    Path(os.fsdecode(os.fsencode(project.home / "in") + b"/\xff.csv")).write_text(GOOD)
    assert "no UTF-8" in project.pull()["error"]


def test_a_file_that_vanishes_while_it_is_read_is_told(project, generic, monkeypatch):
    project.source(generic(["id", "name"], name="*.csv"))
    paths = [project.data(GOOD, f"{i}.csv") for i in range(2)]
    from connectors.kinds import files

    open_file = files._open

    def vanish(file, *rest):
        paths[1].unlink(missing_ok=True)
        return open_file(file, *rest)

    monkeypatch.setattr(files, "_open", vanish)
    entry = project.pull()
    assert entry["error_kind"] == "RetryableError" and "1.csv" in entry["error"]
