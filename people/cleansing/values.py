"""Distinct values: each is looked at once, and what came of it is taken by all records that hold it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.string()
PART = "\x1f"  # parts values that are looked at together; no text of a source holds it after `texts`


@dataclass(frozen=True)
class Answer:
    """What a value is cleaned to, why, and what it may have meant where nothing is changed."""

    value: str | None
    flags: tuple[str, ...] = ()
    suggestion: str | None = None


@dataclass(frozen=True)
class Answers:
    """Of each record: the cleaned value, which flags it has, and a suggestion."""

    values: pa.Array
    flags: dict[str, pa.Array]
    suggestions: pa.Array


def texts(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """As texts in one piece, NULL where nothing is left."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    array = pc.replace_substring(array.cast(TEXT), PART, " ")
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(array), ""), None, array)


def encoded(*columns: pa.Array) -> tuple[list[list[str | None]], pa.Array]:
    """Each distinct combination as a list, and the place of each record's in it."""
    joined = pc.binary_join_element_wise(*columns, PART, null_handling="replace", null_replacement="")
    codes = joined.dictionary_encode()
    return [[part or None for part in text.split(PART)] for text in codes.dictionary.to_pylist()], codes.indices


def answered(cleaner: Callable[..., Answer], *columns: pa.Array) -> Answers:
    """cleaner(first column's value, second's, …) of each distinct combination."""
    combinations, places = encoded(*columns)
    return spread([cleaner(*parts) for parts in combinations], places)


def spread(answers: Sequence[Answer], places: pa.Array) -> Answers:
    """The answers to distinct values as those of records."""
    names = sorted({flag for answer in answers for flag in answer.flags})
    return Answers(
        pa.array([answer.value for answer in answers], TEXT).take(places),
        {name: pa.array([name in answer.flags for answer in answers], pa.bool_()).take(places) for name in names},
        pa.array([answer.suggestion for answer in answers], TEXT).take(places),
    )


def shares(values: pa.Array, groups: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Of each record: how many of its group hold its value, and which share of those that hold any."""
    table = pa.table({"group": groups, "value": values, "place": pa.array(np.arange(len(values)))})
    held = table.filter(pc.is_valid(table["value"]))
    counts, sizes = np.zeros(len(values), np.int64), np.ones(len(values), np.int64)
    if held.num_rows:
        keys = pc.binary_join_element_wise(held["group"].cast(TEXT), held["value"].cast(TEXT), PART).combine_chunks()
        for target, key in ((counts, keys), (sizes, held["group"].cast(TEXT).combine_chunks())):
            indices = key.dictionary_encode().indices.to_numpy(zero_copy_only=False)
            target[held["place"].to_numpy()] = np.bincount(indices)[indices]
    return counts, counts / sizes
