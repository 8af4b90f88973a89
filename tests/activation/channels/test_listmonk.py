"""What is special to listmonk: calls that would put somebody back who has unsubscribed, or forget that he did."""

import pytest
from support.fakes.listmonk import LIST, OTHER

from tests.activation.channels.opened import changes, settled, statuses, vendor


@pytest.fixture
def listmonk(tmp_path, monkeypatch):
    with vendor("listmonk", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


def two(**more):
    return changes(email=["a@example.com", "B@example.com"], **more)


def person(fake, email):
    return next(p for p in fake.people.values() if p["email"] == email)


def test_who_has_unsubscribed_from_the_list_is_not_put_back(listmonk):
    fake, channel = listmonk
    statuses(channel, two())
    person(fake, "a@example.com")["subscriptions"][LIST] = "unsubscribed"
    said = settled(channel, two(key="run2", orders=[1, 2]))
    assert [s for s, _ in said] == ["skipped", "accepted"] and "has unsubscribed" in said[0][1]
    assert person(fake, "a@example.com")["subscriptions"][LIST] == "unsubscribed"
    assert person(fake, "a@example.com")["attribs"] == {"orders": 1}


def test_who_is_blocklisted_stays_so_and_joins_nothing(listmonk):
    fake, channel = listmonk
    statuses(channel, two())
    person(fake, "a@example.com").update(status="blocklisted", subscriptions={})
    assert statuses(channel, two(key="run2")) == ["skipped", "accepted"]
    assert (
        person(fake, "a@example.com")["status"] == "blocklisted" and not person(fake, "a@example.com")["subscriptions"]
    )


def test_leaving_does_not_forget_that_somebody_had_unsubscribed(listmonk):
    fake, channel = listmonk
    statuses(channel, two())
    person(fake, "a@example.com")["subscriptions"][LIST] = "unsubscribed"
    assert statuses(channel, two(op="remove", key="run2")) == ["accepted"] * 2
    assert person(fake, "a@example.com")["subscriptions"] == {LIST: "unsubscribed"}
    assert person(fake, "b@example.com")["subscriptions"] == {}
    assert statuses(channel, two(key="run3")) == ["skipped", "accepted"]


def test_other_lists_and_other_peoples_attributes_stay(listmonk):
    fake, channel = listmonk
    statuses(channel, two())
    person(fake, "a@example.com")["subscriptions"][OTHER] = "unsubscribed"
    person(fake, "a@example.com")["attribs"]["theirs"] = 1
    statuses(channel, two(key="run2", orders=[5, None]))
    assert person(fake, "a@example.com")["subscriptions"] == {LIST: "confirmed", OTHER: "unsubscribed"}
    assert person(fake, "a@example.com")["attribs"] == {"theirs": 1, "orders": 5}


def test_somebody_known_who_was_not_in_the_list_joins_it(listmonk):
    fake, channel = listmonk
    statuses(channel, two())
    statuses(channel, two(op="remove", key="run2"))
    assert statuses(channel, two(key="run3")) == ["accepted"] * 2
    assert fake.audience() == {"a@example.com", "b@example.com"} and len(fake.people) == 2


def test_a_new_subscription_has_the_status_that_was_asked_for(tmp_path, monkeypatch):
    with vendor("listmonk", tmp_path, monkeypatch, status="unconfirmed") as (fake, channel):
        statuses(channel, two())
        assert {p["subscriptions"][LIST] for p in fake.people.values()} == {"unconfirmed"}


def test_a_new_address_that_is_a_subscriber_already_leaves_one_in_the_list(listmonk):
    fake, channel = listmonk
    statuses(channel, two())
    moved = changes("update", "run2", keys=["p0"], email=["b@example.com"], before={"email": ["a@example.com"]})
    assert statuses(channel, moved) == ["accepted"]
    assert fake.audience() == {"b@example.com"} and len(fake.people) == 2


def test_an_apostrophe_in_an_address_does_not_end_the_query(listmonk):
    fake, channel = listmonk
    odd = {"email": ["o'neil@example.com"]}
    assert statuses(channel, changes(**odd)) == ["accepted"]
    assert statuses(channel, changes(key="run2", **odd)) == ["accepted"]
    assert len(fake.people) == 1


def test_a_row_without_an_address_is_rejected_and_ids_come_back(listmonk):
    fake, channel = listmonk
    said = channel.push(changes(email=["a@example.com", None]))
    assert said.statuses.to_pylist() == ["accepted", "rejected"]
    assert said.remote_ids.to_pylist() == [str(next(iter(fake.people))), None]
