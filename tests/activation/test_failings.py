"""The failings that users of other systems report (../shared/reference/peers.md), each shown impossible here."""

import json
import time

import pytest

from activation import jobs, under_way
from activation.delivery.route import PushRequest
from activation.delivery.send import Retry
from activation.sync import load_syncs
from core.errors import ConfigError
from core.settings import load_settings

NAME = "loyal__dummy"
PEOPLE = {p: (f"{p}@example.com", p.upper(), float(i)) for i, p in enumerate("abcdefgh")}


def test_01_rows_that_failed_once_are_tried_again_and_not_skipped_for_ever(dummy, helpers):
    dummy.write_sync("dummy", options="{poison: [c]}")
    dummy.build(PEOPLE)
    dummy.push()
    dummy.write_sync("dummy")  # the vendor has mended what was wrong with c
    assert dummy.push()["syncs"][0]["accepted"] == 1
    assert "c" in helpers.told(dummy)["people"]


def test_02_a_push_with_rows_in_error_is_not_called_done_and_says_why(dummy):
    dummy.write_sync("dummy", options="{poison: [c]}")
    dummy.build(PEOPLE)
    pushed = dummy.push()["syncs"][0]
    assert (pushed["outcome"], pushed["rejected"], pushed["accepted"]) == ("partial", 1, 7)
    letters = dummy.query("select record_key, last_error from activation.dead_letters")
    assert letters == [{"record_key": "c", "last_error": "FL301 poison"}]
    dummy.write_sync("dummy", options=f"{{poison: {json.dumps(list(PEOPLE))}}}")
    dummy.build({p: (v[0], "New", v[2]) for p, v in PEOPLE.items()})
    failed = dummy.push()
    assert failed["syncs"][0]["outcome"] == "failed" and not failed["ok"]


def test_03_nothing_is_taken_for_sent_that_was_not(dummy, helpers):
    dummy.build(PEOPLE)
    helpers.script(dummy, "ok", "fatal")
    pushed = dummy.push()["syncs"][0]
    delivered = {p for p, r in dummy.ledger(NAME).items() if r["status"] == "delivered"}
    assert delivered == set(helpers.told(dummy)["people"]) and len(delivered) == pushed["accepted"] == 3
    dummy.push()
    assert set(helpers.told(dummy)["people"]) == set(PEOPLE)


def test_04_one_bad_row_does_not_make_every_run_send_all_again(dummy, helpers):
    dummy.write_sync("dummy", options="{poison: [d]}")
    dummy.build(PEOPLE)
    tried = [dummy.push()["syncs"][0]["attempted"] for _ in range(3)]
    assert tried == [8, 1, 1]
    sent = helpers.told(dummy)["sent"]
    assert sorted(sent) == sorted(set(PEOPLE) - {"d"})


def test_05_a_mirror_removes_only_what_it_sent(dummy, helpers):
    helpers.script(dummy)
    state = dummy.settings.home / "dummy.json"
    state.write_text(json.dumps({"people": {"theirs": {"email": "x@example.com"}}, "sent": [], "script": []}))
    dummy.build(PEOPLE)
    dummy.push()
    dummy.build({"a": PEOPLE["a"]}, profiles=PEOPLE)
    dummy.push()
    assert set(helpers.told(dummy)["people"]) == {"theirs", "a"}


def test_06_an_empty_upstream_does_not_empty_the_audience(dummy, helpers):
    dummy.build(PEOPLE)
    dummy.push()
    dummy.build({})
    refused = dummy.push()["syncs"][0]
    assert refused["outcome"] == "refused" and "empty_upstream" in refused["error"]
    assert set(helpers.told(dummy)["people"]) == set(PEOPLE)


def test_07_without_any_updated_at_only_changes_are_sent(dummy):
    dummy.build(PEOPLE)
    dummy.push()
    assert "updated_at" not in {
        r["column_name"]
        for r in dummy.query("select column_name from information_schema.columns where table_name = 'profiles'")
    }
    dummy.build({**PEOPLE, "b": ("b@example.com", "Bea", 1.0)})
    assert dummy.push()["syncs"][0]["attempted"] == 1
    assert dummy.push()["syncs"][0]["attempted"] == 0


def test_08_many_rows_go_in_few_calls(hooked, receiver):
    hooked.write_sync("webhook", options="{batch_size: 100}")
    hooked.build({f"p{i}": (f"p{i}@example.com", "P", 1.0) for i in range(300)})
    hooked.push()
    assert len(receiver.requests) == 3


def test_09_what_is_hashed_was_normalised_before():
    import hashlib

    import pyarrow as pa

    from core.match_keys.normalise import prepare

    wanted = hashlib.sha256(b"jane@example.com").hexdigest()
    for platform in ("meta", "tiktok", "google"):
        said = prepare(platform, "email", pa.array(["  JANE@Example.com ", "", None]))
        assert said.values.to_pylist() == [wanted, None, None]


def test_10_a_null_overwrites_only_where_that_is_chosen(hooked, receiver):
    path = hooked.settings.root / "activation/syncs/loyal__webhook.yml"
    text = path.read_text()
    hooked.build({"a": ("a@example.com", "Ann", 1.0)})
    hooked.push()
    path.write_text(text.replace("first_name: first_name", "first_name: {column: first_name, policy: never_null}"))
    hooked.build({"a": ("a@example.com", None, 2.0)})
    hooked.push()
    assert "first_name" not in receiver.requests[-1]["changes"][0]["fields"]
    path.write_text(text)
    hooked.build({"a": ("a@example.com", None, 3.0)})
    hooked.push()
    assert receiver.requests[-1]["changes"][0]["fields"]["first_name"] is None


def test_11_update_only_creates_nobody(dummy, helpers):
    file = dummy.settings.root / "activation/channels/dummy.py"
    finds = """
    def find(self, batch, fields):
        from activation.channel import Existing
        state = json.loads(self.path.read_text()) if self.path.exists() else {"people": {}}
        return Existing(pa.array([k in state["people"] for k in batch.keys.to_pylist()], pa.bool_()))

    def close(self):"""
    text = helpers.DUMMY.replace("\n    def close(self):", finds)
    file.write_text(text.replace('AUDIENCE_MODES | {"append"}', 'AUDIENCE_MODES | {"update_only"}'))
    helpers.script(dummy)
    state = dummy.settings.home / "dummy.json"
    state.write_text(json.dumps({"people": {"a": {"email": "old@example.com"}}, "sent": [], "script": []}))
    dummy.write_sync("dummy", mode="update_only")
    dummy.build(PEOPLE)
    pushed = dummy.push()["syncs"][0]
    assert (pushed["accepted"], pushed["skipped"]) == (1, 7)
    assert helpers.told(dummy)["people"] == {"a": {"email": "a@example.com", "first_name": "A", "value": 0.0}}


def test_12_the_log_of_every_row_stands_in_the_warehouse(dummy):
    dummy.build(PEOPLE)
    dummy.push()
    dummy.build({**{p: PEOPLE[p] for p in "abcdefg"}, "a": ("new@example.com", "A", 0.0)}, profiles=PEOPLE)
    run = dummy.push()["syncs"][0]["run_id"]
    log = dummy.query(
        f"select record_key, op, reason, fields, status from activation.changelog where run_id = '{run}' order by op"
    )
    assert log == [
        {"record_key": "h", "op": "remove", "reason": "left_segment", "fields": None, "status": "removed"},
        {"record_key": "a", "op": "update", "reason": "changed", "fields": "email", "status": "delivered"},
    ]
    calls = dummy.query(f"select rows, tries from activation.calls where run_id = '{run}'")
    assert [(c["rows"], c["tries"]) for c in calls] == [(1, 1), (1, 1)]


def test_13_two_people_of_one_address_do_not_take_turns(project):
    """The audience holds the first of them only (tests/dbt_project/test_marts.py); a sync tells dbt the column."""
    (project.settings.root / "activation/channels/byemail.py").write_text(
        "from activation.channel import About\nfrom activation.channels.csv_outbox import Options, open_channel\n"
        'ABOUT = About("By e-mail", identifiers=("email",))\n'
    )
    project.write_sync("byemail")
    jobs.register(project.settings)
    assert project.query("select identifier from activation.syncs") == [{"identifier": "email"}]


def test_14_a_cancelled_push_stops_the_vendors_job_too(dummy, helpers):
    file = dummy.settings.root / "activation/channels/dummy.py"
    file.write_text(JOBS)
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    begun = dummy.settings.home / "jobs.json"
    pushed = jobs.push(
        dummy.settings,
        dummy.day,
        PushRequest(retry=Retry(sleep=lambda s: None), stopped=lambda: "cancelled: SIGTERM" if begun.exists() else ""),
    )["syncs"][0]
    assert (pushed["outcome"], pushed["accepted"], pushed["skipped"]) == ("cancelled", 3, 5)
    assert json.loads((dummy.settings.home / "jobs.json").read_text())["cancelled"] == ["job1"]


JOBS = """
import json
from activation.channel import About, Health, Limits, Results, Submitted
from core.specs import Spec as Options

ABOUT = About("Jobs")


def open_channel(settings, options):
    return Jobs(settings.home / "jobs.json")


class Jobs:
    limits, in_doubt, not_configured = Limits(3), "idempotent", ""

    def __init__(self, path):
        self.path = path

    def state(self):
        return json.loads(self.path.read_text()) if self.path.exists() else {"made": 0, "cancelled": [], "done": []}

    def push(self, batch):
        state = self.state()
        state["made"] += 1
        self.path.write_text(json.dumps(state))
        return Submitted(f"job{state['made']}")

    def collect(self, job, keys):
        state = self.state()
        return Results.accepted(len(keys)) if job in state["cancelled"] + state["done"] else None

    def cancel(self, job):
        state = self.state()
        state["cancelled"].append(job)
        self.path.write_text(json.dumps(state))

    def quota(self):
        return None

    def check(self):
        return Health(True, "")

    def close(self):
        pass
"""


def test_14_who_waits_for_a_vendors_job_holds_no_slot_and_a_later_run_takes_its_outcome(dummy):
    (dummy.settings.root / "activation/channels/dummy.py").write_text(JOBS)
    dummy.write_sync("dummy")
    dummy.build(PEOPLE)
    first = jobs.push(dummy.settings, dummy.day, PushRequest(retry=Retry(job_seconds=0)))["syncs"][0]
    assert (first["outcome"], first["waiting"], first["attempted"]) == ("waiting", 8, 0)
    assert jobs.plan(dummy.settings, dummy.day)["syncs"][0]["adds"] == 0, "who is under way is not sent again"
    assert under_way.collect(dummy.settings)["exit_code"] == under_way.STILL_WAITING
    path = dummy.settings.home / "jobs.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "done": ["job1", "job2"]}))
    told = under_way.collect(dummy.settings)
    assert told["syncs"] == [{"sync": NAME, "channel": "dummy", "delivered": 6, "waiting": 2}]
    path.write_text(json.dumps({**json.loads(path.read_text()), "done": ["job1", "job2", "job3"]}))
    assert jobs.push(dummy.settings, dummy.day)["syncs"][0]["settled"] == {"delivered": 2}
    assert {r["status"] for r in dummy.ledger(NAME).values()} == {"delivered"}


def test_15_one_dead_channel_does_not_hold_up_another(dummy, helpers, monkeypatch):
    (dummy.settings.root / "activation/channels/dead.py").write_text(
        helpers.DUMMY.replace("dummy.json", "dead.json").replace(
            'word = state["script"]',
            'import time; time.sleep(1.5); raise NotSent("no connection")\n        word = state["script"]',
        )
    )
    for variant in ("", "__second"):
        dummy.write_sync("dead", name=f"loyal__dead{variant}")
    dummy.build(PEOPLE)
    came: dict[str, float] = {}
    began = time.monotonic()
    retry = Retry(attempts=2, first_wait_seconds=0.01, longest_wait_seconds=0.01)
    pushed = jobs.push(
        dummy.settings,
        dummy.day,
        PushRequest(retry=retry, tell=lambda sync, done, total: came.setdefault(sync, time.monotonic() - began)),
    )
    outcomes = {p["sync"]: p["outcome"] for p in pushed["syncs"]}
    assert outcomes == {NAME: "done", "loyal__dead": "failed", "loyal__dead__second": "failed"}
    assert came[NAME] < came["loyal__dead"], "the living channel was done while the dead one was still being tried"
    second = next(p for p in pushed["syncs"] if p["sync"] == "loyal__dead__second")
    assert "is down since loyal__dead" in second["error"] and second["run_id"] is None, "its other sync was not tried"


@pytest.mark.parametrize(("ends", "trips"), [("2026-01-17", True), ("2026-03-01", False)])
def test_16_a_credential_that_is_about_to_end_is_said_before_it_does(hooked, receiver, ends, trips):
    channels = {"webhook": {"url": receiver.url, "secret_env": "FAIRLEAD_TEST_SECRET", "credential_expires": ends}}
    hooked.settings = load_settings(root=hooked.settings.root, home=hooked.settings.home, channels=channels)
    hooked.build(PEOPLE)
    planned = hooked.plan()["syncs"][0]
    assert [g["guard"] for g in planned["guards"] if g["tripped"]] == (["credential_expiry"] if trips else [])
    assert hooked.push()["syncs"][0]["outcome"] == ("refused" if trips else "done")


def test_17_audiences_go_to_meta_tiktok_linkedin_google_and_pinterest(project):
    from activation.catalogue import channel_folders, find_channels

    found = find_channels(channel_folders(project.settings))
    for platform in ("meta", "tiktok", "linkedin", "google_ads", "pinterest"):
        assert {"mirror", "upsert"} <= found[platform].ABOUT.modes and "email" in found[platform].ABOUT.identifiers


def test_a_sync_that_asks_what_its_channel_cannot_is_refused_with_all_mistakes_at_once(dummy):
    path = dummy.settings.root / f"activation/syncs/{NAME}.yml"
    path.write_text(
        path.read_text()
        .replace("mode: mirror", "mode: create_only")
        .replace("first_name: first_name", "first_name: {column: first_name, policy: set_if_empty}")
    )
    with pytest.raises(ConfigError) as refused:
        load_syncs(dummy.settings)
    assert "cannot create_only" in str(refused.value) and "cannot keep the policy set_if_empty" in str(refused.value)
