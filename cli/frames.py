"""Which commands move no data frame, and so start without the library for them."""

from collections.abc import Sequence

from core.engines.quick_start import spare_pandas

WITHOUT_FRAMES = ("plan", "push", "retry", "collect", "cancel", "why", "register")


def spare_frames(words: Sequence[str]) -> None:
    """words   of the command line, after the program's name"""
    if words[:1] and words[0] in WITHOUT_FRAMES:
        spare_pandas()
