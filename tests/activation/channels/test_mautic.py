"""What is special to Mautic: answers keyed by row, contacts edited by id, do-not-contact entries, and two ways in."""

from functools import partial

import pyarrow as pa
import pytest
from support.fakes.mautic import Vendor, as_php
from support.fakes.server import Answer

from activation.channel import MaybeSent
from activation.channels.mautic.contacts import by_key, outcomes
from activation.delivery import usual
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, opened

ANN = {"email": "ann@example.com", "firstname": "Ann"}
BEN = {"email": "ben@example.com", "firstname": "Ben"}
CIA = {"email": "Cia@Example.com", "firstname": "Cia"}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_whichever_row_fails_its_neighbours_keep_their_own_contact(at, bad):
    """PHP writes the contacts as a list when the last row is missing, and as an object when another is."""
    fake, rows = Vendor(), [ANN, BEN, CIA]
    fake.poison = {rows[bad]["email"]}
    with at(fake) as channel:
        said = channel.push(batch(rows))
    expected = ["rejected" if i == bad else "accepted" for i in range(3)]
    assert said.statuses.to_pylist() == expected and "not a valid email" in said.errors[bad].as_py()
    for row, contact_id in zip(rows, said.remote_ids.to_pylist(), strict=True):
        assert contact_id is None or fake.people[int(contact_id)]["fields"]["email"] == row["email"]


def test_a_row_that_the_answer_leaves_out_makes_the_whole_answer_unreadable():
    person = {"id": 1, "fields": {"all": {}}}
    assert outcomes({"contacts": [person], "statusCodes": [201]}, 1)[0] == {0: person}
    with pytest.raises(MaybeSent):
        outcomes({"contacts": [person], "statusCodes": [201]}, 2)
    assert by_key(as_php({1: "b"})) == {1: "b"} and by_key(as_php({0: "a", 1: "b"})) == {0: "a", 1: "b"}


def test_a_known_contact_is_edited_by_its_id_and_a_deleted_one_is_made_again(at):
    fake = Vendor()
    with at(fake) as channel:
        ids = channel.push(batch([ANN, BEN])).remote_ids
        del fake.people[42]
        fake.segment.discard(42)
        said = channel.push(
            batch([{**ANN, "email": "new@example.com"}, BEN], "update", before=[ANN, BEN], remote_ids=ids)
        )
    assert said.statuses.to_pylist() == ["accepted"] * 2 and said.remote_ids[0] == ids[0]
    assert fake.people[41]["fields"]["email"] == "new@example.com" and fake.audience() >= {
        "new@example.com",
        "ben@example.com",
    }
    assert len(fake.people) == 2


def test_a_new_address_that_is_another_contact_s_leaves_one_contact(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN, BEN]))
        channel.push(batch([{**BEN, "email": "ann@example.com"}], "update", before=[BEN]))
    assert fake.audience() == {"ann@example.com"} and len(fake.people) == 1


def test_who_must_not_be_contacted_is_not_put_in_and_stays_so(at):
    fake = Vendor()
    unsubscribed = [{"channel": "email", "reason": 1}]
    with at(fake) as channel:
        channel.push(batch([ANN, BEN]))
        fake.segment = set()
        fake.people[41]["doNotContact"], fake.people[42]["doNotContact"] = (
            unsubscribed,
            [{"channel": "sms", "reason": 3}],
        )
        said = channel.push(batch([{**ANN, "doNotContact": ""}, {**BEN, "doNotContact": ""}], "update"))
    assert said.statuses.to_pylist() == ["skipped", "accepted"] and "do not contact" in said.errors[0].as_py()
    assert fake.people[41]["doNotContact"] == unsubscribed and fake.audience() == {"ben@example.com"}


def test_a_blank_clears_only_where_it_is_meant(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN]))
        channel.push(batch([{**ANN, "firstname": None}], "update", policies={"firstname": "never_null"}))
        assert fake.values("ann@example.com")["firstname"] == "Ann"
        channel.push(batch([{**ANN, "firstname": None}], "update"))
    assert fake.values("ann@example.com")["firstname"] == ""


def test_a_contact_that_mautic_does_not_put_in_is_not_accepted(at):
    fake = Vendor()
    fake.members = lambda request, tail: Answer(
        200, {"success": 1, "details": {"41": {"success": True}, "42": {"success": False}}}
    )
    with at(fake) as channel:
        assert channel.push(batch([ANN, BEN])).statuses.to_pylist() == ["accepted", "rejected"]


def test_leaving_needs_no_search_where_the_id_is_known(at):
    fake = Vendor()
    with at(fake) as channel:
        ids = channel.push(batch([ANN, BEN])).remote_ids
        before = len(fake.requests)
        channel.push(batch([ANN, BEN], "remove", remote_ids=ids))
        assert all(r.method == "POST" for r in fake.requests[before:])
        channel.push(batch([ANN, {"email": "ann@example.co"}]))
        channel.push(batch([{"email": "ann@example.co"}], "remove"))  # the search also finds ann@example.com
    assert fake.audience() == {"ann@example.com"}


def test_without_a_mapped_id_field_the_person_id_names_the_contact(at):
    fake = Vendor()
    fake.unique = "fairlead_id"
    with at(fake, id_field="fairlead_id") as channel:
        channel.push(batch([ANN]))
        channel.push(batch([{**ANN, "email": "new@example.com"}], "update", before=[ANN]))
        assert channel.erase(batch([ANN], "remove", remote_ids=pa.array([None], pa.string()))).statuses.to_pylist() == [
            "accepted"
        ]
    assert not fake.people


def test_a_user_without_the_right_to_delete_ends_the_erasure(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN]))
        fake.delete = lambda ids: Answer(200, {"contacts": [], "errors": [{"code": 403, "message": "denied"}]})
        with pytest.raises(FatalError, match="403"):
            channel.erase(batch([ANN], "remove"))


def test_basic_lets_in_too_and_half_a_credential_does_not(at, tmp_path, monkeypatch):
    fake = Vendor()
    with at(fake, environment=fake.basic) as channel:
        assert channel.push(batch([ANN])).statuses.to_pylist() == ["accepted"] and not fake.tokens
    monkeypatch.delenv("FAIRLEAD_MAUTIC_PASSWORD")
    other = channel_at("mautic", {"url": "http://127.0.0.1:9"}, tmp_path, Vendor.options)
    assert "FAIRLEAD_MAUTIC_PASSWORD" in usual.missing(other)
