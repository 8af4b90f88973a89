"""A message's bytes: seven bits, short lines, read back as written whatever the words; dkimpy agrees."""

import base64
import email
import email.policy
from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes.keys import ed25519_key, pem, rsa_key

from activation.channels.smtp.dkim import Signer, read_key
from activation.channels.smtp.message import Letter, address, letter_bytes, mailbox
from core.errors import ConfigError, RecordError

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
NAME = "0123456789abcdef" * 2
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=300)
LINES = st.lists(
    st.one_of(WORDS, st.sampled_from([".", "..", "From me", "=20", "trailing  ", "\t", "x" * 3000])), max_size=6
)


def letter(subject="Hello", text="Hello", html=None, name=None, **more):
    return Letter(
        f"{NAME}@example.com", mailbox(name, "news@example.com"), "ann@example.com", subject, text, html, more
    )


def record_of(key):
    """What the DNS says of the key."""
    raw = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        said = raw.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        kind = b"rsa"
    else:
        said, kind = raw.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw), b"ed25519"
    return lambda name, timeout=5: b"v=DKIM1; k=" + kind + b"; p=" + base64.b64encode(said)


@settings(max_examples=150, deadline=None)
@given(subject=WORDS, lines=LINES, html=st.none() | WORDS, name=WORDS)
def test_any_words_are_seven_bit_in_short_lines_and_read_back(subject, lines, html, name):
    text = "\n".join(lines)
    raw = letter_bytes(letter(subject, text, html, name), None, AT)
    assert max(raw) < 128 and max(map(len, raw.split(b"\r\n"))) <= 78 and b"\n" not in raw.replace(b"\r\n", b"")
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert squeezed(read["Subject"]) == squeezed(subject) and not read.defects
    assert read["From"].addresses[0].addr_spec == "news@example.com"
    assert read.get_body(("plain",)).get_content().splitlines() == (text.splitlines() or [""])
    if html is not None:
        assert read.get_body(("html",)).get_content().splitlines() == (html.splitlines() or [""])


def squeezed(words):
    return "".join(str(words).split())


@pytest.mark.parametrize("key", [rsa_key(), ed25519_key()], ids=["rsa", "ed25519"])
@pytest.mark.parametrize(
    "text",
    ["Hello", "", "  two  blanks \n\n\n", "x" * 5000, "é" * 500, ".\n..\nFrom me\n"],
    ids=["short", "empty", "blanks", "long", "base64", "dots"],
)
def test_another_program_finds_the_signature_good_and_any_change_bad(key, text):
    signer = Signer("example.com", "s1", key)
    raw = letter_bytes(letter("Ünïcode " * 20, text, "<p>x</p>", "Shöp", **{"Feedback-ID": "a:b:c:sender"}), signer)
    assert dkim.verify(raw, dnsfunc=record_of(key))
    for old, new in (
        (b"<p>x</p>", b"<p>y</p>"),
        (b"a:b:c:sender", b"a:b:d:sender"),
        (b"news@example", b"mews@example"),
    ):
        assert old in raw and not dkim.verify(raw.replace(old, new), dnsfunc=record_of(key))
    for added in (b"From: other@example.com\r\n", b"Subject: another\r\n"):
        assert not dkim.verify(raw.replace(b"From: ", added + b"From: ", 1), dnsfunc=record_of(key)), (
            "no header can be added"
        )


def test_a_key_may_stand_in_one_line_as_environments_like_it():
    assert read_key(pem(rsa_key()).replace("\n", "\\n"), "X").key_size == 2048


def test_a_key_too_short_for_the_mailbox_providers_is_refused():
    with pytest.raises(ConfigError, match="768 bits") as error:
        read_key(pem(short_key()), "FAIRLEAD_SMTP_DKIM_KEY")
    assert "FAIRLEAD_SMTP_DKIM_KEY" in str(error.value)


def short_key():
    """768 bits; nobody makes such a key any more, so it is put together from two primes."""
    import random

    draw = random.Random(7)
    p, q = (next_prime(draw.getrandbits(384) | 1 << 383 | 1 << 382 | 1) for _ in range(2))
    e = 65_537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def next_prime(n):
    while any(pow(a, n - 1, n) != 1 for a in (2, 3, 5, 7)):
        n += 2
    return n


def test_what_is_neither_rsa_nor_ed25519_is_refused():
    from cryptography.hazmat.primitives.asymmetric import ec

    for text in ("", "no key", pem(ec.generate_private_key(ec.SECP256R1()))):
        with pytest.raises(ConfigError, match="holds"):
            read_key(text, "X")


def test_addresses_go_out_in_ascii_and_what_is_none_is_refused():
    assert address(" Ann.O'Neil+x@BÜCHER.example ") == "Ann.O'Neil+x@xn--bcher-kva.example"
    for wrong in (None, "", "ann", "@example.com", "ann@", "a..b@example.com", ".a@example.com", "a@b", "ä@example.com",
                  "a@exa mple.com", "a@-x-.com", f"{'a' * 65}@example.com",
                  f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 60}.com"):  # fmt: skip
        with pytest.raises(RecordError):
            address(wrong)


def test_names_are_quoted_or_encoded_and_cannot_add_an_address():
    for name in ('O"Neil, \\ (x)', "Zoë, <b@example.com>", "a\r\nBcc: b@example.com", "", "x" * 200):
        raw = letter_bytes(letter(name=name), None, AT)
        read = email.message_from_bytes(raw, policy=email.policy.default)
        (only,) = read["From"].addresses
        assert only.addr_spec == "news@example.com" and read["Bcc"] is None
        assert only.display_name.split() == " ".join(name.splitlines()).split()
