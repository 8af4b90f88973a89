"""What is special to Meta: keys in its form, errors by code inside HTTP 400, counts and samples, not rows."""

import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
import pytest
from support import recorded
from support.fakes.meta import PIXEL, Vendor

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, BatchRejected, MaybeSent, NotSent
from activation.channels.meta.answers import content_of, read_quota, refused
from activation.delivery import usual
from activation.vendor.http import Reply
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened

CONVERSIONS = {"object": "conversions", "pixel_id": PIXEL}


def h(text):
    return sha256(text.encode()).hexdigest()


def people(*numbers, **more):
    return [{"email": f"person{i}@example.com", **more} for i in numbers]


def verdicts(channel, changes):
    done = delivered(channel, changes)
    return list(zip(done.statuses.to_pylist(), done.errors.to_pylist(), strict=True))


def days_ago(days):
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


@pytest.fixture
def fake():
    return Vendor()


def test_a_person_is_one_row_with_every_key_as_meta_writes_it(fake, tmp_path, monkeypatch):
    person = {
        "email": " Ann.Lee+news@Gmail.com ", "phone": "+1 (202) 555-0123", "first_name": "Émilie",
        "last_name": "O'Neill", "city": "New York",
        "region": "NY", "postal_code": "10001-1234", "country": "US", "gender": "female", "external_id": "p 1",
        "mobile_ad_id": "6D92078A-8246-4BA4-AE5B-76104861E7DC",
    }  # fmt: skip
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert verdicts(channel, batch([person])) == [(ACCEPTED, None)]
    payload = fake.carried()[0].json()["payload"]
    assert dict(zip(payload["schema"], payload["data"][0], strict=True)) == {
        "EMAIL": h("ann.lee+news@gmail.com"), "PHONE": h("12025550123"),
        "FN": h("émilie"), "LN": h("oneill"), "CT": h("newyork"),
        "ST": h("ny"), "ZIP": h("10001"), "COUNTRY": h("us"), "GEN": h("f"), "EXTERN_ID": "p 1",
        "MADID": "6d92078a-8246-4ba4-ae5b-76104861e7dc",
    }  # fmt: skip


def test_a_row_without_an_external_id_goes_apart_because_meta_refuses_an_empty_one(fake, tmp_path, monkeypatch):
    rows = [{**people(i)[0], "external_id": given} for i, given in enumerate(["a", None, "c"])]
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert [s for s, _ in verdicts(channel, batch(rows))] == [ACCEPTED] * 3
    assert [(r.json()["payload"]["schema"], len(r.json()["payload"]["data"])) for r in fake.carried()] == [
        (["EMAIL", "EXTERN_ID"], 2), (["EMAIL"], 1),
    ]  # fmt: skip


def test_who_has_nothing_usable_is_rejected_and_an_empty_hash_never_sent(fake, tmp_path, monkeypatch):
    rows = [*people(0), {"email": ""}, {"email": "nobody"}, {"email": h("")}]
    with opened(fake, tmp_path, monkeypatch) as channel:
        said = verdicts(channel, batch(rows))
    assert [s for s, _ in said] == [ACCEPTED, REJECTED, REJECTED, REJECTED] and all(why for _, why in said[1:])
    assert len(fake.carried()[0].json()["payload"]["data"]) == 1 and h("").encode() not in fake.carried()[0].body


def test_a_session_is_one_batch_and_never_the_same(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        for _ in range(2):
            channel.push(batch(people(0, 1)))
    first, second = (r.json()["session"] for r in fake.carried())
    assert first.pop("session_id") != second.pop("session_id")
    assert first == second == {"batch_seq": 1, "last_batch_flag": True, "estimated_num_total": 2}


def test_the_token_is_never_in_an_address_and_the_proof_goes_along_where_there_is_a_secret(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        channel.push(batch(people(0)))
        fake.description = None  # the description was made without a proof
        monkeypatch.setenv("FAIRLEAD_META_APP_SECRET", "app-secret")
        other = channel_at("meta", fake.section(), tmp_path, fake.options)
        other.push(batch(people(0)))
        usual.close(other)
    first, second = fake.carried()
    assert not first.query and "meta-test-token" not in str(second.query)

    assert second.query == {"appsecret_proof": [hmac.new(b"app-secret", b"meta-test-token", "sha256").hexdigest()]}


def test_a_changed_address_is_removed_as_the_old_one_before_the_new_one_is_added(fake, tmp_path, monkeypatch):
    old = [
        {"email": "person0@example.com", "external_id": "p0", "first_name": "Ann"},
        {**people(1)[0], "external_id": "p1", "first_name": "Bo"},
    ]
    new = [{**old[0], "email": "moved@example.com"}, {**old[1], "first_name": "Beau"}]
    with opened(fake, tmp_path, monkeypatch) as channel:
        verdicts(channel, batch(old))
        assert [s for s, _ in verdicts(channel, batch(new, "update", before=old))] == [ACCEPTED] * 2
    removal, addition = fake.carried()[1:]
    assert (removal.method, addition.method) == ("DELETE", "POST")
    assert removal.json()["payload"] == {"schema": ["EMAIL"], "data": [[h("person0@example.com")]]}
    assert len(addition.json()["payload"]["data"]) == 2 and fake.audience() == {
        "moved@example.com",
        "person1@example.com",
    }


def test_when_all_invalid_rows_are_shown_they_alone_are_rejected(fake, tmp_path, monkeypatch):
    fake.poison, fake.samples = {"person1@example.com"}, 1
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert verdicts(channel, batch(people(0, 1, 2))) == [
            (ACCEPTED, None),
            (REJECTED, "invalid e-mail"),
            (ACCEPTED, None),
        ]


def test_when_fewer_are_shown_than_counted_the_others_are_in_doubt(fake, tmp_path, monkeypatch):
    fake.poison, fake.samples = {"person1@example.com", "person2@example.com"}, 1
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert [s for s, _ in verdicts(channel, batch(people(0, 1, 2)))] == [IN_DOUBT, REJECTED, IN_DOUBT]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"num_received": 2, "num_invalid_entries": 0, "invalid_entry_samples": []}, [ACCEPTED, ACCEPTED]),
        ({"num_received": 2, "num_invalid_entries": 2, "invalid_entry_samples": {}}, [REJECTED, REJECTED]),
        ({"num_received": 1, "num_invalid_entries": 0, "invalid_entry_samples": {}}, [IN_DOUBT, IN_DOUBT]),
        (
            {"num_received": 2, "num_invalid_entries": 1, "invalid_entry_samples": {"a": "one key, not JSON"}},
            [REJECTED, ACCEPTED],
        ),
        (
            {"num_received": 2, "num_invalid_entries": 1, "invalid_entry_samples": {'["z"]': "another row"}},
            [IN_DOUBT, IN_DOUBT],
        ),
        ({"success": True}, [IN_DOUBT, IN_DOUBT]),
    ],
)
def test_counts_are_believed_as_far_as_they_prove_something(said, expected):
    found = refused(said, [["a"], ["b"]])
    assert [found.get(at, (ACCEPTED, None))[0] for at in range(2)] == expected


@pytest.mark.parametrize(
    ("code", "subcode", "raises"),
    [
        (190, 463, FatalError), (102, None, FatalError), (200, None, FatalError),
        (10, None, FatalError), (100, 33, FatalError),
        (100, 1713230, FatalError), (17, 2446079, NotSent), (80003, None, NotSent),
        (4, None, NotSent), (613, None, NotSent),
        (1, None, MaybeSent), (2, None, MaybeSent), (100, None, BatchRejected), (2650, None, BatchRejected),
    ],
)  # fmt: skip
def test_an_error_is_what_its_code_says_whatever_the_status(code, subcode, raises):
    body = {"error": {"code": code, "error_subcode": subcode, "message": "words"}}
    with pytest.raises(Exception) as caught:
        content_of(Reply(400, httpx.Headers(), json.dumps(body).encode(), "meta"))
    assert type(caught.value) is raises


def test_a_full_quota_inside_http_400_is_waited_for_as_long_as_meta_asks(fake, tmp_path, monkeypatch):
    fake.failure = (80003, None, "There have been too many calls to this ad-account.")
    fake.headers = {
        "x-business-use-case-usage": json.dumps({"1": [{"call_count": 100, "estimated_time_to_regain_access": 3}]})
    }
    with opened(fake, tmp_path, monkeypatch) as channel:
        with pytest.raises(NotSent) as caught:
            channel.push(batch(people(0)))
        assert type(caught.value) is NotSent and caught.value.retry_after_seconds == 180
        assert (usual.quota(channel).remaining, usual.quota(channel).resets_in_seconds) == (0, 180)


@pytest.mark.parametrize(
    ("name", "usage", "expected"),
    [
        ("x-ad-account-usage", {"acc_id_util_pct": 9.67, "reset_time_duration": 100}, (None, 100)),
        ("x-ad-account-usage", {"acc_id_util_pct": 100, "reset_time_duration": 100}, (0, 100)),
        ("x-business-use-case-usage", {"1": [{"call_count": 32, "estimated_time_to_regain_access": 0}]}, (None, None)),
        ("x-business-use-case-usage", {"1": [{"call_count": 32, "estimated_time_to_regain_access": 2}]}, (0, 120)),
    ],
)
def test_usage_in_per_cent_is_a_quota_only_when_nothing_is_left(name, usage, expected):
    quota = read_quota(httpx.Headers({name: json.dumps(usage)}))
    assert (quota.remaining, quota.resets_in_seconds) == expected
    assert read_quota(httpx.Headers({name: "not json"})) is None


def test_recorded_answers_are_read_as_they_were_meant():
    if not recorded.available("facebook"):
        pytest.skip("needs ../shared/specs/recorded, which is not part of the project")
    seen = []
    for one in recorded.exchanges("facebook"):
        if not one.path.endswith("/users") or one.method != "POST":
            continue
        status, headers, body = one.answer
        rows = one.request_body["payload"]["data"]
        answer = Reply(status, httpx.Headers(headers), body, "meta")
        read_quota(answer.headers)
        seen.append(refused(content_of(answer), [list(map(str, row)) for row in rows]))
    assert seen.count({}) == len(seen) - 1 and [s for found in seen for s, _ in found.values()] == [REJECTED]
    assert {1: (REJECTED, "empty external ID")} in seen


def test_a_conversion_is_known_by_its_event_id_and_sent_twice_is_counted_once(fake, tmp_path, monkeypatch):
    now = int(time.time()) - 3600
    event = {
        "email": "person0@example.com", "birth_date": "1990-02-01",
        "occurred_at": datetime.fromtimestamp(now, UTC).isoformat(),
        "value": 12.5, "currency": "EUR", "fbp": "fb.1.1.1", "external_id": "p0",
    }  # fmt: skip
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        assert channel.check().ok and channel.limits.batch_size == 1_000 and channel.in_doubt == "idempotent"
        for _ in range(2):
            assert verdicts(channel, batch([event], mode="append", keys=["order-1"])) == [(ACCEPTED, None)]
    assert list(fake.events.values()) == [{
        "event_name": "Purchase", "event_id": "order-1", "event_time": now, "action_source": "system_generated",
        "custom_data": {"value": 12.5, "currency": "EUR"},
        "user_data": {"em": [h("person0@example.com")], "db": [h("19900201")], "external_id": "p0", "fbp": "fb.1.1.1"},
    }]  # fmt: skip


def test_an_event_too_old_or_of_nobody_is_rejected_and_the_others_go(fake, tmp_path, monkeypatch):
    rows = [
        {"email": "person0@example.com", "occurred_at": days_ago(1), "fbp": None},
        {"email": "person1@example.com", "occurred_at": days_ago(8), "fbp": None},
        {"email": None, "occurred_at": days_ago(1), "fbp": None},
        {"email": None, "occurred_at": days_ago(1), "fbp": "fb.1.1.1"},
        {"email": "person4@example.com", "occurred_at": None, "fbp": None},
    ]  # fmt: skip
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        said = verdicts(channel, batch(rows, mode="append"))
    assert [s for s, _ in said] == [ACCEPTED, REJECTED, REJECTED, ACCEPTED, REJECTED] and "7 days" in said[1][1]


def test_a_shop_may_tell_of_older_purchases(fake, tmp_path, monkeypatch):
    rows = [{"email": "person0@example.com", "occurred_at": days_ago(40)}]
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS, action_source="physical_store") as channel:
        assert verdicts(channel, batch(rows, mode="append")) == [(ACCEPTED, None)]


def test_one_bad_event_fails_the_call_and_is_found_by_splitting(fake, tmp_path, monkeypatch):
    fake.poison = {"person2@example.com"}
    rows = [{"email": f"person{i}@example.com", "occurred_at": days_ago(1)} for i in range(4)]
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        assert [s for s, _ in verdicts(channel, batch(rows, mode="append"))] == [ACCEPTED, ACCEPTED, REJECTED, ACCEPTED]
    assert len(fake.events) == 3


def test_the_audience_is_reported_between_two_bounds_and_not_while_it_is_small(tmp_path, monkeypatch):
    with opened(Vendor(), tmp_path, monkeypatch) as channel:
        delivered(channel, batch(people(0)))
        assert channel.report() == {}, "Meta says -1"
        delivered(channel, batch(people(1, 2, 3), keys=["p1", "p2", "p3"]))
        assert channel.report() == {"size_low": 3, "size_high": 5}
    with opened(Vendor(), tmp_path, monkeypatch, **CONVERSIONS) as channel:
        assert channel.report() == {}
