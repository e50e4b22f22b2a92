"""What is sent beside a live stream: no faster than there is room for, sound first, nothing for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.routing.pacing import BURST, HASTE, LEAST_BURST, MOST, OLDEST, SHARE, Pace, Paced
from stream.routing.resends import ResendBudget


def test_the_rate_is_what_the_live_stream_leaves() -> None:
    pace = Pace(0.0, 1e6)
    pace.allot(1e6, 600e3, 0.0)
    assert pace.rate == pytest.approx((HASTE * 1e6 - 600e3) / 8)
    pace.allot(1e6, 5e6, 0.0)
    assert pace.rate == pytest.approx(SHARE * 1e6 / 8)


def test_what_is_lost_has_room_to_go_again_whatever_the_estimate_leaves() -> None:
    """A fifth of 1.4 Mbit/s, and a fifth of that again, beside an estimate that has no room for them."""
    pace = Pace(0.0, 1.4e6)
    pace.allot(1.4e6, 1.4e6, 0.0, lost=0.2)
    assert pace.rate == pytest.approx(1.4e6 * (0.2 + 0.04 + 0.008) / 8, rel=0.01)
    pace.allot(1.4e6, 1.4e6, 0.0, lost=0.02)
    assert pace.rate == pytest.approx(SHARE * 1.4e6 / 8), "as without loss"
    pace.allot(300e3, 1.4e6, 0.0, lost=0.9)
    assert pace.rate <= 0.45 * 300e3 / 8, "a line that is too narrow is not flooded with repairs"


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


def test_what_waits_for_its_turn_is_not_sent_twice() -> None:
    """A viewer asks again after each round trip of 40 ms; what it asked for has its turn after 320 ms."""
    pace = Pace(0.0, 1e6)
    pace.allot(1e6, 1.1e6, 0.0)
    while pace.allow(1_000, 0.0):
        pass
    paced: Paced[int] = Paced(pace)
    for number in range(3):
        paced.push(number, 1_000, 0.0)
    assert paced.wait(1_000, 0.0) == pytest.approx(4 * 1_000 * 8 / (SHARE * 1e6))
    budget, sent = ResendBudget(0.0), list[float]()
    for turn in range(40):
        now = turn * 0.01
        if turn % 4 == 0 and not sent and budget.grant(7, 0.04, now, paced.wait(1_000, now)):
            paced.push(7, 1_000, now)
        sent += [now for item in paced.take(now) if item == 7]
    assert sent == [pytest.approx(0.32)]
    assert budget.grant(7, 0.04, 0.4), "a repair that is lost, too, is sent again"


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
    assert pace.until(1000, 0.0) == 0
    while pace.allow(1000, 0.0):
        pass
    wait = pace.until(1000, 0.0)
    assert not pace.allow(1000, wait - 0.001)
    assert pace.allow(1000, wait + 0.001)
    assert pace.until(1_000_000, 1.0) == pytest.approx(1_000_000 / pace.rate, rel=0.1)


@given(st.lists(st.tuples(st.floats(0, 0.2), st.integers(1, 1500)), max_size=200), st.floats(50e3, 1e7))
def test_never_more_than_the_rate_and_a_burst(asked: list[tuple[float, int]], estimate: float) -> None:
    pace = Pace(0.0, estimate)
    now, sent = 0.0, 0
    for pause, octets in asked:
        now += pause
        sent += octets * pace.allow(octets, now)
        assert sent <= now * pace.rate + max(BURST * pace.rate, LEAST_BURST) + 1e-6
