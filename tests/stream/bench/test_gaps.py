"""What viewers of a measurement ask for again."""

from __future__ import annotations

import numpy as np

from stream.bench.audience import Track
from stream.bench.sent_log import SentLog

MS = 1_000_000
NOW = 10_000 * MS


def track_of(sent: int, came: list[list[int]]) -> Track:
    """Tracks of viewers to whom so many packets were sent, 10 ms apart, the last one just now."""
    log = SentLog(90_000)
    log.count = sent
    log.departures[:sent] = NOW - 10 * MS * np.arange(sent - 1, -1, -1)
    track = Track(log, len(came))
    track.since[:] = 0
    for owner, indices in enumerate(came):
        track.seen[owner, indices] = True
        track.newest[owner] = max(indices, default=-1)
    return track


def test_a_hole_is_asked_for_while_it_may_still_be_filled() -> None:
    track = track_of(100, [[index for index in range(100) if index not in (40, 70, 95)], list(range(100))])
    assert track.gaps(NOW) == [(0, 70)]  # 40 was sent too long ago, 95 is not overdue yet


def test_what_is_late_with_all_that_follows_is_no_gap() -> None:
    track = track_of(100, [list(range(60)), []])
    assert track.gaps(NOW) == []


def test_nothing_is_asked_for_from_before_a_viewer_was_recognised() -> None:
    track = track_of(100, [list(range(72, 100))])
    track.since[0] = 72
    assert track.gaps(NOW) == []
