"""A sensitive column goes to a channel only where the sync's file names it."""

from pathlib import Path

import pytest

from activation.scaffold import new_sync
from activation.sync import load_syncs
from core.errors import ConfigError
from core.settings import load_settings

SYNC = """description: Wish them well
segment: birthday_soon
channel: csv_outbox
contact_channel: email
mode: mirror
fields:
  email: email
  born: {column}
"""
TWIN = "models:\n  - name: segment__moody\n    columns:\n      - {name: mood, config: {meta: {data_class: %s}}}\n"


@pytest.fixture
def company(tmp_path):
    folder = tmp_path / "shop"
    for name in ("syncs", "segments", "sources", "staging"):
        (folder / name).mkdir(parents=True)
    return load_settings(home=tmp_path / "home", project={"folder": str(folder)})


def write(settings, column, more="", segment="birthday_soon"):
    name = f"{segment}__csv_outbox__ours"
    text = SYNC.replace("{column}", column).replace("birthday_soon", segment) + more
    (Path(settings.project.folder) / f"syncs/{name}.yml").write_text(text)
    return load_syncs(settings, [name])[name]


@pytest.mark.parametrize("column", ["birth_date", "gender", "segment.birthday_on", "segment.birth_date"])
def test_a_sync_that_does_not_name_it_is_refused_with_its_line(company, column):
    with pytest.raises(ConfigError) as refused:
        write(company, column)
    (mistake,) = refused.value.mistakes
    assert mistake.startswith("shop/syncs/birthday_soon__csv_outbox__ours.yml:8: fields.born: FL420 marts.")
    assert "sensitive: [born]" in mistake


def test_the_file_s_word_lets_it_go(company):
    assert write(company, "birth_date", "sensitive: [born]\n").columns["born"] == "birth_date"
    assert write(company, "country").columns["born"] == "country"
    with pytest.raises(ConfigError, match="bron: not among the sync's fields"):
        write(company, "birth_date", "sensitive: [bron]\n")


@pytest.mark.parametrize(("data_class", "is_refused"), [("sensitive", True), ("behavioural", False)])
def test_a_company_s_own_segment_says_what_is_sensitive(company, data_class, is_refused):
    segments = Path(company.project.folder) / "segments"
    (segments / "segment__moody.sql").write_text("select person_id, 'x' as mood from {{ ref('profiles') }}")
    (segments / "segment__moody.yml").write_text(TWIN % data_class)
    if is_refused:
        with pytest.raises(ConfigError, match=r"marts.segment__moody.mood is sensitive"):
            write(company, "segment.mood", segment="moody")
    else:
        assert write(company, "segment.mood", segment="moody")


def test_an_extra_column_that_is_sensitive_is_refused_too(company):
    folder = Path(company.project.folder)
    (folder / "sources/crm.yml").write_text(
        "description: d\nextra:\n  people:\n    note: {type: text, data_class: sensitive, meaning: What was noted}\n"
    )
    with pytest.raises(ConfigError, match=r"marts.profiles.note is sensitive"):
        write(company, "note")


def test_no_sync_of_ours_sends_what_is_sensitive(company):
    assert not [sync.name for sync in load_syncs(company).values() if sync.sensitive]


def test_a_new_feed_s_sync_leaves_it_out(company):
    feeds = Path(company.project.folder) / "feeds"
    feeds.mkdir()
    (feeds / "feed__visits.sql").write_text("select 1")
    (feeds / "feed__visits.yml").write_text(
        "models:\n  - name: feed__visits\n    columns: [{name: email}, {name: birth_date}, {name: value}]\n"
    )
    new_sync(company, "visits__csv_outbox")
    text = (Path(company.project.folder) / "syncs/visits__csv_outbox.yml").read_text()
    assert "email: email" in text and "birth_date" not in text
