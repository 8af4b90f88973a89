"""A credential goes to the configured origin alone, whatever an answer says, and never without the TLS asked."""

import pytest
from support.alert_places import mail_server
from support.endless_servers import answers, endless

from activation.channel import MaybeSent, NotSent, NotThere
from activation.channels.smtp.session import Server
from activation.delivery.route import PushRequest
from activation.vendor.failure_files import downloaded
from activation.vendor.http import Http, Request, Token
from core.errors import FatalError
from core.settings import load_settings

SECRET = "a-secret-of-the-test"


def home(url, **more):
    return Http("acme", url, {"X-Key": SECRET}, auth=("user", SECRET), **more)


def saw(server):
    return any(SECRET.encode() in head or b"authorization" in head.lower() for head in server.requests)


@pytest.mark.parametrize(
    "status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_a_redirect_is_refused_with_its_place_and_never_followed(status):
    with (
        endless(answers("200 OK")) as other,
        endless(answers(status, f"Location: {other.url}/?token=theirs")) as own,
        pytest.raises(FatalError) as refused,
    ):
        home(own.url).call(Request("POST", "/people", json={"email": "a@example.com"}))
    assert refused.value.code == "FL116" and str(other.port) in str(refused.value)
    assert "theirs" not in str(refused.value) and other.requests == [] and len(own.requests) == 1


@pytest.mark.parametrize("named", ["{url}/next", "@127.0.0.1:{port}/next", "{url}@127.0.0.1:{port}/next"])
def test_an_address_that_an_answer_names_is_called_only_at_our_own_origin(named):
    with endless(answers("200 OK")) as own, endless(answers("200 OK")) as other:
        assert home(own.url).call(Request("GET", f"{own.url}/jobs/1")).status == 200
        with pytest.raises(FatalError) as refused:
            home(own.url).call(Request("GET", named.format(url=other.url, port=other.port)))
    assert refused.value.code in ("FL116", "FL411") and other.requests == []


def test_tls_is_not_left_for_an_address_without_it():
    for url in ("http://api.example.com/next", "https://api.example.com:8443/next"):
        with pytest.raises(FatalError) as refused:
            home("https://api.example.com").call(Request("GET", url))
        assert refused.value.code == "FL116"
    with pytest.raises(FatalError, match="without TLS"):
        downloaded(home("https://api.example.com"), "http://files.example.com/errors.csv")


def test_a_file_of_failures_elsewhere_is_fetched_without_our_key():
    with endless(answers("200 OK", body=b"a@example.com")) as files, endless(answers("200 OK")) as own:
        assert downloaded(home(own.url), f"{files.url}/signed?by=them") == b"a@example.com"
    assert files.requests and not saw(files) and not own.requests


@pytest.mark.parametrize(("status", "kind"), [("500 Internal Server Error", NotSent), ("400 Bad Request", FatalError)])
def test_what_a_token_endpoint_says_is_of_the_token_and_never_of_the_batch(status, kind):
    with endless(answers(status)) as door, endless(answers("200 OK")) as own:
        fetch = Http("acme", door.url)
        token = Token(lambda: (fetch.call(Request("POST", "/token")).json()["access_token"], 3600.0))
        with pytest.raises(kind) as said:
            Http("acme", own.url, auth=token).call(Request("POST", "/people", json={}))
    assert not isinstance(said.value, MaybeSent), "nothing was sent to anybody, so nothing is in doubt"
    assert own.requests == []


def test_a_job_that_is_not_there_is_an_error_of_its_own_kind():
    for status, kind in (("404 Not Found", NotThere), ("410 Gone", NotThere), ("403 Forbidden", FatalError)):
        with endless(answers(status)) as own, pytest.raises(FatalError) as said:
            home(own.url).call(Request("GET", "/jobs/1"))
        assert type(said.value) is kind


def test_the_smtp_channel_does_not_sign_in_where_starttls_is_not_offered():
    with mail_server() as mail:
        server = Server("127.0.0.1", mail.port, "starttls", None, "news", SECRET, "client.example.com", 5, 5)
        with pytest.raises(FatalError) as refused:
            server.connect()
    assert refused.value.code == "FL119" and mail.signed_in == []


def test_a_refused_google_credential_says_nothing_of_the_job(project, monkeypatch, tmp_path):
    """It did: everybody was taken as in doubt and sent again, because the refusal had no number."""
    from support.fakes.google_ads import Vendor

    from activation import jobs, under_way
    from activation.delivery.send import Retry

    fake = Vendor()
    with fake.running(tmp_path):
        for variable, value in fake.environment.items():
            monkeypatch.setenv(variable, value)
        section = {"google_ads": fake.section()}
        project.settings = load_settings(root=project.settings.root, home=project.settings.home, channels=section)
        path = project.settings.root / "activation/syncs/loyal__google_ads.yml"
        path.write_text(
            "description: d\nsegment: loyal\nchannel: google_ads\ncontact_channel: ads\nmode: mirror\n"
            'fields: {email: email}\noptions: {destination_id: "7001"}\n'
        )
        project.build({p: (f"{p}@example.com", p, 1.0) for p in "abc"})
        sent = jobs.push(project.settings, project.day, PushRequest(retry=Retry(job_seconds=0)))["syncs"][0]
        assert sent["waiting"] == 3, sent
        granted = fake.tokens.grant
        fake.expire()
        fake.tokens.grant = lambda: type(granted())(400, {"error": "invalid_grant"})
        refused = under_way.collect(project.settings)
        assert (refused["waiting"], refused["exit_code"]) == (3, under_way.STILL_WAITING), refused
        assert not project.query("select * from activation.delivered where status = 'in_doubt'")
        fake.tokens.grant = granted
        told = under_way.collect(project.settings)
        while told["waiting"]:
            told = under_way.collect(project.settings)
        assert told["syncs"][0]["delivered"] == 3
