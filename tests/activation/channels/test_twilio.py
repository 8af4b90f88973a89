"""What is special to Twilio: refusals by code, segments and their price, erasure by pages, its SDK's words."""

from functools import partial
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes.server import Answer
from support.fakes.twilio import ACCOUNT, SERVICE, TOKEN, Vendor

from activation.channel import NotSent
from activation.channels.twilio.segments import BASIC, EXTENDED, segments
from activation.delivery import usual
from core.errors import ConfigError, FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened

ANN = {"phone": "+447700900001", "first_name": "Ann", "value": 1.0}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


def pushed(channel, **changed):
    said = channel.push(batch([{**ANN, **changed}]))
    return said.statuses[0].as_py(), said.errors[0].as_py()


def test_who_has_answered_stop_is_rejected_and_says_so(at):
    fake = Vendor()
    fake.stopped = {ANN["phone"]}
    with at(fake) as channel:
        status, why = pushed(channel)
    assert status == "rejected" and why.startswith("21610: ") and not fake.messages


@pytest.mark.parametrize(
    "phone",
    [
        None,
        "",
        "07700900001",
        "+44 7700 900001",
        "whatsapp:+447700900001",
        "+447700900001,+447700900002",
        "+0770090000",
        "Ann",
    ],
)
def test_what_is_no_number_costs_the_row_and_no_call(at, phone):
    fake = Vendor()
    with at(fake) as channel:
        assert pushed(channel, phone=phone) == ("rejected", "phone is no number as +447700900000")
    assert not fake.requests


@pytest.mark.parametrize("code", [21606, 21703])
def test_a_sender_that_is_wrong_for_everybody_ends_the_sync_and_costs_nobody(at, code):
    fake = Vendor()
    fake.refusal = (code, "not yours")
    with at(fake) as channel:
        with pytest.raises(FatalError, match=str(code)):
            pushed(channel)
        assert delivered(channel, batch([ANN])).statuses.to_pylist() == ["not_sent"]


@pytest.mark.parametrize(("code", "status"), [(20429, 429), (21611, 400), (21611, 429)])
def test_a_full_queue_is_not_sent_whatever_status_it_comes_with(at, code, status):
    fake = Vendor()
    fake.refusal = (code, "later", status)
    with at(fake) as channel, pytest.raises(NotSent):
        pushed(channel)


def test_a_message_that_was_taken_and_failed_at_once_is_rejected(at, monkeypatch):
    fake = Vendor()
    failed = {"sid": "SM1", "status": "failed", "error_code": 30007, "error_message": "Carrier violation"}
    monkeypatch.setattr(fake, "create", lambda form: Answer(201, failed))
    with at(fake) as channel:
        assert pushed(channel) == ("rejected", "30007: Carrier violation")


def test_a_text_of_too_many_segments_is_not_paid_for(at):
    fake = Vendor()
    with at(fake, text="{{ first_name }}", most_segments=2) as channel:
        assert pushed(channel, first_name="x" * 307) == ("rejected", "the text has 3 segments; the sync allows 2")
        assert pushed(channel, first_name="x" * 306)[0] == "accepted"
        assert pushed(channel, first_name="☺" + "x" * 134)[0] == "rejected"
    assert len(fake.messages) == 1


def test_the_plan_knows_what_a_message_costs(at):
    with at(Vendor(), text="{{ first_name }}" + "x" * 161, price_per_segment=0.04) as channel:
        assert channel.limits.price_per_row == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 151, 2), ("a" * 152 + "€" + "a" * 152, 3),  # the pair of septets of € is not split
        ("☺" * 70, 1), ("☺" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 66, 2),
        ("😀" * 67, 3), ("ç", 1), ("ç" * 71, 2),
    ],
)  # fmt: skip
def test_segments_are_counted_as_the_networks_count_them(text, count):
    assert segments(text) == count


@given(st.text(max_size=400))
def test_more_text_never_has_fewer_segments_and_a_foreign_letter_never_makes_it_cheaper(text):
    assert 1 <= segments(text) <= segments(text + "a") and segments(text) <= segments(text + "☺")


def test_the_alphabet_is_the_one_of_the_standard():
    assert len(BASIC) == 127 and len(EXTENDED) == 10  # 128 less the escape; nine characters and the form feed


def test_erasure_deletes_every_message_on_every_page_and_tells_what_it_could_not(at):
    fake = Vendor()
    with at(fake) as channel:
        for _ in range(3):
            pushed(channel)
        pushed(channel, phone="+447700900002")
        fake.page_size = 2
        fake.messages.append({"sid": "SM" + "f" * 32, "to": "+15005550006", "from": ANN["phone"], "body": "STOP"})
        fake.on_their_way = {fake.messages[0]["sid"]}
        people = batch([ANN, {**ANN, "phone": None}], op="remove")
        first = channel.erase(people)
        assert first.statuses.to_pylist() == ["rejected", "accepted"] and "1 messages" in first.errors[0].as_py()
        assert {m["sid"] for m in fake.messages if m["to"] == ANN["phone"]} == fake.on_their_way
        fake.on_their_way = set()
        assert channel.erase(people).statuses.to_pylist() == ["accepted"] * 2
    assert [m["to"] for m in fake.messages] == ["+447700900002"]


def test_it_needs_one_sender(tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_TWILIO_AUTH_TOKEN", TOKEN)
    none = channel_at("twilio", {"options": {"account_sid": ACCOUNT}}, tmp_path, Vendor.options)
    assert "messaging_service (or from_number)" in usual.missing(none)
    both = {"account_sid": ACCOUNT, "messaging_service": SERVICE, "from_number": "+15005550006"}
    with pytest.raises(ConfigError, match="not both"):
        channel_at("twilio", {"options": both}, tmp_path, Vendor.options)


@pytest.mark.parametrize(
    ("account", "options"),
    [
        (
            {"messaging_service": SERVICE, "status_callback": "https://www.example.com/sms?a=1"},
            {"validity_seconds": 600},
        ),
        ({"from_number": "+15005550006", "api_key_sid": "SK" + "2" * 32}, {}),
    ],
)
def test_it_says_what_the_official_sdk_says(at, account, options):
    import twilio.rest
    from twilio.http.http_client import TwilioHttpClient

    class ToTheFake(TwilioHttpClient):
        def request(self, method, url, *args, **more):
            return super().request(method, url.replace("https://api.twilio.com", fake.url), *args, **more)

    fake = Vendor()
    fake.account = {"account_sid": ACCOUNT, **account}
    fake.user = account.get("api_key_sid", ACCOUNT)
    with at(fake, text="Hello {{ first_name }} & co. ☺", **options) as channel:
        assert pushed(channel, first_name="Zoë+") == ("accepted", None)
        given = {name: account[name] for name in ("status_callback",) if name in account}
        sender = (
            {"messaging_service_sid": SERVICE} if "messaging_service" in account else {"from_": account["from_number"]}
        )
        validity = {"validity_period": options["validity_seconds"]} if options else {}
        client = twilio.rest.Client(fake.user, TOKEN, ACCOUNT, http_client=ToTheFake())
        client.messages.create(to=ANN["phone"], body="Hello Zoë+ & co. ☺", **sender, **given, **validity)
    ours, theirs = fake.requests
    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert parse_qs(ours.body.decode()) == parse_qs(theirs.body.decode())
    for name in ("authorization", "content-type"):
        assert ours.headers[name] == theirs.headers[name]
