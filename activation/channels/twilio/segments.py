"""How many segments a text message is sent in, which is what it costs (3GPP TS 23.038, 23.040)."""

import math

# The GSM 7-bit default alphabet (TS 23.038 6.2.1) and its extension (6.2.1.1), whose characters count twice.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
GSM_ALONE, GSM_PART = (
    160,
    153,
)  # septets in one segment, and in each of several: six octets go to the header that joins them
UCS2_ALONE, UCS2_PART = 70, 67  # UTF-16 code units, likewise


def segments(text: str) -> int:
    """At least 1. A character outside GSM's alphabet makes the whole text UCS-2; none is cut between two segments."""
    letters = set(text)
    if letters <= BASIC | EXTENDED:
        return _parts([2 if c in EXTENDED else 1 for c in text], GSM_ALONE, GSM_PART)
    return _parts([2 if ord(c) > 0xFFFF else 1 for c in text], UCS2_ALONE, UCS2_PART)


def _parts(sizes: list[int], alone: int, part: int) -> int:
    whole = sum(sizes)
    if whole <= alone:
        return 1
    if whole == len(sizes):
        return math.ceil(whole / part)
    count, room = 1, part
    for size in sizes:
        if size > room:
            count, room = count + 1, part
        room -= size
    return count
