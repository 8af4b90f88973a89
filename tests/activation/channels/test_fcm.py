"""What is special to FCM: codes inside 4xx answers, one message in the words of three platforms, a dry look."""

from functools import partial

import pytest
from pydantic import ValidationError
from support.fakes.fcm import CREDENTIALS, PROJECT, Vendor

from activation.channel import MaybeSent, NotSent, NotThere
from activation.channels.fcm import Options
from activation.delivery import usual
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened

ANN = {"device_token": "p1", "first_name": "Ann", "value": 1.0}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


@pytest.mark.parametrize(
    ("refusal", "means"),
    [
        ((404, "NOT_FOUND", "UNREGISTERED"), "rejected"),
        ((403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), "rejected"),
        ((400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), "rejected"),
        ((400, "INVALID_ARGUMENT", None), "rejected"),
        ((404, "NOT_FOUND", None), NotThere),
        ((403, "PERMISSION_DENIED", None), FatalError),
        ((401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), FatalError),
        ((429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), NotSent),
        ((503, "UNAVAILABLE", "UNAVAILABLE"), MaybeSent),
        ((500, "INTERNAL", "INTERNAL"), MaybeSent),
    ],
)
def test_each_of_its_codes_means_what_it_says(at, refusal, means):
    fake = Vendor()
    with at(fake) as channel:
        fake.refusal = refusal
        if means == "rejected":
            said = channel.push(batch([ANN]))
            assert said.statuses.to_pylist() == ["rejected"] and said.errors[0].as_py().startswith(
                refusal[2] or refusal[1]
            )
            return
        with pytest.raises(means) as error:
            channel.push(batch([ANN]))
        assert type(error.value) is means
        expected = "in_doubt" if means is MaybeSent else "not_sent"
        assert delivered(channel, batch([ANN])).statuses.to_pylist() == [expected]


def test_one_message_is_said_in_the_words_of_each_platform(at):
    fake = Vendor()
    options = {
        "link": "https://www.example.com/{{ first_name }}", "image": "https://www.example.com/x.png",
        "data": ("value", "first_name"),
        "ttl_seconds": 3600, "collapse_key": "offers",
    }  # fmt: skip
    with at(fake, **options) as channel:
        assert channel.push(batch([ANN])).remote_ids.to_pylist() == ["0:1"]
    assert fake.sent == [
        {
            "token": "p1",
            "notification": {
                "title": "For Ann",
                "body": "You have 1.0 points.",
                "image": "https://www.example.com/x.png",
            },
            "fcmOptions": {"analyticsLabel": "loyal__test"},
            "android": {"ttl": "3600s", "collapseKey": "offers"},
            "webpush": {
                "headers": {"TTL": "3600", "Topic": "offers"},
                "fcmOptions": {"link": "https://www.example.com/Ann"},
            },
            "apns": {"headers": {"apns-collapse-id": "offers"}},
            "data": {"value": "1.0", "first_name": "Ann", "link": "https://www.example.com/Ann"},
        }
    ]


def test_without_a_token_or_with_a_link_that_is_none_the_row_costs_no_call(at):
    fake = Vendor()
    with at(fake, link="{{ first_name }}") as channel:
        for row, why in (
            ({**ANN, "device_token": ""}, "device_token is empty"),
            (ANN, "the link does not begin with https://"),
        ):
            assert channel.push(batch([row])).errors.to_pylist() == [why]
    assert not fake.carried()


def test_the_doctor_has_a_message_looked_at_that_nobody_gets(at):
    fake = Vendor()
    with at(fake) as channel:
        assert channel.check().ok
    (asked,) = fake.requests
    assert asked.json()["validateOnly"] is True and "token" not in asked.json()["message"] and not fake.sent


def test_names_that_fcm_keeps_for_itself_are_refused_when_the_sync_is_read():
    with pytest.raises(ValidationError, match=r"from_city, google_id"):
        Options(title="a", body="b", data=("from_city", "google_id", "city"))


@pytest.mark.parametrize(
    ("credentials", "account", "said"),
    [
        ("{}", {}, "FAIRLEAD_FCM_CREDENTIALS is not the JSON"),
        (CREDENTIALS.replace("private_key", "other"), {}, "lacks private_key"),
        (CREDENTIALS.replace("project_id", "other"), {}, "project_id is not set"),
        (CREDENTIALS.replace("project_id", "other"), {"project_id": PROJECT}, ""),
    ],
    ids=["no JSON", "no key", "no project", "project in the account"],  # a key made anew is no name for a test
)
def test_a_credential_that_cannot_be_used_is_told_before_anything_is_sent(
    tmp_path, monkeypatch, credentials, account, said
):
    monkeypatch.setenv("FAIRLEAD_FCM_CREDENTIALS", credentials)
    found = usual.missing(channel_at("fcm", {"options": account}, tmp_path, Vendor.options))
    assert (said in found) if said else found == ""
