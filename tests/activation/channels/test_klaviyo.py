"""What is special to Klaviyo: bulk requests that are all or nothing, jobs, consent, skipped nulls, its SDK."""

import json

import pytest
from support import recorded
from support.fakes.server import Answer

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED, MaybeSent, NotSent, Submitted
from activation.channels.klaviyo.rows import failures, filters, profile
from activation.vendor.http import Reply, failure
from core.errors import FatalError
from tests.activation.channels.opened import changes, settled, statuses, vendor

ABC = ["a@example.com", "B@example.com", "c@example.com"]
IMPORT, ONE, SUBSCRIBE = (
    "/api/profile-bulk-import-jobs",
    "/api/profile-import",
    "/api/profile-subscription-bulk-create-jobs",
)
DELETE = "/api/data-privacy-deletion-jobs"


@pytest.fixture
def klaviyo(tmp_path, monkeypatch):
    with vendor("klaviyo", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


@pytest.fixture
def subscribing(tmp_path, monkeypatch):
    with vendor("klaviyo", tmp_path, monkeypatch, subscribe=True) as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=ABC, **more)


def posted(fake, path):
    return [r.json()["data"] for r in fake.requests if r.method == "POST" and r.path == path]


def decided(fake, email, **marketing):
    """Somebody who is at Klaviyo already and has said something there."""
    name = fake.upsert({"attributes": {"email": email}}, heeds_null=False)
    fake.consents[name] = {"consent": "NEVER_SUBSCRIBED", "suppression": [], **marketing}


def test_what_the_check_of_a_request_points_at_is_rejected_and_the_rest_is_imported(klaviyo):
    fake, channel = klaviyo
    fake.malformed, fake.poison = {"a@example.com"}, {"c@example.com"}
    said = settled(channel, three())
    assert [status for status, _ in said] == [REJECTED, ACCEPTED, REJECTED]
    assert "email" in said[0][1] and fake.audience() == {"B@example.com"}
    assert [len(job["attributes"]["profiles"]["data"]) for job in posted(fake, IMPORT)] == [3, 2]


def test_a_job_can_be_asked_for_after_a_restart_and_holds_nobody(klaviyo, tmp_path, monkeypatch):
    fake, channel = klaviyo
    fake.malformed, fake.poison = {"a@example.com"}, {"c@example.com"}
    said = channel.push(three())
    assert isinstance(said, Submitted) and "example.com" not in said.job
    with vendor("klaviyo", tmp_path, monkeypatch, fake=fake) as (_, other):
        keys = three().keys
        assert [other.collect(said.job, keys) for _ in range(2)] == [None, None]
        assert other.collect(said.job, keys).statuses.to_pylist() == [REJECTED, ACCEPTED, REJECTED]


def test_import_errors_are_read_to_the_last_page(klaviyo):
    fake, channel = klaviyo
    people = [f"person{i}@example.com" for i in range(250)]
    fake.poison = set(people[::2])
    assert statuses(channel, changes(email=people)) == [REJECTED, ACCEPTED] * 125


def test_an_error_without_a_pointer_finds_its_row_by_the_external_id(klaviyo):
    fake, channel = klaviyo
    fake.poison, fake.names_rows = {"B@example.com"}, "payload"
    assert statuses(channel, three()) == [ACCEPTED, REJECTED, ACCEPTED]


def test_failures_that_name_no_row_leave_every_row_in_doubt(klaviyo):
    fake, channel = klaviyo
    fake.poison, fake.names_rows = {"B@example.com"}, "nothing"
    assert statuses(channel, three()) == [IN_DOUBT] * 3
    assert failures([], [0, 2], ["p0", "p1", "p2"], 1).keys() == {0, 2}


@pytest.mark.parametrize("ended", ["cancelled", "forgotten"])
def test_a_job_that_did_not_complete_is_in_doubt(klaviyo, ended):
    fake, channel = klaviyo
    said = channel.push(three())
    if ended == "cancelled":
        fake.jobs["JOB0"]["status"] = "cancelled"
    else:
        fake.jobs.clear()
    assert channel.collect(said.job, three().keys).statuses.to_pylist() == [IN_DOUBT] * 3


def test_a_list_that_is_not_there_ends_the_sync_and_is_not_taken_for_bad_rows(tmp_path, monkeypatch):
    with vendor("klaviyo", tmp_path, monkeypatch, list_id="OTHER") as (_, channel):
        with pytest.raises(FatalError, match="list_id"):
            channel.push(three())
        assert not channel.check().ok


def test_a_list_is_needed_for_profiles_and_not_for_events(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="list_id is needed"), vendor("klaviyo", tmp_path, monkeypatch, list_id=""):
        pass
    with vendor("klaviyo", tmp_path, monkeypatch, list_id="", object="events") as (_, channel):
        assert channel.check().ok


# -- consent ----------------------------------------------------------------------------------------------------------


def test_without_the_option_nobody_is_subscribed(klaviyo):
    fake, channel = klaviyo
    assert statuses(channel, three()) == [ACCEPTED] * 3
    assert not posted(fake, SUBSCRIBE) and not fake.consents


def test_only_who_never_decided_is_subscribed_and_who_decided_against_it_is_left_alone(subscribing):
    fake, channel = subscribing
    decided(fake, "out@example.com", consent="UNSUBSCRIBED")
    decided(
        fake, "bounced@example.com", suppression=[{"reason": "HARD_BOUNCE", "timestamp": "2026-01-01T00:00:00+00:00"}]
    )
    decided(fake, "left@example.com", list_suppressions=[{"list_id": "LIST01", "reason": "USER_SUPPRESSED"}])
    decided(fake, "in@example.com", consent="SUBSCRIBED")
    people = ["out@example.com", "Bounced@example.com", "left@example.com", "in@example.com", "new@example.com"]
    said = settled(channel, changes(email=people))
    assert [status for status, _ in said] == [SKIPPED] * 3 + [ACCEPTED] * 2
    assert "unsubscribed" in said[0][1] and "HARD_BOUNCE" in said[1][1]
    asked = [p["attributes"]["email"] for job in posted(fake, SUBSCRIBE) for p in job["attributes"]["profiles"]["data"]]
    assert asked == ["new@example.com"] and fake.audience() == {"in@example.com", "new@example.com"}


def test_who_unsubscribed_under_the_old_address_is_not_subscribed_under_the_new_one(subscribing):
    fake, channel = subscribing
    decided(fake, "old@example.com", consent="UNSUBSCRIBED")
    moved = changes("update", email=["new@example.com"], before={"email": ["old@example.com"]})
    assert statuses(channel, moved) == [SKIPPED]
    assert not posted(fake, SUBSCRIBE)


def test_a_batch_of_people_to_be_subscribed_is_a_thousand(subscribing, klaviyo):
    assert (subscribing[1].limits.batch_size, klaviyo[1].limits.batch_size) == (1_000, 10_000)


# -- values and identifiers -------------------------------------------------------------------------------------------


def test_an_own_attribute_that_became_null_costs_a_call_and_a_property_none(klaviyo):
    fake, channel = klaviyo
    statuses(channel, changes(email=ABC[:2], first_name=["Ann", "Bob"], pet=["cat", "dog"]))
    before = {"email": ABC[:2], "first_name": ["Ann", None], "pet": ["cat", "dog"]}
    gone = changes("update", "run2", email=ABC[:2], first_name=[None, None], pet=[None, "dog"], before=before)
    assert statuses(channel, gone) == [ACCEPTED] * 2
    assert [p["attributes"]["external_id"] for p in posted(fake, ONE)] == ["p0"]
    assert (fake.values(ABC[0])["first_name"], fake.profiles["01PROFILE000000"]["properties"]) == (None, {})


def test_a_clearing_that_is_refused_rejects_its_row_alone(klaviyo):
    fake, channel = klaviyo
    fake.malformed = {"B@example.com"}
    said = settled(channel, changes("update", email=ABC, title=[None] * 3))
    assert [status for status, _ in said] == [ACCEPTED, REJECTED, ACCEPTED] and "example.com" not in said[1][1]


def test_what_is_cleared_already_is_not_cleared_again_after_a_429(klaviyo):
    fake, channel = klaviyo
    fake.per_minute = {ONE: 2}
    gone = changes("update", email=ABC, title=[None] * 3)
    with pytest.raises(MaybeSent) as stopped:
        channel.push(gone)
    assert stopped.value.retry_after_seconds == 1.0
    assert statuses(channel, gone) == [ACCEPTED] * 3
    assert len(posted(fake, ONE)) == 4  # two, the refused one, and that one again


def test_a_429_before_anything_was_done_says_so(klaviyo):
    fake, channel = klaviyo
    fake.per_minute = {IMPORT: 0}
    with pytest.raises(NotSent) as stopped:
        channel.push(three())
    assert not isinstance(stopped.value, MaybeSent)


def test_own_attributes_places_and_properties_stand_where_klaviyo_has_them():
    row = {"email": "a@example.com", "location.city": "Leeds", "orders": 3, "pet": None, "title": None}
    assert profile("p1", row, own_id=True) == {
        "type": "profile",
        "attributes": {
            "external_id": "p1",
            "email": "a@example.com",
            "location": {"city": "Leeds"},
            "properties": {"orders": 3},
        },
        "meta": {"patch_properties": {"unset": ["pet"]}},
    }
    assert profile("p1", {"external_id": "crm-7"}, own_id=True)["attributes"] == {"external_id": "crm-7"}


def test_where_another_system_owns_the_external_id_the_old_address_leaves_the_list(tmp_path, monkeypatch):
    with vendor("klaviyo", tmp_path, monkeypatch, external_id=False) as (fake, channel):
        assert statuses(channel, three()) == [ACCEPTED] * 3
        moved = changes("update", "run2", email=["new@example.com", ABC[0]], before={"email": ABC[:2]})
        assert statuses(channel, moved) == [ACCEPTED] * 2
        assert fake.audience() == {"new@example.com", "a@example.com", "c@example.com"}
        assert all(
            "external_id" not in p["attributes"]
            for job in posted(fake, IMPORT)
            for p in job["attributes"]["profiles"]["data"]
        )


def test_nobody_is_taken_out_for_having_a_relatives_address(klaviyo):
    fake, channel = klaviyo
    other = fake.upsert({"attributes": {"email": "family@example.com", "external_id": "p9"}}, heeds_null=False)
    fake.lists["LIST01"].add(other)
    assert statuses(channel, changes("remove", email=["family@example.com"])) == [ACCEPTED]
    assert fake.audience() == {"family@example.com"}


def test_removals_of_more_than_a_thousand_go_in_pieces(klaviyo):
    fake, channel = klaviyo
    people = [f"person{i}@example.com" for i in range(1200)]
    statuses(channel, changes(email=people))
    assert set(statuses(channel, changes("remove", "run2", email=people))) == {ACCEPTED} and not fake.audience()
    assert [len(r.json()["data"]) for r in fake.requests if r.method == "DELETE"] == [1000, 200]


def test_a_filter_fits_a_page_and_a_url_and_quotes_what_it_must():
    wanted = list(
        filters("email", ['a"b@example.com', "x" * 3990, "y" * 20, *(f"{i}@example.com" for i in range(150))])
    )
    assert wanted[0] == 'any(email,["a\\"b@example.com"])'
    assert all(len(f) < 4_100 and f.count('","') < 100 for f in wanted)
    assert sum(f.count('","') + 1 for f in wanted) == 153


def test_it_looks_at_what_is_there_for_set_if_empty(klaviyo):
    _, channel = klaviyo
    statuses(channel, changes(email=ABC[:2], first_name=["Ann", None], orders=["3", None]))
    there = channel.find(three(), ("first_name", "orders", "location.city"))
    assert there.present.to_pylist() == [True, True, False]
    assert there.fields.to_pydict() == {
        "first_name": ["Ann", None, None],
        "orders": ["3", None, None],
        "location.city": [None] * 3,
    }


# -- events, erasure --------------------------------------------------------------------------------------------------


def test_an_event_sent_twice_is_recorded_once_and_names_its_fields(tmp_path, monkeypatch):
    with vendor("klaviyo", tmp_path, monkeypatch, object="events", metric="Left the loyal") as (fake, channel):
        events = changes(
            email=["a@example.com", None], name=["Ordered", None], time=["2026-01-14T10:00:00Z"] * 2, value=[9.5, 1.0],
            size=["L", "M"], keys=["e1", "e2"], mode="append",
        )  # fmt: skip
        for _ in range(2):
            assert settled(channel, events) == [(ACCEPTED, None), (REJECTED, "nothing to know the person by")]
        (one,) = fake.events
        assert (one["unique_id"], one["time"], one["value"], one["properties"]) == (
            "e1",
            "2026-01-14T10:00:00Z",
            9.5,
            {"size": "L"},
        )
        assert one["metric"]["data"]["attributes"] == {"name": "Ordered"} and channel.limits.batch_size == 1_000


def test_an_event_of_a_malformed_address_is_rejected_alone(tmp_path, monkeypatch):
    with vendor("klaviyo", tmp_path, monkeypatch, object="events") as (fake, channel):
        fake.malformed = {"B@example.com"}
        assert statuses(channel, three(mode="append")) == [ACCEPTED, REJECTED, ACCEPTED]
        assert len(fake.events) == 2


def test_erasure_asks_for_each_profile_once_even_when_it_is_throttled(klaviyo):
    fake, channel = klaviyo
    statuses(channel, three())
    fake.upsert({"attributes": {"email": "old@example.com"}}, heeds_null=False)
    fake.per_minute = {DELETE: 2}
    asked = changes(
        "remove",
        "run2",
        email=["a@example.com", "b@example.com", "nobody@example.com"],
        before={"email": ["old@example.com", None, None]},
    )
    with pytest.raises(MaybeSent):
        channel.erase(asked)
    assert channel.erase(asked).statuses.to_pylist() == [ACCEPTED] * 3
    assert len(fake.erased) == 4 and not fake.profiles and len(posted(fake, DELETE)) == 5


# -- the vendor's own words -------------------------------------------------------------------------------------------


def test_what_klaviyo_answered_before_is_told_by_its_status():
    """Recorded from its former API, whose errors had another form: only what a status means still holds."""
    if not recorded.available("klaviyo"):
        pytest.skip("needs ../shared/specs, which is no part of the project")
    gone = recorded.responses("klaviyo", "/data-privacy/deletion-request", 404)
    assert gone
    for status, headers, body in gone:
        said = failure(Reply(status, headers, body, "klaviyo"))
        assert isinstance(said, FatalError) and "profile identifier" not in str(said)


def test_an_error_that_is_not_klaviyos_leaves_it_open_what_happened(klaviyo, monkeypatch):
    fake, channel = klaviyo
    monkeypatch.setattr(fake, "route", lambda request: Answer(400, b"<html>"))
    with pytest.raises(MaybeSent, match="not Klaviyo's"):
        channel.push(three())


@pytest.fixture
def sdk(klaviyo):
    return sdk_to(klaviyo[0])


def sdk_to(fake):
    """Klaviyo's own client of the same revision, talking to the same fake."""
    import klaviyo_api

    client = klaviyo_api.KlaviyoAPI("pk_klaviyo_test_key", test_host=fake.url, max_retries=0)
    assert client._REVISION == "2026-07-15"
    return client


def seen(request):
    headers = {k: v for k, v in request.headers.items() if k in ("authorization", "revision", "content-type", "accept")}
    return request.method, request.path, request.query, headers, without_defaults(json.loads(request.body or b"null"))


def without_defaults(said):
    """The SDK writes out what the description gives as the default, false both times; to leave it out says the same."""
    if isinstance(said, list):
        return [without_defaults(one) for one in said]
    if not isinstance(said, dict):
        return said
    return {
        k: without_defaults(v)
        for k, v in said.items()
        if (k, v) not in (("backfill", False), ("historical_import", False))
    }


def last_two(fake):
    return [seen(r) for r in fake.requests[-2:]]


def a_profile(**more):
    return {"type": "profile", **more}


def test_an_import_is_what_the_sdk_would_send(klaviyo, sdk):
    fake, channel = klaviyo
    person = a_profile(
        attributes={"email": ABC[0], "external_id": "p0", "first_name": "Zoë", "properties": {"orders": 3}}
    )
    job = {
        "type": "profile-bulk-import-job",
        "attributes": {"profiles": {"data": [person]}},
        "relationships": {"lists": {"data": [{"type": "list", "id": "LIST01"}]}},
    }
    sdk.Profiles.bulk_import_profiles({"data": job})
    channel.push(changes(email=ABC[:1], first_name=["Zoë"], orders=[3]))
    theirs, ours = last_two(fake)
    assert ours == theirs


def test_leaving_a_list_is_what_the_sdk_would_send(klaviyo, sdk):
    fake, channel = klaviyo
    statuses(channel, changes(email=ABC[:1]))
    sdk.Lists.remove_profiles_from_list("LIST01", {"data": [a_profile(id="01PROFILE000000")]})
    theirs = seen(fake.requests[-1])
    channel.push(changes("remove", email=ABC[:1]))
    assert seen(fake.requests[-1]) == theirs


def test_a_subscription_is_what_the_sdk_would_send(subscribing):
    fake, channel = subscribing
    client = sdk_to(fake)
    channel.push(changes(email=ABC[:1]))
    ours = seen(fake.requests[-1])
    person = a_profile(
        attributes={"email": ABC[0], "subscriptions": {"email": {"marketing": {"consent": "SUBSCRIBED"}}}}
    )
    job = {
        "type": "profile-subscription-bulk-create-job",
        "attributes": {"profiles": {"data": [person]}},
        "relationships": {"list": {"data": {"type": "list", "id": "LIST01"}}},
    }
    client.Profiles.bulk_subscribe_profiles({"data": job})
    assert ours == seen(fake.requests[-1])


def test_an_event_is_what_the_sdk_would_send(klaviyo, sdk):
    fake, channel = klaviyo
    channel.options = channel.options.model_copy(update={"object": "events"})
    happened = {
        "properties": {"size": "L"},
        "value": 9.5,
        "unique_id": "e1",
        "metric": {"data": {"type": "metric", "attributes": {"name": "Ordered"}}},
    }
    who = {"data": a_profile(attributes={"email": ABC[0]})}
    item = {
        "type": "event-bulk-create",
        "attributes": {"profile": who, "events": {"data": [{"type": "event", "attributes": happened}]}},
    }
    sdk.Events.bulk_create_events(
        {"data": {"type": "event-bulk-create-job", "attributes": {"events-bulk-create": {"data": [item]}}}}
    )
    channel.push(changes(email=ABC[:1], name=["Ordered"], value=[9.5], size=["L"], keys=["e1"], mode="append"))
    theirs, ours = last_two(fake)
    assert ours == theirs


def test_an_erasure_is_what_the_sdk_would_send(klaviyo, sdk):
    fake, channel = klaviyo
    fake.upsert({"attributes": {"email": ABC[0], "external_id": "p0"}}, heeds_null=False)
    channel.erase(changes("remove", email=ABC[:1]))
    ours = seen(fake.requests[-1])
    fake.upsert({"attributes": {"email": ABC[0], "external_id": "p0"}}, heeds_null=False)
    asked = {"profile": {"data": a_profile(id="01PROFILE000000", attributes={})}}
    sdk.Data_Privacy.request_profile_deletion({"data": {"type": "data-privacy-deletion-job", "attributes": asked}})
    assert seen(fake.requests[-1]) == ours
