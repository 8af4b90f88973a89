"""docs/reference/errors.md and the numbers in the code are the same set."""

import re

import pytest

from activation.planning.guards import GUARDS
from core.settings import load_settings

ROOT = load_settings().root
NUMBER = re.compile(r"\bFL\d{3}\b")
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text()
TITLES = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
TEXTS = re.split(r"^## .+$", PAGE, flags=re.MULTILINE)[1:]
SECTIONS = {title.split()[0]: text for title, text in zip(TITLES, TEXTS, strict=True)}
CODE = [path for room in ("activation", "content") for path in (ROOT / room).rglob("*.py")]


def used():
    """Number -> the files of activation that hold it."""
    found: dict[str, list[str]] = {}
    for path in CODE:
        for number in set(NUMBER.findall(path.read_text())):
            found.setdefault(number, []).append(path.name)
    return found


def test_every_number_in_the_code_has_its_section():
    assert {number: files for number, files in used().items() if number not in SECTIONS} == {}


def test_every_section_has_its_number_in_the_code():
    assert sorted(set(SECTIONS) - set(used())) == []


def test_sections_are_numbered_once_and_stand_in_order():
    numbers = [title.split()[0] for title in TITLES]
    assert all(NUMBER.fullmatch(number) for number in numbers)
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("number", SECTIONS)
def test_a_section_says_its_words_the_cause_and_the_mend(number):
    assert re.findall(r"^\*\*(\w+)\*\* \S", SECTIONS[number], re.MULTILINE) == ["Says", "Cause", "Mend"]
    words = re.search(r"^\*\*Says\*\* (.+)$", SECTIONS[number], re.MULTILINE)
    assert words and number in words[1], "the words begin as the code's do, with the number"


def test_the_guards_are_numbered_in_their_own_order():
    assert [title.split()[-1] for title in TITLES if title.startswith("FL2")] == list(GUARDS)


def test_no_error_carries_its_number_as_text():
    """It is said as `code`, so that it stands once and can be decided by."""
    texts = re.compile(r"\b\w*(?:Error|Sent|Rejected|Stopped|TooLate)\(\s*\*?\(?\s*f?[\"'](?:[^\"'\n]*: )?FL\d{3} ")
    assert [path.name for path in CODE if texts.search(path.read_text())] == []
