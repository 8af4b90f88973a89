"""What is special to TikTok: files of hashes, errors inside HTTP 200, an audience that is made with its first file."""

from hashlib import sha256

import pytest
from support.fakes.server import Answer
from support.fakes.tiktok import Vendor

from activation.channel import ACCEPTED, REJECTED, MaybeSent, NotSent, Reports
from activation.delivery import usual
from core.errors import FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened


def h(text):
    return sha256(text.encode()).hexdigest()


def people(*numbers):
    return [{"email": f"person{i}@example.com"} for i in numbers]


def statuses(channel, changes):
    return delivered(channel, changes).statuses.to_pylist()


def verbs(fake):
    return [r.path.split("custom_audience/")[1].strip("/") for r in fake.requests]


@pytest.fixture
def fake():
    return Vendor()


def test_a_person_is_one_line_with_every_key_as_tiktok_writes_it(fake, tmp_path, monkeypatch):
    rows = [
        {"email": " Ann.Lee+news@Gmail.com", "phone": "020 7183 8750",
         "mobile_ad_id": "6D92078A-8246-4BA4-AE5B-76104861E7DC", "country": "GB"},
        {"email": "person1@example.com", "phone": None, "mobile_ad_id": None, "country": "GB"},
    ]  # fmt: skip
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert statuses(channel, batch(rows)) == [ACCEPTED] * 2
    assert list(fake.files.values()) == [[
        {"Email_SHA256": h("ann.lee+news@gmail.com"), "Phone_SHA256": h("+442071838750"),
         "MAID_SHA256": h("6d92078a-8246-4ba4-ae5b-76104861e7dc")},
        {"Email_SHA256": h("person1@example.com")},
    ]]  # fmt: skip


def test_the_first_file_makes_the_audience_and_the_next_finds_it_by_its_name(fake, tmp_path, monkeypatch):
    for i in range(150):
        fake.audiences[str(i)] = {"name": f"other {i}", "rows": []}
    with opened(fake, tmp_path, monkeypatch, retention_in_days=90) as channel:
        statuses(channel, batch(people(0)))
        statuses(channel, batch(people(1)))
        again = channel_at("tiktok", fake.section(), tmp_path, fake.options)
        statuses(again, batch(people(2)))
        usual.close(again)
    assert verbs(fake) == [
        "list",
        "list",
        "file/upload",
        "create",
        "file/upload",
        "update",
        "list",
        "list",
        "file/upload",
        "update",
    ]
    (made,) = [a for a in fake.audiences.values() if a["name"] == "Fairlead loyal"]
    assert made["days"] == 90 and len(made["rows"]) == 3


def test_a_named_id_is_used_without_looking(fake, tmp_path, monkeypatch):
    fake.audiences["9000"] = {"name": "there already", "rows": []}
    with opened(fake, tmp_path, monkeypatch, audience_id="9000") as channel:
        assert channel.check().ok
        fake.requests.clear()
        statuses(channel, batch(people(0)))
        assert verbs(fake) == ["file/upload", "update"] and fake.audience() == {"person0@example.com"}
        wrong = channel_at("tiktok", fake.section(), tmp_path, {"audience_id": "1"})
        assert not wrong.check().ok
        usual.close(wrong)


def test_what_was_made_without_an_answer_is_found_and_not_made_twice(fake, tmp_path, monkeypatch):
    answered = fake.create
    monkeypatch.setattr(
        fake, "create", lambda content: answered(content) and Answer(500, {"message": "internal error"})
    )
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert statuses(channel, batch(people(0))) == [ACCEPTED]
    assert [a["name"] for a in fake.audiences.values()] == ["Fairlead loyal"] and "update" in verbs(fake)


def test_a_changed_address_is_removed_as_the_old_one_before_the_new_one_is_added(fake, tmp_path, monkeypatch):
    old = [{"email": "person0@example.com", "phone": "+442071838750"}, {"email": "person1@example.com", "phone": None}]
    new = [{"email": "moved@example.com", "phone": "+442071838750"}, {"email": "person1@example.com", "phone": None}]
    with opened(fake, tmp_path, monkeypatch) as channel:
        statuses(channel, batch(old))
        assert statuses(channel, batch(new, "update", before=old)) == [ACCEPTED] * 2
    _, removed, added = fake.files.values()
    assert removed == [{"Email_SHA256": h("person0@example.com")}] and len(added) == 2
    assert [name.rsplit(".", 2)[1] for name in fake.names] == ["append", "remove", "append"]
    assert fake.audience() == {"moved@example.com", "person1@example.com"}


def test_nobody_is_taken_out_of_an_audience_that_was_never_made(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert statuses(channel, batch(people(0), "remove")) == [ACCEPTED]
    assert not fake.carried()


def test_who_has_nothing_usable_is_rejected_and_never_in_a_file(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch) as channel:
        done = delivered(channel, batch([*people(0), {"email": "x"}, {"email": None}]))
        assert done.statuses.to_pylist() == [ACCEPTED, REJECTED, REJECTED] and all(done.errors.to_pylist()[1:])
        before = len(fake.requests)
        assert statuses(channel, batch([{"email": None}])) == [REJECTED] and len(fake.requests) == before
    assert [len(rows) for rows in fake.files.values()] == [1]


@pytest.mark.parametrize(
    ("code", "raises"),
    [
        (40100, NotSent), (40016, NotSent), (50000, MaybeSent), (51010, MaybeSent),
        (40001, FatalError), (40105, FatalError),
        (40002, FatalError),
    ],
)  # fmt: skip
def test_a_code_inside_http_200_is_what_it_says(code, raises, fake, tmp_path, monkeypatch):
    fake.failure = (code, "words")
    with opened(fake, tmp_path, monkeypatch) as channel:
        with pytest.raises(Exception) as caught:
            channel.push(batch(people(0)))
        assert type(caught.value) is raises


def test_an_audience_that_would_be_too_small_ends_the_sync_instead_of_splitting_the_file(fake, tmp_path, monkeypatch):
    fake.audiences["9000"] = {"name": "small", "rows": []}
    fake.smallest = 1000
    with opened(fake, tmp_path, monkeypatch, audience_id="9000") as channel:
        done = delivered(channel, batch(people(*range(8))))
    assert set(done.statuses.to_pylist()) == {"not_sent"} and "less than 1000" in done.stop.text
    assert verbs(fake) == ["file/upload", "update"]


def test_the_audience_is_reported_with_the_users_that_were_matched(fake, tmp_path, monkeypatch):
    fake.strangers = {"person1@example.com"}
    fake.audiences["8999"] = {"name": "another", "rows": []}
    with opened(fake, tmp_path, monkeypatch) as channel:
        assert isinstance(channel, Reports)
        assert channel.report() == {} and not fake.requests, "its id is found by the first push"
        statuses(channel, batch(people(0, 1, 2)))
        assert channel.report() == {}, "TikTok says 0 while it matches"
        (number,) = fake.audiences.keys() - {"8999"}
        fake.matched.add(number)
        before = len(fake.requests)
        assert channel.report() == {"size": 2}
        assert verbs(fake)[before:] == ["get"]
        assert fake.requests[-1].query["custom_audience_ids"] == [f'["{number}"]']
        fake.expired.add(number)
        assert channel.report() == {}


@pytest.mark.parametrize("said", [None, 0, -1])
def test_a_size_that_tiktok_does_not_say_is_left_out(said, fake, tmp_path, monkeypatch):
    details = {"audience_details": {"audience_id": "9000", "is_valid": True, "cover_num": said}}
    monkeypatch.setattr(fake, "details", lambda number: details)
    fake.audiences["9000"] = {"name": "there already", "rows": []}
    with opened(fake, tmp_path, monkeypatch, audience_id="9000") as channel:
        assert channel.report() == {}


def test_an_audience_that_is_not_there_has_no_size(fake, tmp_path, monkeypatch):
    with opened(fake, tmp_path, monkeypatch, audience_id="1") as channel:
        assert channel.report() == {}


def test_a_report_that_tiktok_refuses_is_raised(fake, tmp_path, monkeypatch):
    wrong = {"environment": {"FAIRLEAD_TIKTOK_TOKEN": "wrong"}, "audience_id": "9000"}
    with opened(fake, tmp_path, monkeypatch, **wrong) as channel, pytest.raises(FatalError, match="code 40105"):
        channel.report()
    monkeypatch.setattr(fake, "detailed", lambda query: Answer(500, {"message": "internal error"}))
    with opened(fake, tmp_path, monkeypatch, audience_id="9000") as channel, pytest.raises(MaybeSent, match="HTTP 500"):
        channel.report()
