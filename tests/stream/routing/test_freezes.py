"""Freezes are counted where a picture was to be seen and stood still, and nowhere else."""

from __future__ import annotations

import pytest

from stream.routing.freezes import FREEZE, Freezes
from tests.stream.routing.stage_hands import Speaker
from tests.stream.routing.test_switching import Hall


def test_a_gap_is_a_freeze_from_half_a_second_on() -> None:
    freezes = Freezes()
    for now in (1.0, 1.0 + FREEZE, 1.1 + FREEZE, 3.0):
        freezes.moved(now)
    assert freezes.count == 1
    assert freezes.seconds == pytest.approx(1.9 - FREEZE)


def test_what_rests_does_not_freeze() -> None:
    freezes = Freezes()
    freezes.moved(1.0)
    freezes.rest()
    freezes.moved(60.0)
    assert (freezes.count, freezes.seconds) == (0, 0.0)


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
