"""After any history of changes, withdrawals, failures, kills, lost jobs and retries, delivered = desired.

A channel that knows people by their address, so that whoever is forgotten under an old one is seen to be still there.
"""

import json
import tempfile
from dataclasses import replace
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
from activation.channel import (
    AUDIENCE_MODES, About, BatchRejected, Health, Limits, MaybeSent, NotSent, NotThere, Results, Submitted,
)
from core.errors import FatalError
from core.specs import Spec

ABOUT = About("Vendor", identifiers=("email",), modes=AUDIENCE_MODES, policies=frozenset({"overwrite", "never_null"}))


class Killed(BaseException):
    """In a thread of the pool, what kill -9 is to the process: nothing is written after it."""


class Options(Spec):
    jobs: bool = False
    looks_up: bool = False


def open_channel(settings, options):
    kinds = {(False, False): Vendor, (False, True): Asked, (True, False): Jobs, (True, True): Jobs}
    return kinds[options.jobs, options.looks_up](settings.home / "vendor.json")


class Vendor:
    in_doubt, not_configured, limits = "idempotent", "", Limits(2)

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        empty = {"people": {}, "script": [], "arrived": [], "jobs": {}}
        self.state = json.loads(path.read_text()) if path.exists() else empty

    def keep(self):
        self.path.write_text(json.dumps(self.state))

    def push(self, batch):
        word = self.state["script"].pop(0) if self.state["script"] else "ok"
        if word == "ok" or word.endswith("acts"):
            self.apply(self.told(batch))
            self.state["arrived"].append(batch.idempotency_key)
        self.keep()
        self.answer(word)
        return Results.accepted(len(batch))

    def told(self, batch):
        before = batch.before.to_pylist() if batch.before is not None else [None] * len(batch)
        return [list(row) for row in zip(batch.ops.to_pylist(), batch.fields.to_pylist(), before)]

    def apply(self, rows):
        for op, fields, before in rows:
            if op == "remove":
                self.state["people"].pop(fields["email"] or "", None)
            else:
                if before and before["email"] != fields["email"]:
                    self.state["people"].pop(before["email"] or "", None)
                self.state["people"][fields["email"]] = fields["first_name"]

    def answer(self, word):
        if word.startswith("killed"):
            raise Killed
        if word.startswith("maybe"):
            raise MaybeSent("no answer")
        if word == "later":
            raise NotSent("later", 0.0)
        if word == "fatal":
            raise FatalError("FL104 no such list")
        if word == "refuse":
            raise BatchRejected("too much")

    def quota(self):
        return None

    def check(self):
        return Health(True, "")

    def close(self):
        pass


class Asked(Vendor):
    def look_up(self, key):
        return key in self.state["arrived"]


class Jobs(Vendor):
    """`slow` is not done when it is asked the first time; `gone` and `gone acts` cannot be asked any more."""

    def push(self, batch):
        word = self.state["script"].pop(0) if self.state["script"] else "ok"
        if word in ("ok", "slow", "gone", "gone acts", "killed acts", "maybe acts"):
            job = f"job{len(self.state['jobs'])}"
            waits = {"slow": 1, "gone": -1, "gone acts": -1}.get(word, 0)
            self.state["jobs"][job] = {"rows": self.told(batch), "waits": waits}
            if word.endswith("acts"):
                self.apply(self.state["jobs"][job]["rows"])
            self.keep()
            self.answer(word)
            return Submitted(job)
        self.keep()
        self.answer(word)

    def collect(self, job, keys):
        known = self.state["jobs"][job]
        if known["waits"] < 0:
            raise NotThere("no such job")
        if known["waits"]:
            known["waits"] -= 1
            return self.keep()
        assert len(keys) == len(known["rows"])
        self.apply([] if known.get("done") else known["rows"])
        known["done"] = True
        self.keep()
        return Results.accepted(len(keys))

    def cancel(self, job):
        pass
'''
PEOPLE = "abcde"
PERSON = st.tuples(
    st.sampled_from([0, 1, 2]), st.sampled_from(["A", "B", None])
)  # which of one's addresses, which name
WORDS = ["ok", "ok", "later", "maybe", "maybe acts", "fatal", "refuse", "killed", "killed acts"]
OF_JOBS = ["ok", "slow", "slow", "gone", "gone acts", "maybe", "maybe acts", "killed", "killed acts"]


def nights(words):
    """Who is wanted with what, who has withdrawn, what happens, what is asked; whether the push waits for jobs."""
    night = st.tuples(
        st.dictionaries(st.sampled_from(PEOPLE), PERSON, max_size=5),
        st.sets(st.sampled_from(PEOPLE), max_size=2),
        st.lists(st.sampled_from(words), max_size=6),
        st.sampled_from([Wish(), Wish(), Wish(), Wish(resend=True)]),
        st.booleans(),
    )
    return st.lists(night, min_size=2, max_size=4)


OVERRIDES = {"empty_upstream": "a random history empties it", "unknown_denominator": "and fills it"}


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
    return dead


def history(lived, helpers, options, policy="overwrite"):
    with tempfile.TemporaryDirectory() as base:
        root = Path(base) / "project"
        for folder in ("activation/syncs", "activation/channels", "dbt_project/models/marts/segments"):
            (root / folder).mkdir(parents=True)
        (root / "dbt_project/models/marts/segments/segment__loyal.sql").write_text("select 1")
        (root / "activation/channels/vendor.py").write_text(CHANNEL)
        project = helpers.Project(load_settings(root=root, home=Path(base) / "home", warehouse={"threads": 1}))
        project.write_sync("vendor", options=options)
        path = project.settings.root / "activation/syncs/loyal__vendor.yml"
        path.write_text(path.read_text().replace(": first_name", f": {{column: first_name, policy: {policy}}}"))
        vendor = project.settings.home / "vendor.json"
        everyone = {p: (f"{p}9@example.com", "Z", 9.0) for p in PEOPLE}

        def state():
            return (
                json.loads(vendor.read_text())
                if vendor.exists()
                else {"people": {}, "script": [], "arrived": [], "jobs": {}}
            )

        people, withdrawn = {}, set()
        for people, withdrawn, words, asked, patient in lived:
            rows = {p: (f"{p}{k}@example.com", name, 0.0) for p, (k, name) in people.items()}
            project.build(rows, profiles=everyone, withdrawn=withdrawn)
            vendor.parent.mkdir(parents=True, exist_ok=True)
            vendor.write_text(json.dumps({**state(), "script": words}))
            try:
                request = PushRequest(wish=replace(asked, overrides=OVERRIDES), retry=retry(patient))
                pushed = jobs.push(project.settings, project.day, request)["syncs"][0]
            except BaseException as error:
                if type(error).__name__ != "Killed":
                    raise
            else:
                assert pushed["attempted"] == pushed["accepted"] + pushed["rejected"] + pushed["in_doubt"]
        vendor.write_text(json.dumps({**state(), "script": []}))
        for _ in range(6):
            last = project.push(overrides=OVERRIDES)["syncs"][0]
            if not last["attempted"] and not last["settled"]:
                break
        wanted = {f"{p}{k}@example.com": name for p, (k, name) in people.items() if p not in withdrawn}
        assert state()["people"].keys() == wanted.keys()
        assert policy != "overwrite" or state()["people"] == wanted
        planned = project.plan()["syncs"][0]
        assert (planned["adds"], planned["updates"], planned["removes"]) == (0, 0, 0)
        there = {p: r for p, r in project.ledger("loyal__vendor").items() if r["delivered_hash"]}
        assert {json.loads(r["payload"])["email"] for r in there.values()} == set(wanted)


def retry(patient):
    return Retry(
        attempts=3, first_wait_seconds=0, longest_wait_seconds=0, job_seconds=60 * patient, sleep=lambda seconds: None
    )


RARE = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate, Phase.shrink],
}


ALL = dict.fromkeys(PEOPLE, (0, "A"))
FOUND = [  # after a kill b's new address may be there, then the old one is given again, then everybody goes
    (ALL, set(), [], Wish(), True),
    ({**ALL, "b": (2, "A")}, set(), ["killed", "ok", "ok"], Wish(), False),
    ({"b": (0, "A")}, set(), [], Wish(), False),
    ({}, set(), [], Wish(), False),
]
CUT = [  # the whole batch goes out after a kill, a is taken out, and the rest is refused as one: it arrives in parts
    ({}, set(), [], Wish(), False),
    (ALL, {"a"}, ["killed", "refuse"], Wish(), False),
    ({}, set(), [], Wish(), False),
]
REFUSED = [  # refused as a whole; the first part arrives, and before the second one leaves the run is killed
    (ALL, set(), ["refuse", "ok", "killed"], Wish(), False),
    ({}, set(), [], Wish(), False),
]
MAYBE = [  # the whole may have arrived, is then refused, and its parts never leave
    (ALL, set(), ["maybe acts", "refuse", "killed"], Wish(), False),
    ({}, set(), [], Wish(), False),
]
ANOTHER = [  # …and where b is given a third one instead
    *FOUND[:2],
    ({"b": (1, "A")}, set(), [], Wish(), False),
    FOUND[3],
]


@settings(max_examples=6, **RARE)
@given(lived=nights(WORDS), looks_up=st.booleans())
@example(lived=FOUND, looks_up=False)
@example(lived=ANOTHER, looks_up=False)
@example(lived=CUT, looks_up=True)
@example(lived=REFUSED, looks_up=True)
@example(lived=REFUSED, looks_up=False)
@example(lived=MAYBE, looks_up=True)
def test_delivered_is_desired_after_any_history(lived, looks_up, mortal, helpers):
    history(lived, helpers, f"{{looks_up: {str(looks_up).lower()}}}")


@settings(max_examples=6, **RARE)
@given(lived=nights(OF_JOBS))
def test_delivered_is_desired_after_any_history_of_jobs(lived, mortal, helpers):
    history(lived, helpers, "{jobs: true}")


@settings(max_examples=6, **RARE)
@given(lived=nights(WORDS))
@example(lived=FOUND)
@example(lived=ANOTHER)
def test_delivered_is_desired_where_a_value_that_is_there_is_kept(lived, mortal, helpers):
    """Under never_null what is delivered depends on what was there: a name, once known, stays."""
    history(lived, helpers, "{}", policy="never_null")
