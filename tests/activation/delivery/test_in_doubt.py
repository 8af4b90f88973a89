"""What a review of the engine found it to do wrong, once: each stands here so that it does not again."""

import json

import pytest

from activation import jobs, under_way
from activation.delivery.route import PushRequest, Wish
from activation.delivery.send import Retry
from activation.delivery.windows import Windows
from core.errors import ConfigError

NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p.upper(), float(i)) for i, p in enumerate("abcdef")}
PLAIN = {p: {"email": v[0], "first_name": v[1], "value": v[2]} for p, v in PEOPLE.items()}


def test_who_is_in_doubt_is_sent_again_in_add_only_too(dummy, helpers):
    dummy.write_sync("dummy", mode="add_only")
    dummy.build(PEOPLE)
    helpers.script(dummy, *["maybe"] * 4)
    assert dummy.push()["syncs"][0]["in_doubt"] == 3
    assert dummy.push()["syncs"][0]["accepted"] == 6
    assert helpers.told(dummy)["people"] == PLAIN
    assert dummy.push()["syncs"][0]["attempted"] == 0


def test_a_column_of_another_type_is_a_change_and_no_end(dummy, helpers):
    dummy.build(PEOPLE)
    dummy.push()
    path = dummy.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text().replace("value: value_180d", "value: first_name"))
    assert dummy.push(wish=Wish(resend=True))["syncs"][0]["accepted"] == 6
    path.write_text(path.read_text().replace("value: first_name", "value: value_180d"))
    assert dummy.push(wish=Wish(resend=True))["syncs"][0]["accepted"] == 6
    assert helpers.told(dummy)["people"] == PLAIN


def test_who_stayed_behind_with_a_field_set_goes_when_consent_does(dummy, helpers):
    path = dummy.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text() + "on_exit: {set: {first_name: gone}}\n")
    dummy.build(PEOPLE)
    dummy.push()
    dummy.build({}, profiles=PEOPLE)
    dummy.push(overrides={"empty_upstream": "a test"})
    assert {p["first_name"] for p in helpers.told(dummy)["people"].values()} == {"gone"}
    dummy.build({"b": PEOPLE["b"]}, profiles=PEOPLE, withdrawn={"a"})
    dummy.push()
    people = helpers.told(dummy)["people"]
    assert "a" not in people and people["b"]["first_name"] == "B" and people["c"]["first_name"] == "gone"
    assert dummy.push()["syncs"][0]["attempted"] == 0


def test_an_audience_that_only_grows_is_not_refused_for_being_smaller_than_what_is_there(dummy):
    dummy.write_sync("dummy", mode="upsert", share=0.3)
    dummy.build(PEOPLE)
    dummy.push()
    dummy.build({"a": PEOPLE["a"]}, profiles=PEOPLE)
    assert dummy.push()["syncs"][0]["outcome"] == "done"


def test_an_empty_plan_pushes_nobody_and_a_foreign_sync_is_not_pushed_by_it(dummy):
    dummy.build(PEOPLE)
    with pytest.raises(ConfigError, match="no sync that is ready"):
        dummy.push(digests={})
    with pytest.raises(ConfigError, match=NAME):
        dummy.push(NAME, digests={"loyal__other": "1-2-3"})


@pytest.mark.parametrize("words", [["maybe acts"] * 4, ["maybe"] * 4])
def test_a_changed_address_in_doubt_is_taken_out_under_both(dummy, helpers, words):
    """The dummy knows people by key; what a channel of addresses would be told stands in the removals' fields."""
    file = dummy.settings.root / "activation/channels/dummy.py"
    told = (
        '                state["sent"].append(key)\n'
        "                state.setdefault('removed', []).append(fields['email']) if op == 'remove' else None"
    )
    by_email = helpers.DUMMY.replace('About("Dummy",', 'About("Dummy", identifiers=("email",),')
    file.write_text(by_email.replace('                state["sent"].append(key)', told))
    dummy.build(PEOPLE)
    dummy.push()
    helpers.script(dummy, *words)
    dummy.build({**PEOPLE, "a": ("new@example.com", "A", 0.0)})
    dummy.push()
    dummy.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles=PEOPLE)
    dummy.push()
    dummy.push()
    assert helpers.told(dummy)["removed"] == ["a@example.com", "new@example.com"]
    assert dummy.push()["syncs"][0]["attempted"] == 0


def test_a_channel_that_takes_nothing_back_is_never_told_to(dummy, helpers, monkeypatch):
    """Not even of somebody in doubt who withdraws while the push is under way."""
    file = dummy.settings.root / "activation/channels/dummy.py"
    file.write_text(helpers.DUMMY.replace('About("Dummy",', 'About("Dummy", takes_back=False,'))
    dummy.write_sync("dummy", mode="add_only")
    dummy.build({"a": PEOPLE["a"]})
    helpers.script(dummy, *["maybe acts"] * 4)
    assert dummy.push()["syncs"][0]["in_doubt"] == 1
    real = Windows.send

    def send(windows, *args):
        dummy.withdraw({"a"})
        real(windows, *args)

    monkeypatch.setattr(Windows, "send", send)
    assert dummy.push()["syncs"][0]["skipped"] == 1
    assert helpers.told(dummy)["people"].keys() == {"a"}


def test_a_batch_that_was_split_into_two_jobs_is_asked_for_each(dummy):
    (dummy.settings.root / "activation/channels/dummy.py").write_text(SPLIT)
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    first = jobs.push(dummy.settings, dummy.day, PushRequest(retry=Retry(job_seconds=0)))["syncs"][0]
    assert first["waiting"] == 6
    path = dummy.settings.home / "jobs.json"
    made = json.loads(path.read_text())["jobs"]
    assert sorted(map(len, made.values())) == [3, 3]
    second = jobs.push(dummy.settings, dummy.day)["syncs"][0]
    assert second["settled"] == {"delivered": 5, "rejected": 1}
    assert {p: r["status"] for p, r in dummy.ledger(NAME).items()} == dict.fromkeys("abcef", "delivered") | {
        "d": "rejected"
    }


def test_a_job_that_the_vendor_has_lost_does_not_hold_up_every_night(dummy):
    (dummy.settings.root / "activation/channels/dummy.py").write_text(
        SPLIT.replace('raise KeyError("gone")', "pass").replace(
            "return Results.rejecting(",
            'raise NotThere("dummy: HTTP 404", code="FL104")\n        return Results.rejecting(',
        )
    )
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    jobs.push(dummy.settings, dummy.day, PushRequest(retry=Retry(job_seconds=0)))
    settled = under_way.collect(dummy.settings)
    assert (settled["waiting"], settled["syncs"][0]["in_doubt"]) == (0, 6)
    assert (settled["ok"], settled["exit_code"]) == (False, 1), "nobody is to take this audience for delivered"
    assert under_way.collect(dummy.settings) == {"ok": True, "waiting": 0, "syncs": [], "exit_code": 0}


def test_a_fault_that_nobody_foresaw_fails_its_sync_and_no_other(dummy, helpers, monkeypatch):
    (dummy.settings.root / "activation/channels/other.py").write_text(helpers.DUMMY.replace("dummy.json", "other.json"))
    dummy.write_sync("other")
    dummy.build(PEOPLE)
    real = jobs.Push.run
    monkeypatch.setattr(
        jobs.Push, "run", lambda push: real(push) if push.route.sync.name == NAME else {}["a@example.com"]
    )
    pushed = dummy.push()
    outcomes = {p["sync"]: (p["outcome"], p["error"]) for p in pushed["syncs"]}
    assert outcomes[NAME] == ("done", None) and not pushed["ok"]
    outcome, words = outcomes["loyal__other"]
    assert outcome == "failed" and words.startswith("FL107 loyal__other: failed with KeyError (")


SPLIT = """
import json
import pyarrow as pa
from activation.channel import About, BatchRejected, Health, Limits, NotThere, Results, Submitted
from core.specs import Spec as Options

ABOUT = About("Jobs")


def open_channel(settings, options):
    return Jobs(settings.home / "jobs.json")


class Jobs:
    limits, in_doubt, not_configured = Limits(6), "idempotent", ""

    def __init__(self, path):
        self.path = path

    def push(self, batch):
        if len(batch) > 3:
            raise BatchRejected("too many")
        state = json.loads(self.path.read_text()) if self.path.exists() else {"jobs": {}}
        job = f"job{len(state['jobs'])}"
        state["jobs"][job] = batch.keys.to_pylist()
        self.path.write_text(json.dumps(state))
        return Submitted(job)

    def collect(self, job, keys):
        if json.loads(self.path.read_text())["jobs"][job] != keys.to_pylist():
            raise KeyError("gone")
        return Results.rejecting(pa.array([k == "d" for k in keys.to_pylist()]), "bad")

    def cancel(self, job):
        pass

    def quota(self):
        return None

    def check(self):
        return Health(True, "")

    def close(self):
        pass
"""
