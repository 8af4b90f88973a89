"""What is special to Salesforce: jobs with three lists of results, collections, two ways in, its SDK's words."""

import csv
import io
from functools import partial

import httpx
import pytest
from support import recorded
from support.fakes.keys import pem, rsa_key
from support.fakes.salesforce import Vendor
from support.fakes.server import Answer

from activation.channel import CallFailed, Submitted
from activation.channels.salesforce.access import read_quota
from activation.channels.salesforce.rows import outcomes, quoted
from activation.delivery import usual
from activation.vendor.http import Reply
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened

ANN = {"Email": "ann@example.com", "FirstName": "Ann", "LastName": "Doe"}
BEN = {"Email": "ben@example.com", "FirstName": "Ben", "LastName": "Doe"}
CIA = {"Email": "cia@example.com", "FirstName": "Cia", "LastName": "Doe"}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


def collected(channel, changes):
    said = channel.push(changes)
    assert isinstance(said, Submitted)
    for _ in range(10):
        told = channel.collect(said.job, changes.keys)
        if told is not None:
            return told
    raise AssertionError("the job never ends")


def test_a_job_tells_of_each_row_and_only_who_was_accepted_is_a_member(at):
    fake = Vendor()
    fake.poison = {"ben@example.com"}
    with at(fake, api="bulk") as channel:
        said = collected(channel, batch([ANN, BEN, CIA]))
    assert said.statuses.to_pylist() == ["accepted", "rejected", "accepted"]
    assert said.errors[1].as_py().startswith("INVALID_EMAIL_ADDRESS") and said.remote_ids[0].as_py().startswith("003")
    assert fake.audience() == {"ann@example.com", "cia@example.com"}


def test_a_row_that_salesforce_never_came_to_is_not_accepted(at):
    fake = Vendor()
    fake.unprocessed = 1
    with at(fake, api="bulk") as channel:
        said = collected(channel, batch([ANN, BEN]))
    assert (
        said.statuses.to_pylist() == ["accepted", "rejected"] and "before it came to this row" in said.errors[1].as_py()
    )


def test_a_job_can_be_asked_for_after_a_restart_by_its_text_alone(at):
    fake = Vendor()
    changes = batch([ANN, BEN])
    with at(fake, api="bulk") as channel:
        job = channel.push(changes).job
        assert not any(word in job for word in ("ann", "p0"))
        with at_again(fake, channel) as other:
            while (told := other.collect(job, changes.keys)) is None:
                pass
    assert told.statuses.to_pylist() == ["accepted"] * 2 and fake.audience() == {"ann@example.com", "ben@example.com"}


def at_again(fake, channel):
    import contextlib

    from activation.channels.salesforce import Salesforce

    return contextlib.closing(Salesforce(channel.access, channel.options))


def test_members_wait_until_the_people_are_there(at):
    fake = Vendor()
    fake.polls = 3
    changes = batch([ANN])
    with at(fake, api="bulk") as channel:
        job = channel.push(changes).job
        people, members = (fake.jobs[i] for i in job.split("/"))
        assert (
            channel.collect(job, changes.keys) is None
            and members["state"] == "Open"
            and people["state"] == "InProgress"
        )


def test_cancelling_aborts_both_jobs_and_nobody_becomes_a_member(at):
    fake = Vendor()
    fake.polls = 3
    changes = batch([ANN])
    with at(fake, api="bulk") as channel:
        job = channel.push(changes).job
        channel.cancel(job)
        assert channel.collect(job, changes.keys).statuses.to_pylist() != [None] and not fake.members
    assert [j["state"] for j in fake.jobs.values()] == ["Aborted"] * 2


def test_in_a_job_null_clears_and_what_may_not_be_cleared_is_an_empty_cell(at):
    fake = Vendor()
    with at(fake, api="bulk") as channel:
        collected(channel, batch([ANN, BEN]))
        empty = [{"Email": "ann@example.com", "FirstName": None, "LastName": None}, BEN]
        said = collected(channel, batch(empty, "update", policies={"LastName": "never_null"}))
    assert said.statuses.to_pylist() == ["accepted"] * 2
    assert "FirstName" not in fake.values("ann@example.com") and fake.values("ann@example.com")["LastName"] == "Doe"


def test_above_200_rows_a_job_is_made_and_below_it_none(at):
    fake = Vendor()
    with at(fake) as channel:
        assert not isinstance(channel.push(batch([ANN])), Submitted)
        many = [{"Email": f"p{i}@example.com", "LastName": "Doe"} for i in range(201)]
        assert isinstance(channel.push(batch(many)), Submitted)
        assert not isinstance(channel.push(batch(many, mode="update_only")), Submitted)


def test_somebody_who_was_a_member_already_stays_one(at):
    fake = Vendor()
    with at(fake, api="bulk") as channel:
        collected(channel, batch([ANN]))
        assert collected(channel, batch([ANN], "update")).statuses.to_pylist() == ["accepted"]
    assert len(fake.members) == 1


def test_the_checkbox_says_who_is_in_and_nobody_is_made_by_leaving(at):
    fake = Vendor()
    with at(fake, campaign_id=None, membership="In_Audience__c") as channel:
        channel.push(batch([ANN, BEN]))
        said = channel.push(batch([ANN, CIA], "remove", keys=["p0", "p9"]))
    assert said.statuses.to_pylist() == ["accepted"] * 2
    assert {r["Email"]: r["In_Audience__c"] for r in fake.people["Contact"].values()} == {
        "ann@example.com": False,
        "ben@example.com": True,
    }


def test_a_changed_external_id_of_the_sync_s_own_takes_the_old_one_out(at):
    fake = Vendor()
    with at(fake, external_id="Customer__c", membership="In_Audience__c") as channel:
        channel.push(batch([{**ANN, "Customer__c": "A'1"}, {**BEN, "Customer__c": "B1"}]))
        channel.push(batch([{**ANN, "Customer__c": "B1"}, {**BEN, "Customer__c": "C1"}], "update",
                           before=[{**ANN, "Customer__c": "A'1"}, {**BEN, "Customer__c": "B1"}]))  # fmt: skip
    held = {r["Customer__c"]: r["In_Audience__c"] for r in fake.people["Contact"].values()}
    assert held == {"A'1": False, "B1": True, "C1": True} and len(fake.members) == 2


def test_leads_become_members_as_leads(at):
    fake = Vendor()
    with at(fake, object="leads", member_status="Sent") as channel:
        said = channel.push(batch([{**ANN, "Company": "Shop"}, BEN]))
        assert said.statuses.to_pylist() == ["accepted", "rejected"] and "Company" in said.errors[1].as_py()
        assert [m["Status"] for m in fake.members.values()] == ["Sent"] and fake.audience() == {"ann@example.com"}
        channel.push(batch([{**ANN, "Company": "Shop"}], "remove"))
    assert not fake.members and len(fake.people["Lead"]) == 1


def test_create_only_and_set_if_empty_look_first(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch([{**ANN, "FirstName": None}, BEN]))
        done = delivered(channel, batch([ANN, BEN, CIA], mode="create_only"))
        assert done.statuses.to_pylist() == ["skipped", "skipped", "accepted"]
        delivered(channel, batch([ANN, {**BEN, "FirstName": "Zoe"}], policies={"FirstName": "set_if_empty"}))
    assert [fake.values(r["Email"])["FirstName"] for r in (ANN, BEN, CIA)] == ["Ann", "Ben", "Cia"]


@pytest.mark.parametrize("api", ["bulk", "collections"])
def test_who_opted_out_there_stays_so(at, api):
    fake = Vendor()
    with at(fake, api=api) as channel:
        for said in (True, False):
            done = channel.push(batch([{**ANN, "HasOptedOutOfEmail": said}]))
            assert isinstance(done, Submitted) == (api == "bulk")
    assert fake.values("ann@example.com")["HasOptedOutOfEmail"] in (True, "true")


def test_a_locked_record_is_left_for_the_next_run(at):
    fake = Vendor()
    fake.save = lambda sobject, external_id, row: (
        None,
        False,
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access",
    )
    with at(fake) as channel:
        assert channel.push(batch([ANN])).statuses.to_pylist() == ["skipped"]


def test_a_field_that_is_not_there_ends_the_sync_and_rejects_nobody(at):
    with at(Vendor()) as channel, pytest.raises(FatalError, match="INVALID_FIELD"):
        channel.push(batch([{**ANN, "Nobody_Made_This__c": "x"}]))
    with at(Vendor(), external_id="Nobody_Made_This__c") as channel:
        assert not channel.check().ok


def test_a_used_up_day_is_no_lack_of_rights(at):
    fake = Vendor()
    fake.collection = lambda *parts: Answer(
        403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    )
    with at(fake) as channel, pytest.raises(CallFailed):
        channel.push(batch([ANN]))


def test_a_refresh_token_lets_in_and_is_used_again_when_the_session_ends(at):
    fake = Vendor()
    fake.description = None  # of two grants at one address only the first is described
    with at(fake, environment=fake.refreshing) as channel:
        channel.push(batch([ANN]))
        fake.expire()
        assert channel.push(batch([BEN], keys=["p1"])).statuses.to_pylist() == ["accepted"]
    assert fake.audience() == {"ann@example.com", "ben@example.com"}


def test_a_key_without_a_user_s_name_and_a_text_that_is_no_key_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_SALESFORCE_CLIENT_ID", "x")
    section, options = {"url": "http://127.0.0.1:9"}, Vendor.options
    assert "FAIRLEAD_SALESFORCE_PRIVATE_KEY" in usual.missing(channel_at("salesforce", section, tmp_path, options))
    monkeypatch.setenv("FAIRLEAD_SALESFORCE_PRIVATE_KEY", "no key")
    assert "username" in usual.missing(channel_at("salesforce", section, tmp_path, options))
    named = channel_at("salesforce", {**section, "options": {"username": "u"}}, tmp_path, options)
    assert usual.missing(named) == "" and "no RSA key" in named.check().detail


recordings = pytest.mark.skipif(
    not recorded.available("salesforce"), reason="needs ../shared/specs/recorded, no part of the project"
)


@recordings
def test_recorded_collections_give_each_record_its_own_verdict():
    seen = set()
    for one in recorded.exchanges("salesforce"):
        if one.path.endswith("/composite/sobjects") and one.method in ("POST", "PATCH"):
            told = outcomes(one.response_body, len(one.request_body["records"]))
            seen |= {(status, (error or "").partition(":")[0]) for status, error, _ in told}
            assert all((status == "accepted") == bool(record_id) for status, _, record_id in told)
    assert {
        ("accepted", ""),
        ("rejected", "INVALID_EMAIL_ADDRESS"),
        ("rejected", "CANNOT_UPDATE_CONVERTED_LEAD"),
    } <= seen


@recordings
def test_recorded_limits_are_read():
    _, headers, body = recorded.responses("salesforce", "/composite/sobjects", 200)[0]
    reply = Reply(200, httpx.Headers(headers), body)
    assert 0 < read_quota(reply.headers).remaining < 15_000


@pytest.mark.parametrize("value", ["O'Hara", "a\\", "\\' OR Id != ''", "line\nbreak"])
def test_no_value_can_leave_its_quotes_in_a_query(value):
    inside = quoted(value)[1:-1]
    assert "'" not in inside.replace("\\\\", "").replace("\\'", "") and "\n" not in inside


def test_the_channel_and_simple_salesforce_send_the_same_job(at):
    """Method, path, headers that matter, and the CSV as rows: the order of its columns is nobody's business."""
    import simple_salesforce

    fake = Vendor()
    fake.polls = 0
    with at(fake, api="bulk", campaign_id=None, membership="In_Audience__c") as channel:
        collected(channel, batch([ANN, BEN]))
        ours = [said(r) for r in fake.requests if "/jobs/" in r.path]
        fake.requests.clear()
        fake.description = None  # it spells unprocessedrecords with a capital
        theirs = simple_salesforce.Salesforce(
            instance_url=fake.url, session_id=f"00D-session-{fake.tokens}", version="62.0"
        )
        marked = [{**row, "Fairlead_Id__c": f"p{i}", "In_Audience__c": "true"} for i, row in enumerate((ANN, BEN))]
        theirs.bulk2_url = f"{fake.url}/services/data/v62.0/jobs/"
        done = theirs.bulk2.Contact.upsert(records=marked, external_id_field="Fairlead_Id__c", wait=0.01)
        theirs.bulk2.Contact.get_all_ingest_records(done[0]["job_id"])
        sent = [said(r) for r in fake.requests]
    assert unrepeated(ours) == unrepeated(sent)


def said(request):
    body = request.body.decode()
    if request.headers.get("content-type", "").startswith("text/csv"):
        body = [dict(row) for row in csv.DictReader(io.StringIO(body))]
    elif body:
        body = request.json()
    path = request.path.lower().rsplit("/750", 1)[0] + (
        "/*/" + request.path.lower().split("/")[-1] if request.path.count("/") > 6 else ""
    )
    kind = request.headers.get("content-type", "").partition(";")[0] if request.method != "GET" else ""
    return request.method, path, request.headers["authorization"].split("-")[0], kind, body


def unrepeated(requests):
    """How often each asks for the job's state, and in what order for its lists, is their own affair."""
    kept = [one for one in requests if one[0] != "GET"]
    return kept, sorted({one[1] for one in requests if one[0] == "GET"})


def test_the_private_key_stands_in_no_repr(at):
    with at(Vendor()) as channel:
        assert pem(rsa_key())[40:80] not in repr(channel) + repr(channel.caller) + repr(channel.rows)
