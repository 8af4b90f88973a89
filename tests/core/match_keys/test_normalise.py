"""Match keys: the vendors' own examples first, then the traps, then what must hold of any text."""

import json
import re
from datetime import date
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.match_keys.forms import FORMS
from core.match_keys.normalise import members, prepare
from core.match_keys.rules import ADDRESS, NEEDS, NORMALISER_VERSION, RULES

OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of the empty string
EVERY_RULE = [(destination, kind) for destination, rules in RULES.items() for kind in rules]


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def one(destination: str, kind: str, raw: str | None, country: str | None = None) -> tuple[str | None, str | None]:
    result = prepare(destination, kind, pa.array([raw], pa.string()), pa.array([country], pa.string()))
    return result.values[0].as_py(), result.reasons[0].as_py()


# (destination, kind, raw, country, normal form), as the vendors print them; where they print the hash too, it stands in
# PUBLISHED_HASHES.
VENDORS = [
    # Google: the Data Manager formatting guide, and the guide to sending audience members
    ("google", "email", "cloudy.sanfrancisco+shopping@gmail.com", None, "cloudysanfrancisco@gmail.com"),
    ("google", "email", "user.name+NYC@Example.com", None, "user.name+nyc@example.com"),
    ("google", "email", "cloudySanFrancisco@GMAIL.com", None, "cloudysanfrancisco@gmail.com"),
    ("google", "email", "DanaM@example.com", None, "danam@example.com"),
    ("google", "phone", "(800)555-0100", "US", "+18005550100"),
    ("google", "phone", "+1 800-555-0102", None, "+18005550102"),
    # Google: the tests of its formatter (googleads/data-manager-java and -python) and its sample file, with its
    # no-break hyphens
    ("google", "email", "Jefferson.LOVES.Hiking@googlemail.com", None, "jeffersonloveshiking@googlemail.com"),
    ("google", "email", "  ALEXZ@example.com   ", None, "alexz@example.com"),
    ("google", "phone", "+1-800‑555‑0110", None, "+18005550110"),
    ("google", "phone", "1 800 555 0100", "US", "+18005550100"),
    ("google", "phone", "441134960987", "GB", "+441134960987"),
    ("google", "phone", "+44-113-496-0987", None, "+441134960987"),
    ("google", "given_name", " Alex   ", None, "alex"), ("google", "given_name", " Mr. Alex   ", None, "alex"),
    ("google", "given_name", " Mrs. Alex   ", None, "alex"), ("google", "given_name", " Dr. Alex   ", None, "alex"),
    ("google", "given_name", " Alex Dr.", None, "alex"), ("google", "given_name", " Mralex   ", None, "mralex"),
    ("google", "given_name", "  GivenName  ", None, "givenname"),
    ("google", "family_name", "  FamilyName ", None, "familyname"),
    ("google", "family_name", "Quinn-Alex", None, "quinn-alex"),
    ("google", "family_name", " Quinn, Jr.   ", None, "quinn"),
    ("google", "family_name", " Quinn,Jr.   ", None, "quinn"), ("google", "family_name", " Quinn Sr.  ", None, "quinn"),
    ("google", "family_name", "quinn, jr. dds", None, "quinn"),
    ("google", "family_name", "quinn, jr., dds", None, "quinn"),
    ("google", "family_name", "Boardds", None, "boardds"), ("google", "family_name", "lacparm", None, "lacparm"),
    ("google", "country", " uS ", None, "US"), ("google", "postal_code", " 94045  ", "US", "94045"),
    ("google", "postal_code", " 1229-076  ", "PT", "1229-076"),
    # Meta: customer information parameters, and the tests of its parameter builder
    ("meta", "email", "John_Smith@gmail.com", None, "john_smith@gmail.com"),
    ("meta", "phone", "(650)555-1212", "US", "16505551212"),
    ("meta", "given_name", "Mary", None, "mary"), ("meta", "given_name", "정", None, "정"),
    ("meta", "given_name", "Valéry", None, "valéry"), ("meta", "birth_date", "2/16/1997", None, "19970216"),
    ("meta", "city", "New York", None, "newyork"), ("meta", "region", "AZ", "US", "az"),
    ("meta", "postal_code", "94035", "US", "94035"), ("meta", "postal_code", "M1 1AE", "GB", "m11ae"),
    ("meta", "country", "US", None, "us"), ("meta", "gender", "F", None, "f"),
    ("meta", "given_name", "Mary-Jane", None, "maryjane"), ("meta", "family_name", "O'Connor", None, "oconnor"),
    ("meta", "family_name", "St. John", None, "stjohn"), ("meta", "given_name", "José\u00a0María", None, "josémaría"),
    ("meta", "family_name", "François Müller", None, "françoismüller"),
    ("meta", "given_name", "李明华", None, "李明华"),
    ("meta", "given_name", "محمد أحمد", None, "محمدأحمد"), ("meta", "city", "    Menlo-Park  ", None, "menlopark"),
    ("meta", "phone", "+33 1 42 86 83 26", None, "33142868326"),
    ("meta", "device_id", "AECE52E7-03EE-455A-B3C4-E57283966239", None, "aece52e7-03ee-455a-b3c4-e57283966239"),
    # TikTok: how to create a custom audience with a customer file (September 2025)
    ("tiktok", "email", "janedoe@gmail.com", None, "janedoe@gmail.com"),
    ("tiktok", "phone", "(657)777-0000", "US", "+16577770000"),
    ("tiktok", "phone", "374-93-828222", "AM", "+37493828222"),
    ("tiktok", "device_id", "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25", None, "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25"),
    # Snap: conversions API parameters
    ("snap", "email", "Person@Example.com", None, "person@example.com"),
    ("snap", "phone", "+44 844 412 4653", None, "448444124653"),
    ("snap", "given_name", "John", None, "john"), ("snap", "given_name", "Raphaël", None, "raphaël"),
    # X: audiences, user data
    ("x", "phone", "+11234567890", None, "+11234567890"),
    ("x", "device_id", "4B61639E-47CC-4056-A16A-C8217E029462", None, "4b61639e-47cc-4056-a16a-c8217e029462"),
]  # fmt: skip

PUBLISHED_HASHES = {
    ("google", "cloudysanfrancisco@gmail.com"): "223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4",
    ("google", "danam@example.com"): "1df6b43bc68dd38eca94e6a65b4f466ae537b796c81a526918b40ac4a7b906c7",
    ("google", "alexz@example.com"): "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a",
    ("google", "+18005550100"): "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30",
    ("google", "+18005550102"): "c5383c2eeada28210d27f011bc127d4f9562cf38ff0c9bba33dd45ae79b9fe7c",
    ("google", "+18005550110"): "525c2390a4e2a9766fa8ddc341dd10414603baebefa401f5a5e29f55e176525d",
    ("google", "givenname"): "128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814",
    ("google", "familyname"): "77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574",
    ("meta", "john_smith@gmail.com"): "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    ("meta", "16505551212"): "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
    ("meta", "mary"): "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec",
    ("meta", "정"): "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14",
    ("meta", "valéry"): "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c",
    ("meta", "19970216"): "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c",
    ("meta", "us"): "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621",
    ("tiktok", "janedoe@gmail.com"): "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69",
    (
        "tiktok",
        "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25",
    ): "83dc3f5f32b9472613b0f038d36f22585a609d018af6f6067f50da318bf354bd",
    ("snap", "person@example.com"): "542d240129883c019e106e3b1b2d3f3cb3537c43c425364de8e951d5a3083345",
    ("snap", "448444124653"): "dc008fda46e2e64002cf2f82a4906236282d431c4f75e5b60bfe79fc48546383",
    ("snap", "john"): "96d9632f363564cc3032521409cf22a852f2032eec099ed5967c0d000cec607a",
    ("snap", "raphaël"): "e74bb89e718fe1e19c422a48382870399f8bf7ca8dfa008739e75b0be76627b7",
    ("x", "+11234567890"): "1fa6b8d986d9b9cd01bf36951815158bbde9f520c0567c835dfe34783d0a4231",
}


@pytest.mark.parametrize(("destination", "kind", "raw", "country", "normal"), VENDORS)
def test_the_vendors_own_examples_come_out_as_they_print_them(
    destination: str, kind: str, raw: str, country: str | None, normal: str
) -> None:
    published = PUBLISHED_HASHES.get((destination, normal), hashed(normal))
    expected_value = published if RULES[destination][kind].encoding == "hex" else normal
    assert one(destination, kind, raw, country) == (expected_value, None)


def test_every_published_hash_belongs_to_an_example() -> None:
    assert set(PUBLISHED_HASHES) <= {(destination, normal) for destination, *_, normal in VENDORS}


# (destination, kind, raw, country, normal form): where others went wrong, or would
TRAPS = [
    # dots and + are Google's affair, on two domains
    ("google", "email", "a.b+c@gmail.com.example.com", None, "a.b+c@gmail.com.example.com"),
    ("google", "email", "a.b+c@notgmail.com", None, "a.b+c@notgmail.com"),
    ("google", "email", "a b . c @gmail.com", None, "abc@gmail.com"),
    ("meta", "email", "A.B+c@gmail.com", None, "a.b+c@gmail.com"),
    ("tiktok", "email", "A. B+c@gmail.com", None, "a.b+c@gmail.com"),
    # white space of all kinds, and what cannot be seen
    ("meta", "email", "\u00a0\u2003 ann@example.com\u200b\ufeff\r\n", None, "ann@example.com"),
    ("meta", "given_name", "\u200fAnn\u00ad\u2060\u3000", None, "ann"),
    ("linkedin", "given_name", " Ann\t \u00a0Lee ", None, "Ann Lee"),
    ("meta", "given_name", "An\x00n", None, "ann"), ("linkedin", "given_name", "A\U000e0041nn\u061c", None, "Ann"),
    ("meta", "given_name", "J\u030cim", None, "\u01f0im"),  # composed in lower case only
    # one composed form, one lower case, whatever the locale
    ("meta", "given_name", "E\u0301milie", None, "\u00e9milie"), ("meta", "given_name", "Émilie", None, "émilie"),
    ("linkedin", "given_name", "E\u0301milie", None, "\u00c9milie"),
    ("google", "given_name", "É\u200bMILIE", None, "émilie"), ("meta", "city", "İstanbul", None, "i\u0307stanbul"),
    ("meta", "city", "Iğdır", None, "iğdır"), ("meta", "given_name", "ΝΙΚΟΣ", None, "νικος"),
    ("meta", "given_name", "O’Brien", None, "obrien"),
    ("meta", "given_name", "e-\u0301", None, "é"),
    ("snap", "given_name", "می\u200cنا", None, "می\u200cنا"), ("meta", "given_name", "गौरव", None, "गौरव"),
    ("meta", "email", "İ@example.com", None, "i\u0307@example.com"),  # not i@example.com, who is somebody else
    # international domains: both spellings are one key, in punycode; ß is not ss
    ("meta", "email", "ann@münchen.example", None, "ann@xn--mnchen-3ya.example"),
    ("google", "email", "ann@xn--mnchen-3ya.example", None, "ann@xn--mnchen-3ya.example"),
    ("x", "email", "ann@straße.example", None, "ann@xn--strae-oqa.example"),
    # telephones
    ("meta", "phone", "+44 (0)7400 123456", None, "447400123456"),
    ("meta", "phone", "0044 7400 123456", "FR", "447400123456"),
    ("google", "phone", "07400 123456", "gb", "+447400123456"),
    ("pinterest", "phone", "+447400123456", "US", "447400123456"),
    # Italy's zero belongs to the number, Germany's does not
    ("google", "phone", "+390669812345", None, "+390669812345"),
    ("google", "phone", "+4904012345678", None, "+494012345678"),
    ("tiktok", "phone", "٠٧٤٠٠١٢٣٤٥٦", "GB", "+447400123456"),
    # addresses
    ("meta", "postal_code", "94107-1234", "US", "94107"), ("meta", "postal_code", "94107-1234", None, "94107"),
    ("meta", "postal_code", "1229-076", "PT", "1229076"), ("google", "postal_code", "94107-1234", "US", "94107-1234"),
    ("pinterest", "postal_code", "123 45", "SE", "12345"), ("meta", "region", "Île-de-France", "FR", "îledefrance"),
    ("meta", "city", "São Paulo", None, "sãopaulo"), ("linkedin", "country", "de", None, "DE"),
    ("pinterest", "country", "DE", None, "de"),
    ("google", "street", " 1 Main St., #4 ", None, "1 main st 4"),
    ("google", "city", "Winston-Salem ", None, "winstonsalem"),
    # dates and genders
    ("meta", "birth_date", "1997-02-16", None, "19970216"), ("meta", "birth_date", "16.2.1997", None, "19970216"),
    ("meta", "birth_date", "1997-02-16 00:00:00", None, "19970216"),
    ("meta", "birth_date", "5/5/1955", None, "19550505"),
    ("meta", "gender", " Male ", None, "m"), ("pinterest", "gender", "Non-binary", None, "n"),
    # ids
    ("meta", "external_id", " Kd  77 ", None, "Kd  77"), ("pinterest", "external_id", "Kd-77", None, "Kd-77"),
]  # fmt: skip


@pytest.mark.parametrize(("destination", "kind", "raw", "country", "normal"), TRAPS)
def test_the_traps_are_passed(destination: str, kind: str, raw: str, country: str | None, normal: str) -> None:
    expected_value = hashed(normal) if RULES[destination][kind].encoding == "hex" else normal
    assert one(destination, kind, raw, country) == (expected_value, None)


@pytest.mark.parametrize(
    ("destination", "kind", "raw", "country", "reason"),
    [
        ("google", "email", "quinn", None, "e-mail: no address"),
        ("google", "email", " ...@gmail.com", None, "e-mail: no address"),
        ("google", "email", "+x@gmail.com", None, "e-mail: no address"),
        ("meta", "email", "a b@example.com", None, "e-mail: no address"),
        ("meta", "phone", "123", "GB", "phone: cannot exist in GB"),
        ("meta", "phone", "+99912345678", None, "phone: cannot exist"),
        ("meta", "phone", "07400 123456", None, "phone: no country code, and the person's country is not known"),
        ("meta", "phone", "07400 123456", "England", "phone: no country code, and the person's country is not known"),
        ("x", "phone", "n/a", "GB", "phone: no number"),
        ("x", "phone", "+447400123456789", None, "phone: cannot exist"),
        ("google", "given_name", " Mr. ", None, "given name: no name in it"),
        ("google", "family_name", ", Jr. ", None, "family name: no name in it"),
        ("google", "family_name", ",Jr.,DDS ", None, "family name: no name in it"),
        ("meta", "given_name", "-.-", None, "given name: no letters"),
        ("pinterest", "family_name", "?", None, "family name: no letters"),
        ("linkedin", "given_name", "a" * 36, None, "given name: no name, or more than 35 characters"),
        ("meta", "region", "California", "US", "region: no two-letter US state code"),
        ("meta", "region", "--", "US", "region: no letters"),
        ("meta", "postal_code", "9410", "US", "postal code: none of that country"),
        ("meta", "postal_code", "--", None, "postal code: none of that country"),
        ("pinterest", "postal_code", "M1 1AE", "GB", "postal code: not of digits only"),
        ("meta", "country", "Germany", None, "country: no ISO 3166-1 alpha-2 code"),
        ("google", "country", "UK", None, "country: no ISO 3166-1 alpha-2 code"),
        ("google", "country", "ß", None, "country: no ISO 3166-1 alpha-2 code"),
        ("meta", "country", "zz", None, "country: no ISO 3166-1 alpha-2 code"),
        ("meta", "birth_date", f"{date.today().year + 1}-01-01", None, "birth date: after today's year"),
        ("meta", "birth_date", "1899-12-31", None, "birth date: before 1900"),
        ("meta", "birth_date", "1997-02-30", None, "birth date: no such day"),
        ("meta", "birth_date", "3/4/1997", None, "birth date: day and month cannot be told apart"),
        ("meta", "birth_date", "spring", None, "birth date: no date"),
        ("meta", "gender", "unknown", None, "gender: none of f, m"),
        ("meta", "gender", "x", None, "gender: none of f, m"), ("meta", "gender", "n", None, "gender: none of f, m"),
        ("pinterest", "gender", "other", None, "gender: none of f, m, n"),
        ("meta", "device_id", "00000000-0000-0000-0000-000000000000", None, "device id: all zeros"),
        ("snap", "device_id", "00000000-0000-0000-0000-000000000000", None, "device id: all zeros"),
        ("google", "device_id", "aece52e7", None, "device id: no UUID with its dashes"),
        ("google", "street", "###", None, "street: only symbols"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_has_a_reason(
    destination: str, kind: str, raw: str, country: str | None, reason: str
) -> None:
    assert one(destination, kind, raw, country) == (None, reason)


@pytest.mark.parametrize(("destination", "kind"), EVERY_RULE)
def test_nothing_given_is_neither_a_value_nor_a_fault(destination: str, kind: str) -> None:
    raw = pa.array([None, "", "  \t", "\u00a0\u3000\u200b\ufeff"], pa.string())
    result = prepare(destination, kind, raw)
    assert result.values.to_pylist() == result.reasons.to_pylist() == [None] * 4


@pytest.mark.parametrize(("destination", "kind"), EVERY_RULE)
def test_a_hash_is_never_hashed_again(destination: str, kind: str) -> None:
    hash_text = hashed("ann@example.com")
    result, reason = one(destination, kind, f" {hash_text.upper()} ")
    if RULES[destination][kind].encoding == "hex":
        assert (result, reason) == (hash_text, None)
    elif kind == "external_id":  # an id of ours may look like anything
        assert (result, reason) == (hash_text.upper(), None)
    else:
        assert result is None and reason is not None and reason.endswith("a hash, where the plain value is asked for")


@pytest.mark.parametrize(("destination", "kind"), EVERY_RULE)
def test_the_hash_of_nothing_is_refused_whoever_made_it(destination: str, kind: str) -> None:
    assert hashed("") == OF_NOTHING
    label = "e-mail" if kind == "email" else kind.replace("_", " ")
    assert one(destination, kind, OF_NOTHING.upper()) == (None, f"{label}: the hash of nothing")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("d41d8cd98f00b204e9800998ecf8427e", "an MD5 hash"),
        ("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "a SHA-1 hash"),
        ("ab" * 64, "a SHA-512 hash"), ("UJ6TMBm7KFoTSpM0uLtnnf950M4CPVKa9L10TUe0/Yo=", "a hash in base64"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("destination", "kind"), [r for r in EVERY_RULE if r[1] != "external_id"])
def test_a_hash_of_another_kind_is_neither_sent_nor_hashed(destination: str, kind: str, raw: str, name: str) -> None:
    result, reason = one(destination, kind, raw)
    assert result is None and reason is not None and f": {name}, where " in reason


def test_a_number_without_a_country_code_is_read_in_its_persons_country_then_in_the_default() -> None:
    raw, countries = pa.array(["07400 123456", "0151 23456789", "07400 123456"]), pa.array(["GB", "DE", None])
    result = prepare("google", "phone", raw, countries, default_country="GB")
    assert result.values.to_pylist() == [hashed("+447400123456"), hashed("+4915123456789"), hashed("+447400123456")]
    assert prepare("google", "phone", raw).values.to_pylist() == [None] * 3


def test_e164_passes_by_its_length_without_phonenumbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.match_keys.forms.normalise_phones", lambda *_: pytest.fail("phonenumbers was asked"))
    result = prepare("google", "phone", pa.array(["+447400123456", "+4915123456789", "+6834002", "+80012345678", None]))
    assert result.reasons.null_count == 5 and result.values.null_count == 1


def test_order_length_and_repeats_are_kept_over_chunks() -> None:
    chunked = pa.chunked_array([["B@example.com", None, "no"], [], ["a@example.com", "b@EXAMPLE.com"]], pa.string())
    result = prepare("x", "email", chunked)
    assert result.values.to_pylist() == [
        hashed("b@example.com"),
        None,
        None,
        hashed("a@example.com"),
        hashed("b@example.com"),
    ]
    assert result.reasons.to_pylist() == [None, None, "e-mail: no address", None, None]


@pytest.mark.parametrize(("destination", "kind"), EVERY_RULE)
def test_no_people_are_no_keys(destination: str, kind: str) -> None:
    for empty in (pa.array([], pa.string()), pa.chunked_array([], pa.string())):
        assert len(prepare(destination, kind, empty).values) == len(prepare(destination, kind, empty).reasons) == 0


def test_dates_and_numbers_are_read_as_the_warehouse_types_them() -> None:
    dates = prepare("meta", "birth_date", pa.array([date(1997, 2, 16)]))
    assert dates.values.to_pylist() == [hashed("19970216")]
    number = prepare("meta", "phone", pa.array([6505551212]), default_country="US")
    assert number.values.to_pylist() == [hashed("16505551212")]


@pytest.mark.parametrize("around", ['"{}"', "{},", "({})"])
def test_a_hash_in_quotes_is_not_hashed_again(around: str) -> None:
    raw = around.format(hashed("ann"))
    assert one("meta", "given_name", raw) == (None, "given name: a hash among other characters")
    assert one("google", "email", raw) == (None, "e-mail: no address")


# Members: all identifiers of a person at once


def test_a_member_carries_all_usable_identifiers_and_a_note_of_the_bad_ones() -> None:
    fields = pa.table({"email": ["ann@example.com", "no", None, "no"],
                       "email_2": ["Ann@work.example", "bo@example.com", None, None],
                       "phone": ["12", "07400 123456", None, "x"]})  # fmt: skip
    result = members("meta", fields, countries=pa.array(["GB"] * 4))
    assert result.columns.to_pydict() == {
        "email": [hashed("ann@example.com"), None, None, None],
        "email_2": [hashed("ann@work.example"), hashed("bo@example.com"), None, None],
        "phone": [None, hashed("447400123456"), None, None],
    }
    assert result.usable.to_pylist() == [True, True, False, False]
    ann, bo, nobody, bad = result.reason.to_pylist()
    assert ann == "phone: cannot exist in GB" and bo == "e-mail: no address"
    assert nobody.startswith("too little to match by: meta needs email, or phone,")
    assert bad.startswith("e-mail: no address; phone: no number; too little to match by: ")


def test_a_member_without_fault_has_no_reason() -> None:
    result = members("tiktok", pa.table({"email": ["ann@example.com"]}))
    assert result.usable.to_pylist() == [True] and result.reason.to_pylist() == [None]


def test_googles_address_goes_whole_or_not_at_all() -> None:
    whole: dict[str, str | None] = {
        "given_name": "Ann",
        "family_name": "Lee",
        "country": "GB",
        "postal_code": "M1 1AE",
        "city": "Manchester",
    }
    whole["email"] = None
    people = [whole, whole | {"postal_code": None}, whole | {"country": "England"}, dict.fromkeys(whole)]
    people.append({"email": "ann@example.com", "city": "Leeds"})
    result = members("google", pa.Table.from_pylist(people))
    rows = result.columns.to_pylist()
    assert rows[0] == {
        "email": None,
        "given_name": hashed("ann"),
        "family_name": hashed("lee"),
        "country": "GB",
        "postal_code": "M1 1AE",
        "city": "manchester",
    }
    assert [set(row.values()) for row in rows[1:4]] == [{None}] * 3
    assert rows[4] == dict.fromkeys(rows[0]) | {"email": hashed("ann@example.com")}
    assert result.usable.to_pylist() == [True, False, False, False, True]
    reasons = result.reason.to_pylist()
    assert reasons[0] is None and reasons[1].startswith("address: left out without postal code; too little")
    assert reasons[2].startswith("country: no ISO 3166-1 alpha-2 code; address: left out without country; too little")
    assert reasons[3].startswith("too little") and reasons[4].startswith(
        "address: left out without given name, family name, "
    )


def test_googles_address_is_left_out_where_a_part_is_not_even_mapped() -> None:
    result = members("google", pa.table({"email": ["ann@example.com"], "given_name": ["Ann"]}))
    assert result.columns["given_name"].to_pylist() == [None] and result.usable.to_pylist() == [True]
    assert result.reason.to_pylist() == ["address: left out without family name, country, postal code"]


@pytest.mark.parametrize(
    ("destination", "fields", "usable"),
    [
        ("meta", {"gender": "m", "country": "GB"}, False), ("meta", {"given_name": "Ann", "family_name": "Lee"}, False),
        ("meta", {"given_name": "Ann", "family_name": "Lee", "city": "Leeds"}, True),
        ("pinterest", {"phone": "+447400123456"}, False),
        ("linkedin", {"given_name": "Ann", "family_name": "Lee"}, True),
        ("google", {"device_id": "4b61639e-47cc-4056-a16a-c8217e029462"}, True),
    ],
)  # fmt: skip
def test_a_gender_or_a_name_alone_is_nobody(destination: str, fields: dict[str, str], usable: bool) -> None:
    assert members(destination, pa.Table.from_pylist([fields])).usable.to_pylist() == [usable]


def test_the_persons_country_reads_the_persons_number() -> None:
    result = members("meta", pa.table({"phone": ["07400 123456"], "country": ["gb"]}))
    assert result.columns["phone"].to_pylist() == [hashed("447400123456")]


def test_a_column_no_destination_takes_is_a_mistake_of_the_mapping() -> None:
    with pytest.raises(ValueError, match=r"^tiktok does not take gender, shoe\. It takes: email, phone, device_id\.$"):
        members("tiktok", pa.table({"email": ["ann@example.com"], "gender": ["f"], "shoe": ["38"]}))
    with pytest.raises(ValueError, match=r"^No match keys for 'myspace'\. Destinations: google, meta, "):
        members("myspace", pa.table({"email": ["ann@example.com"]}))
    with pytest.raises(ValueError, match="default_country: 'UK' is no ISO"):
        prepare("google", "phone", pa.array(["1"]), default_country="UK")


def test_what_was_prepared_shows_in_no_repr() -> None:
    fields = pa.table({"device_id": ["4b61639e-47cc-4056-a16a-c8217e029462"]})
    text_form = repr(prepare("meta", "device_id", fields["device_id"])) + repr(members("meta", fields))
    assert "4b61639e" not in text_form


# The table


def test_the_table_is_whole_and_frozen() -> None:
    assert (
        set(RULES)
        == set(NEEDS)
        == set(NORMALISER_VERSION)
        == {"google", "meta", "tiktok", "linkedin", "pinterest", "x", "snap"}
    )
    assert {rule.form for rules in RULES.values() for rule in rules.values()} == set(FORMS)
    assert all(kind in RULES[name] for name, needs in NEEDS.items() for combination in needs for kind in combination)
    assert all(kind in RULES[name] for name, kinds in ADDRESS.items() for kind in kinds)
    with pytest.raises(TypeError):
        RULES["meta"]["email"] = RULES["google"]["email"]  # type: ignore[index]


PINNED = {
    "google": (1, "6ff31f6035d93de0"),
    "meta": (1, "d98d7bc6c11749be"),
    "tiktok": (1, "5cd1a33e5e3955ba"),
    "linkedin": (1, "7b2ac3a035409d32"),
    "pinterest": (1, "c13c823e6cbdb02d"),
    "x": (1, "0fd1138487feab16"),
    "snap": (1, "12eff324bc7a8af8"),
}  # fmt: skip


@pytest.mark.parametrize("destination", RULES)
def test_a_changed_rule_needs_a_new_version(destination: str) -> None:
    """The keys of all examples here under every kind. If this fails, raise NORMALISER_VERSION and pin
    the new outcome.
    """
    raw = pa.array([v[2] for v in (*VENDORS, *TRAPS)])
    keys = {
        k: [prepare(destination, k, raw, None, c).values.to_pylist() for c in ("ZZ", "US")] for k in RULES[destination]
    }
    outcome = hashed(json.dumps(keys, sort_keys=True))[:16]
    assert (NORMALISER_VERSION[destination], outcome) == PINNED[destination]


def test_the_reference_has_the_table_as_it_is() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs/reference/match_keys.md").read_text()
    table = page.split("## Who takes what")[1].split("\n\n")[2].splitlines()
    names = [cell.strip() for cell in table[0].split("|")[2:-1]]
    page_rules: dict[str, dict[str, str]] = {name: {} for name in names}
    for row in table[2:]:
        kind, *cells = [cell.strip() for cell in row.split("|")[1:-1]]
        page_rules = {name: kinds | {kind: cell} for (name, kinds), cell in zip(page_rules.items(), cells, strict=True)}
    kinds = {kind: "–" for rules in RULES.values() for kind in rules}
    rules = {
        name: {k: f"{r.form} hex" if r.encoding == "hex" else r.form for k, r in RULES[name].items()} for name in RULES
    }
    assert page_rules == {name: kinds | rules[name] for name in RULES}


def test_the_vendors_documents_still_say_what_the_table_says(shared: Path) -> None:
    google = json.loads((shared / "specs/google/datamanager.v1.json").read_text())["schemas"]
    parts = {"given_name": "givenName", "family_name": "familyName", "country": "regionCode",
             "postal_code": "postalCode",
             "street": "addressLine", "city": "city", "region": "administrativeArea"}  # fmt: skip
    assert set(google["AddressInfo"]["properties"]) == {parts[kind] for kind in ADDRESS["google"]}
    assert "HEX" in google["IngestAudienceMembersRequest"]["properties"]["encoding"]["enum"]
    assert {"userData", "mobileData", "userIdData"} <= set(google["AudienceMember"]["properties"])
    pinterest = json.loads((shared / "specs/pinterest/openapi.v5.json").read_text())["components"]["schemas"]
    fields = {
        name: f["description"]
        for name, f in pinterest["ConversionEventsUserDataProperties"]["properties"].items()
        if "description" in f
    }
    assert "only digits with country code" in fields["ph"] and "only digits" in fields["zp"]
    assert re.search('"f" or "m" or "n"', fields["ge"]) and "without spaces or punctuation" in fields["ct"]
    assert all(
        fields[name].startswith("Sha256")
        for name in ("em", "ph", "fn", "ln", "ct", "st", "zp", "db", "ge", "country", "hashed_maids", "external_id")
    )


# What holds of any text

ALIKE = st.one_of(
    st.text(max_size=40),
    st.emails(),
    st.from_regex(r"\+?[0-9 ()./-]{3,18}", fullmatch=True),
    st.from_regex(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}", fullmatch=True),
    st.from_regex(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", fullmatch=True),
    st.uuids().map(str),
    st.builds("{}@{}".format, st.text(max_size=12),
              st.sampled_from(["gmail.com", "googlemail.com", "münchen.example"])),
    st.text(st.characters(categories=("Zs", "Cf", "Cc", "Mn", "Po", "Sk")), max_size=8),
    st.sampled_from(["", " ", "Mr. ", ", Jr.", "us", "m", "f", OF_NOTHING, "İ", "Σ", "\u200c"]),
)  # fmt: skip
PEOPLE = st.lists(st.tuples(st.none() | ALIKE, st.none() | st.sampled_from(["GB", "us", "UK", "ß", ""])), max_size=8)


@settings(max_examples=200, deadline=None)
@given(rule=st.sampled_from(EVERY_RULE), people=PEOPLE, default=st.sampled_from(["ZZ", "US"]))
def test_any_text_has_one_outcome_and_preparing_twice_changes_nothing(
    rule: tuple[str, str], people: list[tuple[str | None, str | None]], default: str
) -> None:
    destination, kind = rule
    raw, countries = (pa.array(side, pa.string()) for side in (zip(*people, strict=True) if people else ([], [])))
    result = prepare(destination, kind, raw, countries, default)
    assert len(result.values) == len(result.reasons) == len(raw)
    for text, value, reason in zip(raw.to_pylist(), result.values.to_pylist(), result.reasons.to_pylist(), strict=True):
        assert value is None or reason is None
        assert value not in ("", OF_NOTHING, hashed(" "))
        if value is not None and RULES[destination][kind].encoding == "hex":
            assert re.fullmatch("[0-9a-f]{64}", value)
        if value is None and reason is None:  # then nothing was given: nothing that can be seen
            assert not text or not any(c.isalnum() for c in text)
        if reason is not None and text and len(text.strip()) > 3:
            assert text.strip() not in reason
    twice = prepare(destination, kind, result.values, countries, default)
    assert twice.values.to_pylist() == result.values.to_pylist()
    assert twice.reasons.null_count == len(raw)


@settings(max_examples=40, deadline=None)
@given(people=PEOPLE)
def test_what_is_prepared_alone_is_what_is_prepared_among_others(people: list[tuple[str | None, str | None]]) -> None:
    """Fast paths and slow paths agree: a value's key does not depend on its neighbours."""
    for destination, kind in (
        ("google", "email"),
        ("meta", "given_name"),
        ("tiktok", "phone"),
        ("meta", "postal_code"),
    ):
        raw, countries = (pa.array([p[i] for p in people], pa.string()) for i in (0, 1))
        combination = prepare(destination, kind, raw, countries)
        single_results = [one(destination, kind, text, country) for text, country in people]
        assert list(zip(combination.values.to_pylist(), combination.reasons.to_pylist(), strict=True)) == single_results
