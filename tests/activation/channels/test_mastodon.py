"""What is special to Mastodon: scheduled posts, a key for each, a quota that ends at a time, and its refusals."""

from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from support.fakes.mastodon import Vendor

from activation.channel import NotSent, Quota
from activation.channels.mastodon import read_quota
from activation.delivery import usual
from activation.delivery.send import part
from tests.activation.channels.opened import batch, delivered, opened

ROW = {"text": "Hello", "due_at": None}


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch, text="{{ text }}")


def pushed(channel, key="e1", **row):
    return channel.push(batch([{**ROW, **row}], mode="append", keys=[key]))


def ahead(**time):
    return (datetime.now(UTC) + timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_post_is_handed_over_when_the_server_can_keep_it_and_waits_here_when_it_cannot(at):
    fake = Vendor()
    with at(fake) as channel:
        tomorrow, soon = ahead(days=1), ahead(minutes=4)
        assert pushed(channel, due_at=tomorrow).remote_ids.to_pylist() == ["scheduled:101"]
        assert pushed(channel, "e2", due_at=soon).errors.to_pylist() == [f"due at {soon}"]
        assert pushed(channel, "e3", due_at=ahead(minutes=-1)).remote_ids.to_pylist() == ["102"]
        assert pushed(channel, "e4", due_at="noon").statuses.to_pylist() == ["rejected"]
    assert [s["scheduled_at"] for s in fake.scheduled.values()] == [tomorrow] and len(fake.statuses) == 1
    with at(fake, schedule=False) as channel:
        assert pushed(channel, "e5", due_at=tomorrow).statuses.to_pylist() == ["skipped"]


def test_the_same_row_carries_the_same_key_in_every_run_and_another_another(at):
    fake = Vendor()
    with at(fake) as channel:
        first, again = pushed(channel), channel.push(part(batch([ROW], keys=["e1"]), 0, 1))
        pushed(channel, "e2")
    keys = [r.headers["idempotency-key"] for r in fake.requests]
    assert keys[0] == keys[1] != keys[2] and first.remote_ids == again.remote_ids and len(fake.statuses) == 2


def test_the_options_are_said_as_the_server_wants_them(at):
    fake = Vendor()
    options = {"spoiler_text": "{{ text | default: '' }}", "visibility": "unlisted", "language": "en"}
    with at(fake, **options) as channel:
        pushed(channel)
    more = {"visibility": "unlisted", "spoiler_text": "Hello", "sensitive": True, "language": "en"}
    assert fake.requests[0].json() == {"status": "Hello", **more}


def test_a_post_that_the_server_refuses_is_rejected_with_its_words(at):
    fake = Vendor()
    fake.poison = {"ann@example.com"}
    with at(fake) as channel:
        done = delivered(channel, batch([{"text": "ann@example.com, at length"}]))
    assert done.statuses.to_pylist() == ["rejected"] and "limit of 500" in done.errors[0].as_py()


def test_a_server_that_has_had_enough_says_when_it_goes_on(at):
    fake = Vendor()
    fake.remaining = 0
    with at(fake) as channel:
        with pytest.raises(NotSent):
            pushed(channel)
        assert usual.quota(channel).remaining == 0 and 100 < usual.quota(channel).resets_in_seconds <= 120


def test_a_quota_is_read_only_where_there_is_one():
    assert read_quota(httpx.Headers({})) is None
    assert read_quota(httpx.Headers({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "soon"})) == Quota(7)
    past = httpx.Headers({"X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "2026-01-15T09:30:00.000000Z"})
    assert read_quota(past) == Quota(7, 0.0)


def test_erasure_deletes_a_post_and_says_where_it_cannot(at):
    fake = Vendor()
    with at(fake) as channel:
        out, later = pushed(channel).remote_ids, pushed(channel, "e2", due_at=ahead(days=1)).remote_ids

        def erased(ids):
            return channel.erase(batch([ROW], op="remove", remote_ids=ids)).statuses.to_pylist()

        assert erased(out) == erased(out) == erased(later) == ["accepted"]
        assert erased(later) == erased(None) == ["rejected"]
    assert not fake.statuses and not fake.scheduled
