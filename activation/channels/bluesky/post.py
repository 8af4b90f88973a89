"""A post as a record: its facets by bytes, its key by whom or what it is about.

Source  lexicons app.bsky.feed.post and app.bsky.richtext.facet; https://atproto.com/specs/tid
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import regex

from activation.vendor.due import stamp
from core.errors import RecordError

COLLECTION = "app.bsky.feed.post"
MOST_GRAPHEMES, MOST_BYTES, TAG_GRAPHEMES = 300, 3000, 64  # the lexicons' maxGraphemes and maxLength
LINK = regex.compile(r"(?<![^\s(])https?://\S+")
MENTION = regex.compile(
    r"(?<![^\s(])@((?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)\b"
)
TAG = regex.compile(r"(?<!\S)[#＃](?!\ufe0f)\S+")
SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"  # base32-sortable, of TIDs
FIRST_MICROSECOND = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp() * 1e6)
TIME_BITS, CLOCK_BITS = 46, 10  # 46 bits of microseconds are 2.2 years: a key of ours looks like one of 2023 to 2025

Facet = dict[str, Any]


def record(text: str, langs: Sequence[str], at: datetime, did_of: Callable[[str], str | None]) -> dict[str, Any]:
    """The post; did_of gives a handle's DID, None where nobody has it. Raises RecordError for too long a text."""
    count = len(regex.findall(r"\X", text))
    if count > MOST_GRAPHEMES or len(text.encode()) > MOST_BYTES:
        raise RecordError(f"the text has {count} characters; Bluesky takes {MOST_GRAPHEMES}")
    facets = sorted(_facets(text, did_of), key=lambda f: f["index"]["byteStart"])
    more = {"facets": facets} if facets else {}
    return {
        "$type": COLLECTION,
        "text": text,
        "createdAt": stamp(at),
        **({"langs": list(langs)} if langs else {}),
        **more,
    }


def record_key(sync: str, key: str) -> str:
    """A TID made of a hash and no clock: a row of a sync has the same in every run, and a repetition meets itself."""
    drawn = int.from_bytes(hashlib.sha256(f"{sync}\0{key}".encode()).digest()[:7], "big")
    moment, clock = drawn >> CLOCK_BITS, drawn & ((1 << CLOCK_BITS) - 1)
    number = (FIRST_MICROSECOND + moment) << CLOCK_BITS | clock
    return "".join(SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))


def _facets(text: str, did_of: Callable[[str], str | None]) -> Iterator[Facet]:
    for hit in LINK.finditer(text):
        uri = hit.group().rstrip(".,;:!?")
        uri = uri[:-1] if uri.endswith(")") and "(" not in uri else uri
        yield _facet(text, hit.start(), hit.start() + len(uri), {"$type": "app.bsky.richtext.facet#link", "uri": uri})
    for hit in MENTION.finditer(text):
        did = did_of(hit.group(1))
        if did:
            yield _facet(text, hit.start(), hit.end(), {"$type": "app.bsky.richtext.facet#mention", "did": did})
    for hit in TAG.finditer(text):
        tag = _bare(hit.group()[1:])
        if tag and not tag.isdecimal() and len(regex.findall(r"\X", tag)) <= TAG_GRAPHEMES:
            end = hit.start() + 1 + len(tag)
            yield _facet(text, hit.start(), end, {"$type": "app.bsky.richtext.facet#tag", "tag": tag})


def _bare(tag: str) -> str:
    """Without the punctuation that ends a sentence and not a tag."""
    while tag and unicodedata.category(tag[-1]).startswith("P"):
        tag = tag[:-1]
    return tag


def _facet(text: str, start: int, end: int, feature: dict[str, str]) -> Facet:
    first = len(text[:start].encode())
    return {"index": {"byteStart": first, "byteEnd": first + len(text[start:end].encode())}, "features": [feature]}
