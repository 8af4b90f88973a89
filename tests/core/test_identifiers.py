import pyarrow as pa
import pytest

from core.identifiers import mask, normalise_emails, normalise_ids, normalise_phones, phones_in


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        (" Ann.Lee@Example.COM ", "ann.lee@example.com"), ("ann+news@example.com", "ann+news@example.com"),
        ("münch@example.de", "münch@example.de"), ("o'neil@example.ie", "o'neil@example.ie"),
        ("a@b", None), ("a..b@example.com", None), (".a@example.com", None), ("a@-example.com", None),
        ("a b@example.com", None),
        ("", None), ("@", None), ("a@example.com, b@example.com", None), ("a" * 65 + "@example.com", None),
        (None, None),
        ("a@example.com\x00", None), ("<script>@example.com", None),
    ],
)  # fmt: skip
def test_an_address_is_normalised_or_unusable(raw: str | None, normal: str | None) -> None:
    assert normalise_emails(pa.array([raw], pa.string())).to_pylist() == [normal]


def test_order_and_length_are_kept_over_chunks_and_repeats() -> None:
    chunked = pa.chunked_array([["A@x.com", None, "bad"], [], ["a@x.com", "A@x.com"]], pa.string())
    assert normalise_emails(chunked).to_pylist() == ["a@x.com", None, None, "a@x.com", "a@x.com"]


def test_nothing_in_gives_nothing_out() -> None:
    empty = pa.array([], pa.string())
    assert normalise_emails(empty).to_pylist() == [] and normalise_phones(empty, "GB").to_pylist() == []
    assert normalise_emails(pa.array([None, None], pa.string())).to_pylist() == [None, None]


@pytest.mark.parametrize(
    ("raw", "country", "normal"),
    [
        ("07400 123456", "GB", "+447400123456"), ("+44 (0)7400 123456", "DE", "+447400123456"),
        ("030 901820", "DE", "+4930901820"),
        ("123", "GB", None), ("not a number", "GB", None), ("", "GB", None), (None, "GB", None),
        ("07400 123456", "??", "+447400123456"),
    ],
)  # fmt: skip
def test_a_number_is_e164_by_its_persons_country_or_unusable(raw: str | None, country: str, normal: str | None) -> None:
    phones = normalise_phones(pa.array([raw], pa.string()), "GB", pa.array([country], pa.string()))
    assert phones.to_pylist() == [normal]


def test_a_mask_keeps_neither_name_nor_number() -> None:
    assert mask("ann.lee@example.com") == "a…@e… (19)"
    assert mask("+447400123456") == "+…6 (13)"
    assert mask(None) is None
    assert "\n" not in str(mask("a\nb"))


def test_a_dotted_capital_i_is_not_the_mailbox_i():
    emails = normalise_emails(pa.array(["İ@example.com", "I@Example.com", "ÉMILE@example.com"])).to_pylist()
    assert emails[1] == "i@example.com" and emails[0] != emails[1] and emails[2] == "émile@example.com"


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("\u212aim@example.com", None), ("a\u017fk@example.com", "a\u017fk@example.com"),
        ("\uff41nn@example.com", "\uff41nn@example.com"),
        ("\u0430nn@example.com", "\u0430nn@example.com"), ("an\u200bn@example.com", None),
        ("an\u00adn@example.com", None),
        ("e\u0301mile@example.com", "émile@example.com"), ("ann@xn--strae-oqa.example", "ann@straße.example"),
        ("Ann@Straße.example", "ann@straße.example"),
        ("ann@strasse.example", "ann@strasse.example"), ("ann@example.com.", None), ("ann@example..com", None),
        ('"ann lee"@example.com', None),
        ('"ann"@example.com', None), ("Ann <ann@example.com>", None), ("mailto:ann@example.com", None),
        ("an n@example.com", None),
        ("ann(x)@example.com", None), ("ann@example.com;bo@example.com", None), ("ann@@example.com", None),
        ("ANN@EXAMPLE.COM", "ann@example.com"),
    ],
)  # fmt: skip
def test_no_address_becomes_another_persons(raw: str, normal: str | None) -> None:
    assert normalise_emails(pa.array([raw], pa.string())).to_pylist() == [normal]


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("07400 123ABC", None), ("07400 12CALL", None), ("call 07400 123456", "+447400123456"),
        ("07400 123456 ext 5", "+447400123456"),
        ("tel:+447400123456", "+447400123456"), ("07400 123456 / 07400 999999", None),
        ("07400 123456, 07400 999999", None),
        ("07400123456 07400999999", None), ("7.400123456E9", None), ("07400 123456 or 57", None),
        ("٠٧٤٠٠١٢٣٤٥٦", "+447400123456"),
    ],
)  # fmt: skip
def test_no_number_becomes_another_persons(raw: str, normal: str | None) -> None:
    assert normalise_phones(pa.array([raw], pa.string()), "GB").to_pylist() == [normal]


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("07400 123456 (work)", ["+447400123456"]),
        ("07400123456 / +44 7400 123457", ["+447400123456", "+447400123457"]),
        ("7400123456.0", ["+447400123456"]),
        ("0113 496 0000, 0113 4960000", ["+441134960000"]),
        ("2026-03-02, order 12", []),
        ("", []),
    ],
)
def test_the_numbers_in_a_text_are_found_each_once(text, numbers):
    assert phones_in(text, "GB") == numbers


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        (" de 123-456.789 ", "DE123456789"), ("5304218", "5304218"), ("AB 12 34 56 C", "AB123456C"),
        ("00123", "00123"), ("１２３４７", "12347"), ("n/a", None), ("0000000", None), ("XXXX", None),
        ("unknown", None), ("123", None), ("123456789", None), ("99999", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_number_is_capitals_and_digits_and_a_filler_is_nobodys(raw: str | None, normal: str | None) -> None:
    assert normalise_ids(pa.array([raw], pa.string())).to_pylist() == [normal]
