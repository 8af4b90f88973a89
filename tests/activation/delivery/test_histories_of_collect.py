"""Vendors' jobs, asked for at any moment: killed before the answer is written, answered twice, short, for strangers,
with nonsense or not at all, cancelled, forgotten; people withdraw meanwhile. In the end delivered = desired.
"""

import contextlib
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from activation import jobs, under_way
from activation.delivery import settle
from activation.delivery.route import PushRequest, Wish
from core.settings import load_settings
from tests.activation.delivery import test_histories
from tests.activation.delivery.test_histories import OVERRIDES, PEOPLE, PERSON, retry

mortal = test_histories.mortal
ANSWERS = """

class Asked(Jobs):
    def collect(self, job, keys):
        words = self.state.setdefault("answers", [])
        word = words.pop(0) if words else "ok"
        self.keep()
        if word == "not yet":
            return None
        if word == "gone":
            raise NotThere("no such job")
        if word == "refused":
            raise FatalError("FL101 the credential is refused")
        if word == "limit":
            raise NotSent("at its limit", 1.0)
        if word == "nonsense":
            raise KeyError("a0@example.com")
        if word == "short":
            return Results.accepted(len(keys) - 1)
        if word == "strangers":
            return Results.accepted(len(keys) + 2)
        results = super().collect(job, keys)
        if self.state["jobs"][job].get("cancelled"):
            return Results.of([("in_doubt", "the job was cancelled")] * len(keys))
        return results

    def cancel(self, job):
        self.state["jobs"][job]["cancelled"] = True
        self.keep()


def open_channel(settings, options):
    return Asked(settings.home / "vendor.json")
"""
EMPTY = {"people": {}, "script": [], "arrived": [], "jobs": {}}
PUSHED = ["ok", "ok", "slow", "gone", "gone acts", "killed acts", "maybe acts"]
COLLECTED = ["ok", "killed", "not yet", "gone", "refused", "limit", "nonsense", "short", "strangers"]
NIGHT = st.tuples(
    st.dictionaries(st.sampled_from(PEOPLE), PERSON, max_size=5),
    st.sets(st.sampled_from(PEOPLE), max_size=2),
    st.lists(st.sampled_from(PUSHED), max_size=3),
    st.lists(st.lists(st.sampled_from([*COLLECTED, "cancel"]), min_size=1, max_size=3), max_size=2),
)


class Killed(BaseException):
    """As a process that is gone: the vendor has answered, and nothing of it is written."""


class World:
    def __init__(self, base: Path, helpers, patch: pytest.MonkeyPatch) -> None:
        root = base / "project"
        for folder in ("activation/syncs", "activation/channels", "dbt_project/models/marts/segments"):
            (root / folder).mkdir(parents=True)
        (root / "dbt_project/models/marts/segments/segment__loyal.sql").write_text("select 1")
        (root / "activation/channels/vendor.py").write_text(test_histories.CHANNEL + ANSWERS)
        self.project = helpers.Project(load_settings(root=root, home=base / "home", warehouse={"threads": 1}))
        self.project.write_sync("vendor", options="{jobs: true}")
        self.path, self.patch = base / "home/vendor.json", patch
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def state(self):
        return json.loads(self.path.read_text()) if self.path.exists() else EMPTY

    def script(self, **words):
        self.path.write_text(json.dumps({**self.state(), **words}))

    def push(self, words, patient=False):
        self.script(script=words, answers=[])
        request = PushRequest(wish=replace(Wish(), overrides=OVERRIDES), retry=retry(patient))
        try:
            jobs.push(self.project.settings, self.project.day, request)
        except BaseException as error:
            if type(error).__name__ != "Killed":
                raise

    def collect(self, words):
        """The vendor's answers to one `collect`; `killed`: it has answered all, and then the process dies."""
        if "cancel" in words:
            assert under_way.cancel(self.project.settings, [], "nobody waits")["ok"]
        self.script(answers=[word for word in words if word not in ("cancel", "killed")])

        def die(*_):
            raise Killed

        with self.patch.context() as patch:
            if "killed" in words:
                patch.setattr(settle, "_write", die)
            with contextlib.suppress(Killed):
                under_way.collect(self.project.settings)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink])
@given(nights=st.lists(NIGHT, min_size=1, max_size=3))
def test_delivered_is_desired_however_jobs_are_asked_for(nights, mortal, helpers):
    with tempfile.TemporaryDirectory() as base, pytest.MonkeyPatch.context() as patch:
        world = World(Path(base), helpers, patch)
        everyone = {p: (f"{p}9@example.com", "Z", 9.0) for p in PEOPLE}
        for people, withdrawn, pushed, collects in nights:
            rows = {p: (f"{p}{k}@example.com", name, 0.0) for p, (k, name) in people.items()}
            world.project.build(rows, profiles=everyone, withdrawn=withdrawn)
            world.push(pushed)
            for words in collects:
                world.collect(words)
        for _ in range(6):
            world.push([], patient=True)
        wanted = {f"{p}{k}@example.com": name for p, (k, name) in people.items() if p not in withdrawn}
        assert world.state()["people"] == wanted
        planned = world.project.plan()["syncs"][0]
        assert (planned["adds"], planned["updates"], planned["removes"], planned["waiting"]) == (0, 0, 0, 0)
        assert not world.project.query("select * from activation.sending")
