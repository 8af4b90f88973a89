"""A push of 20,000 people of whom one in a hundred is refused, killed (SIGKILL) wherever it may be, and run again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from support.fakes.server import Answer, Fake, serve

from activation import jobs
from activation.sync import load_syncs
from core.warehouse import connect

PEOPLE, BAD = 20_000, 100  # one in BAD is refused; a hundred requests, ten windows
ROOT = Path(__file__).resolve().parents[3]
MESSAGE = """
from activation.channel import MESSAGE_MODES, About
from activation.channels import webhook
from activation.channels.webhook import Options
from core.settings import ChannelSettings

ABOUT = About("Message", modes=MESSAGE_MODES, takes_back=False)


def open_channel(settings, options):
    own = settings.model_copy(update={"channels": {"webhook": settings.channels["message"]}})
    channel = webhook.open_channel(own, options)
    channel.in_doubt = "message"
    return channel
"""
RUN = """
import sys, json
from datetime import date
from activation import jobs
from activation.delivery import windows
from activation.delivery.route import PushRequest
from activation.delivery.send import Retry
from core.settings import load_settings
windows.WINDOW_ROWS = 2_000
said = jobs.push(load_settings(**json.loads(sys.argv[1])), date(2026, 1, 15),
    PushRequest(retry=Retry(attempts=2, first_wait_seconds=0.01)))
print(json.dumps(said["syncs"][0]))
"""


class Receiver(Fake):
    """Counts every try of every key; kills the pusher at its nth request, before or after it has acted."""

    def __init__(self):
        super().__init__()
        self.people, self.tries, self.accepted = {}, Counter(), Counter()
        self.kill_at, self.acts, self.pid = 0, True, 0

    def answer(self, request):
        if self.kill_at == len(self.requests) and not self.acts:
            return self.kill()
        results = []
        for change in request.json()["changes"]:
            key = change["key"]
            self.tries[key] += 1
            if int(key[1:]) % BAD == 0:
                results.append({"key": key, "status": "rejected", "error": "bad"})
                continue
            self.accepted[key] += 1
            self.people[key] = change["fields"]["email"]
            results.append({"key": key, "status": "accepted"})
        if self.kill_at == len(self.requests):
            return self.kill()
        return Answer(200, {"results": results})

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return Answer(200, {})


def build(project, channel):
    mode = "add_only" if channel == "message" else "mirror"
    project.write_sync(channel, mode=mode, options="{batch_size: 200, concurrency: 2}")
    jobs.register(project.settings)
    sync = next(iter(load_syncs(project.settings).values()))
    keys = pa.array([f"p{i}" for i in range(PEOPLE)])
    with connect(project.settings, writer="marts") as db:
        db.load("marts.profiles", pa.table({
            "person_id": keys, "email": pa.array([f"p{i}@example.com" for i in range(PEOPLE)]),
            "first_name": pa.array(["Ann"] * PEOPLE), "value_180d": pa.array([1.0] * PEOPLE),
        }), mode="replace")  # fmt: skip
        db.load("marts.audiences", pa.table({
            "sync": pa.array([sync.name] * PEOPLE), "person_id": keys, "included": pa.array([True] * PEOPLE),
            "reason": pa.array(["included"] * PEOPLE),
        }), mode="replace")  # fmt: skip
        db.load("marts.audience_sizes", pa.table({
            "sync": [sync.name], "as_of_day": [project.day], "audience_hash": [sync.audience_hash],
        }), mode="replace")  # fmt: skip
    project.withdraw(set())
    project.stop_addresses()
    project.consent(set(keys.to_pylist()))


def run(project, receiver, channel):
    """One push in a process of its own; what it said, or None where it was killed."""
    there = {"url": receiver.url + "/hook", "secret_env": "FAIRLEAD_TEST_SECRET"}
    given = {"root": str(project.settings.root), "home": str(project.settings.home), "channels": {channel: there}}
    child = subprocess.Popen(
        [sys.executable, "-c", RUN, json.dumps(given)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    receiver.pid = child.pid
    said, trouble = child.communicate(timeout=200)
    assert child.returncode in (0, -signal.SIGKILL), trouble[-2000:]
    return json.loads(said) if child.returncode == 0 else None


@pytest.mark.parametrize(("nth", "acts"), [(1, False), (30, True), (100, True)])
def test_an_audience_is_exact_after_the_next_run_and_a_bad_row_costs_one_try_a_run(project, nth, acts):
    receiver = Receiver()
    with serve(receiver):
        project.settings = project.settings.model_copy(update={"channels": {}})
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("FAIRLEAD_CHANNELS__WEBHOOK__URL", receiver.url + "/hook")
            build(project, "webhook")
            receiver.kill_at, receiver.acts = nth, acts
            assert run(project, receiver, "webhook") is None, "it was killed"
            receiver.kill_at = 0
            before = Counter(receiver.tries)
            again = run(project, receiver, "webhook")
    bad = {f"p{i}" for i in range(0, PEOPLE, BAD)}
    assert receiver.people == {f"p{i}": f"p{i}@example.com" for i in range(PEOPLE) if i % BAD}
    assert again["rejected"] == len(bad)
    assert {receiver.tries[key] - before[key] for key in bad} == {1}
    resent = sum(1 for n in receiver.accepted.values() if n > 1)
    assert resent <= 6_000, "no more than was claimed and not yet told is sent again"
    assert again["accepted"] >= PEOPLE - len(bad) - sum(before[k] for k in before if k not in bad)


@pytest.mark.parametrize(("nth", "acts"), [(1, True), (50, False)])
def test_no_message_is_sent_twice(project, nth, acts):
    (project.settings.root / "activation/channels/message.py").write_text(MESSAGE)
    receiver = Receiver()
    with serve(receiver), pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLEAD_CHANNELS__MESSAGE__URL", receiver.url)
        there = {"url": receiver.url + "/hook", "secret_env": "FAIRLEAD_TEST_SECRET"}
        project.settings = project.settings.model_copy(update={"channels": {"message": type_of_channel(there)}})
        build(project, "message")
        receiver.kill_at, receiver.acts = nth, acts
        assert run(project, receiver, "message") is None
        receiver.kill_at = 0
        run(project, receiver, "message")
        third = run(project, receiver, "message")
    assert max(receiver.accepted.values()) == 1
    lost = PEOPLE - PEOPLE // BAD - len(receiver.people)
    assert lost <= 2 * 200, "at most the batches that were on their way"
    assert third["attempted"] == third["rejected"] > 0, "only those whom it refused are tried again"


def type_of_channel(values):
    from core.settings import ChannelSettings

    return ChannelSettings(**values)
