"""What is special to SendGrid: jobs whose failures stand in a file, custom fields by id, lists by name."""

import json

import pytest
from support import recorded

from activation.channel import BatchRejected, NotSent, Submitted
from activation.channels.sendgrid.contacts import faults_at
from activation.delivery import usual
from activation.vendor.failure_files import failures
from core.errors import FatalError
from tests.activation.channels.opened import changes, settled, statuses, vendor

LIST = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def sendgrid(tmp_path, monkeypatch):
    with vendor("sendgrid", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=["a@example.com", "B@example.com", "c@example.com"], **more)


def puts(fake):
    return [r.json() for r in fake.requests if r.method == "PUT"]


def test_custom_fields_go_by_their_id_and_are_read_once(sendgrid):
    fake, channel = sendgrid
    for key in ("run1", "run2"):
        assert statuses(channel, three(key=key, pet=["cat", None, "dog"])) == ["accepted"] * 3
    assert [row["custom_fields"] for row in puts(fake)[0]["contacts"]] == [{"w1": "cat"}, {"w1": ""}, {"w1": "dog"}]
    assert sum(r.path == "/v3/marketing/field_definitions" for r in fake.requests) == 1


def test_a_field_that_sendgrid_has_not_ends_the_sync_with_its_name(sendgrid):
    fake, channel = sendgrid
    with pytest.raises(FatalError, match="no custom field shoe_size"):
        channel.push(three(shoe_size=[1, 2, 3]))
    assert not puts(fake)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_failures_in_the_file_of_errors_land_on_their_rows_whatever_the_case_of_the_address(sendgrid, kind):
    fake, channel = sendgrid
    fake.poison, fake.error_file = {"B@example.com"}, kind
    said = settled(channel, three())
    assert [status for status, _ in said] == ["accepted", "rejected", "accepted"]
    assert "invalid address" in said[1][1]


def test_a_job_collected_after_a_restart_has_its_rows_in_doubt_where_somebody_failed(tmp_path, monkeypatch):
    with vendor("sendgrid", tmp_path, monkeypatch) as (fake, channel):
        fake.poison = {"B@example.com"}
        job = channel.push(three()).job
        channel.addresses_by_job.clear()
        assert channel.collect(job, three().keys) is None, "the first look finds the job pending"
        said = channel.collect(job, three().keys)
    assert said.statuses.to_pylist() == ["in_doubt"] * 3 and "1 failures" in said.errors[0].as_py()


def test_the_job_names_no_person(sendgrid):
    _, channel = sendgrid
    rows = changes(email=["a@example.com", "no address", None], first_name=["Zoë", "Ann", "Bob"])
    job = channel.push(rows).job
    assert "example.com" not in job and "no address" not in job and "Zoë" not in job
    channel.collect(job, rows.keys)
    assert channel.collect(job, rows.keys).statuses.to_pylist() == ["accepted", "rejected", "rejected"]


def test_what_sendgrid_refuses_by_its_place_costs_those_rows_and_the_others_go(sendgrid):
    fake, channel = sendgrid
    rows = changes(email=["no address", "a@example.com", "neither"])
    assert statuses(channel, rows) == ["rejected", "accepted", "rejected"]
    assert fake.audience() == {"a@example.com"} and len(puts(fake)) == 2


def test_a_text_that_is_too_long_is_told_before_it_is_sent(sendgrid):
    _, channel = sendgrid
    said = settled(channel, changes(email=["a@example.com"], first_name=["x" * 51]))
    assert said == [("rejected", "first_name: 51 characters, SendGrid takes 50")]


def test_a_list_is_found_on_a_later_page_and_made_only_where_it_is_not_there(tmp_path, monkeypatch):
    with vendor("sendgrid", tmp_path, monkeypatch, list="Champions") as (fake, channel):
        fake.lists = {LIST[:-1] + "1": "Others", LIST[:-1] + "2": "More", LIST: "Champions"}
        assert statuses(channel, three()) == ["accepted"] * 3
        assert puts(fake)[0]["list_ids"] == [LIST] and len(fake.lists) == 3
        assert channel._list("loyal__x") == LIST
    assert not [r for r in fake.requests if (r.method, r.path) == ("POST", "/v3/marketing/lists")]


def test_removals_go_a_hundred_addresses_a_call_and_go_on_where_a_429_stopped_them(sendgrid):
    fake, channel = sendgrid
    people = {"email": [f"p{i}@example.com" for i in range(250)]}
    assert set(statuses(channel, changes(**people))) == {"accepted"}
    answer, calls = fake.answer, []

    def third_search_is_too_many(request):
        if request.path.endswith("/search/emails"):
            calls.append(len(request.json()["emails"]))
            if len(calls) == 3:
                fake.script = ["429"]  # the next removal
        return answer(request)

    fake.answer = third_search_is_too_many
    leaving = changes("remove", "run2", **people)
    with pytest.raises(NotSent):
        channel.push(leaving)
    assert statuses(channel, leaving) == ["accepted"] * 250
    assert calls == [100, 100, 50, 50] and not fake.audience() and len(fake.contacts) == 250


def test_the_key_is_not_shown_to_the_store_of_the_error_file(sendgrid):
    fake, channel = sendgrid
    fake.poison = {"a@example.com"}
    settled(channel, three())
    seen = [r for r in fake.requests if r.path.startswith("/errors/")]
    assert len(seen) == 1 and "authorization" not in seen[0].headers


def test_nobody_is_taken_from_a_suppression(sendgrid):
    fake, channel = sendgrid
    settled(channel, three())
    assert all(r.path.startswith("/v3/marketing/") for r in fake.requests)


def test_the_recorded_refusal_names_its_row_and_loses_the_address():
    said = recorded.responses("sendgrid", "/v3/marketing/contacts", 400)
    if not said:
        pytest.skip("needs ../shared/specs/recorded, which is not part of the project")
    faults = faults_at(json.loads(said[0][2]), [7])
    assert list(faults) == [7] and "is not valid" in faults[7] and "000" not in faults[7]


def test_recorded_answers_to_a_put_are_read_as_jobs_with_their_quota(tmp_path, monkeypatch):
    puts = [e for e in recorded.exchanges("sendgrid") if (e.method, e.status) == ("PUT", 202)]
    if not puts:
        pytest.skip("needs ../shared/specs/recorded, which is not part of the project")
    from support.fakes.server import Answer

    with vendor("sendgrid", tmp_path, monkeypatch, list_id=LIST) as (fake, channel):
        answer = fake.answer
        status, headers, body = puts[0].answer
        fake.answer = lambda r: Answer(status, body, headers) if r.method == "PUT" else answer(r)
        said = channel.push(three())
    assert isinstance(said, Submitted) and json.loads(said.job)["id"] == puts[0].response_body["job_id"]
    assert usual.quota(channel).remaining == 199 and usual.quota(channel).resets_in_seconds == 41


def test_a_refusal_that_names_nobody_is_split_by_the_loop(sendgrid):
    fake, channel = sendgrid
    from support.fakes.server import Answer

    answer = fake.answer
    fake.answer = lambda r: Answer(400, {"errors": [{"message": "bad"}]}) if r.method == "PUT" else answer(r)
    with pytest.raises(BatchRejected):
        channel.push(three())


def test_a_file_of_errors_may_be_json_lines():
    assert len(failures(b'{"email": "a@example.com"}\n{"email": "b@example.com"}\n')) == 2


def test_a_failure_that_names_nobody_is_a_failure_and_the_head_of_a_file_is_none():
    assert failures(b"line,error\n7,invalid\n") == ["7, invalid"]
    assert failures(b"email,error\na@example.com,invalid\n\n") == ["a@example.com, invalid"]
    assert len(failures(b'{"line": 7}\n{"line": 8}\n')) == 2
    assert failures(b"email,error\n") == failures(b"") == []
