"""Sync files: what is wrong in them is said at once, with file and line."""

import pytest

from activation.sync import Sync, load_syncs
from core.errors import ConfigError


def test_every_mistake_of_every_file_is_reported_with_its_line(project):
    folder = project.settings.root / "activation" / "syncs"
    (folder / "loyal__csv_outbox.yml").write_text(
        "description: x\nsegment: nobody\nchannel: csv_outbox\ncontact_channel: telepathy\nmode: mirror\n"
        "fields: {email: email}\nholdout_shar: 0.1\noptions: {spreadsheet_saef: true}\n"
    )
    (folder / "loyal__nowhere.yml").write_text("description: x\nsegment: loyal\nchannel: nowhere\nmode: mirror\n")
    with pytest.raises(ConfigError) as refused:
        load_syncs(project.settings)
    said = refused.value.mistakes
    for expected in (
        "loyal__csv_outbox.yml:2: segment: no segment 'nobody'",
        "loyal__csv_outbox.yml:4: contact_channel",
        "loyal__csv_outbox.yml:7: holdout_shar",
        "loyal__csv_outbox.yml:8: options: FL415 spreadsheet_saef",
        "loyal__nowhere.yml:3: channel: FL401 no channel 'nowhere'",
        "contact_channel: Field required",
        "fields: Field required",
    ):
        assert any(expected in line for line in said), (expected, said)


@pytest.mark.parametrize(
    "fields",
    [{}, {"op": "email"}, {"a\nb": "email"}, {"email": "email; drop table x"}, {"email": "Email"}, {" email": "email"}],
)
def test_a_field_or_column_that_cannot_be_is_refused(fields):
    with pytest.raises(ValueError, match="fields"):
        Sync(name="n", description="d", segment="s", channel="c", contact_channel="none", mode="mirror", fields=fields)


def test_a_column_that_profiles_do_not_have_is_said_before_anything_is_planned(project):
    project.write_sync("csv_outbox")
    path = project.settings.root / "activation/syncs/loyal__csv_outbox.yml"
    path.write_text(path.read_text().replace("value_180d", "valeu_180d"))
    project.build({})
    with pytest.raises(ConfigError, match=r"loyal__csv_outbox.yml: fields.value: .*'valeu_180d'"):
        project.plan()


def test_an_unknown_sync_is_refused_by_name(project):
    project.write_sync("csv_outbox")
    with pytest.raises(ConfigError, match=r"No sync 'x'. Syncs: loyal__csv_outbox"):
        load_syncs(project.settings, ["x"])


def test_the_share_held_out_is_cut_where_the_hash_says():
    made = [
        Sync(name="n", description="d", segment="s", channel="c", contact_channel="none", mode="mirror",
             fields={"e": "email"}, holdout_share=share).holdout_below
        for share in (0.0, 0.05, 0.5)
    ]  # fmt: skip
    assert made == ["00000000", "0ccccccd", "80000000"]


def test_what_decides_the_audience_changes_its_hash_and_what_does_not_does_not():
    one = {
        "name": "n",
        "description": "d",
        "segment": "s",
        "channel": "c",
        "contact_channel": "email",
        "mode": "mirror",
        "fields": {"e": "email"},
    }
    base = Sync(**one).audience_hash
    assert Sync(**{**one, "contact_channel": "none"}).audience_hash != base
    assert Sync(**{**one, "purpose": "profiling"}).audience_hash != base
    assert Sync(**{**one, "cap": {"touches": 1, "days": 1}}).audience_hash != base
    assert Sync(**{**one, "description": "other", "max_change_share": 0.9}).audience_hash == base
