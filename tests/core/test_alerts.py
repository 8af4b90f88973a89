"""Who is told when a step fails, by the same ways for every step; and what is told when nothing else works any more."""

import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from support.alert_places import alert_places, mail_server
from support.endless_servers import answers, endless, silent, slow_head

from core import alerts
from core.errors import FatalError
from core.outside import Mail, Place, post, send
from core.settings import environment, load_settings
from core.warehouse import connect

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 3, 28)
SECRET = "a-secret-of-the-test"
ADDRESSES = {"email_to": ["ops@example.com"], "email_from": "fairlead@example.com"}
MAIL = Mail(("ops@example.com",), "ops@example.com", "something failed", "Fairlead\nsomething failed")


def place(url: str, name: str = "alerts.slack", seconds: float = 5) -> Place:
    return Place(name, url, "FAIRLEAD_ALERTS_SLACK_URL", seconds, seconds)


def records(settings) -> list[dict]:
    with connect(settings) as db:
        return db.query("select * from ops.alerts").to_pylist()


@pytest.fixture
def settings(tmp_path):
    return load_settings(home=tmp_path, alerts=ADDRESSES)


def test_a_failed_step_is_told_everywhere_and_stands_in_ops_with_what_became_of_the_telling(settings, monkeypatch):
    with alert_places(monkeypatch) as (receiver, box):
        result = alerts.tell_failure(settings, "nightly.pull", DAY, "sources/shop.yml:\n\x1b[31m the server is down")
    assert (result["ok"], result["recorded"]) == (False, "ops.alerts"), "the webhook is broken"
    text = receiver.requests[0].json()["text"]
    assert text.splitlines() == [
        f"Fairlead, {settings.project.name}, nightly.pull of 2026-03-28:",
        "nightly.pull: failed: sources/shop.yml: [31m the server is down",
    ]
    alert = {"step": "nightly.pull", "kind": "failed", "detail": "sources/shop.yml: [31m the server is down"}
    assert receiver.requests[1].json() == {"day": "2026-03-28", "project": settings.project.name, "alerts": [alert]}
    ((recipients, mail),) = box.mails
    assert recipients == ["ops@example.com"] and mail["Subject"].startswith("nightly.pull: failed: sources/shop.yml")
    (row,) = records(settings)
    assert (row["step"], row["day"], row["kind"], row["detail"]) == ("nightly.pull", DAY, "failed", alert["detail"])
    assert row["told"] == "slack: told; webhook: FL106 alerts.webhook: HTTP 500; e-mail: told"


def test_with_nobody_to_tell_the_alert_is_kept_all_the_same(settings):
    result = alerts.tell_failure(settings, "run.pull", DAY, "")
    assert result["ok"] and records(settings)[0]["told"] == "nobody: [alerts] is empty"
    assert "no reason was given" in records(settings)[0]["detail"]


def test_a_warehouse_that_cannot_be_opened_keeps_no_alert_and_holds_up_no_telling(settings, monkeypatch):
    settings.duckdb_path.write_bytes(b"no database" * 1000)
    with alert_places(monkeypatch) as (receiver, box):
        result = alerts.tell_failure(settings, "run.pull", DAY, "the warehouse is damaged")
    assert len(receiver.requests) == 2 and len(box.mails) == 1
    assert result["recorded"].startswith("no: ") and "warehouse.duckdb" in result["recorded"]


def test_of_a_night_only_what_nobody_has_told_yet_is_told(settings):
    step_result = {"step": "plan", "ok": False, "error": "a guard has tripped"}
    for silent_one in ({"ok": True}, {"stopped": "SIGTERM"}, {"alerts": []}):
        assert alerts.tell_of_step(settings, DAY, step_result | silent_one) == step_result | silent_one
    (alert,) = alerts.tell_of_step(settings, DAY, step_result)["alerts"]
    assert (alert["step"], alert["detail"]) == ("run.plan", "a guard has tripped")
    assert [row["step"] for row in records(settings)] == ["run.plan"]


def run_command(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {"FAIRLEAD_ROOT": str(root), "FAIRLEAD_HOME": str(root / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "fairlead", *words]
    return subprocess.run(command, env=environment(**own), cwd=root, capture_output=True, text=True, timeout=60)


def test_a_person_and_airflow_type_the_same_command(tmp_path, monkeypatch):
    with alert_places(monkeypatch) as (receiver, _):
        monkeypatch.delenv("FAIRLEAD_ALERTS_WEBHOOK_URL")
        words = ("tell", "nightly.score", "--error", "exit code 1", "--day", "2026-03-28", "--json")
        process = run_command(tmp_path, *words)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout) == {
        "step": "nightly.score", "kind": "failed", "detail": "exit code 1", "day": "2026-03-28", "told": "slack: told",
        "ok": True, "recorded": "ops.alerts",
    }  # fmt: skip
    assert "nightly.score: failed: exit code 1" in receiver.requests[0].json()["text"]


def test_settings_that_nobody_can_read_fail_every_step_and_are_told_too(tmp_path, monkeypatch):
    (tmp_path / "fairlead.toml").write_text("[warehouse\n")
    with alert_places(monkeypatch) as (receiver, _):
        process = run_command(tmp_path, "tell", "nightly.pull", "--error", "exit code 2")
    assert process.returncode == 1 and "slack: told" in process.stdout, "the webhook is broken"
    text = receiver.requests[0].json()["text"]
    assert f"exit code 2; {tmp_path.name}/fairlead.toml: " in text and "line 1" in text
    assert not (tmp_path / "home").exists(), "where the warehouse is nobody knows"


def test_a_night_that_fails_tells_which_step(tmp_path, monkeypatch):
    (tmp_path / "connectors" / "sources").mkdir(parents=True)
    (tmp_path / "connectors" / "sources" / "shop.yml").write_text("nonsense: 1\n")
    with alert_places(monkeypatch) as (receiver, _):
        process = run_command(tmp_path, "run", "--day", "2026-03-28", "--json")
    assert process.returncode == 1, process.stderr
    steps = json.loads(process.stdout)["steps"]
    assert steps[0]["step"] == "pull" and [a["step"] for a in steps[0]["alerts"]] == ["run.pull"]
    assert (
        "run.pull: failed: " in receiver.requests[0].json()["text"]
        and "shop.yml" in receiver.requests[0].json()["text"]
    )


def test_what_is_told_does_not_follow_a_redirect_and_the_error_shows_no_secret():
    with (
        endless(answers("200 OK")) as other,
        endless(answers("307 Temporary Redirect", f"Location: {other.url}/?token=theirs")) as own,
        pytest.raises(FatalError) as failure,
    ):
        post(place(f"{own.url}/hook/secret"), {"text": "t"})
    assert other.requests == [] and len(own.requests) == 1
    assert failure.value.code == "FL116" and str(other.port) in str(failure.value)
    assert "theirs" not in str(failure.value) and "secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("status", "code"),
    [("400 Bad Request", ""), ("403 Forbidden", "FL103"), ("404 Not Found", "FL104"), ("429 Slow", "FL105"),
     ("503 Away", "FL106")],
)  # fmt: skip
def test_a_refusal_is_told_by_its_number(status, code):
    with endless(answers(status, body=b"invalid_payload")) as own, pytest.raises(alerts.FairleadError) as failure:
        post(place(f"{own.url}/hook/secret"), {"text": "t"})
    assert failure.value.code == code and "secret" not in str(failure.value)
    assert ("invalid_payload" in str(failure.value)) == (status == "400 Bad Request")


@pytest.mark.parametrize("act", [silent, slow_head])
def test_a_receiver_that_never_ends_is_left_behind_in_time(act):
    start = time.monotonic()
    with endless(act) as own, pytest.raises(alerts.FairleadError) as late:
        post(place(own.url, seconds=1), {"text": "t"})
    assert time.monotonic() - start < 4 and late.value.code in ("FL102", "FL117")


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://127.0.0.1/secret", "http://[::1/secret"])
def test_an_address_that_is_none_is_told_by_its_variable_alone(url):
    with pytest.raises(Exception) as failure:
        post(place(url), {"text": "t"})
    assert "secret" not in str(failure.value) and "FAIRLEAD_ALERTS_SLACK_URL" in str(failure.value)


def test_a_mail_server_that_never_answers_is_left_behind_in_time():
    start = time.monotonic()
    with endless(silent) as own, pytest.raises(alerts.FairleadError) as late:
        send(Place("alerts.e-mail", f"smtp://127.0.0.1:{own.port}", "X", 60, 1), MAIL)
    assert time.monotonic() - start < 4 and late.value.code == "FL117"


def test_a_mail_server_that_offers_no_starttls_gets_no_password():
    with mail_server() as box:
        with pytest.raises(FatalError) as failure:
            send(place(f"smtp://ops:{SECRET}@127.0.0.1:{box.port}"), MAIL)
        assert failure.value.code == "FL119" and SECRET not in str(failure.value)
        assert (box.signed_in, box.mails) == ([], [])
        send(place(f"smtp://127.0.0.1:{box.port}"), MAIL)
        assert len(box.mails) == 1, "a relay that asks for no password is told without one"
