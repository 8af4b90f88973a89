"""What servers really answered can be replayed; the oracle accepts what they accepted, but for the list here."""

import http.client
import re
import urllib.request

import pytest
from support.descriptions.description import Description
from support.recorded import RECORDED, Exchange, exchanges, replay, responses

needs_recordings = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="needs ../shared/specs/recorded, which is not part of the project"
)
VENDORS = {  # recording to description; klaviyo's are of an API that is gone, mailjet and zendesk have no channel
    "braze": "braze", "customerio": "customerio", "facebook": "meta", "google-sheets": "google", "hubspot": "hubspot",
    "intercom": "intercom", "iterable": "iterable", "mailchimp": "mailchimp", "marketo": "marketo",
    "onesignal": "onesignal", "salesforce": "salesforce", "sendgrid": "sendgrid",
}  # fmt: skip
EMPTY = "its client sends {} where there is nothing to send"
KNOWN: dict[str, list[tuple[str, str]]] = {  # a pattern of the fault, and why the recorded request stands all the same
    "facebook": [
        (r"body /id: undeclared|query id: undeclared", "its SDK repeats the id of the path"),
        (r"body: none is described|body /payload: missing", EMPTY),
    ],
    "google-sheets": [
        (r"path /oauth2/v4/token: ", "the token server, which no discovery document describes"),
        (r"path /v4/spreadsheets/\*/:batchUpdate: ", "the server forgives a slash before the verb"),
    ],
    "hubspot": [
        (r"query hapikey: ", "API keys, which were given up in November 2022"),
        (r"path /contacts/v1/", "the contacts API before CRM v3"),
        (r"path /api/v1/oauth/hubspot/", "grouparoo's own server"),
    ],
    "intercom": [
        (r"body /external_id: not of type string", "the server takes a number, and answers with a text"),
        (r"body: none is described", EMPTY),
    ],
    "mailchimp": [(r"body: none is described", EMPTY)],
    "marketo": [
        (r"path /rest/asset/v1/", "the asset API, which has a description of its own"),
        (r"method POST: /rest/v1/list/", "an older name of /lists/, which still answers"),
        (r"query _method: ", "asks for another method than POST; no channel of ours does"),
    ],
    "salesforce": [(r"path /services/Soap/", "the login by SOAP")],
}  # fmt: skip


def verdicts(vendor: str) -> list[tuple[Exchange, list[str]]]:
    """Every recorded request that was answered 2xx; the recordings hold no request headers, so none are checked."""
    check = Description.load(VENDORS[vendor]).check
    done = [one for one in exchanges(vendor) if one.status < 300]
    return [(one, check(one.method, one.path, one.query, None, one.request, one.content_type)) for one in done]


@needs_recordings
@pytest.mark.parametrize("vendor", VENDORS)
def test_every_request_that_a_server_accepted_is_accepted_or_its_fault_is_known(vendor):
    found = verdicts(vendor)
    patterns = [re.compile(pattern) for pattern, _ in KNOWN.get(vendor, [])]
    faults = {fault for _, some in found for fault in some}
    assert found and {fault for fault in faults if not any(p.match(fault) for p in patterns)} == set()
    assert [p.pattern for p in patterns if not any(p.match(fault) for fault in faults)] == [], "no longer needed"


@needs_recordings
def test_most_of_what_was_recorded_is_accepted_without_any_exception():
    """So that a slip in the oracle cannot hide behind the list of what is known."""
    plain = {vendor: sum(not faults for _, faults in verdicts(vendor)) for vendor in VENDORS}
    assert plain == {
        "braze": 28, "customerio": 16, "facebook": 0, "google-sheets": 16, "hubspot": 0, "intercom": 39, "iterable": 28,
        "mailchimp": 32, "marketo": 21, "onesignal": 9, "salesforce": 52, "sendgrid": 31,
    }  # fmt: skip


@needs_recordings
def test_the_recorded_hubspot_batches_are_accepted_but_for_the_key_in_the_query():
    crm = [(one, faults) for one, faults in verdicts("hubspot") if one.path.startswith("/crm/v3/")]
    assert len(crm) == 74 and all(faults == ["query hapikey: undeclared"] for _, faults in crm)


@needs_recordings
def test_the_answers_of_one_path_are_given_by_status():
    limited = responses("hubspot", "/search", 429)
    assert len(limited) == 16
    assert all("Retry-After" not in headers and b"RATE_LIMIT" in body for _, headers, body in limited)
    assert responses("hubspot", "/batch/archive", 204)[0][2] == b""
    assert responses("nobody") == []


def recorded(method: str, path: str, status: int = 200, body: object = None, **headers: str) -> Exchange:
    return Exchange("shop", "https://example.com", method, path, status, {}, None, body, headers)


def ask(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    host, _, path = url.removeprefix("http://").partition("/")
    line = http.client.HTTPConnection(host, timeout=5)
    try:
        line.request(method, f"/{path}", body)
        answer = line.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        line.close()


def test_recorded_answers_come_in_their_order_and_each_of_them_once():
    with replay([recorded("GET", "/a", 200, {"n": 1}), recorded("GET", "/a", 429, "slow", Limit="9")]) as server:
        assert ask(f"{server.url}/a?page=2")[::2] == (200, b'{"n":1}')
        status, headers, body = ask(f"{server.url}/a")
        assert (status, headers["Limit"], body) == (429, "9", b"slow")
        assert ask(f"{server.url}/a")[0] == 501
    assert server.unanswered == ["GET /a"] and server.requests[0][:3] == ("GET", "/a", {"page": ["2"]})


def test_a_path_with_another_account_s_ids_gets_the_answer_of_the_same_shape():
    with replay(
        [recorded("POST", "/lists/123/members", 201, []), recorded("DELETE", "/people/a@example.com", 204)]
    ) as server:
        assert ask(f"{server.url}/lists/98/members", "POST", b"{}")[::2] == (201, b"[]")
        assert ask(f"{server.url}/people/b@example.com", "DELETE")[::2] == (204, b"")
        assert ask(f"{server.url}/lists/98/tags", "POST")[0] == 501
    assert server.unanswered == ["POST /lists/*/tags"]


def test_the_exact_path_beats_one_of_the_same_shape_that_was_recorded_before():
    with replay([recorded("GET", "/p/11", 200, "other"), recorded("GET", "/p/12", 200, "own")]) as server:
        assert ask(f"{server.url}/p/12")[2] == b"own" and ask(f"{server.url}/p/12")[2] == b"other"


def test_what_belongs_to_the_line_and_not_to_the_answer_is_left_out():
    one = recorded(
        "GET", "/a", 200, "text", **{"Content-Length": "99", "Transfer-Encoding": "chunked", "Content-Encoding": "gzip"}
    )
    with replay([one]) as server, urllib.request.urlopen(f"{server.url}/a", timeout=5) as answer:
        assert answer.read() == b"text" and answer.headers["Content-Encoding"] is None


def test_neither_an_exchange_nor_a_replay_shows_a_body_in_its_repr():
    one = recorded("GET", "/a", 200, {"email": "person@example.com"})
    with replay([one]) as server:
        ask(f"{server.url}/a", "POST", b"person@example.com")
    assert "person" not in repr(one) + repr(server)
