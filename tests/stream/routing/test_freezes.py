"""Freezes are counted where a browser would count them, of what can be known of a viewer's picture."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.routing.freezes import LAG, NEVER, PAUSED, Frames, Freezes, ViewerFreezes
from stream.routing.packet_ring import FULL
from tests.stream.routing.stage_hands import Speaker
from tests.stream.routing.test_switching import Hall

FRAME = 1 / 30


def as_chromium(times: list[float]) -> tuple[int, float]:
    """Count as webrtc's `VideoQualityObserver::OnRenderedFrame` does, frame by frame."""
    window: list[float] = []
    freezes: list[float] = []
    for before, at in pairwise(times):
        if at - before >= PAUSED:
            continue
        window = [*window, at - before][-30:]
        average = sum(window) / len(window)
        if len(window) >= 5 and at - before >= max(3 * average, average + 0.15):
            freezes.append(at - before)
    return len(freezes), sum(freezes)


@given(st.lists(st.sampled_from([FRAME, FRAME, FRAME, 0.1, 0.2, 0.5, 1.0, 7.0]), max_size=120))
def test_what_is_drawn_is_counted_as_browsers_count(intervals: list[float]) -> None:
    times = [1.0]
    for interval in intervals:
        times.append(times[-1] + interval)
    freezes = Freezes()
    for at in times:
        freezes.drawn(at)
    count, seconds = as_chromium(times)
    assert freezes.count == count
    assert freezes.seconds == pytest.approx(seconds)


Told = Callable[[ViewerFreezes, float], None]


def watched(times: list[float], told: dict[float, Told] | None = None, limit: int = FULL) -> ViewerFreezes:
    """Return what a viewer's freezes are who is sent frames of these times; `told` what is said when."""
    frames, viewer = Frames(), ViewerFreezes()
    viewer.begin(frames, limit, times[0])
    events: list[tuple[float, int, Told]] = [
        (at, 0, lambda _, at: frames.left(0, False, at)) for at in times[1:]
    ]
    events += [(at, 1, say) for at, say in (told or {}).items()]
    events += [(float(at), 2, lambda viewer, at: viewer.settle(at)) for at in range(int(times[-1]) + 4)]
    for at, _, happen in sorted(events, key=lambda event: event[:2]):
        happen(viewer, at)
    return viewer


def even(since: float, until: float) -> list[float]:
    return [since + place * FRAME for place in range(round((until - since) / FRAME))]


@given(st.lists(st.sampled_from([0.1, 0.2, 0.5, 1.0, 7.0]), max_size=6), st.integers(0, 200))
def test_frames_passed_over_for_being_even_change_nothing(gaps: list[float], between: int) -> None:
    times = even(1.0, 4.0)
    for gap in gaps:
        times += [times[-1] + gap + place * FRAME for place in range(between + 1)]
    viewer = watched(times)
    count, seconds = as_chromium(times)
    assert viewer.count == count
    assert viewer.seconds == pytest.approx(seconds)


def test_who_is_repaired_soon_does_not_freeze_and_late_it_does() -> None:
    times = even(1.0, 5.0)
    assert watched(times, {3.1: lambda viewer, now: viewer.lost(3.0, now)}).count == 0
    viewer = watched(times, {3.1: lambda viewer, _: viewer.lost(3.0, 3.1), 3.3: lost_again})
    assert viewer.count == 1
    assert viewer.seconds == pytest.approx(0.3, abs=0.05)


def lost_again(viewer: ViewerFreezes, now: float) -> None:
    viewer.lost(3.0, now)


def test_who_asks_for_a_key_frame_stands_still_until_it_comes() -> None:
    frames, viewer = Frames(), ViewerFreezes()
    viewer.begin(frames, FULL, 1.0)
    for at in even(1.0 + FRAME, 3.0):
        frames.left(0, False, at)
    viewer.lost(2.5, 2.6)
    viewer.asked(2.8)
    for at in even(3.0, 6.0):
        frames.left(0, abs(at - 3.5) < FRAME / 2, at)
    viewer.settle(6.0 + LAG)
    assert viewer.count == 1
    assert viewer.seconds == pytest.approx(1.0, abs=0.05)


def test_what_left_behind_the_last_that_came_was_not_drawn() -> None:
    frames, viewer = Frames(), ViewerFreezes()
    viewer.begin(frames, FULL, 1.0)
    for at in even(1.0 + FRAME, 4.0):
        frames.left(0, False, at)
    viewer.lost(3.5, NEVER)
    viewer.end(4.0)
    viewer.begin(frames, FULL, 6.0)
    assert viewer.count == 1
    assert viewer.seconds == pytest.approx(2.5, abs=0.05)


def test_upper_temporal_layers_are_no_frames_for_whom_they_are_dropped() -> None:
    frames, viewer = Frames(), ViewerFreezes()
    viewer.begin(frames, 0, 1.0)
    for place, at in enumerate(even(1.0 + FRAME, 5.0)):
        frames.left(0 if place % 4 == 0 and not 60 < place < 80 else 2, False, at)
    viewer.settle(9.0)
    assert viewer.count == 1
    assert viewer.seconds == pytest.approx(20 * FRAME, abs=0.05)


def test_a_viewer_whose_picture_was_stopped_has_frozen() -> None:
    hall = Hall(Speaker("sp"))
    peer = hall.join()
    for place in range(30):
        hall.frame(key="" if place else "f")
    main = hall.main(peer)
    assert (main.state, main.freezes.count) == ("live", 0), "waiting for the first picture is no freeze"
    hall.aim(peer, None)
    for _ in range(30):
        hall.frame()
    hall.aim(peer, 0)
    for place in range(10):
        hall.frame(key="" if place else "f")
    assert main.state == "live"
    assert main.freezes.count == 1
    assert main.freezes.seconds == pytest.approx(1.0, abs=0.1)
    producer = hall.speakers[0].publication.producer("video")
    assert producer is not None and producer.freezes.count == 0
