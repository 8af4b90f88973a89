"""Who is told when a push needs a person, and what the lineage says of it."""

import json

import pytest
from support.alert_places import alert_places

from activation import jobs
from activation.delivery.route import Wish
from core.settings import load_settings

PEOPLE = {p: (f"{p}@example.com", p.upper(), 1.0) for p in "abcd"}


@pytest.fixture
def told(dummy, monkeypatch):
    with alert_places(monkeypatch) as (fake, box):
        alerts = {"email_to": ["ops@example.com"], "email_from": "fairlead@example.com"}
        dummy.settings = load_settings(root=dummy.settings.root, home=dummy.settings.home, alerts=alerts)
        yield dummy, fake, box


def test_too_many_rejected_rows_are_told_everywhere_and_a_way_that_fails_is_written_down(told):
    project, fake, box = told
    project.write_sync("dummy", options="{poison: [a]}")
    project.build(PEOPLE)
    alerts = jobs.report(project.settings, project.push())
    assert [(a["sync"], a["kind"]) for a in alerts] == [("loyal__dummy", "rejected")]
    assert "1 of 4 rejected" in fake.requests[0].json()["text"]
    assert box.mails[0][0] == ["ops@example.com"] and "1 of 4 rejected" in box.mails[0][1].get_payload()
    row = project.query("select kind, told from activation.alerts")[0]
    assert row["kind"] == "rejected" and "slack: told" in row["told"] and "webhook: FL106" in row["told"]
    everything = json.dumps(fake.requests[0].json()) + row["told"] + str(box.mails[0][1])
    assert "a@example.com" not in everything and "secret-path" not in row["told"]


@pytest.mark.parametrize(
    ("url", "to"), [
        ("smtp://u:pa/ss@host:587", "ops@example.com"), ("smtp://u:pass@host:99999", "ops@example.com"),
        ("smtp://u:pass@[::1", "ops@example.com"),
        ("u:pass@host", "ops@example.com"), ("smtp://u:587/pass@host", "ops@example.com"),
        ("smtp://127.0.0.1:9", "ops@example.com\nBcc: x@example.com"),
    ],
)  # fmt: skip
def test_a_way_whose_address_is_none_ends_no_push_and_shows_no_part_of_a_password(told, monkeypatch, url, to):
    project, _, box = told
    monkeypatch.setenv("FAIRLEAD_ALERTS_SMTP_URL", url)
    monkeypatch.setenv("FAIRLEAD_ALERTS_WEBHOOK_URL", "http://[::1/secret-path")
    project.settings = load_settings(root=project.settings.root, home=project.settings.home, alerts={"email_to": [to]})
    project.write_sync("dummy", options="{poison: [a]}")
    project.build(PEOPLE)
    jobs.report(project.settings, project.push())
    row = project.query("select told from activation.alerts")[0]
    assert "slack: told" in row["told"] and "e-mail: " in row["told"] and not box.mails
    assert not any(part in row["told"] for part in ("pa/", "'pa'", "pass@", "99999", "secret-path", "Bcc"))


def test_a_push_that_is_refused_or_fails_is_told_and_one_that_is_done_is_not(told, helpers):
    project, fake, _ = told
    project.build(PEOPLE)
    assert jobs.report(project.settings, project.push()) == [] and not fake.requests
    project.build({})
    assert [a["kind"] for a in jobs.report(project.settings, project.push())] == ["refused"]
    project.build({**PEOPLE, "e": ("e@example.com", "E", 1.0)})
    helpers.script(project, "fatal")
    assert [a["kind"] for a in jobs.report(project.settings, project.push())] == ["failed"]


def test_a_sync_whose_file_is_gone_or_holds_a_mistake_is_told_as_any_other(told, helpers):
    project, fake, _ = told
    project.build(PEOPLE)
    project.push()
    project.build(PEOPLE, withdrawn={"a"})
    file = project.settings.root / "activation/syncs/loyal__dummy.yml"
    text = file.read_text()
    file.write_text(f"{text}colour: blue\n")
    pushed = project.push(wish=Wish(withdrawals_only=True))
    assert ["colour" in a["detail"] for a in jobs.report(project.settings, pushed)] == [True]
    file.unlink()
    project.build(PEOPLE, withdrawn={"a", "b"})
    helpers.script(project, "fatal")
    pushed = project.push()
    assert [(a["sync"], a["kind"]) for a in jobs.report(project.settings, pushed)] == [("loyal__dummy", "failed")]
    assert "loyal__dummy: failed" in str([request.json() for request in fake.requests])
    assert [row["kind"] for row in project.query("select kind from activation.alerts")] == ["failed"] * 2


def test_a_lineage_that_cannot_be_written_keeps_nobody_from_being_told(told):
    project, fake, _ = told
    project.write_sync("dummy", options="{poison: [a]}")
    project.build(PEOPLE)
    (project.settings.home / "lineage").write_text("a file where the folder is to be")
    assert [a["kind"] for a in jobs.report(project.settings, project.push())] == ["rejected"] and fake.requests


def test_each_push_leaves_an_event_that_openlineage_accepts(dummy, helpers, shared):
    from support.descriptions.description import Schema

    dummy.build(PEOPLE)
    jobs.report(dummy.settings, dummy.push())
    helpers.script(dummy, "fatal")
    dummy.build({**PEOPLE, "e": ("e@example.com", "E", 1.0)})
    jobs.report(dummy.settings, dummy.push())
    events = [
        json.loads(line) for line in (dummy.settings.home / "lineage" / "2026-01-15.jsonl").read_text().splitlines()
    ]
    assert [e["eventType"] for e in events] == ["COMPLETE", "FAIL"]
    assert events[0]["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 4
    assert [Schema.load("openlineage").check(e) for e in events] == [[], []]
