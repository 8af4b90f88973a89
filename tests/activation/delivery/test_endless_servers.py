"""A server holds nothing for ever: each call, pause and page has an end, and a wanted end comes in seconds."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from support.endless_servers import answers, body_without_end, endless, silent, slow_body, slow_head

from activation import jobs, under_way
from activation.channel import MaybeSent, NotSent, Quota
from activation.delivery.pace import Pace
from activation.delivery.route import PushRequest
from activation.delivery.send import Retry
from activation.vendor import http, patience
from activation.vendor.calls import Pages
from activation.vendor.http import Http, Request, retry_after, standard_quota
from core.errors import FatalError
from core.settings import load_settings

ROOT = Path(__file__).resolve().parents[3]
NAME = "loyal__webhook"
PEOPLE = {f"p{i}": (f"p{i}@example.com", "P", 1.0) for i in range(6)}
SECONDS = 12.0  # an end comes within: the grace, the next look at the ledger, and this machine's load


@contextmanager
def within(seconds):
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.mark.parametrize("act", [silent, slow_head, slow_body])
def test_a_call_ends_when_its_time_is_over_however_the_bytes_come(act):
    with endless(act) as server, within(4), pytest.raises(MaybeSent) as late:
        Http("acme", server.url, longest_seconds=1.0).call(Request("POST", "/", json={}))
    assert late.value.code == "FL117" and "acme" in str(late.value)


def test_a_body_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(http, "LONGEST_REPLY", 1 << 20)
    with endless(body_without_end) as server, pytest.raises(MaybeSent) as cut:
        Http("acme", server.url).call(Request("GET", "/"))
    assert cut.value.code == "FL102"


@pytest.mark.parametrize("value", ["-5", "0", "nan", "inf", "-inf", "1e999", "soon", ""])
def test_a_retry_after_that_is_no_time_to_come_leaves_the_pause_to_us(value):
    assert retry_after(value) is None


def test_a_date_gives_the_seconds_until_it_comes_and_a_past_one_none():
    now = datetime.now(UTC)
    assert retry_after(format_datetime(now - timedelta(days=400))) is None
    assert 50 < retry_after(format_datetime(now + timedelta(seconds=60))) <= 60
    assert retry_after("Fri, 31 Dec 9999 23:59:59 GMT") > 1e9


@pytest.mark.parametrize(("remaining", "reset"), [("nan", "5"), ("inf", "5"), ("x", "y"), ("1e999", "1")])
def test_a_quota_that_cannot_be_read_says_nothing(remaining, reset):
    headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}
    assert standard_quota(http.httpx.Headers(headers)) is None


def test_a_vendor_that_wants_no_calls_for_a_day_ends_the_sync_and_is_not_waited_for():
    pace = Pace(None)
    pace.learn(Quota(0, 86_400.0))
    with within(1), pytest.raises(NotSent) as refused:
        pace.wait()
    assert refused.value.code == "FL118"


@pytest.fixture
def at(project):
    """The project with one sync to a server of this test, two rows a batch, its network phases long."""

    def point(server, more=""):
        channels = {"webhook": {"url": server.url, "secret_env": "FAIRLEAD_TEST_SECRET"}}
        project.settings = load_settings(root=project.settings.root, home=project.settings.home, channels=channels)
        project.write_sync("webhook", options=f"{{batch_size: 2, timeout_seconds: 50{more}}}")
        project.build(PEOPLE)
        return project

    return point


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (("Retry-After: 999999999",), "FL105"),
        (("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT",), "FL105"),
        (("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 86400"), "FL118"),
    ],
)
def test_a_pause_of_years_ends_the_push_at_once_and_its_run_says_so(at, headers, code):
    with endless(answers("429 Too Many Requests", *headers)) as server:
        project = at(server)
        with within(SECONDS):
            sent = jobs.push(project.settings, project.day, PushRequest(retry=Retry(first_wait_seconds=0.01)))["syncs"][
                0
            ]
    assert (sent["outcome"], sent["attempted"]) == ("failed", 0) and code in sent["error"]
    assert code in project.query("select error from activation.runs")[0]["error"]


def test_a_negative_retry_after_does_not_hammer_the_vendor(at):
    with endless(answers("429 Too Many Requests", "Retry-After: -5")) as server:
        project = at(server)
        sent = project.push()["syncs"][0]
    assert sent["outcome"] == "failed" and len(server.requests) == 4
    assert len(project.waits) == 3 and min(project.waits) > 0


@pytest.mark.parametrize("act", [silent, slow_body, answers("429 Too Many Requests", "Retry-After: 200")])
def test_a_push_that_waits_for_the_network_ends_seconds_after_sigterm_and_its_run_says_cancelled(at, act):
    with endless(act) as server:
        project = at(server)
        with child(project, server, "push", NAME, "--day", str(project.day)) as push:
            until(lambda: server.requests)
            push.send_signal(signal.SIGTERM)
            with within(SECONDS):
                push.wait(30)
    run = project.query("select outcome, error from activation.runs")[0]
    assert run["outcome"] == "cancelled" and "FL111 cancelled: SIGTERM" in run["error"]


def test_a_push_that_waits_for_the_network_ends_seconds_after_cancel(at):
    with endless(silent) as server:
        project = at(server)
        with child(project, server, "push", NAME, "--day", str(project.day)) as push:
            until(lambda: server.requests)
            under_way.cancel(project.settings, [NAME], "the wrong template")
            with within(SECONDS + 6):  # it looks every five seconds
                push.wait(40)
    run = project.query("select outcome, error from activation.runs")[0]
    assert (run["outcome"], "the wrong template" in run["error"]) == ("cancelled", True)
    assert {r["status"] for r in project.ledger(NAME).values()} == {"in_doubt"}, "what had no answer goes again"


def test_a_push_that_waits_for_the_warehouse_ends_seconds_after_the_signal(at):
    holder = "import sys, time, duckdb; held = duckdb.connect(sys.argv[1]); print('held', flush=True); time.sleep(60)"
    with endless(silent) as server:
        project = at(server)
        file = next(project.settings.home.glob("*.duckdb"))
        other = subprocess.Popen([sys.executable, "-c", holder, str(file)], stdout=subprocess.PIPE, text=True)
        try:
            assert other.stdout.readline() == "held\n"
            stop = threading.Event()
            threading.Timer(1.0, stop.set).start()
            with within(SECONDS), pytest.raises(Exception, match="cancelled: SIGTERM"):
                jobs.push(
                    project.settings,
                    project.day,
                    PushRequest(stopped=lambda: "FL111 cancelled: SIGTERM" * stop.is_set()),
                )
        finally:
            other.kill()
            other.wait()


def test_foreign_code_that_hangs_is_left_behind_and_can_do_nothing_new():
    acted, go = [], threading.Event()

    def driver():
        go.wait(10)
        patience.check_left_behind()
        acted.append("later")

    with within(3), pytest.raises(MaybeSent) as late:
        patience.bounded(driver, 0.3, "a driver")
    go.set()
    time.sleep(0.3)
    assert late.value.code == "FL117" and acted == []


def test_pages_that_go_round_are_an_error():
    pages = Pages("acme: lists")
    with pytest.raises(FatalError) as round_trip:
        for cursor in ("", "a", "b", "a"):
            pages.turn(cursor)
    assert round_trip.value.code == "FL120"


@contextmanager
def child(project, server, *words):
    """The command in a process of its own, as a person or Airflow starts it."""
    own = {
        "FAIRLEAD_ROOT": str(project.settings.root), "FAIRLEAD_HOME": str(project.settings.home),
        "PYTHONPATH": str(ROOT),
        "FAIRLEAD_CHANNELS__WEBHOOK__URL": server.url, "FAIRLEAD_CHANNELS__WEBHOOK__SECRET_ENV": "FAIRLEAD_TEST_SECRET",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "fairlead", *words], env=os.environ | own, cwd=project.settings.root,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(true, seconds=40):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
