"""What is special to Bluesky: facets by bytes, keys that meet themselves, posts that wait for their time, and a real server's word on all of it."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import bluesky_server
from support.bluesky_server import HANDLE, PASSWORD, bluesky
from support.fakes.bluesky import DID, Vendor

from activation.channels.bluesky.post import record, record_key
from activation.delivery import usual
from activation.delivery.send import part
from activation.vendor.http import Request
from core.errors import FatalError, RecordError
from tests.activation.channels.opened import batch, channel_at, delivered, opened

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
ROW = {"text": "Hello", "due_at": None}
TEXTS = [
    "plain words, ann@example.com and 50% # not a tag",
    "ünïcode 😀 https://www.example.com/a_(b)?x=1&y=ü and more",
    "(https://www.example.com/a), https://www.example.com/b. https://www.example.com/c!",
    "#one #2 #two3 #Zoë, #end. x#none ＃wide",
    "line\nhttps://www.example.com/\n#tag\n",
    "👨‍👩‍👧‍👦 #family 👨‍👩‍👧‍👦",
    "@friend.example.com hello @friend.example.com. (@friend.example.com) mail@friend.example.com",
]


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch, text="{{ text }}")


def pushed(channel, **row):
    said = channel.push(batch([{**ROW, **row}], mode="append"))
    return said.statuses[0].as_py(), said.errors[0].as_py()


def found(text, did_of=lambda handle: None):
    """(kind, what it points to, the bytes it covers as text) of each facet."""
    facets = record(text, (), NOW, did_of).get("facets", [])
    out = []
    for facet in facets:
        (feature,) = facet["features"]
        kind = feature["$type"].partition("#")[2]
        covered = text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        out.append((kind, feature.get("uri") or feature.get("tag") or feature.get("did"), covered))
    return out


def test_links_tags_and_mentions_are_found_by_bytes():
    assert found(TEXTS[1]) == [
        ("link", "https://www.example.com/a_(b)?x=1&y=ü", "https://www.example.com/a_(b)?x=1&y=ü")
    ]
    assert [uri for _, uri, _ in found(TEXTS[2])] == [f"https://www.example.com/{x}" for x in "abc"]
    assert [(tag, covered) for _, tag, covered in found(TEXTS[3])] == [
        ("one", "#one"), ("two3", "#two3"), ("Zoë", "#Zoë"), ("end", "#end"), ("wide", "＃wide"),
    ]  # fmt: skip
    assert found(TEXTS[0]) == [] and found("#" + "x" * 65) == []
    assert found(TEXTS[6], {"friend.example.com": DID}.get) == [("mention", DID, "@friend.example.com")] * 3


def test_a_handle_is_asked_for_once_and_stays_text_where_nobody_has_it(at):
    fake = Vendor()
    with at(fake) as channel:
        for key in ("e1", "e2"):
            channel.push(batch([{"text": "for @friend.example.com and @nobody.example.com"}], keys=[key]))
        # The folder of lexicons has no com.atproto.identity.resolveHandle.
        fake.violations = [v for v in fake.violations if "resolveHandle: path" not in v]
    posts = list(fake.records.values())
    assert len(posts) == 2 and all(
        [f["features"][0]["did"] for f in p["facets"]] == [fake.handles["friend.example.com"]] for p in posts
    )
    assert sum("resolveHandle" in r.path for r in fake.requests) == 2


@given(st.text(max_size=200), st.text(max_size=200))
def test_a_key_is_a_tid_and_differs_for_other_rows_and_other_syncs(one, other):
    key = record_key("loyal__bluesky", one)
    assert re.fullmatch(r"[234567a-j][234567a-z]{12}", key)
    assert (record_key("loyal__bluesky", other) == key) == (one == other) and record_key("x", one) != key


def test_a_text_is_counted_as_people_count():
    assert record("👨‍👩‍👧‍👦" * 100, (), NOW, lambda h: None)["text"]
    for text in ("x" * 301, "👨‍👩‍👧‍👦" * 121):  # 121 families are 3,025 bytes
        with pytest.raises(RecordError, match="Bluesky takes 300"):
            record(text, (), NOW, lambda h: None)


def test_the_same_row_in_another_run_is_the_same_post(at):
    fake = Vendor()
    with at(fake, langs=("en",)) as channel:
        first = channel.push(batch([ROW], mode="append"))
        again = channel.push(part(batch([ROW], mode="append"), 0, 1))
        other = channel.push(batch([ROW], mode="append", keys=["p9"]))
    assert first.remote_ids == again.remote_ids != other.remote_ids and len(fake.records) == 2
    assert all(r["langs"] == ["en"] for r in fake.records.values())


def test_a_row_waits_for_its_time_and_says_so(at):
    fake = Vendor()
    soon, past = datetime.now(UTC) + timedelta(minutes=1), datetime.now(UTC) - timedelta(seconds=1)
    with at(fake) as channel:
        said = f"due at {soon.strftime('%Y-%m-%dT%H:%M:%SZ')}"
        assert pushed(channel, due_at=soon.isoformat()) == ("skipped", said)
        assert pushed(channel, due_at=soon.replace(tzinfo=None).isoformat()) == ("skipped", said), (
            "a time without a zone is UTC"
        )
        assert pushed(channel, due_at="next week")[0] == "rejected"
        assert not fake.requests
        assert pushed(channel, due_at=past.isoformat()) == ("accepted", None)
    assert len(fake.records) == 1


@pytest.mark.parametrize("word", ["ExpiredToken", "InvalidToken"])
def test_a_session_at_its_end_is_replaced_once(at, word):
    fake = Vendor()
    fake.stale = word
    with at(fake) as channel:
        pushed(channel)
        fake.expire()
        assert pushed(channel) == ("accepted", None)
        usual, fake.createSession = fake.createSession, lambda given: (usual(given), fake.sessions.clear())[0]
        fake.expire()
        with pytest.raises(FatalError, match=word):
            pushed(channel)
    assert sum(r.path.endswith("createSession") for r in fake.requests) == 3


@pytest.mark.parametrize(
    ("refusal", "status"), [((400, "AccountTakedown"), "not_sent"), ((400, "InvalidRequest"), "rejected")]
)
def test_what_is_wrong_with_the_account_costs_no_row(at, refusal, status):
    fake = Vendor()
    fake.refusal = refusal
    with at(fake) as channel:
        assert delivered(channel, batch([ROW])).statuses.to_pylist() == [status]


def test_erasure_deletes_the_row_s_post_and_no_other(at):
    fake = Vendor()
    with at(fake) as channel:
        for key in ("p0", "p1"):
            channel.push(batch([ROW], keys=[key]))
        gone = batch([ROW, ROW], op="remove", keys=["p1", "never"])
        assert channel.erase(gone).statuses.to_pylist() == ["accepted"] * 2
    assert list(fake.records) == [record_key("loyal__test", "p0")]


# -- a real server -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server():
    with bluesky() as running:
        yield running


@pytest.fixture
def real(server, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_BLUESKY_APP_PASSWORD", PASSWORD)
    channel = channel_at(
        "bluesky",
        {"url": server.url, "options": {"identifier": HANDLE}},
        tmp_path,
        {"text": "{{ text }}", "langs": ["en"]},
    )
    yield channel
    usual.close(channel)


def held(channel, uri):
    """The post as the server keeps it."""
    query = dict(zip(("repo", "collection", "rkey"), uri.removeprefix("at://").split("/"), strict=True))
    return channel.http.call(Request("GET", "/xrpc/com.atproto.repo.getRecord", params=query)).json()["value"]


@pytest.mark.timeout(1800)  # the first time, it is installed
def test_a_real_server_keeps_each_post_once_with_its_facets(real, server):
    assert real.check().ok
    text = f"Hello 😀 @{HANDLE} https://www.example.com/ü #Zoë"
    said = [real.push(batch([{"text": text}], mode="append")) for _ in range(2)]
    assert [s.statuses.to_pylist() for s in said] == [["accepted"]] * 2 and said[0].remote_ids == said[1].remote_ids
    post = held(real, said[0].remote_ids[0].as_py())
    kinds = [f["features"][0] for f in post["facets"]]
    assert (
        post["text"] == text and post["langs"] == ["en"] and kinds[0]["did"] == server.did and kinds[2]["tag"] == "Zoë"
    )
    gone = batch([{"text": text}], op="remove")
    assert [real.erase(gone).statuses.to_pylist() for _ in range(2)] == [["accepted"]] * 2
    assert real.push(batch([{"text": text}], mode="append")).statuses.to_pylist() == ["accepted"]


def test_a_real_server_s_refusals_mean_what_the_channel_takes_them_for(real, monkeypatch):
    assert real.push(batch([{"text": "x" * 300}], keys=["long"])).statuses.to_pylist() == ["accepted"]
    monkeypatch.setattr("activation.channels.bluesky.post.MOST_GRAPHEMES", 10_000)
    said = real.push(batch([{"text": "x" * 301}], keys=["longer"]))
    assert said.statuses.to_pylist() == ["rejected"] and "grapheme too big" in said.errors[0].as_py()
    real.session = {**real.session, "accessJwt": "not-a-token"}
    assert real.push(batch([{"text": "again"}], keys=["renewed"])).statuses.to_pylist() == ["accepted"]
    monkeypatch.setattr(real, "session", {})
    real.access.secrets["password"] = "wrong"
    assert not real.check().ok


def test_the_official_client_finds_the_same_in_the_same_texts(server):
    for text, theirs in zip(TEXTS, server.facets(TEXTS), strict=True):
        ours = record(text, (), NOW, lambda handle: handle).get("facets", [])
        assert sorted(map(plain, ours)) == sorted(map(plain, theirs["facets"])), text


def plain(facet):
    (feature,) = facet["features"]
    kind = feature["$type"].partition("#")[2]
    value = feature.get("uri") or feature.get("tag") or feature.get("did")
    return facet["index"]["byteStart"], facet["index"]["byteEnd"], kind, value


def test_an_install_that_does_not_end_is_ended_with_all_that_it_has_started(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(bluesky_server, "INSTALL_WITHIN_SECONDS", 0.5)
    with pytest.raises(subprocess.TimeoutExpired):
        bluesky_server._run(["sh", "-c", "sleep 60 & echo $! > child; wait"], tmp_path)
    child = int((tmp_path / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"
