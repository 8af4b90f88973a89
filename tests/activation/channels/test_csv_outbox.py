"""What is special to the CSV outbox: that a file reads back as it was, and is whole or absent."""

import csv
import json
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from activation import checks
from activation.channel import ChangeBatch, MaybeSent
from activation.channels import csv_outbox
from activation.delivery.pace import Pace
from activation.delivery.route import Wish
from activation.delivery.send import Retry, deliver
from activation.vendor.csv_lines import csv_lines

NASTY = [
    'line\nbreak "quoted", comma',
    "=1+1",
    "+44 20 7946 0000",
    "-5",
    "@SUM(A1)",
    "\ttab",
    "Émilie 😀",
    "",
    None,
    "' or 1=1 --",
]


def batch(rows=4, **values):
    fields = {"email": [f"{i}@example.com" for i in range(rows)], "value": [float(i) for i in range(rows)], **values}
    return ChangeBatch(
        sync="loyal__x", day=date(2026, 1, 15), run_id="run", idempotency_key="loyal__x.2026-01-15.abc",
        keys=pa.array([f"p{i}" for i in range(rows)]), ops=pa.array(["add"] * rows),
        fields=pa.table(fields),
    )  # fmt: skip


def outbox(project, batches, **options):
    opened = csv_outbox.open_channel(project.settings, csv_outbox.Options(**options))
    results = [opened.push(b) for b in batches]
    return results, project.settings.home / "outbox" / "loyal__x"


def test_a_csv_reads_back_as_it_was_but_for_an_apostrophe_before_formulas(project):
    _, folder = outbox(project, [batch(len(NASTY), first_name=pa.array(NASTY, pa.string()))])
    with (folder / "2026-01-15.csv").open(newline="", encoding="utf-8") as lines:
        names = [r["first_name"] for r in csv.DictReader(lines)]
    assert names == [NASTY[0], "'=1+1", NASTY[2], NASTY[3], "'@SUM(A1)", "'\ttab", NASTY[6], "", "", NASTY[9]]
    text = (folder / "2026-01-15.csv").read_text()
    assert '"",' not in text.splitlines()[-2] and text.endswith("\n")


def test_signs_of_full_width_and_controls_do_nothing_to_who_opens_the_file():
    texts = ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", "\x1b[31mred\x07", "a\x9bb", "plain\ttext"]
    written = bytes(csv_lines(pa.table({"x": texts}))).decode()
    assert list(csv.reader(written.splitlines()))[1:] == [
        ["'\uff1d1+1"], ["'\uff0b1"], ["'\uff0d1"], ["'\uff20SUM(1)"], ["[31mred"], ["ab"],
        ["plain\ttext"]]  # fmt: skip


def test_a_csv_for_machines_keeps_formulas_as_they_are(project):
    _, folder = outbox(project, [batch(1, first_name=["=1+1"])], spreadsheet_safe=False)
    assert '"=1+1"' in (folder / "2026-01-15.csv").read_text()


def test_a_nul_costs_its_own_row_and_says_which_field(project):
    results, folder = outbox(project, [batch(4, first_name=["a", "b\x00", "c", "d"])])
    assert results[0].statuses.to_pylist() == ["accepted", "rejected", "accepted", "accepted"]
    assert results[0].errors[1].as_py() == "field first_name holds a NUL character"
    assert len((folder / "2026-01-15.csv").read_text().splitlines()) == 4


def test_other_columns_or_a_file_taken_away_begin_a_new_part(project):
    second = replace(batch(1, first_name=["x"]), idempotency_key="loyal__x.2026-01-15.b")
    third = replace(second, idempotency_key="loyal__x.2026-01-15.c")
    _, folder = outbox(project, [batch(1), second])
    assert sorted(p.name for p in folder.glob("*.csv")) == ["2026-01-15.csv", "2026-01-15.part2.csv"]
    (folder / "2026-01-15.part2.csv").unlink()
    outbox(project, [third])
    assert sorted(p.name for p in folder.glob("*.csv")) == ["2026-01-15.csv", "2026-01-15.part3.csv"]


def test_bytes_that_the_manifest_does_not_know_are_replaced(project):
    _, folder = outbox(project, [batch(2)])
    with (folder / "2026-01-15.csv").open("a") as file:
        file.write("half a batch of a process that died")
    outbox(project, [replace(batch(1), keys=pa.array(["late"]), idempotency_key="loyal__x.2026-01-15.b")])
    lines = (folder / "2026-01-15.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ['"person_id"', '"p0"', '"p1"', '"late"']
    assert json.loads((folder / "2026-01-15.manifest.json").read_text())["rows"] == 3


def test_a_folder_that_cannot_be_written_ends_the_sync_with_nothing_sent(project):
    project.settings.home.mkdir(parents=True, exist_ok=True)
    (project.settings.home / "outbox").write_text("a file where a folder should be")
    opened = csv_outbox.open_channel(project.settings, csv_outbox.Options())
    ended = deliver(opened, batch(), Retry(), Pace(None))
    assert ended.stop.text.startswith("FL112 outbox:") and set(ended.statuses.to_pylist()) == {"not_sent"}


@pytest.fixture
def delivered(project):
    """(project, the sync's folder, its day's file without an ending)"""
    name = project.write_sync("csv_outbox")
    project.build({"a": ("a@example.com", "A", 1.0), "b": ("b@example.com", "B", 1.0)})
    project.push()
    folder = project.settings.home / "outbox" / name
    return project, folder, str(project.day)


def remove(path):
    path.unlink()


def damage(path):
    path.write_bytes(b"{")


def spoil(path):
    path.write_bytes(b'{"batches": [5], "bytes": "\xff"}')


def turn_into_a_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("harm", [remove, damage, spoil, turn_into_a_folder])
def test_a_file_whose_manifest_is_gone_or_damaged_is_never_written_over(delivered, harm):
    project, folder, day = delivered
    before = (folder / f"{day}.csv").read_bytes()
    harm(folder / f"{day}.manifest.json")
    project.build({"a": ("a@example.com", "A", 1.0), "c": ("c@example.com", "C", 1.0)}, withdrawn={"b"})
    told = project.push()["syncs"][0]
    assert (told["outcome"], told["accepted"], told["error"]) == ("done", 2, None)
    assert (folder / f"{day}.csv").read_bytes() == before, "what was acknowledged is still there"
    written = (folder / f"{day}.part2.csv").read_text()
    assert '"c@example.com"' in written and '"remove","b"' in written
    assert json.loads((folder / f"{day}.part2.manifest.json").read_text())["rows"] == 2


@pytest.mark.parametrize("harm", [remove, damage])
@pytest.mark.parametrize("ending", ["csv", "manifest.json"])
def test_a_file_that_is_gone_or_damaged_is_named_by_push_plan_doctor_and_summary(delivered, harm, ending):
    project, folder, day = delivered
    assert checks.places(project.settings) == []
    harm(folder / f"{day}.{ending}")
    (place,) = checks.places(project.settings)
    assert place["detail"].startswith("FL3") and (
        f"{folder.name}/{day}." in place["detail"] or "FL311" in place["detail"]
    )
    assert [c["check"] for c in checks.check(project.settings) if not c["ok"]] == [f"place of {folder.name}"]
    assert project.plan()["syncs"][0]["damage"] == place["detail"]
    assert project.push()["syncs"][0]["damage"] == place["detail"]


def test_a_damaged_manifest_holds_up_no_withdrawal_of_a_push_in_doubt(delivered, monkeypatch):
    project, folder, day = delivered
    project.build({"a": ("a@example.com", "A", 1.0)}, withdrawn={"b"})
    with monkeypatch.context() as patch:
        patch.setattr(csv_outbox.CsvOutbox, "write", cut_off)
        assert project.push()["syncs"][0]["in_doubt"] == 1
    damage(folder / f"{day}.manifest.json")
    told = project.push(wish=Wish(withdrawals_only=True))["syncs"][0]
    assert told["outcome"] == "done" and told["error"] is None
    assert '"remove","b"' in "".join(p.read_text() for p in folder.glob("*.csv"))


def cut_off(outbox, batch, rows):
    raise MaybeSent("no answer")
