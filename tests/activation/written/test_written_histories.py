"""After any history of kills, lost answers and refusals, delivered = desired, of a channel that takes written rows."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from activation import jobs
from activation.delivery.route import PushRequest, Wish
from activation.delivery.send import Retry
from activation.delivery.windows import Windows
from activation.push import Push
from core.settings import load_settings

CHANNEL = '''
import json
from activation.channel import AUDIENCE_MODES, About, BatchRejected, Health, Limits, MaybeSent, NotSent, Results
from activation.written.batch import WrittenRow
from core.errors import FatalError
from core.specs import Spec

ABOUT = About("Vendor", modes=AUDIENCE_MODES)


class Killed(BaseException):
    """In a thread of the pool, what kill -9 is to the process: nothing is written after it."""


class Options(Spec):
    pass


def open_channel(settings, options):
    return Vendor(settings.home / "vendor.json")


class Vendor:
    in_doubt, not_configured, limits = "idempotent", "", Limits(2)
    written_row = WrittenRow('{"key":', ',"fields":', "}")

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.state = json.loads(path.read_text()) if path.exists() else {"people": {}, "script": [], "written": 0}

    def push(self, batch):
        rows = zip(batch.keys.to_pylist(), batch.ops.to_pylist(), batch.records())
        return self.take([(key, None if op == "remove" else fields) for key, op, fields in rows])

    def push_written(self, batch):
        rows = json.loads(b"[" + batch.rows.to_pybytes() + b"]")
        assert sorted(row["key"] for row in rows) == sorted(batch.keys.to_pylist())
        self.state["written"] += len(rows)
        return self.take([(row["key"], row["fields"]) for row in rows])

    def take(self, rows):
        word = self.state["script"].pop(0) if self.state["script"] else "ok"
        if word == "ok" or word.endswith("acts"):
            for key, fields in rows:
                self.state["people"].pop(key, None) if fields is None else self.state["people"].update({key: fields})
        self.path.write_text(json.dumps(self.state))
        errors = {
            "killed": Killed(), "maybe": MaybeSent("no answer"), "later": NotSent("later", 0.0),
            "fatal": FatalError("FL104 no such list"), "refuse": BatchRejected("too much"), "bug": KeyError("x"),
        }
        if error := errors.get(word.split()[0]):
            raise error
        return Results.accepted(len(rows))

    def check(self):
        return Health(True, "")
'''
PEOPLE = "abcdefg"
WORDS = ("ok", "killed", "killed acts", "maybe", "maybe acts", "later", "fatal", "refuse", "bug acts")
NIGHTS = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from("AB")), st.sets(st.sampled_from(PEOPLE), max_size=2),
        st.lists(st.sampled_from(WORDS), max_size=6),
    ),
    min_size=1, max_size=4,
)  # fmt: skip
ALL = dict.fromkeys(PEOPLE, "A")
OVERRIDES = dict.fromkeys(("empty_upstream", "max_change_share", "unknown_denominator", "unusual_size"), "a test")


@pytest.fixture
def mortal(monkeypatch):
    """A push that is killed writes nothing any more, as a process that is gone."""
    dead = []
    interrupted, close = Windows._interrupted, Push._close

    def die(windows, under_way, ahead, error):
        if type(error).__name__ == "Killed":
            dead.append(windows.progress.run_id)
            return
        interrupted(windows, under_way, ahead, error)

    monkeypatch.setattr(Windows, "_interrupted", die)
    monkeypatch.setattr(Push, "_close", lambda push, *args: "" if push.progress.run_id in dead else close(push, *args))
    monkeypatch.setattr(Windows, "_window_rows", lambda windows: 2)


def pushed(project, words=()):
    vendor = project.settings.home / "vendor.json"
    state = json.loads(vendor.read_text()) if vendor.exists() else {"people": {}, "written": 0}
    vendor.parent.mkdir(parents=True, exist_ok=True)
    vendor.write_text(json.dumps({**state, "script": list(words)}))
    retry = Retry(attempts=3, first_wait_seconds=0, longest_wait_seconds=0, sleep=lambda seconds: None)
    return jobs.push(project.settings, project.day, PushRequest(wish=Wish(OVERRIDES), retry=retry))["syncs"][0]


@settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(nights=NIGHTS)
@example(
    nights=[(ALL, set(), ["ok", "killed acts"]), ({"a": "B"}, {"b"}, []), (ALL, {"a"}, ["refuse", "ok", "killed"])]
)
@example(nights=[(ALL, set(), ["maybe acts", "refuse", "refuse", "bug acts"]), (ALL, {"c"}, ["killed"])])
def test_delivered_is_desired_after_any_history(nights, mortal, helpers):
    with tempfile.TemporaryDirectory() as base:
        root = Path(base) / "project"
        for folder in ("activation/syncs", "activation/channels", "dbt_project/models/marts/segments"):
            (root / folder).mkdir(parents=True)
        (root / "dbt_project/models/marts/segments/segment__loyal.sql").write_text("select 1")
        (root / "activation/channels/vendor.py").write_text(CHANNEL)
        project = helpers.Project(load_settings(root=root, home=Path(base) / "home", warehouse={"threads": 1}))
        project.write_sync("vendor")
        people, withdrawn = {}, set()
        for people, withdrawn, words in nights:
            rows = {p: (f"{p}@example.com", name, 0.0) for p, name in people.items()}
            project.build(rows, profiles={p: (f"{p}@example.com", "Z", 9.0) for p in PEOPLE}, withdrawn=withdrawn)
            try:
                last = pushed(project, words)
            except BaseException as error:
                if type(error).__name__ != "Killed":
                    raise
            else:
                assert last["attempted"] == last["accepted"] + last["rejected"] + last["in_doubt"]
        for _ in range(6):
            last = pushed(project)
            if not last["attempted"] and not last["settled"]:
                break
        state = json.loads((project.settings.home / "vendor.json").read_text())
        wanted = {p: name for p, name in people.items() if p not in withdrawn}
        assert {p: row["first_name"] for p, row in state["people"].items()} == wanted
        assert {p for p, r in project.ledger("loyal__vendor").items() if r["delivered_hash"]} == wanted.keys()
        planned = project.plan()["syncs"][0]
        assert (planned["adds"], planned["updates"], planned["removes"]) == (0, 0, 0)
        assert state["written"] or not any(night[0] for night in nights)
