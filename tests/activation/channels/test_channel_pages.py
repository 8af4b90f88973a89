"""The index of channels says what the channels' files say."""

import importlib
import re

import pytest

from activation.catalogue import channel_paths, find_channels
from activation.channel import ANYBODYS
from core.settings import load_settings

ROOT = load_settings().root
FOLDER = ROOT / "activation" / "channels"
PAGE = ROOT / "docs" / "channels" / "README.md"
ROW = re.compile(r"^\| \[(?P<title>[^]]+)\]\((?P<stem>\w+)\.md\) \| (?P<cells>.+) \|$", re.MULTILINE)
COLUMNS = ("takes", "reaches", "modes", "in doubt", "who leaves", "erasure")
FILES = find_channels([FOLDER])


def rows():
    """(stem, title, cells by column) of every channel in the table."""
    return [
        (m["stem"], m["title"], dict(zip(COLUMNS, m["cells"].split(" | "), strict=True)))
        for m in ROW.finditer(PAGE.read_text())
    ]


LISTED = {stem: (title, cells) for stem, title, cells in rows()}


def test_the_table_has_exactly_the_channels_that_are_found():
    assert sorted(stem for stem, _, _ in rows()) == sorted(channel_paths([FOLDER]))


def test_the_rows_stand_in_the_order_of_their_titles():
    titles = [title.lower() for _, title, _ in rows()]
    assert titles == sorted(titles)


@pytest.mark.parametrize("name", sorted(FILES))
def test_title_modes_and_removal_are_those_of_the_file(name):
    title, cells = LISTED[name]
    about = FILES[name].ABOUT
    assert title == about.title
    assert sorted(re.findall(r"`(\w+)`", cells["modes"])) == sorted(about.modes)
    assert (cells["who leaves"] != "–") is about.takes_back


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_consents_that_a_channel_needs_are_those_of_the_file(name):
    contacts = FILES[name].ABOUT.contacts
    words = {ANYBODYS: "whatever its reader does", ("none",): "nothing"}.get(contacts)
    ways = ", ".join(c for c in contacts if c != "none") + " (or not at all)" * ("none" in contacts)
    assert LISTED[name][1]["reaches"] == (words or ways)


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_rule_for_what_is_in_doubt_is_the_channels_own(name):
    vendor = importlib.import_module(
        f"support.fakes.{name}"
    ).Vendor  # the conformance suite holds its `message` to the channel
    _, cells = LISTED[name]
    assert cells["in doubt"].startswith("never sent again") is vendor.message
