"""`fairlead plan --against REV`: what an edited segment does to every audience, on a project in git."""

import io
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.shop import ROOT, Shop

from activation.planning import compare
from cli.shown import comparison
from core.errors import ConfigError
from core.settings import Settings, load_settings

NIGHT_2 = "2026-03-29"
NOT_OURS = shutil.ignore_patterns(".*", "__pycache__", "target", "logs", "tests", "*.egg-info", "bench", "docs")


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=A Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def branch(shop, tmp_path_factory) -> Shop:
    """The shop after its two nights, as one commit; then the champions are narrowed and a sync is added."""
    at = tmp_path_factory.mktemp("compare")
    project = at / "project"
    shutil.copytree(ROOT, project, ignore=NOT_OURS)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "as it was")
    segment = project / "dbt_project/models/marts/segments/segment__champions.sql"
    text = segment.read_text()
    assert "rfm_frequency >= 4" in text
    segment.write_text(text.replace("rfm_frequency >= 4", "rfm_frequency >= 5"))
    syncs = project / "activation/syncs"
    hot = (syncs / "hot_leads__csv_outbox.yml").read_text()
    (syncs / "hot_leads__csv_outbox__second.yml").write_text(hot)
    copied = shop.copied(at / "home")
    return Shop(copied.home, project, shop.answers)


def champions(shop: Shop, frequency: int) -> int:
    """Counted another way than the plan does: from the profiles."""
    sql = f"select count(*) from marts.profiles where rfm_recency = 5 and rfm_frequency >= {frequency}"
    return int(shop.rows(sql)[0][0])


@pytest.fixture(scope="module")
def told(branch) -> dict[str, Any]:
    """Asked once, for it builds the marts twice."""
    untouched = branch.digest()
    answer = branch.fairlead("plan", "--day", NIGHT_2, "--against", "HEAD", typed=False)
    assert branch.digest() == untouched, "nothing that is real is touched"
    assert not list(branch.home.glob("tmp/scratch-against-*")), "the copies are gone"
    return answer


def test_an_edited_segment_is_told_with_what_it_does_to_each_audience(branch, told) -> None:
    before, after = champions(branch, 4), champions(branch, 5)
    assert before > after > 0, "the edit takes some people out, and not all"
    assert told["segments"] == [
        {"segment": "champions", "before": before, "after": after, "adds": 0, "removes": before - after}
    ]
    syncs = {s["sync"]: s for s in told["syncs"]}
    assert set(syncs) == {"champions__csv_outbox", "hot_leads__csv_outbox__second"}
    narrowed, added = syncs["champions__csv_outbox"], syncs["hot_leads__csv_outbox__second"]
    wanted = branch.rows(
        """select count(*) from marts.audiences as a inner join marts.profiles as p using (person_id)
        where a.sync = 'champions__csv_outbox' and a.included and p.rfm_frequency < 5"""
    )[0][0]
    assert (narrowed["adds"], narrowed["removes"]) == (0, wanted) and wanted > 0
    assert narrowed["before"] - narrowed["after"] == wanted
    assert (added["before"], added["removes"]) == (0, 0) and added["adds"] == added["after"] > 0


def test_the_same_as_a_table_for_a_pull_request(branch, told) -> None:
    console = Console(record=True, file=io.StringIO(), width=200)
    comparison.markdown(console, told)
    before, after = champions(branch, 4), champions(branch, 5)
    assert f"| `champions` | {before:,} | {after:,} | +0 / −{before - after:,} |" in console.export_text()


@pytest.mark.parametrize("revision", ["no-such-branch", "--output=somewhere"])
def test_a_revision_that_git_does_not_know_is_told(branch, revision) -> None:
    told = branch.fairlead("plan", "--day", NIGHT_2, f"--against={revision}", ok=False, typed=False)
    assert "FL416" in str(told)
    assert not (branch.project / "somewhere").exists(), "a revision is no option of git's"


@pytest.fixture
def linked(tmp_path) -> Settings:
    """A small repository whose links lead out of it."""
    root = tmp_path / "repository"
    (root / "inside").mkdir(parents=True)
    (tmp_path / "shared.sql").write_text("select 1")
    (root / "inside" / "relative.sql").symlink_to("../../shared.sql")
    (root / "inside" / "absolute.sql").symlink_to(tmp_path / "shared.sql")
    (root / "inside" / "within.sql").symlink_to("file.sql")
    (root / "inside" / "file.sql").write_text("select 2")
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "links")
    return load_settings(root=root, home=tmp_path / "home")


def test_links_that_lead_out_of_the_repository_lead_where_they_led(linked, tmp_path) -> None:
    files = compare._files_of(linked.root, "HEAD", tmp_path / "against" / "files")
    said = {path.stem: path.read_text() for path in (files / "inside").iterdir()}
    assert said == {"relative": "select 1", "absolute": "select 1", "within": "select 2", "file": "select 2"}


def test_a_revision_that_is_no_text_is_told_too(linked, tmp_path) -> None:
    with pytest.raises(ConfigError, match="FL416 git knows no"):
        compare._files_of(linked.root, os.fsdecode(b"b\xff"), tmp_path / "files")


def test_a_preview_says_of_the_edited_file_what_the_whole_plan_says(branch, told):
    found = branch.fairlead("preview", "champions", typed=False)
    assert (found["people"], found["before"]) == (champions(branch, 5), champions(branch, 4))
    assert found["leaving"] == found["before"] - found["people"] > 0 == found["entering"]
