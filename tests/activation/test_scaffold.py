"""`fairlead new channel` and `fairlead new sync`: what they write runs as it is written."""

import json
import shutil
from datetime import date

import pytest
from typer.testing import CliRunner

from activation import exposures
from activation.catalogue import channel_paths, find_channel
from activation.delivery import usual
from activation.scaffold import new_channel, new_sync
from activation.sync import load_syncs
from core.errors import ConfigError
from core.settings import load_settings
from fairlead import app

ROOT = load_settings().root


def test_a_new_channel_comes_with_its_page_and_its_fake_and_takes_a_batch(project):
    for name in ("activation/channels/webhook.py", "docs/channels/webhook.md", "tests/support/fakes/webhook.py"):
        (project.settings.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project.settings.root / name)
    written = new_channel(project.settings, "my_vendor")
    assert sorted(written["files"]) == [
        "activation/channels/my_vendor.py",
        "docs/channels/my_vendor.md",
        "tests/support/fakes/my_vendor.py",
    ]
    file = find_channel(project.settings, "my_vendor")
    assert file.ABOUT.title == "MyVendor"
    assert usual.missing(file.open_channel(project.settings, file.Options())) == "channels.my_vendor.url is empty"
    with pytest.raises(ConfigError, match="is there already"):
        new_channel(project.settings, "my_vendor")


def test_a_new_sync_is_off_until_its_plan_was_read_and_stands_in_dbts_graph(project):
    (project.settings.root / exposures.FILE).parent.mkdir(parents=True)
    new_sync(project.settings, "loyal__csv_outbox")
    assert (
        project.settings.root.joinpath("activation/syncs/loyal__csv_outbox.yml")
        .read_text()
        .endswith('take this line out"\n')
    )
    assert "audience__loyal__csv_outbox" in (project.settings.root / exposures.FILE).read_text()


def test_an_option_that_yaml_reads_as_a_date_is_a_wrong_option_and_no_fault_of_ours(project):
    with pytest.raises(ConfigError, match="spreadsheet_safe"):
        new_sync(project.settings, "loyal__csv_outbox", {"spreadsheet_safe": date(2026, 1, 15)})


BAD_OPTIONS = [
    "a=[", "a={", "a=2026-02-30", "a=!!int x", "a=!!python/object:os.x {}", "a=*b",
    "a=&b [*b]", "a={[1]: 2}", "a={2026-01-01: 2}",
    "a={b: 1, b: 2}", "a=" + "[" * 3000, "a=\x00", "a", "=1", " =1",
]  # fmt: skip


@pytest.mark.parametrize("option", BAD_OPTIONS)
def test_an_option_that_is_no_yaml_is_a_wrong_word_and_no_fault_of_ours(project, monkeypatch, option):
    """With its place and in one line, as of a file; the value itself is not repeated."""
    monkeypatch.setenv("FAIRLEAD_ROOT", str(project.settings.root))
    monkeypatch.setenv("FAIRLEAD_HOME", str(project.settings.home))
    done = CliRunner().invoke(app, ["new", "sync", "loyal__csv_outbox", f"--option={option}", "--json"])
    answer = json.loads(done.stdout)
    assert done.exit_code == 2 and answer["kind"] == "ConfigError" and "--option" in answer["error"], done.output
    assert not (project.settings.root / "activation/syncs/loyal__csv_outbox.yml").exists()


def test_the_exposures_in_the_repository_are_those_of_its_syncs():
    assert (ROOT / exposures.FILE).read_text() == exposures.render(load_settings()), (
        "run `fairlead new sync`, or exposures.write"
    )


@pytest.mark.parametrize("channel", sorted(channel_paths([ROOT / "activation/channels"])))
def test_a_new_sync_of_any_channel_is_a_good_file_or_none_and_says_what_is_missing(project, channel):
    (project.settings.root / exposures.FILE).parent.mkdir(parents=True)
    (project.settings.root / "activation/channels").rmdir()
    path = project.settings.root / f"activation/syncs/loyal__{channel}.yml"
    try:
        new_sync(project.settings, f"loyal__{channel}")
        assert list(load_syncs(project.settings)) == [f"loyal__{channel}"]
        assert max(map(len, path.read_text().splitlines())) <= 120, "the file would not pass `make lint`"
    except ConfigError as missing:
        assert not path.exists() and "--option KEY=VALUE" in str(missing) and len(missing.mistakes) > 1
