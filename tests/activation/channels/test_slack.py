"""What is special to Slack: refusals inside a 200, digests, values that would call people, its SDK's words."""

from functools import partial

import pytest
from support.fakes.server import Answer
from support.fakes.slack import TOKEN, Vendor

from activation.channel import BatchRejected, MaybeSent, NotSent
from core.errors import FatalError
from tests.activation.channels.opened import batch, delivered, opened

ANN = {"email": "ann@example.com", "first_name": "Ann", "value": 1.0}
BEN = {"email": "ben@example.com", "first_name": "Ben", "value": 2.0}
CIA = {"email": "cia@example.com", "first_name": None, "value": 3.0}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("channel_not_found", FatalError), ("not_in_channel", FatalError), ("missing_scope", FatalError),
        ("a_word_of_tomorrow", FatalError), ("ratelimited", NotSent), ("internal_error", MaybeSent),
        ("fatal_error", MaybeSent), ("msg_too_long", BatchRejected),
    ],
)  # fmt: skip
def test_a_refusal_inside_a_200_means_what_its_word_means(at, word, means):
    fake = Vendor()
    fake.refusal = word
    with at(fake) as channel:
        with pytest.raises(means) as error:
            channel.push(batch([ANN]))
        assert type(error.value) is means
        status = {FatalError: "not_sent", NotSent: "not_sent", MaybeSent: "in_doubt", BatchRejected: "rejected"}[means]
        assert delivered(channel, batch([ANN])).statuses.to_pylist() == [status]
    assert len(fake.carried()) == (4 if means is NotSent else 2), "only what was surely not sent is tried again"


def test_an_answer_that_does_not_say_ok_is_in_doubt(at, monkeypatch):
    fake = Vendor()
    monkeypatch.setattr(fake, "post", lambda content: Answer(200, {"channel": "C1"}))
    with at(fake) as channel, pytest.raises(MaybeSent):
        channel.push(batch([ANN]))


def test_a_value_calls_nobody_and_makes_no_link(at):
    fake = Vendor()
    with at(fake, text="<https://www.example.com|open> {{ first_name }}") as channel:
        channel.push(batch([{**ANN, "first_name": "<!channel> & <@U1>"}]))
    assert fake.posted[0]["text"] == "<https://www.example.com|open> &lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_a_digest_is_one_message_for_a_batch_without_the_row_that_cannot_be_written(at):
    fake = Vendor()
    with at(fake, digest=True, title="{{ count }} on {{ day }}") as channel:
        said = channel.push(batch([ANN, CIA, BEN]))
        assert channel.limits.batch_size == 100
    assert said.statuses.to_pylist() == ["accepted", "rejected", "accepted"]
    assert [m["text"] for m in fake.posted] == ["2 on 2026-01-15\nann@example.com Ann 1.0\nben@example.com Ben 2.0"]
    assert said.remote_ids.to_pylist() == ["C0123456789:1700000000.000000", None, "C0123456789:1700000000.000000"]


def test_a_digest_that_is_too_long_is_cut_in_two_and_one_line_that_is_costs_itself(at):
    fake = Vendor()
    with at(fake, digest=True, text="{{ first_name }}") as channel:
        long = [{**ANN, "first_name": name * 15_000} for name in "abc"] + [{**ANN, "first_name": "d" * 50_000}]
        done = delivered(channel, batch(long))
    assert done.statuses.to_pylist() == ["accepted", "accepted", "accepted", "rejected"]
    assert [m["text"][:1] for m in fake.posted] == ["a", "c"] and len(fake.posted[0]["text"]) == 30_001


def test_erasure_deletes_a_person_s_message_and_says_where_it_cannot(at):
    fake = Vendor()
    with at(fake) as channel:
        places = [channel.push(batch([person])).remote_ids for person in (ANN, BEN)]
        gone = batch([ANN], op="remove", remote_ids=places[0])
        assert channel.erase(gone).statuses.to_pylist() == ["accepted"]
        assert channel.erase(gone).statuses.to_pylist() == ["accepted"], "what is gone is gone"
        assert channel.erase(batch([ANN], op="remove")).statuses.to_pylist() == ["rejected"]
        # Slack's description of 2021 calls `ts` a number; its documentation and its SDK write it as text.
        fake.violations = [
            v for v in fake.violations if not v.endswith("/api/chat.delete: body /ts: not of type number")
        ]
    assert fake.audience() == {"ben@example.com"}
    with at(fake, digest=True) as channel:
        assert channel.erase(gone).statuses.to_pylist() == ["rejected"]


def test_a_token_that_may_not_write_is_not_healthy(at):
    fake = Vendor()
    fake.scopes = "users:read"
    with at(fake) as channel:
        health = channel.check()
    assert not health.ok and "chat:write" in health.detail and not fake.posted


def test_it_says_what_the_official_sdk_says(at):
    import slack_sdk

    fake = Vendor()
    with at(fake, text="Hello {{ first_name }} ☺", channel="#sales") as channel:
        channel.push(batch([{**ANN, "first_name": "Zoë"}]))
        client = slack_sdk.WebClient(TOKEN, base_url=f"{fake.url}/api/")
        client.chat_postMessage(channel="#sales", text="Hello Zoë ☺", unfurl_links=False, unfurl_media=False)
    ours, theirs = fake.requests
    assert (ours.method, ours.path, ours.query, ours.json()) == (
        theirs.method,
        theirs.path,
        theirs.query,
        theirs.json(),
    )
    for name in ("authorization", "content-type"):
        assert ours.headers[name].lower() == theirs.headers[name].lower()
