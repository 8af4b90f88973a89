"""The token in an unsubscribe link: it says whom and what, and nobody makes one without the key."""

import base64
import string

from hypothesis import given
from hypothesis import strategies as st

from content.unsubscribe import read_token, token

KEY = b"a-test-key"
SAFE = set(string.ascii_letters + string.digits + "-_")
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=60)


@given(who=TEXT, sync=TEXT)
def test_it_is_read_back_and_can_stand_in_a_link(who, sync):
    link_token = token(KEY, who, sync)
    assert set(link_token) <= SAFE and read_token(KEY, link_token) == (who, sync)


@given(given_text=st.text(max_size=80))
def test_what_nobody_sealed_is_none(given_text):
    assert read_token(KEY, given_text) is None


def test_one_bit_changed_or_another_key_is_none():
    link_token = token(KEY, "p1", "loyal__smtp")
    assert read_token(b"another-key", link_token) is None
    raw = bytearray(base64.urlsafe_b64decode(link_token + "=" * (-len(link_token) % 4)))
    for i in range(len(raw)):
        raw[i] ^= 1
        assert read_token(KEY, base64.urlsafe_b64encode(raw).rstrip(b"=").decode()) is None
        raw[i] ^= 1
    assert read_token(KEY, link_token + "=") is None and read_token(KEY, link_token[:-1]) is None


def test_the_person_and_the_list_cannot_be_shifted_into_each_other():
    assert token(KEY, "1b", "a") != token(KEY, "b", "a1")
