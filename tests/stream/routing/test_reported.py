"""A viewer's reports: what they say together, and how seldom chance looks like a bad network."""

from __future__ import annotations

import random

from stream.routing.bandwidth import START, Bandwidth
from stream.routing.reported import ENOUGH, HEAVY_ENOUGH, LONGEST, Reported, Reports


def test_nothing_is_told_of_a_handful_of_packets() -> None:
    reports = Reports(0.0)
    assert reports.take(1, 3, 0.05, 0.3) is None
    assert reports.take(0, 30, 0.04, 1.1) is None, "a second, and too few"
    assert reports.take(4, ENOUGH - 33, 0.06, 1.4) == Reported(5 / ENOUGH, 0.04)
    assert reports.take(0, 2 * ENOUGH, None, 1.7) is None, "enough, and too soon"
    assert reports.take(0, 0, None, 2.5) == Reported(0.0, None)


def test_what_cannot_be_chance_is_told_at_once() -> None:
    reports = Reports(0.0)
    assert reports.take(HEAVY_ENOUGH - 1, HEAVY_ENOUGH - 1, None, 0.1) is None
    assert reports.take(0, 1, None, 0.2) == Reported((HEAVY_ENOUGH - 1) / HEAVY_ENOUGH, None)
    assert reports.take(HEAVY_ENOUGH // 2, HEAVY_ENOUGH, None, 0.3) is None, "half may be"


def test_where_little_is_sent_it_is_told_after_a_while() -> None:
    reports = Reports(0.0)
    assert reports.take(1, 4, None, LONGEST - 0.1) is None
    assert reports.take(0, 0, None, LONGEST) == Reported(0.25, None)
    assert reports.take(0, 0, None, 3 * LONGEST) is None, "nothing came, nothing is known"


def test_a_twentieth_lost_at_random_never_lowers_an_estimate() -> None:
    """Two minutes of a small picture and its sound, reported three times a second, as Chromium does."""
    chance = random.Random(5)
    bandwidth, reports = Bandwidth(0.0), Reports(0.0)
    now, octets = 0.0, 0
    for _ in range(360):
        now += 1 / 3
        sent = 10 + chance.randrange(30)
        octets += sent * 900
        bandwidth.tick(now, octets)
        lost = sum(chance.random() < 0.05 for _ in range(sent))
        told = reports.take(lost, sent, 0.05, now)
        if told is not None:
            bandwidth.reported(told.lost, told.round_trip, now)
    assert bandwidth.estimate == START
