"""Who receives a column: each field of each sync, with the templates in which it is written out."""

from pathlib import Path

import pytest

from activation.receivers import receivers
from core.settings import load_settings

SYNC = """description: Wish them well
segment: champions
channel: smtp
contact_channel: email
mode: add_only
fields: {email: email, first_name: first_name, tier: loyalty_tier, why: segment.lifetime_orders}
options:
  subject: "Dear {{ first_name | default: 'friend' }}"
  text: {template: content/words/dear.txt}
"""


@pytest.fixture
def company(tmp_path):
    folder = tmp_path / "shop"
    (folder / "syncs").mkdir(parents=True)
    (folder / "content/words").mkdir(parents=True)
    (folder / "content/words/dear.txt").write_text(
        "{% if tier == 'gold' %}You are {{ tier }}{% endif %}, {{ first_name }}"
    )
    (folder / "syncs/champions__smtp.yml").write_text(SYNC)
    return load_settings(home=tmp_path / "home", project={"folder": str(folder)})


def test_a_field_names_the_templates_that_write_it_out(company):
    rows = {row["field"]: row for row in receivers(company) if row["channel"] == "smtp"}
    assert {field: (row["table"], row["column"]) for field, row in rows.items()} == {
        "email": ("marts.profiles", "email"), "first_name": ("marts.profiles", "first_name"),
        "tier": ("marts.profiles", "loyalty_tier"), "why": ("marts.segment__champions", "lifetime_orders"),
    }  # fmt: skip
    assert rows["first_name"]["templates"] == ["content/words/dear.txt", "smtp options.subject"]
    assert rows["tier"]["templates"] == ["content/words/dear.txt"] and rows["email"]["templates"] == []


def test_a_broken_sync_or_template_holds_up_no_other(company):
    folder = Path(company.project.folder)
    (folder / "content/words/dear.txt").write_text("{% if tier")
    (folder / "syncs/lost__csv_outbox.yml").write_text("segment: [")
    rows = receivers(company)
    assert {row["sync"] for row in rows} >= {"champions__smtp", "champions__csv_outbox"}
    assert {row["field"]: row["templates"] for row in rows if row["channel"] == "smtp"}["tier"] == []
