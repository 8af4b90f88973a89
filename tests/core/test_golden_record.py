"""people/golden_record.yml: read strictly, all mistakes at once, the company's own in place of ours."""

import shutil
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.golden.load import golden, load_golden_record
from core.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
WRONG = """trust: [sample_shop, nobody, sample_shop]
verified: {birth_date: shoe_size}
default: freshest
groups:
  email: {columns: [city, postal_code], rules: newest, needs: [street]}
  whole: {columns: [first_name, surname], rules: longest, fallback: newest}
fields:
  emial: newest
  birth_date: {rules: newest, max_age_days: 3}
  phone: {rules: [verified_first, verified_first]}
"""


def with_rules(tmp_path: Path, text: str) -> Settings:
    company = tmp_path / "acme"
    (company / "people").mkdir(parents=True)
    (company / "people/golden_record.yml").write_text(text)
    return load_settings(root=ROOT, home=tmp_path / "home", project={"folder": str(company)})


def mistakes_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_golden_record(with_rules(tmp_path, text), {})
    return error.value.mistakes


def test_every_mistake_is_said_at_once_with_its_file_and_line(tmp_path):
    mistakes = mistakes_of(tmp_path, WRONG)
    assert all(mistake.startswith("acme/people/golden_record.yml:") for mistake in mistakes)
    assert {int(mistake.split(":")[1]) for mistake in mistakes} >= {1, 2, 3, 5, 6, 8, 9, 10}
    text = "\n".join(mistakes)
    for part in ("no source nobody; sources: ", "no field emial; fields: email", "no extra column of people shoe_size",
                 "no field surname", "needs street", "fallback", "belong to the rule most_trusted_source",
                 "verified_first stands twice"):  # fmt: skip
        assert part in text, text


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("fields: {gender: most_trusted_source}", "needs the sources in their order"),
        ("fields: {birth_date: verified_first}", "what makes it verified"),
        ("default: verified_first", "single fields"),
        ("groups: {a: {columns: [city, street], rules: newest}, b: {columns: [city, region], rules: newest}}",
         "city stands in two groups"),
        ("groups: {a: {columns: [city, street], rules: newest}}\nfields: {city: longest}", "stands in the group a"),
        ("groups: {city: {columns: [street, region], rules: newest}}", "city is a field"),
        ("groups: {a: {columns: [email, phone], rules: newest}}", "survives by itself"),
        ("fields: {loyalty_points: longest}", "is no text"),
        ("fields: {gender: []}", "at least 1"),
    ],
)  # fmt: skip
def test_rules_that_cannot_decide_are_refused_with_the_mend(tmp_path, text, mend):
    assert mend in "\n".join(mistakes_of(tmp_path, text))


def test_the_companys_file_stands_in_place_of_ours_and_without_one_the_newest_value_wins(tmp_path):
    own = with_rules(tmp_path, "trust: [online_retail]\ndefault: most_trusted_source\n")
    units = {unit["name"]: unit for unit in golden(own, {})}
    assert units["city"]["rules"] == ["most_trusted_source"] and units["city"]["trust"] == ["online_retail"]
    assert units["city"]["place"] == units["gender"]["place"] != units["email"]["place"]
    bare = tmp_path / "bare"
    (bare / "dbt_project/macros").mkdir(parents=True)
    shutil.copy(ROOT / "dbt_project/macros/entities.sql", bare / "dbt_project/macros")
    without = golden(load_settings(root=bare, home=tmp_path / "home"), {"shoe_size": "integer"})
    assert {unit["name"]: unit["rules"] for unit in without}["shoe_size"] == ["newest"]
    assert all(unit["columns"] == [unit["name"]] for unit in without)


def test_ours_keeps_names_and_addresses_together(tmp_path):
    units = {unit["name"]: unit for unit in golden(load_settings(root=ROOT, home=tmp_path), {})}
    assert units["address"]["columns"] == ["street", "city", "postal_code", "region", "country"]
    assert units["name"]["columns"] == ["first_name", "last_name"]
    assert len({unit["place"] for unit in units.values()}) <= 5, "each order of records costs a pass"
