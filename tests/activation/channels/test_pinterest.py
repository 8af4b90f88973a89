"""What is special to Pinterest: a list is a string of hashes, events are single, offline ones never repeated."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest
from support.fakes.pinterest import LIST, Vendor
from support.fakes.server import Answer

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, Reports
from activation.delivery import usual
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, closing, delivered, opened

AUDIENCE = "2542620639259"
CONVERSIONS = {"object": "conversions", "list_id": None}
WHEN = "2026-01-14T10:00:00Z"
SECONDS = int(datetime(2026, 1, 14, 10, tzinfo=UTC).timestamp())


def h(text):
    return sha256(text.encode()).hexdigest()


def people(*numbers):
    return [{"email": f"person{i}@example.com"} for i in numbers]


def events(*numbers):
    return [{**one, "occurred_at": WHEN} for one in people(*numbers)]


def verdicts(channel, changes):
    done = delivered(channel, changes)
    return list(zip(done.statuses.to_pylist(), done.errors.to_pylist(), strict=True))


def statuses(channel, changes):
    return [status for status, _ in verdicts(channel, changes)]


@pytest.fixture
def fake():
    return Vendor()


def test_every_identifier_is_a_hashed_record_of_its_own(fake, tmp_path, monkeypatch):
    rows = [
        {"email": " Ann.Lee@Example.com", "mobile_ad_id": "6D92078A-8246-4BA4-AE5B-76104861E7DC"},
        {"email": "person1@example.com", "mobile_ad_id": None},
    ]
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert statuses(channel, batch(rows)) == [ACCEPTED] * 2
    records = ",".join([h("ann.lee@example.com"), h("6d92078a-8246-4ba4-ae5b-76104861e7dc"), h("person1@example.com")])
    assert fake.carried()[0].json() == {"operation_type": "ADD", "records": records}


def test_the_first_people_make_the_list_and_the_next_find_it_by_its_name(fake, tmp_path, monkeypatch):
    for i in range(300):
        fake.lists[str(i)] = {"name": f"other {i}", "records": set(), "type": "EMAIL"}
    with opened(fake, tmp_path, monkeypatch, list_id=None) as channel:
        assert statuses(channel, batch(people(0))) == [ACCEPTED]
        assert statuses(channel, batch(people(1))) == [ACCEPTED]
        with closing(channel_at("pinterest", fake.section(), tmp_path, {})) as again:
            assert statuses(again, batch(people(2))) == [ACCEPTED]
    assert [r.method for r in fake.carried()] == ["POST", "PATCH", "PATCH"]
    (made,) = [one for one in fake.lists.values() if one["name"] == "Fairlead loyal"]
    assert made["type"] == "EMAIL" and len(made["records"]) == 3


def test_a_list_of_devices_is_made_as_one(fake, tmp_path, monkeypatch):
    rows = [{"mobile_ad_id": "6d92078a-8246-4ba4-ae5b-76104861e7dc"}]
    with opened(fake, tmp_path, monkeypatch, list_id=None, list_name="Devices") as channel:
        assert statuses(channel, batch(rows)) == [ACCEPTED]
    assert [one["type"] for one in fake.lists.values() if one["name"] == "Devices"] == ["MAID"]


def test_nobody_is_taken_off_a_list_that_was_never_made(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, list_id=None) as channel:
        assert statuses(channel, batch(people(0), "remove")) == [ACCEPTED]
    assert not fake.carried()


def test_who_has_nothing_usable_is_rejected_and_an_empty_hash_never_sent(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        said = verdicts(channel, batch([*people(0), {"email": None}, {"email": h("")}, {"email": "x"}]))
    assert [s for s, _ in said] == [ACCEPTED, REJECTED, REJECTED, REJECTED] and all(why for _, why in said[1:])
    assert fake.carried()[0].json()["records"] == h("person0@example.com")


def test_a_changed_address_is_removed_as_the_old_one_before_the_new_one_is_added(fake, tmp_path, monkeypatch):
    old, new = people(0, 1), [{"email": "moved@example.com"}, *people(1)]
    with opened(fake, tmp_path, monkeypatch) as channel:
        statuses(channel, batch(old))
        assert statuses(channel, batch(new, "update", before=old)) == [ACCEPTED] * 2
    removal, addition = (r.json() for r in fake.carried()[1:])
    assert removal == {"operation_type": "REMOVE", "records": h("person0@example.com")}
    assert addition["operation_type"] == "ADD" and fake.audience() == {"moved@example.com", "person1@example.com"}


@pytest.mark.parametrize(
    ("said", "status"),
    [({}, ACCEPTED), ({"errors": []}, ACCEPTED), (None, ACCEPTED), ({"errors": ["3 records"]}, IN_DOUBT)],
)
def test_exceptions_of_a_list_leave_its_batch_in_doubt(said, status, fake, tmp_path, monkeypatch):
    fake.exceptions = said
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert statuses(channel, batch([*people(0), {"email": None}])) == [status, REJECTED]


def test_a_refused_list_ends_the_sync_instead_of_being_split(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(
        fake, "changed", lambda *_: Answer(400, {"code": 400, "message": "Invalid customer list parameters."})
    )
    with opened(fake, tmp_path, monkeypatch) as channel:
        done = delivered(channel, batch(people(*range(8))))
    assert set(done.statuses.to_pylist()) == {"not_sent"} and len(fake.carried()) == 1


def test_a_conversion_is_known_by_its_event_id_and_sent_twice_is_counted_once(fake, tmp_path, monkeypatch):
    row = {
        "email": "person0@example.com", "phone": "+442071838750", "gender": "f",
        "external_id": "P 1", "occurred_at": WHEN, "value": 12.5,
        "currency": "EUR",
    }  # fmt: skip
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        assert channel.check().ok and not fake.events
        assert channel.limits.batch_size == 1_000 and channel.in_doubt == "idempotent"
        for _ in range(2):
            assert statuses(channel, batch([row], mode="append", keys=["order-1"])) == [ACCEPTED]
    assert fake.counted == ["order-1"] and fake.events["order-1"] == {
        "event_name": "checkout", "action_source": "web", "event_time": SECONDS, "event_id": "order-1",
        "custom_data": {"value": "12.5", "currency": "EUR"},
        "user_data": {
            "em": [h("person0@example.com")], "ph": [h("442071838750")], "ge": [h("f")], "external_id": [h("P 1")],
        },
    }  # fmt: skip


def test_an_event_of_nobody_or_of_no_time_is_rejected_and_a_browser_may_be_enough(fake, tmp_path, monkeypatch):
    browser = {"client_ip_address": "192.0.2.1", "client_user_agent": "Mozilla/5.0"}
    rows = [
        {"email": "person0@example.com", "occurred_at": WHEN}, {"email": None, "occurred_at": WHEN, **browser},
        {"email": None, "occurred_at": WHEN, "client_ip_address": "192.0.2.1"},
        {"email": "person3@example.com", "occurred_at": "soon"},
    ]  # fmt: skip
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        said = verdicts(channel, batch(rows, mode="append"))
        assert channel.erase(batch(rows)).statuses.to_pylist() == [REJECTED] * 4
    assert [s for s, _ in said] == [ACCEPTED, ACCEPTED, REJECTED, REJECTED] and said[2][1] and said[3][1]


@pytest.mark.parametrize("way", ["200", "422 with", "422 without"])
def test_each_event_has_its_own_status_however_it_is_told(way, fake, tmp_path, monkeypatch):
    fake.poison, fake.answers = {"person1@example.com"}, way
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS) as channel:
        said = verdicts(channel, batch(events(0, 1, 2), mode="append"))
    assert [s for s, _ in said] == [ACCEPTED, REJECTED, ACCEPTED] and said[1][1]


def test_offline_events_are_never_sent_again_when_in_doubt(fake, tmp_path, monkeypatch):
    fake.script = ["500 acts"]
    with opened(fake, tmp_path, monkeypatch, **CONVERSIONS, action_source="offline") as channel:
        assert channel.in_doubt == "message"
        assert statuses(channel, batch(events(0, 1), mode="append")) == [IN_DOUBT] * 2
        assert fake.counted == ["p0", "p1"]
        fake.poison, fake.answers = {"person1@example.com"}, "422 without"
        assert statuses(channel, batch(events(0, 1, 2), mode="append")) == [IN_DOUBT] * 3
    assert len(fake.carried()) == 2


def test_a_refresh_token_renews_the_access_token_when_it_ends(fake, tmp_path, monkeypatch):
    names = ("REFRESH_TOKEN", "CLIENT_ID", "CLIENT_SECRET")
    given = dict(zip((f"FAIRLEAD_PINTEREST_{n}" for n in names), ("refresh-1", "id-1", "secret-1"), strict=True))
    monkeypatch.delenv("FAIRLEAD_PINTEREST_TOKEN", raising=False)
    own = fake.section
    monkeypatch.setattr(
        fake, "section", lambda: {**own(), "options": {**fake.account, "token_url": f"{fake.url}/v5/oauth/token"}}
    )
    fake.description = None  # it names the fields of a token request only by a discriminator
    with opened(fake, tmp_path, monkeypatch, environment=given) as channel:
        assert usual.missing(channel) == "" and channel.check().ok
        fake.tokens = {"another"}
        assert statuses(channel, batch(people(0))) == [ACCEPTED]
        monkeypatch.setenv("FAIRLEAD_PINTEREST_REFRESH_TOKEN", "wrong")
        with closing(channel_at("pinterest", fake.section(), tmp_path, {"list_id": LIST})) as other:
            assert not other.check().ok
            with pytest.raises(FatalError, match="Authorise again"):
                other.push(batch(people(1)))


def test_the_audience_made_from_the_list_is_reported_once_it_is_matched(fake, tmp_path, monkeypatch):
    fake.audiences[AUDIENCE] = {"audience_type": "CUSTOMER_LIST", "rule": {"customer_list_id": LIST}}
    fake.strangers, fake.matching = {"person1@example.com"}, True
    with opened(fake, tmp_path, monkeypatch, audience_id=AUDIENCE) as channel:
        assert isinstance(channel, Reports)
        statuses(channel, batch(people(0, 1, 2)))
        assert channel.report() == {}, "Pinterest says null while it matches"
        fake.matching = False
        before = len(fake.requests)
        assert channel.report() == {"size": 2}
        assert [(r.method, r.path) for r in fake.requests[before:]] == [
            ("GET", f"/v5/ad_accounts/549755885175/audiences/{AUDIENCE}")
        ]
        fake.least = 100
        assert channel.report() == {}, "too small"


def test_what_is_no_audience_of_the_list_has_no_size(fake, tmp_path, monkeypatch):
    fake.lists["77"] = {"name": "another", "records": {h("person0@example.com")}, "type": "EMAIL"}
    fake.audiences = {
        "1": {"audience_type": "CUSTOMER_LIST", "rule": {"customer_list_id": "77"}},
        "2": {"audience_type": "ACTALIKE", "rule": {"seed_id": ["1"]}, "people": 50_000},
    }
    for number in fake.audiences:
        with opened(fake, tmp_path, monkeypatch, audience_id=number) as channel:
            assert channel.report() == {}
    with opened(fake, tmp_path, monkeypatch, list_id=None, list_name="another", audience_id="1") as channel:
        assert channel.report() == {"size": 1}, "which list is synced is not known before a push"
        statuses(channel, batch(people(1)))
        assert channel.report() == {"size": 2}
    with opened(fake, tmp_path, monkeypatch, list_id=None, list_name="there already", audience_id="1") as channel:
        statuses(channel, batch(people(1)))
        assert channel.report() == {}


@pytest.mark.parametrize("options", [{}, {**CONVERSIONS, "audience_id": "1"}])
def test_without_an_audience_nothing_is_asked(options, fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, **options) as channel:
        assert channel.report() == {} and not fake.requests


def test_a_report_that_pinterest_refuses_is_raised(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, audience_id="1") as channel, pytest.raises(FatalError, match="HTTP 404"):
        channel.report()
    fake.tokens = {"another"}
    with opened(fake, tmp_path, monkeypatch, audience_id="1") as channel, pytest.raises(FatalError, match="HTTP 401"):
        channel.report()
