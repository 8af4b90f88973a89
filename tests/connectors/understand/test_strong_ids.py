"""Numbers that one human has wherever they appear: declared, proposed, and what joins by them."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from cli.data import resolve_people
from connectors.pull import pull
from connectors.source_files import find_sources
from connectors.understand.scaffold import new_source
from core.errors import ConfigError
from core.warehouse import connect

DAY = date(2026, 3, 2)
NAMES = ["Ann", "Bob", "Zoe", "Kim", "Lea", "Tom"]
SOURCE = """
description: members
defaults: {{path: "{{home}}/in/drop"}}
tables:
  members:
    kind: files
    pattern: members.csv
    key: [no]
    columns: {{no: text, ssn: {ssn}}}
"""


def rows(number, born, first: int) -> str:
    return "".join(
        f"{n + first};{NAMES[n % 6]}{'abcdefgh'[n % 8]};Smith{'abcdefghij'[n // 4]};{born(n)};{number(n)}\n"
        for n in range(40)
    )


def test_a_national_number_is_proposed_joins_two_tables_and_a_filler_joins_nobody(company):
    head = "member;first_name;last_name;date_of_birth;social_security_number\n"
    mixed = [f"AB 12 34 {n:02} C" for n in range(40)]
    company.data(head + rows(lambda n: mixed[n], lambda n: f"19{40 + n}0{n % 9 + 1}1{n % 10}", 100), "drop/a.csv")
    same = rows(lambda n: "0000000" if n > 30 else mixed[n].replace(" ", ""), lambda n: f"19{40 + n}1399", 500)
    company.data(head + same, "drop/b.csv")
    found = new_source(company.settings, "drop", str(company.home / "in" / "drop"))
    assert found["entities"] == {"a": "people", "b": "people"}
    assert any(d["column"] == "social_security_number" and "one human" in d["doubt"] for d in found["doubts"])
    columns = yaml.safe_load((company.root / "connectors/sources/drop.yml").read_text())["tables"]["a"]["columns"]
    assert columns["social_security_number"] == {"type": "text", "identifier": "id", "namespace": "national_id"}
    assert [t["rows_rejected"] for t in pull(company.settings, DAY, ["drop"])["sources"]] == [0, 0]
    result = resolve_people(company.settings, DAY)
    assert result["ok"] and result["people"] == 80 - 31, "names and dates that differ part no ids"
    with connect(company.settings) as db:
        held = db.query("select strong_id, birth_date from intermediate.int_people__records order by record_id")
    assert held["strong_id"].to_pylist()[0] == "id:national_id:AB123400C"
    born = held["birth_date"].to_pylist()
    assert date(1940, 1, 10) in born and born.count(None) == 40, "a day that there is not is none, and refuses nobody"


def test_a_number_that_two_tables_of_people_share_is_proposed_whatever_it_is_called(company):
    head = "member;first_name;last_name;date_of_birth;dossier\n"
    for place, name in enumerate("ab"):
        company.data(head + rows(lambda n: f"D{n:05}", lambda n: f"19{40 + n}0101", place * 500), f"drop/{name}.csv")
    found = new_source(company.settings, "drop", str(company.home / "in" / "drop"))
    assert found["entities"] == {"a": "people", "b": "people"}, found["doubts"]
    sql = (company.root / "dbt_project/models/staging/drop/stg_drop__people.sql").read_text()
    assert "{{ strong_ids({'drop_dossier': 'dossier__normalised'}) }} as strong_ids" in sql


@pytest.mark.parametrize(
    ("declared", "mend"),
    [
        ("{type: text, identifier: id}", "namespace belong together"),
        ("{type: text, namespace: ssn}", "namespace belong together"),
        ("{type: integer, identifier: id, namespace: ssn}", "an identifier is text"),
        ("{type: text, identifier: id, namespace: 'S S N'}", "small letters"),
        ("{type: text, identifier: vat}", "'email', 'phone' or 'id'"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_mend(project, declared: str, mend: str):
    path = Path(project.root / "connectors/sources/drop.yml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SOURCE.format(ssn=declared))
    with pytest.raises(ConfigError, match=mend):
        find_sources(project.settings)
