"""people/identity.yml: read strictly, all mistakes at once; and what linkage costs who does not use it."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from core.errors import ConfigError
from core.settings import load_settings
from people.linkage.cleaning import clean
from people.linkage.spec import load_identity, load_identity_file

ROOT = Path(__file__).resolve().parents[3]
WRONG = """comparisons:
  - {kind: given_name, columns: [first_name]}
  - {kind: sounds, columns: [shoe_size]}
blocking:
  rules: [[shoe_size]]
  max_records_per_value: 1
training:
  rules: [[email]]
  recal: 0.5
thresholds: {join: 0.4, review: 0.5}
max_records: {email: 1}
"""


def test_every_mistake_is_said_at_once_with_its_line(tmp_path):
    path = tmp_path / "identity.yml"
    path.write_text(WRONG)
    with pytest.raises(ConfigError) as error:
        load_identity_file(path)
    lines = {mistake.split(":")[1] for mistake in error.value.mistakes}
    assert lines >= {"3", "5", "6", "9", "10", "11"}
    assert "no column shoe_size; columns: strong_id, first_name" in str(error.value)


def test_a_column_in_two_comparisons_would_count_twice(tmp_path):
    path = tmp_path / "identity.yml"
    path.write_text(WRONG.replace("kind: sounds, columns: [shoe_size]", "kind: text, columns: [first_name]"))
    with pytest.raises(ConfigError, match="first_name stands in two comparisons"):
        load_identity_file(path)


def test_a_companys_identity_file_stands_in_place_of_ours(tmp_path):
    own = tmp_path / "shop"
    (own / "people").mkdir(parents=True)
    ours = (ROOT / "people/identity.yml").read_text()
    (own / "people/identity.yml").write_text(ours.replace("join: 0.", "join: 0.9"))
    spec = load_identity(load_settings(home=tmp_path / "home", project={"folder": str(own)}))
    plain = load_identity(load_settings(home=tmp_path / "home"))
    assert spec and plain and spec.thresholds.join > plain.thresholds.join


def test_splink_is_loaded_only_by_who_needs_it():
    code = "import sys, fairlead, people.jobs, people.linkage.jobs; sys.exit('splink' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_texts_are_compared_in_small_plain_letters_without_titles_and_legal_forms(tmp_path):
    spec = load_identity(load_settings(home=tmp_path))
    rows = pa.table(
        {
            "record_id": ["1", "2", "3"], "source": ["s"] * 3, "first_name": ["Dr. José", None, "TEST"],
            "last_name": ["O'Brien-Müller", None, "…"], "full_name": [None, "Prof. Анна Каренина", None],
            "email": ["a.b+x@googlemail.com", "a@b.example", None], "company": ["Acme Ltd & Co. KG", "IBM", None],
            "street": ["12 High Street", "Hauptstraße 3", None], "postal_code": ["ab1 2cd", "10115", None],
            "birth_date": ["1900-01-01", "1980-02-03", "2199-01-01"],
        }
    )  # fmt: skip
    first, second, third = clean(rows, spec, 20000).to_pylist()
    assert (first["first_name"], first["last_name"], first["birth_date"]) == ("jose", "obrien muller", None)
    assert (first["email"], first["company"], first["address"]) == ("ab@gmail.com", "acme", "ab12cd 12 high st")
    assert (second["first_name"], second["last_name"]) == ("anna", "karenina")
    assert (second["street"], second["birth_year"], second["email_local"]) == ("hauptstr 3", "1980", "a")
    assert not [name for name, value in third.items() if value and name not in ("row", "record_id", "source")]
