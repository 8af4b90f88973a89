"""insight/quality.yml: what a company asks of its data, and how its mistakes are told."""

import shutil
from pathlib import Path

import pytest

from core.building.quality import QualitySpec, load_quality
from core.errors import ConfigError
from core.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]


def load(root: Path, text: str) -> QualitySpec:
    (root / "insight").mkdir(exist_ok=True)
    (root / "insight" / "quality.yml").write_text(text)
    macros = root / "dbt_project" / "macros"
    macros.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "dbt_project" / "macros" / "entities.sql", macros)
    return load_quality(load_settings(root=root, home=root / "home"))


def test_bounds_and_values_are_declared(tmp_path):
    spec = load(
        tmp_path,
        """
minimums:
  - {entity: people, field: email, measure: completeness, at_least: 0.8}
  - {entity: orders, measure: staleness, at_most_days: 2}
valid:
  - {entity: people, field: gender, values: [f, m, x]}
  - {entity: orders, field: revenue, min: -100000, max: 100000}
  - {entity: people, field: postal_code, matches: "[0-9]{5}"}
""",
    )
    assert (len(spec.minimums), len(spec.valid), spec.drop.days) == (2, 3, 28)


def test_without_a_file_the_defaults_hold(tmp_path):
    assert load_quality(load_settings(root=tmp_path, home=tmp_path / "home")) == QualitySpec()
    assert load_quality(load_settings(root=ROOT, home=tmp_path / "home")).model_dump() == QualitySpec().model_dump()


@pytest.mark.parametrize(("text", "mistake"), [
    ("minimums: [{entity: person, measure: validity, at_least: 1}]", "quality.yml:1: minimums.0.entity"),
    ("minimums: [{entity: people, measure: validity, at_least: 80}]", "less than or equal to 1"),
    ("minimums: [{entity: people, measure: staleness, at_least: 0.5}]", "staleness has at_most_days"),
    ("valid: [{entity: people, field: gender}]", "say values, min, max or matches"),
    ("valid: [{entity: people, field: gender, matches: '('}]", "no regular expression"),
    ("valid: [{entity: people, field: \"a'; drop\", values: [x]}]", "quality.yml:1: valid.0.field"),
    ("drop: {day: 3}", "quality.yml:1: drop.day"),
    ("minimums:\n  - {entity: people, field: shoe_size, measure: validity, at_least: 1}",
     "quality.yml:2: minimums.0: people has no"),
    ("minimums:\n  - {entity: people, source: nobody, measure: validity, at_least: 1}",
     "quality.yml:2: minimums.0: no source nobody"),
])  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path, text, mistake):
    with pytest.raises(ConfigError) as error:
        load(tmp_path, text)
    assert mistake in str(error.value)
