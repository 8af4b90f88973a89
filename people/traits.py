"""Names and birth dates of records, and whether two of them can be one human's. Compared once for each distinct pair.

Agreement of a field: 2 the same, 1 alike (a slip of the pen, a nickname, an initial), 0 one of them is silent,
-1 they differ.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

TRAITS = pa.schema({"record_id": "string", "first_name": "string", "last_name": "string", "birth_date": "date32"})
SAME, ALIKE, SILENT, DIFFERENT = 2, 1, 0, -1
ALIKE_FROM = 0.88  # Jaro-Winkler; chosen on a simulated town, see docs/reference/identity.md
ALIKE_NAMES = """
    with words as (
        select i, replace(a, ' ', '') as a, replace(b, ' ', '') as b, unnest(string_split(a, ' ')) as x,
            string_split(b, ' ') as others
        from pairs
    ), compared as (select i, a, b, x, unnest(others) as y from words)
    select bool_or(
        x = y or jaro_winkler_similarity(x, y) >= $alike_from or jaro_winkler_similarity(a, b) >= $alike_from
        or damerau_levenshtein(x, y) = 1 and least(length(x), length(y)) >= 4
        or least(length(x), length(y)) = 1 and left(x, 1) = left(y, 1)
        or least(length(x), length(y)) >= 3 and (starts_with(x, y) or starts_with(y, x))
        or nickname is not null
    ) as alike
    from compared left join nicknames on least(x, y) = low and greatest(x, y) = high
    group by i order by i"""
# days that a clerk enters to get on: nobody says anything by them
PLACEHOLDER_DATES = np.array(["1900-01-01", "1901-01-01", "1970-01-01", "2000-01-01"], "datetime64[D]").astype(int)
NO_DATE = np.iinfo(np.int32).min


@dataclass(frozen=True)
class Traits:
    """Every distinct (first, last, birth) once; `of_record` says which a record has, -1 that it is silent."""

    rows: pd.DataFrame  # first, last: places in `names`, -1 silent; birth: days since 1970 or NO_DATE
    names: np.ndarray
    of_record: np.ndarray

    @property
    def is_silent(self) -> bool:
        return not len(self.rows)


def read_traits(table: pa.Table, records: pa.Array) -> Traits:
    """table   as TRAITS; records it does not have are silent, and so is an empty name."""
    place = pc.index_in(table["record_id"].cast("string").combine_chunks(), value_set=records)
    is_present = pc.is_valid(place)
    table, at = table.filter(is_present), place.filter(is_present).to_numpy()
    first, last = _plain(table["first_name"]), _plain(table["last_name"])
    names = pc.unique(pa.chunked_array([first, last], pa.string()).combine_chunks()).drop_null()
    names = names.take(pc.sort_indices(names))
    birth = table["birth_date"].cast("date32").cast("int32").fill_null(NO_DATE).to_numpy().astype(np.int64)
    birth = np.where(np.isin(birth, PLACEHOLDER_DATES), NO_DATE, birth)
    spoken = pd.DataFrame({"first": _codes(first, names), "last": _codes(last, names), "birth": birth})
    is_spoken = ((spoken["first"] >= 0) | (spoken["last"] >= 0) | (birth != NO_DATE)).to_numpy()
    spoken, at = spoken[is_spoken], at[is_spoken]
    number = spoken.groupby(["first", "last", "birth"], sort=True).ngroup().to_numpy()
    of_record = np.full(len(records), -1)
    np.maximum.at(of_record, at, number)  # of a record that comes twice, one of them, always the same
    rows = spoken.assign(number=number).drop_duplicates("number").sort_values("number")
    return Traits(rows[["first", "last", "birth"]].reset_index(drop=True), names.to_numpy(False), of_record)


def agreement(traits: Traits, a: np.ndarray, b: np.ndarray) -> pd.DataFrame:
    """first, last, birth of each pair of traits; a and b are places in `traits.rows`."""
    size = max(len(traits.rows), 1)
    key, back = np.unique(np.minimum(a, b).astype(np.int64) * size + np.maximum(a, b), return_inverse=True)
    one, other = traits.rows.take(key // size), traits.rows.take(key % size)
    first = _names_agree(traits.names, one["first"].to_numpy(), other["first"].to_numpy())
    last = _names_agree(traits.names, one["last"].to_numpy(), other["last"].to_numpy())
    crossed = np.minimum(
        _names_agree(traits.names, one["first"].to_numpy(), other["last"].to_numpy()),
        _names_agree(traits.names, one["last"].to_numpy(), other["first"].to_numpy()),
    )
    is_crossed = (crossed > 0) & (np.minimum(first, last) < 0)  # first and family name changed places
    first, last = np.where(is_crossed, crossed, first), np.where(is_crossed, crossed, last)
    birth = _dates_agree(one["birth"].to_numpy(), other["birth"].to_numpy())
    return pd.DataFrame({"first": first[back], "last": last[back], "birth": birth[back]})


def first_names_agree(traits: Traits, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) whether two places in `names` can be one human's first name."""
    return _names_agree(traits.names, a, b) > SILENT


def _plain(texts: pa.ChunkedArray) -> pa.Array:
    """Small letters and digits without accents, single spaces between; NULL where nothing is left."""
    encoded = texts.cast("string").combine_chunks().dictionary_encode()
    plain = pc.utf8_lower(pc.utf8_normalize(encoded.dictionary, "NFKD"))
    plain = pc.replace_substring_regex(plain, r"[\pM'’`´]+", "")
    plain = pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, r"[^\pL\pN]+", " "))
    return pc.if_else(pc.equal(plain, ""), None, plain).take(encoded.indices)


def _codes(texts: pa.Array, names: pa.Array) -> np.ndarray:
    return pc.fill_null(pc.index_in(texts, value_set=names), -1).to_numpy()


def _names_agree(names: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    found = np.where(a == b, SAME, DIFFERENT)
    found[(a < 0) | (b < 0)] = SILENT
    open_ = np.flatnonzero(found == DIFFERENT)
    if len(open_):
        size = len(names)
        low, high = np.minimum(a[open_], b[open_]).astype(np.int64), np.maximum(a[open_], b[open_])
        key, back = np.unique(low * size + high, return_inverse=True)
        found[open_[_alike(names[key // size], names[key % size])[back]]] = ALIKE
    return found


def _alike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) whether two different names can be the same one: a word of the one is like, or short for, one of the
    other's.
    """
    db = _engine()
    db.register(
        "pairs", pa.table({"i": np.arange(len(a)), "a": pa.array(a, pa.string()), "b": pa.array(b, pa.string())})
    )
    alike = db.execute(ALIKE_NAMES, {"alike_from": ALIKE_FROM}).fetchnumpy()["alike"]
    db.unregister("pairs")
    alike = np.asarray(alike, dtype=bool)
    of_two_scripts = np.flatnonzero(~alike & (_in_latin(a) != _in_latin(b)))
    alike[of_two_scripts] = [
        _consonants(one) == _consonants(other) for one, other in zip(a[of_two_scripts], b[of_two_scripts], strict=True)
    ]
    return alike


def _in_latin(names: np.ndarray) -> np.ndarray:
    return np.asarray(pc.match_substring_regex(pa.array(names, pa.string()), "[a-z]"), dtype=bool)


@cache
def _consonants(name: str) -> str:
    """What scripts without vowels have in common with those that write them: خديجة and Khadija."""
    from text_unidecode import unidecode

    return re.sub(r"(.)\1+", r"\1", re.sub(r"[^a-z]|[aeiouwyh]", "", unidecode(name).lower()))


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """An empty database in memory with the nicknames: what compares texts."""
    db = duckdb.connect()
    db.register("nicknames", _nicknames())
    return db


def _nicknames() -> pa.Table:
    """(low, high, nickname): pairs of names that may be one human's, two nicknames of one name too, and a name beside
    the initial of another (Bill, W.).
    """
    listed = csv.read_csv(Path(__file__).with_name("nicknames.csv")).to_pandas()
    siblings = listed.merge(listed, on="name")
    pairs = np.concatenate([listed.to_numpy(str), siblings[["nickname_x", "nickname_y"]].to_numpy(str)])
    initials = [np.stack([pairs[:, one], pairs[:, 1 - one].astype("U1")], axis=1) for one in (0, 1)]
    pairs = np.concatenate([pairs, *initials])
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    return pa.table({"low": pairs[:, 0], "high": pairs[:, 1], "nickname": np.ones(len(pairs), dtype=bool)})


def _dates_agree(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Alike: one digit is wrong, day and month have changed places, or one of them knows the year alone (1 January)."""
    found = np.where(a == b, SAME, DIFFERENT)
    found[(a == NO_DATE) | (b == NO_DATE)] = SILENT
    open_ = np.flatnonzero(found == DIFFERENT)
    one, other = (_digits(days[open_]) for days in (a, b))
    is_slip = (one != other).sum(axis=1) == 1
    is_swapped = (one[:, :4] == other[:, :4]).all(axis=1) & (one[:, 4:6] == other[:, 6:]).all(axis=1)
    is_swapped &= (one[:, 6:] == other[:, 4:6]).all(axis=1)
    is_year = (one[:, :4] == other[:, :4]).all(axis=1) & (_is_first_of_year(one) | _is_first_of_year(other))
    found[open_[is_slip | is_swapped | is_year]] = ALIKE
    return found


def _digits(days: np.ndarray) -> np.ndarray:
    """(n, 8): YYYYMMDD."""
    dates = days.astype("datetime64[D]")
    year = dates.astype("datetime64[Y]").astype(int) + 1970
    month = dates.astype("datetime64[M]").astype(int) % 12 + 1
    day = (dates - dates.astype("datetime64[M]")).astype(int) + 1
    number = year * 10000 + month * 100 + day
    return np.stack([number // 10**power % 10 for power in range(7, -1, -1)], axis=1)


def _is_first_of_year(digits: np.ndarray) -> np.ndarray:
    return (digits[:, 4:] == [0, 1, 0, 1]).all(axis=1)
