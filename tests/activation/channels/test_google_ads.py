"""What is special to Google's Data Manager API: keys as it wants them, consent by request, answers that come later."""

import json
from hashlib import sha256

import pytest
from support.fakes.google_ads import ACTION, MANAGER, Vendor

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, BatchRejected, Submitted
from activation.channels.google_ads.job import Job, match_rate, verdicts
from activation.delivery import usual
from activation.vendor.google_token import unusable
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened

CONVERSIONS = {"object": "conversions", "destination_id": ACTION}


def h(text):
    return sha256(text.encode()).hexdigest()


@pytest.fixture
def fake():
    return Vendor()


def sent(fake, at=-1):
    return fake.carried()[at].json()


def told(changes, channel):
    done = delivered(channel, changes)
    return list(zip(done.statuses.to_pylist(), done.errors.to_pylist(), strict=True))


def test_a_person_is_one_member_with_every_identifier_as_google_writes_it(fake, tmp_path, monkeypatch):
    person = {
        "email": " Cloudy.SanFrancisco+shopping@gmail.com", "phone": "(800)555-0100",
        "first_name": "Mrs. Zoë", "last_name": "Doe Jr.",
        "country": "us", "postal_code": "94105",
    }  # fmt: skip
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert told(batch([person]), channel) == [(ACCEPTED, None)]
    identifiers = sent(fake)["audienceMembers"][0]["userData"]["userIdentifiers"]
    assert identifiers == [
        {"emailAddress": h("cloudysanfrancisco@gmail.com")},
        {"phoneNumber": h("+18005550100")},
        {"address": {"givenName": h("zoë"), "familyName": h("doe"), "regionCode": "US", "postalCode": "94105"}},
    ]
    assert sent(fake)["encoding"] == "HEX"


def test_an_address_goes_whole_or_not_at_all(fake, tmp_path, monkeypatch):
    people = [
        {"email": "person0@example.com", "first_name": "Ann", "last_name": "Lee", "country": "GB", "postal_code": None}
    ]
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert told(batch(people), channel) == [(ACCEPTED, None)]
    assert sent(fake)["audienceMembers"][0]["userData"]["userIdentifiers"] == [
        {"emailAddress": h("person0@example.com")}
    ]


def test_who_has_nothing_usable_is_rejected_with_the_reason_and_never_sent(fake, tmp_path, monkeypatch):
    people = [{"email": "person0@example.com"}, {"email": "no address"}, {"email": None}, {"email": h("")}]
    with opened(fake, tmp_path, monkeypatch) as channel:
        verdict = told(batch(people), channel)
        assert [s for s, _ in verdict] == [ACCEPTED, REJECTED, REJECTED, REJECTED]
        assert all(why for _, why in verdict[1:])
        assert len(sent(fake)["audienceMembers"]) == 1 and h("").encode() not in fake.carried()[0].body
        nobody = channel.push(batch(people[1:]))
    assert not isinstance(nobody, Submitted) and len(fake.carried()) == 1


def test_what_is_hashed_already_is_not_hashed_again(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        told(batch([{"email": h("person0@example.com").upper()}]), channel)
    assert fake.audience() == {"person0@example.com"}


def test_a_batch_is_split_by_consent_and_who_did_not_say_yes_is_sent_as_denied(fake, tmp_path, monkeypatch):
    people = [
        {"email": f"person{i}@example.com", "ad_user_data": data, "ad_personalization": personal}
        for i, (data, personal) in enumerate([(True, True), (False, True), (True, None), (True, True)])
    ]
    with opened(fake, tmp_path, monkeypatch) as channel:
        verdict = told(batch(people), channel)
    assert [s for s, _ in verdict] == [ACCEPTED, REJECTED, ACCEPTED, ACCEPTED] and "DENIED_CONSENT" in verdict[1][1]
    asked = [(r.json()["consent"], len(r.json()["audienceMembers"])) for r in fake.carried()]
    yes, no = "CONSENT_GRANTED", "CONSENT_DENIED"
    assert asked == [
        ({"adUserData": yes, "adPersonalization": yes}, 2),
        ({"adUserData": no, "adPersonalization": yes}, 1),
        ({"adUserData": yes, "adPersonalization": no}, 1),
    ]


def test_consent_that_is_not_mapped_counts_as_granted(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        told(batch([{"email": "person0@example.com"}]), channel)
    assert sent(fake)["consent"] == {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"}


def test_a_changed_address_is_removed_as_the_old_one_before_the_new_one_is_added(fake, tmp_path, monkeypatch):
    old = [{"email": "person0@example.com", "phone": "+447700900001"}, {"email": "person1@example.com", "phone": None}]
    new = [{"email": "moved@example.com", "phone": "+447700900001"}, {"email": "person1@example.com", "phone": None}]
    with opened(fake, tmp_path, monkeypatch) as channel:
        told(batch(old), channel)
        assert told(batch(new, "update", before=old), channel) == [(ACCEPTED, None)] * 2
    removal, addition = fake.carried()[1:]
    assert (removal.path, addition.path) == ("/v1/audienceMembers:remove", "/v1/audienceMembers:ingest")
    gone = [{"userData": {"userIdentifiers": [{"emailAddress": h("person0@example.com")}]}}]
    assert removal.json()["audienceMembers"] == gone and len(addition.json()["audienceMembers"]) == 2
    assert fake.audience() == {"moved@example.com", "person1@example.com"}


def test_an_address_that_became_unusable_is_taken_out_and_the_row_rejected(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        told(batch([{"email": "person0@example.com"}]), channel)
        changed = batch([{"email": "gone"}], "update", before=[{"email": "person0@example.com"}])
        assert [s for s, _ in told(changed, channel)] == [REJECTED]
    assert not fake.audience()


def test_a_null_that_is_never_sent_takes_nothing_out(fake, tmp_path, monkeypatch):
    old = [{"email": "person0@example.com", "phone": "+447700900001"}]
    new = [{"email": "person0@example.com", "phone": None}]
    with opened(fake, tmp_path, monkeypatch) as channel:
        told(batch(old), channel)
        told(batch(new, "update", before=old, policies={"phone": "never_null"}), channel)
        assert [r.path for r in fake.carried()].count("/v1/audienceMembers:remove") == 0
        told(batch(new, "update", before=old), channel)
    assert [r.path for r in fake.carried()].count("/v1/audienceMembers:remove") == 1


def test_where_google_names_fewer_than_it_counts_the_rest_is_in_doubt(fake, tmp_path, monkeypatch):
    fake.names_records, fake.poison = False, {"person1@example.com"}
    with opened(fake, tmp_path, monkeypatch) as channel:
        verdict = told(batch([{"email": f"person{i}@example.com"} for i in range(3)] + [{"email": "x"}]), channel)
    assert [s for s, _ in verdict] == [IN_DOUBT] * 3 + [REJECTED] and "INVALID_FORMAT" in verdict[0][1]


@pytest.mark.parametrize(
    ("counts", "word", "expected"),
    [
        ([], "FAILED", [REJECTED] * 3),
        ([{"reason": "PROCESSING_ERROR_REASON_INTERNAL_ERROR", "recordCount": "3"}], "FAILED", [IN_DOUBT] * 3),
        (
            [{"reason": "A", "recordCount": "1", "recordIndices": [2]}],
            "PARTIAL_SUCCESS",
            [ACCEPTED, ACCEPTED, REJECTED],
        ),
        (
            [{"reason": "A", "recordCount": "2", "recordIndices": [2]}],
            "PARTIAL_SUCCESS",
            [IN_DOUBT, IN_DOUBT, REJECTED],
        ),
        ([{"reason": "A", "recordCount": "1", "recordIndices": [3]}], "PARTIAL_SUCCESS", [IN_DOUBT] * 3),
        ([], "PARTIAL_SUCCESS", [IN_DOUBT] * 3),
    ],
)
def test_only_what_google_says_for_sure_is_told(counts, word, expected):
    said = {"requestStatusPerDestination": [{"requestStatus": word, "errorInfo": {"errorCounts": counts}}]}
    found = verdicts(said, [0, 1, 2])
    assert [found.get(row, (ACCEPTED, None))[0] for row in range(3)] == expected


@pytest.mark.parametrize("word", ["PROCESSING", "REQUEST_STATUS_UNKNOWN"])
def test_a_request_under_way_has_no_results(word):
    assert verdicts({"requestStatusPerDestination": [{"requestStatus": word}]}, [0]) is None
    assert verdicts({}, [0]) is None


def test_a_job_outlives_its_process_and_holds_nobody(fake, tmp_path, monkeypatch):
    fake.poison = {"person1@example.com"}
    people = batch([{"email": f"person{i}@example.com"} for i in range(3)] + [{"email": "bad"}])
    with opened(fake, tmp_path, monkeypatch) as channel:
        said = channel.push(people)
        assert (
            isinstance(said, Submitted) and "example.com" not in said.job and h("person0@example.com") not in said.job
        )
        later = channel_at("google_ads", fake.section(), tmp_path, fake.options)
        assert later.collect(said.job, people.keys) is None, "Google is at it"
        found = later.collect(said.job, people.keys)
    assert found.statuses.to_pylist() == [ACCEPTED, REJECTED, ACCEPTED, REJECTED]


def test_a_job_of_a_whole_batch_stays_small():
    job = Job([("a", list(range(10_000)))], dict.fromkeys(range(0, 10000, 2), (REJECTED, "e-mail: no @")))
    assert len(job.text()) < 5_000 and Job.read(job.text()).requests == job.requests


def test_a_request_that_google_forgot_is_in_doubt(fake, tmp_path, monkeypatch):
    people = batch([{"email": "person0@example.com"}])
    with opened(fake, tmp_path, monkeypatch) as channel:
        job = channel.push(people).job
        fake.statuses.clear()
        assert channel.collect(job, people.keys).statuses.to_pylist() == [IN_DOUBT]


def test_one_malformed_record_fails_the_request_at_once_and_the_loop_finds_it(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "support.fakes.google_ads.bad", lambda r, event: "INVALID_FORMAT" if h("person2@example.com") in str(r) else ""
    )
    people = batch([{"email": f"person{i}@example.com"} for i in range(4)])
    with opened(fake, tmp_path, monkeypatch) as channel:
        with pytest.raises(BatchRejected):
            channel.push(people)
        assert [s for s, _ in told(people, channel)] == [ACCEPTED, ACCEPTED, REJECTED, ACCEPTED]


@pytest.mark.parametrize(
    ("kind", "field", "value", "member"),
    [
        ("mobile", "mobile_ad_id", "6D92078A-8246-4BA4-AE5B-76104861E7DC",
         {"mobileData": {"mobileIds": ["6d92078a-8246-4ba4-ae5b-76104861e7dc"]}}),
        ("user_id", "external_id", "Shop-17", {"userIdData": {"userId": "Shop-17"}}),
    ],
)  # fmt: skip
def test_a_list_takes_one_kind_of_key(kind, field, value, member, fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, list_type=kind) as channel:
        assert channel.check().ok
        assert told(batch([{field: value, "email": "person0@example.com"}]), channel) == [(ACCEPTED, None)]
        with pytest.raises(FatalError, match="maps none of"):
            channel.push(batch([{"email": "person0@example.com"}]))
    assert sent(fake)["audienceMembers"] == [member]


def test_a_conversion_is_known_by_its_event_id_and_sent_twice_is_counted_once(fake, tmp_path, monkeypatch):
    event = {
        "email": "person0@example.com",
        "occurred_at": "2026-01-14T11:00:00+01:00",
        "value": 12.5,
        "currency": "EUR",
        "gclid": "g-1",
    }
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        assert channel.check().ok and not fake.events
        assert channel.limits.batch_size == 2_000 and channel.in_doubt == "idempotent"
        for _ in range(2):
            assert told(batch([event], mode="append", keys=["order-1"]), channel) == [(ACCEPTED, None)]
    assert fake.events == {
        "order-1": {
            "transactionId": "order-1", "eventTimestamp": "2026-01-14T10:00:00Z",
            "eventSource": "WEB", "conversionValue": 12.5,
            "currency": "EUR", "adIdentifiers": {"gclid": "g-1"},
            "userData": {"userIdentifiers": [{"emailAddress": h("person0@example.com")}]},
            "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_GRANTED"},
        }
    }  # fmt: skip


def test_a_conversion_without_a_time_or_without_anything_to_match_by_is_rejected(fake, tmp_path, monkeypatch):
    rows = [
        {"gclid": "g-1", "occurred_at": "2026-01-14"}, {"gclid": None, "occurred_at": "2026-01-14"},
        {"gclid": "g-2", "occurred_at": "soon"},
    ]  # fmt: skip
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        verdict = told(batch(rows, mode="append"), channel)
        assert channel.erase(batch(rows)).statuses.to_pylist() == [REJECTED] * 3
    assert [s for s, _ in verdict] == [ACCEPTED, REJECTED, REJECTED] and list(fake.events) == ["p0"]
    assert fake.events["p0"]["eventTimestamp"] == "2026-01-14T00:00:00Z"


def test_a_refresh_token_serves_as_well_as_a_service_account(fake, tmp_path, monkeypatch):
    user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "refresh-1"}
    variable = {"FAIRLEAD_GOOGLE_ADS_CREDENTIALS": json.dumps(user)}
    with opened(fake, tmp_path, monkeypatch, environment=variable) as channel:
        assert channel.check().ok


@pytest.mark.parametrize("given", ["", "{", "[]", "{}", '{"type": "service_account"}', '{"type": "external_account"}'])
def test_a_credential_of_another_form_is_told_before_anything_is_sent(given):
    assert unusable(given)


def test_without_the_terms_nothing_is_sent(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch):
        section = {**fake.section(), "options": {**fake.section()["options"], "terms_accepted": False}}
        assert "terms_accepted" in usual.missing(channel_at("google_ads", section, tmp_path, fake.options))


def test_the_list_is_named_with_the_account_that_owns_it_and_the_one_that_signs_in(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        told(batch([{"email": "person0@example.com"}]), channel)
    (to,) = sent(fake)["destinations"]
    assert (
        to["loginAccount"] == {"accountType": "GOOGLE_ADS", "accountId": MANAGER}
        and to["productDestinationId"] == "7001"
    )


def test_the_list_is_reported_with_the_match_rate_of_what_was_uploaded(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert channel.report() == {"size_search": 0.0, "size_display": 0.0}
        told(batch([{"email": "person0@example.com"}]), channel)
        reported = channel.report()
    assert reported == {"size_search": 1.0, "size_display": 0.0, "match_rate_low": 0.51, "match_rate_high": 0.6}
    assert fake.requests[-1].path.endswith(
        "/accountTypes/GOOGLE_ADS/accounts/1234567890/userLists/" + fake.options["destination_id"]
    )


@pytest.mark.parametrize(
    ("said", "rates"),
    [
        ("MATCH_RATE_RANGE_LESS_THAN_20", {"match_rate_low": 0.0, "match_rate_high": 0.2}),
        ("MATCH_RATE_RANGE_91_TO_100", {"match_rate_low": 0.91, "match_rate_high": 1.0}),
        ("MATCH_RATE_RANGE_NOT_ELIGIBLE", {}),
        ("MATCH_RATE_RANGE_UNKNOWN", {}),
    ],
)
def test_a_match_rate_is_read_from_its_word(said, rates):
    status = {"userDataIngestionStatus": {"uploadMatchRateRange": said}}
    assert match_rate({"requestStatusPerDestination": [{"audienceMembersIngestionStatus": status}]}) == rates
