"""What is wrong with one source is told as its own fault, and holds up nobody else's opt-outs."""

from datetime import date

import pytest

from connectors.pull import pull
from connectors.source_files import find_sources, source_paths
from core.errors import ConfigError

DAY = date(2026, 3, 2)

GOOD = """
description: Opt-outs
defaults: {path: "{home}/in"}
tables:
  people:
    kind: files
    pattern: "good.csv"
    columns: {id: {type: integer, required: true}, name: text}
"""
PYTHON = "raise RuntimeError('no key for ann@example.com')\n"


def unknown_kind(project):
    project.source(GOOD.replace("kind: files", "kind: fils"), "bad")
    return "connectors/sources/bad.yml:6: tables.people.kind"


def python_that_raises(project):
    (project.root / "connectors/sources/bad.py").write_text(PYTHON)
    return "connectors/sources/bad.py:1: RuntimeError"


def two_of_one_name(project):
    project.source(GOOD, "bad")
    (project.root / "connectors/sources/bad.py").write_text(PYTHON)
    return "bad stands as .yml and as .py; keep one."


def link_to_nowhere(project):
    (project.root / "connectors/sources/bad.yml").symlink_to(project.root / "gone.yml")
    return "connectors/sources/bad.yml: is no file"


def wrong_section(project):
    project.source(GOOD, "bad")
    project.settings_given = {"sources": {"bad": {"pth": "x", "max_reject_share": "few"}}}
    return "sources.bad.pth: Extra inputs are not permitted"


def section_of_no_file(project):
    project.settings_given = {"sources": {"bad": {"pth": "x"}}}
    return "sources.bad.pth: Extra inputs are not permitted"


def type_that_raw_has_otherwise(project):
    project.source(GOOD, "bad").data("id,name\n1,Ann\n", "good.csv")
    assert pull(project.settings, DAY, ["bad"])["ok"]
    project.source(GOOD.replace("name: text", "name: number"), "bad")
    return "people.name is declared double, but raw.bad__people holds it as varchar"


FAULTS = [
    unknown_kind,
    python_that_raises,
    two_of_one_name,
    link_to_nowhere,
    wrong_section,
    section_of_no_file,
    type_that_raw_has_otherwise,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_one_source_is_told_and_the_others_are_pulled(project, fault):
    project.source(GOOD, "good").data("id,name\n1,Ann\n", "good.csv")
    words = fault(project)
    result = pull(project.settings, DAY)
    entries = {entry["source"]: entry for entry in result["sources"]}
    assert not result["ok"] and entries["good"]["rows_landed"] == 1
    assert words in entries["bad"]["error"] and entries["bad"]["error_kind"] == "ConfigError"
    assert "example.com" not in entries["bad"]["error"]
    assert entries["bad"]["rows_in"] == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_good_source_is_pulled_by_its_name_whatever_is_wrong_with_another(project, fault):
    project.source(GOOD, "good").data("id,name\n1,Ann\n", "good.csv")
    fault(project)
    result = pull(project.settings, DAY, ["good"])
    assert result["ok"] and [(e["source"], e["rows_landed"]) for e in result["sources"]] == [("good", 1)]
    assert "bad" not in source_paths(project.settings) or not pull(project.settings, DAY, ["bad"])["ok"]


def test_a_build_wants_every_source_file_in_order(project):
    unknown_kind(project)
    project.source(GOOD, "good")
    with pytest.raises(ConfigError, match=r"bad\.yml:6"):
        find_sources(project.settings)


def test_a_staging_model_that_is_no_text_holds_up_no_pull(project):
    project.source(GOOD, "good").data("id,name\n1,Ann\n", "good.csv")
    folder = project.root / "dbt_project/models/staging/good"
    folder.mkdir(parents=True)
    (folder / "stg_good__consents.sql").write_bytes(b"-- caf\xe9\nselect * from {{ source('raw', 'good__people') }}")
    (folder / "stg_other__consents.sql").symlink_to(folder / "gone.sql")
    assert pull(project.settings, DAY)["ok"]
    assert project.raw(table="good__people__refused") == [], "and what it reads is known to hold noes"
