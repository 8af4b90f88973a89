"""What is special to Braze: failures by position in a 201, events it would count twice, choices left to people."""

import json

import pytest
from support import recorded
from support.fakes.server import Answer

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, BatchRejected, CallFailed, MaybeSent, NotSent
from activation.channels.braze import _verdicts
from activation.delivery.pace import Pace
from activation.delivery.send import Retry, deliver
from activation.vendor.headers import standard_quota
from core.errors import FatalError
from tests.activation.channels.opened import changes, settled, statuses, vendor

ABC = ["a@example.com", "B@example.com", "c@example.com"]
AT = "2026-01-14T10:00:00Z"


@pytest.fixture
def braze(tmp_path, monkeypatch):
    with vendor("braze", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


@pytest.fixture
def events(tmp_path, monkeypatch):
    with vendor("braze", tmp_path, monkeypatch, object="events") as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=ABC, **more)


def happened(**more):
    people = {"external_id": ["p7", "p8", "p9"], "time": [AT] * 3, **more}
    return changes(**people, keys=["e1", "e2", "e3"], mode="append")


def sent(fake):
    return fake.requests[-1].json()


# -- failures ---------------------------------------------------------------------------------------------------------


def test_failures_are_found_by_their_position(braze):
    fake, channel = braze
    fake.poison = {"B@example.com"}
    assert settled(channel, three()) == [(ACCEPTED, None), (REJECTED, "'email' is not valid"), (ACCEPTED, None)]


def test_a_failure_that_names_no_row_may_be_any_rows(braze):
    fake, channel = braze
    fake.poison, fake.naming = {"B@example.com"}, "nothing"
    said = settled(channel, three())
    assert [status for status, _ in said] == [IN_DOUBT] * 3 and "'email' is not valid" in said[0][1]
    for error in (
        "a text",
        {"type": "x"},
        {"type": "x", "index": 9},
        {"type": "x", "index": 0, "input_array": "purchases"},
    ):
        assert _verdicts({"errors": [error]}, "attributes", 2, False)[0][0] == IN_DOUBT


def test_rows_that_braze_neither_counts_nor_names_are_in_doubt(braze):
    fake, channel = braze
    fake.poison, fake.silent = {"B@example.com"}, True
    assert statuses(channel, three()) == [IN_DOUBT] * 3
    assert _verdicts({"attributes_processed": 0}, "attributes", 1, True) == [(ACCEPTED, None)], (
        "who is not there is passed over"
    )


def test_when_all_are_refused_the_loop_finds_each(braze):
    fake, channel = braze
    fake.poison = set(ABC)
    with pytest.raises(BatchRejected):
        channel.push(three())
    retry = Retry(attempts=2, sleep=lambda seconds: None)
    done = deliver(channel, three(), retry, Pace(None, sleep=lambda seconds: None))
    assert done.statuses.to_pylist() == [REJECTED] * 3


@pytest.mark.parametrize("field", ["email_subscribe", "push_subscribe", "subscription_groups"])
def test_a_sync_that_maps_what_people_chose_there_is_refused(braze, field):
    fake, channel = braze
    with pytest.raises(FatalError, match="own choice"):
        channel.push(three(**{field: ["subscribed"] * 3}))
    assert not fake.requests


# -- users ------------------------------------------------------------------------------------------------------------


def test_neither_leaving_nor_an_update_alone_makes_a_user(braze):
    fake, channel = braze
    assert statuses(channel, changes("remove", email=ABC[:1])) == [ACCEPTED]
    assert statuses(channel, three(key="run2", mode="update_only")) == [ACCEPTED] * 3
    assert not fake.users


def test_a_health_check_makes_nobody_and_a_key_that_may_not_track_fails_it(braze, monkeypatch):
    fake, channel = braze
    assert channel.check().ok and not fake.users
    monkeypatch.setattr(fake, "answer", lambda request: Answer(401, {}))
    assert not channel.check().ok


def test_the_membership_attribute_may_have_another_name(tmp_path, monkeypatch):
    with vendor("braze", tmp_path, monkeypatch, membership="is_loyal") as (fake, channel):
        statuses(channel, three())
        statuses(channel, changes("remove", "run2", email=ABC[:1]))
        assert [u["is_loyal"] for u in fake.users.values()] == [False, True, True]


def test_erasure_goes_in_fifties_and_says_when_a_part_of_it_may_be_done(braze):
    fake, channel = braze
    people = [f"person{i}@example.com" for i in range(75)]
    statuses(channel, changes(email=people))
    asked = changes("remove", "run2", email=people)
    for script, kind in ((["429"], NotSent), (["", "429"], MaybeSent)):
        fake.script = script
        with pytest.raises(CallFailed) as stopped:
            channel.erase(asked)
        assert type(stopped.value) is kind
    assert channel.erase(asked).statuses.to_pylist() == [ACCEPTED] * 75 and not fake.users
    assert [len(r.json()["external_ids"]) for r in fake.requests[-2:]] == [50, 25]


# -- events -----------------------------------------------------------------------------------------------------------


def test_an_event_carries_its_user_time_name_and_id(events):
    fake, channel = events
    assert statuses(channel, happened(name=["Ordered", None, None], size=["L", None, "M"])) == [ACCEPTED] * 3
    assert fake.events[0] == {
        "external_id": "p7", "name": "Ordered", "time": AT, "properties": {"size": "L", "event_id": "e1"},
    }  # fmt: skip
    assert [e["name"] for e in fake.events[1:]] == ["fairlead_event"] * 2
    assert fake.events[1]["properties"] == {"event_id": "e2"} and sent(fake).keys() == {"events"}


def test_an_event_without_a_user_or_a_time_is_rejected_and_does_not_move_the_others(events):
    fake, channel = events
    fake.poison = {"c@example.com"}
    people = {"external_id": [None, "p8", None], "email": [None, "b@example.com", "c@example.com"], "phone": [None] * 3}
    batch = changes(**people, time=[AT, None, AT], keys=["e1", "e2", "e3"], mode="append")
    assert [s for s, _ in settled(channel, changes(external_id=[None], time=[AT], keys=["e0"], mode="append"))] == [
        REJECTED
    ]
    assert not fake.requests
    with pytest.raises(BatchRejected):  # the one that is left is refused there
        channel.push(batch)
    fake.poison = set()
    assert settled(channel, batch) == [
        (REJECTED, "nothing to know the user by"),
        (REJECTED, "no time"),
        (ACCEPTED, None),
    ]
    assert fake.events[-1]["email"] == "c@example.com" and "email" not in fake.events[-1]["properties"]


def test_a_failure_among_events_finds_its_row_past_those_that_were_not_sent(events):
    fake, channel = events
    fake.poison = {"b@example.com"}
    batch = changes(
        email=[None, "a@example.com", "b@example.com"], time=[AT] * 3, keys=["e1", "e2", "e3"], mode="append"
    )
    assert statuses(channel, batch) == [REJECTED, ACCEPTED, REJECTED]


@pytest.mark.parametrize("fault", ["500 acts", "silence acts", "cut acts", "garbage acts"])
def test_an_event_in_doubt_is_never_sent_again(events, fault):
    fake, channel = events
    channel.http.timeout_seconds = 0.1
    fake.script = [fault]
    assert channel.in_doubt == "message"
    retry = Retry(attempts=4, sleep=lambda seconds: None)
    done = deliver(channel, happened(), retry, Pace(None, sleep=lambda seconds: None))
    assert done.statuses.to_pylist() == [IN_DOUBT] * 3 and len(fake.events) == 3


def test_an_event_that_surely_did_not_arrive_is_sent_again(events):
    fake, channel = events
    fake.script = ["429", "503 retry-after"]
    done = deliver(
        channel, happened(), Retry(attempts=4, sleep=lambda seconds: None), Pace(None, sleep=lambda seconds: None)
    )
    assert done.statuses.to_pylist() == [ACCEPTED] * 3 and len(fake.events) == 3


# -- the vendor's own words -------------------------------------------------------------------------------------------


def tracked():
    found = [e for e in recorded.exchanges("braze") if e.path == "/users/track"]
    if not found:
        pytest.skip("needs ../shared/specs, which is no part of the project")
    return found


def test_recorded_answers_accept_every_row():
    for exchange in tracked():
        rows = len(json.loads(exchange.request)["attributes"])
        assert exchange.status == 201
        assert _verdicts(exchange.response_body, "attributes", rows, False) == [(ACCEPTED, None)] * rows


def test_the_quota_is_read_from_recorded_headers():
    quotas = [standard_quota({k.lower(): v for k, v in e.response_headers.items()}) for e in tracked()]
    assert {q.remaining for q in quotas} <= set(range(49_990, 50_001)) and all(q.resets_in_seconds == 0 for q in quotas)


def test_users_who_are_not_there_are_deleted_already():
    answers = [e.response_body for e in recorded.exchanges("braze") if e.path == "/users/delete"]
    if not answers:
        pytest.skip("needs ../shared/specs, which is no part of the project")
    assert all(body["message"] == "success" and "errors" not in body for body in answers)
