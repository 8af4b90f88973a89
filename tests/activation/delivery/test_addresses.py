"""A channel that knows people by address: whatever happens, none is there that the ledger has forgotten."""

import json
import subprocess
import sys
import time

import pytest

from activation import jobs, under_way
from activation.delivery.payload import EXITED
from activation.delivery.route import PushRequest, Wish
from activation.delivery.send import Retry, Sender
from activation.ledger import delivered
from core.errors import ConfigError, RetryableError
from core.warehouse import connect

NAME = "loyal__addresses"
PEOPLE = {p: (f"{p}@example.com", p.upper(), float(i)) for i, p in enumerate("abc")}
CHANNEL = """
import json, os, signal
from activation.channel import About, BatchRejected, Health, Limits, MaybeSent, NotSent, Results, AUDIENCE_MODES
from core.errors import FatalError
from core.specs import Spec

ABOUT = About(
    "Addresses",
    identifiers=("email",),
    modes=AUDIENCE_MODES,
    policies=frozenset({"overwrite", "never_null", "set_if_empty"}),
)


class Options(Spec):
    looks_up: bool = False
    per_minute: float = 0


def open_channel(settings, options):
    kind = Asked if options.looks_up else Addresses
    return kind(settings.home / "dummy.json", options)


class Addresses:
    in_doubt, not_configured = "idempotent", ""

    def __init__(self, path, options):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.limits = path, Limits(4, requests_per_minute=options.per_minute or None)

    def state(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {"people": {}, "script": [], "arrived": []}

    def push(self, batch):
        state = self.state()
        word = state["script"].pop(0) if state["script"] else "ok"
        if word == "ok" or word.endswith("acts"):
            state.setdefault("arrived", []).append(batch.idempotency_key)
            before = batch.before.to_pylist() if batch.before is not None else [{}] * len(batch)
            for op, fields, old in zip(batch.ops.to_pylist(), batch.fields.to_pylist(), before):
                if op == "remove":
                    state["people"].pop(fields["email"] or "", None)
                    continue
                if fields["email"] and (old or {}).get("email") not in (None, fields["email"]):
                    state["people"].pop(old["email"], None)
                state["people"][fields["email"] or old["email"]] = fields["first_name"]
        self.path.write_text(json.dumps(state))
        if word.startswith("kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        if word.startswith("maybe"):
            raise MaybeSent("no answer")
        if word == "refuse":
            raise BatchRejected("too much")
        if word == "fatal":
            raise FatalError("no access")
        return Results.accepted(len(batch))

    def quota(self):
        return None

    def check(self):
        return Health(True, "")

    def close(self):
        pass


class Asked(Addresses):
    def look_up(self, key):
        return key in self.state().get("arrived", [])
"""


@pytest.fixture
def known(project, helpers):
    (project.settings.root / "activation/channels/addresses.py").write_text(CHANNEL)
    project.write_sync("addresses")
    project.build(PEOPLE)
    return project


def moved(address):
    return {**PEOPLE, "a": (address, "A", 0.0)}


def addresses(helpers, project):
    return set(helpers.told(project)["people"])


def quiet(project):
    """Push until nothing is left to be said; the addresses that are there then."""
    for _ in range(6):
        if not project.push()["syncs"][0]["attempted"]:
            return
    raise AssertionError("every push has something to say")


@pytest.mark.parametrize("words", [["maybe acts"] * 4, ["maybe"] * 4])
def test_three_addresses_in_doubt_leave_none_behind(known, helpers, words):
    known.push()
    for number in (2, 3, 2, 4):
        helpers.script(known, *words)
        known.build(moved(f"a{number}@example.com"))
        assert known.push()["syncs"][0]["in_doubt"] == 1
    assert known.addresses_in_doubt() == {
        "a": [f'{{"email":"{name}@example.com"}}' for name in ("a", "a3", "a2", "a4")]
    }
    known.build(moved("a5@example.com"))
    quiet(known)
    assert addresses(helpers, known) == {"a5@example.com", "b@example.com", "c@example.com"}
    assert known.addresses_in_doubt() == {}


@pytest.mark.parametrize("words", [["maybe acts"] * 4, ["maybe"] * 4])
def test_an_address_in_doubt_that_changes_again_leaves_none_behind(known, helpers, words):
    known.push()
    helpers.script(known, *words)
    known.build(moved("a2@example.com"))
    assert known.push()["syncs"][0]["in_doubt"] == 1
    known.build(moved("a3@example.com"))
    quiet(known)
    assert addresses(helpers, known) == {"a3@example.com", "b@example.com", "c@example.com"}
    known.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles=moved("a4@example.com"), withdrawn={"a"})
    quiet(known)
    assert addresses(helpers, known) == {"b@example.com", "c@example.com"}


def test_a_batch_that_has_arrived_after_all_is_known_by_what_it_said(known, helpers):
    known.write_sync("addresses", options="{looks_up: true}")
    known.build(PEOPLE)
    known.push()
    helpers.script(known, *["maybe acts"] * 4)
    known.build(moved("a2@example.com"))
    assert known.push()["syncs"][0]["in_doubt"] == 1
    quiet(known)
    row = known.ledger(NAME)["a"]
    assert (json.loads(row["payload"])["email"], row["status"]) == ("a2@example.com", "delivered")
    assert known.addresses_in_doubt() == {}
    known.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles=moved("a3@example.com"))
    quiet(known)
    assert addresses(helpers, known) == {"b@example.com", "c@example.com"}


def test_an_exit_that_has_arrived_after_all_is_an_exit(known, helpers):
    known.write_sync("addresses", options="{looks_up: true}")
    path = known.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text() + "on_exit: {set: {first_name: gone}}\n")
    known.build(PEOPLE)
    known.push()
    helpers.script(known, *["maybe acts"] * 4)
    known.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles=PEOPLE)
    known.push()
    quiet(known)
    assert helpers.told(known)["people"]["a@example.com"] == "gone"
    known.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles=PEOPLE, withdrawn={"a"})
    quiet(known)
    assert addresses(helpers, known) == {"b@example.com", "c@example.com"}


def test_killed_before_the_answer_and_changed_meanwhile_leaves_one_address(known, helpers):
    helpers.script(known, "kill acts")
    work = (
        "import sys; from datetime import date; from pathlib import Path; "
        "from activation import jobs; from core.settings import load_settings;"
        "jobs.push(load_settings(root=Path(sys.argv[1]), home=Path(sys.argv[2])), date.fromisoformat(sys.argv[3]))"
    )
    words = [sys.executable, "-c", work, str(known.settings.root), str(known.settings.home), str(known.day)]
    assert subprocess.run(words, check=False, capture_output=True).returncode == -9
    assert addresses(helpers, known) == {"a@example.com", "b@example.com", "c@example.com"}
    known.build(moved("a2@example.com"))
    quiet(known)
    assert addresses(helpers, known) == {"a2@example.com", "b@example.com", "c@example.com"}


def test_who_loses_the_address_under_never_null_is_still_found_when_leaving(known, helpers):
    path = known.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text().replace("email: email", "email: {column: email, policy: never_null}"))
    known.build(PEOPLE)
    known.push()
    known.build({**PEOPLE, "a": (None, "A", 5.0)})
    quiet(known)
    known.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles={**PEOPLE, "a": (None, "A", 5.0)})
    quiet(known)
    assert addresses(helpers, known) == {"b@example.com", "c@example.com"}


def test_a_rebaseline_takes_over_the_address_too(known, helpers):
    known.push()
    state = helpers.told(known)
    state["people"]["a2@example.com"] = state["people"].pop(
        "a@example.com"
    )  # somebody changed it by hand at the vendor
    (known.settings.home / "dummy.json").write_text(json.dumps(state))
    known.build(moved("a2@example.com"))
    assert known.push(wish=Wish(rebaseline=True))["syncs"][0]["attempted"] == 0
    known.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles=moved("a3@example.com"))
    quiet(known)
    assert addresses(helpers, known) == {"b@example.com", "c@example.com"}


def test_a_name_that_never_null_keeps_is_settled_after_a_doubt(known, helpers):
    path = known.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(
        path.read_text().replace("first_name: first_name", "first_name: {column: first_name, policy: never_null}")
    )
    known.build(PEOPLE)
    known.push()
    for words, name in ((["maybe"] * 4, "B"), ([], None)):
        helpers.script(known, *words)
        known.build({**PEOPLE, "a": ("a2@example.com", name, 0.0)})
        known.push()
    quiet(known)
    row = known.ledger(NAME)["a"]
    assert (row["status"], known.addresses_in_doubt()) == ("delivered", {})
    assert addresses(helpers, known) == {"a2@example.com", "b@example.com", "c@example.com"}


@pytest.mark.parametrize("words", [["maybe acts"] * 4, ["maybe"] * 4])
def test_who_stays_behind_with_a_field_set_does_so_under_one_address(known, helpers, words):
    path = known.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text() + "on_exit: {set: {first_name: gone}}\n")
    known.build(PEOPLE)
    known.push()
    helpers.script(known, *words)
    known.build(moved("a2@example.com"))
    assert known.push()["syncs"][0]["in_doubt"] == 1
    known.build({p: v for p, v in PEOPLE.items() if p != "a"}, profiles=PEOPLE)
    quiet(known)
    assert str(known.ledger(NAME)["a"]["delivered_hash"]) == EXITED
    assert helpers.told(known)["people"] == {"a2@example.com": "gone", "b@example.com": "B", "c@example.com": "C"}


def test_an_address_is_taken_out_once_and_not_again_when_another_person_has_it(known, helpers):
    known.push()
    helpers.script(known, *["maybe"] * 4)
    known.build({**PEOPLE, "a": ("a@example.com", "New", 0.0)})
    assert known.push()["syncs"][0]["in_doubt"] == 1
    merged = {"b": ("a@example.com", "B", 1.0), "c": PEOPLE["c"]}
    known.build(merged, profiles={"a": (None, "A", 0.0)})
    quiet(known)
    assert addresses(helpers, known) == {"a@example.com", "c@example.com"}


def test_what_has_arrived_after_all_is_remembered_as_it_was_said(known, helpers):
    known.write_sync("addresses", options="{looks_up: true}")
    known.build(PEOPLE)
    known.push()
    helpers.script(known, *["maybe acts"] * 4)
    known.build({**PEOPLE, "a": ("a@example.com", "New", 0.0)})
    assert known.push()["syncs"][0]["in_doubt"] == 1
    assert known.push()["syncs"][0]["attempted"] == 0
    row = known.ledger(NAME)["a"]
    assert (row["status"], json.loads(row["payload"])["first_name"]) == ("delivered", "New")


def test_an_answer_is_written_once_when_the_run_is_cut_off_after_it(known, helpers, monkeypatch):
    """Somebody holds the warehouse between two turns: what the first turn has written is not written again."""
    people = {f"p{i:02}": (f"p{i}@example.com", "P", 1.0) for i in range(12)}
    known.build(people)
    real, turns = Sender.deliver, []

    def slowly(*args):
        time.sleep(0.2)
        return real(*args)

    def held(push, db):
        turns.append(push)
        if len(turns) == 2:
            raise RetryableError("another process has had the warehouse")

    monkeypatch.setattr(Sender, "deliver", slowly)
    monkeypatch.setattr("activation.delivery.windows.FLUSH_SECONDS", 0.3)
    monkeypatch.setattr("activation.delivery.progress.Progress.look_for_cancel", held)
    known.push()
    monkeypatch.undo()
    assert len(turns) == 2
    for table in ("delivered", "changelog"):
        rows = known.query(f"select record_key from activation.{table} where status = 'delivered'")
        assert sorted(r["record_key"] for r in rows) == sorted(people), table
    assert known.push()["syncs"][0]["attempted"] == 0


def test_halves_that_are_never_sent_are_in_doubt_when_the_whole_may_have_arrived(known, helpers):
    helpers.script(known, "maybe acts", "refuse", "fatal")
    pushed = known.push()["syncs"][0]
    assert (pushed["in_doubt"], pushed["skipped"]) == (3, 0)
    known.build({"b": PEOPLE["b"]}, profiles=PEOPLE, withdrawn={"a"})
    quiet(known)
    assert addresses(helpers, known) == {"b@example.com"}


def test_an_answer_whose_writing_fails_once_is_written_by_the_next_turn(dummy, helpers, monkeypatch):
    """In the middle of a run of messages: what is refused is not taken for sent, nor is what was sent sent again."""
    people = {f"p{i:02}": (f"p{i}@example.com", "P", 1.0) for i in range(30)}
    dummy.write_sync("dummy", mode="add_only", options="{rule: message, poison: [p01]}")
    dummy.build(people)
    real, failed = delivered.record, []

    def record(*args, **more):
        if not failed:
            failed.append(True)
            raise RetryableError("the disk is full for a moment")
        real(*args, **more)

    monkeypatch.setattr(delivered, "record", record)
    monkeypatch.setattr("activation.delivery.windows.Windows._window_rows", lambda windows: 9)
    dummy.push()
    monkeypatch.undo()
    for _ in range(2):
        dummy.push()
    assert dummy.ledger("loyal__dummy")["p01"]["status"] == "rejected"
    assert sorted(helpers.told(dummy)["sent"]) == sorted(p for p in people if p != "p01")


def test_an_exit_value_that_does_not_fit_its_column_is_told_by_the_plan(known):
    path = known.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text() + "on_exit: {set: {value: gone}}\n")
    known.build(PEOPLE)
    with pytest.raises(ConfigError, match=r"on_exit\.set\.value: 'gone' does not fit a column of type double"):
        known.plan()


def test_each_sync_of_a_channel_keeps_its_own_pace(known):
    known.write_sync("addresses", options="{per_minute: 6000}")
    known.write_sync("addresses", options="{per_minute: 6}", name="loyal__addresses__slow")
    known.build({f"p{i}": (f"p{i}@example.com", "P", 1.0) for i in range(12)})
    known.push(NAME)
    assert max(known.waits, default=0.0) < 1
    known.build({f"p{i}": (f"p{i}@example.com", "Q", 1.0) for i in range(12)})
    known.push()
    assert max(known.waits) > 9, "the second of a lane is paced by its own limit"


def test_a_cancel_that_is_asked_while_the_sync_waits_in_its_lane_holds(known, monkeypatch):
    known.write_sync("addresses", name="loyal__addresses__second")
    known.build(PEOPLE)
    real = jobs.Push.run

    def run(push):
        told = real(push)
        if push.route.sync.name == NAME:
            under_way.cancel(known.settings, ["loyal__addresses__second"], "the wrong list")
        return told

    monkeypatch.setattr(jobs.Push, "run", run)
    outcomes = {p["sync"]: p["outcome"] for p in known.push()["syncs"]}
    assert outcomes == {NAME: "done", "loyal__addresses__second": "cancelled"}
    monkeypatch.undo()
    assert {p["outcome"] for p in known.push()["syncs"]} == {"done"}, "a cancellation holds for one push"


def test_who_is_suppressed_and_has_no_profile_any_more_goes_even_from_a_sync_that_keeps(known, helpers):
    path = known.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(path.read_text() + "on_exit: keep\n")
    known.build(PEOPLE)
    known.push()
    known.build(PEOPLE, excluded={"a": "suppressed"})
    with connect(known.settings, writer="marts") as db:
        db.execute("delete from marts.profiles where person_id = 'a'")
    quiet(known)
    assert addresses(helpers, known) == {"b@example.com", "c@example.com"}


def test_the_last_ones_may_withdraw_but_not_just_vanish(known, helpers):
    known.push()
    known.build({}, profiles=PEOPLE)
    refused = known.push()["syncs"][0]
    assert refused["outcome"] == "refused" and refused["error"].startswith("FL201")
    known.build({}, profiles=PEOPLE, withdrawn=set(PEOPLE))
    assert known.push()["syncs"][0]["outcome"] == "done"
    assert addresses(helpers, known) == set()


def test_a_sync_that_only_grows_may_have_a_quiet_day(known):
    known.write_sync("addresses", mode="add_only")
    known.build(PEOPLE)
    known.push()
    known.build({}, profiles=PEOPLE)
    assert known.push()["syncs"][0]["outcome"] == "done"


def test_a_saved_plan_does_not_hold_for_other_options(known):
    known.push()
    known.build(moved("a2@example.com"))
    digests = {p["sync"]: p["digest"] for p in jobs.plan(known.settings, known.day, detail=True)["syncs"]}
    known.write_sync("addresses", options="{per_minute: 600}")
    known.build(moved("a2@example.com"))
    assert known.push(digests=digests)["syncs"][0]["error"].startswith("FL209")


def test_a_job_that_never_ends_holds_nobody_for_more_than_two_days(dummy, helpers):
    (dummy.settings.root / "activation/channels/dummy.py").write_text(ENDLESS)
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    assert jobs.push(dummy.settings, dummy.day, PushRequest(retry=Retry(job_seconds=0)))["syncs"][0]["waiting"] == 3
    assert under_way.collect(dummy.settings)["waiting"] == 3

    def hours_later(hours: int) -> None:
        with connect(dummy.settings, writer="activation") as db:
            db.execute(f"update activation.runs set started_at = started_at - interval '{hours} hours'")

    hours_later(24 * 365)
    assert under_way.collect(dummy.settings)["waiting"] == 3, "a clock that leaps a year ahead gives no job up"
    hours_later(-24 * 365)
    for _ in range(2):
        hours_later(25)
        assert (
            jobs.push(dummy.settings, dummy.day, PushRequest(retry=Retry(job_seconds=0)))["syncs"][0]["settled"][
                "waiting"
            ]
            == 3
        )
    settled = under_way.collect(dummy.settings)
    assert (settled["waiting"], settled["syncs"][0]["in_doubt"]) == (0, 3)
    dummy.build(PEOPLE, withdrawn={"a"})
    pushed = jobs.push(dummy.settings, dummy.day, PushRequest(retry=Retry(job_seconds=0)))["syncs"][0]
    assert pushed["attempted"] + pushed["waiting"] == 3
    assert "FL309" in dummy.ledger("loyal__dummy")["a"]["last_error"]


def test_a_ledger_of_an_earlier_version_gets_its_columns_and_keeps_its_rows(known, helpers):
    known.push()
    with connect(known.settings, writer="activation") as db:
        for column in ("remote_id", "payload"):
            db.execute(f"alter table activation.delivered drop column {column}")
        for column in ("payload_hash", "delivered_hash"):
            db.execute(f"alter table activation.delivered alter column {column} type text")
        db.execute("update activation.delivered set delivered_hash = '?', quick_hash = null where record_key = 'b'")
        db.execute("drop table activation.changelog")
    pushed = known.push()["syncs"][0]
    assert (pushed["attempted"], pushed["outcome"]) == (1, "done"), "only the one in doubt is sent again"
    with connect(known.settings) as db:
        assert db.columns("activation.delivered")["delivered_hash"] == "uuid"
    quiet(known)


ENDLESS = """
from activation.channel import About, Health, Limits, Submitted
from core.specs import Spec as Options

ABOUT = About("Endless")


def open_channel(settings, options):
    return Endless()


class Endless:
    limits, in_doubt, not_configured = Limits(6), "idempotent", ""

    def push(self, batch):
        return Submitted("job")

    def collect(self, job, keys):
        return None

    def cancel(self, job):
        pass

    def quota(self):
        return None

    def check(self):
        return Health(True, "")

    def close(self):
        pass
"""
