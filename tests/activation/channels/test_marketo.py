"""What is special to Marketo: 200 with failures inside, tokens that end in a 200, and leads that are there twice."""

from functools import partial

import pyarrow as pa
import pytest
from support import recorded
from support.fakes.marketo import Vendor
from support.fakes.server import Answer

from activation.channel import BatchRejected, MaybeSent, NotSent
from activation.channels.marketo.calls import failure, reasons
from core.errors import FatalError
from tests.activation.channels.opened import batch, delivered, opened

ANN = {"email": "ann@example.com", "firstName": "Ann"}
BEN = {"email": "ben@example.com", "firstName": "Ben"}
CIA = {"email": "Cia@Example.com", "firstName": "Cia"}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


def test_a_200_that_leaves_a_record_out_rejects_that_row_alone(at):
    fake = Vendor()
    fake.poison = {"ben@example.com"}
    with at(fake) as channel:
        said = channel.push(batch([ANN, BEN, CIA]))
    assert said.statuses.to_pylist() == ["accepted", "rejected", "accepted"] and said.errors[1].as_py().startswith(
        "1003:"
    )
    assert said.remote_ids.to_pylist() == ["7149", None, "7150"] and fake.on_list == {7149, 7150}


@pytest.mark.parametrize("ended", ["601", "602"])
def test_a_token_that_ended_is_renewed_once_and_nothing_is_sent_twice(at, ended):
    fake = Vendor()
    with at(fake) as channel:
        fake.errors = [ended]
        assert channel.push(batch([ANN])).statuses.to_pylist() == ["accepted"]
        assert fake.tokens == 2 and len(fake.leads) == 1
        fake.errors = [ended, ended]
        with pytest.raises(FatalError, match=ended):
            channel.push(batch([ANN]))


@pytest.mark.parametrize(
    ("code", "kind"),
    [("606", NotSent), ("607", NotSent), ("615", NotSent), ("604", MaybeSent), ("611", MaybeSent), ("603", FatalError),
     ("1003", BatchRejected), ("1013", FatalError), ("1006", FatalError)],
)  # fmt: skip
def test_each_code_in_a_200_means_what_it_says(code, kind):
    error = failure({"success": False, "errors": [{"code": code, "message": "m"}]})
    assert type(error) is kind


def test_a_rate_error_in_a_200_is_waited_for_and_nobody_is_lost(at):
    fake = Vendor()
    with at(fake) as channel:
        fake.errors = ["606", "", "615"]  # at the leads; then, when they are there, at the list
        assert delivered(channel, batch([ANN, BEN])).statuses.to_pylist() == ["accepted"] * 2
    assert fake.audience() == {"ann@example.com", "ben@example.com"}


def test_what_surely_did_nothing_comes_after_what_did_something(at):
    fake = Vendor()
    with at(fake) as channel:
        fake.errors = ["", "606"]
        with pytest.raises(MaybeSent):
            channel.push(batch([ANN]))


def test_create_only_and_update_only_are_marketo_s_own(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([ANN]))
        created = channel.push(batch([{**ANN, "firstName": "Zoe"}, BEN], mode="create_only"))
        updated = channel.push(batch([{**BEN, "firstName": "Ben2"}, CIA], mode="update_only"))
    assert created.statuses.to_pylist() == ["skipped", "accepted"] and updated.statuses.to_pylist() == [
        "accepted",
        "skipped",
    ]
    assert [lead["firstName"] for lead in fake.leads.values()] == ["Ann", "Ben2"]


def test_who_unsubscribed_at_marketo_is_never_subscribed_again(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([{**ANN, "unsubscribed": True}]))
        channel.push(batch([{**ANN, "unsubscribed": False}], "update"))
    assert fake.leads[7149]["unsubscribed"] is True


def test_both_leads_of_one_address_are_taken_off_and_deleted(at):
    fake = Vendor()
    with at(fake) as channel:
        fake.leads = {1: {"email": "ann@example.com"}, 2: {"email": "ann@example.com"}, 3: {"email": "ben@example.com"}}
        fake.on_list = {1, 2, 3}
        assert channel.push(batch([ANN])).errors[0].as_py().startswith("1007")
        channel.push(batch([ANN], "remove"))
        assert fake.on_list == {3}
        channel.erase(batch([ANN], "remove", remote_ids=pa.array(["1"])))
    assert fake.leads.keys() == {3}


def test_the_leads_of_an_earlier_push_are_taken_off_without_asking(at):
    fake = Vendor()
    with at(fake) as channel:
        ids = channel.push(batch([ANN, BEN])).remote_ids
        before = len(fake.requests)
        channel.push(batch([ANN, BEN], "remove", remote_ids=ids))
    assert [r.method for r in fake.requests[before:]] == ["DELETE"] and not fake.on_list and len(fake.leads) == 2


def test_without_a_mapped_lookup_field_the_person_id_names_the_lead(at):
    fake = Vendor()
    with at(fake, lookup_field="fairleadId", partition="EU") as channel:
        channel.push(batch([ANN]))
        channel.push(batch([{**ANN, "email": "new@example.com"}], "update", before=[ANN]))
    assert list(fake.leads.values()) == [{"fairleadId": "p0", "email": "new@example.com", "firstName": "Ann"}]
    assert all(r.json()["partitionName"] == "EU" for r in fake.requests if r.path == "/rest/v1/leads.json")


recordings = pytest.mark.skipif(
    not recorded.available("marketo"), reason="needs ../shared/specs/recorded, no part of the project"
)


def answered(fake, method, path, body):
    """The fake answers this one request with what was recorded."""
    usual = fake.answer
    fake.answer = lambda request: (
        Answer(200, body) if (request.method, request.path) == (method, path) else usual(request)
    )


@recordings
def test_recorded_answers_to_leads_give_each_row_its_lead(at):
    met = set()
    for one in recorded.exchanges("marketo"):
        if one.path != "/rest/v1/leads.json" or "_method" in one.query:
            continue
        rows = [{"email": f"p{i}@example.com"} for i in range(len(one.request_body["input"]))]
        fake = Vendor()
        answered(fake, "POST", one.path, one.response_body)
        fake.leads = {lead.get("id"): {"email": "x"} for lead in one.response_body.get("result", [])}
        with at(fake) as channel:
            said = delivered(channel, batch(rows))
        records = one.response_body.get("result", [])
        for status, error, lead, record in zip(
            said.statuses.to_pylist(), said.errors.to_pylist(), said.remote_ids.to_pylist(), records, strict=True
        ):
            assert (status == "accepted") == (record["status"] in ("created", "updated"))
            assert status == "accepted" or (record["reasons"][0]["code"] in error and lead is None)
            met.add(record["status"])
    assert {"created", "updated"} <= met


@recordings
def test_a_lead_that_is_not_in_the_list_is_off_it_as_recorded(at):
    (one,) = [e for e in recorded.exchanges("marketo") if e.method == "DELETE"]
    assert reasons(one.response_body["result"][1])[0] == {"1015"}
    fake = Vendor()
    answered(fake, "DELETE", "/rest/v1/lists/1159/leads.json", one.response_body)
    with at(fake) as channel:
        ids = pa.array(["7149", "7150"])
        assert channel.push(batch([ANN, BEN], "remove", remote_ids=ids)).statuses.to_pylist() == ["accepted"] * 2
