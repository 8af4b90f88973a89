"""What is special to HubSpot: 207 row by row, subscriptions, record ids, erasure by id, its SDK's words."""

import contextlib
import json
from functools import partial

import httpx
import pyarrow as pa
import pytest
from support import recorded
from support.fakes.hubspot import Vendor
from support.fakes.server import Answer

from activation.channel import MaybeSent
from activation.channels.hubspot.answers import faults, read_quota, records
from activation.vendor.http import Reply, failure
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened

ANN = {"email": "ann@example.com", "firstname": "Ann"}
BEN = {"email": "ben@example.com", "firstname": "Ben"}
CIA = {"email": "Cia@Example.com", "firstname": "Cia"}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


def test_each_error_of_a_207_lands_on_its_row_and_the_rest_is_on_the_list(at):
    fake = Vendor()
    fake.poison = {"ben@example.com"}
    with at(fake) as channel:
        said = channel.push(batch([ANN, BEN, CIA]))
    assert said.statuses.to_pylist() == ["accepted", "rejected", "accepted"]
    assert said.errors[1].as_py().startswith("VALIDATION_ERROR")
    assert said.remote_ids.to_pylist() == ["501", None, "502"] and fake.members == {"501", "502"}


def test_a_207_whose_error_names_nobody_leaves_the_missing_row_in_doubt(at):
    fake = Vendor()
    usual = fake.batch

    def mute(kind, verb, content):
        said = usual(kind, verb, content).content
        return Answer(
            207,
            {
                **said,
                "results": said["results"][:1],
                "numErrors": 1,
                "errors": [{"category": "X", "message": "y", "context": {}}],
            },
        )

    fake.batch = mute
    with at(fake) as channel:
        assert channel.push(batch([ANN, BEN])).statuses.to_pylist() == ["accepted", "in_doubt"]


def test_errors_without_trace_ids_are_told_by_the_address_in_whatever_case():
    names = {0: "Ann@Example.com", 1: "ben@example.com"}
    said = {"errors": [{"category": "VALIDATION_ERROR", "message": "m", "context": {"email": ["ann@example.COM"]}}]}
    assert faults(said, names) == {0: "VALIDATION_ERROR: m"}


def test_a_record_is_told_by_its_trace_id_whatever_it_is_called_now():
    said = {"results": [{"id": "9", "objectWriteTraceId": "1", "properties": {"email": "merged@example.com"}}]}
    assert records(said, {0: "ann@example.com", 1: "ben@example.com"}, "email") == {1: said["results"][0]}


def test_who_unsubscribed_is_left_alone_and_who_never_said_anything_is_subscribed(at):
    fake = Vendor()
    fake.statuses = {("ben@example.com", 7): "UNSUBSCRIBED", ("cia@example.com", 7): "SUBSCRIBED"}
    with at(fake, subscription_id=7) as channel:
        said = channel.push(batch([ANN, BEN, CIA]))
    assert said.statuses.to_pylist() == ["accepted", "skipped", "accepted"]
    assert fake.statuses[("ben@example.com", 7)] == "UNSUBSCRIBED"
    written = [r.json()["inputs"] for r in fake.requests if r.path.endswith("/statuses/batch/write")]
    assert [[one["subscriberIdString"] for one in inputs] for inputs in written] == [["ann@example.com"]]
    assert fake.audience() == {"ann@example.com", "cia@example.com"}


def test_a_record_of_whose_subscription_nothing_is_told_is_not_subscribed(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN]))
    fake.preferences = lambda verb, content: Answer(200, {"status": "COMPLETE", "results": []})
    with at(fake, subscription_id=7) as channel:
        said = channel.push(batch([ANN]))
    assert said.statuses.to_pylist() == ["skipped"] and not any(r.path.endswith("/write") for r in fake.requests)


def test_the_record_ids_of_an_earlier_push_are_taken_off_without_asking(at):
    fake = Vendor()
    with at(fake) as channel:
        ids = channel.push(batch([ANN, BEN])).remote_ids
        before = len(fake.requests)
        channel.push(batch([ANN, BEN], "remove", remote_ids=ids))
    assert (
        [r.method for r in fake.requests[before:]] == ["PUT"]
        and not fake.members
        and len(fake.records["contacts"]) == 2
    )


def test_a_further_address_of_the_same_contact_is_no_other_person(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN]))
        fake.records["contacts"]["501"]["hs_additional_emails"] = "new@example.com"
        assert channel.push(
            batch([{**ANN, "email": "new@example.com"}], "update", before=[ANN])
        ).statuses.to_pylist() == ["accepted"]
        assert fake.members == {"501"}
        channel.push(batch([ANN], "remove"))
    assert not fake.members


def test_erasure_never_names_an_address_that_hubspot_would_block(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN]))
        assert channel.erase(batch([ANN, BEN], "remove")).statuses.to_pylist() == ["accepted"] * 2
    assert not fake.records["contacts"] and not fake.blocked


def test_create_only_and_set_if_empty_look_first(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN, {"email": "ben@example.com"}]))
        done = delivered(channel, batch([{**ANN, "firstname": "Zoe"}, BEN, CIA], mode="create_only"))
        assert done.statuses.to_pylist() == ["skipped", "skipped", "accepted"]
        delivered(channel, batch([{**ANN, "firstname": "Zoe"}, BEN], policies={"firstname": "set_if_empty"}))
    assert [h["firstname"] for h in fake.records["contacts"].values()] == ["Ann", "Ben", "Cia"]


def test_companies_are_named_by_their_domain_and_archived(at):
    fake = Vendor()
    with at(fake, object="companies") as channel:
        channel.push(batch([{"domain": "shop.example.com", "name": "Shop"}]))
        assert fake.members and fake.records["companies"]["501"]["name"] == "Shop"
        channel.erase(batch([{"domain": "shop.example.com"}], "remove"))
    assert not fake.records["companies"] and not fake.records["contacts"]


def test_an_event_carries_its_key_and_is_in_doubt_after_a_lost_answer(at):
    fake = Vendor()
    fake.script = ["500 acts"]
    events = batch(
        [{"email": "ann@example.com", "occurredAt": "2026-01-14T10:00:00Z", "plan": "pro", "seats": 3}], mode="append"
    )
    with at(fake, object="events", event_name="pe1_trial") as channel:
        assert delivered(channel, events).statuses.to_pylist() == ["in_doubt"]
        assert channel.push(events).statuses.to_pylist() == ["accepted"]
    first, second = fake.events
    assert (
        first == second and first["eventName"] == "pe1_trial" and first["properties"] == {"plan": "pro", "seats": "3"}
    )


def test_a_list_that_takes_no_members_ends_the_sync_and_rejects_nobody(at):
    fake = Vendor()
    fake.change_list = lambda list_id, content: Answer(400, {"status": "error", "message": "list is dynamic"})
    with at(fake) as channel, pytest.raises(FatalError, match="static"):
        channel.push(batch([ANN]))


def test_a_429_after_the_upsert_is_not_told_as_if_nothing_had_happened(at):
    fake = Vendor()
    fake.change_list = lambda list_id, content: Answer(429, {"status": "error", "category": "RATE_LIMITS"})
    with at(fake) as channel, pytest.raises(MaybeSent):
        channel.push(batch([ANN]))


def test_a_contact_sync_without_a_list_is_refused_when_its_file_is_read(tmp_path):
    with pytest.raises(ValueError, match="list_id is needed"):
        channel_at("hubspot", {}, tmp_path, {})


recordings = pytest.mark.skipif(
    not recorded.available("hubspot"), reason="needs ../shared/specs/recorded, no part of the project"
)


@recordings
def test_recorded_batches_give_each_row_its_record():
    met = 0
    for one in recorded.exchanges("hubspot"):
        if "/CONTACT/batch/" in one.path and one.status in (200, 201):
            names = {
                row: i["properties"]["email"]
                for row, i in enumerate(one.request_body["inputs"])
                if "email" in i["properties"]
            }
            found = records(one.response_body, names, "email")
            assert len(found) == len(names) and all(record["id"].isdigit() for record in found.values())
            met += len(found)
    assert met >= 6


@recordings
def test_recorded_429s_say_later_and_recorded_limits_are_read():
    refused = recorded.responses("hubspot", "/search", 429)
    assert refused
    for status, headers, body in refused:
        error = failure(Reply(status, recorded_headers(headers), body, "hubspot"))
        assert type(error).__name__ == "NotSent" and error.retry_after_seconds is None
        told = read_quota(recorded_headers(headers))
        assert told is None or told.remaining > 1000  # of the day: a 429 does not tell the interval
    _, headers, _ = recorded.responses("hubspot", "/batch/create", 201)[0]
    quota = read_quota(recorded_headers(headers))
    assert quota.remaining <= 100 and quota.resets_in_seconds == 10


def recorded_headers(headers):
    return httpx.Headers(headers)


def said(request):
    kept = {name: request.headers.get(name) for name in ("authorization", "content-type")}
    return request.method, request.path, request.query, kept, json.loads(request.body)


def test_the_channel_and_the_official_sdk_say_the_same(at):
    import hubspot
    from hubspot.crm.contacts import (
        BatchInputSimplePublicObjectBatchInputUpsert,
        BatchReadInputSimplePublicObjectId,
        PublicGdprDeleteInput,
    )
    from hubspot.crm.lists import MembershipChangeRequest
    from hubspot.events.send import BatchedBehavioralEventHttpCompletionRequest

    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN]))
        channel.push(batch([ANN], "remove"))
        channel.erase(batch([ANN], "remove", remote_ids=pa.array(["501"])))
    with at(fake, object="events", event_name="pe1_trial") as channel:
        channel.push(batch([{"email": "ann@example.com", "plan": "pro"}], mode="append"))
        ours = [said(r) for r in fake.requests]
        fake.requests.clear()
        upserted = {"id": "ann@example.com", "idProperty": "email", "properties": ANN, "objectWriteTraceId": "0"}
        client = hubspot.HubSpot(access_token="pat-eu1-test-token", host=fake.url)
        contacts, lists = client.crm.contacts, client.crm.lists.memberships_api
        for send in (
            lambda: contacts.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert([upserted])),
            lambda: lists.add_and_remove(
                "17", MembershipChangeRequest(record_ids_to_add=["501"], record_ids_to_remove=[])),
            lambda: contacts.batch_api.read(BatchReadInputSimplePublicObjectId(
                id_property="email", inputs=[{"id": "ann@example.com"}], properties=["email", "hs_additional_emails"],
                properties_with_history=[])),
            lambda: lists.add_and_remove(
                "17", MembershipChangeRequest(record_ids_to_add=[], record_ids_to_remove=["501"])),
            lambda: contacts.basic_api.purge(PublicGdprDeleteInput(object_id="501")),
            lambda: client.events.send.batch_api.send(
                BatchedBehavioralEventHttpCompletionRequest(inputs=[ours[-1][4]["inputs"][0]])),
        ):  # fmt: skip
            # The SDK reads answers more strictly than it sends: only what it sent counts here.
            with contextlib.suppress(ValueError, AttributeError, TypeError):
                send()
        theirs = [said(r) for r in fake.requests]
    theirs[2][4].pop("propertiesWithHistory")  # the SDK must send it; it asks for nothing
    theirs[2][2].pop("archived", None)
    assert ours == theirs
