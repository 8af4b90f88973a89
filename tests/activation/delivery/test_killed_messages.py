"""Messages over a mail server, an SMS vendor and a webhook, killed (SIGKILL) anywhere, any number of times.

Nobody gets a message twice, whoever is in doubt is told as such, nobody else is lost, and nobody is reached who
withdrew after a push that was killed.
"""

import importlib
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

# Each command is a process of its own, forked from one that has imported everything. It dies at its nth call of a
# function of ours, or of what writes to the network, in whichever thread that is.
DRIVER = """
import importlib.util, json, os, signal, sys, threading
from datetime import date
from pathlib import Path
described = importlib.util.spec_from_file_location("helpers", sys.argv[1])
helpers = importlib.util.module_from_spec(described)
sys.modules["helpers"] = helpers
described.loader.exec_module(helpers)
from activation.delivery import windows
from core.settings import load_settings
import activation.channels.smtp, activation.channels.twilio, activation.channels.webhook, activation.jobs
windows.WINDOW_ROWS = windows.MANY = 3
windows.FLUSH_SECONDS = 0.02
OURS = ("/activation/delivery/", "/activation/ledger/", "/activation/channels/", "/activation/push.py", "/smtplib.py")

def dying(nth):
    calls = [0]
    def called(frame, event, _):
        if event == "call" and any(part in frame.f_code.co_filename for part in OURS):
            calls[0] += 1
            if calls[0] == nth:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.setprofile(called); threading.setprofile(called)

def work(order):
    os.environ.update(order["environment"])
    base = Path(order["base"])
    project = helpers.Project(load_settings(root=base / "project", home=base / "home", warehouse={"threads": 1},
        channels=order["channels"]))
    people = {p: tuple(v) for p, v in order["people"].items()}
    project.build(people, order["excluded"], set(order["excluded"]))
    if order["nth"]:
        dying(order["nth"])
    project.push()
    sys.setprofile(None); threading.setprofile(None)
    return {name: {k: [r["status"], r["last_error"]] for k, r in project.ledger(name).items()}
        for name in order["syncs"]}

for line in sys.stdin:
    order, (reader, writer) = json.loads(line), os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.write(writer, json.dumps(work(order), default=str).encode()); code = 0
        finally:
            os._exit(code)
    os.close(writer)
    _, status = os.waitpid(pid, 0)
    answer = b""
    while piece := os.read(reader, 65536):
        answer += piece
    os.close(reader)
    killed = os.WIFSIGNALED(status)
    print(json.dumps({"killed": killed, "failed": not killed and status != 0, "answer": answer.decode()}), flush=True)
"""
COUNT = 9
CHANNELS = {  # mode, options, and the columns by which it knows people; phone numbers stand in first_name
    "smtp": ("add_only", {"batch_size": 2, "connections": 2}, "email: email, first_name: first_name"),
    "twilio": ("add_only", {"concurrency": 2}, "phone: first_name, first_name: email"),
    "webhook": ("mirror", {"batch_size": 2}, "email: email, first_name: first_name"),
}
SYNC = """\
description: For the tests
segment: loyal
channel: {channel}
contact_channel: {consent}
purpose: marketing
mode: {mode}
fields: {{{fields}, value: value_180d}}
max_change_share: 1
max_rejected_share: 1
options: {options}
"""
CALLS = range(600, 2600)  # of some 3,000 of a push that is left alone, those in which it sends


class World:
    """One history: a project of its own, and what the vendors have had of its people."""

    number = 0

    def __init__(self, driver: Any, vendors: dict[str, Any], folder: Path) -> None:
        World.number += 1
        self.number, self.driver, self.vendors = World.number, driver, vendors
        self.base = folder / f"h{self.number}"
        self.channels = {name: vendor.section() for name, vendor in vendors.items()}
        self.environment = {k: v for vendor in vendors.values() for k, v in vendor.environment.items()}
        self.people = {
            f"h{self.number}p{i}": (f"h{self.number}p{i}@example.com", f"+4477009{self.number * 10 + i:05}", 1.0)
            for i in range(COUNT)
        }
        root = self.base / "project"
        for part in ("activation/syncs", "activation/channels", "dbt_project/models/marts/segments"):
            (root / part).mkdir(parents=True)
        (root / "dbt_project/models/marts/segments/segment__loyal.sql").write_text("select 1")
        for channel, (mode, options, fields) in CHANNELS.items():
            words = {"channel": channel, "consent": vendors[channel].consent, "mode": mode, "fields": fields}
            text = SYNC.format(**words, options=json.dumps({**vendors[channel].options, **options}))
            (root / f"activation/syncs/loyal__{channel}.yml").write_text(text)

    def night(self, withdrawn: set[str], nth: int = 0) -> dict[str, dict[str, tuple[str, str]]]:
        """Build, and push; {} where it was killed, else each sync's ledger: person -> (status, why)."""
        order = {
            "base": str(self.base), "channels": self.channels, "environment": self.environment, "people": self.people,
            "excluded": dict.fromkeys(withdrawn, "unsubscribed"), "nth": nth,
            "syncs": [f"loyal__{channel}" for channel in CHANNELS],
        }  # fmt: skip
        self.driver.stdin.write(json.dumps(order) + "\n")
        self.driver.stdin.flush()
        answer = json.loads(self.driver.stdout.readline())
        assert not answer["failed"], "no kill, and no end"
        return {} if answer["killed"] else json.loads(answer["answer"])

    def messages(self) -> dict[str, Counter[str]]:
        """Channel -> person -> how many they have had so far; at the webhook how often they were added."""
        by_email = {email: person for person, (email, _, _) in self.people.items()}
        by_phone = {phone: person for person, (_, phone, _) in self.people.items()}
        mails = Counter(by_email[to] for _, to, _, _ in self.vendors["smtp"].letters if to in by_email)
        texts = Counter(by_phone[m["to"]] for m in self.vendors["twilio"].messages if m["to"] in by_phone)
        changes = [c for r in self.vendors["webhook"].carried() for c in r.json()["changes"]]
        added = Counter(c["key"] for c in changes if c["op"] != "remove" and c["key"] in self.people)
        return {"smtp": mails, "twilio": texts, "webhook": added}


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    here = Path(__file__).resolve()
    command = [sys.executable, "-c", DRIVER, str(here.parents[1] / "conftest.py")]
    process = subprocess.Popen(
        command,
        cwd=here.parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process
    process.stdin.close()
    process.wait(20)


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[dict[str, Any]]:
    found = {name: importlib.import_module(f"support.fakes.{name}").Vendor() for name in CHANNELS}
    with ExitStack() as running:
        for vendor in found.values():
            running.enter_context(vendor.running(tmp_path))
        yield found


@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_nobody_is_told_twice_or_lost_or_told_after_a_no(seed, driver, vendors, tmp_path):
    chance = random.Random(seed)  # hypothesis likes the ends of a range, where nothing has been sent or all has
    nights = [(chance.choice(CALLS), set(chance.sample(range(COUNT), 2))) for _ in range(1 + seed % 2)]
    world, withdrawn, before = World(driver, vendors, tmp_path), set(), {}
    for nth, leaving in [*nights, (0, set())]:
        ledger = world.night(withdrawn, nth)
        had = world.messages()
        for channel, counts in before.items():
            assert all(had[channel][p] == counts[p] for p in withdrawn), f"{channel}: after a no"
        withdrawn, before = withdrawn | {f"h{world.number}p{i}" for i in leaving}, had
    for channel in ("smtp", "twilio"):
        assert max(had[channel].values()) == 1, f"{channel}: twice"
        for person in set(world.people) - withdrawn:
            status, why = ledger[f"loyal__{channel}"][person]
            assert status == "delivered" or (status, why[:5]) == ("in_doubt", "FL303"), (channel, person, status, why)
            assert status != "delivered" or had[channel][person] == 1, f"{channel}: lost"
    assert {p for p in vendors["webhook"].people if p in world.people} == set(world.people) - withdrawn
