"""What is special to Intercom: an archive, ids that are remembered, one contact a call."""

import json

import pytest
from support import recorded
from support.fakes.server import Answer

from activation.channel import MaybeSent
from activation.channels.intercom import EXISTS
from tests.activation.channels.opened import changes, settled, statuses, vendor


@pytest.fixture
def intercom(tmp_path, monkeypatch):
    with vendor("intercom", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=["a@example.com", "b@example.com", "c@example.com"], **more)


def calls(fake, method, end):
    return [r for r in fake.requests if r.method == method and r.path.endswith(end)]


def test_intercoms_ids_come_back_and_are_not_asked_for_again(intercom):
    fake, channel = intercom
    said = channel.push(three())
    ids = said.remote_ids.to_pylist()
    assert set(ids) == set(fake.contacts)
    channel.push(three(op="update", key="run2", remote_ids=ids))
    assert len(calls(fake, "POST", "/contacts/search")) == 1 and len(calls(fake, "PUT", "")) == 3


def test_somebody_archived_is_taken_out_of_the_archive_and_not_made_twice(intercom):
    fake, channel = intercom
    said = channel.push(three())
    fake.contacts[said.remote_ids[1].as_py()]["archived"] = True
    assert statuses(channel, three(key="run2")) == ["accepted"] * 3
    assert len(fake.contacts) == 3 and len(fake.audience()) == 3
    assert len(calls(fake, "POST", "/unarchive")) == 1


def test_an_id_that_is_remembered_but_gone_makes_the_contact_anew(intercom):
    fake, channel = intercom
    ids = channel.push(three()).remote_ids.to_pylist()
    del fake.contacts[ids[0]]
    said = channel.push(three(op="update", key="run2", remote_ids=ids))
    assert said.statuses.to_pylist() == ["accepted"] * 3 and said.remote_ids[0].as_py() != ids[0]
    assert len(fake.audience()) == 3


def test_a_contact_that_was_just_made_and_is_not_searchable_yet_is_found_by_its_refusal(intercom):
    fake, channel = intercom
    channel.push(three())
    answer = fake.answer
    empty = Answer(200, {"type": "list", "data": [], "total_count": 0})
    fake.answer = lambda r: empty if r.path == "/contacts/search" else answer(r)
    assert statuses(channel, three(key="run2")) == ["accepted"] * 3
    assert len(fake.contacts) == 3 and not calls(fake, "POST", "/unarchive")


def test_a_409_that_names_nobody_is_in_doubt(intercom):
    fake, channel = intercom
    answer = fake.answer
    fake.answer = lambda r: Answer(409, {"errors": []}) if (r.method, r.path) == ("POST", "/contacts") else answer(r)
    with pytest.raises(MaybeSent):
        channel.push(three())


def test_one_refused_contact_costs_its_row_and_gets_no_tag(intercom):
    fake, channel = intercom
    fake.poison = {"b@example.com"}
    said = settled(channel, three())
    assert [s for s, _ in said] == ["accepted", "rejected", "accepted"] and "email is invalid" in said[1][1]
    assert len(calls(fake, "POST", "/tags")) == 3, "one makes the tag, two put it on"


def test_the_unsubscription_at_intercom_is_left_alone(intercom):
    fake, channel = intercom
    at = channel.push(three()).remote_ids[0].as_py()
    fake.contacts[at]["unsubscribed_from_emails"] = True
    statuses(channel, three(op="update", key="run2"))
    assert fake.contacts[at]["unsubscribed_from_emails"] is True
    assert all(b"unsubscribed" not in r.body for r in fake.requests)


def test_own_fields_stand_in_the_contact_and_others_in_custom_attributes(intercom):
    fake, channel = intercom
    statuses(channel, changes(email=["a@example.com"], phone=["+447700900001"], orders=[3]))
    sent = json.loads(calls(fake, "POST", "/contacts")[0].body)
    assert sent == {
        "role": "user", "external_id": "p0", "email": "a@example.com",
        "phone": "+447700900001", "custom_attributes": {"orders": 3},
    }  # fmt: skip


def test_the_recorded_refusals_name_the_archived_contact():
    said = recorded.responses("intercom", "/contacts", 409)
    if not said:
        pytest.skip("needs ../shared/specs/recorded, which is not part of the project")
    for _, _, body in said:
        assert EXISTS.search(body.decode()) and b"archived contact" in body


def test_a_recorded_contact_is_read(tmp_path, monkeypatch):
    made = [e for e in recorded.exchanges("intercom") if (e.method, e.path, e.status) == ("POST", "/contacts", 200)]
    if not made:
        pytest.skip("needs ../shared/specs/recorded, which is not part of the project")
    with vendor("intercom", tmp_path, monkeypatch) as (fake, channel):
        answer = fake.answer

        def recorded_once(request):
            if (request.method, request.path) == ("POST", "/contacts"):
                return Answer(200, made[0].response_body)
            return Answer(200, {"type": "tag"}) if request.path.startswith("/contacts/6") else answer(request)

        fake.answer = recorded_once
        said = channel.push(changes(email=["a@example.com"]))
    assert said.remote_ids.to_pylist() == [made[0].response_body["id"]]
