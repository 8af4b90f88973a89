"""What is special to Iterable: failures counted and listed by address, a user's new address, subscriptions."""

import json

import pytest
from support import recorded

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, BatchRejected, CallFailed, MaybeSent, NotSent
from activation.channels.iterable.items import failures, of_one, seconds
from activation.vendor.http import Reply, failure
from core.errors import FatalError
from tests.activation.channels.opened import changes, settled, statuses, vendor

ABC = ["a@example.com", "B@example.com", "c@example.com"]


@pytest.fixture
def iterable(tmp_path, monkeypatch):
    with vendor("iterable", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


@pytest.fixture
def by_id(tmp_path, monkeypatch):
    with vendor("iterable", tmp_path, monkeypatch, identifier="userId") as (fake, channel):
        yield fake, channel


@pytest.fixture
def events(tmp_path, monkeypatch):
    with vendor("iterable", tmp_path, monkeypatch, object="events", list_id=None) as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=ABC, **more)


def sent(fake, path):
    return [r.json() for r in fake.requests if r.path == path]


# -- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("older", [False, True])
def test_whom_iterable_lists_as_failed_is_rejected_and_put_into_no_list(iterable, older):
    fake, channel = iterable
    fake.poison, fake.older = {"B@example.com"}, older
    said = settled(channel, three())
    assert said == [(ACCEPTED, None), (REJECTED, "has a malformed identifier"), (ACCEPTED, None)]
    assert [s["email"] for s in sent(fake, "/api/lists/subscribe")[0]["subscribers"]] == [
        "a@example.com",
        "c@example.com",
    ]


def test_failures_are_found_whatever_the_case_of_the_address():
    users = {4: {"email": "A@Example.com"}, 7: {"email": "b@example.com"}}
    assert failures({"failCount": 1, "failedUpdates": {"invalidEmails": ["a@example.com"]}}, users) == {
        4: (REJECTED, "has a malformed identifier")
    }


def test_more_failures_than_are_listed_leave_the_others_in_doubt(iterable):
    fake, channel = iterable
    fake.poison, fake.unlisted = {"B@example.com"}, True
    assert statuses(channel, three()) == [IN_DOUBT] * 3
    said = {"failCount": 2, "failedUpdates": {"forgottenEmails": ["a@example.com"]}}
    assert [s for s, _ in failures(said, {i: {"email": e} for i, e in enumerate(ABC)}).values()] == [
        REJECTED,
        IN_DOUBT,
        IN_DOUBT,
    ]


def test_a_value_of_another_type_is_left_to_the_loop_to_find(iterable):
    _, channel = iterable
    with pytest.raises(BatchRejected, match="RequestFieldsTypesMismatched"):
        channel.push(three(value=["x", "y", "z"]))


def test_a_list_that_is_not_there_ends_the_sync(tmp_path, monkeypatch):
    with vendor("iterable", tmp_path, monkeypatch, list_id=7) as (_, channel):
        with pytest.raises(FatalError, match="list_id"):
            channel.push(three())
        assert "no static list 7" in channel.check().detail
    with vendor("iterable", tmp_path, monkeypatch, list_id=43) as (_, channel):
        assert not channel.check().ok, "a dynamic list"


def test_a_list_is_needed_for_users_alone(events, tmp_path, monkeypatch):
    assert events[1].check().ok
    with pytest.raises(ValueError, match="list_id is needed"), vendor("iterable", tmp_path, monkeypatch, list_id=None):
        pass


def test_what_fails_after_the_users_were_made_may_have_been_done(iterable):
    fake, channel = iterable
    for script, kind in ((["429"], NotSent), (["", "429"], MaybeSent)):
        fake.script = script
        with pytest.raises(CallFailed) as stopped:
            channel.push(three())
        assert type(stopped.value) is kind


# -- consent ----------------------------------------------------------------------------------------------------------


def test_what_somebody_unsubscribed_from_stays_so_through_update_leaving_and_a_new_address(iterable):
    fake, channel = iterable
    statuses(channel, three())
    fake.users[0]["channels"] = [11]
    statuses(channel, three(op="update", key="run2", first_name=["Ann", "Bea", "Cai"]))
    moved = changes("update", "run3", email=["new@example.com"], first_name=["Ann"], before={"email": ABC[:1]})
    assert statuses(channel, moved) == [ACCEPTED]
    assert statuses(channel, changes("remove", "run4", email=["new@example.com"])) == [ACCEPTED]
    assert (fake.users[0]["email"], fake.users[0]["channels"]) == ("new@example.com", [11])
    assert all("channelUnsubscribe" not in body for body in sent(fake, "/api/lists/unsubscribe"))


@pytest.mark.parametrize("field", ["unsubscribedChannelIds", "emailListIds"])
def test_a_sync_that_maps_what_people_chose_there_is_refused(iterable, field):
    fake, channel = iterable
    with pytest.raises(FatalError, match="own choice"):
        channel.push(three(**{field: ["", "", ""]}))
    assert not fake.requests


def test_whom_iterable_forgot_it_does_not_take_back_and_may_leave(iterable):
    fake, channel = iterable
    fake.gone = {"a@example.com"}
    assert settled(channel, three())[0] == (REJECTED, "was forgotten at Iterable, which takes no data of them")
    assert (
        settled(channel, changes("remove", "run2", email=["a@example.com", "x@example.com"])) == [(ACCEPTED, None)] * 2
    )


# -- addresses --------------------------------------------------------------------------------------------------------


def test_a_new_address_is_given_to_the_same_user_who_stays_in_the_list(iterable):
    fake, channel = iterable
    statuses(channel, three(first_name=["Ann", "Bea", "Cai"]))
    moved = changes(
        "update", "run2", email=["new@example.com"], first_name=["Anne"], before={"email": ["A@example.com"]}
    )
    assert statuses(channel, moved) == [ACCEPTED]
    assert len(fake.users) == 3 and fake.values("new@example.com")["first_name"] == "Anne"
    assert fake.audience() == {"new@example.com", "B@example.com", "c@example.com"}


def test_an_address_that_is_another_users_puts_that_one_in_and_takes_the_old_one_out(iterable):
    fake, channel = iterable
    statuses(channel, three())
    statuses(channel, changes("remove", "run2", email=["c@example.com"]))
    moved = changes("update", "run3", email=["c@example.com"], before={"email": ["a@example.com"]})
    assert statuses(channel, moved) == [ACCEPTED]
    assert fake.audience() == {"B@example.com", "c@example.com"} and len(fake.users) == 3


def test_an_old_address_that_is_not_known_is_no_hindrance(iterable):
    fake, channel = iterable
    moved = changes("update", email=["new@example.com"], before={"email": ["never@example.com"]})
    assert statuses(channel, moved) == [ACCEPTED] and fake.audience() == {"new@example.com"}


def test_a_new_address_that_is_refused_is_its_rows_failure(iterable):
    fake, channel = iterable
    statuses(channel, three())
    fake.poison = {"bad@example.com"}
    moved = changes("update", "run2", email=["bad@example.com", None, "C@example.com"], before={"email": ABC})
    assert settled(channel, moved) == [
        (REJECTED, "HTTP 400: InvalidEmailAddressError"),
        (REJECTED, "no email"),
        (ACCEPTED, None),
    ]
    assert fake.audience() == {"a@example.com", "c@example.com"}


def test_in_a_project_by_user_id_the_address_is_a_field(by_id):
    fake, channel = by_id
    statuses(channel, three())
    moved = changes("update", "run2", email=["new@example.com"], keys=["p1"], before={"email": ["B@example.com"]})
    assert statuses(channel, moved) == [ACCEPTED]
    assert fake.audience() == {"a@example.com", "new@example.com", "c@example.com"} and len(fake.users) == 3
    assert sent(fake, "/api/users/bulkUpdate")[1]["users"] == [
        {"userId": "p1", "preferUserId": True, "dataFields": {"email": "new@example.com"}}
    ]
    assert channel.erase(changes("remove", email=ABC[:1])).statuses.to_pylist() == [ACCEPTED]
    assert sent(fake, "/api/users/forget") == [{"userId": "p0"}]


def test_erasure_forgets_the_old_address_too_and_nobody_twice(iterable):
    fake, channel = iterable
    statuses(channel, changes(email=[*ABC, "old@example.com"]))
    fake.script = ["", "", "429"]
    asked = changes(
        "remove", email=["a@example.com", "c@example.com"], before={"email": ["A@example.com", "old@example.com"]}
    )
    with pytest.raises(MaybeSent):
        channel.erase(asked)
    assert channel.erase(asked).statuses.to_pylist() == [ACCEPTED] * 2
    assert [u["email"] for u in fake.users] == ["B@example.com"] and len(sent(fake, "/api/users/forget")) == 4


def test_an_erasure_that_is_refused_says_so(iterable):
    fake, channel = iterable
    fake.poison = {"a@example.com"}
    assert channel.erase(changes("remove", email=ABC[:1])).errors.to_pylist() == ["HTTP 400: InvalidEmailAddressError"]


# -- events -----------------------------------------------------------------------------------------------------------


def test_an_event_sent_twice_is_one_event_with_its_own_time_and_name(events):
    fake, channel = events
    happened = changes(
        email=["a@example.com", None, "c@example.com"], eventName=["Ordered", None, None], size=["L", "M", None],
        createdAt=["2026-01-14T10:00:00Z", None, "last week"], campaignId=["12", None, None],
        keys=["e1", "e2", "e3"], mode="append",
    )  # fmt: skip
    for _ in range(2):
        assert [s for s, _ in settled(channel, happened)] == [ACCEPTED, REJECTED, REJECTED]
    assert list(fake.events.values()) == [{
        "email": "a@example.com", "eventName": "Ordered", "id": "e1", "campaignId": 12,
        "createdAt": 1768384800, "dataFields": {"size": "L"},
    }]  # fmt: skip


def test_an_event_of_a_blocked_name_is_rejected_alone(events):
    fake, channel = events
    fake.blocked = {"Secret"}
    said = settled(channel, three(eventName=["Secret", "Ordered", None], mode="append"))
    assert said == [(REJECTED, "the event name is blocked in this project"), (ACCEPTED, None), (ACCEPTED, None)]
    assert [e["eventName"] for e in fake.events.values()] == ["Ordered", "fairlead_event"]


def test_new_fields_are_asked_for_where_the_option_says_so(tmp_path, monkeypatch):
    with vendor("iterable", tmp_path, monkeypatch, create_new_fields=True) as (fake, channel):
        statuses(channel, changes(email=ABC[:1], pet=["cat"]))
        assert sent(fake, "/api/users/bulkUpdate") == [
            {"users": [{"email": "a@example.com", "dataFields": {"pet": "cat"}}], "createNewFields": True}
        ]


def test_times_are_read_as_instants_in_utc():
    assert [seconds(t) for t in ("2026-01-14T10:00:00", "1768384800", 1768384800, None)] == [1768384800] * 3 + [None]


# -- the vendor's own words -------------------------------------------------------------------------------------------


def said(path, status):
    if not recorded.available("iterable"):
        pytest.skip("needs ../shared/specs, which is no part of the project")
    found = [e for e in recorded.exchanges("iterable") if e.path == path and e.status == status]
    assert found
    return [(e, Reply(e.status, {}, e.answer[2], "iterable")) for e in found]


def test_recorded_list_changes_accept_everybody_they_name():
    for path in ("/api/lists/subscribe", "/api/lists/unsubscribe"):
        for exchange, reply in said(path, 200):
            people = dict(enumerate(json.loads(exchange.request)["subscribers"]))
            assert failures(reply.json(), people) == {}


def test_recorded_changes_of_one_user_are_accepted():
    for path in ("/api/users/update", "/api/users/updateEmail"):
        assert all(of_one(reply) == (ACCEPTED, None) for _, reply in said(path, 200))


def test_a_recorded_refusal_for_a_type_is_read_as_bad_content():
    ((_, reply),) = said("/api/users/update", 400)
    assert of_one(reply) == (REJECTED, "HTTP 400: RequestFieldsTypesMismatched")
    assert isinstance(failure(reply), BatchRejected)
