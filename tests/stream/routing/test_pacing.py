"""What is sent beside a live stream: no faster than there is room for, sound first, nothing for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.routing.pacing import BURST, HASTE, LEAST_BURST, MOST, OLDEST, SHARE, Pace, Paced


def test_the_rate_is_what_the_live_stream_leaves() -> None:
    pace = Pace(0.0, 1e6)
    pace.allot(1e6, 600e3, 0.0)
    assert pace.rate == pytest.approx((HASTE * 1e6 - 600e3) / 8)
    pace.allot(1e6, 5e6, 0.0)
    assert pace.rate == pytest.approx(SHARE * 1e6 / 8)


def test_a_key_frame_takes_the_time_it_takes() -> None:
    """60 kB at 1 Mbit/s with 500 kbit/s live: 0.8 s, in portions of at most the bucket."""
    pace = Pace(0.0, 1e6)
    pace.allot(1e6, 500e3, 0.0)
    paced: Paced[int] = Paced(pace)
    for number in range(50):
        assert paced.push(number, 1200, 0.0)
    sent: list[int] = []
    turn = 0
    while paced:
        now = turn / 100
        portion = paced.take(now)
        assert len(portion) * 1200 <= max(BURST * pace.rate, LEAST_BURST)
        sent += portion
        turn += 1
    assert sent == list(range(50))
    assert 0.6 < turn / 100 < 0.9


def test_sound_goes_first() -> None:
    pace = Pace(0.0, 100e3)
    paced: Paced[str] = Paced(pace)
    for name in ("p1", "p2", "p3"):
        paced.push(name, 1200, 0.0)
    paced.push("s1", 120, 0.0, sound=True)
    assert paced.take(0.0) == ["s1", "p1", "p2"]
    paced.push("s2", 120, 0.0, sound=True)
    assert paced.take(0.2) == ["s2", "p3"]


def test_what_waits_is_bounded_in_number_and_age() -> None:
    paced: Paced[int] = Paced(Pace(0.0, 50e3))
    pushed = [paced.push(number, 1200, 0.0) for number in range(MOST + 5)]
    assert pushed.count(False) == paced.refused == 5
    taken = paced.take(OLDEST + 0.1)
    assert taken == []
    assert paced.stale == MOST
    paced.push(1, 1200, 2.0)
    paced.push(2, 120, 2.0, sound=True)
    paced.clear_picture()
    assert paced.take(2.0) == [2]


def test_says_how_long_to_wait() -> None:
    pace = Pace(0.0, 800e3)
    assert pace.wait(1000, 0.0) == 0
    while pace.allow(1000, 0.0):
        pass
    wait = pace.wait(1000, 0.0)
    assert not pace.allow(1000, wait - 0.001)
    assert pace.allow(1000, wait + 0.001)
    assert pace.wait(10_000_000, 1.0) < 1.0


@given(st.lists(st.tuples(st.floats(0, 0.2), st.integers(1, 1500)), max_size=200), st.floats(50e3, 1e7))
def test_never_more_than_the_rate_and_a_burst(asked: list[tuple[float, int]], estimate: float) -> None:
    pace = Pace(0.0, estimate)
    now, sent = 0.0, 0
    for pause, octets in asked:
        now += pause
        sent += octets * pace.allow(octets, now)
        assert sent <= now * pace.rate + max(BURST * pace.rate, LEAST_BURST) + 1e-6
