"""What is special to Mailchimp: one audience and a tag, failures inside a 200, a status that no call changes."""

import pytest
from support import recorded

from activation.channel import ACCEPTED, IN_DOUBT, REJECTED, SKIPPED, CallFailed, MaybeSent, NotSent
from activation.channels.mailchimp import Options, open_channel
from activation.channels.mailchimp.answers import is_taken, member_id, of_member, of_tag
from activation.delivery import usual
from activation.vendor.http import Reply
from core.settings import load_settings
from tests.activation.channels.opened import changes, settled, statuses, vendor

ABC = ["a@example.com", "B@example.com", "c@example.com"]
LIST = "/3.0/lists/a36b032126"


@pytest.fixture
def mailchimp(tmp_path, monkeypatch):
    with vendor("mailchimp", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=ABC, **more)


def member(fake, email, status, **merge_fields):
    fake.keep(member_id(email), {"email_address": email, "merge_fields": merge_fields}, status)


def calls(fake, part=""):
    return [(r.method, r.path.removeprefix(LIST)) for r in fake.requests if part in r.path and r.method != "GET"]


def state(fake, email):
    return fake.members[member_id(email)]["status"]


# -- consent ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "pending", "transactional"])
def test_nobodys_status_is_changed_and_who_gets_no_campaigns_gets_no_tag(mailchimp, status):
    fake, channel = mailchimp
    member(fake, "B@example.com", status, FNAME="Old")
    said = settled(channel, three(FNAME=["Ann", "Bea", "Cai"]))
    out = status in ("unsubscribed", "cleaned")
    assert [s for s, _ in said] == [ACCEPTED, SKIPPED if out else ACCEPTED, ACCEPTED]
    assert (said[1][1] == f"is {status} at Mailchimp") is out
    assert state(fake, "b@example.com") == status and fake.values("b@example.com")["FNAME"] == "Bea"
    assert fake.audience() == {"a@example.com", "c@example.com"} | (set() if out else {"B@example.com"})


def test_no_call_ever_carries_a_status_for_somebody_who_may_be_a_member(mailchimp):
    fake, channel = mailchimp
    statuses(channel, three())
    statuses(channel, changes("update", "run2", email=["new@example.com", *ABC[1:]], before={"email": ABC}))
    for request in fake.requests:
        if request.method == "POST" and request.path == LIST:
            assert request.json()["update_existing"] is False
        if request.method in ("PUT", "PATCH"):
            assert "status" not in request.json() and "status_if_new" in request.json()


def test_who_unsubscribed_and_then_moved_stays_unsubscribed(mailchimp):
    fake, channel = mailchimp
    member(fake, "old@example.com", "unsubscribed")
    moved = changes("update", email=["new@example.com"], before={"email": ["old@example.com"]})
    assert statuses(channel, moved) == [SKIPPED]
    assert list(fake.members) == [member_id("new@example.com")] and state(fake, "new@example.com") == "unsubscribed"


def test_whom_mailchimp_wants_a_new_consent_of_is_skipped(mailchimp):
    fake, channel = mailchimp
    fake.compliance = {"a@example.com"}
    ((status, why), *_) = settled(channel, three())
    assert status == SKIPPED and "compliance" in why


def test_an_erased_address_cannot_come_back_and_says_so(mailchimp):
    fake, channel = mailchimp
    statuses(channel, three())
    assert channel.erase(
        changes("remove", email=["gone@example.com"], before={"email": ["A@example.com"]})
    ).statuses.to_pylist() == [ACCEPTED]
    assert member_id("a@example.com") not in fake.members
    said = settled(channel, three(key="run2"))
    assert [s for s, _ in said] == [REJECTED, ACCEPTED, ACCEPTED] and "permanently deleted" in said[0][1]


# -- failures inside a 200 --------------------------------------------------------------------------------------------


def test_errors_find_their_row_whatever_the_case_of_the_address(mailchimp):
    fake, channel = mailchimp
    fake.poison = {"b@EXAMPLE.com"}
    said = settled(channel, three())
    assert [s for s, _ in said] == [ACCEPTED, REJECTED, ACCEPTED] and "ERROR_GENERIC" in said[1][1]


def test_a_merge_field_that_is_refused_is_named(mailchimp):
    fake, channel = mailchimp
    member(fake, "a@example.com", "subscribed")
    said = settled(channel, three(VALUE=["x", "y", "2"]))
    assert [s for s, _ in said] == [REJECTED] * 3
    assert all("VALUE" in why and "number" in why for _, why in said)


def test_an_address_that_the_answer_passes_over_is_in_doubt(mailchimp):
    fake, channel = mailchimp
    fake.unnamed = {"c@example.com"}
    assert statuses(channel, three()) == [ACCEPTED, ACCEPTED, IN_DOUBT]


def test_a_tag_that_could_not_be_set_is_the_rows_failure_and_one_that_was_set_is_not(mailchimp):
    fake, channel = mailchimp
    statuses(channel, three())
    member(fake, "d@example.com", "subscribed")
    fake.unnamed = {"d@example.com"}
    said = settled(channel, changes("add", "run2", email=["a@example.com", "D@example.com"]))
    assert said == [(ACCEPTED, None), (REJECTED, "The tag could not be set")]


@pytest.mark.parametrize(
    ("adds", "words", "so"),
    [
        (True, "Email address already in segment", True),
        (False, "Email address is not in the segment", True),
        (True, "Email address is not in the audience", False),
        (True, "The contact does not exist", False),
        (False, "Email address already in segment", False),
        (True, "Server busy", False),
        (False, "A request is already being processed", False),
        (False, "This audience is not available", False),
    ],
)
def test_of_a_tags_errors_only_those_that_say_so_are_what_was_wanted(adds, words, so):
    found = of_tag({"errors": [{"email_addresses": ["X@example.com"], "error": words}]}, adds)
    assert found == ({} if so else {"x@example.com": (REJECTED, words)})


def test_the_same_address_twice_in_a_batch_is_one_member(mailchimp):
    fake, channel = mailchimp
    assert statuses(channel, changes(email=["a@example.com", "A@example.com"])) == [ACCEPTED] * 2
    assert len(fake.members) == 1


def test_without_an_address_there_is_nobody_to_send(mailchimp):
    _, channel = mailchimp
    assert settled(channel, changes(email=["a@example.com", None]))[1] == (REJECTED, "no e-mail address")


# -- the tag ----------------------------------------------------------------------------------------------------------


def test_the_tag_is_made_once_and_found_by_its_whole_name(mailchimp, tmp_path, monkeypatch):
    fake, channel = mailchimp
    fake.tags[7] = ["loyal, long ago", set()]
    statuses(channel, three())
    statuses(channel, changes("remove", "run2", email=ABC[:1]))
    with vendor("mailchimp", tmp_path, monkeypatch, fake=fake) as (_, other):
        statuses(other, changes(key="run3", email=["d@example.com"]))
    assert [name for name, _ in fake.tags.values()] == ["loyal, long ago", "loyal"]
    assert fake.audience() == {"B@example.com", "c@example.com", "d@example.com"}


def test_the_tag_may_have_another_name(tmp_path, monkeypatch):
    with vendor("mailchimp", tmp_path, monkeypatch, tag="VIP") as (fake, channel):
        statuses(channel, three())
        assert fake.tagged("VIP") == set(ABC) and not fake.audience()


def test_a_new_address_keeps_the_member_and_an_occupied_one_takes_its_tag(mailchimp):
    fake, channel = mailchimp
    statuses(channel, three(FNAME=["Ann", "Bea", "Cai"]))
    member(fake, "taken@example.com", "subscribed")
    moved = changes("update", "run2", email=["new@example.com", "taken@example.com"], before={"email": ABC[:2]})
    assert statuses(channel, moved) == [ACCEPTED] * 2
    assert fake.values("new@example.com")["FNAME"] == "Ann" and member_id("a@example.com") not in fake.members
    assert fake.audience() == {"new@example.com", "taken@example.com", "c@example.com"}
    assert state(fake, "b@example.com") == "subscribed"


def test_leaving_takes_the_tag_and_nothing_else(mailchimp):
    fake, channel = mailchimp
    statuses(channel, three())
    assert statuses(channel, changes("remove", "run2", email=["A@example.com"])) == [ACCEPTED]
    assert fake.audience() == set(ABC[1:]) and state(fake, "a@example.com") == "subscribed"


def test_modes_that_only_create_or_only_update(mailchimp):
    fake, channel = mailchimp
    member(fake, "a@example.com", "subscribed", FNAME="Old")
    people = {"email": ABC[:2], "FNAME": ["New", "New"]}
    assert statuses(channel, changes(mode="update_only", **people)) == [ACCEPTED, SKIPPED]
    assert fake.values("a@example.com")["FNAME"] == "New" and len(fake.members) == 1
    assert statuses(channel, changes(mode="create_only", **people)) == [SKIPPED, ACCEPTED]


def test_options_reach_the_vendor(tmp_path, monkeypatch):
    with vendor("mailchimp", tmp_path, monkeypatch, new_status="pending", skip_merge_validation=True) as (
        fake,
        channel,
    ):
        statuses(channel, changes(email=ABC[:1], language=["en"], FNAME=[None]))
        (sent,) = [r for r in fake.requests if r.method == "POST" and r.path == LIST]
        assert sent.query == {"skip_merge_validation": ["true"], "skip_duplicate_check": ["true"]}
        one = {"email_address": "a@example.com", "status": "pending", "language": "en", "merge_fields": {"FNAME": ""}}
        assert sent.json()["members"] == [one]


# -- keys, hosts, half a batch ----------------------------------------------------------------------------------------


def test_the_host_is_the_data_centre_at_the_keys_end(tmp_path, monkeypatch):
    settings = load_settings(home=tmp_path)
    monkeypatch.setenv("FAIRLEAD_MAILCHIMP_API_KEY", "0123456789abcdef-us21")
    assert open_channel(settings, Options(list_id="x")).base_url == "https://us21.api.mailchimp.com"
    for wrong in ("0123456789abcdef", "0123456789abcdef-evil.example/"):
        monkeypatch.setenv("FAIRLEAD_MAILCHIMP_API_KEY", wrong)
        assert "data centre" in usual.missing(open_channel(settings, Options(list_id="x")))


def test_what_fails_after_the_members_were_made_may_have_been_done(mailchimp):
    fake, channel = mailchimp
    for fault, kind in ((["429"], NotSent), (["", "429"], MaybeSent)):
        fake.script = fault
        with pytest.raises(CallFailed) as stopped:
            channel.push(three())
        assert type(stopped.value) is kind


# -- the vendor's own words -------------------------------------------------------------------------------------------


def said(method, status):
    found = [
        e for e in recorded.exchanges("mailchimp") if e.method == method and e.status == status and "/members" in e.path
    ]
    if not found:
        pytest.skip("needs ../shared/specs, which is no part of the project")
    return [(e, Reply(e.status, {}, e.answer[2], "mailchimp")) for e in found]


def test_recorded_members_are_accepted_unless_they_unsubscribed():
    verdicts = {(e.response_body["status"], of_member(reply)) for e, reply in said("PUT", 200)}
    assert verdicts == {("subscribed", (ACCEPTED, None)), ("unsubscribed", (SKIPPED, "is unsubscribed at Mailchimp"))}


def test_a_recorded_update_without_a_status_left_the_member_unsubscribed_and_one_with_a_new_address_moved_it():
    quiet = [
        e for e, _ in said("PUT", 200) if "status" not in e.request_body and e.response_body["status"] == "unsubscribed"
    ]
    assert quiet
    moved = [
        e for e, _ in said("PUT", 200) if e.request_body.get("email_address") and e.response_body["id"] not in e.path
    ]
    assert moved and all(e.response_body["email_address"] == e.request_body["email_address"] for e in moved)


def test_recorded_refusals_are_read():
    read = [(is_taken(reply), of_member(reply)) for _, reply in (*said("PUT", 400), *said("POST", 400))]
    assert all(status == REJECTED and why for _, (status, why) in read)
    assert [taken for taken, _ in read].count(True) == 1
    assert any("LTV: Please enter a number" in why for _, (_, why) in read)
