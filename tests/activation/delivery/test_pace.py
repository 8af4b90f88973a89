"""How fast a vendor may be asked."""

from activation.channel import Quota
from activation.delivery.pace import Pace


def test_calls_are_spaced_by_the_channels_rate():
    waits, now = [], [0.0]
    pace = Pace(60, sleep=waits.append, clock=lambda: now[0])
    for _ in range(3):
        pace.wait()
    assert waits == [1.0, 2.0]


def test_a_vendor_that_says_none_is_left_stops_everybody_until_its_reset():
    waits, now = [], [100.0]
    pace = Pace(None, sleep=waits.append, clock=lambda: now[0])
    pace.learn(Quota(5, 30.0))
    pace.wait()
    pace.learn(Quota(0, 30.0))
    pace.wait()
    now[0] += 30
    pace.wait()
    assert waits == [30.0]


def test_what_nobody_asked_for_is_saved_up_for_a_second_only():
    waits, now = [], [0.0]
    pace = Pace(120, sleep=waits.append, clock=lambda: now[0])
    pace.wait()
    now[0] = 60.0
    for _ in range(3):
        pace.wait()
    assert waits == [0.5]
