"""The webhook against a receiver on a real socket that behaves as badly as receivers do."""

import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from activation import jobs
from core.settings import load_settings

NAME = "loyal__webhook"
PEOPLE = {p: (f"{p}@example.com", f"First-{p}", float(i)) for i, p in enumerate("abcdef")}
EVERYBODY = {p: {"email": v[0], "first_name": v[1], "value": v[2]} for p, v in PEOPLE.items()}


def answer(status, headers=None, body=b""):
    return lambda receiver, content: (status, headers or {}, body)


def acts_then(reply):
    def act(receiver, content):
        receiver.act(content["changes"])
        return reply

    return act


def test_what_is_wanted_is_delivered_signed_in_batches_and_once(hooked, receiver):
    hooked.build(PEOPLE)
    pushed = hooked.push()["syncs"][0]
    assert (pushed["attempted"], pushed["accepted"], pushed["skipped"]) == (6, 6, 0)
    assert receiver.people == EVERYBODY
    assert [len(r["changes"]) for r in receiver.requests] == [2, 2, 2]
    assert all(r["signed"] for r in receiver.requests)
    assert len({r["idempotency_key"] for r in receiver.requests}) == 3
    hooked.push()
    assert len(receiver.requests) == 3


def test_a_removal_carries_the_key_alone(hooked, receiver):
    hooked.build(PEOPLE)
    hooked.push()
    hooked.build({"a": PEOPLE["a"]}, profiles=PEOPLE)
    hooked.push()
    assert set(receiver.people) == {"a"}
    assert all(set(c) == {"op", "key"} for r in receiver.requests[3:] for c in r["changes"])


@pytest.mark.parametrize(
    "fault",
    [
        answer(429), answer(500), answer(503), answer(408), acts_then(None), acts_then((500, {}, b"")),
        acts_then((200, {"Content-Type": "application/json"}, b'{"results": [')),
        acts_then((200, {"Content-Type": "application/json"}, b'{"results": {}}')),
        acts_then((200, {"Content-Length": "900", "Content-Type": "application/json"}, b'{"results": [')),
    ],
    ids=["429", "500", "503", "408", "cut after acting", "500 after acting",
         "half a JSON", "odd JSON", "cut in mid-body"],
)  # fmt: skip
def test_one_fault_is_retried_with_the_same_idempotency_key_and_ends_well(hooked, receiver, fault):
    receiver.script = [fault]
    hooked.build(PEOPLE)
    pushed = hooked.push()["syncs"][0]
    assert (pushed["accepted"], pushed["in_doubt"], pushed["outcome"]) == (6, 0, "done")
    assert receiver.people == EVERYBODY
    assert receiver.requests[0]["idempotency_key"] == receiver.requests[1]["idempotency_key"]
    assert len(hooked.waits) == 1


def test_a_timeout_after_the_receiver_acted_is_retried(hooked, receiver):
    import time

    def slow(receiver, content):
        time.sleep(1.3)
        return receiver.act(content["changes"])

    receiver.script = [slow]
    hooked.build(PEOPLE)
    assert hooked.push()["syncs"][0]["accepted"] == 6
    assert receiver.people == EVERYBODY


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [("7", 7, 7), ("in four minutes", 180, 240), ("soon", 0, 1)],
)
def test_retry_after_is_honoured_in_seconds_and_as_a_date(hooked, receiver, given, least, most):
    hooked.build(PEOPLE)
    if given == "in four minutes":
        given = format_datetime(datetime.now(UTC) + timedelta(minutes=4), usegmt=True)
    receiver.script = [answer(429, {"Retry-After": given})]
    assert hooked.push()["ok"]
    assert least <= hooked.waits[0] <= most


def test_a_receiver_that_asks_for_an_hour_ends_the_sync_and_keeps_nobody_waiting(hooked, receiver):
    receiver.script = [answer(429, {"Retry-After": "3600"})]
    hooked.build(PEOPLE)
    pushed = hooked.push()["syncs"][0]
    assert (pushed["outcome"], pushed["attempted"], pushed["skipped"], hooked.waits) == ("failed", 0, 6, [])
    assert hooked.push()["syncs"][0]["accepted"] == 6


def test_a_dead_receiver_ends_its_sync_after_bounded_tries_and_other_syncs_go_on(hooked, receiver):
    hooked.write_sync("csv_outbox", name="loyal__csv_outbox")
    hooked.build(PEOPLE)
    receiver.script = [answer(500)] * 99
    pushed = {s["channel"]: s for s in hooked.push(attempts=3)["syncs"]}
    assert pushed["csv_outbox"]["accepted"] == 6
    assert (pushed["webhook"]["in_doubt"], pushed["webhook"]["skipped"], len(receiver.requests)) == (2, 4, 3)
    receiver.script = []
    assert hooked.push(NAME)["syncs"][0]["accepted"] == 6
    assert receiver.people == EVERYBODY


def test_a_wrong_secret_or_address_ends_the_sync_at_once(hooked, receiver):
    receiver.script = [answer(401)]
    hooked.build(PEOPLE)
    pushed = hooked.push()["syncs"][0]
    assert (pushed["outcome"], pushed["skipped"], len(receiver.requests)) == ("failed", 6, 1)
    assert hooked.push()["syncs"][0]["accepted"] == 6


def test_a_rejected_batch_is_split_until_the_bad_row_stands_alone(hooked, receiver):
    hooked.write_sync("webhook", options="{batch_size: 6}")

    def refuse_whole(receiver, content):
        if any(c["key"] == "d" for c in content["changes"]):
            return 422, {}, b"d@example.com is no good, nor is First-d"
        return receiver.act(content["changes"])

    receiver.script = [refuse_whole] * 20
    hooked.build(PEOPLE)
    pushed = hooked.push()["syncs"][0]
    assert (pushed["accepted"], pushed["rejected"], pushed["outcome"]) == (5, 1, "partial")
    row = hooked.ledger(NAME)["d"]
    assert row["status"] == "rejected" and "example.com" not in row["last_error"] and "First-d" not in row["last_error"]
    assert "<email>" in row["last_error"]


def test_half_a_batch_rejected_costs_just_those_rows_at_each_run(hooked, receiver):
    receiver.poison = {"b", "d", "f"}
    hooked.build(PEOPLE)
    assert hooked.push()["syncs"][0]["rejected"] == 3
    for _ in range(3):
        before = len(receiver.requests)
        again = hooked.push()["syncs"][0]
        assert (again["attempted"], again["rejected"]) == (3, 3)
        assert [c["key"] for r in receiver.requests[before:] for c in r["changes"]] == ["b", "d", "f"]
    receiver.poison = set()
    assert hooked.push()["syncs"][0]["accepted"] == 3
    assert receiver.people == EVERYBODY


def test_a_reply_that_forgets_a_change_leaves_just_that_one_in_doubt(hooked, receiver):
    def forgetful(receiver, content):
        status, headers, body = receiver.act(content["changes"])
        kept = [r for r in json.loads(body)["results"] if r["key"] != "a"]
        return status, headers, json.dumps({"results": kept}).encode()

    receiver.script = [forgetful]
    hooked.build(PEOPLE)
    pushed = hooked.push()["syncs"][0]
    assert (pushed["accepted"], pushed["in_doubt"]) == (5, 1)
    assert [c["key"] for c in receiver.requests[-1]["changes"]] == ["e", "f"]
    hooked.push()
    assert [c["key"] for c in receiver.requests[-1]["changes"]] == ["a"]


def test_who_leaves_while_in_doubt_is_removed(hooked, receiver):
    """The row of a timed-out add has no delivered hash of its own, and yet the receiver may hold the person."""
    receiver.script = [acts_then((500, {}, b""))] * 4
    hooked.build({"a": PEOPLE["a"], "b": PEOPLE["b"]})
    assert hooked.push()["syncs"][0]["in_doubt"] == 2
    assert set(receiver.people) == {"a", "b"}
    hooked.build({"b": PEOPLE["b"]}, profiles=PEOPLE)
    hooked.push()
    assert set(receiver.people) == {"b"}


def test_a_value_that_returns_to_its_old_self_while_in_doubt_is_sent_again(hooked, receiver):
    hooked.build({"a": ("old@example.com", "A", 1.0)})
    hooked.push()
    receiver.script = [acts_then((500, {}, b""))] * 4
    hooked.build({"a": ("new@example.com", "A", 1.0)})
    hooked.push()
    assert receiver.people["a"]["email"] == "new@example.com"
    hooked.build({"a": ("old@example.com", "A", 1.0)})
    hooked.push()
    assert receiver.people["a"]["email"] == "old@example.com"


def test_nothing_personal_and_no_secret_in_logs_errors_and_results(hooked, receiver, caplog):
    caplog.set_level(logging.DEBUG)
    receiver.poison = {"a"}
    receiver.script = [
        answer(500, {}, b"a@example.com broke First-a"),
        answer(422, {}, b"b@example.com"),
        answer(422, {}, b"+44 20 7946 0000"),
    ]
    hooked.build(PEOPLE)
    said = json.dumps(hooked.push()) + caplog.text + json.dumps([r["last_error"] for r in hooked.ledger(NAME).values()])
    for secret in ("@example.com", "First-", "a-test-secret", "in-the-url", "7946"):
        assert secret not in said


def test_without_a_url_the_sync_is_not_configured_and_nothing_fails(project, receiver):
    project.write_sync("webhook")
    project.build(PEOPLE)
    planned, pushed = project.plan(), project.push()
    assert planned["ok"] and pushed["ok"]
    assert "not configured" in planned["syncs"][0]["state"] and pushed["syncs"][0]["attempted"] == 0


def test_a_url_without_a_secret_is_a_mistake_in_the_settings_that_names_the_variable_only(hooked):
    hooked.build(PEOPLE)
    channels = {"webhook": {"url": "https://example.com/x?token=t0ken", "secret_env": "FAIRLEAD_NO_SUCH"}}
    settings = load_settings(root=hooked.settings.root, home=hooked.settings.home, channels=channels)
    pushed = jobs.push(settings, hooked.day)["syncs"][0]
    assert pushed["outcome"] == "failed" and "FAIRLEAD_NO_SUCH" in pushed["error"] and "t0ken" not in str(pushed)


def test_a_row_larger_than_the_body_limit_is_rejected_alone(hooked, receiver):
    hooked.write_sync("webhook", options="{batch_size: 6, body_bytes: 1000}")
    people = {**PEOPLE, "c": ("c@example.com", "x" * 2000, 1.0)}
    hooked.build(people)
    pushed = hooked.push()["syncs"][0]
    assert (pushed["accepted"], pushed["rejected"]) == (5, 1)
    assert set(receiver.people) == set(PEOPLE) - {"c"}


def test_a_receiver_that_repeats_our_secret_puts_it_into_no_answer_ledger_or_alert(hooked, receiver):
    from tests.activation.conftest import SECRET

    def repeats(state, content):
        results = [{"key": c["key"], "status": "rejected", "error": f"not with {SECRET}"} for c in content["changes"]]
        return 200, {"Content-Type": "application/json"}, json.dumps({"results": results}).encode()

    receiver.script = [repeats] * 3
    hooked.build(PEOPLE)
    answer_of_push = hooked.push()
    ledger = hooked.ledger(NAME)
    assert {r["last_error"] for r in ledger.values()} == {"FL301 not with <secret>"}
    assert SECRET not in str([answer_of_push, ledger, hooked.query("select * from activation.changelog")])


def test_an_unreadable_answer_has_one_number(hooked, receiver):
    hooked.build({"a": ("a@example.com", "First", 1.0)})
    torn = (200, {"Content-Type": "application/json"}, b'{"results": [')
    receiver.script = [lambda state, content: torn] * 4
    pushed = hooked.push()["syncs"][0]
    assert pushed["error"] == "FL108 webhook: an answer that is not readable as JSON"
    assert hooked.ledger(NAME)["a"]["last_error"] == pushed["error"]
