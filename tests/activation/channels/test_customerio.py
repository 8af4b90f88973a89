"""What is special to Customer.io: items by position in a 207, ids that know a repeated event, people's choices."""

import json
import re

import pytest
from support import recorded
from support.fakes.server import Answer

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, BatchRejected
from activation.channels.customerio.items import seconds, ulid, verdicts
from activation.vendor.http import Reply, failure
from core.errors import FatalError
from tests.activation.channels.opened import changes, settled, statuses, vendor

ABC = ["a@example.com", "B@example.com", "c@example.com"]


@pytest.fixture
def customerio(tmp_path, monkeypatch):
    with vendor("customerio", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


@pytest.fixture
def by_email(tmp_path, monkeypatch):
    with vendor("customerio", tmp_path, monkeypatch, identifier="email") as (fake, channel):
        yield fake, channel


@pytest.fixture
def events(tmp_path, monkeypatch):
    with vendor("customerio", tmp_path, monkeypatch, object="events") as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=ABC, **more)


def sent(fake):
    return fake.requests[-1].json()["batch"]


# -- what is refused --------------------------------------------------------------------------------------------------


def test_a_207_rejects_the_items_that_it_names(customerio):
    fake, channel = customerio
    fake.poison = {"B@example.com"}
    assert settled(channel, three()) == [
        (ACCEPTED, None),
        (REJECTED, "invalid: email: is not a valid email address"),
        (ACCEPTED, None),
    ]
    assert fake.audience() == {"a@example.com", "c@example.com"}


def test_a_400_that_names_every_item_rejects_each(customerio):
    fake, channel = customerio
    fake.poison = set(ABC)
    assert statuses(channel, three()) == [REJECTED] * 3


def test_a_400_that_names_none_is_left_to_the_loop_to_split(customerio, monkeypatch):
    fake, channel = customerio
    for content in ({"errors": [{"reason": "invalid", "message": "malformed"}]}, b"not JSON", {"meta": {"error": "x"}}):
        monkeypatch.setattr(fake, "take", lambda item: None)
        monkeypatch.setattr(fake, "answer", lambda request, content=content: Answer(400, content))
        with pytest.raises(BatchRejected):
            channel.push(three())


def test_a_failure_without_a_position_may_be_any_rows(customerio):
    fake, channel = customerio
    fake.poison, fake.mute = {"B@example.com"}, True
    assert statuses(channel, three()) == [IN_DOUBT] * 3
    assert (
        verdicts(2, [0, 1], [{"batch_index": 7}])
        == [(IN_DOUBT, "Customer.io failed on an item that it does not name")] * 2
    )


def test_failures_inside_a_200_count_as_well(customerio, monkeypatch):
    fake, channel = customerio
    monkeypatch.setattr(
        fake, "answer", lambda request: Answer(200, {"errors": [{"batch_index": 2, "reason": "invalid"}]})
    )
    assert statuses(channel, three()) == [ACCEPTED, ACCEPTED, REJECTED]


@pytest.mark.parametrize("field", ["unsubscribed", "cio_subscription_preferences.topics.topic_1"])
def test_a_sync_that_maps_what_people_chose_there_is_refused(customerio, field):
    fake, channel = customerio
    with pytest.raises(FatalError, match="own choice"):
        channel.push(changes(email=ABC, **{field: [False] * 3}))
    assert not fake.requests


# -- people -----------------------------------------------------------------------------------------------------------


def test_leaving_makes_nobody_and_keeps_the_person(customerio):
    fake, channel = customerio
    statuses(channel, three())
    assert statuses(channel, changes("remove", "run2", email=ABC[:1], keys=["p0"])) == [ACCEPTED]
    assert statuses(channel, changes("remove", "run3", email=["x@example.com"], keys=["p9"])) == [ACCEPTED]
    assert len(fake.people) == 3 and fake.audience() == set(ABC[1:])
    assert sent(fake)[0]["attributes"] == {"fairlead_loyal": False, "_update": True}


def test_an_update_alone_makes_nobody(customerio):
    fake, channel = customerio
    assert statuses(channel, three(mode="update_only")) == [ACCEPTED] * 3 and not fake.people


def test_the_membership_attribute_may_have_another_name(tmp_path, monkeypatch):
    with vendor("customerio", tmp_path, monkeypatch, membership="is_loyal") as (fake, channel):
        statuses(channel, three())
        assert all(p["is_loyal"] and "fairlead_loyal" not in p for p in fake.people)


def test_known_by_address_a_new_address_is_another_person_and_the_old_one_is_taken_out(by_email):
    fake, channel = by_email
    statuses(channel, three())
    moved = changes(
        "update",
        "run2",
        email=["a@example.com", "new@example.com", None],
        before={"email": ["B@example.com", "A@example.com", ABC[2]]},
    )
    assert statuses(channel, moved) == [ACCEPTED, ACCEPTED, REJECTED]
    assert fake.audience() == {"new@example.com", "a@example.com"}
    assert all(list(item["identifiers"]) == ["email"] and "email" not in item["attributes"] for item in sent(fake))


def test_a_failure_of_the_second_item_is_its_rows(by_email):
    fake, channel = by_email
    fake.poison = {"c@example.com"}
    moved = changes("update", email=["new@example.com", "B@example.com", "c@example.com"], before={"email": ABC})
    assert statuses(channel, moved) == [ACCEPTED, ACCEPTED, REJECTED]


def test_erasure_by_address_deletes_the_old_one_too(by_email):
    fake, channel = by_email
    statuses(channel, changes(email=[*ABC, "old@example.com"]))
    gone = changes("remove", email=["A@example.com", None], before={"email": ["old@example.com", "c@example.com"]})
    assert channel.erase(gone).statuses.to_pylist() == [ACCEPTED] * 2
    assert [p["email"] for p in fake.people] == ["B@example.com"]


def test_the_other_region_is_the_url(tmp_path, monkeypatch):
    from activation.channels.customerio import Options, open_channel
    from core.settings import load_settings

    def host(**section):
        return open_channel(load_settings(home=tmp_path, channels={"customerio": section}), Options()).access.base_url

    assert host() == "https://track.customer.io"
    assert host(url="https://track-eu.customer.io") == "https://track-eu.customer.io"


# -- events -----------------------------------------------------------------------------------------------------------


def test_an_event_sent_twice_is_kept_once_with_its_own_time_and_name(events):
    fake, channel = events
    happened = changes(
        email=["a@example.com", None, "c@example.com"], name=["Ordered", None, None], size=["L", "M", None],
        timestamp=["2026-01-14T10:00:00Z", None, "last week"], keys=["e1", "e2", "e3"], mode="append",
    )  # fmt: skip
    for _ in range(2):
        assert [status for status, _ in settled(channel, happened)] == [ACCEPTED, REJECTED, REJECTED]
    (one,) = fake.events.values()
    assert (one["name"], one["timestamp"], one["attributes"]) == ("Ordered", 1768384800, {"size": "L"})
    assert one["identifiers"] == {"email": "a@example.com"} and channel.in_doubt == "idempotent"


def test_an_event_is_of_the_surest_identifier_that_it_has(events):
    fake, channel = events
    people = {"email": ["a@example.com"] * 3, "id": ["p1", "p1", None], "cio_id": ["a3000001", None, None]}
    assert statuses(channel, changes(**people, keys=["e1", "e2", "e3"], mode="append")) == [ACCEPTED] * 3
    assert [item["identifiers"] for item in sent(fake)] == [
        {"cio_id": "a3000001"},
        {"id": "p1"},
        {"email": "a@example.com"},
    ]
    assert all(item["name"] == "fairlead_event" and item["attributes"] == {} for item in sent(fake))


def test_a_ulid_is_the_keys_own_and_carries_the_time():
    one = ulid("order-1", 1768384800)
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", one) and one == ulid("order-1", 1768384800)
    assert milliseconds("01ARYZ6S41TSV4RRFFQ69G5FAV") == 1469918176385  # the example of github.com/ulid/spec
    assert milliseconds(one) == 1768384800000 and one != ulid("order-2", 1768384800)


def milliseconds(text):
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return sum(letters.index(letter) * 32**place for place, letter in enumerate(reversed(text[:10])))


@pytest.mark.parametrize(
    ("text", "unix"),
    [
        ("2026-01-14T10:00:00Z", 1768384800), ("2026-01-14T10:00:00", 1768384800),
        ("1768384800", 1768384800), (1768384800, 1768384800), (None, None),
    ],
)  # fmt: skip
def test_times_are_read_as_instants_in_utc(text, unix):
    assert seconds(text) == unix


# -- the vendor's own words -------------------------------------------------------------------------------------------


def test_recorded_answers_of_the_older_version_are_read_the_same():
    if not recorded.available("customerio"):
        pytest.skip("needs ../shared/specs, which is no part of the project")
    taken = recorded.responses("customerio", "/api/v1/", 200)
    assert taken and all(
        verdicts(1, [0], json.loads(body).get("errors") or []) == [(ACCEPTED, None)] for _, _, body in taken
    )
    for status, headers, body in recorded.responses("customerio", "/attributes", 404):
        assert isinstance(failure(Reply(status, headers, body, "customerio")), FatalError)
