"""Where the reading of a partition ends: gaps, messages that came meanwhile, a topic too long for one pull."""

from datetime import date
from types import SimpleNamespace
from typing import Any

from connectors.kinds import kafka
from connectors.patience import Patience

DAY = date(2026, 3, 2)


class Message:
    """A message as the library gives it, where no broker can be made to give it: out of a compacted topic."""

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def __getattr__(self, name: str) -> Any:
        values = {"offset": self._offset, "partition": 0, "topic": "t", "value": b"{}", "key": None, "headers": None}
        return lambda: (1, 0) if name == "timestamp" else values[name]


class Compacted:
    """Of a partition that ends at 10, what compaction left: messages 0, 4 and 7; 8 and 9 are gone."""

    def __init__(self, *rounds: list[tuple[int, int, Any]]) -> None:
        self._rounds = list(rounds)

    def assign(self, offsets: dict[int, int]) -> None:
        assert offsets == {0: 0}

    def leave(self, partition: int) -> None:
        assert partition == 0

    def take(self) -> list[tuple[int, int, Any]]:
        return self._rounds.pop(0)


def _read(given: Compacted, minutes: float = 240, is_anew: bool = False) -> tuple[list[int], Any, Any]:
    settings = SimpleNamespace(pull=SimpleNamespace(table_minutes=minutes))
    request: Any = SimpleNamespace(
        settings=settings, table=SimpleNamespace(topic="t"), day=DAY, is_anew=is_anew, patience=Patience()
    )
    reading = SimpleNamespace(at="", warnings=[])
    span = kafka.Span(0, 0, 10)
    batches = kafka._read_to_their_ends(given, request, reading, {0: span}, 0 if minutes < 1 else 1e12)
    return [line for b in batches for line in b.column("_line").to_pylist()], span, reading


def test_gaps_of_a_compacted_topic_are_passed_over_and_its_end_is_an_end():
    messages = [(0, n, Message(n)) for n in (0, 4, 7)]
    lines, span, _ = _read(Compacted(messages, [], [(0, 10, None)]))
    assert lines == [0, 4, 7] and span.next_offset == 10


def test_what_came_after_the_pull_began_is_left_for_the_next_one():
    messages = [(0, n, Message(n)) for n in (9, 10, 11)]
    lines, span, _ = _read(Compacted(messages))
    assert lines == [9] and span.next_offset == 10


def test_a_topic_that_is_too_long_for_one_pull_lands_in_parts():
    lines, span, reading = _read(Compacted([(0, 0, Message(0)), (0, 3, Message(3))]), minutes=0.001)
    assert lines == [0, 3] and span.next_offset == 4
    assert reading.warnings == ["6 offsets are left for the next pull: pull.table_minutes is nearly over."]
