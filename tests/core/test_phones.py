"""What is read by the column is what the library reads, over every country and every way to write a number."""

import random
from itertools import product

import phonenumbers
import pyarrow as pa
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata

from core.identifiers import normalise_phones
from core.match_keys import phones

WAYS = (
    "{n}", "{p}{n}", "+{c}{n}", "+{c}{p}{n}", "+{c} ({p}) {n}", "{i}{c}{n}", "{i}0{c}{n}", "{c}{n}", "{c}{p}{n}",
    "{p}{c}{n}",
    "0{n}", "1{n}", "{n}{n}", " ({p}{n}", "(+{c}) {n}.", "{n} ext 4", "+{n}", "++{c}{n}", "{n}/{n}", "٠{n}",
)  # fmt: skip
ABROAD = ("00", "011", "0011", "010", "8~10", "810", "119", "00414")


def by_the_library(value: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.PhoneNumberFormat.E164
    return phonenumbers.format_number(number, e164) if phonenumbers.is_valid_number(number) else None


def examples() -> dict[str, list[tuple[int, str, str]]]:
    """Country -> (calling code, a valid number, trunk prefix) of each type that the library has an example of."""
    metadata = {region: PhoneMetadata.metadata_for_region(region) for region in sorted(SUPPORTED_REGIONS)}
    for code, (region, *_) in COUNTRY_CODE_TO_REGION_CODE.items():
        if region == "001":
            metadata[f"+{code}"] = PhoneMetadata.metadata_for_nongeo_region(code)
    kinds = {region: [getattr(details, kind) for kind in phones.TYPES] for region, details in metadata.items()}
    return {
        region: [
            (metadata[region].country_code, kind.example_number, metadata[region].national_prefix or "")
            for kind in kinds[region]
            if kind and kind.example_number
        ]
        for region in metadata
    }


def spoilt(text: str, chance: random.Random) -> str:
    """With up to two characters changed, put in or left out."""
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice("0123456789 -().+") * chance.randrange(3) + text[at + 1 :]
        text = text or "0"
    return text


@pytest.mark.parametrize("seed", range(4))
def test_every_country_and_every_way_to_write_a_number(seed, monkeypatch):
    monkeypatch.setattr(phones, "FEW", 1)
    chance, examples_by_country = random.Random(seed), examples()
    all_examples = [example for some in examples_by_country.values() for example in some]
    decided = right = 0
    for country in [*sorted(SUPPORTED_REGIONS), "ZZ"][seed::4]:
        pairs = [
            (way, chance.choice(of))
            for way, of in product(WAYS, (examples_by_country.get(country, all_examples), all_examples))
        ] * 3
        texts = [spoilt(w.format(c=c, n=n, p=p, i=chance.choice(ABROAD)), chance) for w, (c, n, p) in pairs]
        texts += ["".join(chance.choices("0123456789", k=length)) for length in range(1, 19)]
        numbers = phones.plain_numbers(pa.array(texts), country).to_pylist()
        expected = [by_the_library(text, country) for text in texts]
        wrong = [
            (country, t, f, w) for t, f, w in zip(texts, numbers, expected, strict=True) if f not in (None, w or "")
        ]
        assert not wrong
        right += sum(w is not None for w in expected)
        decided += sum(bool(f) for f in numbers)
    assert decided > 0.75 * right, f"{decided} of {right} valid numbers without the library"


def test_what_is_not_plain_is_left_to_the_library():
    odd = [
        "+44 7400 123456 ext 4",
        "1-800-FLOWERS",
        "tel:+447400123456",
        "٠٧٤٠٠١٢٣٤٥٦",
        "07400 123456\n",
        "12",
        "",
        "0" * 101,
        None,
    ]
    assert phones.plain_numbers(pa.array(odd), "GB").to_pylist() == [None] * len(odd)


@pytest.mark.parametrize("country", ["GB", "zz", "ZZ", "", "001"])
def test_no_rows_and_no_numbers(country):
    assert phones.plain_numbers(pa.array([], pa.string()), country).to_pylist() == []
    assert phones.plain_numbers(pa.array([None, None], pa.string()), country).to_pylist() == [None, None]


def test_many_people_of_many_countries_at_once():
    """Enough of some to be read by the column, few of others, and people whose country is not known."""
    chance, examples_by_country = random.Random(7), examples()
    countries = ["GB"] * 300 + ["US"] * 300 + ["AR"] * 200 + ["JE"] * 3 + ["fr"] * 150 + [None, "England", "XX"]
    texts: list[str | None] = []
    for country in countries:
        code, number, prefix = chance.choice(
            examples_by_country.get((country or "").upper(), examples_by_country["GB"])
        )
        texts.append(spoilt(chance.choice(WAYS).format(c=code, n=number, p=prefix, i="00"), chance))
    texts[5] = texts[302] = None
    homes = [c.upper() if c and len(c) == 2 else "GB" for c in countries]
    expected = [text and by_the_library(text, home) for text, home in zip(texts, homes, strict=True)]
    chunked = pa.chunked_array([pa.array(texts[:450]), pa.array(texts[450:])])
    assert normalise_phones(chunked, "GB", pa.array(countries)).to_pylist() == expected
    assert normalise_phones(pa.array(texts), "GB").to_pylist() == [t and by_the_library(t, "GB") for t in texts]


@pytest.mark.parametrize("default", ["", "GBR", "gb", "001"])
def test_a_default_that_is_no_country_reads_international_numbers_only(default):
    texts = pa.array(["+44 7400 123456", "07400 123456", "+44 7400 123456 ext 4"])
    assert normalise_phones(texts, default).to_pylist() == ["+447400123456", None, "+447400123456"]
