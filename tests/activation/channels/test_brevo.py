"""What is special to Brevo: imports with files of failures, two imports for two policies, contacts that are renamed."""

import json

import pytest

from activation.delivery import usual
from core.errors import FatalError
from tests.activation.channels.opened import changes, settled, statuses, vendor


@pytest.fixture
def brevo(tmp_path, monkeypatch):
    with vendor("brevo", tmp_path, monkeypatch) as (fake, channel):
        yield fake, channel


def three(**more):
    return changes(email=["a@example.com", "B@example.com", "c@example.com"], **more)


def imports(fake):
    return [r.json() for r in fake.requests if r.path == "/v3/contacts/import"]


def test_an_attribute_that_brevo_would_leave_out_silently_ends_the_sync(brevo):
    fake, channel = brevo
    with pytest.raises(FatalError, match="no attribute SHOE_SIZE"):
        channel.push(three(SHOE_SIZE=[1, 2, 3]))
    assert not imports(fake)


def test_a_failure_in_a_file_lands_on_its_row_whatever_the_case(brevo):
    fake, channel = brevo
    fake.poison = {"B@example.com"}
    said = settled(channel, three())
    assert [s for s, _ in said] == ["accepted", "rejected", "accepted"] and "did not import" in said[1][1]
    files = [r for r in fake.requests if r.path.startswith("/files/")]
    assert len(files) == 1 and "api-key" not in files[0].headers


def test_after_a_restart_an_import_with_failures_leaves_all_in_doubt_and_one_without_none(brevo):
    fake, channel = brevo
    for poison, expected in (({"a@example.com"}, "in_doubt"), (set(), "accepted")):
        fake.poison = poison
        job = channel.push(three()).job
        channel.addresses_by_job.clear()
        assert channel.collect(job, three().keys) is None
        assert set(channel.collect(job, three().keys).statuses.to_pylist()) == {expected}


def test_the_job_names_no_person_and_a_missing_address_costs_its_row(brevo):
    _, channel = brevo
    rows = changes(email=["a@example.com", None])
    assert "example.com" not in channel.push(rows).job
    assert settled(channel, rows) == [("accepted", None), ("rejected", "no e-mail address")]
    assert statuses(channel, changes(email=[None, None], FIRSTNAME=["a", "b"])) == ["rejected"] * 2


def test_fields_that_null_may_clear_and_fields_that_it_may_not_go_in_imports_of_their_own(brevo):
    fake, channel = brevo
    rows = three(FIRSTNAME=["Ann", None, "Cy"], VALUE=[1.0, None, 2.0], policies={"VALUE": "never_null"})
    assert statuses(channel, rows) == ["accepted"] * 3
    sent = [(i["emptyContactsAttributes"], sorted(i["jsonBody"][1]["attributes"])) for i in imports(fake)]
    assert sent == [(True, ["FIRSTNAME"]), (False, ["VALUE"])]


def test_a_row_that_both_imports_refuse_leaves_the_others_accepted(brevo):
    fake, channel = brevo
    fake.poison = {"a@example.com"}
    rows = three(FIRSTNAME=["Ann", "Bo", "Cy"], VALUE=[1.0, 2.0, 3.0], policies={"VALUE": "never_null"})
    assert statuses(channel, rows) == ["rejected", "accepted", "accepted"]


def test_a_renamed_contact_keeps_its_history_and_one_that_exists_twice_leaves_the_list(brevo):
    fake, channel = brevo
    settled(channel, three(FIRSTNAME=["Ann", "Bob", "Cy"]))
    fake.contacts["b@example.com"]["history"] = "opened"
    old = {"email": ["B@example.com", "c@example.com"]}
    moved = changes("update", "run2", keys=["p1", "p2"], email=["new@example.com", "a@example.com"], before=old)
    assert statuses(channel, moved) == ["accepted"] * 2
    assert fake.contacts["new@example.com"]["history"] == "opened"
    assert fake.audience() == {"a@example.com", "new@example.com"} and "c@example.com" in fake.contacts


def test_removals_go_150_a_call(brevo):
    fake, channel = brevo
    people = {"email": [f"p{i}@example.com" for i in range(320)]}
    settled(channel, changes(**people))
    assert set(statuses(channel, changes("remove", "run2", **people))) == {"accepted"}
    calls = [len(r.json()["emails"]) for r in fake.requests if r.path.endswith("/remove")]
    assert calls == [150, 150, 20] and not fake.audience()


def test_who_is_blacklisted_stays_so(brevo):
    fake, channel = brevo
    settled(channel, three())
    fake.contacts["a@example.com"]["emailBlacklisted"] = True
    settled(channel, three(key="run2"))
    assert fake.contacts["a@example.com"]["emailBlacklisted"] is True
    assert all("lacklist" not in json.dumps(i) for i in imports(fake))


def test_the_rate_is_read_from_brevos_own_headers(brevo):
    _, channel = brevo
    settled(channel, three())
    assert usual.quota(channel).remaining == 99 and usual.quota(channel).resets_in_seconds == 1
