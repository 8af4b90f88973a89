"""What is special to LinkedIn: a status a user, a segment that must ripen, names in plain text, tokens that end."""

from hashlib import sha256

import pytest
from support.fakes.linkedin import SEGMENT, Vendor

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, NotSent, Reports
from activation.delivery import usual
from activation.delivery.pace import Pace
from activation.delivery.send import Retry, deliver
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, closing, delivered, opened


def h(text):
    return sha256(text.encode()).hexdigest()


def people(*numbers):
    return [{"email": f"person{i}@example.com"} for i in numbers]


def verdicts(channel, changes):
    done = delivered(channel, changes)
    return list(zip(done.statuses.to_pylist(), done.errors.to_pylist(), strict=True))


@pytest.fixture
def fake():
    return Vendor()


def test_a_person_is_one_element_with_hashed_email_and_names_as_they_are(fake, tmp_path, monkeypatch):
    person = {
        "email": " Ann.Lee@Example.com", "mobile_ad_id": "6D92078A-8246-4BA4-AE5B-76104861E7DC",
        "first_name": "Émilie", "last_name": "Lee",
        "country": "gb",
    }  # fmt: skip
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert verdicts(channel, batch([person])) == [(ACCEPTED, None)]
    (request,) = fake.carried()
    assert request.headers["x-restli-method"] == "BATCH_CREATE" and request.headers["linkedin-version"] == "202610"
    assert request.json() == {"elements": [{
        "action": "ADD", "firstName": "Émilie", "lastName": "Lee", "country": "GB",
        "userIds": [
            {"idType": "SHA256_EMAIL", "idValue": h("ann.lee@example.com")},
            {"idType": "GOOGLE_AID", "idValue": "6d92078a-8246-4ba4-ae5b-76104861e7dc"},
        ],
    }]}  # fmt: skip


def test_a_name_alone_is_nobody(fake, tmp_path, monkeypatch):
    rows = [
        {"email": "person0@example.com", "first_name": "Ann", "last_name": "Lee"},
        {"email": None, "first_name": "Bo", "last_name": "Lee"},
    ]
    with opened(fake, tmp_path, monkeypatch) as channel:
        said = verdicts(channel, batch([*rows, {"email": "x", "first_name": None, "last_name": None}]))
    assert [s for s, _ in said] == [ACCEPTED, REJECTED, REJECTED] and said[1][1] and said[2][1]
    assert len(fake.carried()[0].json()["elements"]) == 1


def test_a_segment_is_made_once_and_waited_for(fake, tmp_path, monkeypatch):
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        if seconds >= 5:
            fake.young.clear()

    with opened(fake, tmp_path, monkeypatch, segment_id=None, segment_name="Loyal") as channel:
        done = deliver(channel, batch(people(0, 1)), Retry(sleep=sleep), Pace(None, sleep=sleep))
        assert done.statuses.to_pylist() == [ACCEPTED] * 2 and 5.0 in waits
        with closing(channel_at("linkedin", fake.section(), tmp_path, {"segment_name": "Loyal"})) as again:
            assert verdicts(again, batch(people(2))) == [(ACCEPTED, None)]
    assert [s["name"] for s in fake.segments.values()].count("Loyal") == 1
    assert fake.audience() == {f"person{i}@example.com" for i in range(3)}


def test_a_segment_is_found_on_a_later_page(fake, tmp_path, monkeypatch):
    for i in range(250):
        fake.segments[str(i)] = {"name": f"other {i}", "type": "USER"}
    fake.segments |= {"77": {"name": "Loyal", "type": "COMPANY"}, "99999": {"name": "Loyal", "type": "USER"}}
    fake.users["99999"] = {}
    with opened(fake, tmp_path, monkeypatch, segment_id=None, segment_name="Loyal") as channel:
        assert verdicts(channel, batch(people(0))) == [(ACCEPTED, None)]
    assert fake.users["99999"] and len(fake.requests) == 4


def test_nobody_is_taken_out_of_a_segment_that_was_never_made(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, segment_id=None, segment_name="Loyal") as channel:
        assert verdicts(channel, batch(people(0), "remove")) == [(ACCEPTED, None)]
    assert not fake.carried() and len(fake.segments) == 1


def test_without_a_source_platform_no_segment_is_made(fake, tmp_path, monkeypatch):
    fake.account = {"account_id": "516848833"}
    named = {"segment_id": None, "segment_name": "Loyal"}
    with opened(fake, tmp_path, monkeypatch, **named) as channel, pytest.raises(FatalError, match="source_platform"):
        channel.push(batch(people(0)))


def test_a_changed_address_is_removed_as_the_old_one_before_the_new_one_is_added(fake, tmp_path, monkeypatch):
    old, new = people(0, 1), [{"email": "moved@example.com"}, *people(1)]
    with opened(fake, tmp_path, monkeypatch) as channel:
        verdicts(channel, batch(old))
        assert verdicts(channel, batch(new, "update", before=old)) == [(ACCEPTED, None)] * 2
    removal, addition = (r.json()["elements"] for r in fake.carried()[1:])
    assert removal == [
        {"action": "REMOVE", "userIds": [{"idType": "SHA256_EMAIL", "idValue": h("person0@example.com")}]}
    ]
    assert len(addition) == 2 and fake.audience() == {"moved@example.com", "person1@example.com"}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"status": 201}, ACCEPTED), ({"status": 400, "error": {"message": "bad"}}, REJECTED),
        ({"status": 404, "message": "gone"}, REJECTED),
        ({"status": 429}, IN_DOUBT), ({"status": 500}, IN_DOUBT), ({}, IN_DOUBT),
    ],
)  # fmt: skip
def test_each_user_has_its_own_status(told, status, fake, tmp_path, monkeypatch):
    answered = fake.one
    monkeypatch.setattr(
        fake, "one", lambda users, e: told if h("person1@example.com") in str(e) else answered(users, e)
    )
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert [s for s, _ in verdicts(channel, batch(people(0, 1, 2)))] == [ACCEPTED, status, ACCEPTED]


def test_an_answer_that_leaves_somebody_out_proves_nothing(fake, tmp_path, monkeypatch):
    fake.loses = 1
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert verdicts(channel, batch(people(0, 1))) == [(IN_DOUBT, "LinkedIn told of 1 of 2 users")] * 2


def test_a_refresh_token_renews_the_access_token_when_it_ends(fake, tmp_path, monkeypatch):
    names = ("REFRESH_TOKEN", "CLIENT_ID", "CLIENT_SECRET")
    given = dict(zip((f"FAIRLEAD_LINKEDIN_{n}" for n in names), ("refresh-1", "id-1", "secret-1"), strict=True))
    monkeypatch.delenv("FAIRLEAD_LINKEDIN_TOKEN", raising=False)
    own = fake.section
    monkeypatch.setattr(
        fake, "section", lambda: {**own(), "options": {**fake.account, "token_url": f"{fake.url}/oauth/v2/accessToken"}}
    )
    fake.description = None  # the description has no token server
    with opened(fake, tmp_path, monkeypatch, environment=given) as channel:
        assert usual.missing(channel) == "" and channel.check().ok
        fake.tokens = {"another"}
        assert verdicts(channel, batch(people(0))) == [(ACCEPTED, None)]
        monkeypatch.setenv("FAIRLEAD_LINKEDIN_CLIENT_SECRET", "wrong")
        with closing(channel_at("linkedin", fake.section(), tmp_path, {"segment_id": SEGMENT})) as other:
            assert not other.check().ok
            with pytest.raises(FatalError, match="Authorise again"):
                other.push(batch(people(1)))


def test_a_made_segment_is_not_a_fault_of_the_connection(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, segment_id=None) as channel:
        with pytest.raises(NotSent) as caught:
            channel.push(batch(people(0)))
        assert type(caught.value) is NotSent and caught.value.retry_after_seconds == 5
    assert [s["name"] for s in fake.segments.values()][-1] == "Fairlead loyal"


def test_a_segment_is_reported_with_the_match_rate_of_the_last_seven_days(fake, tmp_path, monkeypatch):
    fake.strangers = {"person1@example.com"}
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert isinstance(channel, Reports)
        verdicts(channel, batch(people(0, 1, 2)))
        before = len(fake.requests)
        assert channel.report() == {"size": 2, "matched": 2, "match_rate": 2 / 3}
        assert [(r.method, r.path) for r in fake.requests[before:]] == [("GET", f"/rest/dmpSegments/{SEGMENT}")]
        fake.entries[SEGMENT].clear()  # eight days later
        verdicts(channel, batch(people(3, 1), keys=["p3", "p1"]))
        assert channel.report() == {"size": 3, "matched": 1, "match_rate": 0.5}
        fake.entries[SEGMENT].clear()
        assert channel.report() == {"size": 3}, "of no entries there is no rate"


def test_a_segment_that_is_not_built_or_too_small_has_no_size(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert channel.report() == {}, "nobody was sent yet"
        verdicts(channel, batch(people(0, 1)))
        fake.least = 300
        assert channel.report() == {"matched": 2, "match_rate": 1}
        for fake.status in ("BUILDING", "EXPIRED", "FAILED", "ERROR"):
            assert channel.report() == {}


@pytest.mark.parametrize(
    ("counts", "entries"),
    [({"audienceSize": None, "matchedCount": None}, 2), ({"matchedCount": 3}, 2), ({"matchedCount": 2}, None), ({}, 2)],
)
def test_counts_that_make_no_share_of_the_entries_are_left_out(counts, entries, fake, tmp_path, monkeypatch):
    told = {
        "type": "USER",
        "destinations": [{"destination": "LINKEDIN", "status": "READY", **counts}],
        "inputCount": entries,
    }
    monkeypatch.setattr(fake, "described", lambda number: told)
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert channel.report() == {}


def test_a_segment_of_companies_or_one_that_was_never_sent_to_has_no_figures(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, segment_id=None, segment_name="there already") as channel:
        assert channel.report() == {} and not fake.requests, "its id is found by the first push"
        verdicts(channel, batch(people(0)))
        assert channel.report() == {"size": 1, "matched": 1, "match_rate": 1}
        fake.segments[SEGMENT]["type"] = "COMPANY"
        assert channel.report() == {}


def test_a_report_that_linkedin_refuses_is_raised(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, segment_id="1") as channel, pytest.raises(FatalError, match="HTTP 404"):
        channel.report()
    fake.tokens = {"another"}
    with opened(fake, tmp_path, monkeypatch) as channel, pytest.raises(FatalError, match="HTTP 401"):
        channel.report()
