"""What is special to mail: a server's answers on each row, one click to unsubscribe, clean headers.

The bounds of a message (encodings, folding, signatures) stand in test_smtp_message.py.
"""

import datetime
import ipaddress
import smtplib
import ssl
from functools import partial

import dkim
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from support.fakes.keys import ed25519_key, pem, rsa_key
from support.fakes.smtp import Vendor
from support.mail_servers import postfix
from support.servers import free_port

from activation.channel import NotSent
from activation.channels.smtp.lines import Envelope, Lines
from activation.channels.smtp.session import Line, Server
from activation.delivery import usual
from content.unsubscribe import read_token
from core.errors import ConfigError, FatalError
from tests.activation.channels.opened import batch, channel_at, delivered, opened
from tests.activation.channels.test_smtp_message import record_of

PEOPLE = [
    {"email": f"{name}@example.com", "first_name": name.title(), "value": 1.0}
    for name in ("ann", "ben", "cia", "dot", "eve")
]
FOOT = "{{ unsubscribe_url }} {{ postal_address }}"


@pytest.fixture
def at(tmp_path, monkeypatch):
    return partial(opened, folder=tmp_path, monkeypatch=monkeypatch)


@pytest.fixture
def open_only(tmp_path, monkeypatch):
    """The channel with these options and this section, connected to nothing; the DKIM key in the environment."""

    def make(section=None, **options):
        fake = Vendor()
        fake.more = section or {}
        for variable, value in {**fake.environment, "FAIRLEAD_SMTP_DKIM_KEY": pem(rsa_key())}.items():
            monkeypatch.setenv(variable, value)
        return channel_at("smtp", fake.section(), tmp_path, {**fake.options, **options})

    return make


def told(results):
    return results.statuses.to_pylist()


# -- the server's answers ----------------------------------------------------------------------------------------------


def test_each_answer_of_the_server_lands_on_its_row(at):
    fake = Vendor()
    fake.replies = {"ann@example.com": "450 4.2.1 mailbox busy", "ben@example.com": "550 5.1.1 no such user"}
    fake.content_replies = {"cia@example.com": "552 5.3.4 too big", "dot@example.com": "452 4.3.1 disk full"}
    with at(fake) as channel:
        said = channel.push(batch(PEOPLE))
    assert told(said) == ["skipped", "rejected", "rejected", "skipped", "accepted"]
    words = ["450 4.2.1 mailbox busy (asked", "550 5.1.1", "552 5.3.4", "452 4.3.1 disk full (asked"]
    assert all(error.startswith(word) for error, word in zip(said.errors.to_pylist(), words, strict=False))
    assert fake.audience() == {"eve@example.com"}


def test_a_connection_cut_before_the_answer_leaves_that_message_in_doubt_and_no_other(at):
    fake = Vendor()
    fake.script = ["", "cut acts"]
    with at(fake) as channel:
        done = delivered(channel, batch(PEOPLE))
    assert done.statuses.to_pylist() == ["accepted", "in_doubt", "accepted", "accepted", "accepted"]
    assert all(fake.received(p["email"]) == 1 for p in PEOPLE)


def test_a_server_that_takes_two_messages_a_connection_gets_them_over_three(at):
    fake = Vendor()
    fake.most = 2
    with at(fake) as channel:
        assert told(channel.push(batch(PEOPLE))) == ["accepted"] * 5
    assert fake.connections == 3 and all(fake.received(p["email"]) == 1 for p in PEOPLE)


def test_messages_share_a_connection_up_to_the_declared_number_and_so_do_batches(at):
    fake = Vendor()
    fake.more = {"messages_per_connection": 4}
    with at(fake) as channel:
        channel.push(batch(PEOPLE[:3]))
        channel.push(batch(PEOPLE[3:]))
    assert fake.connections == 2


def test_what_a_server_that_has_gone_did_not_get_is_told_as_not_sent(at, monkeypatch):
    fake = Vendor()
    fake.script = ["", "cut acts"]
    usual = Server.connect

    def once(server):
        monkeypatch.setattr(Server, "connect", refuse)
        return usual(server)

    def refuse(server):
        raise NotSent("smtp: no connection")

    with at(fake) as channel:
        monkeypatch.setattr(Server, "connect", once)
        said = channel.push(batch(PEOPLE))
        assert told(said) == ["accepted", "in_doubt", "skipped", "skipped", "skipped"]
        with pytest.raises(NotSent):
            channel.push(batch(PEOPLE[2:]))


def test_a_message_cut_before_its_end_has_not_arrived_and_holds_up_no_other():
    class Cut:
        sock = object()

        def docmd(self, command):
            return (354 if command == "DATA" else 250), b"go on"

        def send(self, data):
            if b"bad" in data:
                raise smtplib.SMTPServerDisconnected
            self.sent = data

        def getreply(self):
            return 250, b"queued"

        def close(self):
            self.sock = None

        quit = close

    class There:
        def connect(self):
            return Line(Cut(), 1, 1)

    def send(*words):
        return [status for status, _ in Lines(There(), 100).send([Envelope("a@x", "b@x", w) for w in words])]

    assert send(b"good", b"bad", b"good", b"bad", b"good") == ["accepted", "skipped", "accepted", "skipped", "accepted"]
    assert send(b"bad", b"good") == ["skipped", "accepted"]
    with pytest.raises(NotSent):
        send(b"bad", b"bad", b"good")


def test_a_sender_that_the_server_refuses_ends_the_sync_and_costs_nobody(at):
    fake = Vendor()
    fake.sender_reply = "550 5.7.1 you may not send as this"
    with at(fake) as channel, pytest.raises(FatalError, match="refuses the sender"):
        channel.push(batch(PEOPLE))


def test_somebody_without_a_usable_address_costs_that_row_and_no_connection(at):
    fake = Vendor()
    wrong = [
        "",
        "a b@example.com",
        "ann@",
        "x@localhost",
        "two@example.com,ben@example.com",
        "a@example.com\r\nBcc: b@example.com",
    ]
    with at(fake) as channel:
        said = channel.push(batch([{**PEOPLE[0], "email": a} for a in wrong]))
    assert told(said) == ["rejected"] * 6 and fake.connections == 0


# -- templates ---------------------------------------------------------------------------------------------------------


def test_a_name_that_is_not_known_costs_that_row_unless_the_template_says_what_to_write(at):
    rows = [{**PEOPLE[0], "first_name": None}, PEOPLE[1]]
    with at(Vendor()) as channel:
        said = channel.push(batch(rows))
    assert told(said) == ["rejected", "accepted"] and "first_name is empty" in said.errors[0].as_py()
    fake, kind = Vendor(), "{{ first_name | default: 'there' }}"
    with at(fake, subject=kind, text=f"Hello {kind} {FOOT}", html=None) as channel:
        assert told(channel.push(batch(rows))) == ["accepted"] * 2
    assert fake.letters[0][2]["Subject"] == "there"


def test_a_variable_that_the_sync_does_not_map_stops_it_before_anybody_is_written_to(at):
    fake = Vendor()
    with at(fake, subject="{{ surname }}") as channel, pytest.raises(FatalError, match="surname"):
        channel.push(batch(PEOPLE))
    assert not fake.letters


def test_a_value_begins_no_header_and_no_element(at):
    fake = Vendor()
    hostile = 'x\r\nBcc: all@example.com\r\n\r\n<img src="y">{{ email }}'
    with at(fake, to_name="{{ first_name }}") as channel:
        assert told(channel.push(batch([{**PEOPLE[0], "first_name": hostile}]))) == ["accepted"]
    _, to, letter, _ = fake.letters[0]
    assert letter["Bcc"] is None and letter["To"].addresses[0].addr_spec == to
    assert letter["Subject"] == 'For x Bcc: all@example.com <img src="y">{{ email }}'
    assert "<img" not in letter.get_body(("html",)).get_content()
    assert '<img src="y">{{ email }}' in letter.get_body(("plain",)).get_content()


def test_lines_that_begin_with_a_dot_arrive_as_they_were(at):
    fake, dots = Vendor(), ".\n..\n.x\nFrom me\n"
    with at(fake, text=dots + FOOT, html=None) as channel:
        assert told(channel.push(batch(PEOPLE[:1]))) == ["accepted"]
    assert fake.letters[0][2].get_body(("plain",)).get_content().splitlines()[:4] == dots.splitlines()


# -- what the law and the mailbox providers ask ------------------------------------------------------------------------


def test_one_click_is_complete_and_signed_with_its_token(at, monkeypatch):
    fake = Vendor()
    fake.more = {"dkim_domain": "example.com", "dkim_selector": "s1", "unsubscribe_mailto": "leave@example.com"}
    monkeypatch.setenv("FAIRLEAD_SMTP_DKIM_KEY", pem(rsa_key()))
    with at(fake) as channel:
        channel.push(batch(PEOPLE[:2]))
    links = []
    for _, _, letter, raw in fake.letters:
        link, mail = (part.strip(" <>") for part in letter["List-Unsubscribe"].split(","))
        assert mail == "mailto:leave@example.com" and letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert (
            link in letter.get_body(("plain",)).get_content()
            and f'href="{link}"' in letter.get_body(("html",)).get_content()
        )
        signed = letter["DKIM-Signature"].replace(" ", "").split("h=")[1].split(";")[0].lower().split(":")
        assert {"from", "list-unsubscribe", "list-unsubscribe-post", "feedback-id", "date", "message-id"} <= set(signed)
        assert dkim.verify(raw, dnsfunc=record_of(rsa_key()))
        assert not dkim.verify(
            raw.replace(b"List-Unsubscribe=One-Click", b"List-Unsubscribe=No"), dnsfunc=record_of(rsa_key())
        )
        links.append(link)
    key = fake.environment["FAIRLEAD_SMTP_UNSUBSCRIBE_KEY"].encode()
    assert [read_token(key, link.removeprefix("https://www.example.com/u/")) for link in links] == [
        ("p0", "loyal__test"),
        ("p1", "loyal__test"),
    ]


def test_commercial_and_transactional_mail_say_which_they_are(at):
    fake = Vendor()
    with at(fake) as channel:
        channel.push(batch(PEOPLE[:1]))
    with at(fake, message_class="transactional", text="Your code.", html=None) as channel:
        channel.push(batch(PEOPLE[1:2]))
    (_, _, offer, _), (_, _, code, _) = fake.letters
    assert offer["Precedence"] == "bulk" and offer["Feedback-ID"] == "loyal__test:commercial:2026-01-15:fairlead"
    assert (
        code["Auto-Submitted"] == "auto-generated" and code["List-Unsubscribe"] is None and code["Precedence"] is None
    )


@pytest.mark.parametrize(
    ("section", "options", "word"),
    [
        ({"postal_address": None}, {}, "postal_address is empty"),
        ({"postal_address": "  "}, {}, "postal_address is empty"),
        ({"unsubscribe_url": None}, {}, "unsubscribe_url"),
        ({"unsubscribe_url": "http://www.example.com/{token}"}, {}, "https://"),
        ({"unsubscribe_url": "https://www.example.com/"}, {}, "{token}"),
        ({}, {"text": "{{ postal_address }}"}, "options.text: the text must always show {{ unsubscribe_url }}"),
        ({}, {"text": "{{ unsubscribe_url }}"}, "options.text: the text must always show {{ postal_address }}"),
        ({}, {"text": "{% if value %}" + FOOT + "{% endif %}"}, "always show {{ unsubscribe_url }}"),
        ({}, {"html": "<p>" + FOOT + "</p>"}, "options.html: the html must always show a link"),
        (
            {},
            {"html": '<!-- <a href="{{ unsubscribe_url }}">x</a> --> {{ postal_address }}'},
            "must always show a link",
        ),
        ({"dkim_domain": "example.org", "dkim_selector": "s"}, {}, "DMARC"),
        ({"dkim_domain": "example.com"}, {}, "dkim_selector is empty"),
        ({"envelope_from": "bounces"}, {}, "envelope_from"),
        ({"reply_to": "a@example.com\nBcc: b@example.com"}, {}, "reply_to"),
        ({"unsubscribe_mailto": "nobody"}, {}, "unsubscribe_mailto"),
    ],
)
def test_it_does_not_open_without_what_commercial_mail_must_have(open_only, section, options, word):
    with pytest.raises(ConfigError) as error:
        open_only(section, **options)
    assert word in str(error.value)


def test_transactional_mail_needs_no_way_out(open_only):
    bare = {"postal_address": None, "unsubscribe_url": None}
    assert usual.missing(open_only(bare, message_class="transactional", text="Your code.", html=None)) == ""


def test_a_relay_may_sign_under_a_domain_above_the_sender_s(open_only):
    channel = open_only({"dkim_domain": "example.com", "dkim_selector": "s1", "from_address": "news@mail.example.com"})
    assert usual.missing(channel) == ""


def test_what_is_not_set_is_named(tmp_path):
    fake = Vendor()
    fake.more = {"dkim_domain": "example.com", "dkim_selector": "s1", "host": ""}
    said = usual.missing(channel_at("smtp", fake.section(), tmp_path, fake.options))
    assert all(word in said for word in (*fake.environment, "FAIRLEAD_SMTP_DKIM_KEY", "options.host is empty"))


def test_a_key_that_is_none_is_refused_without_showing_it(open_only, monkeypatch, tmp_path):
    section = {"dkim_domain": "example.com", "dkim_selector": "s1", "dkim_key_env": "OTHER_KEY"}
    monkeypatch.setenv("OTHER_KEY", "-----BEGIN PRIVATE KEY-----\nabc-secret\n-----END PRIVATE KEY-----")
    with pytest.raises(ConfigError, match="OTHER_KEY holds no private key") as error:
        open_only(section)
    assert "abc-secret" not in str(error.value)
    (tmp_path / "key.pem").write_text(pem(ed25519_key()))
    monkeypatch.setenv("FAIRLEAD_SMTP_DKIM_KEY_PATH", str(tmp_path / "key.pem"))
    assert open_only({**section, "dkim_key_env": "NOT_SET"}).signer is not None


def test_bounces_come_back_under_the_message_s_own_name(at):
    fake = Vendor()
    fake.more = {"envelope_from": "bounces+{message}@bounce.example.com"}
    with at(fake) as channel:
        first = channel.push(batch(PEOPLE[:2]))
        again = channel.push(batch(PEOPLE[:2]))
        other = channel.push(batch(PEOPLE[:2], keys=["p7", "p8"]))
    names = [letter["Message-ID"].strip("<>").split("@")[0] for _, _, letter, _ in fake.letters]
    assert [sender for sender, _, _, _ in fake.letters] == [f"bounces+{name}@bounce.example.com" for name in names]
    assert names[:2] == names[2:4] == first.remote_ids.to_pylist() == again.remote_ids.to_pylist()
    assert len({*names}) == 4 and other.remote_ids.to_pylist() == names[4:]


# -- the way there -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate():
    """A key and a certificate for 127.0.0.1 that signs itself, as PEM."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mx.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(rsa_key().public_key())
    made = made.serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=2))
    made = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), True).sign(rsa_key(), hashes.SHA256())
    return pem(rsa_key()) + made.public_bytes(Encoding.PEM).decode()


def test_a_password_goes_over_tls_only_to_a_server_whose_certificate_holds(at, tmp_path, certificate, monkeypatch):
    (tmp_path / "tls.pem").write_text(certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem")
    fake = Vendor()
    monkeypatch.setattr(
        fake, "settings", lambda: {"tls_context": context, "auth_required": True, "authenticator": fake.sign_in}
    )
    fake.more = {"tls": "starttls", "ca_file": str(tmp_path / "tls.pem")}
    with at(fake) as channel:
        assert channel.check().ok and told(channel.push(batch(PEOPLE))) == ["accepted"] * 5
    fake.more = {"tls": "starttls"}
    with at(fake) as channel, pytest.raises(FatalError, match="certificate"):
        channel.push(batch(PEOPLE))


def test_it_never_goes_on_in_the_clear_where_tls_was_asked_for(at):
    fake = Vendor()
    fake.more = {"tls": "starttls"}
    with at(fake) as channel:
        assert not channel.check().ok
        with pytest.raises(FatalError, match="STARTTLS"):
            channel.push(batch(PEOPLE))
    assert not fake.letters


def test_nobody_at_the_port_is_not_sent(open_only):
    with pytest.raises(NotSent, match="no connection"):
        open_only({"port": free_port()}).push(batch(PEOPLE))


def test_a_real_server_takes_delivers_and_refuses_as_it_was_told(at, tmp_path, certificate, monkeypatch):
    (tmp_path / "tls.pem").write_text(certificate)
    monkeypatch.setenv("FAIRLEAD_SMTP_DKIM_KEY", pem(rsa_key()))
    fake = Vendor()
    with postfix(
        ["ann@example.com", "eve@example.com"], {"dot@example.com": "450 4.2.0 greylisted"}, certificate
    ) as server:
        fake.more = {
            "port": server.port, "tls": "starttls", "ca_file": str(tmp_path / "tls.pem"), "user": None,
            "dkim_domain": "example.com", "dkim_selector": "s1", "envelope_from": "bounces+{message}@example.com",
        }  # fmt: skip
        for variable, value in fake.environment.items():
            monkeypatch.setenv(variable, value)
        channel = channel_at("smtp", fake.section(), tmp_path, fake.options)
        said = channel.push(batch(PEOPLE))
        assert channel.check().ok
        usual.close(channel)
        (letter,), (_,) = server.letters("ann@example.com", 1), server.letters("eve@example.com", 1)
        (raw,) = (server.mail / "ann@example.com" / "new").glob("*")
        content = raw.read_bytes().replace(b"\n", b"\r\n")
    assert told(said) == ["accepted", "rejected", "rejected", "skipped", "accepted"]
    assert "User unknown" in said.errors[1].as_py()
    assert letter["Return-Path"] == f"<bounces+{said.remote_ids[0].as_py()}@example.com>"
    assert letter["Subject"] == "For Ann" and "Hello Ann" in letter.get_body(("html",)).get_content()
    assert dkim.verify(content, dnsfunc=record_of(rsa_key())), "the signature holds after the way"
