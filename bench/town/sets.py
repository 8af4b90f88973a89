"""Public sets with truth, as records, where they lie beside the repository."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from bench.town.records import Town

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
PLACES = (DATA, DATA.parents[1].parent / "shared" / "data")  # also of a work tree in a folder of its own


def data_folder(name: str) -> Path | None:
    return next((place / name for place in PLACES if (place / name).is_dir()), None)


def febrl4(folder: Path) -> Town:
    """5,000 records and 5,000 of the same humans with errors: rec-N-org and rec-N-dup-0."""
    both = pa.concat_tables([_febrl(folder / "dataset4a.csv", "a"), _febrl(folder / "dataset4b.csv", "b")])
    human = pc.extract_regex(both["record_id"].combine_chunks(), r"^rec-(?P<n>\d+)-").field("n")
    return Town(both, human.dictionary_encode().indices.to_numpy())


def fake_1000(folder: Path) -> Town:
    rows = _read(folder / "fake_1000.csv")
    records = pa.table(
        {
            "record_id": rows["unique_id"], "source": pa.repeat("fake", rows.num_rows),
            "first_name": rows["first_name"], "last_name": rows["surname"], "birth_date": rows["dob"],
            "city": rows["city"], "email": rows["email"],
        }
    )  # fmt: skip
    return Town(records, np.asarray(rows["cluster"].cast("int64")))


def _febrl(path: Path, source: str) -> pa.Table:
    rows = _read(path)
    born = pc.replace_substring_regex(rows["date_of_birth"], r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3")
    street = pc.binary_join_element_wise(rows["street_number"].fill_null(""), rows["address_1"], " ")
    return pa.table(
        {
            "record_id": rows["rec_id"], "source": pa.repeat(source, rows.num_rows), "first_name": rows["given_name"],
            "last_name": rows["surname"], "birth_date": born, "street": street,
            "city": rows["suburb"], "postal_code": rows["postcode"], "strong_id": rows["soc_sec_id"],
        }
    )  # fmt: skip


def _read(path: Path) -> pa.Table:
    names = [name.strip() for name in path.open(encoding="utf-8").readline().split(",")]
    convert = csv.ConvertOptions(strings_can_be_null=True, column_types=dict.fromkeys(names, pa.string()))
    rows = csv.read_csv(path, csv.ReadOptions(column_names=names, skip_rows=1), csv.ParseOptions(), convert)
    trimmed = {name: pc.utf8_trim_whitespace(rows[name].combine_chunks()) for name in names}
    return pa.table({name: pc.if_else(pc.equal(values, ""), None, values) for name, values in trimmed.items()})
