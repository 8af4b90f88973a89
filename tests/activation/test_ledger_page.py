"""docs/reference/ledger.md names every table, column and reason that there is, and none that is not."""

import re
from pathlib import Path

import pytest
import yaml

from activation.ledger.tables import TABLES, VIEWS
from activation.planning.diff import NO_PERSON, changes
from activation.sync import Sync

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/ledger.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.S | re.M))


def told(section: str, heading: str = "column") -> set[str]:
    """The names in the first column of a section's table of that heading."""
    table = re.search(rf"^\| `?{heading}`? \|.*?\n\|[-|]+\n((?:\|.*\n?)*)", SECTIONS[section], re.M)
    assert table, f"{section} has no table of {heading}s"
    return {name for row in table.group(1).splitlines() for name in re.findall(r"`(\w+)`", row.split(" | ")[0])}


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_the_ledger_is_told(name):
    assert told(name) == set(TABLES[name].columns.names)


def test_every_table_and_view_has_its_section():
    assert set(TABLES) | set(VIEWS) == SECTIONS.keys()


def test_every_reason_is_told():
    models = yaml.safe_load((ROOT / "dbt_project/models/marts/activation/_activation.yml").read_text())["models"]
    (audiences,) = (m for m in models if m["name"] == "audiences")
    (reason,) = (c for c in audiences["columns"] if c["name"] == "reason")
    in_marts = set(reason["data_tests"][0]["accepted_values"]["arguments"]["values"]) - {"included"}
    sync = Sync(
        name="a__b",
        description="d",
        segment="a",
        channel="b",
        contact_channel="email",
        mode="mirror",
        fields={"e": "e"},
    )
    in_plan = {NO_PERSON}
    for one in (sync, sync.model_copy(update={"retired": True})):
        in_plan |= set(
            re.findall(
                r"(?:then|u\.reason,) '(\w+)'", changes(one).split("reason in")[0] + changes(one).split("as op,")[1]
            )
        )
    ops, statuses = {"add", "update", "remove", "exit"}, {"rejected"}
    in_settle = {"arrived_after_all", "rebaselined"}
    assert told("changelog", "reason") >= in_marts | in_settle | (in_plan - ops - statuses)
    assert told("changelog", "reason") - in_marts - in_settle <= in_plan | {"changed"}


def test_a_key_that_may_be_an_events_is_not_called_a_persons():
    """Whoever joins a person_id with the profiles must find a person."""
    assert [name for name, table in TABLES.items() if "person_id" in table.columns.names] == []
